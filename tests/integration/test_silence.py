# SPDX-License-Identifier: GPL-2.0
"""What the daemon does while nothing, or nothing good, comes."""
import time
import unittest

import lab
from daemon_lab import Line, View, by_length, ids, source, switches


class Silence(unittest.TestCase):
    def test_one_of_several_meters_falls_silent(self):
        a = by_length("kamstrup", "--id", "5706567200000011")[0]
        b = by_length("kamstrup", "--id", "5706567200000022")[0]
        with lab.Folder() as folder, lab.Bus() as bus, Line() as line:
            view = View(bus)
            with lab.Daemon(folder, source("street", line.uri()), bus):
                line.wait_client()
                for _ in range(5):
                    line.send(a + b)
                    time.sleep(0.2)
                self.assertTrue(view.meter("5706567200000022")["Available"])

                def silent():
                    line.send(a)
                    return not view.meter("5706567200000022")["Available"]
                lab.wait_for(silent, 30, 0.5)
                self.assertTrue(view.meter("5706567200000011")["Available"])

    def test_it_sleeps_while_nothing_comes(self):
        frame = by_length("kamstrup")[0]
        with lab.Folder() as folder, lab.Bus() as bus, Line() as silent, Line() as line:
            with lab.Daemon(folder, source("silent", silent.uri()) + source("house", line.uri()), bus) as daemon:
                silent.wait_client()
                line.wait_client().send(frame)
                View(bus).meter(ids([frame])[0])
                before = switches(daemon.proc.pid)
                # Behind the patience of the silent one: what ends an observation begins another.
                time.sleep(34)
                self.assertLess(switches(daemon.proc.pid) - before, 40)

    def test_a_capture_that_gives_nothing_says_why(self):
        good = by_length("kamstrup")[0]
        bad_fcs = good[:-3] + bytes([good[-3] ^ 1]) + good[-2:]
        with lab.Folder() as folder, lab.Bus() as bus:
            for name, octets in (("good", good), ("bad", 5 * bad_fcs), ("text", b"7e a0 xx\n"), ("none", b"")):
                with open(folder.file(name), "wb") as f:
                    f.write(octets)
            conf = "".join(source(n, "file:" + folder.file(n)) for n in ("good", "bad", "text", "none"))
            view = View(bus)
            with lab.Daemon(folder, conf, bus):
                lab.wait_for(lambda: len(view.sources()) == 4 and
                             all(s["State"] == "ended" for s in view.sources().values()))
                have = view.sources()
                self.assertEqual(have["good"]["Health"], "ended")
                self.assertEqual(have["bad"]["Health"], "bad-fcs")
                self.assertEqual(have["none"]["Health"], "ended")
                self.assertIn("is empty", have["none"]["HealthText"])
                self.assertEqual(have["text"]["Health"], "bad-hcs")
                self.assertIn("'x' is not a hex digit", have["text"]["HealthText"])

    def test_silence_makes_a_meter_unavailable_and_its_return_available(self):
        frame = by_length("kamstrup")[0]
        number = ids([frame])[0]
        with lab.Folder() as folder, lab.Bus() as bus, Line() as line:
            view = View(bus)
            with lab.Daemon(folder, source("house", line.uri()), bus):
                line.wait_client()
                for _ in range(5):
                    line.send(frame)
                    time.sleep(0.2)
                self.assertTrue(view.meter(number)["Available"])
                started = time.monotonic()
                lab.wait_for(lambda: not view.meter(number)["Available"], 20, 0.2)
                self.assertGreater(time.monotonic() - started, 8, "three periods, at least 10 s")
                # Nothing valid came: the link is opened anew, in case it is dead.
                line.wait_client(2)
                line.send(frame)
                lab.wait_for(lambda: view.meter(number)["Available"])


if __name__ == "__main__":
    unittest.main()
