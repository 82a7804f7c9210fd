# SPDX-License-Identifier: GPL-2.0
"""The other way to install: "make install" from the tree, on the system that the packages were purged from."""
import os

import house
from house import A, TestCase, good, unit

RULE = "/etc/udev/rules.d/77-amshan-%s.rules" % os.path.basename(house.BY_ID)


class Tree(TestCase):
    def make(self, target, *args):
        done = house.make(target, *args)
        self.assertEqual(done.status, 0, done.out + done.err)
        return done.out + done.err

    def test_install(self):
        said = self.make("install")
        self.assertIn("Next: systemctl enable --now amshand; amshanctl adapters", said)
        self.assertTrue(os.path.isdir("/sys/module/amshan"), said)
        self.assertIn("amshan/", good("dkms", "status", "-m", "amshan"))
        good("systemctl", "enable", "--now", "amshand")
        self.assertEqual(unit("amshand", "FragmentPath"), "/usr/local/lib/systemd/system/amshand.service")
        subscriber, since = self.subscriber(), house.now_us()
        good("amshanctl", "enable", house.plugged[A])
        house.wait_attached(house.plugged[A])
        self.assert_reads(A, since, subscriber)
        done = house.run("amshanctl", "doctor")
        self.assertEqual(done.status, 0, done.out + done.err)

    def test_it_is_read_when_it_is_plugged_in_again(self):
        house.unplug(A)
        _, since = house.plug(A, "1")
        self.assert_reads(A, since)

    def test_install_again_takes_over(self):
        name = house.attach_unit(house.plugged[A])
        before = unit("amshand", "MainPID"), unit(name, "MainPID")
        # To compile the module once more would show nothing new.
        said = self.make("install", "DKMS=/none/dkms")
        self.assertIn("Not built: the kernel module", said)
        for was, now in zip(before, (unit("amshand", "MainPID"), unit(name, "MainPID"))):
            self.assertNotIn(now, ("0", was))
        house.wait_attached(house.plugged[A])
        self.assert_reads(A)

    def test_uninstall(self):
        said = self.make("uninstall")
        left = [name for name in house.names_of_ours()]
        yours = ("/etc/amshan", "/var/lib/amshan", RULE, "/run/amshan")
        self.assertEqual([name for name in left if not name.startswith(yours)], [])
        self.assertIn("/etc/amshan/amshand.conf", left)
        self.assertIn(RULE, left)
        for name in "/etc/amshan", "/var/lib/amshan", "/etc/udev/rules.d", "the user amshan":
            self.assertIn(name, said)
        self.assertFalse(os.path.exists("/sys/module/amshan"), "the module stays loaded")
        self.assertEqual(house.run("systemctl", "list-unit-files", "--no-legend", "amsh*").out, "")
        self.assertEqual(house.failed_units(), [])
