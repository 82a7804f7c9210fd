# SPDX-License-Identifier: GPL-2.0
"""The README is held to the tree: its configurations, names, health words, files and targets."""
import json
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

    def test_the_table_is_one(self):
        table = re.search(r"(?ms)^```\n(list .*?)^```", self.text)[1]
        body = bytes((2, 3, 9, 5)) + b"ABC_1" + bytes((9, 8)) + b"70000001" + bytes((6, 0, 0, 0, 123))
        with lab.Folder() as folder:
            done = subprocess.run([lab.AMSHANCTL, "decode", "--json", "--tables", folder.write("a.conf", table)],
                                  input="e6e7000f0000000000" + body.hex(), stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, timeout=30)
        self.assertEqual(done.stderr, "")
        got = json.loads(done.stdout)
        self.assertEqual((got["meter_id"], got["meter_manufacturer"], got["active_power_import"]),
                         ("70000001", "Maker", 123))
        # The page shows the same.
        self.assertIn(re.sub("(?m)^ +", "\t", table), read("man", "amshand.conf.5"))

    def test_every_reading_is_named(self):
        named = set()
        for row in re.findall(r"(?m)^\| (`.*)$", self.section("Readings")):
            names, _, also = row.split("|")[:3]
            for name in re.findall(r"`(\w+)`", names):
                named.add(name)
                named.update(name + ending for ending in re.findall(r"`(_\w+)`", also))
        # The table of quantities: rows, and rows for each phase and tariff.
        program = '#include "meter/quantity.h"\n#define X(id, name, ...) @name@\nQUANTITIES(X)\n'
        rows = subprocess.run(["cc", "-E", "-P", "-I" + os.path.join(lab.TOP, "daemon"),
                               "-I" + os.path.join(lab.TOP, "include"), "-"], input=program, stdout=subprocess.PIPE,
                              text=True, check=True, timeout=30).stdout
        wanted = {re.sub(r'"| ', "", name) for name in re.findall(r'@((?: *"\w+")+)@', rows)}
        self.assertGreater(len(wanted), 80)
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

    def test_options_of_amshanctl_exist(self):
        used = re.findall(r"amshanctl ([a-z]+)\b([^`\n#]*)", self.text)
        checked = 0
        for command, rest in used:
            for option in re.findall(r"--[a-z]+", rest):
                done = subprocess.run([lab.AMSHANCTL, command, "--help"], stdout=subprocess.PIPE, text=True, timeout=30)
                self.assertRegex(done.stdout, r"(?m)^ +(?:-\w, )?%s\b" % option, command)
                checked += 1
        self.assertGreaterEqual(checked, 3)

    def test_both_ways_to_install(self):
        start = self.section("Start")
        packages = re.findall(r"(?m)^Package: (\S+)$", read("debian", "control"))
        self.assertEqual(packages, ["amshand", "amshan-dkms"])
        self.assertIn("sudo apt purge %s\n" % " ".join(packages), start.replace("` takes", "\n"))
        # make deb leaves nothing else there that apt would take.
        self.assertIn("sudo apt install ./build/deb/*.deb\n", start)
        self.assertIn("noautodbgsym", read("Makefile"))
        for command in "sudo make install\n", "sudo systemctl enable --now amshand\n":
            self.assertIn(command, start)
        # It is what the installed configuration makes of an adapter.
        self.assertIn('source "han"', read("daemon", "data", "amshand.conf"))

    def test_names_of_units_and_rules(self):
        units = {re.sub(r"@\w*\.", "@.", name) for name in re.findall(r"`(amshan[\w-]*@?\w*\.service)`", self.text)}
        self.assertTrue(units)
        for name in units:
            self.assertTrue(os.path.exists(os.path.join(lab.TOP, "daemon", "data", name)), name)
        prefix = re.search(r"/etc/udev/rules\.d/(\d\d-amshan-)NAME\.rules", self.text)[1]
        self.assertIn(prefix, read("daemon", "ctl", "rule_file.c") + read("daemon", "ctl", "rule.h"))

    def test_line_settings_that_are_probed(self):
        said = subprocess.run([lab.AMSHANCTL, "probe", "--help"], stdout=subprocess.PIPE, text=True, timeout=30).stdout
        self.assertIn("Listen to DEVICE", said)
        rates = [int(n) for n in re.findall(r"\b(2400|9600|115200)\b", read("daemon", "ctl", "probe_plan.c"))]
        self.assertEqual(sorted(set(rates)), [2400, 9600, 115200])
        self.assertIn("2400, 9600 and 115200 baud, each 8N1, 8E1 and 8O1", self.text)


if __name__ == "__main__":
    unittest.main()
