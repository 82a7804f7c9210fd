# SPDX-License-Identifier: GPL-2.0
"""Octets that want to do harm: nothing they are may cost a later frame, much time, or any memory."""
import os
import random
import time

import frames
import module
from module import TestCase


def nested(count):
    """Headers with a good HCS in headers: each octet is looked at again for each one before it."""
    return (frames.FLAG + frames.make_header(frames.FRAME_MAX, head=b"\x41\x09\x13")) * (count // 8)


class AfterIt(TestCase):
    """What is left in the framer is ended by its length at the latest: a frame after that always comes."""

    def setUp(self):
        super().setUp()
        self.one = self.port()
        self.r = self.reader(self.one)
        self.number = 0

    def good_frame_comes(self):
        self.r.read_now()
        self.one.feed(bytes(2 * frames.FRAME_MAX))
        self.number += 1
        self.one.feed(frames.on_line(frames.numbered(self.number)))
        records = self.r.read_now()
        self.assertEqual([frames.number_of(r.frame) for r in records], [self.number])

    def bombard(self, octets):
        counters = self.one.feed(octets, then=self.r.collect)
        self.assertEqual(counters["rx_octets"], self.one.sent)
        self.good_frame_comes()
        return self.one.counters()

    def test_noise_at_full_speed_for_seconds(self):
        rng = random.Random(1)
        end = time.monotonic() + 4
        while time.monotonic() < end:
            self.one.feed(rng.randbytes(30000), then=self.r.collect)
        self.good_frame_comes()
        self.assertGreater(self.one.counters()["format_errors"], 100)

    def test_flags_everywhere(self):
        counters = self.bombard(frames.FLAG * 100000)
        self.assertGreaterEqual(counters["flags"], 100000)
        counters = self.bombard(b"".join(frames.FLAG + bytes([n]) for n in range(256)) * 20)
        self.assertGreater(counters["format_errors"], 1000)

    def test_every_octet_and_every_pair(self):
        self.bombard(bytes(range(256)) * 4)
        self.bombard(b"".join(bytes([a, b]) for a in range(0, 256, 3) for b in range(256)))

    def test_lengths_that_lie(self):
        rng = random.Random(2)
        octets = b"".join(frames.FLAG + frames.make_header(rng.randrange(2048)) + rng.randbytes(rng.randrange(40))
                          for _ in range(1500))
        counters = self.bombard(octets)
        self.assertGreater(counters["fcs_errors"], 100)
        octets = b"".join(frames.FLAG + bytes([0xA0 | rng.randrange(16)]) + rng.randbytes(1) for _ in range(5000))
        self.assertGreater(self.bombard(octets)["length_errors"], 10)

    def test_frames_that_are_nearly_right(self):
        rng = random.Random(5)
        parts = []
        for number in range(300):
            frame = bytearray(frames.numbered(number, rng.randrange(16, 400)))
            frame[rng.randrange(len(frame))] ^= 1 << rng.randrange(8)
            parts.append(frames.on_line(bytes(frame)))
        self.one.feed(b"".join(parts))
        self.assertEqual(self.one.counters()["frames"], 0, "a frame with one wrong bit was delivered")
        self.good_frame_comes()

    def seconds(self, octets):
        begin = time.monotonic()
        self.one.feed(octets)
        return time.monotonic() - begin

    def test_the_worst_case_is_bounded_per_octet(self):
        """Four times the octets take about four times as long, not sixteen; and not for ever."""
        few = self.seconds(nested(32768))
        many = self.seconds(nested(131072))
        self.assertLess(many, 10 * few + 0.5)
        self.assertLess(many, 30 * module.SLOW)
        self.assertGreater(self.one.counters()["fcs_errors"], 10000)
        self.good_frame_comes()

    def test_others_go_on_during_the_worst_case(self):
        other = self.port()
        reader = self.reader(other)
        octets = nested(65536)
        number = 0
        for at in range(0, len(octets), 8192):
            self.one.send(octets[at:at + 8192])
            number += 1
            other.feed(frames.on_line(frames.numbered(number)))
            self.assertEqual(frames.number_of(reader.read().frame), number)
        self.one.settle()


class Memory(TestCase):
    CYCLES = 100

    def cycle(self):
        with module.Port() as port:
            readers = [port.reader(os.O_NONBLOCK) for _ in range(3)]
            port.feed(frames.on_line(*[frames.numbered(n, 1000) for n in range(10)]))
            for reader in readers:
                self.assertEqual(len(reader.read_now()), 10)
                reader.close()

    def test_many_cycles_do_not_grow_it(self):
        if os.path.exists("/sys/kernel/debug/kmemleak"):
            self.skipTest("this kernel keeps what was freed; kmemleak looks for leaks instead")
        for _ in range(20):
            self.cycle()
        before = module.kernel_memory_kib()
        for _ in range(self.CYCLES):
            self.cycle()
        grown = module.kernel_memory_kib() - before
        # One ring lost per cycle would be 12,800 KiB, one reader's buffer 400.
        self.assertLess(grown, 300, "KiB")

    def test_a_port_takes_no_more_than_is_promised(self):
        ports = [module.Port(attach=False) for _ in range(module.PORTS_MAX)]
        try:
            before = module.kernel_memory_kib()
            for port in ports:
                port.attach()
            each = (module.kernel_memory_kib() - before) / module.PORTS_MAX
        finally:
            for port in ports:
                port.__exit__()
        self.assertGreater(each, 100, "less than its ring: this has measured something else")
        self.assertLess(each, 160)
