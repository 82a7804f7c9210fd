# SPDX-License-Identifier: GPL-2.0
"""The rules and the hardware database of udev, read: what can be told without udev.

What udev makes of them is tested in virtual machines (tests/vm/guest/test_udev.py).
"""
import os
import re
import shlex
import shutil
import subprocess
import unittest

import lab

RULES = os.path.join(lab.TOP, "udev", "78-amshan.rules")
HWDB = os.path.join(lab.TOP, "udev", "78-amshan.hwdb")
UNIT = os.path.join(lab.TOP, "daemon", "data", "amshan-attach@.service")

TOKEN = re.compile(r'\s*([A-Z]+)(?:\{([^}"]+)\})?\s*(==|!=|\+=|=)\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)')
MATCHES = {"ACTION", "SUBSYSTEM", "KERNEL", "ATTR", "ENV", "PROGRAM", "IMPORT"}
ASSIGNMENTS = {"GOTO", "LABEL", "ENV", "TAG", "GROUP", "MODE", "SYMLINK", "IMPORT"}
SETS = {"ID_MM_DEVICE_IGNORE", "ID_MM_PORT_IGNORE", "SYSTEMD_WANTS"}

# The settings, as serial_settings_set() takes them, and what opts in.
VALUES = {"AMSHAN_ADAPTER": r"[01]", "AMSHAN_BAUD": r"[1-9]\d{0,7}", "AMSHAN_PARITY": r"none|even|odd",
          "AMSHAN_DATA": r"[5-8]", "AMSHAN_STOP": r"[12]", "AMSHAN_FRAMING": r"hdlc|p1|mbus|apdu"}
OURS = ("p1", "mbus", "apdu")
GENERIC = ("0403:6001", "0403:6010", "0403:6011", "0403:6014", "0403:6015", "10c4:ea60", "067b:2303", "067b:23a3",
           "1a86:7523", "1a86:5523", "1a86:55d4")
# Names that a chip has from its maker.
CHIP = re.compile(r"FT23[12]|UART|CP210|USB.?Serial|Serial.?Converter|CH34", re.I)


def read(path):
    with open(path) as f:
        return f.read()


def rules(text):
    """Each rule as a list of (key, attribute, operator, value); what is none is an error."""
    lines = [line for line in text.split("\n") if not line.startswith("#")]
    for line in "\n".join(lines).replace("\\\n", "").split("\n"):
        if not line.strip():
            continue
        found, at = [], 0
        while at < len(line):
            token = TOKEN.match(line, at)
            if not token:
                raise ValueError("not understood: %r" % line[at:])
            found.append(token.groups())
            at = token.end()
        yield found


def complaints(text):
    """What is wrong with a hardware database of adapters, in words."""
    has_key, wrong = False, []
    for line in text.split("\n"):
        if line.startswith("#"):
            continue
        if line.startswith(" "):
            name, _, value = line[1:].partition("=")
            if not has_key:
                wrong.append("no key: " + line)
            elif not re.fullmatch(VALUES.get(name, r"(?!)"), value):
                wrong.append("not a setting: " + line)
            continue
        has_key = bool(line)
        if line:
            wrong += complaints_of_key(line)
    return wrong


def complaints_of_key(line):
    key = re.fullmatch(r"amshan:usb:v([0-9a-f]{4})p([0-9a-f]{4}):m([^:]+):p([^:]+):", line)
    if not key:
        return ["not a key: " + line]
    wrong = []
    if any(not re.search(r"[A-Za-z]{3}", name) for name in key.group(3, 4)):
        wrong.append("any name: " + line)
    if "%s:%s" % key.group(1, 2) in GENERIC and CHIP.search(key[4]):
        wrong.append("a chip: " + line)
    return wrong


class Rules(unittest.TestCase):
    def setUp(self):
        self.rules = list(rules(read(RULES)))
        self.tokens = [token for rule in self.rules for token in rule]

    def test_the_reader_sees_what_is_wrong(self):
        for text in ('SUBSYSTEM=="tty', 'SUBSYSTEM="tty" KERNEL', "nonsense", 'ENV{A}=="1" TAG+="x"'):
            with self.assertRaises(ValueError, msg=text):
                list(rules(text))

    def test_keys_and_operators(self):
        for key, _, operator, _ in self.tokens:
            self.assertIn(key, MATCHES if operator in ("==", "!=") else ASSIGNMENTS)

    def test_labels(self):
        wanted = {value for key, _, _, value in self.tokens if key == "GOTO"}
        self.assertEqual(wanted, {value for key, _, _, value in self.tokens if key == "LABEL"})
        # The last one ends the file: nothing behind it could be jumped over.
        self.assertEqual(self.rules[-1], [("LABEL", None, "=", "amshan_end")])

    def test_a_removal_is_nobodys_business(self):
        self.assertEqual(self.rules[0], [("ACTION", None, "==", "remove"), ("GOTO", None, "=", "amshan_end")])

    def test_no_property_is_overwritten(self):
        self.assertEqual({name for key, name, operator, _ in self.tokens
                          if key == "ENV" and operator in ("=", "+=")}, SETS)

    def test_nothing_is_done_before_the_adapter_was_opted_in(self):
        at = self.rules.index([("ENV", "AMSHAN_ADAPTER", "!=", "1"), ("GOTO", None, "=", "amshan_end")])
        done = {token[0] for rule in self.rules[:at] for token in rule if token[2] in ("=", "+=")}
        self.assertEqual(done, {"GOTO", "IMPORT"})

    def test_the_hardware_database_is_asked_last(self):
        (asked,) = [rule for rule in self.rules if any(token[0] == "IMPORT" for token in rule)]
        self.assertEqual(asked[:2], [("ENV", "AMSHAN_ADAPTER", "==", ""), ("ENV", "ID_BUS", "==", "usb")])
        self.assertTrue(asked[2][3].startswith("hwdb 'amshan:usb:v$env{ID_VENDOR_ID}p$env{ID_MODEL_ID}:"))

    def test_the_unit_is_ours(self):
        wants = [value for key, name, _, value in self.tokens if name == "SYSTEMD_WANTS"]
        self.assertEqual(wants, ["amshan-attach@%k.service", "%c"])
        self.assertTrue(os.path.exists(UNIT))
        self.assertIn("\nConditionPathExists=/dev/%I\n", read(UNIT))
        self.assertIn(" --udev --wait /dev/%I\n", read(UNIT))
        self.assertIn("\nDeviceAllow=/dev/%I rw\n", read(UNIT))

    def test_what_is_not_for_the_module_has_no_service(self):
        (ours,) = [rule for rule in self.rules if ("GROUP", None, "=", "amshan") in rule and rule[0][1]]
        self.assertEqual(ours, [("ENV", "AMSHAN_FRAMING", "==", "|".join(OURS)), ("GROUP", None, "=", "amshan"),
                                ("MODE", None, "=", "0660"), ("GOTO", None, "=", "amshan_end")])
        at = self.rules.index(ours)
        service = [i for i, rule in enumerate(self.rules) for token in rule if token[1] == "SYSTEMD_WANTS"]
        self.assertLess(at, min(service))
        # Behind what keeps ModemManager off, which would open these as well.
        self.assertGreater(at, self.rules.index([("ENV", "ID_MM_DEVICE_IGNORE", "=", "1"),
                                                 ("ENV", "ID_MM_PORT_IGNORE", "=", "1")]))
        # The program takes the same words.
        source = read(os.path.join(lab.TOP, "daemon", "source", "serial_udev.c"))
        for word in ("LINK_HDLC",) + tuple("LINK_" + word.upper() for word in OURS):
            self.assertRegex(source, r"framings\[\] = \{[^}]*\b%s\b" % word)

    def test_the_number_is_between_those_of_others(self):
        self.assertTrue("77-amshan-x.rules" < os.path.basename(RULES) < "80-mm-candidate.rules")
        self.assertTrue("60-serial.rules" < os.path.basename(RULES))

    def test_the_settings_are_those_the_programs_read(self):
        source = read(os.path.join(lab.TOP, "daemon", "source", "serial_udev.c"))
        said = set(re.findall(r'"(AMSHAN_[A-Z]+)"', source))
        self.assertEqual(said | {"AMSHAN_ADAPTER"}, set(VALUES))
        self.assertEqual(set(re.findall(r"AMSHAN_[A-Z]+", read(RULES))), set(VALUES))

    # ---- the program that finds the links ----

    def links(self, symlinks, status=0):
        """What it prints when udev's database has these links of a tty."""
        (command,) = [value for key, _, _, value in self.tokens if key == "PROGRAM" and "/bin/sh" in value]
        with lab.Folder() as folder:
            udevadm = folder.write("udevadm", '#!/bin/sh\n[ "$*" = "info --query=symlink --name=/dev/ttyUSB0" ] || '
                                   "exit 9\nprintf '%%s\\n' %s\nexit %d\n" % (shlex.quote(symlinks), status), 0o755)
            self.assertIn("/usr/bin/udevadm", command)
            command = command.replace("/usr/bin/udevadm", udevadm).replace("$attr{tty}", "ttyUSB0")
            # As udev does: $$ is a $, and what else begins with one would be replaced.
            self.assertNotRegex(command.replace("$$", ""), r"[$%]")
            argv = shlex.split(command.replace("$$", "$"))
            run = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 text=True, cwd=folder.path, timeout=30)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        return run.stdout.split()

    def test_links(self):
        self.assertEqual(self.links("serial/by-id/usb-A-if00-port0 serial/by-path/pci-0000:00-usb-0:1:1.0-port0 "
                                    "serial/by-path/pci-0000:00-usbv2-0:1:1.0-port0"),
                         ["amshan/by-id/usb-A-if00-port0", "amshan/by-path/pci-0000:00-usb-0:1:1.0-port0",
                          "amshan/by-path/pci-0000:00-usbv2-0:1:1.0-port0"])

    def test_other_links_are_not_ours(self):
        self.assertEqual(self.links("gps0 serial/other/x disk/by-id/y serialx/by-id/z meter"), [])
        self.assertEqual(self.links(""), [])

    def test_a_tty_that_udev_does_not_know(self):
        self.assertEqual(self.links("", status=1), [])

    def test_names_are_names(self):
        r"""udev writes what it does not like in them as \xNN."""
        self.assertEqual(self.links(r"serial/by-id/usb-A\x2f_$HOME-if00 serial/by-id/usb-*-if00"),
                         [r"amshan/by-id/usb-A\x2f_$HOME-if00", "amshan/by-id/usb-*-if00"])

    @unittest.skipUnless(shutil.which("shellcheck"), "shellcheck is not installed")
    def test_shellcheck(self):
        (command,) = [value for key, _, _, value in self.tokens if key == "PROGRAM" and "/bin/sh" in value]
        script = shlex.split(command.replace("$$", "$").replace("$attr{tty}", "ttyUSB0"))[2]
        # A quote would end the rule; words have no blanks, and set -f leaves patterns as they are.
        run = subprocess.run(["shellcheck", "--shell=sh", "--exclude=SC2086", "-"], input=script,
                             stdout=subprocess.PIPE, text=True, timeout=30)
        self.assertEqual(run.stdout, "")


class HardwareDatabase(unittest.TestCase):
    GOOD = "amshan:usb:v0403p6001:mExample_Metering:pHAN_Reader*:\n AMSHAN_ADAPTER=1\n AMSHAN_PARITY=even\n\n"

    def test_nothing_is_wrong_with_ours(self):
        self.assertEqual(complaints(read(HWDB)), [])

    def test_its_example_is_a_good_one(self):
        example = re.search(r"^#\t(amshan:usb:v0403.*)\n((?:#\t .*\n)+)", read(HWDB), re.M)
        text = "%s\n%s\n" % (example[1], example[2].replace("#\t", ""))
        self.assertEqual(text, self.GOOD)
        self.assertEqual(complaints(text), [])

    def test_what_would_be_wrong(self):
        for text, said in ((self.GOOD.replace("Example_Metering", "*"), "any name"),
                           (self.GOOD.replace("HAN_Reader*", "*"), "any name"),
                           (self.GOOD.replace("HAN_Reader*", "FT232R_USB_UART"), "a chip"),
                           (self.GOOD.replace("0403", "0A03"), "not a key"),
                           (self.GOOD.replace("usb:", "pci:"), "not a key"),
                           (self.GOOD.replace("even", "Even"), "not a setting"),
                           (self.GOOD.replace("AMSHAN_PARITY", "ID_MODEL"), "not a setting"),
                           ("\n AMSHAN_ADAPTER=1\n", "no key")):
            self.assertEqual([c.split(":")[0] for c in complaints(text)], [said])


if __name__ == "__main__":
    unittest.main()
