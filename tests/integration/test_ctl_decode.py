# SPDX-License-Identifier: GPL-2.0
"""amshanctl decode: captures in all forms give exactly what the simulator put in, and nothing else."""
import json
import select
import subprocess
import unittest

import lab
from ctl_lab import sim

MAKERS = ("aidon", "aidon-1p", "aidon-it", "aidon-se", "embriq", "embriq-it", "kaifa", "kaifa-1p", "kaifa-it",
          "kaifa-t3", "kaifa-ct", "kaifa-se", "kamstrup", "kamstrup-1p", "kamstrup-1q", "kamstrup-se",
          "kamstrup-centivolt", "kamstrup-ct")


def decode(*args, octets=None):
    return subprocess.run([lab.AMSHANCTL, "decode", *args], input=octets, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60)


def objects(out):
    return [json.loads(line) for line in out.decode().splitlines()]


def readings(message):
    """A decoded message without what no meter sends: the label, and the mark of what had no checksum."""
    return {k: v for k, v in message.items() if k not in ("meter_manufacturer", "unverified")}


class Decode(unittest.TestCase):
    maxDiff = None

    def check_truth(self, run, truth):
        self.assertEqual(run.stderr.decode(), "")
        self.assertEqual(run.returncode, 0)
        self.assertEqual([readings(m) for m in objects(run.stdout)], [t["readings"] for t in truth])

    def test_every_maker_in_every_framing(self):
        for maker in MAKERS:
            for framing in ("hdlc", "llc", "apdu"):
                with self.subTest(maker=maker, framing=framing):
                    octets, truth = sim("--maker", maker, "--framing", framing, "--count", "20")
                    run = decode("--json", octets=octets)
                    self.check_truth(run, truth)
                    # A frame has checksums, an APDU has none.
                    self.assertEqual({m.get("unverified", False) for m in objects(run.stdout)}, {framing != "hdlc"})

    def test_hex_text_one_message_per_line(self):
        for framing in ("hdlc", "llc", "apdu", "body"):
            with self.subTest(framing=framing):
                text, truth = sim("--maker", "kamstrup", "--framing", framing, "--to", "lines", "--count", "20")
                if framing == "body":
                    # The time is in the header, which is not there.
                    for t in truth:
                        if t["list"] != 3:
                            t["readings"].pop("meter_time", None)
                self.check_truth(decode("--json", octets=text), truth)

    def test_hex_text_in_a_file_with_comments_and_wrapped_lines(self):
        octets, truth = sim("--count", "30")
        digits = octets.hex().upper()
        text = "# a capture\n" + "\n".join(digits[i:i + 50] for i in range(0, len(digits), 50)) + "\n# the end\n"
        with lab.Folder() as folder:
            self.check_truth(decode("--json", folder.write("capture.hex", text)), truth)
            self.check_truth(decode("--json", "-", octets=text.encode()), truth)

    def test_a_frame_is_printed_as_soon_as_it_is_whole(self):
        octets, truth = sim("--count", "2")
        first = octets.index(b"\x7e", 1) + 1
        p = subprocess.Popen([lab.AMSHANCTL, "decode", "--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            p.stdin.write(octets[:first])
            p.stdin.flush()
            self.assertTrue(select.select([p.stdout], [], [], 10)[0], "nothing came")
            self.assertEqual(readings(json.loads(p.stdout.readline())), truth[0]["readings"])
            out, _ = p.communicate(octets[first:], timeout=10)
            self.assertEqual([readings(m) for m in objects(out)], [truth[1]["readings"]])
        finally:
            p.kill()
            p.communicate()

    def test_damage_costs_the_damaged_messages_only(self):
        for fault in (("--flip", "0.3"), ("--lose", "0.3"), ("--double", "0.3"), ("--cut", "0.3"),
                      ("--noise", "0.5"), ("--shared-flag",), ("--noise", "0.3", "--flip", "0.2", "--lose", "0.2")):
            with self.subTest(fault=fault):
                octets, truth = sim("--count", "60", *fault)
                good = [t["readings"] for t in truth if not t["damaged"]]
                run = decode("--json", octets=octets)
                self.assertEqual([readings(m) for m in objects(run.stdout)], good)
                self.assertEqual(run.returncode, 0)
                if len(good) < len(truth):
                    self.assertRegex(run.stderr.decode(), r"^amshanctl: standard input: %d messages decoded; \d+ .*\n$"
                                     % len(good))

    def test_text_has_names_values_and_units(self):
        octets, truth = sim("--count", "1")
        run = decode(octets=octets)
        self.assertEqual(run.returncode, 0)
        lines = [line.split() for line in run.stdout.decode().splitlines()]
        self.assertEqual(lines[0][:2], ["Aidon", "AIDON_V0001,"])
        self.assertEqual(lines[1], ["NAME", "VALUE", "UNIT"])
        self.assertIn(["active_power_import", str(truth[0]["readings"]["active_power_import"]), "W"], lines)
        self.assertIn(["voltage_l1", "%.1f" % truth[0]["readings"]["voltage_l1"], "V"], lines)
        self.assertIn(["meter_id", truth[0]["readings"]["meter_id"]], lines)

    def test_an_unknown_list_is_shown_as_it_is(self):
        # structure of long-unsigned 1, visible-string "abc", {OBIS 1-1:5.8.0, double-long 42}
        octets = bytes.fromhex("0f00000000000203 120001 0a03616263 0202 090601010508 00ff 050000002a")
        run = decode("--json", octets=octets)
        self.assertEqual(run.returncode, 0)
        self.assertEqual(objects(run.stdout), [{"element_1": 1, "element_2": "abc", "1-1:5.8.0": 42}])
        run = decode(octets=octets)
        self.assertEqual(run.stdout.decode().splitlines(), [
            "Unknown maker, 3 elements",
            "  structure, 3 elements",
            "    long-unsigned 1",
            "    visible-string abc",
            "    structure, 2 elements",
            "      octet-string 1-1:5.8.0 reactive_energy_q1",
            "      double-long 42",
        ])

    def test_a_tree_tells_what_a_table_needs(self):
        # structure of "ABC", 123 (u32), 2301 (u16)
        octets = bytes.fromhex("0f0000000000 0203 0903414243 060000007b 1208fd")
        run = decode("--tree", octets=octets)
        self.assertEqual(run.stdout.decode().splitlines(), [
            "Unknown maker, 3 elements",
            "  shape = positional, elements = 3",
            "  structure, 3 elements",
            "    1: octet-string ABC",
            "    2: double-long-unsigned 123",
            "    3: long-unsigned 2301",
        ])
        table = """list "mine" {
            manufacturer = "Maker" shape = positional list-id = "ABC"
            order = { "1-1:0.2.129", "1-0:1.7.0", "1-0:32.7.0" } scaler-power = 1 scaler-voltage = -1
        }"""
        with lab.Folder() as folder:
            path = folder.write("mine.conf", table)
            for where in (path, folder.path):
                run = decode("--json", "--tables", where, octets=octets)
                self.assertEqual(objects(run.stdout), [{"meter_manufacturer": "Maker", "list_version": "ABC",
                                                        "active_power_import": 1230, "voltage_l1": 230.1,
                                                        "unverified": True}])
            run = decode("--tree", "--tables=" + path, octets=octets)
            self.assertEqual(run.stdout.decode().splitlines()[-3:], [
                "    1: octet-string ABC = 1-1:0.2.129 list version",
                "    2: double-long-unsigned 123 = 1-0:1.7.0 active_power_import",
                "    3: long-unsigned 2301 = 1-0:32.7.0 voltage_l1",
            ])

            path = folder.write("bad.conf", "list a {\n shape = round elements = 2\n}\n")
            run = decode("--tables", path, octets=octets)
            self.assertEqual((run.returncode, run.stdout), (2, b""))
            self.assertEqual(run.stderr.decode(), '%s:2: shape: "round" is no shape; rows, pairs, positional or '
                             "objects is\namshanctl: --tables: cannot use %s: see above\n" % (path, path))
        run = decode("--tables", "/nowhere", octets=octets)
        self.assertEqual((run.returncode, run.stderr.decode()), (
            2, "amshanctl: --tables: cannot use /nowhere: No such file or directory\n"))

    def test_a_tree_names_codes_scalers_and_units(self):
        octets = bytes.fromhex("0f0000000000 0101 0203 090601002007 00ff 1208fd 02020fff1623")
        self.assertEqual(decode("--tree", octets=octets).stdout.decode().splitlines(), [
            "Unknown maker, 1 element, unverified",
            "NAME       VALUE UNIT",
            "voltage_l1 230.1 V",
            "  shape = rows, elements = 1",
            "  array, 1 element",
            "    structure, 3 elements",
            "      octet-string 1-0:32.7.0 voltage_l1",
            "      long-unsigned 2301",
            "      structure, 2 elements: scaler -1, V",
            "        integer -1",
            "        enum 35",
        ])
        run = decode("--tree", "--json", octets=octets)
        self.assertEqual((run.returncode, run.stderr), (2, b"amshanctl: --tree and --json exclude each other\n"))

    def test_a_scaler_of_the_message_is_applied_to_codes_without_a_name(self):
        # array of {OBIS 1-0:99.7.0, long 1234, {scaler -2, unit V}}
        octets = bytes.fromhex("0f0000000000 0101 0203 090601006307 00ff 1004d2 02020ffe1623")
        self.assertEqual(objects(decode("--json", octets=octets).stdout), [{"1-0:99.7.0": 12.34}])

    def test_several_values_of_a_code_are_all_there(self):
        octets = b"/KAM5\r\n\r\n1-0:99.97.0(2)(0-0:96.7.19)(0000000301*s)\r\n1-0:99.98.0(7)\r\n1-0:1.7.0(1*kW)\r\n!\r\n"
        message = objects(decode("--json", octets=octets).stdout)[0]
        self.assertEqual(message["1-0:99.97.0"], ["2", "0-0:96.7.19", 301])
        self.assertEqual((message["1-0:99.98.0"], message["active_power_import"]), ("7", 1000))

    def test_control_characters_never_come_out(self):
        for text in (b"\x1b[2Jabc", b"a\rb\x07", b"\xc2\x9b31m"):
            octets = bytes.fromhex("0f0000000000 0201 0a") + bytes([len(text)]) + text
            for args in ([], ["--json"]):
                out = decode(*args, octets=octets).stdout
                self.assertNotEqual(out, b"")
                self.assertTrue(all(c == 10 or 32 <= c < 127 for c in out), out)

    def test_why_nothing_was_decoded(self):
        title = bytes.fromhex("db084b414d4501abf43f")
        encrypted, authenticated = title + b"\x14\x20" + bytes(19), title + b"\x14\x30" + bytes(19)
        good, _ = sim("--count", "1")
        bad_fcs = good[:40] + bytes([good[40] ^ 1]) + good[41:]
        bad_hcs = good[:7] + bytes([good[7] ^ 1]) + good[8:]
        for octets, why in (
                (b"", "empty"),
                (b"\n# a comment\n", "empty"),
                (bytes(512), "no HDLC flag (7Eh) in 512 octets"),
                (b"\x7e\x7e\x7e\x01\x7e", "no frame behind the HDLC flags (7Eh) in 5 octets"),
                (b"This is a letter.\n", "text, but no hex digits"),
                (encrypted, "encrypted, system title KAM4501ABF43F, needs an encryption key"),
                (encrypted.hex().encode(), "encrypted, system title KAM4501ABF43F, needs an encryption key"),
                (authenticated, "encrypted, system title KAM4501ABF43F, needs encryption and authentication key"),
                (authenticated * 2, "2 messages: encrypted, system title KAM4501ABF43F, needs encryption and "
                 "authentication key"),
                (bytes.fromhex("db00 10 20") + bytes(15), "encrypted, without a system title, needs an encryption key"),
                (title + b"\x14\x32" + bytes(19), "encrypted, system title KAM4501ABF43F, in a way that cannot be "
                 "read: security control 32h"),
                (encrypted[:-1], "1 malformed message (an element is cut off or of no known type)"),
                (bytes.fromhex("e040 0001 0000 02 0f00"), "1 piece of a message whose end is missing"),
                (bytes.fromhex("e0c0 0003 0000 02 0f00"), "1 piece of messages that are not whole"),
                (bytes.fromhex("e6e700c1000000"), "1 APDU of an unknown kind"),
                (bytes.fromhex("0f0000000000020312"),
                 "1 malformed message (an element is cut off or of no known type)"),
                (bad_fcs, "1 frame with bad FCS"),
                (bad_hcs, "1 header with bad HCS"),
                (good[:-10], "1 frame cut off by the end"),
                (b"/KAM5\r\n\r\n1-0:1.7.0(00.123*kW)\r\n!1234\r\n", "1 telegram with a wrong checksum"),
                (b"/KAM5\r\n\r\n1-0:1.7.0(00.123*kW)\r\n", "1 telegram cut off"),
                (b"/KAM5\r\n\r\n" + b"1-0:1.7.0(00.123*kW)\r\n" * 400, "1 telegram without an end"),
                (bytes.fromhex("68fafa6853ff000167db08") + bytes(600), "1 M-Bus frame with a wrong sum"),
                (bytes.fromhex("68fafa6853ff000167db08") + bytes(30), "1 M-Bus frame cut off by the end")):
            with self.subTest(why=why):
                run = decode("--json", octets=octets)
                self.assertEqual(run.stdout, b"")
                self.assertEqual(run.stderr.decode(), "amshanctl: standard input: %s\n" % why)
                self.assertEqual(run.returncode, 1)

    def test_files_that_cannot_be_read(self):
        for name, why in (("/nonexistent", "No such file or directory"), ("/", "Is a directory")):
            run = decode(name)
            self.assertEqual(run.stderr.decode(), "amshanctl: cannot read %s: %s\n" % (name, why))
            self.assertEqual(run.returncode, 2)

    def test_lines_of_several_meters(self):
        whole, _ = sim("--maker", "kamstrup", "--to", "lines", "--count", "1")
        telegram, _ = sim("--maker", "p1-se", "--to", "lines", "--count", "1", "--p1-crc", "wrong")
        foreign = b"680a0a68080172000000000000007b16\n"
        run = decode("--json", octets=whole + telegram + foreign + whole)
        self.assertEqual(len(objects(run.stdout)), 2)
        self.assertEqual(run.stderr.decode(), "amshanctl: standard input: 2 messages decoded; 1 telegram with a wrong "
                         "checksum; 1 M-Bus frame that carries no DLMS\n")
        run = decode("--json", octets=foreign)
        self.assertEqual((run.returncode, run.stderr.decode()),
                         (1, "amshanctl: standard input: 1 M-Bus frame that carries no DLMS\n"))

    def test_what_cannot_be_written_is_a_failure(self):
        octets, _ = sim("--count", "1")
        with open("/dev/full", "w") as full:
            run = subprocess.run([lab.AMSHANCTL, "decode"], input=octets, stdout=full, stderr=subprocess.PIPE,
                                 timeout=60)
        self.assertIn("cannot write", run.stderr.decode())
        self.assertEqual(run.returncode, 1)


if __name__ == "__main__":
    unittest.main()
