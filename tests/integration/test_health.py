# SPDX-License-Identifier: GPL-2.0
"""What the daemon says of a source that does not deliver, and what it does meanwhile."""
import subprocess
import time
import unittest

import lab
from daemon_lab import Line, View, by_length, frames, source


class WhatIsWrong(unittest.TestCase):
    def test_a_segment_without_an_end_is_no_message(self):
        whole = by_length("kamstrup")[0]
        segment = frames("kamstrup", 1, "--segmented", "1")[0]
        # What follows begins a message of its own: the segment before it belongs to none.
        with lab.Folder() as folder, lab.Bus() as bus, Line() as line:
            view = View(bus)
            with lab.Daemon(folder, source("house", line.uri()), bus):
                line.wait_client().send(segment + whole + whole)
                lab.wait_for(lambda: view.sources()["house"]["Counters"]["frames"] == 3)
                counters = view.sources()["house"]["Counters"]
                self.assertEqual((counters["segments_broken"], counters["messages"], counters["malformed"]), (1, 2, 0))

    def test_each_stage_has_its_word(self):
        good = by_length("kamstrup")[0]
        bad_fcs = good[:-3] + bytes([good[-3] ^ 1]) + good[-2:]
        bad_hcs = good[:6] + bytes([good[6] ^ 1]) + good[7:]
        segmented = frames("kamstrup", 1, "--segmented", "1")[0]
        key = ("--key", "000102030405060708090a0b0c0d0e0f")
        p1, mbus = frames("p1-se", 1)[0], frames("kaifa-at", 1)[0]
        parts = frames("kaifa-at", 1, "--mbus-length", "100")[0]
        want = {
            "silent": (b"", "no-octets"),
            "noflags": (b"\x00\x11\x22\x33" * 20, "no-flags"),
            "badhcs": (bad_hcs, "bad-hcs"),
            "badfcs": (bad_fcs, "bad-fcs"),
            "lossy": (good[:40] + good[42:], "bad-fcs"),
            "segmented": (segmented, "incomplete"),
            "good": (good, "ok"),
            "p1text": (b"1-0:1.7.0(00.1*kW)\r\n" * 5, "no-flags"),
            "p1wrong": (p1[:-6] + b"0001\r\n", "bad-crc"),
            "p1endless": (p1[:-8], "bad-crc"),
            "p1good": (p1, "ok"),
            "mbuswrong": (mbus[:-2] + bytes([mbus[-2] ^ 1]) + mbus[-1:], "bad-crc"),
            "mbuslossy": (mbus[:40] + mbus[42:], "bad-crc"),
            "mbuspart": (parts[:parts.index(b"\x16\x68", 1) + 1], "incomplete"),
            "mbusgood": (mbus, "ok"),
            "mbuskey": (frames("kaifa-at", 1, *key)[0], "encrypted"),
            "p1key": (frames("p1-lu", 1, *key)[0], "encrypted"),
            "hdlckey": (frames("kamstrup", 1, *key)[0], "encrypted"),
            "barekey": (frames("kamstrup", 1, "--framing", "apdu", *key)[0], "encrypted"),
            "baregood": (frames("kamstrup", 1, "--framing", "apdu")[0], "ok"),
        }
        with lab.Folder() as folder, lab.Bus() as bus:
            lines = {name: Line() for name in want}
            view = View(bus)
            try:
                conf = "".join(source(name, line.uri()) for name, line in lines.items())
                with lab.Daemon(folder, conf, bus) as daemon:
                    for name, line in lines.items():
                        line.wait_client()
                    end = time.monotonic() + 60
                    while time.monotonic() < end:
                        for name, (octets, _) in want.items():
                            try:
                                lines[name].send(octets)
                            except OSError:
                                lines[name].clients = lines[name].clients[-1:]
                        have = {n: s["Health"] for n, s in view.sources().items()}
                        if have == {n: word for n, (_, word) in want.items()}:
                            break
                        time.sleep(1)
                    self.assertEqual(have, {n: word for n, (_, word) in want.items()})
                    for name in want:
                        if name != "good":
                            said = [x for x in daemon.log().splitlines() if x.startswith(name + ": ")]
                            self.assertLessEqual(len(said), 3, "said once: %s" % said)
            finally:
                for line in lines.values():
                    line.__exit__()

    def test_what_cannot_be_read_is_said_at_the_first_frame(self):
        def frame(info):
            return subprocess.run([lab.PYTHON, "-c", FRAME % info.hex()], stdout=subprocess.PIPE,
                                  check=True).stdout
        encrypted = frame(bytes.fromhex("e6e700db084b414d4501020304") + bytes([30, 0x30]) + bytes(29))
        other = frame(bytes.fromhex("e6e700c4014100") + bytes(20))
        unknown = frame(bytes.fromhex("e6e7000f00000001000203110111021103"))
        with lab.Folder() as folder, lab.Bus() as bus:
            view = View(bus)
            with Line() as a, Line() as b, Line() as c:
                conf = source("a", a.uri()) + source("b", b.uri()) + source("c", c.uri())
                with lab.Daemon(folder, conf, bus) as daemon:
                    a.wait_client().send(encrypted)
                    b.wait_client().send(other)
                    c.wait_client().send(unknown)
                    view.wait_source("a", "Health", "encrypted", 5)
                    view.wait_source("b", "Health", "unsupported", 5)
                    view.wait_source("c", "Health", "unknown-list", 5)
                    self.assertEqual(view.sources()["a"]["SystemTitle"], "4B414D4501020304")
                    self.assertIn("KAM4501020304", view.sources()["a"]["HealthText"])
                    for _ in range(5):
                        a.send(encrypted)
                    lab.wait_for(lambda: view.sources()["a"]["Counters"]["encrypted"] == 6)
                    self.assertEqual(daemon.log().count("encrypted"), 1, "said once")
                    self.assertEqual(view.meters(), {})


FRAME = r"""
import sys
def crc(data):
    c = 0xffff
    for o in data:
        c ^= o
        for _ in range(8):
            c = c >> 1 ^ 0x8408 if c & 1 else c >> 1
    return (c ^ 0xffff).to_bytes(2, "little")
info = bytes.fromhex("%s")
head = (0xa000 + 2 + 2 + 1 + 2 + len(info) + 2).to_bytes(2, "big") + b"\x2b\x21\x13"
body = head + crc(head) + info
sys.stdout.buffer.write(b"\x7e" + body + crc(body) + b"\x7e")
"""


if __name__ == "__main__":
    unittest.main()
