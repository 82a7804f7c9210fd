# SPDX-License-Identifier: GPL-2.0
"""amshanctl ports on a machine without the module; with it, it is tested in virtual machines."""
import os
import subprocess
import unittest

import lab
from ctl_lab import Terminal


@unittest.skipIf(os.path.exists("/sys/module/amshan"), "the module is loaded here")
class WithoutModule(unittest.TestCase):
    SAID = "amshanctl: the module amshan is not loaded\n"

    def ports(self, *args):
        run = subprocess.run([lab.AMSHANCTL, "ports", *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, timeout=30)
        return run.returncode, run.stdout, run.stderr

    def test_it_says_so(self):
        for args in ([], ["--json"], ["--watch"], ["--watch", "--json"]):
            self.assertEqual(self.ports(*args), (1, "", self.SAID), args)

    def test_no_privilege_is_needed_to_ask(self):
        if os.geteuid():
            self.skipTest("only root can become somebody else")
        run = subprocess.run(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--bounding-set",
                              "-all", lab.AMSHANCTL, "ports"], cwd="/", stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             text=True, timeout=30)
        if "Permission denied" in run.stderr:
            self.skipTest("the build folder is closed to other users")
        self.assertEqual((run.returncode, run.stdout, run.stderr), (1, "", self.SAID))

    def test_the_terminal_is_left_alone(self):
        with Terminal([lab.AMSHANCTL, "ports", "--watch"], dict(os.environ, TERM="xterm")) as t:
            self.assertEqual(t.proc.wait(10), 1)
            self.assertEqual(os.read(t.master, 4096).replace(b"\r\n", b"\n").decode(), self.SAID)

    def test_a_sandbox_without_netlink(self):
        if os.geteuid():
            self.skipTest("only root may make a network namespace")
        # A network namespace has families of its own, and ours is in the first one only.
        run = subprocess.run(["unshare", "-n", lab.AMSHANCTL, "ports"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             text=True, timeout=30)
        if "unshare" in run.stderr:
            self.skipTest("no network namespaces here")
        self.assertEqual((run.returncode, run.stdout, run.stderr), (1, "", self.SAID))


class Usage(unittest.TestCase):
    def test_wrong_usage(self):
        for args, said in ((["ports", "amshan0"], 'ports takes no "amshan0"'),
                           (["ports", "--user"], "ports does not ask amshand: --user has no place here"),
                           (["list", "--watch"], "list takes no --watch"),
                           (["--watch", "decode"], "decode takes no --watch")):
            run = subprocess.run([lab.AMSHANCTL, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True, timeout=30)
            self.assertEqual((run.returncode, run.stdout, run.stderr), (2, "", "amshanctl: %s\n" % said))


if __name__ == "__main__":
    unittest.main()
