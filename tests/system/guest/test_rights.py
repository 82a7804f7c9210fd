# SPDX-License-Identifier: GPL-2.0
"""What users may do who are nobody in particular, in our group, or in that of serial ports."""
import os

import house
import netlink
from house import A, METERS, NAME, PATH, TestCase, good

NOBODY, MEMBER, DIALOUT = "somebody", "resident", "tinkerer"
GROUPS = {NOBODY: [], MEMBER: ["--groups", "amshan"], DIALOUT: ["--groups", "dialout"]}
GET = ("busctl", "--system", "get-property", NAME, PATH + "/meter/" + METERS[A], NAME + ".Power", "ActivePowerImport")
RELOAD = ("busctl", "--system", "call", NAME, PATH, NAME + ".Manager", "Reload")


class Rights(TestCase):
    def setUp(self):
        super().setUp()
        self.tty = self.settle()
        self.device = os.path.realpath("/dev/amshan/by-id/" + os.path.basename(house.BY_ID))
        for user, groups in GROUPS.items():
            if house.run("getent", "passwd", user).status:
                good("useradd", "--no-create-home", *groups, user)

    def refused(self, user, *argv, why="(?i)permission denied|not permitted|access denied"):
        done = house.run(*argv, user=user)
        self.assertNotEqual(done.status, 0, "%s may %s: %s" % (user, " ".join(argv), done.out))
        self.assertRegex(done.err + done.out, why)

    def test_the_bus_is_for_the_group(self):
        self.assertRegex(good(*GET), r"^d \d")
        self.assertRegex(good(*GET, user=MEMBER), r"^d \d")
        self.refused(NOBODY, *GET)
        self.refused(DIALOUT, *GET)

    def test_signals_are_for_the_group(self):
        for user, there in ((MEMBER, True), (NOBODY, False)):
            done = house.run("runuser", "-u", user, "--", "timeout", "8", "dbus-monitor", "--system",
                             "type='signal',sender='%s'" % NAME)
            self.assertEqual("PropertiesChanged" in done.out, there, done.out[-2000:])

    def test_amshanctl_says_what_is_missing(self):
        done = house.run("amshanctl", "list", user=NOBODY)
        self.assertEqual(done.status, 1, done)
        self.assertRegex(done.err, "group|root")
        self.assertIn(METERS[A], good("amshanctl", "list", user=MEMBER))

    def test_only_root_manages(self):
        good(*RELOAD)
        for user in (MEMBER, NOBODY):
            self.refused(user, *RELOAD)
        for user in (MEMBER, NOBODY, DIALOUT):
            self.refused(user, "amshanctl", "enable", self.tty, why="only root may enable an adapter")
            self.refused(user, "amshanctl", "disable", self.tty, why="only root may disable an adapter")

    def test_the_tty_and_the_device(self):
        for user, path, may in ((NOBODY, self.device, False), (DIALOUT, self.device, False),
                                (MEMBER, self.device, True), (NOBODY, self.tty, False), (MEMBER, self.tty, False)):
            done = house.run("dd", "if=" + path, "of=/dev/null", "bs=4096", "count=1", user=user)
            self.assertEqual(done.status == 0, may, "%s, %s: %s" % (user, path, done.err))
        # It is held for the service alone.
        self.refused(DIALOUT, "dd", "if=" + self.tty, "of=/dev/null", "count=1", why="(?i)busy")

    def test_nobody_else_attaches(self):
        tty = self.spare()
        self.refused(NOBODY, "amshan-attach", tty, why='group "dialout"')
        # It may open the tty, but not give it the discipline.
        self.refused(DIALOUT, "amshan-attach", tty, why="CAP_NET_ADMIN")
        self.assertFalse(house.is_attached(tty))

    def spare(self):
        if house.B not in house.plugged:
            house.plug(house.B, "2")
            self.addCleanup(house.unplug, house.B)
        return house.plugged[house.B]

    def test_ports_are_shown_to_all_and_events_to_root(self):
        self.assertIn(os.path.basename(self.tty), good("amshanctl", "ports", user=NOBODY))
        self.assertTrue(self.joins())
        self.assertFalse(self.joins(NOBODY))

    def joins(self, user=None):
        """May it join the multicast group of events?"""
        program = "import sys; sys.path.insert(0, %r); import netlink; netlink.Client().join()" % \
            os.path.dirname(netlink.__file__)
        done = house.run("python3", "-c", program, user=user)
        if done.status and "PermissionError" not in done.err:
            raise AssertionError(done.err)
        return done.status == 0

    def test_the_daemon_has_nothing_to_lose(self):
        pid = house.unit("amshand", "MainPID")
        with open("/proc/%s/status" % pid) as f:
            told = dict(line.split(":\t", 1) for line in f.read().splitlines() if ":\t" in line)
        for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            self.assertEqual(int(told[name], 16), 0, name)
        self.assertNotEqual(told["Uid"].split()[0], "0")
        self.assertEqual(told["NoNewPrivs"], "1")
