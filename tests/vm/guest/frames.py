# SPDX-License-Identifier: GPL-2.0
"""Octets for the line: an encoder of this folder's own, and what the framer of user space makes of octets.

The encoder shares nothing with the project's C code.  framedump (BUILD/tests/framedump) is the project's
framer in user space: the module must deliver the same frames and count the same.
"""
import glob
import json
import os
import random
import subprocess
import tempfile

FLAG = b"\x7e"
FRAME_MAX = 2047
HEAD = b"\x41\x08\x83\x13"          # addresses of one and two octets, control
OVERHEAD = 2 + len(HEAD) + 2 + 2    # format field, addresses and control, HCS, FCS

BUILD = os.environ.get("BUILD", "/amshan/build")
SIM = os.path.join(BUILD, "tests", "amshan-sim")
FRAMEDUMP = os.path.join(BUILD, "tests", "framedump")
CORPUS = os.environ.get("AMSHAN_CORPUS", "")

MAKERS = ("aidon", "aidon-1p", "aidon-it", "aidon-se", "embriq", "embriq-it", "kaifa", "kaifa-1p", "kaifa-it",
          "kaifa-t3", "kaifa-ct", "kaifa-se", "kamstrup", "kamstrup-1p", "kamstrup-1q", "kamstrup-se",
          "kamstrup-centivolt", "kamstrup-ct")


def crc_row(octet):
    for _ in range(8):
        octet = octet >> 1 ^ (0x8408 if octet & 1 else 0)
    return octet


CRC = [crc_row(octet) for octet in range(256)]


def crc16(data):
    """The check sequence of HDLC (ISO/IEC 13239), as it stands on the line."""
    crc = 0xFFFF
    for octet in data:
        crc = crc >> 8 ^ CRC[(crc ^ octet) & 0xFF]
    return (crc ^ 0xFFFF).to_bytes(2, "little")


def make_header(length, segmented=False, head=HEAD):
    """Format field through HCS for a frame of so many octets."""
    begin = (0xA000 | (0x0800 if segmented else 0) | length).to_bytes(2, "big") + head
    return begin + crc16(begin)


def make_frame(info=b"", segmented=False, head=HEAD):
    """A frame from its format field through its FCS, without flags."""
    if not info:
        return make_header(2 + len(head) + 2, segmented, head)
    body = make_header(2 + len(head) + 2 + len(info) + 2, segmented, head) + info
    return body + crc16(body)


def numbered(number, length=64):
    """A frame of so many octets that tells its number, and has flags inside."""
    room = length - OVERHEAD
    info = number.to_bytes(4, "big") + b"\x7e\x7e"
    return make_frame((info + bytes(range(256)) * (room // 256 + 1))[:room])


def number_of(frame):
    return int.from_bytes(frame[OVERHEAD - 2:OVERHEAD + 2], "big")


def on_line(*frames):
    """Frames with a flag before and behind each."""
    return b"".join(FLAG + frame + FLAG for frame in frames)


def pieces(octets, seed, most=4096):
    """The octets cut at random, in their order."""
    rng = random.Random(seed)
    at = 0
    while at < len(octets):
        n = min(rng.choice((1, 2, 7, 64, most)), rng.randint(1, most))
        yield octets[at:at + n]
        at += n


def framedump(streams):
    """What user space makes of each stream: [(frames, counters)]."""
    with tempfile.TemporaryDirectory(prefix="framedump-") as folder:
        names = []
        for number, octets in enumerate(streams):
            names.append(os.path.join(folder, "%d" % number))
            with open(names[-1], "wb") as f:
                f.write(octets)
        out = subprocess.run([FRAMEDUMP, *names], stdout=subprocess.PIPE, check=True).stdout.decode()
    results, found = [], []
    for line in out.splitlines():
        if line.startswith("{"):
            results.append((found, json.loads(line)))
            found = []
        else:
            found.append(bytes.fromhex(line))
    if len(results) != len(streams):
        raise AssertionError("framedump gave %d results for %d streams" % (len(results), len(streams)))
    return results


def sim(*args):
    """The octets that the simulator sends with these options."""
    return subprocess.run([SIM, "--speed", "0", "--seed", "7", "--start", "2026-03-01T12:00:00", *map(str, args)],
                          stdout=subprocess.PIPE, check=True).stdout


def corpus():
    """The HDLC streams of the corpus as {name: octets}; empty without a corpus."""
    streams = {}
    for path in sorted(glob.glob(os.path.join(CORPUS, "*.json"))) if CORPUS else ():
        with open(path) as f:
            meta = json.load(f)
        if meta.get("framing") != "hdlc" or not meta["file"].endswith(".hex"):
            continue
        with open(os.path.join(CORPUS, meta["file"]), "rb") as f:
            text = b"".join(line for line in f.read().splitlines() if not line.startswith(b"#"))
        streams[meta["name"]] = bytes.fromhex(text.decode())
    return streams
