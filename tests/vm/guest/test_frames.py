# SPDX-License-Identifier: GPL-2.0
"""Octets in, frames out: the module and the framer of user space have to agree to the octet."""
import random
import time
import unittest

import frames
import module
from module import TestCase

ERRORS = ("fcs_errors", "hcs_errors", "format_errors", "length_errors", "timeouts", "parity_errors",
          "framing_errors", "breaks", "overruns")


class Agreement(TestCase):
    def through_the_module(self, port, octets, seed):
        """Records and counters of a stream, on a port that is attached anew."""
        rng = random.Random(seed)
        port.attach()
        with port.reader() as reader:
            for piece in frames.pieces(octets, rng.random()):
                port.send(piece, then=reader.collect)
            counters = port.settle()
            reader.collect()
            records = reader.records
            self.assertFalse(reader.events() & module.select.POLLIN)
        port.detach()
        return records, counters

    def compare(self, streams):
        """{name: octets} one after the other through one pty."""
        port = self.port(attach=False)
        expected = frames.framedump(list(streams.values()))
        total = 0
        for (name, octets), (wanted, counters) in zip(streams.items(), expected):
            with self.subTest(name):
                # A machine that stood still for half a second has made a pause of its own in the frame.
                for attempt in range(3):
                    records, counted = self.through_the_module(port, octets, "%s %d" % (name, attempt))
                    if not counted["timeouts"]:
                        break
                self.assertEqual([r.frame.hex() for r in records], [f.hex() for f in wanted])
                self.assertEqual([r.seq for r in records], list(range(len(wanted))))
                self.assertEqual([r.lost for r in records], [0] * len(wanted))
                self.assertEqual([r.flags for r in records], [(f[0] >> 3) & 1 for f in wanted])
                self.assertEqual({k: counted[k] for k in counters}, counters)
                self.assertEqual(counted["rx_octets"], len(octets))
                self.assertEqual(counted["overwritten"], 0)
                total += len(wanted)
        return total

    def test_every_stream_of_the_corpus(self):
        streams = frames.corpus()
        if not streams:
            self.skipTest("there is no corpus (AMSHAN_CORPUS)")
        self.assertGreater(self.compare(streams), len(streams))

    def test_every_meter_of_the_simulator(self):
        streams = {maker: frames.sim("--maker", maker, "--count", 12) for maker in frames.MAKERS}
        self.assertEqual(self.compare(streams), 12 * len(streams))

    def test_every_fault_of_the_simulator(self):
        faults = ["--flip", "--lose", "--double", "--cut", "--segmented", "--noise"]
        streams = {fault: frames.sim("--maker", "kamstrup", "--count", 30, fault, 0.5) for fault in faults}
        streams["all"] = frames.sim("--count", 60, *[a for fault in faults for a in (fault, 0.2)])
        streams["shared flag"] = frames.sim("--maker", "kaifa", "--count", 30, "--shared-flag")
        self.assertGreater(self.compare(streams), 150)

    def test_octets_that_are_made_to_mislead(self):
        rng = random.Random(20)
        parts = [frames.FLAG, b"\xa0\x2a", b"\xa7\xff", b"\xaf\xff\x01", b"\x10", b"\x03", bytes(3), b"\xa0\x07"]
        parts += [frames.make_header(n) for n in (9, 100, 2047)] + [frames.FLAG + frames.make_header(600)] * 3
        parts += [frames.on_line(frames.numbered(n, 40)) for n in range(4)]
        streams = {"soup %d" % n: b"".join(rng.choices(parts, k=300)) for n in range(6)}
        streams["noise"] = rng.randbytes(30000)
        streams["flags"] = frames.FLAG * 5000
        self.assertGreater(self.compare(streams), 0)

    def test_the_shortest_and_the_longest_frame(self):
        shortest = frames.make_frame(head=b"\x01\x03\x13")
        longest = frames.numbered(1, frames.FRAME_MAX)
        wide = frames.make_frame(b"x", head=bytes([2, 4, 6, 9, 2, 4, 6, 9, 0x13]))
        self.assertEqual((len(shortest), len(longest)), (7, 2047))
        self.assertEqual(self.compare({"all": frames.on_line(shortest, longest, wide, shortest)}), 4)


class Records(TestCase):
    def test_times_are_plausible_and_never_go_back(self):
        port = self.port()
        reader = self.reader(port)
        last = (0, 0)
        for number in range(20):
            mono, real = time.monotonic_ns(), time.time_ns()
            port.send(frames.on_line(frames.numbered(number)))
            record = reader.read()
            self.assertEqual(frames.number_of(record.frame), number)
            self.assertGreaterEqual(record.mono_ns, mono)
            self.assertLessEqual(record.mono_ns, time.monotonic_ns())
            self.assertGreaterEqual(record.real_ns, real)
            self.assertLessEqual(record.real_ns, time.time_ns())
            self.assertGreaterEqual((record.mono_ns, record.real_ns), last)
            last = (record.mono_ns, record.real_ns)

    def test_the_time_is_that_of_the_closing_flag(self):
        port = self.port()
        reader = self.reader(port)
        octets = frames.on_line(frames.numbered(1))
        port.feed(octets[:-1])
        self.assertEqual(reader.events(), 0)
        before = time.monotonic_ns()
        port.send(octets[-1:])
        self.assertGreaterEqual(reader.read().mono_ns, before)

    def test_the_time_of_a_frame_that_a_pause_brings_to_light(self):
        """It stood behind a header whose frame was cut off, and came before the pause."""
        port = self.port()
        reader = self.reader(port)
        port.feed(frames.FLAG + frames.numbered(1, 1000)[:100] + frames.on_line(frames.numbered(2)))
        self.assertEqual(reader.events(), 0)
        before = time.monotonic_ns()
        time.sleep(0.7)
        port.send(frames.FLAG)
        record = reader.read()
        self.assertEqual(frames.number_of(record.frame), 2)
        self.assertLess(record.mono_ns, before)
        self.assertEqual(port.settle()["timeouts"], 1)

    def test_segmented_frames_say_so(self):
        port = self.port()
        reader = self.reader(port)
        port.feed(frames.on_line(frames.make_frame(b"one", segmented=True), frames.make_frame(b"two")))
        self.assertEqual([r.flags for r in reader.read_count(2)], [module.SEGMENTED, 0])
        self.assertEqual(port.counters()["segmented"], 1)

    def test_a_pause_ends_a_frame(self):
        port = self.port()
        reader = self.reader(port)
        octets = frames.on_line(frames.numbered(1))
        port.feed(octets[:30])
        time.sleep(0.7)
        port.feed(octets[30:] + frames.on_line(frames.numbered(2)))
        self.assertEqual(frames.number_of(reader.read().frame), 2)
        counters = port.counters()
        self.assertEqual((counters["timeouts"], counters["frames"]), (1, 1))

    def test_counters_add_up_at_any_moment(self):
        """netlink.port_of() holds that they do, in every answer."""
        port = self.port()
        octets = frames.sim("--count", 40, "--flip", 0.3, "--noise", 0.3)
        answers = []
        port.send(octets, then=lambda: answers.append(port.counters()), piece=97)
        answers.append(port.settle())
        for one, two in zip(answers, answers[1:]):
            for name in set(one) - {"pending"}:
                self.assertLessEqual(one[name], two[name], name)
        self.assertEqual(answers[-1]["rx_octets"], len(octets))
        self.assertGreater(sum(answers[-1][name] for name in ERRORS), 0)

    def test_a_new_attachment_begins_at_zero(self):
        port = self.port()
        port.feed(frames.on_line(frames.numbered(1)) + b"noise")
        port.detach()
        port.attach()
        self.assertEqual(set(port.counters().values()), {0})
        with port.reader() as reader:
            self.assertEqual(reader.events(), 0)
            port.feed(frames.on_line(frames.numbered(2)))
            record = reader.read()
            self.assertEqual((record.seq, frames.number_of(record.frame)), (0, 2))


if __name__ == "__main__":
    unittest.main()
