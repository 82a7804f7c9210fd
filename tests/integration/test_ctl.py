# SPDX-License-Identifier: GPL-2.0
"""amshanctl as its users see it: usage, a running daemon, and everything that can be missing.

The daemon reads a TCP source that the test feeds message by message, so it is known what is to be seen.
"""
import os
import re
import subprocess
import unittest

import lab
from ctl_lab import Line, WithDaemon, numbers
from derive_lab import POWERS, settled, with_power

COMMANDS = ("decode", "list", "show", "monitor", "forget", "status")


class Usage(unittest.TestCase):
    def run_ctl(self, *args):
        run = subprocess.run([lab.AMSHANCTL, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, timeout=60)
        return run.returncode, run.stdout.decode(), run.stderr.decode()

    def test_wrong_usage_is_one_sentence_and_status_2(self):
        for args, why in (
                ([], "a command is missing"),
                (["frobnicate"], 'unknown command "frobnicate"'),
                (["\x1b[2J"], 'unknown command "?[2J"'),
                (["--frobnicate"], "unknown option --frobnicate"),
                (["list", "--frobnicate"], "unknown option --frobnicate"),
                (["list", "-x"], "unknown option -x"),
                (["list", "--json=1"], "unknown option --json=1"),
                (["decode", "--key", "00"], "--key: the key has 2 characters, not 32 hex digits"),
                (["decode", "--key"], "--key needs a value"),
                (["decode", "--key", "@/nonexistent"], "--key: /nonexistent: No such file or directory"),
                (["decode", "--auth-key", 32 * "0"], "--auth-key: is nothing without --key"),
                (["decode", "--key", "00", "11", "22"], "decode takes one file; a key is 32 hex digits"),
                (["list", "--key", 32 * "0"], "list takes no --key"),
                (["show", "--counter", "1"], "show takes no --counter"),
                (["forget", "--counter"], "forget needs a METER"),
                (["decode", "--user"], "--user has no place here"),
                (["decode", "a", "b"], 'decode takes no "b"'),
                (["show"], "show needs a METER"),
                (["show", "1", "2"], 'show takes no "2"'),
                (["forget"], "forget needs a METER"),
                (["forget", "1", "2"], 'forget takes no "2"'),
                (["forget", "--json", "1"], "forget takes no --json"),
                (["list", "--user", "--system"], "--user and --system exclude each other")):
            with self.subTest(args=args):
                status, out, err = self.run_ctl(*args)
                self.assertEqual((status, out), (2, ""))
                self.assertIn(why, err)
                self.assertEqual(err.count("\n"), 1)

    def test_help(self):
        status, out, err = self.run_ctl("--help")
        self.assertEqual((status, err), (0, ""))
        for command in COMMANDS:
            self.assertRegex(out, r"(?m)^  %s " % command)
            for args in ([command, "--help"], ["--help", command], [command, "-h"]):
                status, text, err = self.run_ctl(*args)
                self.assertEqual((status, err), (0, ""))
                self.assertTrue(text.startswith("Usage: amshanctl %s " % command))
                self.assertEqual("--key" in text, command == "decode")

    def test_version(self):
        for args in (["--version"], ["-V"], ["list", "--version"]):
            status, out, err = self.run_ctl(*args)
            self.assertEqual((status, err), (0, ""))
            self.assertRegex(out, r"^amshanctl \d+\.\d+\.\d+\n$")


class Running(WithDaemon):
    """What is printed once."""

    def test_list(self):
        self.start()
        self.assertEqual(self.json("list"), [])
        out, err = self.ctl("list")
        self.assertEqual(out, "")
        self.assertIn("no meter yet", err)

        sent = self.line.send(2)
        self.wait_messages(1)
        meter, = self.json("list")
        self.assertEqual(settled({k: v for k, v in meter.items() if k not in ("last_message", "messages")}),
                         dict(with_power(sent), id=sent["meter_id"], source="house", meter_manufacturer="Aidon",
                              available=True))
        self.assertRegex(meter["last_message"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")

        out, err = self.ctl("list")
        self.assertEqual(err, "")
        head, row = out.splitlines()
        self.assertEqual(head.split(), ["METER", "MAKER", "TYPE", "AVAILABLE", "POWER", "LAST", "MESSAGE", "SOURCE"])
        self.assertRegex(row, r"^%s +Aidon +6534 +yes +%d W +(now|\d+ s ago) +house$"
                         % (sent["meter_id"], sent["active_power_import"]))

    def test_show(self):
        self.start()
        sent = dict(self.line.send(2))
        self.wait_messages(1)
        sent.update(self.line.send(3))
        self.wait_messages(2)
        number = sent["meter_id"]
        for name in (number, number[:4], ""):
            meter = self.json("show", name)
            self.assertEqual(numbers({k: v for k, v in meter.items() if k in sent}), numbers(sent))
            self.assertTrue(meter["meter_time"].startswith(sent["meter_time"][:19]))

        out, err = self.ctl("show", number)
        self.assertEqual(err, "")
        rows = [line.split() for line in out.splitlines()]
        for line in (["Meter", number], ["Maker", "Aidon"], ["Type", "6534"], ["Source", "house"],
                     ["List", "version", "AIDON_V0001"], ["Available", "yes"]):
            self.assertIn(line, rows)
        units = {"power": {"W", "var"}, "energy": {"Wh", "varh"}, "voltage": {"V"}, "current": {"A"}}
        self.assertLessEqual({*numbers(sent), *POWERS}, {r[0] for r in rows if r})
        for name, value in numbers(sent).items():
            row = next(r for r in rows if r and r[0] == name)
            self.assertEqual(float(row[1]), value)
            self.assertIn(row[2], next(u for k, u in units.items() if k in name))
            self.assertRegex(row[3], r"^\d\d:\d\d:\d\d$")
            self.assertIn(row[-1], ("now", "ago"))

    def test_show_tells_what_is_derived(self):
        number = "7359992800000003"
        with Line("kaifa-it", number) as line:
            self.line = line
            self.start()
            line.send(2)
            self.wait_messages(1)
            meter = self.json("show", number)
            self.assertNotIn("voltage_l2", meter)
            self.assertEqual(meter["derived"], list(POWERS))
        with Line("kaifa-it", number) as line:
            self.line = line
            self.daemon.stop()
            self.conf = 'source house { uri = "%s" derive-l2 = true }\n' % line.uri
            self.daemon = self.enterContext(lab.Daemon(self.folder, self.conf, self.bus))
            line.accept()
            line.send(2)
            self.wait_messages(1)
            meter = self.json("show", number)
            self.assertEqual(meter["derived"], [*POWERS, "voltage_l2"])
            self.assertGreater(meter["voltage_l2"], 100)
            self.assertEqual(self.json("list")[0]["derived"], [*POWERS, "voltage_l2"])
            rows = [row.split() for row in self.ctl("show", number)[0].splitlines()]
            units = {row[0]: " ".join(row[2:4]) for row in rows if row and row[0].startswith(("voltage", *POWERS))}
            self.assertEqual(units.pop("voltage_l2"), "V, derived")
            self.assertEqual(units.pop("apparent_power"), "VA, derived")
            self.assertRegex(units.pop("power_factor"), r"^derived \d")
            for unit in units.values():
                self.assertRegex(unit, r"^V \d")

    def test_show_needs_one_meter(self):
        with Line("kaifa", "7359992800000002") as other:
            self.start('source cabin { uri = "%s" }\n' % other.uri)
            other.accept()
            self.line.send(2)
            other.send(2)
            lab.wait_for(lambda: len(self.json("list")) == 2, why=self.daemon.log)
            self.assertEqual([m["source"] for m in self.json("list")], ["house", "cabin"])
            for name, why in (("73599928", '2 meters begin with "73599928"'), ("9", 'no meter "9"'),
                              ("73599928000000010", 'no meter "73599928000000010"')):
                out, err = self.ctl("show", name, status=1)
                self.assertEqual(out, "")
                self.assertIn(why, err)
            self.assertEqual(self.json("show", "7359992800000002")["source"], "cabin")

    def test_status(self):
        closed = lab.free_port()
        self.start('source gone { uri = "tcp://127.0.0.1:%d" }\n' % closed)
        self.line.send(2)
        octets, _ = self.line.messages[0]
        self.line.peer.sendall(octets[:30] + bytes([octets[30] ^ 1]) + octets[31:])
        self.line.send(2)
        self.wait_messages(2)

        status = self.json("status", status=1)
        self.assertRegex(status["version"], r"^\d+\.\d+\.\d+$")
        self.assertEqual(status["mqtt"], {"state": "off"})
        gone, house = status["sources"]
        self.assertEqual((house["name"], house["uri"], house["state"], house["health"], house["meter"]),
                         ("house", self.line.uri, "open", "ok", "7359992800000001"))
        self.assertEqual({k: v for k, v in house["counters"].items() if k in ("frames", "messages", "fcs_errors",
                                                                              "hcs_errors", "starts")},
                         {"frames": 2, "messages": 2, "fcs_errors": 1, "hcs_errors": 0, "starts": 1})
        self.assertEqual((gone["name"], gone["state"], gone["health"]), ("gone", "waiting", "closed"))
        self.assertIn("Connection refused", gone["reason"])
        self.assertNotIn("last_frame", gone)

        out, err = self.ctl("status", status=1)
        self.assertEqual(err, "")
        self.assertRegex(out, r"(?m)^house +open +ok +\d\d:\d\d:\d\d hdlc +2 (now|\d+ s ago) +1 FCS.* +%s$"
                         % re.escape(self.line.uri))
        self.assertRegex(out, r"(?m)^gone +waiting +closed +\d\d:\d\d:\d\d +0 never +none +tcp:")
        self.assertRegex(out, r"(?m)^gone: .*Connection refused")
        self.assertRegex(out, r"(?m)^house: readings arrive$")
        self.assertRegex(out, r"(?m)^MQTT broker: off$")

    def test_status_is_0_if_all_is_well(self):
        self.start()
        self.line.send(2)
        self.wait_messages(1)
        self.assertEqual(self.json("status")["sources"][0]["health"], "ok")
        self.ctl("status")

    def test_both_buses(self):
        """Without an option the system bus comes first; with one, only that bus is asked."""
        self.start()
        with lab.Bus() as system:
            self.bus.env["DBUS_SYSTEM_BUS_ADDRESS"] = system.address
            self.ctl("list")
            self.ctl("list", "--user")
            self.ctl("--user", "list")
            _, err = self.ctl("list", "--system", status=1)
            self.assertEqual(err, "amshanctl: amshand is not running on the system bus\n")
            # The same daemon seen as the one of the system.
            self.bus.env.update(DBUS_SYSTEM_BUS_ADDRESS=self.bus.address, DBUS_SESSION_BUS_ADDRESS=system.address)
            self.ctl("list")
            self.ctl("list", "--system")
            _, err = self.ctl("list", "--user", status=1)
            self.assertEqual(err, "amshanctl: amshand is not running on the session bus\n")


class NotRunning(unittest.TestCase):
    def test_no_daemon(self):
        with lab.Bus() as bus, lab.Bus() as system:
            bus.env["DBUS_SYSTEM_BUS_ADDRESS"] = system.address
            for args in (["list"], ["show", "1"], ["monitor"], ["forget", "1"], ["status"], ["status", "--json"]):
                run = lab.ctl(bus, *args, check=False)
                self.assertEqual((run.returncode, run.stdout), (1, b""))
                self.assertEqual(run.stderr, b"amshanctl: amshand is not running, neither on the system bus nor on "
                                             b"the session bus\n")

    def test_no_bus(self):
        env = {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/none"}
        for args, why in ((["list"], "neither a system bus"), (["list", "--user"], "cannot connect to the session bus"),
                          (["list", "--system"], "cannot connect to the system bus")):
            run = subprocess.run([lab.AMSHANCTL, *args], env=dict(os.environ, **env), stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, timeout=60)
            self.assertEqual((run.returncode, run.stdout), (1, b""))
            self.assertIn(why, run.stderr.decode())
            self.assertEqual(run.stderr.count(b"\n"), 1)

    def test_no_permission(self):
        with lab.Folder() as folder:
            address = "unix:path=" + folder.file("bus")
            conf = folder.write("bus.conf", """
                <busconfig><type>session</type><listen>%s</listen>
                  <policy context="default">
                    <allow user="*"/><allow own="*"/><allow send_type="*"/><allow receive_type="*"/>
                    <allow send_destination="*"/>
                    <deny send_destination="org.amshan.Amshan1"/>
                  </policy>
                </busconfig>""" % address)
            env = {"DBUS_SESSION_BUS_ADDRESS": address, "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent"}
            with lab.Process(["dbus-daemon", "--config-file=" + conf, "--nofork", "--nopidfile", "--nosyslog"]) as bus:
                lab.wait_for(lambda: os.path.exists(folder.file("bus")), why=bus.log)
                daemon_conf = folder.write("amshand.conf", 'state-directory = "%s"\n' % folder.file("state") +
                                           'source a { uri = "file:/dev/null" }\n')
                with lab.Process([lab.AMSHAND, "--user", "-c", daemon_conf], env=env) as daemon:
                    lab.wait_for(lambda: b"true" in subprocess.run(
                        ["busctl", "--address=" + address, "call", "org.freedesktop.DBus", "/", "org.freedesktop.DBus",
                         "NameHasOwner", "s", "org.amshan.Amshan1"], stdout=subprocess.PIPE).stdout, why=daemon.log)
                    run = subprocess.run([lab.AMSHANCTL, "list"], env=dict(os.environ, **env), stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(run.stderr, b"amshanctl: the policy of the bus does not let you read amshand: root may, "
                                     b"and the group amshan\n")
        self.assertEqual((run.returncode, run.stdout), (1, b""))


if __name__ == "__main__":
    unittest.main()
