# SPDX-License-Identifier: GPL-2.0
"""tests/deps.sh, with stand-ins for the package tools: they write down how they were called."""
import os
import subprocess
import unittest

import lab

SCRIPT = os.path.join(lab.TOP, "tests", "deps.sh")
DPKG_QUERY = 'for p; do :; done; case " $INSTALLED " in *" $p "*) printf installed;; *) exit 1;; esac'
APT_GET = ('echo "$*" >> "$CALLS"; case "$1" in update) touch "$CALLS.lists";; '
           'install) [ -z "$NEED_LISTS" ] || [ -e "$CALLS.lists" ] || { echo "E: no such package"; exit 100; };; esac')
INSTALL = "install -y --no-install-recommends"


class DepsTest(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(lab.Folder())
        self.tool("dpkg-query", DPKG_QUERY)
        self.tool("apt-get", APT_GET)
        self.tool("id", "echo 0")
        for name in ("sh", "env", "mktemp", "rm", "cat", "touch"):
            os.symlink("/bin/" + name, self.folder.file("bin/" + name))

    def tool(self, name, text):
        self.folder.write("bin/" + name, "#!/bin/sh\n%s\n" % text, 0o755)

    def run_script(self, *packages, **env):
        env = dict(PATH=self.folder.file("bin"), CALLS=self.folder.file("calls"), INSTALLED="gcc make",
                   TMPDIR=self.folder.path, **env)
        done = subprocess.run(["/bin/sh", SCRIPT, *packages], env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30)
        return done.returncode, done.stdout

    def calls(self):
        try:
            with open(self.folder.file("calls")) as f:
                return f.read().splitlines()
        except FileNotFoundError:
            return []

    def test_nothing_is_missing(self):
        self.assertEqual(self.run_script("gcc", "make"), (0, ""))
        self.assertEqual(self.calls(), [])

    def test_only_what_is_missing_is_installed(self):
        self.assertEqual(self.run_script("gcc", "clang", "valgrind"), (0, "Installing clang valgrind\n"))
        self.assertEqual(self.calls(), [INSTALL + " clang valgrind"])

    def test_without_package_lists_they_are_fetched(self):
        self.assertEqual(self.run_script("clang", NEED_LISTS="1")[0], 0)
        self.assertEqual(self.calls(), [INSTALL + " clang", "update", INSTALL + " clang"])

    def test_a_failure_is_shown(self):
        self.tool("apt-get", 'echo "E: broken"; exit 100')
        status, said = self.run_script("clang")
        self.assertEqual(status, 1)
        self.assertIn("E: broken\nCould not install the packages; the command was: apt-get %s clang\n" % INSTALL, said)

    def test_a_user_without_sudo_is_told_the_command(self):
        self.tool("id", "echo 1000")
        status, said = self.run_script("gcc", "clang")
        self.assertEqual(status, 1)
        self.assertIn("  apt-get update && apt-get %s clang\n" % INSTALL, said)
        self.assertEqual(self.calls(), [])

    def test_a_user_with_sudo(self):
        self.tool("id", "echo 1000")
        self.tool("sudo", '[ "$1" = -n ] && shift; echo "sudo $*" >> "$CALLS"; exec "$@"')
        os.symlink("/bin/true", self.folder.file("bin/true"))
        self.assertEqual(self.run_script("clang")[0], 0)
        self.assertEqual(self.calls()[-2:], ["sudo env DEBIAN_FRONTEND=noninteractive apt-get %s clang" % INSTALL,
                                             INSTALL + " clang"])

    def test_another_system_is_told_what_is_needed(self):
        os.remove(self.folder.file("bin/apt-get"))
        status, said = self.run_script("gcc", "clang")
        self.assertEqual(status, 0)
        self.assertIn("  gcc clang\n", said)


if __name__ == "__main__":
    unittest.main()
