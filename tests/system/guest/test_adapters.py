# SPDX-License-Identifier: GPL-2.0
"""Several meters: two adapters of one model, one with a serial number and one without; and a third one
behind ser2net.  Begins with A plugged into socket 1."""
import os
import tempfile
import time

import house
import lab
from house import A, B, C, METERS, TestCase, good, unit

DROP_IN = "/etc/amshan/amshand.conf.d/cabin.conf"
TCP_PORT = 3001


class Two(TestCase):
    """A is known by its serial number, B by its socket, and then by its model."""

    def assert_own_readings(self, *adapters):
        """Each meter has values that it has sent itself, and no other is there."""
        for adapter in adapters:
            told = self.assert_reads(adapter)
            self.assertIn(told["Power"]["ActivePowerImport"], house.sent[adapter])
        self.assertEqual(set(house.meters()), {METERS[A], METERS[B]})

    def test_one_without_a_serial_number_is_enabled_by_its_socket(self):
        house.meter(B, "kaifa")
        self.settle()
        tty, since = house.plug(B, "2")
        adapter = house.adapter_of(tty)
        self.assertNotIn("serial", adapter)
        self.assertFalse(adapter["enabled"])
        said = good("amshanctl", "enable", tty)
        self.assertIn("known by the place where it is plugged in", said)
        house.wait_attached(tty)
        self.assert_reads(B, since, self.subscriber())
        self.assert_own_readings(A, B)
        self.assertEqual(len(house.glob.glob(house.RULES)), 2)
        # A socket has two names since systemd 253: with its bus and with its hub.
        links = {os.path.realpath(link) for link in house.glob.glob("/dev/amshan/by-path/*")}
        self.assertEqual(len(links), 2, good("ls", "-lR", "/dev/amshan"))

    def test_they_swap_their_sockets(self):
        house.unplug(A)
        house.unplug(B)
        tty_b, _ = house.plug(B, "1")
        tty_a, since = house.plug(A, "2")
        self.assertEqual((tty_b, tty_a), ("/dev/ttyUSB0", "/dev/ttyUSB1"))
        # The one with a serial number is itself anywhere; the other one is not known in this socket.
        house.wait_attached(tty_a)
        told = self.assert_reads(A, since)
        self.assertIn(told["Power"]["ActivePowerImport"], house.sent[A])
        self.assertFalse(house.adapter_of(tty_b)["enabled"])
        self.assertFalse(house.is_attached(tty_b))
        self.assertFalse(house.is_available(METERS[B]))
        self.assertIn("not plugged in", good("amshanctl", "adapters"))

    def test_another_adapter_gets_the_name_while_udev_is_late(self):
        """What has the name of an enabled one and is not enabled is given back as soon as that is known."""
        self.expect_again(r"is gone$|readings arrive$|is attached")
        house.unplug(B)
        house.unplug(A)
        tty, _ = house.plug(A, "2")
        house.wait_attached(tty)
        del house.plugged[A]
        good("systemctl", "kill", "--signal=STOP", "systemd-udevd")
        try:
            house.host.unplug(A)
            house.wait_for(lambda: not os.path.exists(tty), "the tty stays")
            house.host.plug(B, None, "1")
            house.wait_for(lambda: os.path.exists(tty), "there is no other tty of this name", step=0.02)
            time.sleep(3)
        finally:
            good("systemctl", "kill", "--signal=CONT", "systemd-udevd")
        house.plugged[B] = tty
        good("udevadm", "settle")
        house.wait_for(lambda: not house.is_attached(tty), lambda: house.status_of(house.attach_unit(tty)))
        time.sleep(3)
        self.assertFalse(house.is_attached(tty))
        self.assertEqual(unit(house.attach_unit(tty), "ActiveState"), "inactive")
        house.unplug(B)
        tty_b, _ = house.plug(B, "1")
        _, since = house.plug(A, "2")
        self.assertFalse(house.is_attached(tty_b))
        self.assert_reads(A, since)

    def test_one_without_a_serial_number_is_enabled_by_its_model(self):
        tty = house.plugged[B]
        since = house.now_us()
        said = good("amshanctl", "enable", "--anywhere", tty)
        self.assertIn("any other of it without a serial number is enabled as well", said)
        house.wait_attached(tty)
        self.assert_reads(B, since)
        self.assert_own_readings(A, B)
        house.unplug(B)
        tty, since = house.plug(B, "3")
        house.wait_attached(tty)
        self.assert_reads(B, since)

    def test_the_machine_knows_them_by_what_they_are(self):
        """With the sockets they began in, and the names of their ttys swapped."""
        house.unplug(A)
        house.unplug(B)
        tty_b, _ = house.plug(B, "2")
        tty_a, since = house.plug(A, "1")
        self.assertEqual((tty_b, tty_a), ("/dev/ttyUSB0", "/dev/ttyUSB1"))
        self.assert_reads(A, since)
        self.assert_reads(B, since)
        self.assert_own_readings(A, B)

    def test_one_is_disabled_and_the_other_goes_on(self):
        tty = house.plugged[B]
        said = good("amshanctl", "disable", tty)
        self.assertIn("is left alone", said)
        self.assertFalse(house.is_attached(tty))
        house.wait_for(lambda: not house.is_active(house.attach_unit(tty)), "its unit stays")
        house.wait_for(lambda: not house.is_available(METERS[B]), "the meter is still available")
        self.assert_reads(A)
        house.unplug(B)
        tty, _ = house.plug(B, "2")
        self.assertFalse(house.adapter_of(tty)["enabled"])
        self.assertFalse(house.is_attached(tty))
        house.unplug(B)
        self.assertEqual([os.path.basename(name) for name in house.glob.glob(house.RULES)],
                         ["77-amshan-%s.rules" % os.path.basename(house.BY_ID)])


class Ser2net(TestCase):
    """A port that a real ser2net hands out, read by TCP."""

    def setUp(self):
        super().setUp()
        # A server has an address; without any, ser2net takes no port.
        if "192.0.2.1/" not in good("ip", "address", "show", "dev", "lo"):
            good("ip", "address", "add", "192.0.2.1/32", "dev", "lo")
        if C not in house.plugged:
            house.meter(C, "kamstrup")
            house.plug(C, "3")
        self.tty = house.plugged[C]
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.yaml = os.path.join(folder, "ser2net.yaml")
        with open(self.yaml, "w") as f:
            f.write("connection: &han\n  accepter: tcp,%d\n  connector: serialdev,%s,2400n81,local\n"
                    "  options:\n    max-connections: 3\n" % (TCP_PORT, self.tty))

    def ser2net(self):
        return lab.Process(["ser2net", "-n", "-c", self.yaml])

    def test_it_is_read(self):
        self.expect_again("closed the connection$")     # it is stopped twice
        subscriber = self.subscriber()
        with self.ser2net() as process:
            house.write(DROP_IN, 'source "cabin" {\n\turi = "tcp://localhost:%d"\n}\n' % TCP_PORT)
            since = house.now_us()
            good("systemctl", "reload", "amshand")
            told = self.assert_reads(C, since, subscriber)
            self.assertIn(told["Power"]["ActivePowerImport"], house.sent[C])
            self.assertEqual(told["Meter"]["Source"], "cabin")
            self.assertIsNone(process.proc.poll(), process.log())
        house.wait_for(lambda: house.source("cabin")["State"] != "open", lambda: house.source("cabin"))
        with self.ser2net():
            since = house.now_us()
            self.assert_reads(C, since, subscriber, seconds=120)
            house.figure("ser2net back to first reading: %.1f s" % ((house.now_us() - since) / 1e6))

    def test_a_tty_that_another_program_has_open_is_left_to_it(self):
        with self.ser2net() as process:
            house.wait_for(lambda: house.source("cabin")["State"] == "open", lambda: house.source("cabin"))
            self.assert_reads(C, house.now_us())
            for argv in (("probe", self.tty), ("enable", self.tty), ("probe", "--enable", self.tty)):
                done = house.run("amshanctl", *argv)
                self.assertEqual(done.status, 1, done)
                self.assertIn("ser2net", done.err)
                self.assertFalse(house.is_attached(self.tty))
            self.assertEqual(len(house.glob.glob(house.RULES)), 1)
            self.assertIsNone(process.proc.poll(), process.log())
            self.assert_reads(C, house.now_us())

    def test_its_source_goes_with_its_section(self):
        os.unlink(DROP_IN)
        good("systemctl", "reload", "amshand")
        house.wait_for(lambda: house.source("cabin") is None, "the source is still there")
        house.unplug(C)
        self.assert_reads(A)
