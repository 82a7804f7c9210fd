# SPDX-License-Identifier: GPL-2.0
"""An adapter is enabled, and from then on it is read whenever it is plugged in."""
import json
import os
import time

import house
from house import A, BY_ID, METERS, TestCase, good
from test_install import check_exposure

AWAY_SECONDS = 2.0


class Plug(TestCase):
    def test_probe_enables_it_and_readings_come(self):
        subscriber = self.subscriber()
        if A not in house.plugged:
            house.meter(A)
            house.plug(A, "1")
        begin, since = time.monotonic(), house.now_us()
        said = good("amshanctl", "probe", "--enable", house.plugged[A], seconds=120)
        house.figure("probe --enable: %.1f s" % (time.monotonic() - begin))
        self.assertIn("2400", said)
        house.wait_attached(house.plugged[A])
        told = self.assert_reads(A, since, subscriber)
        self.assertEqual(told["Meter"]["MeterId"], METERS[A])
        self.assertIn("ActivePowerImport", told["Power"])
        (message,) = subscriber.messages(house.power_topic(METERS[A]), since / 1e6)[-1:]
        self.assertIn("active_power_import", json.loads(message.payload))
        self.assertEqual(subscriber.last("amshan/availability"), "online")

    def test_where_it_stands(self):
        tty = self.settle()
        self.assertTrue(house.adapter_of(tty)["enabled"])
        told = house.udev(tty)
        self.assertEqual((told["AMSHAN_ADAPTER"], told["ID_MM_DEVICE_IGNORE"], told["ID_MM_PORT_IGNORE"]),
                         ("1", "1", "1"))
        self.assertEqual(len(house.glob.glob(house.RULES)), 1)
        link = "/dev/amshan/by-id/" + os.path.basename(BY_ID)
        self.assertTrue(os.path.realpath(link).startswith("/dev/amshan"), good("ls", "-lR", "/dev/amshan"))
        by_path = [n for n in os.listdir("/dev/serial/by-path")
                   if os.path.realpath("/dev/serial/by-path/" + n) == tty]
        self.assertTrue(by_path)
        for name in by_path:
            self.assertEqual(os.path.realpath("/dev/amshan/by-path/" + name), os.path.realpath(link))
        self.assertEqual(good("stat", "-c", "%U %G %a", os.path.realpath(link)).split(), ["root", "amshan", "640"])

    def test_the_live_unit_of_the_adapter_is_confined(self):
        check_exposure(self, house.attach_unit(self.settle()))

    def test_doctor_finds_nothing_wrong(self):
        self.settle()
        done = house.run("amshanctl", "doctor")
        self.assertEqual(done.status, 0, done.out + done.err)

    def test_unplug_is_told_to_both(self):
        subscriber = self.subscriber()
        subscriber.wait(house.availability_topic(METERS[A]), "online")
        tty = self.settle()
        since = house.unplug(A)
        house.wait_for(lambda: not house.is_available(METERS[A]), "D-Bus: unavailable")
        bus = (house.now_us() - since) / 1e6
        mqtt = subscriber.wait(house.availability_topic(METERS[A]), "offline", since / 1e6 - 1).time - since / 1e6
        house.figure("unplug to unavailable: D-Bus %.1f s, MQTT %.1f s" % (bus, mqtt))
        house.wait_for(lambda: not house.is_active(house.attach_unit(tty)), "its unit stays")
        self.assertLessEqual(bus, AWAY_SECONDS)
        self.assertLessEqual(mqtt, AWAY_SECONDS)
        self.assertEqual(house.failed_units(), [])

    def test_plug_to_first_reading(self):
        self.expect_again(r"is gone$")      # three times
        subscriber = self.subscriber()
        for _ in range(3):
            if A in house.plugged:
                house.unplug(A)
            _, since = house.plug(A, "1")
            told = wait_first(since)
            first = subscriber.wait(house.power_topic(METERS[A]), None, since / 1e6)
            house.figure("plug to first reading: D-Bus %.1f s, MQTT %.1f s" % (
                (told["Meter"]["LastMessage"] - since) / 1e6, first.time - since / 1e6))
            house.wait_for(lambda: subscriber.last(house.availability_topic(METERS[A])) == "online", "online")

    def replug(self, gap):
        house.plugged.pop(A, None)
        house.host.unplug(A)
        time.sleep(gap)
        house.host.plug(A, house.SERIALS[A], "1")

    def assert_attached_anew(self, since):
        """By a port that is younger than this, on the tty that there is then; and read."""
        def there():
            ports = json.loads(good("amshanctl", "ports", "--json"))
            return [port["tty"] for port in ports if "/dev/" + port["tty"] in house.ttys() and
                    house.microseconds(port["attached"]) > since]
        (tty,) = house.wait_for(there, lambda: "it is not attached again\n" + house.status_of("amshan-attach@*"))
        house.plugged[A] = "/dev/" + tty
        self.assertEqual(house.failed_units(), [])

    def test_replug_twenty_times_fast(self):
        """What is plugged in again while its unit still stops is what could be forgotten."""
        self.expect_again(r"is gone$|readings arrive$|is attached")
        self.settle()
        gaps = (1, 0.5, 0.2, 0.05, 0)
        for number in range(20):
            since = house.now_us()
            self.replug(gaps[number % len(gaps)])
            # Behind the fastest nothing heals what was forgotten.
            if gaps[number % len(gaps)] < 0.1:
                self.assert_attached_anew(since)
            else:
                time.sleep((0.3, 1, 2)[number % 3])
        self.assert_reads(A)

    def test_replug_while_udev_or_systemd_is_late(self):
        """The end of the old tty and the new one are heard of in one go."""
        self.expect_again(r"is gone$|readings arrive$|is attached")
        self.settle()
        for late in ("systemd-udevd", None):
            for gap in (0, 0.2):
                since = house.now_us()
                if late:
                    good("systemctl", "kill", "--signal=STOP", late)
                try:
                    self.replug(gap)
                    if late:
                        time.sleep(2)
                    else:
                        good("systemctl", "daemon-reload")
                finally:
                    if late:
                        good("systemctl", "kill", "--signal=CONT", late)
                self.assert_attached_anew(since)
        self.assert_reads(A)


def wait_first(since):
    return house.wait_reading(METERS[A], since)
