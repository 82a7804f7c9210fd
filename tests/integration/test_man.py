# SPDX-License-Identifier: GPL-2.0
"""The man pages: they can be rendered, and they say what the programs say."""
import glob
import os
import re
import shutil
import subprocess
import unittest

import lab

PAGES = sorted(glob.glob(os.path.join(lab.TOP, "man", "*.[1-8]")))
PROGRAMS = ("amshand.8", "amshanctl.1", "amshan-attach.8")
# Our own pages are not installed here, and the machine's index of pages is its own business.
NOT_OURS = ("referenced manual not found", "outdated mandoc.db")


def read(name):
    with open(os.path.join(lab.TOP, "man", name)) as f:
        return f.read()


def run(*argv):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=30)
    return done.returncode, done.stdout


def help_of(page, *args):
    program = os.path.join(lab.BUILD, page.rsplit(".", 1)[0])
    status, text = run(program, *args, "--help")
    assert status == 0, text
    return text


class Man(unittest.TestCase):
    def test_they_are_there(self):
        self.assertEqual({os.path.basename(p) for p in PAGES}, {"amshan.4", *PROGRAMS})

    @unittest.skipUnless(shutil.which("mandoc"), "mandoc is not installed")
    def test_mandoc_says_nothing(self):
        for page in PAGES:
            _, text = run("mandoc", "-T", "lint", page)
            self.assertEqual([line for line in text.splitlines() if not any(n in line for n in NOT_OURS)], [])

    @unittest.skipUnless(shutil.which("groff"), "groff is not installed")
    def test_groff_says_nothing(self):
        for page in PAGES:
            self.assertEqual(run("groff", "-ww", "-mdoc", "-Tutf8", "-z", page), (0, ""), page)

    def test_names_and_sections(self):
        for page in PAGES:
            name, section = os.path.basename(page).rsplit(".", 1)
            self.assertIn("\n.Dt %s %s\n" % (name.upper(), section), read(os.path.basename(page)))

    def test_the_options_of_the_programs(self):
        for page in PROGRAMS:
            text = help_of(page)
            if page == "amshanctl.1":
                for command in re.findall(r"^  ([a-z]+) ", text.split("Commands:")[1].split("Options:")[0], re.M):
                    text += help_of(page, command)
            wanted = set(re.findall(r"^ +(?:-\w, +)?--([a-z-]+)", text, re.M))
            listed = set(re.findall(r"^\.It Fl (?:\w [^\n]*, )?-([a-z-]+)", read(page), re.M))
            self.assertGreater(len(wanted), 3)
            self.assertEqual(listed, wanted, page)

    def test_the_commands_of_amshanctl(self):
        text = help_of("amshanctl.1")
        commands = re.findall(r"^  ([a-z]+) ", text.split("Commands:")[1].split("Options:")[0], re.M)
        self.assertIn("ports", commands)
        page = read("amshanctl.1")
        self.assertEqual(re.findall(r"^\.Cm ([a-z]+)$", page.split(".Sh DESCRIPTION")[0], re.M), commands)
        listed = page.split("Commands:")[1].split("Options:")[0]
        self.assertEqual(re.findall(r"^\.It Cm ([a-z]+)", listed, re.M), commands)

    def test_the_sources_of_amshand(self):
        page = read("amshand.8")
        schemes = set()
        for path in glob.glob(os.path.join(lab.TOP, "daemon", "source", "*.c")):
            with open(path) as f:
                schemes.update(re.findall(r"^\t\.scheme = \"(\w+)\",$", f.read(), re.M))
        self.assertGreater(len(schemes), 3)
        self.assertEqual(set(re.findall(r"^\.It Li (\w+):", page, re.M)), schemes)


if __name__ == "__main__":
    unittest.main()
