# SPDX-License-Identifier: GPL-2.0
"""What is installed into a whole system before it boots: our packages by apt, and later a newer kernel.

Runs as root in a mount namespace of its own (root.ISOLATED), with the network of the host: apt fetches
what our packages depend on.  The system's root is never written to: an overlay in memory takes
everything, and what it shows becomes the image of a disk.  Cases and images are written as they are
done, so that the machine can start while the newer kernel is installed.
"""
import argparse
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path.insert(0, os.path.join(TESTS, "vm"))

import initramfs        # noqa: E402
import kernel           # noqa: E402
from layer import DEVICES, Failed, mount     # noqa: E402

# Where the tests are in the machine.  Their name has nothing of ours in it: purge is to leave no such name.
INSIDE = "opt/system-test"
# What they share with others.
SHARED = ("integration/lab.py", "vm/guest/host.py", "vm/guest/module.py", "vm/guest/netlink.py", "vm/guest/run.py")
# What "make install" takes from the tree.
TREE = ("Makefile", "dkms.conf", "daemon/data", "include", "kmod", "man", "udev")
# What a compiler or a kernel's headers look like among the names of packages.
TO_BUILD = re.compile(r"^(gcc|g\+\+|make|dkms|linux-headers)\b")
# Timers and consoles that would disturb; no part of what is tested.
MASKED = ("serial-getty@ttyS0.service", "getty@tty1.service", "apt-daily.timer", "apt-daily-upgrade.timer",
          "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer", "man-db.timer")
# What Debian's installer writes and mmdebstrap does not.
SETTINGS = {
    "etc/hosts": "127.0.0.1\tlocalhost\n127.0.1.1\thouse\n::1\tlocalhost ip6-localhost ip6-loopback\n",
    "etc/hostname": "house\n",
    "etc/fstab": "/dev/vda / ext4 errors=remount-ro 0 0\n",
    "etc/resolv.conf": "",
    "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
    "etc/systemd/journald.conf.d/test.conf": "[Journal]\nStorage=persistent\n",
}
ENVIRONMENT = ("HOME=/root", "LC_ALL=C.UTF-8", "TZ=UTC", "DEBIAN_FRONTEND=noninteractive", "INITRD=No",
               "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")


class Tree:
    """A root with an overlay in memory over it, and programs that run in there."""

    def __init__(self, lower, work, archives):
        # As /proc/self/mountinfo says it.
        self.lower, self.work, self.archives = lower, os.path.realpath(work), archives
        self.root = os.path.join(self.work, "all")

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def mount(self):
        mount("tmpfs", self.work, "mode=755")
        for name in ("upper", "w", "all"):
            os.mkdir(os.path.join(self.work, name))
        mount("overlay", self.root, "lowerdir=%s,upperdir=%s,workdir=%s,redirect_dir=off,index=off,metacopy=off" %
              (self.lower, os.path.join(self.work, "upper"), os.path.join(self.work, "w")))
        self.enter()

    def enter(self):
        """What programs expect to be mounted.  No /run/systemd: nothing is started."""
        mount("proc", self.path("proc"))
        for name, mode in (("run", "755"), ("tmp", "1777"), ("dev", "755")):
            mount("tmpfs", self.path(name), "mode=" + mode)
        for name, major, minor in DEVICES:
            os.mknod(self.path("dev", name), 0o666 | 0o020000, os.makedev(major, minor))
            os.chmod(self.path("dev", name), 0o666)
        os.symlink("/proc/self/fd", self.path("dev/fd"))
        mount("tmpfs", self.path("dev/shm"), "mode=1777")
        mount("devpts", self.path("dev/pts"), "newinstance,mode=620,ptmxmode=666")
        os.makedirs(self.archives, exist_ok=True)
        subprocess.run(["mount", "--bind", self.archives, self.path("var/cache/apt/archives")], check=True)
        shutil.copy2("/etc/resolv.conf", self.path("etc/resolv.conf"))

    def leave(self):
        """Unmount all that is mounted inside, so that it can be read as what it is on a disk."""
        with open("/proc/self/mountinfo") as f:
            inside = [line.split()[4] for line in f if line.split()[4].startswith(self.root + "/")]
        # Some helper of apt may still be about to end.
        for path in reversed(inside):
            subprocess.run(["umount", "--lazy", path], check=True)

    def write(self, name, text):
        path = self.path(name)
        if os.path.islink(path):
            os.unlink(path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)

    def run(self, *argv):
        """Exit status and output of a command inside."""
        proc = subprocess.run(["chroot", self.root, "env", "-i", *ENVIRONMENT, *argv],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return proc.returncode, proc.stdout.decode(errors="replace")

    def good(self, *argv):
        status, said = self.run(*argv)
        if status:
            logs = ""
            for path in glob.glob(self.path("var/lib/dkms/**/make.log"), recursive=True):
                with open(path, errors="replace") as f:
                    logs += "---- %s\n%s" % (path, f.read())
            raise Failed("%s: exit status %d\n%s%s" % (" ".join(argv), status, said, logs))
        return said

    def apt(self, *argv):
        return self.good("apt-get", "-q", "--yes", "-o", "Dpkg::Use-Pty=0", "-o", "Dpkg::Options::=--force-unsafe-io",
                         "-o", "Acquire::Check-Valid-Until=false", "-o", "Acquire::Languages=none", *argv)

    def packages(self):
        return set(self.good("dpkg-query", "-W", "-f", "${Package}\n").split())

    def copy_debs(self, debs):
        """Where everybody may read them: apt fetches as its own user."""
        for path in debs:
            shutil.copy2(path, self.path("tmp"))

    def kernels(self):
        """Versions of the kernels that are there to boot."""
        return sorted(name[len("vmlinuz-"):] for name in os.listdir(self.path("boot")) if name.startswith("vmlinuz-"))


class Install:
    def __init__(self, args):
        self.args = args
        self.debs = glob.glob(os.path.join(args.build, "deb", "*.deb"))
        self.said = {"cases": [], "images": {}, "figures": {}}

    def write(self):
        with open(self.args.results + ".new", "w") as f:
            json.dump(self.said, f)
        os.replace(self.args.results + ".new", self.args.results)

    def tree(self, name):
        tree = Tree(self.args.root, os.path.join(self.args.folder, "memory-" + name),
                    os.path.join(self.args.folder, "archives"))
        tree.mount()
        return tree

    def case(self, function):
        begin = time.monotonic()
        outcome, text = "failed", ""
        try:
            function()
            outcome = "passed"
        except Failed as e:
            text = str(e)
        except Exception:
            text = traceback.format_exc()
        self.said["cases"].append({"name": function.__doc__, "outcome": outcome, "text": text,
                                   "seconds": time.monotonic() - begin})
        self.write()
        return outcome == "passed"

    def deb(self, name):
        found = [path for path in self.debs if os.path.basename(path).startswith(name + "_")]
        if len(found) != 1:
            raise Failed("one package %s was expected: %s" % (name, found))
        return "/tmp/" + os.path.basename(found[0])

    # ---- a system without compiler and headers ----

    def alone(self):
        """amshand is installed alone, and brings no compiler along"""
        self.bare.apt("update")
        self.bare.apt("purge", "--auto-remove", "linux-headers-*")
        before = self.bare.packages()
        self.bare.copy_debs(self.debs)
        self.bare.apt("install", self.deb("amshand"))
        more = self.bare.packages() - before
        if "amshand" not in more or any(TO_BUILD.match(name) for name in more):
            raise Failed("what came: %s" % sorted(more))
        self.bare.good("amshand", "--check-config")
        self.bare.good("amshanctl", "--version")

    def no_headers(self):
        """without headers amshan-dkms is installed all the same, and doctor names what is missing"""
        before = self.bare.packages()
        self.bare.copy_debs(self.debs)
        self.bare.apt("install", "--no-install-recommends", self.deb("amshan-dkms"))
        more = self.bare.packages() - before
        if any(name.startswith("linux-headers") for name in more):
            raise Failed("headers came along: %s" % sorted(more))
        said = self.bare.good("dkms", "status", "-m", "amshan")
        if not re.search(r"^amshan/[^:]*: added", said, re.M):
            raise Failed("dkms status: " + said)
        status, said = self.bare.run("amshanctl", "doctor")
        if status != 1 or not re.search(r"linux-headers-", said):
            raise Failed("doctor ended with status %d and said:\n%s" % (status, said))

    # ---- the system that boots ----

    def install(self):
        """apt installs the packages into a fresh system, and dkms builds the module for its kernel"""
        self.whole.apt("update")
        self.whole.copy_debs(self.debs)
        self.whole.apt("install", self.deb("amshand"), self.deb("amshan-dkms"))
        self.check_module(self.whole.kernels()[0])

    def check_module(self, version):
        said = self.whole.good("dkms", "status", "-m", "amshan", "-k", version)
        if not re.search(r"^amshan/[^,]*, %s, x86_64: installed\s*$" % re.escape(version), said, re.M):
            raise Failed("dkms status: " + said)
        path = self.whole.good("modinfo", "-k", version, "-n", "amshan").strip()
        if "/updates/dkms/amshan.ko" not in path:
            raise Failed("the module is at " + path)

    def newer(self):
        """apt installs a newer kernel with its headers, and dkms builds the module for it by itself"""
        before = self.whole.kernels()
        suite = self.args.release + "-backports"
        with open(self.whole.path("etc/apt/sources.list")) as f:
            mirror = re.search(r"^deb(?: \[[^]]*\])? (\S+) ", f.read(), re.M)[1]
        self.whole.write("etc/apt/sources.list.d/newer.list", "deb %s %s main\n" % (mirror, suite))
        self.whole.apt("update")
        self.whole.apt("install", "--no-install-recommends", "--target-release", suite, "linux-image-amd64",
                       "linux-headers-amd64")
        new = [version for version in self.whole.kernels() if version not in before]
        if len(new) != 1:
            raise Failed("kernels before: %s, now: %s" % (before, self.whole.kernels()))
        self.check_module(new[0])
        self.check_module(before[0])

    # ---- images ----

    def prepare(self):
        """What makes a machine of the tree, and the tests themselves."""
        tree = self.whole
        for name, text in SETTINGS.items():
            tree.write(name, text)
        os.makedirs(tree.path("var/log/journal"), exist_ok=True)
        units = tree.path("etc/systemd/system")
        for name in MASKED:
            if not os.path.lexists(os.path.join(units, name)):
                os.symlink("/dev/null", os.path.join(units, name))
        # The tests start it themselves; that of Debian 12 takes 90 s to stop.
        tree.good("systemctl", "disable", "ser2net.service")
        for path in glob.glob(os.path.join(HERE, "image", "*.service")):
            shutil.copy2(path, units)
            with open(path) as f:
                target = re.search(r"^WantedBy=(\S+)", f.read(), re.M)[1]
            wants = os.path.join(units, target + ".wants")
            os.makedirs(wants, exist_ok=True)
            os.symlink("../" + os.path.basename(path), os.path.join(wants, os.path.basename(path)))
        shutil.copytree(os.path.join(HERE, "guest"), tree.path(INSIDE, "tests/system/guest"),
                        ignore=shutil.ignore_patterns("__pycache__"))
        for name in SHARED:
            os.makedirs(os.path.dirname(tree.path(INSIDE, "tests", name)), exist_ok=True)
            shutil.copy2(os.path.join(TESTS, name), tree.path(INSIDE, "tests", name))
        os.makedirs(tree.path(INSIDE, "debs"))
        for path in self.debs:
            shutil.copy2(path, tree.path(INSIDE, "debs"))
        shutil.copy2(os.path.join(self.args.build, "tests/amshan-sim"), tree.path(INSIDE))
        self.prepare_tree(tree.path(INSIDE, "tree"))

    def prepare_tree(self, place):
        """For "make install": what it installs, with programs that were built before."""
        for name in TREE:
            os.makedirs(os.path.dirname(os.path.join(place, name)), exist_ok=True)
            source = os.path.join(os.path.dirname(TESTS), name)
            if os.path.isdir(source):
                shutil.copytree(source, os.path.join(place, name),
                                ignore=shutil.ignore_patterns("*.o", "*.ko", "*.mod*", ".*"))
            else:
                shutil.copy2(source, os.path.join(place, name))
        os.mkdir(os.path.join(place, "build"))
        for name in ("amshand", "amshanctl", "amshan-attach"):
            shutil.copy2(os.path.join(self.args.build, name), os.path.join(place, "build"))

    def image(self, name, version):
        """The tree as the image of a disk, with the kernel that boots it."""
        begin = time.monotonic()
        self.whole.leave()
        for setting, text in SETTINGS.items():
            self.whole.write(setting, text)
        path = os.path.join(self.args.folder, name + ".img")
        with open(path + ".new", "wb") as f:
            f.truncate(4 << 30)
        subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-m", "0", "-L", "root", "-d", self.whole.root,
                        path + ".new"], check=True)
        os.replace(path + ".new", path)
        initramfs.make(os.path.join(self.args.folder, name + ".initramfs"), kernel.modules(self.whole.root, version),
                       os.path.join(HERE, "initramfs-init.sh"))
        kernel.prepare(kernel.image(self.whole.root, version), os.path.join(self.args.folder, name + ".kernel"))
        self.said["images"][name] = version
        self.said["figures"][name + " image"] = time.monotonic() - begin
        self.write()

    def run(self):
        if not self.debs:
            raise Failed("no packages were built")
        self.whole = self.tree("whole")
        if not self.case(self.install):
            return
        self.prepare()
        self.image("first", self.whole.kernels()[0])
        self.whole.enter()
        if self.case(self.newer):
            self.image("newer", max(self.whole.kernels(), key=lambda v: [int(n) for n in re.findall(r"\d+", v)]))
        else:
            self.whole.leave()
        self.bare = self.tree("bare")
        if self.case(self.alone):
            self.case(self.no_headers)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--release", required=True)
    parser.add_argument("--root", required=True)
    parser.add_argument("--build", required=True)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--results", required=True)
    try:
        Install(parser.parse_args()).run()
    except Failed as e:
        sys.exit(str(e))


if __name__ == "__main__":
    main()
