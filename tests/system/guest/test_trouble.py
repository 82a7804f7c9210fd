# SPDX-License-Identifier: GPL-2.0
"""What a server goes through: each time the readings come back by themselves."""
import os
import time

import house
from house import A, METERS, TestCase, good, unit

BROKER_DOWN = 60
RESTARTED = r"Main process exited|Failed with result"


class Trouble(TestCase):
    def setUp(self):
        super().setUp()
        self.tty = self.settle()

    def test_amshand_is_killed(self):
        self.expect(RESTARTED)
        subscriber = self.subscriber()
        pid, since = unit("amshand", "MainPID"), house.now_us()
        good("systemctl", "kill", "--signal=KILL", "amshand")
        house.wait_for(lambda: unit("amshand", "MainPID") not in ("0", pid), "amshand is not started again")
        self.assert_reads(A, house.now_us(), subscriber)
        house.figure("amshand killed to first reading: %.1f s" % ((house.now_us() - since) / 1e6))

    def test_the_one_that_holds_the_tty_is_killed(self):
        self.expect(RESTARTED)
        good("systemctl", "kill", "--signal=KILL", house.attach_unit(self.tty))
        house.wait_for(lambda: unit(house.attach_unit(self.tty), "NRestarts") != "0", "it is not started again")
        house.wait_attached(self.tty)
        self.assert_reads(A)

    def test_dbus_is_restarted(self):
        self.expect(r"(?i)bus|connection")
        subscriber = self.subscriber()
        good("systemctl", "restart", "dbus")
        house.wait_for(lambda: house.run("busctl", "status").status == 0, "the bus does not come back")
        self.assert_reads(A, house.now_us(), subscriber)
        self.assertTrue(house.is_active(house.attach_unit(self.tty)))

    def test_the_broker_is_away_for_a_while(self):
        self.addCleanup(good, "systemctl", "start", "mosquitto")
        good("systemctl", "stop", "mosquitto")
        self.wait_said("mqtt")
        time.sleep(BROKER_DOWN)
        self.assert_reads(A)    # on the bus
        # It has asked again five times: that the connection is lost is said, and that nobody takes a new one.
        said = [e for e in self.since("mqtt") if e.priority <= 5]
        self.assertLessEqual(len(said), 2, "\n".join(map(str, said)))
        good("systemctl", "start", "mosquitto")
        since = house.now_us()
        # Asked again after one, two, four ... seconds, and some more by chance.
        subscriber = self.subscriber()
        self.assert_reads(A, since, subscriber, seconds=120)
        house.figure("broker back to first reading there: %.1f s" % ((house.now_us() - since) / 1e6))
        subscriber.wait("amshan/availability", "online")
        subscriber.wait(house.availability_topic(METERS[A]), "online")

    def test_the_module_cannot_go_while_it_is_used(self):
        done = house.run("modprobe", "-r", "amshan")
        self.assertNotEqual(done.status, 0)
        self.assertIn("in use", done.err)
        self.assert_reads(A)

    def test_the_module_is_loaded_anew(self):
        # The port, then the module; and when that is back, the port still.
        self.expect_again(r"is gone$")
        name = house.attach_unit(self.tty)
        good("systemctl", "stop", name)
        house.wait_for(lambda: house.run("rmmod", "amshan").status == 0, "the module stays")
        self.assertFalse(os.path.exists("/sys/module/amshan"))
        good("modprobe", "amshan")
        good("systemctl", "start", name)
        house.wait_attached(self.tty)
        self.assert_reads(A)

    def test_the_module_comes_after_its_users(self):
        # The port, then the module; and when that is back, the port still.
        self.expect_again(r"is gone$")
        name = house.attach_unit(self.tty)
        good("systemctl", "stop", name)
        house.wait_for(lambda: house.run("rmmod", "amshan").status == 0, "the module stays")
        # Without the one that a start of the unit would load.
        good("systemctl", "mask", "--runtime", "modprobe@amshan.service")
        self.addCleanup(good, "systemctl", "unmask", "--runtime", "modprobe@amshan.service")
        good("systemctl", "start", name)
        house.wait_for(lambda: "module" in unit(name, "StatusText"), lambda: house.status_of(name))
        time.sleep(12)      # it tries each five seconds
        good("modprobe", "amshan")
        house.wait_attached(self.tty)
        self.assert_reads(A)
        self.assertEqual(unit(name, "NRestarts"), "0")
