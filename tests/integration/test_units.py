# SPDX-License-Identifier: GPL-2.0
"""The units: systemd finds nothing wrong with them, and holds their sandboxes for tight."""
import glob
import os
import re
import shutil
import subprocess
import unittest

import lab

UNITS = sorted(glob.glob(os.path.join(lab.TOP, "daemon", "data", "*.service")))
EXPOSURE = 2.0


def run(*argv):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=60)
    return done.returncode, done.stdout


def settings(path):
    """(section, key) to the values that are set, in their order."""
    got, section = {}, None
    with open(path) as f:
        for line in f:
            if match := re.match(r"\[(\w+)\]$", line):
                section = match[1]
            elif match := re.match(r"(\w+)=(.*)$", line):
                got.setdefault((section, match[1]), []).append(match[2])
    return got


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
class UnitsTest(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(lab.Folder())

    def test_they_are_there(self):
        self.assertEqual([os.path.basename(p) for p in UNITS], ["amshan-attach@.service", "amshand.service"])

    def verify(self, text, name):
        """What systemd says of a unit."""
        path = self.folder.write(name.replace("@.", "@ttyUSB0."), text)
        _, said = run("systemd-analyze", "verify", "--man=no", path)
        # It also looks at other units of the machine.
        return [line for line in said.splitlines() if "amshan" in line]

    def test_systemd_says_nothing(self):
        for path in UNITS:
            with open(path) as f:       # the programs are not where the units will find them
                text = re.sub(r"/usr/sbin/(amshan[\w-]*)", os.path.join(lab.BUILD, r"\1"), f.read())
            self.assertEqual(self.verify(text, os.path.basename(path)), [])
            # It would say something.
            self.assertEqual(len(self.verify(text.replace("\nUMask=", "\nUMaks="), os.path.basename(path))), 1)

    def test_their_sandboxes_are_tight(self):
        for path in UNITS:
            copy = self.folder.write(os.path.basename(path), "")
            shutil.copy(path, copy)
            status, said = run("systemd-analyze", "security", "--offline=true", "--no-pager",
                               "--threshold=%d" % (EXPOSURE * 10), copy)
            level = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
            self.assertEqual(status, 0, said)
            self.assertLessEqual(float(level[1]), EXPOSURE)
            # A threshold that it does not reach.
            self.assertNotEqual(run("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=5",
                                    copy)[0], 0)

    def test_capabilities(self):
        self.assertEqual(settings(UNITS[1])["Service", "CapabilityBoundingSet"], [""])
        self.assertNotIn(("Service", "AmbientCapabilities"), settings(UNITS[1]))
        for key in "CapabilityBoundingSet", "AmbientCapabilities":
            self.assertEqual(settings(UNITS[0])["Service", key], ["CAP_NET_ADMIN"])

    def test_they_recover_by_themselves(self):
        for path in UNITS:
            got = settings(path)
            self.assertEqual(got["Unit", "StartLimitIntervalSec"], ["0"], path)
            self.assertIn(got["Service", "Restart"], (["always"], ["on-failure"]), path)
            # Both run as this user, which sysusers makes.
            self.assertEqual(got["Service", "User"], ["amshan"], path)
        with open(os.path.join(lab.TOP, "daemon", "data", "amshan.sysusers")) as f:
            self.assertRegex(f.read(), r"(?m)^u amshan ")

    def test_a_wrong_configuration_is_no_reason_to_try_again(self):
        with lab.Daemon(self.folder, "bogus = 1\n") as daemon:
            status = daemon.proc.wait(10)
        name = settings(UNITS[1])["Service", "RestartPreventExitStatus"][0]
        _, said = run("systemd-analyze", "exit-status", name)
        self.assertRegex(said, r"(?m)^%s\s+%d\s" % (name, status))


if __name__ == "__main__":
    unittest.main()
