#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""seeds.py SIM FOLDER: inputs for the fuzzers to begin with, built by the simulator; FOLDER/FUZZER/..."""
import os
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
from lab import crc_arc  # noqa: E402

MAKERS = ("aidon", "aidon-1p", "aidon-se", "embriq-it", "kaifa", "kaifa-1p", "kaifa-ct", "kaifa-se", "kamstrup",
          "kamstrup-1p", "kamstrup-centivolt")
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


# Messages of other framings and ciphered ones; the keys are those of fuzz_source.
KEYS = ("--key", "000102030405060708090a0b0c0d0e0f", "--auth-key", "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf")
WRAPPED = (
    ("--maker", "kamstrup", "--framing", "hdlc", *KEYS),
    ("--maker", "kamstrup", "--framing", "hdlc", "--segment", "60", *KEYS),
    ("--maker", "lg-e450", "--framing", "hdlc", "--blocks", "100"),
    ("--maker", "lg-e450", "--framing", "hdlc", "--blocks", "100", *KEYS),
    ("--maker", "iskra", "--framing", "hdlc"),
    ("--maker", "kaifa-at", "--framing", "mbus", *KEYS[:2]),
    ("--maker", "kaifa-at", "--framing", "mbus", "--mbus-length", "100", *KEYS),
    ("--maker", "sagemcom-at", "--framing", "mbus", "--mbus-length", "260", *KEYS, "--title", "4B464D0000000001"),
    ("--maker", "aidon", "--framing", "apdu", "--dedicated", *KEYS),
    ("--maker", "aidon", "--framing", "llc", *KEYS[:2]),
    ("--maker", "aidon", "--framing", "apdu", "--blocks", "50"),
    ("--maker", "p1-se"), ("--maker", "dsmr5"), ("--maker", "fluvius", "--p1-crc", "none"), ("--maker", "p1-hu"),
    ("--maker", "p1-lu", *KEYS), ("--maker", "p1-lu", *KEYS[:2]), ("--maker", "p1-se", "--p1-lines", *KEYS),
)

# A list per shape that the user may describe, and a body that the first of them is.
TABLES = b"""list positional {
	manufacturer = "Maker" shape = positional list-id = "ABC" types = "s42" clock = "utc+1" first = "0-0:42.0.0"
	order = { "1-1:0.2.129", 1-0:1.7.0, "-" } elements = 3 scaler-power = 1 scaler-voltage = -1
}
list pairs { shape = pairs list-id = X mark = "0-0:96.1.0" meter-id = "1-0:0.0.1" scaler-energy = 1 }
list rows { shape = rows elements = 2 scaler-current = -2 scaler-power-factor = -3 meter-type = "0-0:96.1.1" }
list objects { shape = objects push-setup = "0-6:25.9.0" clock = cet }
"""
BODY = bytes.fromhex("02030903414243060000007b120001")
# A push with object list: an array of two descriptors, and a value.
OBJECTS = bytes.fromhex("0202010202041200280906000619 0900ff0f0212000002041200030906010001 0700ff0f021200000600000001")


def messages(sim, *args):
    """One of each list."""
    out = subprocess.run([sim, *args, "--to", "lines", "--speed", "0", "--count", "8", "--seed", "1",
                          "--hourly-every", "2", "--start", "2026-03-01T12:00:00"], stdout=subprocess.PIPE, check=True)
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


def mbus(octets):
    """M-Bus frames with these octets, as an Austrian meter cuts them."""
    line, parts = b"", [octets[i:i + 245] for i in range(0, len(octets), 245)]
    for i, part in enumerate(parts):
        fields = bytes([0x53, 0xff, i | (0x10 if i + 1 == len(parts) else 0), 0x01, 0x67]) + part
        line += bytes([0x68, len(fields), len(fields), 0x68]) + fields + bytes([sum(fields) % 256, 0x16])
    return line


def blocks(octets, size):
    """General block transfer with these octets, in blocks of that size."""
    parts = [octets[i:i + size] for i in range(0, len(octets), size)]
    return b"".join(struct.pack(">BBHHB", 0xe0, 0xc0 if i + 1 == len(parts) else 0x40, i + 1, 0, len(part)) + part
                    for i, part in enumerate(parts))


def segments(octets, size):
    """What fuzz_reassembly takes for frames of two senders with these octets in segments."""
    parts = [octets[i:i + size] for i in range(0, len(octets), size)]
    return b"".join(bytes([sender | (2 if i + 1 < len(parts) else 0), 0x13, len(part)]) + part
                    for i, part in enumerate(parts) for sender in (0, 1))


def telegrams():
    """P1: of some countries, and ciphered."""
    swedish = (b"/LGF5E360\r\n\r\n0-0:1.0.0(261122193000W)\r\n1-0:1.8.0(00000896.020*kWh)\r\n1-0:1.7.0(0001.011*kW)\r\n"
               b"1-0:3.7.0(0000.308*kVAr)\r\n1-0:32.7.0(230.1*V)\r\n1-0:31.7.0(000.6*A)\r\n!")
    dutch = (b"/KFM5\\2KAIFA\r\n\r\n1-3:0.2.8(50)\r\n0-0:1.0.0(261122193000S)\r\n0-0:96.1.1(4530303236)\r\n"
             b"1-0:1.8.1(000123.456*kWh)\r\n0-0:96.14.0(0002)\r\n0-0:96.7.21(00004)\r\n"
             b"1-0:99.97.0(1)(0-0:96.7.19)(101208152415W)(0000000240*s)\r\n0-0:96.13.0()\r\n0-1:24.1.0(003)\r\n"
             b"0-1:96.1.0(3232323241)\r\n0-1:24.2.1(261122190000W)(12785.123*m3)\r\n!")
    old = (b"/ISk5\\2MT382\n1-0:1.8.1(00001.001*kWh)\n"
           b"0-1:24.3.0(090212160000)(00)(60)(1)(0-1:24.2.1)(m3)\n(00001.250)\n"
           b"0-2:24.2.1(090212160000)(1.5*GJ)\n!\n")
    ciphered = b"/EGM5G35\r\n\r\n\0\x82\0\x20\x30\0\0\0\1" + bytes(range(27)) + b"!FE0C\r\n"
    tagged = b"/ABC5\r\n\r\n\xdb\x08KAM12345\x20\x30\0\0\0\1" + bytes(range(27)) + b"!\r\n"
    for text in (swedish, dutch):
        yield text + b"%04X\r\n" % crc_arc(text)
        yield text + b"0000\r\n" + text[:-30] + text
    yield from (old, ciphered, tagged, tagged[:30] + ciphered)


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
            for line in messages(sim, "--maker", maker, "--framing", framing):
                octets = bytes.fromhex(line.decode())
                put("fuzz_link", line)
                put("fuzz_link", octets)
                put("fuzz_source", b"\1" + line)
                for how in range(5):
                    put("fuzz_source", bytes([how]) + octets)
                if framing == "apdu":
                    put("fuzz_mbus", b"\x20" + mbus(octets))
                    put("fuzz_reassembly", b"\1" + blocks(octets, 100))
                if framing == "llc":
                    put("fuzz_reassembly", b"\0" + segments(octets, 120))
                if framing == "hdlc":
                    put("fuzz_framer", b"\x20" + octets)
                    put("fuzz_record", b"\0" + record(octets))
                else:
                    put("fuzz_message", bytes([framing == "body"]) + octets)
    line = b""
    for args in WRAPPED:
        for text in messages(sim, *args):
            octets = bytes.fromhex(text.decode())
            put("fuzz_source", b"\1" + text)
            for how in range(5):
                put("fuzz_source", bytes([how]) + octets)
            line += octets
    # One framing behind the other, with and without times.
    put("fuzz_source", b"\4" + line)
    put("fuzz_source", b"\x84" + line)
    for text in telegrams():
        for how in (0, 1, 50):
            put("fuzz_p1", bytes([how]) + text)
    put("fuzz_record", b"\1" + port())
    # The example of the Green Book: with and without its tag, in the other forms of the length; a key file.
    title = bytes.fromhex("db084d4d4d0000bc614e")
    counter, text, tag = (bytes.fromhex(h) for h in ("01234567", "411312ff935a47566827c467bc",
                                                     "7d825c3be4a77c3fcc056b6b"))
    for how, octets in ((0, title + b"\x1e\x30" + counter + text + tag), (0, title + b"\x12\x20" + counter + text),
                        (0, 2 * (title + b"\x81\x12\x21" + counter + text)),
                        (2, b"\0\x82\0\x1e\x30" + counter + text + tag),
                        (4, title + b"\x82\0\x1e\x30" + counter + text + tag)):
        put("fuzz_cipher", bytes([how]) + octets)
    put("fuzz_cipher", b"\1# keys\nKAM4E4C5FA3A1 000102030405060708090a0b0c0d0e0f unverified\n" + 64 * b"D0" + b"\n")
    put("fuzz_message", b"\1" + OBJECTS)
    put("fuzz_tables", TABLES + b"\0" + BODY)
    put("fuzz_tables", TABLES + b"\0" + OBJECTS)
    with open(os.path.join(TOP, "daemon", "data", "amshand.conf"), "rb") as f:
        default = f.read()
    put("fuzz_config", default)
    # With every example in it switched on.
    put("fuzz_config", b"\n".join(line.lstrip(b"#") for line in default.splitlines()))


if __name__ == "__main__":
    main()
