# SPDX-License-Identifier: GPL-2.0
"""Every form that the simulator can build, in every envelope, read by amshanctl and by amshand.

The simulator writes down what it sent; each of these readings, and no other number, must come out: of
amshanctl decode for each message, of the daemon's objects on the bus for the last one.
"""
import json
import os
import re
import subprocess
import unittest

import lab
from sources_lab import METER, SourceTest, section

KEY = "000102030405060708090A0B0C0D0E0F"
AUTH_KEY = "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"
START = ["--start", "2026-07-01T12:00:00Z", "--seed", "7"]

LISTS = ("kamstrup-dk", "lg-e450", "lg-e360", "iskra", "kaifa-at", "sagemcom-at")
TELEGRAMS = ("dsmr5", "fluvius", "p1-se", "kamstrup-p1", "p1-lu", "p1-hu")
NORDIC = ("aidon", "aidon-se", "embriq-it", "kaifa", "kaifa-ct", "kamstrup", "kamstrup-1p", "kamstrup-ct")

PLAIN = {
    "hdlc": ("--framing", "hdlc"),
    "segments": ("--framing", "hdlc", "--segment", 60),
    "blocks": ("--framing", "hdlc", "--blocks", 80),
    "mbus": ("--framing", "mbus"),
    "mbus, many frames": ("--framing", "mbus", "--mbus-length", 60),
    "mbus, wrapped length": ("--framing", "mbus", "--mbus-length", 511),
    "mbus, blocks": ("--framing", "mbus", "--blocks", 100),
    "llc": ("--framing", "llc"),
    "apdu": ("--framing", "apdu"),
}
CIPHERED = {
    "encrypted": ("--key", KEY),
    "21": ("--key", KEY, "--security", "21"),
    "with a tag": ("--key", KEY, "--auth-key", AUTH_KEY),
    "dedicated": ("--key", KEY, "--auth-key", AUTH_KEY, "--dedicated"),
}

# Of numbers that a message has beside the simulator's readings: what the lines of P1 say that never changes.
FIXED = {"breaker_state", "active_power_limit", "current_limit_l1", "frequency", "valve_state"}
TEXTS = {"meter_id", "meter_type", "meter_manufacturer", "list_version", "meter_time", "unverified"}


def numbers(readings):
    """What is a number of a quantity, not what only has an OBIS code for a name."""
    return {k: v for k, v in readings.items() if k not in TEXTS | FIXED | {"channel"} and ":" not in k}


def camel(name):
    return "".join(word.capitalize() for word in name.split("_"))


class Sent:
    """A run of the simulator: octets, and what was in them, a gas meter's message behind its neighbour's."""

    def __init__(self, folder, *args, count=6):
        path = folder.file("truth")
        self.octets = subprocess.run([lab.SIM, "--speed", "0", "--count", str(count), "--truth", path, *START,
                                      *map(str, args)], stdout=subprocess.PIPE, check=True, timeout=30).stdout
        with open(path) as f:
            self.truth = [json.loads(line) for line in f]

    def messages(self):
        for line in self.truth:
            if line["damaged"]:
                continue
            yield line["readings"], line["missing"]
            if line["channel"]:
                yield line["channel"], []


class Decode(unittest.TestCase):
    """amshanctl decode --json."""

    def setUp(self):
        self.folder = self.enterContext(lab.Folder())

    def decode(self, octets, *args):
        run = subprocess.run([lab.AMSHANCTL, "decode", "--json", *args], input=octets, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, timeout=30)
        return run.returncode, [json.loads(line) for line in run.stdout.splitlines()], run.stderr.decode()

    def assert_message(self, got, sent, missing):
        """What is sent as 0 though not measured may be told by what other messages said, or not."""
        self.assertEqual({k: v for k, v in numbers(got).items() if k not in missing or v},
                         {k: v for k, v in numbers(sent).items() if k not in missing})
        if "meter_time" in sent:
            self.assertEqual(got["meter_time"][:19], sent["meter_time"][:19])
        for name in TEXTS & set(sent) - {"meter_time"}:
            self.assertEqual(got.get(name), sent[name])

    def assert_decodes(self, sent, *args):
        code, got, why = self.decode(sent.octets, *args)
        self.assertEqual(code, 0, why)
        messages = list(sent.messages())
        self.assertEqual(len(got), len(messages), why)
        for one, (other, missing) in zip(got, messages):
            self.assert_message(one, other, missing)

    def test_every_list_in_every_envelope(self):
        for maker in LISTS + NORDIC:
            for what, args in PLAIN.items():
                with self.subTest(maker=maker, envelope=what):
                    self.assert_decodes(Sent(self.folder, "--maker", maker, "--hourly-every", 2, *args))

    def test_every_list_ciphered_in_every_envelope(self):
        keys = ("--key", KEY, "--auth-key", AUTH_KEY)
        for maker in LISTS + NORDIC[:2]:
            for what, args in PLAIN.items():
                with self.subTest(maker=maker, envelope=what):
                    self.assert_decodes(Sent(self.folder, "--maker", maker, *args, *keys), *keys)

    def test_every_way_of_ciphering(self):
        for what, args in CIPHERED.items():
            keys = args[:4] if "--auth-key" in args else args[:2]
            for maker in ("kaifa-at", "p1-lu"):
                with self.subTest(maker=maker, ciphered=what):
                    self.assert_decodes(Sent(self.folder, "--maker", maker, *args), *keys)

    def test_every_telegram(self):
        for maker in TELEGRAMS:
            with self.subTest(maker):
                self.assert_decodes(Sent(self.folder, "--maker", maker))

    def test_ciphered_telegrams_in_every_envelope(self):
        keys = ("--key", KEY, "--auth-key", AUTH_KEY)
        for maker in TELEGRAMS:
            for args in (("--framing", "p1"), ("--framing", "p1", "--p1-lines"),
                         *[PLAIN[k] for k in ("hdlc", "segments", "blocks", "mbus", "apdu")]):
                with self.subTest(maker=maker, envelope=args):
                    if maker in ("dsmr5", "fluvius") and "p1" not in args:
                        args = [re.sub("^(50|60|80)$", "200", str(a)) for a in args]
                    self.assert_decodes(Sent(self.folder, "--maker", maker, *args, *keys), *keys)

    def test_checksums_of_telegrams(self):
        for crc, count, unverified in (("good", 6, None), ("none", 6, True), ("zero", 6, True), ("wrong", 0, None)):
            with self.subTest(crc):
                sent = Sent(self.folder, "--maker", "p1-se", "--p1-crc", crc)
                code, got, why = self.decode(sent.octets)
                self.assertEqual((code, len(got)), (0 if count else 1, count), why)
                for one, (other, missing) in zip(got, sent.messages()):
                    self.assert_message(one, other, missing)
                    self.assertEqual(one.get("unverified"), unverified)

    def test_without_the_key_nothing_is_read(self):
        for args in (("--key", "00" * 16, "--auth-key", AUTH_KEY), ("--key", KEY), ()):
            code, got, why = self.decode(Sent(self.folder, "--maker", "p1-lu", "--key", KEY, "--auth-key",
                                              AUTH_KEY).octets, *args)
            self.assertEqual((code, got), (1, []))
            self.assertRegex(why, "SIM")
            self.assertNotIn(KEY, why)

    def test_damaged_messages_are_not_read(self):
        """The others are, all of them, and nothing that was not sent."""
        kinds = {"telegrams": ("--maker", "p1-se"), "mbus": ("--maker", "kaifa-at", "--mbus-length", 90),
                 "segments": ("--maker", "lg-e450", "--segment", 90), "blocks": ("--maker", "lg-e450", "--blocks", 90),
                 "ciphered": ("--maker", "sagemcom-at", "--key", KEY, "--auth-key", AUTH_KEY)}
        faults = {"flip": ("--flip", 0.3), "lose": ("--lose", 0.3), "double": ("--double", 0.3), "cut": ("--cut", 0.3),
                  "noise": ("--noise", 0.5), "lost part": ("--lose-part", 0.3), "part twice": ("--double-part", 0.3)}
        for what, args in kinds.items():
            for fault, how in faults.items():
                with self.subTest(kind=what, fault=fault):
                    sent = Sent(self.folder, *args, *how, count=300)
                    code, got, why = self.decode(sent.octets, "--key", KEY, "--auth-key", AUTH_KEY)
                    self.assertEqual(code, 0, why)
                    messages = [m for m, _ in sent.messages()]
                    if fault == "part twice":	# a telegram that comes twice is read twice
                        got = list({one["meter_time"]: one for one in got}.values())
                    self.assertEqual([numbers(one) for one in got], [numbers(m) for m in messages])

class Daemon(SourceTest):
    """amshand: what the last message of each meter said is on the bus."""

    KEYS = ("--key", KEY, "--auth-key", AUTH_KEY)
    WAYS = {
        "list": [("--maker", maker) for maker in LISTS],
        "telegram": [("--maker", maker) for maker in TELEGRAMS],
        "ciphered": [("--maker", "kaifa-at", *KEYS), ("--maker", "p1-lu", *KEYS),
                     ("--maker", "kamstrup-dk", *KEYS, "--segment", 90), ("--maker", "lg-e450", *KEYS, "--blocks", 90),
                     ("--maker", "p1-hu", *KEYS, "--framing", "mbus")],
    }

    def truth(self, path):
        with open(path) as f:
            return [json.loads(line) for line in f if line.endswith("\n")]

    def properties(self, source, via):
        """All numbers of the meter of a source, or of the one behind it."""
        for interfaces in self.bus.managed().values():
            meter = interfaces.get(METER, {})
            if meter.get("Source") == source and bool(meter.get("Via")) == via:
                return {k: v for values in interfaces.values() for k, v in values.items()}
        return {}

    def assert_read(self, daemon, name, truth, count):
        daemon.wait_count(name, "messages", count)
        last = truth[-1]
        for readings, via in ((last["readings"], False), (last["channel"], True)):
            if not readings:
                continue
            want = {camel(k): float(v) for k, v in numbers(readings).items() if k not in last["missing"]}
            lab.wait_for(lambda: want.items() <= self.properties(name, via).items(), 5,
                         why=lambda: "%s: %r is not in %r\n%s" % (name, want, self.properties(name, via), daemon.log()))
            if "meter_id" in readings:
                self.assertEqual(self.properties(name, via)["MeterId"], readings["meter_id"])

    def runs(self):
        """Each meter with a number, a title and counters of its own."""
        keys = []
        for n, args in enumerate(a for ways in self.WAYS.values() for a in ways):
            title = "53494D%010X" % n
            keys.append("%s %s %s\n" % (title, KEY, AUTH_KEY))
            args += "--id", str(70000000 + n)
            yield "m%d" % n, (*args, "--title", title) if "--key" in args else args
        self.folder.write("keys", "".join(keys), 0o600)

    def daemon_with(self, uris, more=""):
        conf = 'key-file = "%s"\n' % self.folder.file("keys")
        return self.daemon(conf, *[section(name, uri) for name, uri in uris.items()], more)

    def start(self, name, args, to):
        return self.enterContext(lab.Sim("--to", to, "--wait", "--speed", 100, "--count", 5, "--truth",
                                         self.folder.file(name), *START, *args))

    def test_tcp(self):
        runs = dict(self.runs())
        ports = {}
        for name, args in runs.items():
            sim = self.start(name, args, "tcp:0")
            sim.wait_log("port")
            ports[name] = re.search(r"port (\d+)", sim.log()).group(1)
        daemon = self.daemon_with({name: "tcp://127.0.0.1:" + port for name, port in ports.items()})
        for name, args in runs.items():
            with self.subTest(args=args):
                self.check(daemon, name)

    def check(self, daemon, name):
        path = self.folder.file(name)
        lab.wait_for(lambda: os.path.exists(path) and len(self.truth(path)) == 5, why=daemon.log)
        truth = self.truth(path)
        self.assert_read(daemon, name, truth, 5 + sum(bool(line["channel"]) for line in truth))

    def test_serial(self):
        runs = dict(self.runs())
        for name, args in runs.items():
            self.start(name, args, "pty:" + self.folder.file("tty-" + name))
        for name in runs:
            lab.wait_for(lambda name=name: os.path.exists(self.folder.file("tty-" + name)))
        daemon = self.daemon_with({name: "serial:" + self.folder.file("tty-" + name) for name in runs})
        for name, args in runs.items():
            with self.subTest(args=args):
                self.check(daemon, name)

    def test_mqtt(self):
        server = self.enterContext(lab.Broker())
        runs = dict(self.runs())
        daemon = self.daemon_with({name: "mqtt:gateway/" + name for name in runs},
                                  'mqtt {\n  host = "localhost"\n  port = %d\n  publish = no\n}\n' % server.port)
        for name, args in runs.items():
            with self.subTest(args=args):
                daemon.wait_state(name, "open")
                out = subprocess.run([lab.SIM, "--to", "lines", "--speed", "0", "--count", "5", *START, "--truth",
                                      self.folder.file(name), *map(str, args)], stdout=subprocess.PIPE, check=True)
                for line in out.stdout.split():
                    subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(server.port), "-t", "gateway/" + name,
                                    "-s"], input=bytes.fromhex(line.decode()), check=True, timeout=10)
                self.check(daemon, name)


if __name__ == "__main__":
    unittest.main()
