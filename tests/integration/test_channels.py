# SPDX-License-Identifier: GPL-2.0
"""Meters behind a meter, from telegrams of P1: on D-Bus, MQTT, in Home Assistant, by amshanctl, over a restart."""
import json
import os
import socket
import unittest

import lab
from ctl_lab import Terminal
from derive_lab import rounded
from mqtt_lab import MqttTest, mqtt_conf, pub

MAIN, GAS = "E0047000004912", "G0025003123456"
PATH = "/org/amshan/Amshan1/meter/"
NAME = "org.amshan.Amshan1."


def telegram(second, power, gas, minute, checksum=True):
    """A Dutch one of 11:20 on a day in winter: power in W, gas in litres as it was at this minute past eleven."""
    lines = ["/AMS5\\TEST", "", "1-3:0.2.8(50)", "0-0:1.0.0(2511221120%02dW)" % second,
             "0-0:96.1.1(%s)" % MAIN.encode().hex().upper(), "1-0:1.8.1(000123.456*kWh)",
             "1-0:1.8.2(000200.044*kWh)", "0-0:96.14.0(0002)", "1-0:1.7.0(%06.3f*kW)" % (power / 1000),
             "0-0:96.7.21(00004)", "1-0:32.32.0(00002)", "1-0:32.7.0(230.1*V)",
             "0-1:24.1.0(003)", "0-1:96.1.0(%s)" % GAS.encode().hex().upper(),
             "0-1:24.2.1(25112211%02d00W)(%09.3f*m3)" % (minute, gas / 1000), "!"]
    octets = "\r\n".join(lines).encode()
    return octets + (b"%04X\r\n" % lab.crc_arc(octets) if checksum else b"\r\n")


class Channels(MqttTest):
    maxDiff = None

    def setUp(self):
        super().setUp()
        self.bus = self.enterContext(lab.Bus())
        self.bus.env["DBUS_SYSTEM_BUS_ADDRESS"] = "unix:path=/nonexistent"
        self.server = self.broker()
        self.seen = self.subscriber(self.server)
        lab.wait_for(lambda: pub(self.server.port, "probe", b"there?") or self.seen.last("probe"), step=0.05)
        self.line = socket.create_server(("127.0.0.1", 0))
        self.line.settimeout(20)
        self.second = 0
        self.addCleanup(self.line.close)

    def start(self):
        self.conf = ('source "house" { uri = "tcp://127.0.0.1:%d" scale = 10 }\n' % self.line.getsockname()[1] +
                     mqtt_conf(self.server.port))
        self.amshand = self.daemon(self.conf, bus=self.bus)
        self.peer, _ = self.line.accept()
        self.addCleanup(self.peer.close)

    def meter(self, meter):
        return {name.removeprefix(NAME): values for name, values in self.bus.managed().get(PATH + meter, {}).items()}

    def send(self, *args, meter=MAIN, **kw):
        """One telegram, once the daemon has it."""
        def count():
            return self.meter(meter).get("Meter", {}).get("Messages", 0)
        before = count()
        self.second += 1
        self.peer.sendall(telegram(self.second, *args, **kw))
        lab.wait_for(lambda: count() > before, why=self.amshand.log)

    def said(self, topic):
        return [json.loads(p) for t, _, p in self.seen.messages() if t == topic]

    def ctl(self, *args):
        run = lab.ctl(self.bus, *args, check=False)
        self.assertEqual(run.returncode, 0, run.stderr.decode())
        return run.stdout.decode()

    def test_two_meters_of_one_telegram(self):
        self.start()
        self.send(503, 4890857, 0)
        gas = lab.wait_for(lambda: self.meter(GAS), why=self.amshand.log)
        self.assertEqual(gas["Meter"]["Via"], MAIN)
        self.assertEqual((gas["Meter"]["MeterId"], gas["Meter"]["Type"]), (GAS, "gas"))
        self.assertIs(gas["Meter"]["Available"], True)
        self.assertEqual(gas["Energy"]["GasVolume"], 4890.857)
        self.assertEqual(gas["Clock"]["Local"], "2025-11-22T11:00:00+01:00")
        main = self.meter(MAIN)
        self.assertEqual(main["Meter"]["Via"], "")
        self.assertEqual((main["Quality"]["PowerFailures"], main["Quality"]["Tariff"]), (4, 2))
        # The factor of the current transformers is the main meter's alone.
        self.assertEqual(main["Power"]["ActivePowerImport"], 5030)
        self.assertEqual(main["Energy"]["ActiveEnergyImportT1"], rounded(1234560))
        self.assertEqual(main["Energy"]["ActiveEnergyImport"], rounded(3235000))
        self.assertEqual([n for n in main["Meter"]["Derived"] if "energy" in n], ["active_energy_import"])
        self.assertEqual(self.bus.managed()["/org/amshan/Amshan1/source/house"][NAME + "Source"]["Meter"], MAIN)

        quality = lab.wait_for(lambda: self.said("amshan/%s/quality" % MAIN), why=self.amshand.log)[-1]
        self.assertEqual({k: v for k, v in quality.items() if k in ("tariff", "power_failures", "voltage_sags_l1")},
                         {"tariff": 2, "power_failures": 4, "voltage_sags_l1": 2})
        config = self.said("homeassistant/device/amshan_%s/config" % GAS)[-1]
        self.assertEqual((config["dev"]["name"], config["dev"]["via_device"]), ("Gas meter " + GAS, "amshan_" + MAIN))
        volume = config["cmps"]["gas_volume"]
        self.assertEqual((volume["dev_cla"], volume["stat_cla"], volume["unit_of_meas"]),
                         ("gas", "total_increasing", "m\u00b3"))

        listed = self.ctl("list")
        self.assertRegex(listed, r"(?m)^%s +gas +yes " % GAS)
        shown = json.loads(self.ctl("show", GAS, "--json"))
        self.assertEqual((shown["via"], shown["gas_volume"], shown["meter_type"]), (MAIN, 4890.857, "gas"))
        self.assertRegex(self.ctl("show", GAS), r"(?m)^Behind +%s$" % MAIN)

    def test_the_table_of_monitor(self):
        """What has no power is shown by what it has, in a column that says so."""
        self.start()
        env = dict(os.environ, TERM="xterm", LC_ALL="C.UTF-8", **self.bus.env)
        t = self.enterContext(Terminal([lab.AMSHANCTL, "monitor"], env))
        self.send(503, 4890857, 0)
        t.wait(lambda: (t.row(MAIN) or [])[1:3] == ["5030", "W"] and (t.row(GAS) or [])[1:3] == ["4890.857", "m3"])
        self.assertEqual(t.row("METER")[:3], ["METER", "VALUE", "AGE"])
        self.send(504, 4891000, 5)
        t.wait(lambda: t.row(MAIN)[1] == "5040" and t.row(GAS)[1] == "4891")
        t.key(b"q")
        self.assertEqual(t.proc.wait(10), 0)

        t = self.enterContext(Terminal([lab.AMSHANCTL, "monitor", MAIN[:3], "house"], env))
        self.send(505, 4891000, 5)
        t.wait(lambda: t.shows("5050"))
        self.assertFalse(t.shows(GAS))

    def test_what_was_captured_once_is_said_once(self):
        self.start()
        energy = "amshan/%s/energy" % GAS
        for gas, minute in ((1000, 0), (1000, 0), (1000, 0), (1250, 5), (1250, 5), (1250, 10)):
            self.send(500, gas, minute, meter=GAS)
        self.send(500, 1300, 15, meter=GAS)
        said = lab.wait_for(lambda: len(self.said(energy)) >= 4 and self.said(energy), why=self.amshand.log)
        self.assertEqual([(p["gas_volume"], p["meter_time"][11:16]) for p in said],
                         [(1, "11:00"), (1.25, "11:05"), (1.25, "11:10"), (1.3, "11:15")])
        # It is heard with each.
        self.assertEqual(self.meter(GAS)["Meter"]["Messages"], 7)
        # The main meter says its own each time.
        lab.wait_for(lambda: len(self.said("amshan/%s/power" % MAIN)) == 7, why=self.amshand.log)

    def test_tariffs_alone(self):
        """Their sum is the register that all else is counted on from; what is transmitted is shown without it."""
        self.start()
        self.send(503, 1000, 0)
        energy = lab.wait_for(lambda: self.said("amshan/%s/energy" % MAIN), why=self.amshand.log)[-1]
        self.assertEqual((energy["active_energy_import"], energy["derived"]), (3235000, ["active_energy_import"]))

        def live():
            self.send(503, 1000, 0)
            return [p["active_energy_import_live"] for p in self.said("amshan/%s/derived" % MAIN)
                    if p.get("active_energy_import_live")]
        # Whoever counts is ahead of it by what flowed since, but by less than its last digit (scale = 10).
        self.assertIn(lab.wait_for(live, step=0.3, why=self.amshand.log)[0] - 3235000, range(10))
        self.assertRegex(self.ctl("show", MAIN), r"(?m)^active_energy_import +3235000 +Wh, derived ")
        capture = self.folder.write("telegram", telegram(1, 503, 1000, 0).decode())
        decoded = self.ctl("decode", capture)
        self.assertIn("active_energy_import_t2", decoded)
        self.assertNotRegex(decoded, r"active_energy_import\b|derived")

        # It is kept as what it is.
        self.amshand.stop()
        before = len(self.said("amshan/%s/energy" % MAIN))
        self.start()
        self.send(503, 1000, 0)
        kept = lab.wait_for(lambda: self.said("amshan/%s/energy" % MAIN)[before:], why=self.amshand.log)[0]
        self.assertEqual((kept["active_energy_import"], kept["derived"]), (3235000, ["active_energy_import"]))

    def test_without_a_checksum(self):
        self.start()
        self.send(503, 1000, 0, checksum=False)
        lab.wait_for(lambda: self.meter(GAS), why=self.amshand.log)
        for meter, topic in ((MAIN, "power"), (MAIN, "energy"), (MAIN, "quality"), (GAS, "energy")):
            self.assertIs(self.meter(meter)["Meter"]["Unverified"], True)
            said = lab.wait_for(lambda: self.said("amshan/%s/%s" % (meter, topic)), why=self.amshand.log)
            self.assertIs(said[-1]["unverified"], True)
        self.assertRegex(self.ctl("list"), r"(?m)^%s .* yes, unverified " % MAIN)
        self.assertRegex(self.ctl("show", GAS), r"(?m)^Verified +no: ")
        self.assertIs(json.loads(self.ctl("show", GAS, "--json"))["unverified"], True)
        self.assertRegex(self.ctl("status"), r"(?m)^house +open +ok +\S+ +p1 +1 .* none +tcp:")
        self.assertRegex(self.ctl("status"), r"(?m)^house: .*unverified")
        self.assertIs(json.loads(self.ctl("status", "--json"))["sources"][0]["unverified"], True)
        # With a wrong one it is an error.
        self.peer.sendall(telegram(30, 503, 1000, 0, checksum=False).replace(b"!", b"!0BAD"))
        lab.wait_for(lambda: " 1 CRC " in self.ctl("status"), why=self.ctl("status"))
        # With one again.
        self.send(503, 1000, 0)
        self.assertIs(self.meter(MAIN)["Meter"]["Unverified"], False)
        self.assertNotIn("unverified", json.loads(self.ctl("show", MAIN, "--json")))
        self.assertNotIn("unverified", self.ctl("status") + self.ctl("list"))

    def test_over_a_restart_and_forgotten(self):
        self.start()
        self.send(503, 4890857, 0, meter=GAS)
        self.amshand.stop()
        kept = self.folder.file("state/meters/%s.json" % GAS)
        with open(kept) as f:
            self.assertEqual(json.load(f)["via"], MAIN)
        with open(self.folder.file("state/sources.json")) as f:
            self.assertEqual(json.load(f)["sources"]["house"]["meter"], MAIN)
        self.start()
        self.send(503, 4890857, 0, meter=GAS)
        self.assertEqual(self.meter(GAS)["Energy"]["GasVolume"], 4890.857)
        self.assertEqual(self.meter(GAS)["Meter"]["Via"], MAIN)

        self.ctl("forget", GAS)
        self.assertEqual(self.meter(GAS), {})
        self.assertFalse(os.path.exists(kept))
        self.assertTrue(self.meter(MAIN))

        def retained():
            late = self.subscriber(self.server, args=("--retained-only",))
            lab.wait_for(lambda: any(MAIN in t for t, _, _ in late.messages()), why=late.log)
            return any(GAS in t for t, _, _ in late.messages())
        lab.wait_for(lambda: not retained(), step=0.3, why=self.amshand.log)


if __name__ == "__main__":
    unittest.main()
