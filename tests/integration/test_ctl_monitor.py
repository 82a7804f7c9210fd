# SPDX-License-Identifier: GPL-2.0
"""amshanctl monitor: into a pipe and on a terminal."""
import json
import os
import re
import select
import signal
import subprocess
import unittest

import lab
from ctl_lab import Line, Terminal, WithDaemon, numbers
from derive_lab import POWERS, Registers, settled, with_power


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
        return settled(numbers({k: v for k, v in json.loads(self.read_line(p)).items()
                                if k not in ("id", "received")}))

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
            self.assertEqual(settled(numbers(got)), with_power(numbers(sent)))
            self.assertEqual("meter_time" in got, "meter_time" in sent)
        self.assertEqual(self.end(p), (0, "", ""))

    def test_messages_in_one_piece_are_told_apart(self):
        self.start()
        self.line.send(2)
        self.wait_messages(1)
        p = self.monitor("--json")
        self.line.peer.sendall(b"".join(octets for octets, _ in self.line.messages))
        registers = Registers()
        for _, truth in self.line.messages:
            sent = numbers(truth["readings"])
            self.assertEqual(self.read_values(p), {**with_power(sent), **registers.errors(sent)})
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
                self.assertEqual(got.get("derived"), [*POWERS, "voltage_l2"] if number == 2 else None)
                self.assertEqual("voltage_l2" in got, number == 2)
                for marked in (" V (derived)", " VA (derived)", "power_factor %.15g (derived)" %
                               got.get("power_factor", 0)):
                    self.assertEqual(line.count(marked), int(number == 2))
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
        self.assertEqual(self.read_values(p), with_power(numbers(sent)))
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
        t = self.terminal("--no-plot")
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

    def plot_terminal(self, *args, encoding="C.UTF-8", term="xterm", **kw):
        env = dict(os.environ, TERM=term, LC_ALL=encoding, **self.bus.env)
        return self.enterContext(Terminal([lab.AMSHANCTL, "monitor", *args], env, **kw))

    @staticmethod
    def plot_row(t, name):
        """Name, scale and what is plotted of the row of this name."""
        for line in t.screen:
            before, bar, plotted = line.partition(" |")
            if bar and before.startswith(name):
                return name, before[len(name):].strip(), plotted
        return None

    def test_a_plot_of_one_meter_has_its_power_and_its_phases(self):
        self.start()
        t = self.plot_terminal(rows=40)
        t.wait(lambda: t.shows("0 meters"))
        self.assertFalse(t.shows("'5 min"))
        sent = self.line.send(2)
        t.wait(lambda: self.plot_row(t, "current L3"))
        scale = self.plot_row(t, "power")[1]
        self.assertRegex(scale, r"^\d+ W$")
        self.assertGreaterEqual(int(scale[:-2]), sent["active_power_import"])
        # What came now is in the last column, or in the one before, and nothing was before that.
        for name in ("current L1", "current L2", "current L3"):
            _, scale, plotted = self.plot_row(t, name)
            self.assertRegex(scale, r"^0\.\.[\d.]+ A$")
            self.assertGreaterEqual(float(scale[3:-2]), sent["current_l" + name[-1]])
            self.assertRegex(plotted, "^ {40,}[▁▂▃▄▅▆▇█] ?$")
        self.assertEqual(len([line for line in t.screen if line.endswith("'5 min            now")]), 1)
        # All of it is below the table.
        self.assertGreater(min(i for i, line in enumerate(t.screen) if " |" in line),
                           max(i for i, line in enumerate(t.screen) if line.startswith("voltage_")))
        t.key(b"q")
        self.check_end(t)

    def test_a_plot_of_several_meters_has_a_row_each(self):
        self.start_two()
        t = self.plot_terminal(rows=9)
        t.wait(lambda: t.shows("0 meters"))
        power = {"7359992800000001": self.line.send(2)["active_power_import"],
                 "6970631400000001": self.other.send(2)["active_power_import"]}
        for number, sent in power.items():
            t.wait(lambda: self.plot_row(t, number))
            _, scale, plotted = self.plot_row(t, number)
            self.assertRegex(scale, r"^0\.\.\d+ W$")
            self.assertGreaterEqual(int(scale[3:-2]), sent)
            self.assertRegex(plotted, "^ +[▅▆▇█] ?$")
        t.wait(lambda: len([line for line in t.screen if " |" in line]) == 2)
        self.assertFalse(t.shows("current L1"))
        t.key(b"q")
        self.check_end(t)

    def test_the_plot_follows_the_window(self):
        self.start()
        t = self.plot_terminal(rows=40)
        t.wait(lambda: t.shows("0 meters"))
        self.line.send(2)
        t.wait(lambda: t.shows("'10 min") and not t.shows("'15 min"))
        t.resize(40, 120)
        t.wait(lambda: t.shows("'20 min"))
        t.resize(40, 40)
        t.wait(lambda: not t.shows(" |") and t.shows("voltage_l1"))
        t.resize(10, 80)
        t.wait(lambda: not t.shows(" |") and t.shows("more: the window is too low"))
        t.resize(24, 80)
        t.wait(lambda: self.plot_row(t, "power") and t.row("voltage_l3"))
        t.key(b"q")
        self.check_end(t)

    @staticmethod
    def values(t):
        """The names in the table of one meter."""
        lines = [line.split() for line in t.screen]
        first = next((i + 1 for i, line in enumerate(lines) if line[:1] == ["NAME"]), len(lines))
        return [line[0] for line in lines[first:] if line and re.fullmatch("[a-z]+_[a-z0-9_]+", line[0])]

    def test_the_plot_goes_before_any_value_does(self):
        self.start()
        t = self.plot_terminal(rows=60)
        t.wait(lambda: t.shows("0 meters"))
        # The second register begins the live one, whose error is the last row: what is derived counts too.
        for number in (2, 3, 2, 3):
            sent = self.line.send(number)
            t.wait(lambda: set(numbers(sent)) <= set(self.values(t)) and self.plot_row(t, "current L3"))
        t.wait(lambda: self.values(t)[-1:] == ["active_energy_export_error"])
        values = self.values(t)
        # Rows that are free below the table: the last of the screen is for notices.
        table = 3 + len(values)
        for free, rows in ((5, 4), (4, 3), (2, 1), (1, 0), (0, 0)):
            t.resize(table + free + 1, 80)
            t.wait(lambda: t.row("NAME") and self.values(t) == values and
                   len([line for line in t.screen if " |" in line]) == rows)
            self.assertEqual(bool(self.plot_row(t, "current L1")), free == 5)
            self.assertFalse(t.shows("too low"))
        t.resize(table, 80)
        t.wait(lambda: t.shows("2 more: the window is too low") and self.values(t) == values[:-2])
        self.assertFalse(t.shows(" |"))
        t.key(b"q")
        self.check_end(t)

    def test_a_plot_is_ascii_where_there_are_no_blocks(self):
        self.start()
        for encoding, term in (("C", "xterm"), ("C.UTF-8", "linux")):
            t = self.plot_terminal(rows=40, encoding=encoding, term=term)
            t.wait(lambda: t.alternate and t.screen[0])
            self.line.send(2)
            t.wait(lambda: self.plot_row(t, "current L1"))
            self.assertRegex(self.plot_row(t, "current L1")[2], r"^ +[_.:=+*#-]{1,2} ?$")
            self.assertTrue(t.raw.isascii())
            t.key(b"q")
            self.check_end(t)

    def test_no_plot_if_it_is_not_wanted(self):
        self.start()
        t = self.plot_terminal("--no-plot", rows=40)
        t.wait(lambda: t.shows("0 meters"))
        sent = self.line.send(2)
        t.wait(lambda: all(t.row(name + " ") for name in numbers(sent)))
        t.read(0.5)
        self.assertFalse(t.shows(" |"))
        t.key(b"q")
        self.check_end(t)
        out, err = self.ctl("list", "--no-plot", status=2)
        self.assertEqual((out, err), ("", "amshanctl: list takes no --no-plot\n"))

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
