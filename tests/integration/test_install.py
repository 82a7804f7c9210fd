# SPDX-License-Identifier: GPL-2.0
"""make install and uninstall, with the programs that are there: always below a folder, never of this machine."""
import glob
import os
import re
import subprocess
import unittest

import lab

PAGES = ("man1/amshanctl.1", "man4/amshan.4", "man5/amshand.conf.5", "man5/org.amshan.Amshan1.5", "man7/amshan.7",
         "man8/amshan-attach.8", "man8/amshand.8")
# Below prefix, which is /usr here.
FILES = {"bin/amshanctl", "sbin/amshand", "sbin/amshan-attach", "include/linux/amshan.h",
         "lib/systemd/system/amshand.service", "lib/systemd/system/amshan-attach@.service",
         "lib/sysusers.d/amshan.conf", "lib/udev/rules.d/78-amshan.rules", "lib/udev/hwdb.d/78-amshan.hwdb",
         "share/dbus-1/system.d/org.amshan.Amshan1.conf", "share/bash-completion/completions/amshanctl",
         *("share/man/" + page for page in PAGES),
         *("share/dbus-1/interfaces/org.amshan.Amshan1.%s.xml" % name
           for name in ("Clock", "Derived", "Energy", "Manager", "Meter", "Phases", "Power", "Quality", "Source"))}
CONFIG = "etc/amshan/amshand.conf"
# A file that a page names, but for those that come later.
NAMED = r"^\.It Pa (/(?:usr/(?!src)|opt|etc/(?!udev/rules\.d/77|amshan))\S+)$"


def make(*args, **more):
    # The programs stand in for built ones: nothing is compiled here.
    done = subprocess.run(["make", "--no-print-directory", "-o", "all", "BUILD=" + lab.BUILD, *args], cwd=lab.TOP,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=60, **more)
    return done.returncode, done.stdout


class InstallTest(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(lab.Folder())
        self.root = self.folder.file("root")

    def make(self, *args):
        status, said = make("DESTDIR=" + self.root, *args)
        self.assertEqual(status, 0, said)
        return said

    def files(self):
        return {os.path.relpath(os.path.join(d, f), self.root) for d, _, found in os.walk(self.root) for f in found}

    def text(self, name):
        with open(os.path.join(self.root, name)) as f:
            return f.read()

    def module(self):
        """The files that dkms has to have."""
        with open(os.path.join(lab.TOP, "dkms.conf")) as f:
            version = re.search(r'^PACKAGE_VERSION="(.*)"$', f.read(), re.M)[1]
        names = [name for pattern in ("kmod/*.[ch]", "include/**/*.h")
                 for name in glob.glob(pattern, root_dir=lab.TOP, recursive=True)]
        self.assertGreater(len(names), 12)
        return {"usr/src/amshan-%s/%s" % (version, name) for name in ["dkms.conf", "kmod/Kbuild", *names]
                if not name.endswith(".mod.c")}

    def test_what_is_installed_and_uninstalled(self):
        self.make("install", "prefix=/usr")
        self.assertEqual(self.files(), {"usr/" + name for name in FILES} | self.module() | {CONFIG})
        said = self.make("uninstall", "prefix=/usr")
        self.assertEqual(self.files(), {CONFIG})
        self.assertIn(self.root + "/etc/amshan", said)

    def test_below_usr_local(self):
        self.make("install")
        # The bus and systemd-hwdb do not look there.
        moved = {"share/dbus-1/system.d/org.amshan.Amshan1.conf": "etc/dbus-1/system.d/org.amshan.Amshan1.conf",
                 "lib/udev/hwdb.d/78-amshan.hwdb": "etc/udev/hwdb.d/78-amshan.hwdb"}
        names = {moved.get(name, "usr/local/" + name) for name in FILES}
        self.assertEqual(self.files(), names | self.module() | {CONFIG})
        self.make("uninstall")
        self.assertEqual(self.files(), {CONFIG})

    def test_rights(self):
        self.make("install", "prefix=/usr")
        for name in self.files():
            mode = os.stat(os.path.join(self.root, name)).st_mode & 0o7777
            self.assertEqual(mode, 0o755 if "bin/" in name else 0o644, name)

    def test_paths_follow(self):
        self.make("install", "prefix=/opt/amshan", "sysconfdir=/opt/etc")
        # systemd and udev do not look below /opt.
        self.assertIn("\nExecStart=/opt/amshan/sbin/amshand --config /opt/etc/amshan/amshand.conf\n",
                      self.text("etc/systemd/system/amshand.service"))
        self.assertNotIn("ConfigurationDirectory=", self.text("etc/systemd/system/amshand.service"))
        self.assertIn("\nExecStart=/opt/amshan/sbin/amshan-attach ",
                      self.text("etc/systemd/system/amshan-attach@.service"))
        for name in "etc/udev/rules.d/78-amshan.rules", "etc/udev/hwdb.d/78-amshan.hwdb", "etc/sysusers.d/amshan.conf":
            self.assertIn(name, self.files())
        self.assertIn("/opt/etc/amshan/amshand.conf", self.text("opt/amshan/share/man/man8/amshand.8"))
        for name in self.files() - {"opt/" + CONFIG}:
            if name.startswith("opt/amshan/") and "bin/" not in name:
                self.assertNotRegex(self.text(name), r"/usr/s?bin/amsh|(?<!/opt)/etc/amshan/amshand", name)

    def test_the_files_that_the_pages_name(self):
        """Each is there, whatever the prefix."""
        for prefix in "/usr", "/usr/local", "/opt/amshan":
            self.make("install", "prefix=" + prefix)
            checked = 0
            for page in PAGES:
                text = self.text(prefix[1:] + "/share/man/" + page)
                for path in re.findall(NAMED, text, re.M):
                    self.assertTrue(glob.glob(self.root + path), "%s: %s" % (page, path))
                    checked += 1
            self.assertGreaterEqual(checked, 5)
            self.make("uninstall", "prefix=" + prefix)

    def test_without_changes_a_package_has_the_files_of_the_tree(self):
        self.make("install", "prefix=/usr")
        for name in ("daemon/data/amshand.service", "daemon/data/amshan-attach@.service"):
            with open(os.path.join(lab.TOP, name)) as f:
                self.assertEqual(self.text("usr/lib/systemd/system/" + os.path.basename(name)), f.read())

    def test_a_configuration_is_not_overwritten(self):
        self.make("install")
        self.folder.write("root/" + CONFIG, "mine\n")
        self.make("install")
        self.assertEqual(self.text(CONFIG), "mine\n")
        self.make("uninstall")
        self.assertEqual(self.text(CONFIG), "mine\n")

    def test_only_root_installs_for_this_machine(self):
        somebody = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        for target in "install", "uninstall", "dkms-install", "dkms-remove":
            status, said = make(target, "prefix=/nonexistent", "sysconfdir=/nonexistent", "DKMS=/none/dkms", **somebody)
            self.assertNotEqual(status, 0)
            self.assertIn("Only root may do that: sudo make %s\n" % target, said)
            self.assertNotIn("INSTALL", said)


class PackageTest(unittest.TestCase):
    """debian/ is held to the Makefile; "make lint" builds the packages and has lintian look at them."""

    def test_what_the_build_needs(self):
        with open(os.path.join(lab.TOP, "Makefile")) as f:
            makefile = f.read().replace("\\\n", " ")
        with open(os.path.join(lab.TOP, "debian", "control")) as f:
            control = f.read()
        needs = re.search(r"^Build-Depends:((?:.*\n)(?: .*\n)*)", control, re.M)[1]
        needs = set(re.findall(r"[\w.+-]+", re.sub(r"\(.*?\)", "", needs)))
        listed = set(re.search(r"^build_packages := (.*)$", makefile, re.M)[1].split())
        # Those that every build has.
        self.assertEqual(needs - {"debhelper-compat", "dh-sequence-dkms"}, listed - {"gcc", "libc6-dev", "make"})

    def test_the_user_is_the_same_before_and_after(self):
        with open(os.path.join(lab.TOP, "debian", "amshand.preinst")) as f:
            before = re.search(r"--inline '(u amshan .*)'$", f.read(), re.M)[1]
        with open(os.path.join(lab.TOP, "daemon", "data", "amshan.sysusers")) as f:
            self.assertEqual([line for line in f.read().splitlines() if line.startswith("u ")], [before])


if __name__ == "__main__":
    unittest.main()
