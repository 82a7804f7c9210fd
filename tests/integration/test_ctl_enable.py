# SPDX-License-Identifier: GPL-2.0
"""amshanctl adapters, enable and disable in a machine whose sysfs, udev and systemd are the laboratory's.

The module is not there, so nothing is attached; with module, udev and systemd all three are tested on whole systems.
"""
import json
import os
import re
import subprocess
import unittest

import lab
import systemd_lab
import udev_lab

FTDI = "usb-FTDI_FT232R_USB_UART_A10K1ABC-if00-port0"
PLACE = "pci-0000:00:14.0-usb-0:4:1.0-port0"
UNIT = "amshan-attach@ttyUSB0.service"
NOBODY = 65534


def path_of(name):
    return "/etc/udev/rules.d/77-amshan-%s.rules" % name


class Usage(unittest.TestCase):
    def test_wrong_usage(self):
        for args, said in ((["enable"], "enable needs a DEVICE"),
                           (["disable"], "disable needs a DEVICE"),
                           (["enable", "a", "b"], 'enable takes no "b"'),
                           (["disable", "--baud=300", "a"], "disable takes no --baud, --parity, --data, --stop or "
                                                              "--framing"),
                           (["enable", "--baud=0", "a"], '--baud: "0" is not a number from 1 to 12000000'),
                           (["enable", "--json", "a"], "enable takes no --json"),
                           (["adapters", "--anywhere"], "adapters takes no --anywhere"),
                           (["adapters", "x"], 'adapters takes no "x"')):
            run = subprocess.run([lab.AMSHANCTL, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True, timeout=30)
            self.assertEqual((run.returncode, run.stdout, run.stderr), (2, "", "amshanctl: %s\n" % said))


@unittest.skipUnless(udev_lab.namespaces_work(), "only root in a place with mount namespaces can replace /sys")
class WithMachine(unittest.TestCase):
    maxDiff = None
    udev = True

    def setUp(self):
        self.machine = self.enterContext(udev_lab.Machine(self.udev))
        self.fill()

    def fill(self):
        self.machine.usb("ttyUSB0", 0, "3", "FTDI", "FT232R_USB_UART", "A10K1ABC")
        self.machine.usb("ttyUSB1", 1, "4", "1a86", "USB_Serial", ids=("1a86", "7523"), driver="ch341")

    def ctl(self, *args, **kw):
        run = self.machine.run(lab.AMSHANCTL, *args, **kw)
        return run.returncode, run.stdout.splitlines(), run.stderr.splitlines()

    def does(self, args, *out, **kw):
        """It succeeds, says this, and nothing else."""
        self.assertEqual(self.ctl(*args, **kw), (0, list(out), []))

    def fails(self, args, *said, out=(), **kw):
        self.assertEqual(self.ctl(*args, **kw), (1, list(out), ["amshanctl: " + s for s in said]))

    def files(self):
        return list(self.machine.rules())

    def change(self, name, old, new):
        """What a user does with an editor."""
        name = "77-amshan-%s.rules" % name
        text = self.machine.rules()[name]
        self.assertIn(old, text)
        self.machine.write(os.path.join(udev_lab.RULES, name), text.replace(old, new))

    def adapters(self):
        status, out, err = self.ctl("adapters", "--json")
        self.assertEqual((status, err), (0, []))
        return {a.get("device") or a["name"]: a for a in json.loads("\n".join(out))}


BY_HAND = 'systemd does not run here: "amshan-attach --udev /dev/%s" attaches it by hand'
BY_PLACE = "%s: %s; it is known by the place where it is plugged in, and has to be enabled anew in another one"


class Adapters(WithMachine):
    def test_the_table(self):
        self.machine.usb("ttyACM0", 0, "5", "Maker", "Model", "77", ids=("1209", "0001"), driver="cdc_acm", acm=True)
        self.machine.usb("ttyUSB10", 10, "6", "FTDI", "FT232R", "X", known=False)
        self.machine.usb("ttyUSB2", 2, "7", "FTDI", "FT232R", "Y")
        self.machine.onboard("ttyS0", 0)
        # A name without a chip, and a console: not listed.
        self.machine.onboard("ttyS1", 1, kind="0")
        self.machine.device("virtual/tty/tty1", "tty", {"MAJOR": 4, "MINOR": 1, "DEVNAME": "tty1"}, dev="4:1")
        self.machine.link("sys/devices/virtual/tty/tty1", "sys/class/tty/tty1")
        self.does(["enable", "ttyUSB0", "--parity=even"], "wrote " + path_of(FTDI), BY_HAND % "ttyUSB0")
        self.machine.write("etc/udev/rules.d/77-amshan-gone.rules", "x")
        status, out, err = self.ctl("adapters")
        self.assertEqual([line.rstrip() for line in out], [
            "DEVICE        ADAPTER              ID                                           ENABLED           PORT",
            "/dev/ttyACM0  Maker Model          usb-Maker_Model_77-if00                      no",
            "/dev/ttyS0    serial                                                            no",
            "/dev/ttyUSB0  FTDI FT232R USB UART usb-FTDI_FT232R_USB_UART_A10K1ABC-if00-port0 2400 8E1          "
            "the module amshan is not loaded",
            "/dev/ttyUSB1  1a86 USB Serial      usb-1a86_USB_Serial-if00-port0               no",
            "/dev/ttyUSB2  FTDI FT232R          usb-FTDI_FT232R_Y-if00-port0                 no",
            "/dev/ttyUSB10 ftdi_sio                                                          not known to udev",
            "-             not plugged in       gone                                         ?"])
        self.assertEqual(status, 0)
        self.assertEqual(err, ["amshanctl: %s: it is not as \"amshanctl enable\" writes it, and cannot be understood"
                               % path_of("gone")])

    def test_json(self):
        self.does(["enable", "ttyUSB0", "--baud=9600", "--stop=2"], "wrote " + path_of(FTDI), BY_HAND % "ttyUSB0")
        self.machine.unplug("ttyUSB1")
        self.machine.onboard("ttyS0", 0, known=False)
        self.does(["enable", "ttyS0"], "wrote " + path_of("ttyS0"), BY_HAND % "ttyS0")
        self.machine.unplug("ttyS0")
        settings = {"baud": 9600, "parity": "none", "data": 8, "stop": 2, "framing": "hdlc"}
        self.assertEqual(self.adapters(), {
            "/dev/ttyUSB0": {
                "device": "/dev/ttyUSB0", "id": "FTDI_FT232R_USB_UART_A10K1ABC", "serial": "A10K1ABC",
                "vendor_id": "0403", "model_id": "6001", "vendor": "FTDI", "model": "FT232R_USB_UART",
                "interface": "00", "port_number": "0", "place": "pci-0000:00:14.0-usb-0:3:1.0", "driver": "ftdi_sio",
                "by_id": "/dev/serial/by-id/" + FTDI,
                "by_path": "/dev/serial/by-path/pci-0000:00:14.0-usb-0:3:1.0-port0", "plugged_in": True, "usb": True,
                "enabled": True, "settings": settings, "rule": path_of(FTDI),
                "state": "the module amshan is not loaded"},
            "ttyS0": {"name": "ttyS0", "plugged_in": False, "rule": path_of("ttyS0"), "enabled": True,
                      "settings": {"baud": 2400, "parity": "none", "data": 8, "stop": 1, "framing": "hdlc"}}})

    def test_no_port_at_all(self):
        self.machine.unplug("ttyUSB0")
        self.machine.unplug("ttyUSB1")
        self.assertEqual(self.ctl("adapters"), (0, [], ["amshanctl: this machine has no serial port"]))
        self.assertEqual(self.ctl("adapters", "--json"), (0, ["[]"], []))

    def test_anyone_may_ask(self):
        self.machine.write("etc/udev/rules.d/77-amshan-ttyS0.rules", "x")
        os.chmod(self.machine.file("etc/udev/rules.d"), 0o700)
        program = self.machine.file("amshanctl")
        subprocess.run(["cp", lab.AMSHANCTL, program], check=True)
        run = self.machine.run(program, "adapters", user=NOBODY)
        self.assertEqual((run.returncode, len(run.stdout.splitlines())), (0, 3))
        self.assertEqual(run.stderr, "amshanctl: cannot look into /etc/udev/rules.d: Permission denied\n")
        for args in (["enable", "ttyUSB0"], ["disable", "ttyUSB0"]):
            run = self.machine.run(program, *args, user=NOBODY)
            self.assertEqual((run.returncode, run.stdout, run.stderr),
                             (1, "", "amshanctl: only root may %s an adapter\n" % args[0]))

    def test_texts_of_devices_are_harmless(self):
        self.machine.usb("ttyUSB2", 2, "7", "A\x1b[2J", "B\\x22\u202e", "C\x07")
        status, out, err = self.ctl("adapters")
        self.assertEqual((status, err), (0, []))
        # A backslash is written as libsmartcols writes it.
        self.assertIn("A?[2J B\\x5cx22? ", "\n".join(out))
        self.assertNotRegex("".join(out), "[\x00-\x1f\u202e]")
        self.assertEqual(self.adapters()["/dev/ttyUSB2"]["serial"], "C?")

    def test_a_wrong_setting_of_a_users_rule(self):
        self.machine.write("etc/udev/rules.d/70-mine.rules",
                           'KERNEL=="ttyUSB1", ENV{AMSHAN_ADAPTER}="1", ENV{AMSHAN_PARITY}="mark"\n')
        self.machine.run("udevadm", "trigger", "/dev/ttyUSB1")
        status, out, err = self.ctl("adapters")
        self.assertEqual((status, err), (0, ['amshanctl: /dev/ttyUSB1: AMSHAN_PARITY: "mark" is not one of '
                                             "none, even, odd"]))
        self.assertIn("2400 8N1", out[2])

    def test_a_wrong_setting_of_our_rule(self):
        """Said once, of the file; the adapter is one, and it is known which rule is its."""
        self.does(["enable", "ttyUSB0", "--baud=9600"], "wrote " + path_of(FTDI), BY_HAND % "ttyUSB0")
        self.change(FTDI, '"none"', '"mark"')
        said = 'amshanctl: %s: parity: "mark" is not one of none, even, odd' % path_of(FTDI)
        for plugged in (True, False):
            status, out, err = self.ctl("adapters")
            self.assertEqual((status, err, len(out)), (0, [said], 3))
            self.machine.udevadm_log()
            found = json.loads("".join(self.ctl("adapters", "--json")[1]))
            self.assertEqual([a["rule"] for a in found if "rule" in a], [path_of(FTDI)])
            self.assertEqual([a["plugged_in"] for a in found if "rule" in a], [plugged])
            if plugged:
                self.machine.unplug("ttyUSB0")
        self.assertEqual([(a.get("enabled"), a.get("rule_error")) for a in found if "rule" in a],
                         [(True, 'parity: "mark" is not one of none, even, odd')])

    def test_a_rule_without_one_of_its_backslashes(self):
        """To udev these are two rules, and the second is about every tty."""
        self.does(["enable", "ttyUSB0"], "wrote " + path_of(FTDI), BY_HAND % "ttyUSB0")
        self.change(FTDI, 'ENV{.ID_PORT}=="0", \\\n', 'ENV{.ID_PORT}=="0",\n')
        status, out, err = self.ctl("adapters")
        self.assertEqual(err, ['amshanctl: %s: it is not as "amshanctl enable" writes it, and cannot be understood'
                               % path_of(FTDI)])
        self.does(["disable", "ttyUSB0"], "removed " + path_of(FTDI), "ttyUSB0 is left alone")
        self.assertEqual(self.files(), [])

    def test_a_rule_whose_name_is_no_text(self):
        self.machine.write("etc/udev/rules.d/77-amshan-a\udcffb.rules", "x")
        found = self.adapters()
        self.assertEqual(found["a?b"]["rule"], path_of("a?b"))

    def test_links(self):
        # Two ways to write a place; and a link of two leads to one.
        self.machine.usb("ttyUSB2", 2, "8", "Clone", "CP2102", "0001")
        self.machine.usb("ttyUSB3", 3, "9", "Clone", "CP2102", "0001")
        for name in ("aaa", "zzz"):
            with open(self.machine.file("run/udev/data/c188:3"), "a") as f:
                f.write("S:serial/by-path/%s\n" % name)
        found = self.adapters()
        self.assertNotIn("by_id", found["/dev/ttyUSB2"])
        self.assertEqual(found["/dev/ttyUSB3"]["by_id"], "/dev/serial/by-id/usb-Clone_CP2102_0001-if00-port0")
        self.assertEqual(found["/dev/ttyUSB3"]["by_path"],
                         "/dev/serial/by-path/pci-0000:00:14.0-usb-0:9:1.0-port0")


class Enable(WithMachine):
    def test_by_serial_number(self):
        place = "pci-0000:00:14.0-usb-0:3:1.0-port0"
        for device in ("ttyUSB0", "/dev/ttyUSB0", "/dev/serial/by-id/" + FTDI, FTDI, place):
            self.does(["enable", device], "wrote " + path_of(FTDI), BY_HAND % "ttyUSB0")
            self.assertEqual(self.machine.udevadm_log(), self.machine.triggered("ttyUSB0"))
        self.assertEqual(self.files(), ["77-amshan-%s.rules" % FTDI])
        self.assertEqual(os.stat(self.machine.file("etc/udev/rules.d/77-amshan-%s.rules" % FTDI)).st_mode, 0o100644)
        # Other settings take the place of the old ones.
        self.does(["enable", "ttyUSB0", "--baud", "115200", "--parity", "odd", "--data", "7"],
                  "wrote " + path_of(FTDI), BY_HAND % "ttyUSB0")
        self.assertEqual(self.adapters()["/dev/ttyUSB0"]["settings"],
                         {"baud": 115200, "parity": "odd", "data": 7, "stop": 1, "framing": "hdlc"})
        # What is not given stays.
        self.does(["enable", "ttyUSB0", "--parity=even"], "wrote " + path_of(FTDI), BY_HAND % "ttyUSB0")
        self.assertEqual(self.adapters()["/dev/ttyUSB0"]["settings"],
                         {"baud": 115200, "parity": "even", "data": 7, "stop": 1, "framing": "hdlc"})
        self.assertFalse(self.adapters()["/dev/ttyUSB1"]["enabled"])

    def test_a_framing_that_is_not_for_the_module(self):
        by_amshand = "systemd does not run here: amshand reads ttyUSB0 (115200 8N1 p1), if it hears udev"
        self.does(["enable", "ttyUSB0", "--baud=115200", "--framing=p1"], "wrote " + path_of(FTDI), by_amshand)
        # What is not given stays.
        self.does(["enable", "ttyUSB0"], "wrote " + path_of(FTDI), by_amshand)
        found = self.adapters()["/dev/ttyUSB0"]
        self.assertEqual((found["settings"]["framing"], found["state"]), ("p1", "read by amshand itself"))
        status, out, err = self.ctl("adapters")
        self.assertRegex("\n".join(out), "/dev/ttyUSB0 .* 115200 8N1 p1 +read by amshand itself")
        self.change(FTDI, '"p1"', '"dsmr"')
        self.machine.run("udevadm", "trigger", "--action=change", "--settle", "/dev/ttyUSB0")
        status, out, err = self.ctl("adapters")
        self.assertEqual(err, ['amshanctl: %s: framing: "dsmr" is not one of hdlc, p1, mbus, apdu' % path_of(FTDI)])
        self.does(["enable", "ttyUSB0", "--framing=hdlc"], "wrote " + path_of(FTDI), BY_HAND % "ttyUSB0")

    def test_a_setting_that_was_wrong(self):
        self.does(["enable", "ttyUSB0", "--baud=9600"], "wrote " + path_of(FTDI), BY_HAND % "ttyUSB0")
        self.change(FTDI, '"none"', '"mark"')
        self.does(["enable", "ttyUSB0"], "wrote " + path_of(FTDI), BY_HAND % "ttyUSB0")
        self.assertEqual(self.adapters()["/dev/ttyUSB0"]["settings"],
                         {"baud": 9600, "parity": "none", "data": 8, "stop": 1, "framing": "hdlc"})

    def test_by_place_and_by_model(self):
        why = BY_PLACE % ("ttyUSB1", "it has no serial number")
        model = "ttyUSB1 is known by its model 1a86:7523: any other of it without a serial number is enabled as well"
        self.does(["enable", "ttyUSB1"], why, "wrote " + path_of(PLACE), BY_HAND % "ttyUSB1")
        self.assertEqual(self.files(), ["77-amshan-%s.rules" % PLACE])
        self.does(["enable", "--anywhere", "ttyUSB1"], model, "wrote " + path_of("usb-1a86-7523-if00-port0"),
                  "removed " + path_of(PLACE), BY_HAND % "ttyUSB1")
        self.assertEqual(self.files(), ["77-amshan-usb-1a86-7523-if00-port0.rules"])
        # Another one of it is enabled as well; its own rule, by place, does not disable the first.
        self.machine.usb("ttyUSB2", 2, "5", "1a86", "USB_Serial", ids=("1a86", "7523"), driver="ch341")
        self.machine.run("udevadm", "trigger", "/dev/ttyUSB2")
        self.assertTrue(self.adapters()["/dev/ttyUSB2"]["enabled"])
        self.does(["enable", "--parity=even", "ttyUSB1"], why, "wrote " + path_of(PLACE),
                  "kept %s: ttyUSB2 is enabled by it" % path_of("usb-1a86-7523-if00-port0"), BY_HAND % "ttyUSB1")
        self.assertEqual(self.adapters()["/dev/ttyUSB1"]["settings"]["parity"], "even")
        self.assertEqual(self.adapters()["/dev/ttyUSB1"]["rule"], path_of(PLACE))

    def test_anywhere_with_a_serial_number(self):
        self.fails(["enable", "--anywhere", "ttyUSB0"], "ttyUSB0 has a serial number: --anywhere makes no sense, it is "
                   "for adapters that have none")
        self.assertEqual((self.files(), self.machine.udevadm_log()), ([], []))

    def test_a_serial_number_that_many_have(self):
        self.machine.usb("ttyUSB2", 2, "8", "Clone", "CP2102", "0001", ids=("10c4", "ea60"))
        place = "pci-0000:00:14.0-usb-0:8:1.0-port0"
        self.does(["enable", "ttyUSB2"], BY_PLACE % ("ttyUSB2", "many adapters have its serial number 0001"),
                  "wrote " + path_of(place), BY_HAND % "ttyUSB2")
        # A stick with the same chip, plugged in later, is not taken for it.
        self.machine.usb("ttyUSB3", 3, "9", "Clone", "CP2102", "0001", ids=("10c4", "ea60"))
        self.machine.run("udevadm", "trigger", "/dev/ttyUSB3")
        self.assertFalse(self.adapters()["/dev/ttyUSB3"]["enabled"])
        self.does(["enable", "--anywhere", "ttyUSB2"], "ttyUSB2 is known by its model 10c4:ea60: any other of it with "
                  "the serial number 0001 is enabled as well", "wrote " + path_of("usb-10c4-ea60-0001-if00-port0"),
                  "removed " + path_of(place), BY_HAND % "ttyUSB2")

    def test_the_same_serial_number_twice(self):
        self.machine.usb("ttyUSB2", 2, "8", "Clone", "CP2102", "C77", ids=("10c4", "ea60"))
        name = "usb-Clone_CP2102_C77-if00-port0"
        self.does(["enable", "ttyUSB2"], "wrote " + path_of(name), BY_HAND % "ttyUSB2")
        self.machine.usb("ttyUSB3", 3, "9", "Clone", "CP2102", "C77", ids=("10c4", "ea60"))
        place = "pci-0000:00:14.0-usb-0:%d:1.0-port0"
        same = "%s has the same serial number C77"
        # The rule of the first stays, and does not reach the second any more.
        self.does(["enable", "ttyUSB3", "--baud=9600"], BY_PLACE % ("ttyUSB3", same % "ttyUSB2"),
                  "wrote " + path_of(place % 9), "kept %s: ttyUSB2 is enabled by it" % path_of(name),
                  BY_HAND % "ttyUSB3")
        found = self.adapters()
        self.assertEqual(found["/dev/ttyUSB2"]["settings"]["baud"], 2400)
        self.assertEqual(found["/dev/ttyUSB3"]["settings"]["baud"], 9600)
        # To disable one of them is not to disable the other.
        self.does(["disable", "ttyUSB3"], "removed " + path_of(place % 9),
                  "ttyUSB3 is enabled by a rule that is also that of ttyUSB2",
                  (BY_PLACE % ("ttyUSB3", same % "ttyUSB2")).replace("enabled anew", "disabled anew"),
                  "wrote " + path_of(place % 9), "ttyUSB3 is left alone")
        self.assertFalse(self.adapters()["/dev/ttyUSB3"]["enabled"])
        self.machine.run("udevadm", "trigger", "/dev/ttyUSB2")
        self.assertTrue(self.adapters()["/dev/ttyUSB2"]["enabled"])
        # Said once more, the rule of the other one stays, also while that one is away.
        self.fails(["disable", "ttyUSB3"], "ttyUSB3 is not enabled")
        self.machine.unplug("ttyUSB2")
        self.fails(["disable", "ttyUSB3"], "ttyUSB3 is not enabled")
        self.machine.plug("ttyUSB2")
        self.machine.run("udevadm", "trigger", "/dev/ttyUSB2")
        self.assertTrue(self.adapters()["/dev/ttyUSB2"]["enabled"])
        # It can be disabled as well, and its rule is gone then.
        self.does(["disable", "ttyUSB2"], "removed " + path_of(name), "ttyUSB2 is left alone")
        self.assertEqual(self.files(), ["77-amshan-%s.rules" % (place % 9)])

    def test_a_serial_number_that_must_not_stand_in_a_rule(self):
        self.machine.usb("ttyUSB2", 2, "8", "Evil", "Model", '1", RUN+="/bin/sh -c reboot', ids=("10c4", "ea60"))
        place = "pci-0000:00:14.0-usb-0:8:1.0-port0"
        self.does(["enable", "ttyUSB2"],
                  BY_PLACE % ("ttyUSB2", "its serial number has characters that a rule must not have, or is too long"),
                  "wrote " + path_of(place), BY_HAND % "ttyUSB2")
        text = self.machine.rules()["77-amshan-%s.rules" % place]
        self.assertNotIn("RUN", text)
        self.assertNotIn("Evil", text)
        self.assertIn('ENV{ID_SERIAL_SHORT}=="?*"', text)

    def test_a_port_of_the_machine(self):
        self.machine.onboard("ttyS0", 0)
        self.does(["enable", "ttyS0", "--baud=300"], "wrote " + path_of("ttyS0"), BY_HAND % "ttyS0")
        self.assertEqual(self.adapters()["/dev/ttyS0"]["settings"]["baud"], 300)
        self.fails(["enable", "ttyS0", "--anywhere"],
                   "ttyS0 is not on USB: --anywhere makes no sense, it is known by its name")

    def test_what_is_no_adapter(self):
        self.machine.usb("ttyUSB2", 2, "8", "FTDI", "FT232R", "X", known=False)
        self.machine.onboard("ttyS1", 1, kind="0")
        os.mknod(self.machine.file("dev/pty"), udev_lab.NODE, os.makedev(136, 7))
        os.mknod(self.machine.file("dev/empty"), udev_lab.NODE, os.makedev(240, 7))
        self.machine.write("dev/file")
        os.symlink("loop", self.machine.file("dev/loop"))
        self.machine.device("virtual/tty/tty1", "tty", {"MAJOR": 4, "MINOR": 1, "DEVNAME": "tty1"}, dev="4:1")
        self.machine.link("sys/devices/virtual/tty/tty1", "sys/dev/char/4:1")
        os.mknod(self.machine.file("dev/tty1"), udev_lab.NODE, os.makedev(4, 1))
        self.machine.device("virtual/mem/zero", "mem", {"MAJOR": 1, "MINOR": 5, "DEVNAME": "zero"}, dev="1:5")
        self.machine.link("sys/devices/virtual/mem/zero", "sys/dev/char/1:5")
        os.mknod(self.machine.file("dev/zero"), udev_lab.NODE, os.makedev(1, 5))
        for device, said in (("ttyUSB9", "no such device: ttyUSB9"),
                             ("/dev/serial/by-id/gone", "no such device: /dev/serial/by-id/gone"),
                             ("/dev/file/deeper", "no such device: /dev/file/deeper"),
                             ("/dev/loop", "no such device: /dev/loop"),
                             ("x" * 300, "no such device: " + "x" * 255),
                             ("", "no such device: its name is empty"),
                             ("/dev/\x1b[2J", "no such device: /dev/?[2J"),
                             ("/dev/file", "/dev/file is no tty: it is no character device"),
                             ("/dev", "/dev is no tty: it is no character device"),
                             ("/dev/zero", "/dev/zero is no tty"),
                             ("tty1", "tty1 is no serial port: there is no hardware behind it"),
                             ("pty", "pty is a pseudo-terminal: there is no hardware behind it"),
                             ("empty", "no such device: there is nothing behind empty"),
                             ("ttyS1", "ttyS1 is no serial port: there is no chip behind it"),
                             ("ttyUSB2",
                              "udev has not looked at ttyUSB2: of which adapter it is, is not known")):
            with self.subTest(device=device):
                self.fails(["enable", device], said)
        self.assertEqual(self.files(), [])

    def test_a_folder_that_cannot_be_written(self):
        self.fails(["enable", "ttyUSB0"], "cannot write %s: Read-only file system" % path_of(FTDI),
                   before='mount --bind "$0/etc" "$0/etc"; mount -o remount,bind,ro "$0/etc";')
        self.machine.write("etc/udev/rules.d")
        self.fails(["enable", "ttyUSB0"], "cannot look into /etc/udev/rules.d: Not a directory")

    def test_a_full_disk(self):
        self.does(["enable", "ttyUSB0"], "wrote " + path_of(FTDI), BY_HAND % "ttyUSB0")
        before = ('mount -t tmpfs -o size=8k none "$0/etc"; mkdir -p "$0/etc/udev/rules.d"; '
                  'head -c 8192 /dev/zero >"$0/etc/udev/rules.d/70-big.rules" || true; ')
        run = self.machine.run("sh", "-c", '"$@"; r=$?; ls -A /etc/udev/rules.d; exit $r', "sh", lab.AMSHANCTL,
                               "enable", "ttyUSB0", before=before)
        self.assertEqual((run.returncode, run.stdout, run.stderr),
                         (1, "70-big.rules\n",
                          "amshanctl: cannot write %s: No space left on device\n" % path_of(FTDI)))

    def test_another_rule_is_in_the_way(self):
        said = "udev does not do as the rule says: another rule says something else of ttyUSB0"
        for file in ("70-mine.rules", "77-amshan-meter.rules", "79-mine.rules"):
            with self.subTest(file=file):
                path = os.path.join(udev_lab.RULES, file)
                self.machine.write(path, 'KERNEL=="ttyUSB0", ENV{AMSHAN_ADAPTER}="0"\n')
                self.fails(["enable", "ttyUSB0"], said, out=["wrote " + path_of(FTDI), "removed " + path_of(FTDI)])
                self.assertEqual(self.files(), [file])
                os.unlink(self.machine.file(path))
        # What was there before comes back.
        self.does(["enable", "ttyUSB0", "--baud=9600"], "wrote " + path_of(FTDI), BY_HAND % "ttyUSB0")
        before = self.machine.rules()
        self.machine.write("etc/udev/rules.d/79-mine.rules", 'KERNEL=="ttyUSB0", ENV{AMSHAN_BAUD}="300"\n')
        self.fails(["enable", "ttyUSB0", "--baud=1200"], said,
                   out=["wrote " + path_of(FTDI), "restored " + path_of(FTDI)])
        self.assertEqual({**self.machine.rules(), **before}, self.machine.rules())

    def test_the_rule_by_hand_of_the_documentation(self):
        """As 78-amshan.rules shows it, under the name that it gives."""
        with open(os.path.join(lab.TOP, "udev", "78-amshan.rules")) as f:
            text = f.read()
        (name,) = re.findall(r"\b70-[a-z-]+\.rules\b", text)
        rule = re.search(r"^#\t(ACTION.*\n(?:#\t.*\n)+)", text, re.M)[1].replace("#\t", "")
        self.machine.write(os.path.join(udev_lab.RULES, name), rule)
        for tty in ("ttyUSB0", "ttyUSB1"):
            self.machine.run("udevadm", "trigger", "/dev/" + tty)
        found = self.adapters()
        self.assertEqual([found["/dev/" + tty]["enabled"] for tty in ("ttyUSB0", "ttyUSB1")], [True, False])
        self.assertEqual(found["/dev/ttyUSB0"]["settings"],
                         {"baud": 2400, "parity": "even", "data": 8, "stop": 1, "framing": "hdlc"})
        # It is not ours: neither complained of nor changed, and nothing useless is left behind.
        self.assertEqual(self.ctl("adapters")[2], [])
        self.fails(["enable", "ttyUSB0", "--parity=odd"], "udev does not do as the rule says: another rule says "
                   "something else of ttyUSB0", out=["wrote " + path_of(FTDI), "removed " + path_of(FTDI)])
        self.assertEqual(self.machine.rules(), {name: rule})
        self.assertEqual(self.ctl("disable", "ttyUSB0")[0], 1)
        self.assertEqual(self.machine.rules(), {name: rule})
        # What it has stays where nothing else is given.
        self.does(["enable", "ttyUSB0"], "wrote " + path_of(FTDI), BY_HAND % "ttyUSB0")
        self.assertIn('ENV{AMSHAN_PARITY}="even"', self.machine.rules()["77-amshan-%s.rules" % FTDI])

    def test_udevadm_fails(self):
        self.machine.write("udevadm.fails")
        status, out, err = self.ctl("enable", "ttyUSB0")
        self.assertEqual((status, out), (1, ["wrote " + path_of(FTDI)]))
        self.assertEqual(err, ["udevadm: it does not work", 'amshanctl: "udevadm control" failed with status 1'])


class Disable(WithMachine):
    def enable(self, *args):
        status, _, err = self.ctl("enable", *args)
        self.assertEqual((status, err), (0, []))
        self.machine.udevadm_log()

    def test_it_is_undone(self):
        self.enable("ttyUSB0")
        self.does(["disable", "/dev/serial/by-id/" + FTDI], "removed " + path_of(FTDI), "ttyUSB0 is left alone")
        self.assertEqual((self.files(), self.machine.udevadm_log()), ([], self.machine.triggered("ttyUSB0")))
        for _ in range(2):
            self.fails(["disable", "ttyUSB0"], "ttyUSB0 is not enabled")
        self.assertEqual(self.machine.udevadm_log(), [])

    def test_udevadm_fails(self):
        self.enable("ttyUSB0")
        self.machine.write("udevadm.fails")
        for out in (["removed " + path_of(FTDI)], []):
            status, said, err = self.ctl("disable", "ttyUSB0")
            self.assertEqual((status, said), (1, out))
            self.assertEqual(err, ["udevadm: it does not work", 'amshanctl: "udevadm control" failed with status 1'])
        os.unlink(self.machine.file("udevadm.fails"))
        self.does(["disable", "ttyUSB0"], "ttyUSB0 is left alone")
        self.assertEqual(self.files(), [])

    def test_one_that_is_not_plugged_in(self):
        self.enable("ttyUSB1")
        self.machine.unplug("ttyUSB1")
        self.does(["disable", PLACE], "removed " + path_of(PLACE))
        self.assertEqual(self.machine.udevadm_log(), ["control --reload"])
        for name in (PLACE, "/dev/serial/by-path/" + PLACE):
            self.fails(["disable", name],
                       "no such device: %s, and no adapter that is not plugged in is enabled by this name" % name)
        self.machine.plug("ttyUSB1")
        self.assertFalse(self.adapters()["/dev/ttyUSB1"]["enabled"])
        # By the path that its link would have.
        self.enable("ttyUSB0")
        self.machine.unplug("ttyUSB0")
        self.does(["disable", "/dev/serial/by-id/" + FTDI], "removed " + path_of(FTDI))

    def test_by_its_name_although_it_is_plugged_in(self):
        self.enable("ttyUSB0")
        self.does(["disable", FTDI], "removed " + path_of(FTDI), "ttyUSB0 is left alone")
        self.assertEqual(self.machine.udevadm_log(), self.machine.triggered("ttyUSB0"))

    def test_a_name_of_two(self):
        self.enable("ttyUSB1", "--anywhere")
        self.machine.usb("ttyUSB2", 2, "5", "1a86", "USB_Serial", ids=("1a86", "7523"), driver="ch341")
        model = path_of("usb-1a86-7523-if00-port0")
        self.does(["disable", "usb-1a86-7523-if00-port0"], "removed " + model, "ttyUSB1 is left alone",
                  "ttyUSB2 is left alone")
        self.assertEqual(self.files(), [])
        # One after the other by their ttys; udev has not looked at the second meanwhile.
        self.enable("ttyUSB1", "--anywhere")
        self.does(["disable", "ttyUSB1"], "ttyUSB1 is enabled by a rule that is also that of ttyUSB2",
                  (BY_PLACE % ("ttyUSB1", "it has no serial number")).replace("enabled anew", "disabled anew"),
                  "wrote " + path_of(PLACE), "ttyUSB1 is left alone")
        self.does(["disable", "ttyUSB2"], "removed " + model, "ttyUSB2 is left alone")
        for tty in ("ttyUSB1", "ttyUSB2"):
            self.machine.run("udevadm", "trigger", "/dev/" + tty)
            self.assertFalse(self.adapters()["/dev/" + tty]["enabled"])

    def test_a_setting_that_was_changed_to_a_wrong_one(self):
        self.enable("ttyUSB0")
        self.change(FTDI, '"none"', '"mark"')
        self.does(["disable", "ttyUSB0"], "removed " + path_of(FTDI), "ttyUSB0 is left alone")
        self.assertEqual(self.files(), [])

    def test_a_match_that_was_changed(self):
        """Whom it is about only udev knows; but the file has the name of its rule."""
        self.enable("ttyUSB0")
        self.change(FTDI, '"00"', '"*"')
        self.assertEqual(len(self.ctl("adapters")[2]), 1)
        self.does(["disable", "ttyUSB0"], "removed " + path_of(FTDI), "ttyUSB0 is left alone")
        self.assertEqual(self.files(), [])

    def test_a_file_that_is_not_understood(self):
        self.machine.write("etc/udev/rules.d/77-amshan-mine.rules", "x")
        self.does(["disable", "mine"], "removed " + path_of("mine"))
        self.assertEqual(self.files(), [])

    def test_one_of_the_hardware_database(self):
        self.machine.write("hwdb", "6001\n")
        self.machine.run("udevadm", "trigger", "/dev/ttyUSB0")
        self.machine.udevadm_log()
        self.does(["disable", "ttyUSB0"],
                  "ttyUSB0 is enabled by udev's list of adapters, or by a rule that is not ours",
                  "wrote " + path_of(FTDI), "ttyUSB0 is left alone")
        self.assertIn('ENV{AMSHAN_ADAPTER}="0"', self.machine.rules()["77-amshan-%s.rules" % FTDI])
        self.assertFalse(self.adapters()["/dev/ttyUSB0"]["enabled"])
        self.fails(["disable", "ttyUSB0"], "ttyUSB0 is not enabled")
        self.machine.unplug("ttyUSB0")
        self.assertFalse(self.adapters()[FTDI]["enabled"])
        self.fails(["disable", FTDI], FTDI + " is not enabled")

    def test_one_of_the_hardware_database_with_a_rule(self):
        self.machine.write("hwdb", "6001\n")
        self.enable("ttyUSB0", "--baud=300")
        self.does(["disable", "ttyUSB0"], "removed " + path_of(FTDI),
                  "ttyUSB0 is enabled by udev's list of adapters, or by a rule that is not ours",
                  "wrote " + path_of(FTDI), "ttyUSB0 is left alone")
        self.enable("ttyUSB0")
        self.assertTrue(self.adapters()["/dev/ttyUSB0"]["enabled"])
        self.assertEqual(len(self.files()), 1)

    def test_a_rule_of_the_user(self):
        for file in ("70-mine.rules", "77-amshan-meter.rules", "79-mine.rules"):
            with self.subTest(file=file):
                path = os.path.join(udev_lab.RULES, file)
                self.machine.write(path, 'KERNEL=="ttyUSB0", ENV{AMSHAN_ADAPTER}="1"\n')
                self.machine.run("udevadm", "trigger", "/dev/ttyUSB0")
                self.fails(["disable", "ttyUSB0"], "ttyUSB0 is still enabled, by a rule of udev that is not ours",
                           out=["ttyUSB0 is enabled by udev's list of adapters, or by a rule that is not ours",
                                "wrote " + path_of(FTDI), "removed " + path_of(FTDI)])
                self.assertEqual(self.files(), [file])
                os.unlink(self.machine.file(path))


class Probe(WithMachine):
    """As far as it comes without a driver behind the node."""

    def test_names(self):
        for device in ("ttyUSB0", "/dev/ttyUSB0", FTDI, "pci-0000:00:14.0-usb-0:3:1.0-port0"):
            self.fails(["probe", device], "no such tty: there is no device behind /dev/ttyUSB0")
        self.fails(["probe", "ttyUSB9"], "no such tty: ttyUSB9")

    def test_what_is_no_tty_is_not_opened(self):
        # It could be: it is the real /dev/zero, and sysfs says that it is a watchdog.
        self.machine.device("virtual/watchdog/watchdog0", "watchdog", {"MAJOR": 1, "MINOR": 5, "DEVNAME": "watchdog0"},
                            dev="1:5")
        self.machine.link("sys/devices/virtual/watchdog/watchdog0", "sys/dev/char/1:5")
        os.mknod(self.machine.file("dev/watchdog0"), udev_lab.NODE, os.makedev(1, 5))
        # Whoever has opened it calls it by its path.
        self.fails(["probe", "watchdog0"], "not a tty: watchdog0")
        os.unlink(self.machine.file("sys/dev/char/1:5"))
        self.fails(["probe", "watchdog0"], "not a tty: /dev/watchdog0")


class WithoutUdev(WithMachine):
    udev = False

    def test_rules_are_written_all_the_same(self):
        plug = "the adapter is plugged in"
        self.does(["enable", "ttyUSB0"], "wrote " + path_of(FTDI),
                  "udev does not run here: the rule counts from the next time that " + plug)
        self.does(["disable", "ttyUSB0"], "removed " + path_of(FTDI),
                  "udev does not run here: that counts from the next time that " + plug, "ttyUSB0 is left alone")
        self.machine.onboard("ttyS0", 0, known=False)
        self.does(["enable", "ttyS0"], "wrote " + path_of("ttyS0"),
                  "udev does not run here: the rule counts from the next time that the machine starts")
        self.assertEqual(self.machine.udevadm_log(), [])


class WithSystemd(WithMachine):
    def setUp(self):
        super().setUp()
        self.systemd = self.enterContext(systemd_lab.Systemd(self.machine))

    def test_the_service_is_started_anew(self):
        self.systemd.say(properties={UNIT: {"StatusText": "waits: the module \x1b[2J amshan is not loaded"}})
        self.fails(["enable", "ttyUSB0"],
                   "ttyUSB0 is enabled, but not attached yet: waits: the module ?[2J amshan is not loaded",
                   out=["wrote " + path_of(FTDI)])
        self.assertEqual(self.systemd.calls(), ["RestartUnit %s replace" % UNIT])
        self.assertEqual(self.adapters()["/dev/ttyUSB0"]["state"], "waits: the module ?[2J amshan is not loaded")

    def test_what_there_is_to_say_without_a_status(self):
        self.fails(["enable", "ttyUSB0"], "ttyUSB0 is enabled, but not attached yet: the module amshan is not loaded",
                   out=["wrote " + path_of(FTDI)])
        self.assertEqual(self.adapters()["/dev/ttyUSB0"]["state"], "not attached: its service is inactive")

    def test_a_service_that_is_not_installed(self):
        self.systemd.say(missing=[UNIT])
        self.fails(["enable", "ttyUSB0"], "ttyUSB0 is enabled, but not attached yet: systemd has no unit %s: it is not "
                   "installed" % UNIT, out=["wrote " + path_of(FTDI)])
        self.assertEqual(self.adapters()["/dev/ttyUSB0"]["state"], "not attached: its service is not-found")
        # That is no reason against disabling.
        self.does(["disable", "ttyUSB0"], "removed " + path_of(FTDI), "ttyUSB0 is left alone")

    def test_a_job_that_fails(self):
        self.systemd.say(result="failed")
        self.fails(["enable", "ttyUSB0"], "ttyUSB0 is enabled, but not attached yet: systemd could not start %s "
                   '(failed); "journalctl -u %s" says why' % (UNIT, UNIT), out=["wrote " + path_of(FTDI)])
        self.fails(["disable", "ttyUSB0"], 'systemd could not stop %s (failed); "journalctl -u %s" says why'
                   % (UNIT, UNIT), out=["removed " + path_of(FTDI)])
        # It can be said again as long as the service runs.
        self.systemd.say(properties={UNIT: {"ActiveState": "active"}})
        self.systemd.calls()
        self.does(["disable", "ttyUSB0"], "ttyUSB0 is left alone")
        self.assertEqual(self.systemd.calls(), ["StopUnit %s replace" % UNIT])
        self.systemd.say()
        self.fails(["disable", "ttyUSB0"], "ttyUSB0 is not enabled")

    def test_the_service_is_stopped(self):
        self.ctl("enable", "ttyUSB0")
        self.systemd.calls()
        self.does(["disable", "ttyUSB0"], "removed " + path_of(FTDI), "ttyUSB0 is left alone")
        self.assertEqual(self.systemd.calls(), ["StopUnit %s replace" % UNIT])

    def test_no_bus(self):
        self.machine.env["DBUS_SYSTEM_BUS_ADDRESS"] = "unix:path=/nonexistent"
        self.fails(["enable", "ttyUSB0"], "ttyUSB0 is enabled, but not attached yet: cannot ask systemd: No such file "
                   "or directory", out=["wrote " + path_of(FTDI)])
        self.assertEqual(self.adapters()["/dev/ttyUSB0"]["state"], "the module amshan is not loaded")


if __name__ == "__main__":
    unittest.main()
