# SPDX-License-Identifier: GPL-2.0
"""A system in which our packages were installed, and nothing was done since."""
import json
import os
import re

import house
from house import A, TestCase, good, unit

EXPOSURE_MAX = 2.0


class Fresh(TestCase):
    def test_the_system_is_up_and_nothing_failed(self):
        done = house.run("systemctl", "is-system-running", "--wait")
        self.assertEqual((done.out.strip(), done.status), ("running", 0),
                         good("systemctl", "list-units", "--failed"))
        house.figure("boot: " + good("systemd-analyze", "time").splitlines()[0])

    def test_amshand_is_active_and_has_no_meter(self):
        told = unit("amshand", "ActiveState", "SubState", "NRestarts", "UnitFileState", "User")
        self.assertEqual(told, {"ActiveState": "active", "SubState": "running", "NRestarts": "0",
                                "UnitFileState": "enabled", "User": "amshan"})
        self.assertEqual(house.meters(), {})
        self.assertTrue(os.path.isdir("/sys/module/amshan"), "nobody loaded the module")

    def test_mqtt_is_up(self):
        house.wait_for(lambda: house.mqtt_state() == "up", lambda: "MqttState is " + house.mqtt_state())

    def test_an_adapter_that_nobody_enabled_is_left_alone(self):
        house.meter(A)
        tty, _ = house.plug(A, "1")
        told = house.udev(tty)
        self.assertEqual([name for name in told if name.startswith(("AMSHAN_", "ID_MM_"))], [])
        self.assertEqual(unit(house.attach_unit(tty), "ActiveState"), "inactive")
        self.assertEqual(json.loads(good("amshanctl", "ports", "--json")), [])
        holders = [fd for fd in house.glob.glob("/proc/[0-9]*/fd/*") if link(fd) == tty]
        self.assertEqual(holders, [], "somebody has opened it")
        adapter = house.adapter_of(tty)
        self.assertFalse(adapter["enabled"], adapter)
        self.assertIn("HAN0001", good("amshanctl", "adapters"))

    def test_the_live_unit_of_the_daemon_is_confined(self):
        check_exposure(self, "amshand.service")


def link(path):
    try:
        return os.readlink(path)
    except OSError:
        return None


def check_exposure(test, name):
    said = house.run("systemd-analyze", "--no-pager", "security", name).out
    exposure = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", said)[1])
    house.figure("exposure of %s: %.1f" % (name, exposure))
    test.assertLessEqual(exposure, EXPOSURE_MAX, said)
