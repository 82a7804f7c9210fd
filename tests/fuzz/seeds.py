#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""seeds.py SIM FOLDER: inputs for the fuzzers to begin with, built by the simulator; FOLDER/FUZZER/..."""
import os
import struct
import subprocess
import sys

MAKERS = ("aidon", "aidon-1p", "aidon-se", "embriq-it", "kaifa", "kaifa-1p", "kaifa-ct", "kaifa-se", "kamstrup",
          "kamstrup-1p", "kamstrup-centivolt")
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def messages(sim, maker, framing):
    """One of each list."""
    out = subprocess.run([sim, "--maker", maker, "--to", "lines", "--speed", "0", "--count", "8", "--seed", "1",
                          "--hourly-every", "2", "--start", "2026-03-01T12:00:00", "--framing", framing],
                         stdout=subprocess.PIPE, check=True)
    return {len(line): line for line in out.stdout.split()}.values()


def record(octets):
    """What /dev/amshanN would give for a frame with its flags."""
    frame = octets[1:-1]
    return struct.pack("=HHIQQQQ", 40, len(frame), 0, 7, 10**12, 10**18, 0) + frame


def port():
    """The attributes of a port, as the module would send them."""
    def attribute(kind, payload):
        return struct.pack("=HH", 4 + len(payload), kind) + payload + bytes(-len(payload) % 4)

    stats = b"".join(attribute(kind, struct.pack("=Q", kind)) for kind in range(2, 19))
    return (attribute(2, struct.pack("=I", 3)) + attribute(3, b"ttyUSB0\0") + attribute(4, struct.pack("=I", 188)) +
            attribute(5, struct.pack("=I", 0)) + attribute(6, struct.pack("=Q", 10**12)) +
            attribute(7, struct.pack("=Q", 10**18)) + attribute(8, stats))


def main():
    sim, folder = sys.argv[1:]
    count = {}

    def put(fuzzer, octets):
        count[fuzzer] = count.get(fuzzer, 0) + 1
        path = os.path.join(folder, fuzzer)
        os.makedirs(path, exist_ok=True)
        with open(os.path.join(path, "seed-%03d" % count[fuzzer]), "wb") as f:
            f.write(octets)

    for maker in MAKERS:
        for framing in ("hdlc", "llc", "apdu", "body"):
            for line in messages(sim, maker, framing):
                octets = bytes.fromhex(line.decode())
                put("fuzz_link", line)
                put("fuzz_link", octets)
                put("fuzz_source", b"\1" + line)
                for how in range(3):
                    put("fuzz_source", bytes([how]) + octets)
                if framing == "hdlc":
                    put("fuzz_framer", b"\x20" + octets)
                    put("fuzz_record", b"\0" + record(octets))
                else:
                    put("fuzz_message", bytes([framing == "body"]) + octets)
    put("fuzz_record", b"\1" + port())
    with open(os.path.join(TOP, "daemon", "data", "amshand.conf"), "rb") as f:
        default = f.read()
    put("fuzz_config", default)
    # With every example in it switched on.
    put("fuzz_config", b"\n".join(line.lstrip(b"#") for line in default.splitlines()))


if __name__ == "__main__":
    main()
