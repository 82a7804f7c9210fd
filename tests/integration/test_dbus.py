# SPDX-License-Identifier: GPL-2.0
"""amshand on D-Bus, as clients see it: objects and values, signals, errors, the log's controls."""
import json
import math
import os
import re
import subprocess
import time
import unittest
import xml.etree.ElementTree as ET

import dbus_xml
import lab
from dbus_lab import (ID, LOG, LOG_PATH, METER, PROPERTIES, SOURCE, DBusTest, Line, Message, Messages, Monitor, busctl,
                      by_interface, get, interfaces, source_conf)
from dbus_xml import NAME, PATH
from derive_lab import POWERS, Registers, settled

try:
    import gi
    gi.require_version("Gio", "2.0")
    from gi.repository import Gio, GLib
except (ImportError, ValueError):
    Gio = None


class Objects(DBusTest):
    def test_tree(self):
        bus, _ = self.fed(2)
        self.assertEqual(set(bus.managed()), {METER, SOURCE})
        self.assertEqual(get(bus, PATH, NAME + ".Manager", "MqttState"), "off")
        self.assertEqual(get(bus, PATH, NAME + ".Manager", "MqttReason"), "")
        version = subprocess.run([lab.AMSHAND, "--version"], stdout=subprocess.PIPE, text=True).stdout.split()[1]
        self.assertEqual(get(bus, PATH, NAME + ".Manager", "Version"), version)
        tree = busctl(bus, "tree", "--list", NAME).stdout.split()
        for path in (PATH, METER, SOURCE, LOG_PATH):
            self.assertIn(path, tree)

    def test_interfaces_appear_with_the_data(self):
        bus = self.bus()
        daemon = self.daemon(bus, source_conf(self.line, 'meter = "%s"' % ID))
        self.line.accept()
        lab.wait_for(lambda: SOURCE in bus.managed(), why=daemon.log)
        self.assertNotIn(METER, bus.managed())
        monitor = self.enterContext(Monitor(bus))

        third, fourth = [m for m in self.messages.all if m.list == 3][:2]
        for message, want in ((self.messages.of_list(1), {"Power"}), (self.messages.of_list(2), {"Phases"}),
                              (third, {"Energy", "Clock"}), (fourth, {"Derived"})):
            before = interfaces(bus, METER) if message.list > 1 else {"Meter"}
            for name in want:
                missing = busctl(bus, "call", NAME, METER, PROPERTIES, "GetAll", "s", "%s.%s" % (NAME, name))
                self.assertNotEqual(missing.returncode, 0)
            seen = len(monitor.signals("InterfacesAdded"))
            self.send(bus, daemon, message)
            self.assertEqual(interfaces(bus, METER), before | want)
            added = lab.wait_for(lambda: monitor.signals("InterfacesAdded")[seen:])
            self.assertEqual({path for path, _ in added}, {PATH})
            want = want | ({"Meter"} if message.list == 1 else set())
            self.assertEqual({i[len(NAME) + 1:] for _, (path, ifaces) in added for i in ifaces
                              if path == METER and i.startswith(NAME)}, want)

        # Once they are there nothing is added any more.
        seen = len(monitor.signals("InterfacesAdded"))
        for number in (1, 2, 3):
            self.send(bus, daemon, self.messages.of_list(number))
        self.assertEqual(len(monitor.signals("InterfacesAdded")), seen)

    def test_values_types_and_nan(self):
        bus, _ = self.fed(2)
        for group in ("Power", "Phases"):
            shown = bus.managed()[METER][NAME + "." + group]
            for name, value in self.messages.of_list(2).interfaces[NAME + "." + group].items():
                self.assertEqual(shown[name], value)
            out = busctl(bus, "call", NAME, METER, PROPERTIES, "GetAll", "s", NAME + "." + group)
            types = {k: v["type"] for k, v in json.loads(out.stdout)["data"][0].items()}
            self.assertEqual(types.pop("Received"), "t")
            self.assertEqual(set(types.values()), {"d"})
        self.assertEqual(shown["PowerFactorL1"], None)  # busctl's JSON has no NaN
        gdbus = subprocess.run(["gdbus", "call", "--address", bus.address, "--dest", NAME, "--object-path", METER,
                                "--method", PROPERTIES + ".Get", NAME + ".Phases", "PowerFactorL1"],
                               stdout=subprocess.PIPE, text=True, check=True)
        self.assertTrue(math.isnan(float(gdbus.stdout.strip("()<>,\n"))), gdbus.stdout)

    def test_meter(self):
        begin = time.time() * 1e6
        bus, _ = self.fed(2, 3)
        meter = bus.managed()[METER][NAME + ".Meter"]
        self.assertEqual(meter["Id"], ID)
        self.assertEqual(meter["MeterId"], ID)
        self.assertEqual(meter["Source"], "house")
        self.assertEqual(meter["Manufacturer"], "Aidon")
        self.assertEqual(meter["Type"], "6534")
        self.assertEqual(meter["ListVersion"], "AIDON_V0001")
        self.assertIs(meter["Available"], True)
        self.assertEqual(meter["Derived"], list(POWERS))
        self.assertEqual(meter["Messages"], 2)
        self.assertTrue(begin < meter["LastMessage"] < time.time() * 1e6)
        clock = bus.managed()[METER][NAME + ".Clock"]
        self.assertRegex(clock["Local"], r"^2026-01-31T1\d:\d\d:\d\d\+01:00$")
        # The list was sent in the first minutes after 12:00 UTC.
        self.assertTrue(0 <= clock["MeterTime"] / 1e6 - 1769860800 < 300, clock)

    def test_clock_without_offset(self):
        self.messages = Messages(maker="kaifa", count=20)
        bus, _ = self.fed(2, 3, conf=source_conf(self.line, 'clock = "message"'))
        clock = bus.managed()[METER][NAME + ".Clock"]
        self.assertRegex(clock["Local"], r"^2026-01-31T1\d:\d\d:\d\d$")
        self.assertEqual(clock["MeterTime"], 0)

    def test_source(self):
        begin = time.time() * 1e6
        bus, _ = self.fed(2)
        source = bus.managed()[SOURCE][NAME + ".Source"]
        self.assertEqual(source["Name"], "house")
        self.assertEqual(source["Uri"], self.line.uri())
        self.assertEqual((source["State"], source["Health"]), ("open", "ok"))
        self.assertTrue(source["HealthText"])
        self.assertEqual(source["Meter"], ID)
        self.assertEqual(source["SystemTitle"], "")
        for name in ("Since", "LastOctet", "LastFrame", "LastMessage"):
            self.assertTrue(begin - 1e6 < source[name] <= time.time() * 1e6, (name, source[name]))
        self.assertEqual(source["Counters"]["octets"], len(self.messages.of_list(2).octets))
        self.assertEqual(source["Counters"]["messages"], 1)

    def test_source_that_was_never_heard(self):
        bus, _ = self.fed()
        lab.wait_for(lambda: bus.managed().get(SOURCE, {}).get(NAME + ".Source", {}).get("State") == "open")
        source = bus.managed()[SOURCE][NAME + ".Source"]
        for name in ("LastOctet", "LastFrame", "LastMessage", "Period"):
            self.assertEqual(source[name], 0, name)
        self.assertEqual(source["Meter"], "")

    def test_counters_are_those_of_the_headers(self):
        def members(path, struct):
            with open(os.path.join(lab.TOP, path)) as f:
                body = re.search(r"struct %s \{(.*?)\};" % struct, f.read(), re.S).group(1)
            return re.findall(r"u64 (\w+);", body)

        framer = members("include/amshan/framer.h", "framer_stats")
        stats = members("daemon/source/source.h", "source_stats")
        want = ["segmented_frames" if name == "segmented" else name for name in framer] + stats
        # Of the other framings those that tell what is wrong, with their name in front.
        other = {"p1_": members("daemon/link/p1.h", "p1_stats"), "mbus_": members("daemon/link/mbus.h", "mbus_stats"),
                 "bare_": members("daemon/link/bare.h", "bare_stats")}
        silent = {"octets", "telegram_octets", "frame_octets", "skipped", "starts"}
        want += [prefix + name for prefix, names in other.items() for name in names if name not in silent]
        want += ["segments_broken", "blocks_broken"]
        bus, _ = self.fed(2)
        self.assertEqual(sorted(get(bus, SOURCE, NAME + ".Source", "Counters")), sorted(want))

    def test_names_that_need_escaping(self):
        bus = self.bus()
        daemon = self.daemon(bus, source_conf(self.line, name="2-nd_house"))
        path = PATH + "/source/_32_2dnd_5fhouse"
        lab.wait_for(lambda: path in bus.managed(), why=daemon.log)
        self.assertEqual(get(bus, path, NAME + ".Source", "Name"), "2-nd_house")

    def test_errors(self):
        bus, _ = self.fed(2)
        for want, *args in (
                ("Unknown object", "get-property", NAME, METER + "9", NAME + ".Meter", "Id"),
                ("Unknown object", "call", NAME, PATH + "/source/none", PROPERTIES, "GetAll", "s", ""),
                ("Unknown interface", "get-property", NAME, METER, NAME + ".Energy", "Received"),
                ("Unknown interface", "get-property", NAME, METER, NAME + ".Nothing", "Id"),
                ("property", "get-property", NAME, METER, NAME + ".Meter", "Nothing"),
                ("Unknown method", "call", NAME, PATH, NAME + ".Manager", "Nothing"),
                ("Invalid arguments", "call", NAME, PATH, NAME + ".Manager", "Reload", "s", "x"),
                ("Invalid arguments", "call", NAME, PATH, NAME + ".Manager", "Forget"),
                ("That is no id of a meter", "call", NAME, PATH, NAME + ".Manager", "Forget", "s", "../" + ID),
                ("There is no meter 9, and nothing", "call", NAME, PATH, NAME + ".Manager", "Forget", "s", "9"),
                ("Invalid arguments", "call", NAME, PATH, NAME + ".Manager", "ForgetCounter"),
                ("That is no system title", "call", NAME, PATH, NAME + ".Manager", "ForgetCounter", "s", "7" + ID),
                ("No frame counter is known of system title KAM4E4C5FA3A1", "call", NAME, PATH, NAME + ".Manager",
                 "ForgetCounter", "s", "4b414d4e4c5fa3a1"),
                ("not writable", "set-property", NAME, METER, NAME + ".Meter", "Id", "s", "x"),
                ("not writable", "set-property", NAME, METER, NAME + ".Power", "ActivePowerImport", "d", "1")):
            with self.subTest(args=args):
                out = busctl(bus, *args)
                self.assertNotEqual(out.returncode, 0)
                self.assertIn(want, out.stderr)

    def test_xml_is_what_the_daemon_serves(self):
        different = dbus_xml.differences(dbus_xml.documents())
        self.assertFalse(different, "run tests/integration/dbus_xml.py --write:\n" + different)

    def test_xml_has_a_row_per_quantity(self):
        listed = {}
        for name in os.listdir(dbus_xml.FOLDER):
            for interface in ET.parse(os.path.join(dbus_xml.FOLDER, name)).iter("interface"):
                listed[interface.get("name")] = {p.get("name") for p in interface.iter("property")}
        for message in self.messages.all:
            for interface, values in message.interfaces.items():
                self.assertLessEqual(set(values), listed[interface])


class Signals(DBusTest):
    def test_one_change_per_interface_per_message(self):
        bus, daemon = self.fed(2)
        monitor = self.enterContext(Monitor(bus))
        registers = Registers()
        for message in self.messages.all[1:20]:
            seen = len(monitor.changes(METER))
            self.send(bus, daemon, message)
            want = {**message.interfaces, **by_interface(registers.errors(message.readings))}
            if message.list == 3:
                want[NAME + ".Clock"] = None
            changes = lab.wait_for(lambda: len(monitor.changes(METER)) >= seen + len(want) and
                                   monitor.changes(METER)[seen:], why=daemon.log)
            self.assertEqual(sorted(i for i, _ in changes), sorted(want), message.list)
            received = set()
            for interface, values in changes:
                if interface == NAME + ".Clock":
                    self.assertEqual(set(values), {"MeterTime", "Local"})
                    continue
                received.add(values.pop("Received"))
                self.assertEqual(settled(values), want[interface])
            self.assertEqual(len(received), 1)
            self.assertEqual(received, {bus.managed()[METER][NAME + ".Meter"]["LastMessage"]})
        self.assertEqual({m.list for m in self.messages.all[1:20]}, {1, 2, 3})

    def test_first_message_is_signalled_like_the_others(self):
        bus = self.bus()
        daemon = self.daemon(bus)
        self.line.accept()
        monitor = self.enterContext(Monitor(bus))
        message = self.messages.of_list(2)
        self.line.send(message)
        changes = lab.wait_for(lambda: len(monitor.changes(METER)) >= 4 and monitor.changes(METER), why=daemon.log)
        meter = {}
        for interface, values in changes:
            if interface == NAME + ".Meter":
                self.assertTrue(values.pop("LastMessage"))
                meter.update(values)
            else:
                self.assertTrue(values.pop("Received"))
                self.assertEqual(settled(values), message.interfaces[interface])
        self.assertEqual(meter, {"MeterId": ID, "Type": "6534", "Manufacturer": "Aidon",
                                 "ListVersion": "AIDON_V0001", "Source": "house", "Via": "", "Available": True,
                                 "Derived": list(POWERS)})

    def test_how_the_supply_was(self):
        bus, daemon = self.fed(2)
        monitor = self.enterContext(Monitor(bus))
        demand = Message(dbus_xml.QUALITY, {"list": 0, "readings": {"active_power_import_demand_max": 4470}})
        self.assertEqual(demand.interfaces, {NAME + ".Quality": {"ActivePowerImportDemandMax": 4470}})
        for _ in range(2):
            self.send(bus, daemon, demand)
        changes = lab.wait_for(lambda: len(monitor.changes(METER)) >= 2 and monitor.changes(METER), why=daemon.log)
        added = [interface for _, (path, found) in monitor.signals("InterfacesAdded") for interface in found]
        self.assertEqual([i for i in added if i.startswith(NAME)], [NAME + ".Quality"])
        for interface, values in changes:
            self.assertEqual(interface, NAME + ".Quality")
            self.assertTrue(values.pop("Received"))
            self.assertEqual(values, {"ActivePowerImportDemandMax": 4470})
        self.assertIsNone(get(bus, METER, NAME + ".Quality", "VoltageSagsL1"))      # NaN
        self.assertIs(get(bus, METER, NAME + ".Meter", "Unverified"), False)

    def test_what_is_derived_is_named(self):
        self.messages = Messages(maker="kaifa-it", count=20)
        bus, daemon = self.fed(conf=source_conf(self.line, "derive-l2 = true"))
        monitor = self.enterContext(Monitor(bus))
        for number in (2, 2, 1):
            self.send(bus, daemon, self.messages.of_list(number))
        self.assertEqual(get(bus, METER, NAME + ".Meter", "Derived"), [*POWERS, "voltage_l2"])
        self.assertGreater(get(bus, METER, NAME + ".Phases", "VoltageL2"), 100)
        # Said once, and before the value.
        lab.wait_for(lambda: len([i for i, _ in monitor.changes(METER) if i == NAME + ".Power"]) == 3, why=monitor.log)
        changes = monitor.changes(METER)
        self.assertEqual([v["Derived"] for _, v in changes if "Derived" in v],
                         [[*POWERS, "voltage_l2"]])
        order = ["Derived" if "Derived" in v else i for i, v in changes]
        for group in (".Power", ".Phases"):
            self.assertLess(order.index("Derived"), order.index(NAME + group))

    def test_source_and_availability(self):
        bus, daemon = self.fed(2)
        monitor = self.enterContext(Monitor(bus))
        self.line.close()
        lab.wait_for(lambda: any(v.get("Available") is False for _, v in monitor.changes(METER)), why=daemon.log)
        lab.wait_for(lambda: any(v.get("State") == "waiting" for _, v in monitor.changes(SOURCE)), why=daemon.log)
        interface, values = next(c for c in monitor.changes(SOURCE) if c[1]["State"] == "waiting")
        self.assertEqual(interface, NAME + ".Source")
        self.assertEqual(set(values), {"State", "Reason", "Since", "Health", "HealthText"})
        self.assertTrue(values["Reason"])
        self.line.accept()
        self.send(bus, daemon, self.messages.of_list(2))
        lab.wait_for(lambda: any(v.get("Available") for _, v in monitor.changes(METER)), why=daemon.log)
        lab.wait_for(lambda: monitor.changes(SOURCE)[-1][1]["Health"] == "ok", why=daemon.log)

    def test_reload_removes_and_adds(self):
        bus, daemon = self.fed(2)
        monitor = self.enterContext(Monitor(bus))
        with Line() as other:
            self.folder.write("amshand.conf", 'state-directory = "%s"\n%s' % (
                self.folder.file("state"), source_conf(other, name="garage")))
            self.assertEqual(busctl(bus, "call", NAME, PATH, NAME + ".Manager", "Reload").returncode, 0)
            lab.wait_for(lambda: len(monitor.signals("InterfacesRemoved")) == 2, why=daemon.log)
            removed = {path: set(ifaces) for _, (path, ifaces) in monitor.signals("InterfacesRemoved")}
            self.assertEqual(set(removed), {METER, SOURCE})
            self.assertEqual({i for i in removed[METER] if i.startswith(NAME)},
                             {NAME + ".Meter", NAME + ".Power", NAME + ".Phases"})
            self.assertIn(NAME + ".Source", removed[SOURCE])
            lab.wait_for(lambda: [b[0] for _, b in monitor.signals("InterfacesAdded")] == [PATH + "/source/garage"])
            self.assertEqual(set(bus.managed()), {PATH + "/source/garage"})
            self.assertIn("Unknown object", busctl(bus, "get-property", NAME, METER, NAME + ".Meter", "Id").stderr)

    def test_reload_with_a_mistake_changes_nothing(self):
        bus, daemon = self.fed(2)
        before = set(bus.managed())
        self.folder.write("amshand.conf", 'source "house" {\n')
        self.assertEqual(busctl(bus, "call", NAME, PATH, NAME + ".Manager", "Reload").returncode, 0)
        daemon.wait_log("not reloaded")
        self.assertEqual(set(bus.managed()), before)

    @unittest.skipUnless(Gio, "python3-gi is not installed")
    def test_desktop_client(self):
        """An object manager client, as desktop programs use it, follows everything without asking."""
        bus = self.bus()
        connection = Gio.DBusConnection.new_for_address_sync(
            bus.address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT |
            Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
        self.addCleanup(connection.close_sync)
        client = Gio.DBusObjectManagerClient.new_sync(connection, Gio.DBusObjectManagerClientFlags.NONE, NAME, PATH,
                                                      None, None, None)
        context = GLib.MainContext.default()

        def cached(path, interface, name):
            while context.iteration(False):
                pass
            proxy = client.get_interface(path, NAME + "." + interface)
            value = proxy and proxy.get_cached_property(name)
            return None if value is None else value.unpack()

        self.assertIsNone(client.get_name_owner())
        daemon = self.daemon(bus)
        lab.wait_for(lambda: cached(SOURCE, "Source", "Name") == "house", why=daemon.log)
        self.line.accept()
        for number in (2, 1, 3):
            message = self.messages.of_list(number)
            self.line.send(message)
            for interface, values in message.interfaces.items():
                for name, value in values.items():
                    lab.wait_for(lambda: cached(METER, interface.rsplit(".", 1)[1], name) == value, why=daemon.log)
        self.assertTrue(math.isnan(cached(METER, "Phases", "PowerFactorL1")))
        self.assertIs(cached(METER, "Meter", "Available"), True)
        daemon.stop()
        lab.wait_for(lambda: cached(METER, "Meter", "Id") is None and client.get_name_owner() is None)


class Log(DBusTest):
    def test_log_control(self):
        bus, daemon = self.fed()
        lab.wait_for(lambda: SOURCE in bus.managed(), why=daemon.log)
        self.assertEqual(get(bus, LOG_PATH, LOG, "LogLevel"), "info")
        self.assertEqual(get(bus, LOG_PATH, LOG, "LogTarget"), "console")
        self.assertEqual(get(bus, LOG_PATH, LOG, "SyslogIdentifier"), "amshand")
        for level in ("debug", "err", "warning", "notice"):
            self.assertEqual(busctl(bus, "set-property", NAME, LOG_PATH, LOG, "LogLevel", "s", level).returncode, 0)
            self.assertEqual(get(bus, LOG_PATH, LOG, "LogLevel"), level)
        wrong = busctl(bus, "set-property", NAME, LOG_PATH, LOG, "LogLevel", "s", "loud")
        self.assertIn("No such log level: loud", wrong.stderr)
        self.assertEqual(get(bus, LOG_PATH, LOG, "LogLevel"), "notice")

    def test_level_takes_effect(self):
        bus, daemon = self.fed(2)
        busctl(bus, "set-property", NAME, LOG_PATH, LOG, "LogLevel", "s", "err")
        before = daemon.log()
        self.line.close()
        lab.wait_for(lambda: get(bus, SOURCE, NAME + ".Source", "State") == "waiting")
        self.assertEqual(daemon.log(), before)


if __name__ == "__main__":
    unittest.main()
