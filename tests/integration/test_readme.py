# SPDX-License-Identifier: GPL-2.0
"""The README is held to the tree: its configurations, names, health words, files and targets."""
import os
import re
import subprocess
import unittest

import lab


def read(*path):
    with open(os.path.join(lab.TOP, *path)) as f:
        return f.read()


class ReadmeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.text = read("README.md")

    def section(self, title):
        return self.text.split("\n## %s\n" % title)[1].split("\n## ")[0]

    def test_configurations_are_right(self):
        blocks = re.findall(r"(?ms)^ *```conf\n(.*?)^ *```", self.text)
        self.assertGreaterEqual(len(blocks), 3)
        for block in blocks:
            with lab.Folder() as folder:
                done = subprocess.run([lab.AMSHAND, "--check-config", "-c", folder.write("a.conf", block)],
                                      env=dict(os.environ, CREDENTIALS_DIRECTORY=folder.path),
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30)
                said = done.stdout.replace(folder.path + "/a.conf: no source is configured\n", "")
                self.assertEqual((done.returncode, said), (0, ""), block)

    def test_every_reading_is_named(self):
        named = set()
        for row in re.findall(r"(?m)^\| (`.*)$", self.section("Readings")):
            names, _, also = row.split("|")[:3]
            for name in re.findall(r"`(\w+)`", names):
                named.add(name)
                named.update(name + ending for ending in re.findall(r"`(_\w+)`", also))
        # The table of quantities: rows, and rows for each phase and tariff.
        header = read("daemon", "meter", "quantity.h")
        names = re.findall(r'"([a-z_0-9]+)"(?: (l|t))?,', header.split("QUANTITIES_OF_PHASE(X, L1")[0])
        wanted = set()
        for name, ending in names:
            if name.endswith("_") and ending:
                wanted.update(name + ending + n for n in ("123" if ending == "l" else "1234"))
            elif not name.endswith("_"):
                wanted.add(name)
        self.assertGreater(len(wanted), 50)
        self.assertEqual(named, wanted)

    def test_every_health_word_is_explained(self):
        explained = re.findall(r"(?m)^\| `([a-z-]+)` \|", self.section("What is wrong?"))
        words = re.findall(r'\[HEALTH_\w+\] = \{ "([a-z-]+)"', read("daemon", "source", "health.c"))
        self.assertEqual(explained, words)

    def test_links_lead_somewhere(self):
        for target in re.findall(r"\]\(([^)]+)\)", self.text):
            if target.startswith("#"):
                titles = [re.sub(r"[^a-z -]", "", t.lower()).replace(" ", "-")
                          for t in re.findall(r"(?m)^#+ (.*)$", self.text)]
                self.assertIn(target[1:], titles)
            else:
                self.assertTrue(os.path.exists(os.path.join(lab.TOP, target)), target)

    def test_targets_exist(self):
        targets = set(re.findall(r"\bmake ([a-z-]+)", self.text))
        makefile = read("Makefile")
        self.assertIn("check", targets)
        for target in targets:
            self.assertRegex(makefile, r"(?m)^%s:" % target)

    def test_commands_of_amshanctl_exist(self):
        commands = set(re.findall(r"amshanctl (?:--user )?([a-z]+)\b", self.text)) - {"decode"}
        for command in commands | {"decode"}:
            done = subprocess.run([lab.AMSHANCTL, command, "--help"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  timeout=30)
            self.assertEqual(done.returncode, 0, command)


if __name__ == "__main__":
    unittest.main()
