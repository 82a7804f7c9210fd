# SPDX-License-Identifier: GPL-2.0
"""A real Home Assistant with three meters: one that sends registers late, one that begins to export, and one that
sends telegrams of P1, with a gas meter behind it.

The tests share one house and go on in the order of their names: an hour has to pass in it.
"""
import json
import os
import subprocess
import time
import unittest

import lab
import meters
import pictures
from home import Home

ZONE = "Europe/Oslo"
A, B = "6970631400000011", "7359992800000022"
C, GAS = "E0040000000000001", "G000000000000001"         # the simulator's own
EVERY = 18                      # of so many lists one has registers
FIRST_REGISTERS = 6 * 60        # before the full hour
SLOT = 300                      # seconds of a short-term statistic
EXPIRES = 60

CLASSES = {     # by the end of the name: what Home Assistant has to make of it
    "active_power_import": ("power", "measurement", "W"),
    "reactive_power_export": ("reactive_power", "measurement", "var"),
    "apparent_power": ("apparent_power", "measurement", "VA"), "power_factor": ("power_factor", "measurement", None),
    "current_l1": ("current", "measurement", "A"), "voltage_l1": ("voltage", "measurement", "V"),
    "active_energy_import": ("energy", "total_increasing", "kWh"),
    "reactive_energy_import": ("reactive_energy", "total_increasing", "kvarh"),
    "active_energy_import_live": ("energy", "total_increasing", "kWh"),
    "active_energy_import_error": (None, "measurement", "Wh"),
    "gas_volume": ("gas", "total_increasing", "m³"), "active_energy_import_t2": ("energy", "total_increasing", "kWh"),
    "problem": ("problem", None, None),
}


# What Home Assistant says of a machine without a network, and of the broker that was away.
NOT_OURS = ("homeassistant.bootstrap", "aiohttp_fast_zlib", "components.network", "component analytics",
            "Error doing job: Task exception was never retrieved", "loading flow for integration",
            "components.mqtt.client", "homeassistant.util.loop", "homeassistant.config_entries", "camera.img_util")


class House:
    """All that runs, in the order in which it is needed."""

    def __init__(self):
        self.place = Home.place
        self.shift = int(os.environ["SHIFT"])
        self.bus = lab.Bus()
        self.folder = lab.Folder().__enter__()
        self.port = lab.free_port()
        self.broker = lab.Broker(self.port)
        self.meters = [meters.Meter(time.time) for _ in "abc"]
        self.a, self.b, self.c = self.meters
        self.conf = "".join('source "%s" { uri = "%s" }\n' % (name, m.uri()) for name, m in zip("abc", self.meters))
        self.conf += 'mqtt { host = "127.0.0.1" port = %d }\n' % self.port
        self.daemon = None
        self.home = Home(self.place, ZONE)
        self.home.start()
        self.home.add_mqtt(self.port)

    def daemon_start(self):
        self.daemon = lab.Daemon(self.folder, self.conf, self.bus, env={"TZ": ZONE})

    def daemon_stop(self):
        self.daemon.stop()
        self.daemon.__exit__()

    def payload(self, topic):
        """What the broker retains there."""
        out = subprocess.run(["mosquitto_sub", "-h", "127.0.0.1", "-p", str(self.port), "-t", topic, "-C", "1", "-W",
                              "5"], stdout=subprocess.PIPE, text=True).stdout
        return json.loads(out) if out else None

    def sensor(self, meter, name):
        # Home Assistant has no capitals in ids.
        return self.home.state("sensor.amshan_%s_%s" % (meter.lower(), name))

    def wait(self, meter, name, good, seconds=30.0):
        """Until an entity is as it should be; gives its state."""
        got = []

        def look():
            got.append(self.sensor(meter, name))
            return good(got[-1])

        lab.wait_for(look, seconds, 0.2, why=lambda: "%s of %s is %r\n%s" % (name, meter, got[-1],
                                                                             self.daemon.log()[-2000:]))
        return got[-1]

    def close(self):
        self.home.stop()
        if self.daemon:
            self.daemon_stop()
        for meter in self.meters:
            meter.close()
        self.broker.__exit__()
        self.folder.__exit__()
        self.bus.__exit__()


def is_number(state):
    try:
        return float(state) == float(state)
    except (TypeError, ValueError):
        return False


def is_unavailable(state):
    return state == "unavailable"


class HomeTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.house = House()
        cls.addClassCleanup(cls.house.close)
        now = time.time()
        cls.hour = (int(now) // 3600 + 1) * 3600
        # Registers every three minutes: one is of the full hour, and comes behind it.
        begin = cls.hour - 3 * EVERY * meters.PERIOD + meters.PERIOD
        rows = meters.messages("--maker", "kaifa", "--id", A, "--start",
                               time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(begin)), "--hourly-every", EVERY,
                               "--duration", 1800)
        cls.rows = [r for r in rows if r[0] >= cls.hour - FIRST_REGISTERS]
        assert [r[0] for r in cls.rows if "active_energy_import" in r[2]["readings"]][:3] == \
            [cls.hour - 360, cls.hour - 180, cls.hour]
        # The other one begins to export some lists after its first one, on a summer morning.
        solar = meters.messages("--maker", "aidon", "--id", B, "--solar", "--start", "2026-06-15T04:00:00Z",
                                "--duration", 6 * 3600, "--hourly-every", 6)
        first = next(i for i, row in enumerate(solar) if row[2]["readings"].get("active_power_export"))
        cls.solar = solar[first - 20:]
        cls.house.a.play(cls.rows)
        cls.house.b.play(cls.solar, now + 2 - cls.solar[0][0])
        cls.telegrams = meters.messages("--maker", "dsmr5", "--start", "2026-11-20T12:00:00Z", "--duration", 400)
        cls.house.c.play(cls.telegrams, now + 2 - cls.telegrams[0][0])
        cls.house.daemon_start()

    def setUp(self):
        self.home = self.house.home

    def test_01_devices_appear(self):
        lab.wait_for(lambda: {"amshan_" + A, "amshan_" + B} <= set(self.home.devices()), 120, 0.5, why=self.home.said)
        self.house.wait(B, "active_energy_import_live", is_number, 90)
        self.house.wait(A, "active_energy_import_live", is_number,
                        max(30, self.hour - FIRST_REGISTERS + 60 - time.time()))
        devices = self.home.devices()
        daemon = devices["amshan_daemon_amshan"]
        for meter, maker, kind, version in ((A, "Kaifa", "MA304H4", "KFM_001"), (B, "Aidon", "6534", "AIDON_V0001")):
            device = devices["amshan_" + meter]
            self.assertEqual(device["name"], "%s meter %s" % (maker, meter))
            self.assertEqual((device["manufacturer"], device["model"], device["serial_number"], device["sw_version"]),
                             (maker, kind, meter, version))
            self.assertEqual(device["via_device_id"], daemon["id"])
        self.assertEqual(self.home.state("binary_sensor.amshan_running"), "on")

    def test_02_entities(self):
        """Each that was announced is there as it was announced, with the value that was sent last."""
        for meter in (A, B):
            self.assertGreater(self.check_announced(meter), 10)

    def check_announced(self, meter):
        """How many entities a meter has; each is as it was announced."""
        announced = self.house.payload("homeassistant/device/amshan_%s/config" % meter)["cmps"]
        registry, states = self.home.entities(), self.home.states()
        for name, c in announced.items():
            with self.subTest(meter=meter, name=name):
                entity = "%s.amshan_%s_%s" % (c["p"], meter.lower(), name)
                self.assertEqual(registry[entity]["unique_id"], "amshan_%s_%s" % (meter, name))
                self.assertEqual(registry[entity]["entity_category"], c.get("ent_cat"))
                self.assertEqual(registry[entity]["disabled_by"], None if c.get("en", True) else "integration")
                if not c.get("en", True):
                    continue
                attributes = states[entity]["attributes"]
                got = tuple(attributes.get(k) for k in ("device_class", "state_class", "unit_of_measurement"))
                self.assertEqual(got, (c.get("dev_cla"), c.get("stat_cla"), c.get("unit_of_meas")))
                self.assertEqual(got, CLASSES.get(name, got))
                self.assertNotIn(states[entity]["state"], ("unavailable", ""))
        return len(announced)

    def test_02_telegrams_and_a_gas_meter(self):
        """A meter of P1 is one device, and the gas meter behind it another."""
        lab.wait_for(lambda: {"amshan_" + C, "amshan_" + GAS} <= set(self.home.devices()), 60, 0.5,
                     why=self.house.daemon.log)
        self.house.wait(C, "active_energy_import_live", is_number, 60)
        self.assertGreater(self.check_announced(C), 20)
        self.assertGreaterEqual(self.check_announced(GAS), 1)
        devices = self.home.devices()
        self.assertEqual(devices["amshan_" + GAS]["via_device_id"], devices["amshan_" + C]["id"])
        sent = {row["channel"]["gas_volume"] for _, _, row in self.telegrams if "channel" in row}
        self.assertIn(float(self.house.wait(GAS, "gas_volume", is_number)), sent)
        self.assertEqual(self.home.state("binary_sensor.amshan_%s_problem" % C.lower()), "off")

    def test_03_values(self):
        for topic, names in (("energy", ("active_energy_import", "reactive_energy_export")),
                             ("derived", ("active_energy_import_live", "active_energy_export_live"))):
            for name in names:
                # A new value may come between the two looks.
                lab.wait_for(lambda: abs(self.house.payload("amshan/%s/%s" % (B, topic))[name] / 1000 -
                                         float(self.house.sensor(B, name))) < 0.00051, 10, why=name)
        volts = float(self.house.sensor(A, "voltage_l1"))
        self.assertTrue(200 < volts < 260, volts)
        factor = float(self.house.sensor(A, "power_factor"))
        self.assertTrue(0 < factor <= 1, factor)

    def test_04_a_meter_begins_to_export(self):
        self.house.wait(B, "active_power_export", lambda s: is_number(s) and float(s) > 0, 90)
        type(self).exported = float(self.house.sensor(B, "active_energy_export_live"))

    def test_05_hour(self):
        """What an hour used is booked in it, though its register comes later; nothing is booked of a list that is
        repeated, or of one whose register is wrong."""
        wanted = self.hour - 3 * 60
        t, octets, row = next(r for r in self.rows if r[0] >= wanted and "active_energy_import" in r[2]["readings"])
        value = row["readings"]["active_energy_import"]
        for after, sent in ((20, octets), (25, octets), (30, meters.with_other_value(octets, value, value - 100000)),
                            (40, meters.with_other_value(octets, value, value + 900000))):
            self.house.a.play([(t + after, sent, {"readings": {}})])
        end = self.hour + 25
        last, lowest = None, 1e9
        while time.time() < end:
            shown = self.house.sensor(A, "active_energy_import_live")
            if is_number(shown):
                lowest = float(shown) if last is None else lowest
                self.assertTrue(last is None or last <= float(shown) < lowest + 2, (last, shown))
                last = float(shown)
            time.sleep(1)
        self.assertIsNotNone(last)
        log = self.house.daemon.log()
        for said in ("went back from", "more than the fuse carries"):
            self.assertEqual(log.count(said) > 0, said == "went back from", log)    # of one list one sentence is enough

    def test_06_statistics(self):
        entity = "sensor.amshan_%s_active_energy_import_live" % A
        begin = self.hour - SLOT

        def slots():
            return dict(self.home.statistics(begin - 2 * SLOT, entity, "5minute"))

        got = lab.wait_for(lambda: begin in slots() and slots(), 90, 2, why=lambda: "%r, no %d" % (slots(), begin))
        want = meters.energy(self.rows, begin, self.hour)
        watts = max(r[2]["readings"].get("active_power_import", 0) for r in self.rows if begin - 60 < r[0] < self.hour)
        # A step of the register, and what flows between two values that are shown.
        room = 1 + watts * (meters.PERIOD + 2) / 3600
        self.assertAlmostEqual(got[begin] * 1000, want, delta=room)
        # The register alone would not do: it comes too late by far.
        raw = dict(self.home.statistics(begin - 2 * SLOT, entity.replace("_live", ""), "5minute"))
        self.assertGreater(abs(raw[begin] * 1000 - want), 1.5 * room)
        # The hour: from the first value that was shown on, which is a list behind the first register.
        hours = dict(self.home.statistics(self.hour - 3600, entity, "hour"))
        first = next(t for t, _, r in self.rows if "active_energy_import" in r["readings"])
        want = meters.energy(self.rows, first + 2 * meters.LATE, self.hour)
        self.assertAlmostEqual(hours[self.hour - 3600] * 1000, want, delta=room + 1)

    def test_06_what_was_exported(self):
        """In the morning it is little: some watts more with each minute."""
        self.house.wait(B, "active_energy_export_live", lambda s: float(s) > self.exported, 30)

    def test_07_source_goes_and_comes(self):
        self.house.a.silence()
        self.house.wait(A, "active_power_import", is_unavailable)
        self.assertEqual(self.house.sensor(A, "active_energy_import"), "unavailable")
        self.assertTrue(is_number(self.house.sensor(B, "active_power_import")))
        self.house.a.on = True
        self.house.wait(A, "active_power_import", is_number, 60)

    def test_08_daemon_goes_and_comes(self):
        before = float(self.house.sensor(B, "active_energy_import_live"))
        self.house.daemon_stop()
        self.house.wait(A, "active_power_import", is_unavailable)
        self.house.wait(B, "active_energy_import_live", is_unavailable)
        self.assertEqual(self.home.state("binary_sensor.amshan_running"), "off")
        self.house.daemon_start()
        self.house.wait(A, "active_power_import", is_number, 60)
        self.assertGreaterEqual(float(self.house.wait(B, "active_energy_import_live", is_number, 60)), before)

    def test_09_broker_goes_and_comes(self):
        self.house.broker.stop()
        self.house.wait(A, "active_power_import", is_unavailable, 60)
        self.house.broker.__exit__()
        self.house.broker = lab.Broker(self.house.port)
        self.house.wait(A, "active_power_import", is_number, 90)
        # This broker kept nothing: what it has of the registers was sent again.
        self.assertEqual(self.house.payload("amshan/%s/energy" % A)["active_energy_import"] / 1000,
                         float(self.house.sensor(A, "active_energy_import")))

    def test_10_home_assistant_goes_and_comes(self):
        register = self.house.sensor(A, "active_energy_import")
        self.home.stop()
        self.home.start()
        self.house.wait(A, "active_power_import", is_number, 60)
        self.assertEqual(self.house.wait(A, "active_energy_import", is_number, 30), register)

    def test_11_home_assistant_comes_without_the_daemon(self):
        self.home.stop()
        self.house.daemon_stop()
        self.home.start()
        self.house.wait(A, "active_energy_import", is_unavailable, 30)
        end = time.monotonic() + 5
        while time.monotonic() < end:
            for name in ("active_power_import", "active_energy_import", "active_energy_import_live"):
                self.assertEqual(self.house.sensor(A, name), "unavailable", name)
            time.sleep(0.5)
        self.house.daemon_start()
        self.house.wait(A, "active_power_import", is_number, 60)
        self.house.wait(A, "active_energy_import_live", is_number, 60)

    def test_12_what_is_momentary_expires(self):
        """A line that says nothing, behind a connection that stands."""
        self.house.a.on = False
        self.house.wait(A, "active_power_import", lambda s: not is_number(s), EXPIRES + 30)
        self.house.a.on = True
        self.house.wait(A, "active_power_import", is_number, 60)

    def test_13_pictures(self):
        pictures.take(self.home, self.house.place, A)

    def test_14_a_meter_is_forgotten(self):
        self.house.b.silence()
        self.house.wait(B, "active_power_import", is_unavailable)
        lab.ctl(self.house.bus, "forget", "--user", B)
        lab.wait_for(lambda: "amshan_" + B not in self.home.devices(), 30, 0.5)
        self.assertFalse([e for e in self.home.entities() if B in e])
        self.assertIn("amshan_" + A, self.home.devices())

    def test_15_nothing_of_ours_in_the_log(self):
        time.sleep(4)       # what is removed behind the announcement
        log = [line for line in self.home.log().splitlines() if " WARNING " in line or " ERROR " in line]
        self.assertEqual([line for line in log if not any(other in line for other in NOT_OURS)], [])


if __name__ == "__main__":
    unittest.main()
