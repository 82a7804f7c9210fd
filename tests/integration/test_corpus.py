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
FRAMINGS = "hdlc,llc,apdu"

# Not read yet: block transfer, push with object list, and a list whose meter number has no code.
LATER = {"lg-e450-ch-gbt-hdlc", "lg-e450-ch-push-hdlc", "sagemcom-at-apdu"}


@unittest.skipUnless(os.path.exists(os.path.join(CORPUS, "check.py")), "no corpus of real messages here")
class Corpus(unittest.TestCase):
    def check(self, *names):
        return subprocess.run([sys.executable, os.path.join(CORPUS, "check.py"), "--decoder",
                               lab.AMSHANCTL + " decode --json", "--framing", FRAMINGS, "--verbose", *names],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def test_every_stream_is_right(self):
        names = []
        for path in glob.glob(os.path.join(CORPUS, "*.json")):
            with open(path) as f:
                meta = json.load(f)
            if meta["framing"] in FRAMINGS.split(",") and meta["name"] not in LATER:
                names.append(meta["name"])
        self.assertGreater(len(names), 50)
        run = self.check(*names)
        self.assertEqual(run.returncode, 0, run.stdout.decode())
        self.assertIn("streams right %d/%d" % (len(names), len(names)), run.stdout.decode())

    def test_the_noisy_stream_gives_all_that_is_intact(self):
        run = self.check("stream-noisy-hdlc")
        self.assertEqual(run.returncode, 0, run.stdout.decode())


if __name__ == "__main__":
    unittest.main()
