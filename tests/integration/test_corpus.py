# SPDX-License-Identifier: GPL-2.0
"""Real messages, where a corpus of them is at hand: AMSHAN_CORPUS, else ../shared/corpus beside the checkout."""
import glob
import json
import os
import subprocess
import sys
import unittest

import lab

CORPUS = os.environ.get("AMSHAN_CORPUS") or os.path.join(os.path.dirname(lab.TOP), "shared", "corpus")
# A clock and nothing else: check.py asks for one message, and counts only those with a number that has a name.
CLOCK_ONLY = "p1-minimal-no-unit"


@unittest.skipUnless(os.path.exists(os.path.join(CORPUS, "check.py")), "no corpus of real messages here")
class Corpus(unittest.TestCase):
    def check(self, *names):
        return subprocess.run([sys.executable, os.path.join(CORPUS, "check.py"), "--decoder",
                               lab.AMSHANCTL + " decode --json", "--verbose", *names],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def test_every_stream_is_right(self):
        names = []
        for path in glob.glob(os.path.join(CORPUS, "*.json")):
            with open(path) as f:
                meta = json.load(f)
            if meta["framing"] in ("hdlc", "llc", "apdu", "p1") and meta["name"] != CLOCK_ONLY:
                names.append(meta["name"])
        self.assertGreater(len(names), 80)
        run = self.check(*names)
        self.assertEqual(run.returncode, 0, run.stdout.decode())
        self.assertIn("streams right %d/%d" % (len(names), len(names)), run.stdout.decode())

    def test_a_telegram_with_a_clock_alone(self):
        with open(os.path.join(CORPUS, CLOCK_ONLY + ".json")) as f:
            want = json.load(f)["messages"][0]["expected"]
        run = subprocess.run([lab.AMSHANCTL, "decode", "--json", os.path.join(CORPUS, CLOCK_ONLY + ".p1")],
                             stdout=subprocess.PIPE, check=True)
        got = json.loads(run.stdout)
        self.assertEqual(got["meter_time"], want["meter_time"])

    def test_encrypted_streams_name_the_system_title(self):
        for name, title in (("kamstrup-dk-enc-stream-hdlc", "system title KAM"), ("elgama-pl-enc-p1", "system title")):
            run = subprocess.run([lab.AMSHANCTL, "decode", "--json", os.path.join(CORPUS, name + ".hex")],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertEqual((run.returncode, run.stdout), (1, b""))
            self.assertIn("encrypted", run.stderr.decode())
            self.assertIn(title, run.stderr.decode())

    def test_the_noisy_stream_gives_all_that_is_intact(self):
        run = self.check("stream-noisy-hdlc")
        self.assertEqual(run.returncode, 0, run.stdout.decode())


if __name__ == "__main__":
    unittest.main()
