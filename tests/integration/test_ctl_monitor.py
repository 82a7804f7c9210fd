# SPDX-License-Identifier: GPL-2.0
"""amshanctl monitor: into a pipe and on a terminal."""
import json
import os
import select
import signal
import subprocess
import unittest

import lab
from ctl_lab import Line, Terminal, WithDaemon, numbers


class Monitor(WithDaemon):
    """monitor into a pipe."""

    def monitor(self, *args, **kw):
        # It asks for the state once it listens to the signals.
        with lab.Process(["busctl", "--address=" + self.bus.address, "monitor",
                          "--match=member='GetManagedObjects'"]) as log:
            log.wait_log("Monitoring bus message stream")
            p = self.enterContext(subprocess.Popen([lab.AMSHANCTL, "monitor", *args],
                                                   env=dict(os.environ, **self.bus.env), stdin=subprocess.DEVNULL,
                                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kw))
            self.addCleanup(p.kill)
            log.wait_log("GetManagedObjects")
        return p

    def read_line(self, p, stream="stdout"):
        stream = getattr(p, stream)
        self.assertTrue(select.select([stream], [], [], 10)[0], "no line came: " + self.daemon.log())
        return stream.readline().decode()

    def read_values(self, p):
        return numbers({k: v for k, v in json.loads(self.read_line(p)).items() if k not in ("id", "received")})

    def end(self, p, sig=signal.SIGINT):
        p.send_signal(sig)
        out, err = p.communicate(timeout=10)
        return p.returncode, out.decode(), err.decode()

    def test_one_object_per_message(self):
        self.start()
        p = self.monitor("--json")
        for number in (2, 1, 3, 1, 1, 2):
            sent = self.line.send(number)
            got = json.loads(self.read_line(p))
            self.assertEqual(got.pop("id"), "7359992800000001")
            self.assertRegex(got.pop("received"), r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
            if "meter_time" in sent:
                self.assertTrue(got["meter_time"].startswith(sent["meter_time"][:19]))
            self.assertEqual(numbers(got), numbers(sent))
            self.assertEqual("meter_time" in got, "meter_time" in sent)
        self.assertEqual(self.end(p), (0, "", ""))

    def test_messages_in_one_piece_are_told_apart(self):
        self.start()
        self.line.send(2)
        self.wait_messages(1)
        p = self.monitor("--json")
        self.line.peer.sendall(b"".join(octets for octets, _ in self.line.messages))
        for _, truth in self.line.messages:
            self.assertEqual(self.read_values(p), numbers(truth["readings"]))
        self.assertEqual(self.end(p), (0, "", ""))

    def test_one_line_per_message(self):
        self.start()
        p = self.monitor()
        sent = self.line.send(2)
        line = self.read_line(p)
        self.assertRegex(line, r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d 7359992800000001 active_power_import %d W, "
                         % sent["active_power_import"])
        for name, value in numbers(sent).items():
            self.assertIn("%s %.15g " % (name, value), line)
        self.assertEqual(self.end(p, signal.SIGTERM), (0, "", ""))

    def test_what_is_derived_is_marked(self):
        with Line("kaifa-it", "6970631400000001") as other:
            self.start('source cabin { uri = "%s" derive-l2 = true }\n' % other.uri)
            other.accept()
            as_json, as_text = self.monitor("--json", "697"), self.monitor("697")
            for number in (2, 1, 2):
                other.send(number)
                got, line = json.loads(self.read_line(as_json)), self.read_line(as_text)
                self.assertEqual(got.get("derived"), ["voltage_l2"] if number == 2 else None)
                self.assertEqual("voltage_l2" in got, number == 2)
                self.assertEqual(line.count(" V (derived)"), int(number == 2))
            self.assertEqual(self.end(as_json), (0, "", ""))
            self.assertEqual(self.end(as_text), (0, "", ""))

    def test_only_the_wanted_meters(self):
        with Line("kaifa", "6970631400000001") as other:
            self.start('source cabin { uri = "%s" }\n' % other.uri)
            other.accept()
            p = self.monitor("--json", "697")
            for _ in range(3):
                self.line.send(2)
                sent = other.send(2)
                got = json.loads(self.read_line(p))
                self.assertEqual(got["id"], "6970631400000001")
                self.assertEqual(got["active_power_import"], sent["active_power_import"])
            self.assertEqual(self.end(p), (0, "", ""))

    def test_a_restart_of_the_daemon_is_survived(self):
        self.start()
        p = self.monitor("--json")
        self.line.send(2)
        self.read_line(p)
        self.daemon.stop()
        self.assertRegex(self.read_line(p, "stderr"), r"^amshanctl: .*amshand has stopped; waiting for it\n$")
        self.start()
        self.assertRegex(self.read_line(p, "stderr"), r"^amshanctl: .*amshand is running again\n$")
        sent = self.line.send(2)
        self.assertEqual(self.read_values(p), numbers(sent))
        self.assertEqual(self.end(p), (0, "", ""))

    def test_the_end_of_the_bus_is_the_end(self):
        self.start()
        p = self.monitor("--json")
        self.line.send(2)
        self.read_line(p)
        self.bus.stop()
        _, err = p.communicate(timeout=10)
        # The daemon may have gone first.
        self.assertEqual(err.splitlines()[-1:], [b"amshanctl: the connection to the bus ended"])
        self.assertEqual(p.returncode, 1)

    def test_a_reader_that_goes_away_ends_it_without_a_word(self):
        self.start()
        for restore in (True, False):
            p = self.monitor("--json", restore_signals=restore)
            self.line.send(2)
            self.read_line(p)
            p.stdout.close()
            self.line.send(1)
            self.assertEqual(p.wait(10), -signal.SIGPIPE)
            self.assertEqual(p.stderr.read(), b"")


class Screen(WithDaemon):
    """monitor on a terminal."""

    def terminal(self, *args, **kw):
        env = dict(os.environ, TERM="xterm", **self.bus.env)
        return self.enterContext(Terminal([lab.AMSHANCTL, "monitor", *args], env, **kw))

    def check_end(self, terminal):
        self.assertEqual(terminal.proc.wait(10), 0)
        terminal.read(0.05)
        self.assertFalse(terminal.alternate, "still on the alternate screen")
        self.assertTrue(terminal.cursor, "no cursor")
        self.assertEqual(terminal.settings(), terminal.before)
        self.assertIsNone(terminal.outside)

    def start_two(self):
        self.other = self.enterContext(Line("kaifa", "6970631400000001"))
        self.start('source cabin { uri = "%s" }\n' % self.other.uri)
        self.other.accept()

    def test_a_table_is_redrawn_in_place(self):
        self.start_two()
        t = self.terminal()
        t.wait(lambda: t.alternate and not t.cursor and t.shows("0 meters"))
        self.line.send(2)
        self.other.send(2)
        t.wait(lambda: t.row("METER"))
        for _ in range(3):
            for line, number in ((self.line, "7359992800000001"), (self.other, "6970631400000001")):
                sent = line.send(2)
                want = ["%.2f" % sent["current_l%d" % i] for i in (1, 2, 3)]
                t.wait(lambda: (t.row(number) or [])[1:3] == [str(sent["active_power_import"]), "W"] and
                       t.row(number)[4:7] == want)
        self.assertEqual([line.split()[0] for line in t.screen[3:5]], ["6970631400000001", "7359992800000001"])
        self.assertEqual([line for line in t.screen[5:] if line], [])
        t.key(b"q")
        self.check_end(t)

    def test_one_meter_is_shown_with_all_its_values(self):
        self.start_two()
        t = self.terminal("735")
        self.other.send(2)
        for number in (2, 3):
            for name, value in numbers(self.line.send(number)).items():
                t.wait(lambda: (t.row(name + " ") or ["", "nan"])[1] == "%.15g" % value)
        self.assertFalse(t.shows("6970631400000001"))
        t.wait(lambda: t.shows("Aidon 6534 7359992800000001"))
        t.key(b"\x03")
        self.check_end(t)

    def test_the_table_follows_the_window(self):
        self.start_two()
        self.line.send(2)
        self.other.send(3)
        t = self.terminal()
        t.wait(lambda: t.shows("U3 V"))
        self.assertFalse(t.shows("IMPORT Wh"))
        t.resize(24, 120)
        t.wait(lambda: t.shows("EXPORT Wh"))
        t.resize(24, 40)
        t.wait(lambda: not t.shows("I1 A") and t.shows("POWER"))
        t.resize(4, 40)
        t.wait(lambda: t.shows("2 more"))
        t.resize(24, 80)
        t.wait(lambda: t.shows("U3 V"))
        t.proc.send_signal(signal.SIGTERM)
        self.check_end(t)

    def test_ages_grow_by_themselves(self):
        self.start()
        self.line.send(2)
        self.wait_messages(1)
        t = self.terminal()
        t.wait(lambda: (t.row("voltage_l1") or [""])[-2:] == ["2", "s"])
        t.key(b"\x04")
        self.check_end(t)

    def test_a_restart_of_the_daemon_is_said(self):
        self.start()
        self.line.send(2)
        t = self.terminal()
        t.wait(lambda: t.row("voltage_l1"))
        self.daemon.stop()
        t.wait(lambda: t.shows("amshand has stopped; waiting for it") and not t.row("voltage_l1"))
        self.start()
        sent = self.line.send(2)
        t.wait(lambda: (t.row("voltage_l1") or ["", ""])[1] == "%.15g" % sent["voltage_l1"])
        self.assertFalse(t.shows("amshand has stopped"))
        t.key(b"Q")
        self.check_end(t)

    def test_suspended_and_continued(self):
        self.start()
        t = self.terminal()
        t.wait(lambda: t.shows("0 meters"))
        t.key(b"\x1a")
        t.wait(lambda: not t.alternate and t.cursor)
        lab.wait_for(lambda: os.waitid(os.P_PID, t.proc.pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT))
        self.assertEqual(t.settings(), t.before)
        t.proc.send_signal(signal.SIGCONT)
        t.wait(lambda: t.alternate and t.shows("0 meters"))
        t.key(b"q")
        self.check_end(t)

    def test_a_terminal_without_ansi_gets_lines(self):
        self.start()
        env = dict(os.environ, TERM="dumb", **self.bus.env)
        t = self.enterContext(Terminal([lab.AMSHANCTL, "monitor"], env, columns=1000))
        self.line.send(2)
        # It may not have listened yet.
        t.wait(lambda: t.shows("active_power_import") or self.line.send(1) and False, step=0.2)
        self.assertTrue(t.shows("7359992800000001 active_power_import"))
        self.assertNotIn(b"\x1b", t.raw)


if __name__ == "__main__":
    unittest.main()
