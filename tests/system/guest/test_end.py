# SPDX-License-Identifier: GPL-2.0
"""At last the packages are purged, as if they had never been there; and what the journal has of all this."""
import collections
import os
import re

import house
from house import A, TestCase, good

GROUP_MEMBER = "resident"


class Journal(TestCase):
    def test_of_all_boots(self):
        """No error that no test has provoked, and nobody's line is said again and again."""
        entries = house.journal()
        self.assertGreater(len(entries), 100)
        wrong = [str(e) for e in entries if e.priority <= 3 and
                 not any(re.search(p, e.text) for p in house.state["expected"])]
        self.assertEqual(wrong, [])
        # systemd says of each start what it says.
        counts = collections.Counter((e.invocation, e.who, e.text) for e in entries if e.who.startswith("amshan"))
        often = [(key[1:], n) for key, n in counts.most_common(5) if n > 40]
        self.assertEqual(often, [])


class Purge(TestCase):
    def test_make_install_keeps_off(self):
        """A tree does not install over packages."""
        for target in "install", "uninstall", "dkms-install", "dkms-remove":
            done = house.make(target)
            self.assertNotEqual(done.status, 0)
            self.assertIn("It is installed as a package; before this: apt remove", done.err)
        self.assertIn("installed", good("dkms", "status", "-m", "amshan"))
        self.assert_reads(A)

    def test_remove_keeps_what_is_the_users(self):
        tty = self.settle()
        # A member of the group is the user's own doing; it must not keep the group alive.
        self.assertIn(GROUP_MEMBER, good("getent", "group", "amshan"))
        good("apt-get", "-q", "--yes", "remove", "amshand", "amshan-dkms", seconds=170)
        self.assertTrue(os.path.exists("/etc/amshan/amshand.conf"))
        self.assertEqual(len(house.glob.glob(house.RULES)), 1)
        self.assertTrue(os.path.isdir("/var/lib/amshan"))
        self.assertFalse(os.path.exists("/sys/module/amshan"), "the module stays loaded")
        # The tty is as if nobody had been there.
        done = house.run("stty", "-F", tty)
        self.assertEqual(done.status, 0, done.err)
        self.assertIn("line = 0", done.out)
        self.assertEqual(house.meters(), {})

    def test_purge_leaves_nothing(self):
        good("apt-get", "-q", "--yes", "purge", "amshand", "amshan-dkms", seconds=170)
        self.assertEqual(house.names_of_ours(), [])
        for kind in ("passwd", "group"):
            self.assertEqual(house.run("getent", kind, "amshan").status, 2, kind + ": the name amshan is still there")
        self.assertNotIn("amshan", good("dkms", "status"))
        self.assertNotIn("amshan", good("systemctl", "list-units", "--all", "--no-legend", "amsh*"))
        self.assertEqual(house.failed_units(), [])
        self.assertEqual(house.run("pgrep", "-a", "amsh").out, "")

    def test_an_adapter_is_left_alone_again(self):
        house.unplug(A)
        tty, _ = house.plug(A, "1")
        told = house.udev(tty)
        self.assertEqual([name for name in told if name.startswith(("AMSHAN_", "ID_MM_"))], [])
        self.assertEqual([path for path in house.glob.glob("/proc/[0-9]*/fd/*") if links_to(path, tty)], [])


def links_to(path, tty):
    try:
        return os.readlink(path) == tty
    except OSError:
        return False
