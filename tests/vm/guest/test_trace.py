# SPDX-License-Identifier: GPL-2.0
"""The tracepoints: frame, drop, attach, detach; what they say and that it is integers only."""
import os
import re

import frames
import module
from module import TestCase

TRACING = "/sys/kernel/tracing"
EVENTS = TRACING + "/events/amshan"
NAMES = ["amshan_attach", "amshan_detach", "amshan_drop", "amshan_frame"]


def text_of(path):
    with open(path) as f:
        return f.read()


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


class Tracing(TestCase):
    def setUp(self):
        super().setUp()
        if not os.path.isdir(TRACING):
            self.skipTest("the kernel has no tracing")
        if not os.path.exists(TRACING + "/trace"):
            module.mount("tracefs", TRACING)
        if not os.path.exists(TRACING + "/events"):
            self.skipTest("the kernel has no trace events")
        self.addCleanup(write, TRACING + "/trace", "")

    def traced(self):
        """Enable all of it; gives a function that gives the lines: [(event, text)]."""
        write(TRACING + "/trace", "")
        # To learn the names of processes, the kernel would put a breakpoint into its scheduler for a moment; an
        # emulated processor may meet it after it was taken away again.
        for option in ("record-cmd", "record-tgid"):
            write(TRACING + "/options/" + option, "0")
        write(EVENTS + "/enable", "1")
        self.addCleanup(write, EVENTS + "/enable", "0")
        return lambda: re.findall(r": (amshan_\w+): (.*)", text_of(TRACING + "/trace"))

    def test_the_events_that_there_are(self):
        self.assertEqual(sorted(n for n in os.listdir(EVENTS) if n.startswith("amshan_")), NAMES)

    def test_fields_are_integers(self):
        for name in NAMES:
            fields = re.findall(r"field:([^;]+);", text_of("%s/%s/format" % (EVENTS, name)).split("\n\n")[1])
            self.assertTrue(fields)
            for field in fields:
                self.assertRegex(field, r"^(u8|u16|u32|u64|int|unsigned int) \w+$")

    def test_a_life(self):
        lines = self.traced()
        port = self.port()
        minor = os.minor(os.stat(port.tty).st_rdev)
        major = os.major(os.stat(port.tty).st_rdev)
        port.feed(frames.on_line(frames.numbered(1, 64), frames.numbered(2, 100)))
        index = port.index
        port.detach()
        self.assertEqual(lines(), [
            ("amshan_attach", "port=%d tty=%d:%d" % (index, major, minor)),
            ("amshan_frame", "port=%d seq=0 len=64" % index),
            ("amshan_frame", "port=%d seq=1 len=100" % index),
            ("amshan_detach", "port=%d frames=2" % index)])

    def test_drops_say_why(self):
        lines = self.traced()
        port = self.port()
        bad_fcs, bad_hcs = bytearray(frames.numbered(1)), bytearray(frames.numbered(1))
        bad_fcs[-1] ^= 1
        bad_hcs[6] ^= 1
        # Without the flags that numbered frames have inside: each of them would be a drop of its own.
        bad_fcs, bad_hcs = (bytes(b).replace(b"\x7e", b"\0") for b in (bad_fcs, bad_hcs))
        for reason, octets in (("fcs", frames.on_line(bad_fcs)), ("hcs", frames.on_line(bad_hcs)),
                               ("format", b"\x7e\x55\x7e"), ("length", b"\x7e\xa0\x03\x7e")):
            before = len(lines())
            port.feed(octets)
            port.feed(bytes(2100))
            said = lines()[before:]
            # A candidate may run on from the closing flag: that is a drop too, but what was asked for is first.
            self.assertEqual(said[0][0], "amshan_drop", reason)
            self.assertRegex(said[0][1], r"^port=%d reason=%s count=1$" % (port.index, reason))
        counted = {}
        for _, text in lines()[1:]:
            reason, count = re.search(r"reason=(\w+) count=(\d+)", text).groups()
            counted[reason] = counted.get(reason, 0) + int(count)
        counters = port.counters()
        self.assertEqual(counted, {reason: counters[reason + "_errors"] for reason in counted})

    def test_they_cost_nothing_of_the_frames(self):
        lines = self.traced()
        port = self.port()
        reader = self.reader(port)
        port.feed(frames.on_line(*[frames.numbered(n) for n in range(200)]))
        self.assertEqual(len(reader.read_now()), 200)
        self.assertEqual(len([1 for event, _ in lines() if event == "amshan_frame"]), 200)
        self.assertEqual(module.attribute(port.index, "frames"), "200")
