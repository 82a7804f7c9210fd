# SPDX-License-Identifier: GPL-2.0
"""Encrypted meters from the line to the outputs: keys that fit and that do not, what was altered, what was sent before.

No key may stand in the log, on the bus, at the broker or in a file of the daemon's, whatever happens.
"""
import json
import os
import signal
import subprocess
import unittest

import lab
from daemon_lab import Line, View, source

KEY = "000102030405060708090A0B0C0D0E0F"
AUTH_KEY = "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"
WRONG = "0F0E0D0C0B0A09080706050403020100"
TITLE, TITLE_HEX = "KAM4E4C5FA3A1", "4B414D4E4C5FA3A1"
ID = "5706567000000001"
SEALED = ("--key", KEY, "--auth-key", AUTH_KEY)

# What an encrypted message can come in; each with what its keys have to be.
FORMS = {
    "kamstrup, hdlc": ("kamstrup", SEALED, KEY + " " + AUTH_KEY),
    "kamstrup, hdlc, no tag": ("kamstrup", ("--key", KEY), KEY),
    "kamstrup, segments": ("kamstrup", SEALED + ("--segment", "60"), KEY + " " + AUTH_KEY),
    "kamstrup, blocks": ("kamstrup", SEALED + ("--blocks", "80"), KEY + " " + AUTH_KEY),
    "kamstrup, unverified": ("kamstrup", SEALED, KEY + " unverified"),
    "m-bus, austria": ("kaifa-at", ("--key", KEY, "--security", "21"), KEY),
    "m-bus, with a tag": ("sagemcom-at", SEALED, KEY + " " + AUTH_KEY),
    "p1, luxembourg": ("p1-lu", SEALED, KEY + " " + AUTH_KEY),
    "p1, in lines": ("p1-lu", SEALED + ("--p1-lines",), KEY + " " + AUTH_KEY),
    "p1, no tag": ("dsmr5", ("--key", KEY), KEY),
}


def messages(maker, count, *args, counter=1, seed="1"):
    """So many messages, as octets, one each."""
    out = subprocess.run([lab.SIM, "--maker", maker, "--to", "lines", "--speed", "0", "--count", str(count),
                          "--seed", seed, "--start", "2026-03-01T12:00:00Z", "--title", TITLE_HEX,
                          "--counter", str(counter), *args],
                         stdout=subprocess.PIPE, check=True, timeout=30)
    return [bytes.fromhex(line.decode()) for line in out.stdout.split()]


def altered(frame):
    """One bit in the ciphertext is another one, and the checksums of HDLC are good."""
    octets = bytearray(frame)
    octets[-40] ^= 0x10
    octets[-3:-1] = lab.crc(octets[1:-3])
    return bytes(octets)


class EncryptedTest(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(lab.Folder())
        self.bus = self.enterContext(lab.Bus())
        self.view = View(self.bus)
        self.line = self.enterContext(Line())
        self.shown = []
        self.logs = []

    def tearDown(self):
        self.assert_no_key()

    def keys(self, text):
        self.folder.write("keys", text + "\n", 0o600)

    def start(self, more="", keyed=True, level="debug"):
        key_file = 'key-file = "%s"' % self.folder.file("keys") if keyed else ""
        before = self.line.accepted
        daemon = self.enterContext(lab.Daemon(self.folder, source("house", self.line.uri(), key_file) + more, self.bus,
                                              args=("--log-level", level)))
        self.logs.append(daemon)
        self.line.wait_client(before + 1)
        lab.wait_for(self.source, why=daemon.log)
        return daemon

    def stop(self, daemon):
        self.assertEqual(daemon.stop(), 0, daemon.log())
        self.line.hang_up()

    def source(self):
        return self.view.sources().get("house")

    def count(self, counter):
        return self.source()["Counters"].get(counter, 0)

    def wait_count(self, counter, n):
        lab.wait_for(lambda: self.count(counter) == n, 10,
                     why=lambda: "%s is not %d: %r\n%s" % (counter, n, self.source(), self.logs[-1].log()))

    def send(self, some, counter="messages", more=None):
        """Send messages; each of them has to come to one more of this counter."""
        n = self.count(counter) + (len(some) if more is None else more)
        others = {k: v for k, v in self.source()["Counters"].items() if k in
                  {"messages", "encrypted", "rejected", "replayed"} - {counter}}
        for one in some:
            self.line.send(one)
        self.wait_count(counter, n)
        now = self.source()["Counters"]
        self.assertEqual({k: now[k] for k in others}, others)

    def look(self):
        """All that anybody can see."""
        out = [lab.ctl(self.bus, *args, check=False) for args in
               (("status",), ("list",), ("show",), ("list", "--json"), ("doctor",))]
        self.shown += [json.dumps(self.bus.managed())]
        self.shown += [(run.stdout + run.stderr).decode() for run in out]
        return (out[0].stdout + out[0].stderr).decode()

    def assert_no_key(self):
        self.look()
        texts = list(self.shown) + [d.log() if not d.log_file.closed else "" for d in self.logs]
        for folder, _, names in os.walk(self.folder.file("state")):
            for name in names:
                with open(os.path.join(folder, name), errors="replace") as f:
                    texts.append(f.read())
        self.assertTrue(all(texts[:-1]) and len(texts) > 3)
        for text in texts:
            for key in (KEY, AUTH_KEY, WRONG):
                self.assertNotIn(key.lower(), text.lower().replace(" ", "").replace(":", ""))


class Forms(EncryptedTest):
    def test_each_is_read(self):
        for name, (maker, args, keys) in FORMS.items():
            with self.subTest(name), lab.Folder() as self.folder:
                self.keys(keys)
                daemon = self.start()
                some = messages(maker, 4, *args)
                # A telegram in a bare APDU, and blocks, may take a second message to be sure of.
                for one in some:
                    self.line.send(one)
                lab.wait_for(lambda: self.count("messages") >= 4, why=lambda: "%r\n%s" % (self.source(), daemon.log()))
                meter = lab.wait_for(lambda: list(self.view.meters().values()), why=daemon.log)[0]
                self.assertIn("ActivePowerImport", meter["all"]["org.amshan.Amshan1.Power"])
                self.assertEqual(self.source()["Health"], "ok")
                for counter in ("encrypted", "rejected", "replayed", "malformed", "unsupported"):
                    self.assertEqual(self.count(counter), 0, counter)
                self.assert_no_key()
                self.stop(daemon)

    def test_none_is_read_with_a_wrong_key(self):
        for name, (maker, args, keys) in FORMS.items():
            with self.subTest(name), lab.Folder() as self.folder:
                self.keys(keys.replace(KEY, WRONG))
                daemon = self.start()
                for one in messages(maker, 4, *args):
                    self.line.send(one)
                lab.wait_for(lambda: self.count("rejected") >= 4, why=lambda: "%r\n%s" % (self.source(), daemon.log()))
                self.assertEqual(self.source()["Health"], "wrong-key")
                self.assertEqual(self.count("messages"), 0)
                self.assertEqual(self.view.meters(), {})
                self.assert_no_key()
                self.stop(daemon)
                self.assertFalse(os.path.exists(self.folder.file("state/counters.json")))


class Keys(EncryptedTest):
    def assert_said_once(self, daemon, sentence):
        """The same words in the log, on the bus and by amshanctl; in the log once, whatever comes."""
        lab.wait_for(lambda: self.source()["HealthText"] == sentence, why=lambda: "%r" % self.source())
        self.assertEqual(daemon.log().count(sentence), 1, daemon.log())
        self.assertEqual(daemon.log().count(TITLE), sentence.count(TITLE), daemon.log())
        self.assertIn(sentence, " ".join(self.look().split()))

    def test_without_one_it_is_said_what_is_missing(self):
        daemon = self.start(keyed=False, level="info")
        self.send(messages("kamstrup", 12, *SEALED), "encrypted")
        self.assert_said_once(daemon, "encrypted, system title %s, needs encryption and authentication key" % TITLE)
        self.assertEqual(self.source()["Health"], "encrypted")
        self.assertEqual(self.view.meters(), {})

    def test_with_half_of_it_too(self):
        self.keys(KEY)
        daemon = self.start(level="info")
        self.send(messages("kamstrup", 12, *SEALED), "encrypted")
        self.assert_said_once(daemon, "encrypted, system title %s, needs an authentication key besides its encryption "
                              "key" % TITLE)

    def test_a_wrong_one_is_mended_by_a_reload(self):
        self.keys("%s %s %s" % (TITLE, WRONG, AUTH_KEY))
        daemon = self.start(level="info")
        some = messages("kamstrup", 30, *SEALED)
        self.send(some[:12], "rejected")
        self.assert_said_once(daemon, "encrypted, system title %s: the key is wrong or the frame was altered" % TITLE)
        # What cannot be read as keys changes nothing.
        self.keys("%s %s %s" % (TITLE, KEY, AUTH_KEY[:-1]))
        daemon.proc.send_signal(signal.SIGHUP)
        daemon.wait_log("not reloaded, everything stays as it was")
        self.send(some[12:14], "rejected")
        self.keys("%s %s %s" % (TITLE, KEY, AUTH_KEY))
        daemon.proc.send_signal(signal.SIGHUP)
        daemon.wait_log(": reloaded")
        self.assertEqual(self.line.accepted, 1, "the connection was opened anew")
        self.send(some[14:20])
        self.assertEqual(self.source()["Health"], "ok")
        self.view.meter(ID)
        # And back: none of what is read is read with a key that is no longer there.
        self.keys("%s %s %s" % (TITLE, WRONG, AUTH_KEY))
        daemon.proc.send_signal(signal.SIGHUP)
        daemon.wait_log(": reloaded", count=2)
        self.send(some[20:24], "rejected")
        self.assertEqual(daemon.log().count("the key is wrong"), 2, daemon.log())

    def test_a_report_has_neither_keys_nor_titles(self):
        for maker, args in (("kamstrup", SEALED), ("kaifa-at", ("--key", KEY, "--security", "21")), ("p1-lu", SEALED)):
            with self.subTest(maker), lab.Folder() as self.folder:
                self.keys("%s %s %s" % (TITLE, WRONG, AUTH_KEY))
                daemon = self.start()
                self.send(messages(maker, 3, *args), "rejected")
                home = {"HOME": self.folder.path, "XDG_CONFIG_HOME": self.folder.path}
                run = subprocess.run([lab.AMSHANCTL, "report", "--user"], env=dict(os.environ, **home, **self.bus.env),
                                     stdout=subprocess.PIPE, text=True, check=True, timeout=60)
                self.assertIn("system title KAMXXXXXXXXXX", run.stdout)
                self.assertIn("the key is wrong or it was altered", run.stdout)
                digits = "".join(run.stdout.split()).lower()
                self.assertIn("414d" + "x" * 10, digits)
                for secret in (KEY, AUTH_KEY, WRONG, TITLE, TITLE_HEX, TITLE[3:]):
                    self.assertNotIn(secret.lower(), digits)
                self.stop(daemon)

    def test_one_that_misses_for_a_second_meter_is_said_too(self):
        self.keys("%s %s %s" % (TITLE, KEY, AUTH_KEY))
        daemon = self.start(level="info")
        a, b = messages("kamstrup", 6, *SEALED), messages("kamstrup", 5, *SEALED, "--title", "4B414D0000000002")
        self.send(a[:1])
        self.send(b, "encrypted")
        self.send(a[1:4])
        said = "encrypted, system title KAM0000000002, needs encryption and authentication key"
        self.assertEqual(daemon.log().count(said), 1, daemon.log())
        self.assertEqual(self.source()["Health"], "ok")
        # And again if the new keys do not have it.
        daemon.proc.send_signal(signal.SIGHUP)
        daemon.wait_log(": reloaded")
        self.send(b, "encrypted")
        self.assertEqual(daemon.log().count(said), 2, daemon.log())
        self.send(a[4:])

    def test_of_a_source_goes_before_the_one_for_all(self):
        self.keys("%s %s" % (KEY, AUTH_KEY))
        others = self.folder.write("others", "%s %s %s\n" % (TITLE, WRONG, AUTH_KEY), 0o600)
        self.start('key-file = "%s"\n' % others)
        self.send(messages("kamstrup", 3, *SEALED))


class Lines(EncryptedTest):
    def setUp(self):
        super().setUp()
        self.keys("%s %s" % (KEY, AUTH_KEY))

    def kept(self):
        with open(self.folder.file("state/counters.json")) as f:
            return {c["title"]: c["counter"] for c in json.load(f)["counters"]}

    def forget(self, title, status=0):
        run = lab.ctl(self.bus, "forget", "--counter", title, check=False)
        self.assertEqual(run.returncode, status, run.stderr)

    def test_what_was_altered_is_rejected_and_the_rest_is_read(self):
        daemon = self.start(level="info")
        some = messages("kamstrup", 12, *SEALED)
        self.send(some[:2])
        for one in some[2:10]:
            self.send([altered(one)], "rejected")
        power = self.view.power(ID)
        self.assertIsNotNone(power)
        self.send([altered(some[0])], "rejected")
        self.assertEqual(self.view.power(ID), power)
        self.send(some[2:])
        self.assertEqual(daemon.log().count(TITLE), 1, daemon.log())
        self.assertIn("encrypted, system title %s: the key is wrong or the frame was altered" % TITLE, daemon.log())
        self.assertEqual(self.source()["Health"], "ok")

    def test_without_its_tag_nothing_is_read_any_more(self):
        self.start()
        self.send(messages("kamstrup", 2, *SEALED))
        self.send(messages("kamstrup", 3, "--key", KEY, counter=50), "rejected")
        self.send(messages("kamstrup", 1, *SEALED, counter=60))

    def test_what_was_sent_before_is_no_reading(self):
        daemon = self.start()
        some = messages("kamstrup", 6, *SEALED)
        self.send(some)
        self.send(some, "replayed")
        self.send(some[-1:], "replayed")
        self.line.hang_up()
        self.line.wait_client(2)
        lab.wait_for(lambda: self.source()["State"] == "open", why=daemon.log)
        self.send(some, "replayed")
        self.send(messages("kamstrup", 2, *SEALED, counter=7))

    def test_nor_is_it_after_a_restart(self):
        daemon = self.start()
        some = messages("kamstrup", 6, *SEALED, counter=4711)
        self.send(some)
        self.stop(daemon)
        self.assertEqual(self.kept(), {TITLE: 4716})
        daemon = self.start(level="info")
        self.send(some[-1:], "replayed")
        self.send(some, "replayed")
        said = ("system title %s: replayed: frame counter 4716 is not above 4716; if the meter was exchanged or reset: "
                "amshanctl forget --counter %s" % (TITLE, TITLE))
        self.assertIn(said, daemon.log())
        self.assertEqual(daemon.log().count("replayed"), 1, daemon.log())
        self.assertEqual(self.source()["Health"], "replayed")
        self.assertIn("amshanctl forget --counter " + TITLE, " ".join(self.look().split()))
        # A meter that was exchanged counts from 1.
        new = messages("kamstrup", 4, *SEALED)
        self.send(new[:2], "replayed")
        self.forget(TITLE)
        self.send(new[2:])
        self.assertEqual(self.source()["Health"], "ok")
        self.forget("KAM0000000000", 1)
        self.stop(daemon)
        self.assertEqual(self.kept(), {TITLE: 4})

    def test_two_meters_on_one_line_are_held_apart(self):
        self.start()
        a, b = messages("kamstrup", 3, *SEALED, counter=100), messages("kamstrup", 3, *SEALED, "--title",
                                                                       "4B414D0000000002")
        self.send([x for pair in zip(a, b) for x in pair])
        self.send([a[-1], b[-1]] * 5, "replayed")

    def test_no_key_comes_to_a_broker(self):
        broker = self.enterContext(lab.Broker())
        subscriber = self.enterContext(lab.Subscriber(broker.port))
        daemon = self.start('mqtt { host = "127.0.0.1" port = %d }\n' % broker.port)
        daemon.wait_log("mqtt: connected")
        self.keys("%s %s" % (WRONG, AUTH_KEY))
        some = messages("kamstrup", 12, *SEALED)
        self.send(some[:6])
        lab.wait_for(lambda: subscriber.last("amshan/%s/power" % ID), why=subscriber.log)
        daemon.proc.send_signal(signal.SIGHUP)
        daemon.wait_log(": reloaded")
        self.send(some[6:], "rejected")
        self.stop(daemon)
        lab.wait_for(lambda: subscriber.last("amshan/availability") == "offline", why=subscriber.log)
        self.shown.append(subscriber.log())


if __name__ == "__main__":
    unittest.main()
