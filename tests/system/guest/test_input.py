# SPDX-License-Identifier: GPL-2.0
"""What users get wrong, and what goes wrong around us: a sentence each time, and the rest goes on."""
import glob
import os
import time

import house
from house import A, C, METERS, TestCase, good, unit

DROP_IN = "/etc/amshan/amshand.conf.d/mistake.conf"
RULE = "/etc/udev/rules.d/77-amshan-mistake.rules"
STATE = "/var/lib/amshan"


def deb(name):
    (path,) = glob.glob(os.path.join(house.DEBS, name + "_*.deb"))
    return path


class Configuration(TestCase):
    def setUp(self):
        super().setUp()
        self.settle()
        self.addCleanup(self.mend)

    def mend(self):
        if os.path.exists(DROP_IN):
            os.unlink(DROP_IN)

    def spoil(self):
        house.write(DROP_IN, 'source "han" {\n\tscale = fifty\n}\n')
        self.expect(r"mistake\.conf:2: .*fifty|not reloaded, everything stays as it was")

    def test_a_reload_keeps_what_was(self):
        self.spoil()
        pid = unit("amshand", "MainPID")
        good("systemctl", "reload", "amshand")
        self.wait_said("mistake.conf:2", "fifty")
        self.wait_said("everything stays as it was")
        self.assert_reads(A)
        self.assertEqual(unit("amshand", "MainPID"), pid)
        done = house.run("amshanctl", "doctor")
        self.assertEqual(done.status, 1)
        self.assertIn("mistake.conf:2", done.out)

    def test_an_upgrade_leaves_the_old_daemon_running(self):
        self.spoil()
        pid = unit("amshand", "MainPID")
        done = house.run("dpkg", "-i", deb("amshand"), seconds=180)
        self.assertEqual(done.status, 0, done.out + done.err)
        self.assertIn("mistake.conf:2", done.err + done.out)
        self.assertIn("the old version goes on", done.err + done.out)
        self.assertEqual(unit("amshand", "MainPID"), pid)
        self.assert_reads(A)

    def test_an_upgrade_starts_the_new_daemon(self):
        pid = unit("amshand", "MainPID")
        good("dpkg", "-i", deb("amshand"), seconds=180)
        self.assertNotIn(unit("amshand", "MainPID"), ("0", pid))
        self.assert_reads(A)

    def test_a_start_is_refused_once(self):
        self.spoil()
        self.expect("Main process exited|Failed with result|Failed to start")
        # What it is not started with is not tried again and again.
        self.assertNotEqual(house.run("systemctl", "restart", "amshand").status, 0)
        time.sleep(8)
        told = unit("amshand", "ActiveState", "NRestarts", "ExecMainStatus")
        self.assertEqual(told, {"ActiveState": "failed", "NRestarts": "0", "ExecMainStatus": "78"})
        self.assertIn("mistake.conf:2", house.status_of("amshand"))
        self.mend()
        good("systemctl", "restart", "amshand")
        self.assert_reads(A)


class Rules(TestCase):
    """Written by hand, and wrong; the adapter of the meter goes on."""

    def setUp(self):
        super().setUp()
        self.settle()
        house.meter(C, "kamstrup")
        self.addCleanup(self.mend)

    def mend(self):
        if C in house.plugged:
            house.unplug(C)
        if os.path.exists(RULE):
            os.unlink(RULE)
            good("udevadm", "control", "--reload")

    def rule(self, text):
        house.write(RULE, text + "\n")
        good("udevadm", "control", "--reload")

    def test_an_id_that_nobody_has(self):
        self.rule('SUBSYSTEM=="tty", ENV{ID_SERIAL}=="QEMU_QEMU_USB_SERIAL_OTHER99", ENV{AMSHAN_ADAPTER}="1"')
        tty, _ = house.plug(C, "3")
        self.assertFalse(house.adapter_of(tty)["enabled"])
        self.assertEqual(unit(house.attach_unit(tty), "ActiveState"), "inactive")
        self.assert_reads(A)

    def test_a_setting_that_is_none(self):
        match = 'SUBSYSTEM=="tty", ENV{ID_SERIAL}=="QEMU_QEMU_USB_SERIAL_OTHER01", ENV{AMSHAN_ADAPTER}="1"'
        self.rule(match + ', ENV{AMSHAN_PARITY}="evne"')
        tty, _ = house.plug(C, "3")
        name = house.attach_unit(tty)
        house.wait_for(lambda: "evne" in unit(name, "StatusText"), lambda: house.status_of(name))
        self.assertTrue(house.is_active(name))
        self.assertIn("AMSHAN_PARITY", unit(name, "StatusText"))
        self.assertIn("evne", house.run("amshanctl", "adapters").err)
        self.assertEqual(house.run("amshanctl", "doctor").status, 1)
        # When it is mended, nothing else has to be done.
        self.rule(match)
        good("udevadm", "trigger", "--action=change", "--name-match=" + tty)
        since = house.now_us()
        house.wait_attached(tty)
        self.assert_reads(C, since)
        self.assert_reads(A)


class Senders(TestCase):
    """An adapter that is enabled, and behind it something that is no meter."""

    def setUp(self):
        super().setUp()
        self.settle()
        self.addCleanup(self.leave)

    def leave(self):
        if C in house.plugged:
            house.run("amshanctl", "disable", house.plugged[C])
            house.unplug(C)

    def test_another_protocol(self):
        house.something_else(C, "$GPGGA,092725.00,4717.11399,N,00833.91590,E,1,8,1.01,499.6,M,48.0,M,,0*5B\r\n")
        tty, _ = house.plug(C, "3")
        done = house.run("amshanctl", "probe", tty, seconds=180)
        self.assertEqual(done.status, 1, done)
        self.assertIn("looks like text, not like a meter", done.out + done.err)
        good("amshanctl", "enable", tty)
        told = house.wait_for(lambda: next((s for s in map(house.source, house.sources())
                                            if s and s["Health"] == "no-flags"), None),
                              lambda: str([house.source(name) for name in house.sources()]))
        self.assertIn("nothing that is a frame or a telegram", told["HealthText"])
        done = house.run("amshanctl", "doctor")
        self.assertEqual(done.status, 1)
        self.assertIn(told["HealthText"][:20], done.out)
        self.assertEqual(house.run("amshanctl", "status").status, 1)
        self.assert_reads(A)
        report = good("amshanctl", "report")
        self.assertIn("no-flags", report)
        self.assertNotIn(METERS[A], report)


class Disk(TestCase):
    def test_a_full_disk_for_the_state(self):
        """Nothing is remembered, which is said once; readings go on, and it is remembered when there is room."""
        self.settle()
        good("systemctl", "stop", "amshand")
        good("mount", "-t", "tmpfs", "-o", "size=16k,mode=755", "full", STATE)
        try:
            with open(STATE + "/filler", "wb", buffering=0) as f, self.assertRaises(OSError):
                while True:
                    f.write(b"x" * 1024)
            good("systemctl", "start", "amshand")
            told = self.wait_said("ids of meters will not be remembered")
            self.assertIn("No space left on device", told[0].text)
            self.assert_reads(A)
            os.unlink(STATE + "/filler")
            house.wait_for(lambda: [name for name in os.listdir(STATE) if name.endswith(".json")],
                           "it is not remembered", seconds=150)
        finally:
            good("systemctl", "stop", "amshand")
            good("umount", STATE)
            good("systemctl", "start", "amshand")
        self.assert_reads(A)
