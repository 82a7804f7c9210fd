# SPDX-License-Identifier: GPL-2.0
"""The man pages: they can be rendered, and they say what the programs say."""
import glob
import os
import re
import shutil
import subprocess
import unittest
import xml.etree.ElementTree

import lab

PAGES = sorted(glob.glob(os.path.join(lab.TOP, "man", "*.[1-8]")))
PROGRAMS = ("amshand.8", "amshanctl.1", "amshan-attach.8")
OTHERS = ("amshan.4", "amshand.conf.5", "org.amshan.Amshan1.5", "amshan.7")
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
        self.assertEqual({os.path.basename(p) for p in PAGES}, {*OTHERS, *PROGRAMS})

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

    def test_every_page_leads_to_the_others(self):
        for page in PAGES:
            text = read(os.path.basename(page))
            for name, section in re.findall(r"^\.Xr (amsh\S+|org\.amshan\S+) (\d)", text, re.M):
                self.assertTrue(os.path.exists(os.path.join(lab.TOP, "man", "%s.%s" % (name, section))), page)
            self.assertIn(".Xr amshanctl 1" if "amshanctl" not in page else ".Xr amshand 8",
                          text.split(".Sh SEE ALSO")[1], page)

    def test_every_key_of_the_configuration(self):
        with lab.Folder() as folder:
            path = folder.write("a.conf", "bogus = 1\nsource a { uri = u bogus = 1 }\nmqtt { bogus = 1 }\n")
            _, said = run(os.path.join(lab.BUILD, "amshand"), "--check-config", "-c", path)
        known = [[key for key in line.split(", ") if " " not in key]
                 for line in re.findall(r"known are here (.*)", said)]
        page = read("amshand.conf.5")
        titles = {"General keys": "log-level", "Sections source": "uri", "Section mqtt": "host"}
        self.assertEqual(len(known), len(titles), said)
        for title, one in titles.items():
            section = page.split("\n.Ss %s\n" % title)[1].split("\n.Ss ")[0].split("\n.Sh ")[0]
            listed = [key for line in re.findall(r"^\.It Cm (.*)$", section, re.M) for key in line.split(" , ")]
            keys = next(keys for keys in known if one in keys)
            self.assertEqual(sorted(listed), sorted(keys), title)

    def test_the_interfaces_on_the_bus(self):
        page = read("org.amshan.Amshan1.5")
        files = glob.glob(os.path.join(lab.TOP, "daemon", "data", "dbus", "*.xml"))
        self.assertEqual({os.path.basename(f)[:-4] for f in files},
                         set(re.findall(r"^\.Ss (org\.amshan\.Amshan1\.\w+)$", page, re.M)))
        for path in files:
            interface = xml.etree.ElementTree.parse(path).getroot().find("interface")
            section = page.split("\n.Ss %s\n" % interface.get("name"))[1].split("\n.Ss ")[0].split("\n.Sh ")[0]
            listed = [name for line in re.findall(r"^\.It Va (.*)$", section, re.M) for name in line.split(" , ")]
            self.assertEqual(sorted(listed), sorted(p.get("name") for p in interface.iter("property")), path)
            self.assertEqual(sorted(re.findall(r"^\.It Fn (\w+)$", section, re.M)),
                             sorted(m.get("name") for m in interface.iter("method")), path)

    def test_the_properties_of_udev(self):
        page = read("amshan.7")
        with open(os.path.join(lab.TOP, "udev", "78-amshan.rules")) as f:
            rules = f.read()
        named = set(re.findall(r"\bAMSHAN_[A-Z]+\b", rules))
        self.assertIn("AMSHAN_ADAPTER", named)
        self.assertEqual(set(re.findall(r"^\.It Ev (\w+)$", page, re.M)), named)
        # The key of the hardware database is made of these.
        key = re.search(r"hwdb 'amshan:usb:v(.*?)p(.*?):m(.*?):p(.*?):'", rules)
        self.assertIsNotNone(key)
        self.assertIn("\n.Dl amshan:usb:vXXXXpYYYY:mMANUFACTURER:pPRODUCT:\n", page)
        for folder in "by-id", "by-path":
            self.assertIn("/dev/amshan/%s/NAME" % folder, page)

    def test_the_topics_of_mqtt(self):
        with open(os.path.join(lab.TOP, "README.md")) as f:
            topics = re.findall(r"(?m)^\| `((?:amshan|homeassistant)/[\w/]+)` \|", f.read())
        self.assertGreater(len(topics), 4)
        listed = re.findall(r"^\.It Li ((?:amshan|homeassistant)/\S+)$", read("amshan.7"), re.M)
        self.assertEqual([topic for topic in listed if "amshan_daemon" not in topic], topics)

    def test_the_sources_of_amshand(self):
        page = read("amshand.conf.5")
        schemes = set()
        for path in glob.glob(os.path.join(lab.TOP, "daemon", "source", "*.c")):
            with open(path) as f:
                schemes.update(re.findall(r"^\t\.scheme = \"(\w+)\",$", f.read(), re.M))
        self.assertGreater(len(schemes), 3)
        self.assertEqual(set(re.findall(r"^\.It Li (\w+):", page, re.M)), schemes)


if __name__ == "__main__":
    unittest.main()
