# SPDX-License-Identifier: GPL-2.0
"""Completion of amshanctl, in a real bash: asked as bash asks it, and with the tabulator key on a terminal."""
import os
import re
import subprocess
import unittest

import lab
import udev_lab
from ctl_lab import Terminal, WithDaemon

FILE = os.path.join(lab.TOP, "daemon", "data", "amshanctl.bash")
BASH = "/bin/bash"

# As readline takes a line apart, and what it does with the answer.
ASK = r"""
set -u
source "$1"
COMP_LINE=$2 COMP_POINT=${#2} COMP_WORDBREAKS=$3
words=$2
for c in = :; do [[ $COMP_WORDBREAKS == *$c* ]] && words=${words//$c/ $c }; done
read -ra COMP_WORDS <<<"$words"
[[ $2 == *[[:space:]] ]] && COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_amshanctl amshanctl
printf '%s\n' "${COMPREPLY[@]}"
"""
BREAKS = " \t\n\"'><=;|&(:"


def listed(what, text):
    return set(re.findall(what, text, re.M))


def help_of(*args):
    return subprocess.run([lab.AMSHANCTL, *args, "--help"], stdout=subprocess.PIPE, check=True, text=True,
                          timeout=30).stdout


def commands():
    return listed(r"^  ([a-z]+) ", help_of().split("Options:")[0])


class Completion(unittest.TestCase):
    def complete(self, line, breaks=BREAKS, env=None, cwd=None):
        """What is offered for a line, sorted."""
        path = lab.BUILD + ":" + os.environ["PATH"]
        run = subprocess.run([BASH, "--norc", "-c", ASK, "bash", FILE, line, breaks], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30, cwd=cwd,
                             env={**os.environ, "PATH": path, **(env or {})})
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        return sorted(run.stdout.split())

    def test_the_commands_are_those_of_the_help(self):
        self.assertEqual(set(self.complete("amshanctl ")), commands())
        self.assertIn("adapters", commands())
        self.assertEqual(self.complete("amshanctl mo"), ["monitor"])
        self.assertEqual(self.complete("amshanctl --json st"), ["status"])
        self.assertEqual(self.complete("amshanctl x"), [])

    def test_the_options_are_those_of_the_help(self):
        for command in sorted(commands()):
            with self.subTest(command=command):
                self.assertEqual(set(self.complete("amshanctl %s --" % command)),
                                 listed(r"^ .*?(--[a-z-]+)", help_of(command).split("\nOptions:\n")[1]))
        self.assertEqual(set(self.complete("amshanctl -")),
                         listed(r"^ .*?(--[a-z-]+)", help_of().split("\nOptions:\n")[1]))

    def test_values(self):
        for breaks in (BREAKS, " "):
            for line, want in (("--parity=", ["none", "even", "odd"]), ("--parity=o", ["odd"]),
                               ("--data=", list("5678")), ("--stop=2", ["2"]), ("--baud=24", ["2400"]),
                               ("--seconds=", [])):
                prefix = "" if "=" in breaks else line.split("=")[0] + "="
                self.assertEqual(self.complete("amshanctl enable " + line, breaks), sorted(prefix + w for w in want))
        self.assertEqual(self.complete("amshanctl enable --parity e"), ["even"])
        self.assertEqual(self.complete("amshanctl enable --parity "), ["even", "none", "odd"])

    def test_tables_are_files(self):
        with lab.Folder() as folder:
            folder.write("mine.conf", "")
            for line in ("decode --tables ", "decode capture --tables mi", "--tables "):
                self.assertEqual(self.complete("amshanctl " + line, cwd=folder.path), ["mine.conf"], line)

    def test_every_value_is_taken(self):
        for option in ("--baud", "--parity", "--data", "--stop"):
            values = self.complete("amshanctl enable %s " % option)
            self.assertTrue(values)
            for value in values:
                run = subprocess.run([lab.AMSHANCTL, "enable", option, value, "/nonexistent"], stderr=subprocess.PIPE,
                                     stdin=subprocess.DEVNULL, text=True, timeout=30)
                self.assertEqual(run.returncode, 1, run.stderr)

    def test_files(self):
        with lab.Folder() as folder:
            for name in ("aidon.hex", "b.hex"):
                folder.write(name, "x")
            for command in ("decode", "report"):
                self.assertEqual(self.complete("amshanctl %s " % command, cwd=folder.path), ["aidon.hex", "b.hex"])
                self.assertEqual(self.complete("amshanctl %s a" % command, cwd=folder.path), ["aidon.hex"])
                self.assertEqual(self.complete("amshanctl %s b.hex " % command, cwd=folder.path), [])
            for command in ("list", "status", "ports", "adapters", "doctor"):
                self.assertEqual(self.complete("amshanctl %s " % command, cwd=folder.path), [])

    def test_meters(self):
        with lab.Folder() as folder:
            fake = folder.write("amshanctl", '#!/bin/sh\necho "$@" >>"%s/asked"\n'
                                'echo \'[{"id":"7359992800000001"},{"id":"6970631400000001"}]\'\n' % folder.path, 0o755)
            env = {"PATH": folder.path + ":" + os.environ["PATH"]}
            run = subprocess.run([BASH, "--norc", "-c", ASK, "bash", FILE, "amshanctl show --user 7", BREAKS], env=env,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30)
            self.assertEqual((run.stdout, run.stderr), ("7359992800000001\n", ""))
            with open(folder.file("asked")) as f:
                self.assertEqual(f.read(), "--user list --json\n")
            for line, want in (("forget 7", ["7359992800000001"]), ("forget 7359992800000001 ", []),
                               ("monitor 1 ", ["6970631400000001", "7359992800000001"])):
                self.assertEqual(self.complete("amshanctl " + line, env=env), want)
            # One that does not answer is waited for a moment, and one that is not there is no complaint.
            folder.write("amshanctl", "#!/bin/sh\nexec sleep 60\n", 0o755)
            run = subprocess.run([BASH, "--norc", "-c", ASK, "bash", FILE, "amshanctl monitor a ", BREAKS], env=env,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=20)
            self.assertEqual((run.stdout.strip(), run.stderr), ("", ""))
            os.unlink(fake)
            self.assertEqual(self.complete("amshanctl show ", env={"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent",
                                                                   "DBUS_SESSION_BUS_ADDRESS": ""}), [])


class Meters(WithDaemon):
    def test_those_that_amshand_knows(self):
        self.start()
        self.line.send(2)
        self.wait_messages(1)
        env = dict(os.environ, PATH=lab.BUILD + ":" + os.environ["PATH"], **self.bus.env)
        run = subprocess.run([BASH, "--norc", "-c", ASK, "bash", FILE, "amshanctl show ", BREAKS], env=env,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30)
        self.assertEqual((run.stdout, run.stderr), ("7359992800000001\n", ""))


@unittest.skipUnless(udev_lab.namespaces_work(), "only root in a place with mount namespaces can replace /dev")
class Devices(unittest.TestCase):
    def test_devices(self):
        with udev_lab.Machine() as machine:
            machine.usb("ttyUSB0", 0, "3", "FTDI", "FT232R", "A1")
            machine.onboard("ttyS0", 0)
            machine.onboard("ttyS1", 1, kind="0")
            machine.write("etc/udev/rules.d/77-amshan-pci-0000:00:14.0-usb-0:4:1.0-port0.rules")
            machine.write("etc/udev/rules.d/77-other.rules")

            def complete(line):
                run = machine.run(BASH, "--norc", "-c", ASK, "bash", FILE, line, BREAKS)
                self.assertEqual((run.returncode, run.stderr), (0, ""))
                return run.stdout.split()

            devices = ["/dev/serial/by-id/usb-FTDI_FT232R_A1-if00-port0", "/dev/ttyUSB0", "/dev/ttyS0"]
            for command in ("probe", "enable", "enable --parity=even", "--json probe", "probe --seconds 3"):
                self.assertEqual(complete("amshanctl %s " % command), devices)
                self.assertEqual(complete("amshanctl %s /dev/ttyU" % command), ["/dev/ttyUSB0"])
            self.assertEqual(complete("amshanctl disable "), [*devices, "pci-0000:00:14.0-usb-0:4:1.0-port0"])
            # Behind a colon bash replaces only what follows.
            self.assertEqual(complete("amshanctl disable pci-0000:00:14"), ["14.0-usb-0:4:1.0-port0"])
            self.assertEqual(complete("amshanctl disable pci-0000:"), ["00:14.0-usb-0:4:1.0-port0"])
            self.assertEqual(complete("amshanctl enable /dev/ttyUSB0 "), [])
            # Any other path.
            self.assertEqual(complete("amshanctl enable /dev/serial/by-p"), ["/dev/serial/by-path"])


class Key(unittest.TestCase):
    """With readline itself."""

    def test_the_tabulator_key(self):
        env = dict(os.environ, TERM="dumb", PS1="$ ", HISTFILE="", PATH=lab.BUILD + ":" + os.environ["PATH"])
        with lab.Folder() as folder:
            inputrc = folder.write("inputrc", "set bell-style none\nset enable-bracketed-paste off\n")
            folder.write("a file.hex", "x")
            with Terminal([BASH, "--norc", "--noprofile", "-i"], dict(env, INPUTRC=inputrc), columns=200) as t:
                t.key(("cd '%s'; source '%s'; echo re''ady\r" % (folder.path, FILE)).encode())
                t.wait(lambda: t.shows("ready"))
                for typed, want in (("amshanctl adap\t", "amshanctl adapters "),
                                    ("amshanctl enable --par\t", "amshanctl enable --parity "),
                                    ("amshanctl enable --parity=e\t", "amshanctl enable --parity=even "),
                                    ("amshanctl probe --seco\t5 --en\t", "amshanctl probe --seconds 5 --enable "),
                                    ("amshanctl decode a\t", "amshanctl decode a\\ file.hex ")):
                    t.key(typed.encode())
                    t.wait(lambda: t.shows(want.rstrip()))
                    t.key(b"X")
                    t.wait(lambda: t.shows(want + "X"))
                    t.key(b"\x15")


if __name__ == "__main__":
    unittest.main()
