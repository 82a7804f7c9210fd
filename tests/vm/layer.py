# SPDX-License-Identifier: GPL-2.0
"""What a run adds to a root: the programs and the module, built in that root by its own compiler and dkms.

Runs as root in a mount namespace of its own (root.ISOLATED).  The root is never written to: an overlay
in memory takes all that is built, and becomes the image of a disk that the machine lays over the
root.  What is checked on the way (dkms installs, removes, leaves nothing) is written as cases.
"""
import argparse
import glob
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import traceback

SOURCE = ("Makefile", "dkms.conf", "COPYING", "README.md", "kmod", "include", "daemon", "debian", "tests", "udev",
          "man")
# Left by kbuild in the tree of somebody who built the module there.
NOT_SOURCE = shutil.ignore_patterns("*.o", "*.ko", "*.cmd", "*.mod", "*.mod.c", "Module.symvers", "modules.order",
                                    "__pycache__", ".tmp*")
DEVICES = (("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0))
PROGRAMS = ("amshand", "amshanctl", "amshan-attach", "tests/amshan-sim", "tests/framedump")
# What dkms.conf says of kernels, and what is meant.
SERVED = ("6.1.0-50-amd64", "6.9.1", "6.10.0", "6.12.85+deb13-amd64", "7.2.13+deb14-amd64", "10.0.1")
NOT_SERVED = ("4.19.0-27-amd64", "5.10.0-35-amd64", "5.19.17", "6.0.19", "1.6.12")


class Failed(Exception):
    pass


def mount(kind, where, options="rw", what=None):
    os.makedirs(where, exist_ok=True)
    subprocess.run(["mount", "-t", kind, "-o", options, what or kind, where], check=True)


class Layer:
    def __init__(self, args):
        self.args = args
        self.version = args.kernel
        self.work = os.path.join(args.folder, "memory")
        self.upper = os.path.join(self.work, "upper")
        self.root = os.path.join(self.work, "all")
        self.cases = []

    # ---- the place ----

    def mount(self):
        mount("tmpfs", self.work, "mode=755")
        for path in (self.upper, os.path.join(self.work, "w"), self.root):
            os.mkdir(path)
        mount("overlay", self.root, "lowerdir=%s,upperdir=%s,workdir=%s/w,redirect_dir=off,index=off,metacopy=off" %
              (self.args.root, self.upper, self.work))
        mount("proc", self.path("proc"))
        mount("tmpfs", self.path("run"), "mode=755")
        mount("tmpfs", self.path("tmp"), "mode=1777")
        mount("tmpfs", self.path("dev"), "mode=755")
        for name, major, minor in DEVICES:
            os.mknod(self.path("dev", name), 0o666 | stat.S_IFCHR, os.makedev(major, minor))
            os.chmod(self.path("dev", name), 0o666)
        os.symlink("/proc/self/fd", self.path("dev/fd"))
        mount("tmpfs", self.path("dev/shm"), "mode=1777")
        mount("devpts", self.path("dev/pts"), "newinstance,mode=620,ptmxmode=666")
        os.makedirs(self.args.build, exist_ok=True)
        os.makedirs(self.path("build"))
        subprocess.run(["mount", "--bind", self.args.build, self.path("build")], check=True)

    def path(self, *parts):
        return os.path.join(self.root, *(p.lstrip("/") for p in parts))

    def copy(self):
        os.makedirs(self.path("amshan"))
        for name in SOURCE:
            source = os.path.join(self.args.top, name)
            if os.path.isdir(source):
                shutil.copytree(source, self.path("amshan", name), symlinks=True, ignore=NOT_SOURCE)
            elif os.path.exists(source):
                shutil.copy2(source, self.path("amshan", name))
        if self.args.corpus:
            shutil.copytree(self.args.corpus, self.path("amshan/corpus"))
        if self.args.debugging:     # a kernel of our own, as kasan.sh leaves it
            shutil.copytree(os.path.join(self.args.debugging, "lib/modules", self.version),
                            self.path("usr/lib/modules", self.version), symlinks=True)
            os.mkdir(self.path("usr/headers"))
            subprocess.run(["mount", "--bind", os.path.join(self.args.debugging, "headers"),
                            self.path("usr/headers")], check=True)

    def image(self):
        """The upper folder of the overlay as an image of a disk."""
        subprocess.run(["umount", self.path("build")], check=True)
        os.rmdir(self.path("build"))
        for name in PROGRAMS:
            os.makedirs(os.path.dirname(self.path("amshan/build", name)), exist_ok=True)
            shutil.copy2(os.path.join(self.args.build, name), self.path("amshan/build", name))
        path = self.args.image
        with open(path + ".new", "wb") as f:
            f.truncate(1 << 30)
        subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-O", "^has_journal", "-m", "0", "-L", "layer",
                        "-d", self.upper, path + ".new"], check=True)
        os.replace(path + ".new", path)

    # ---- what is done there ----

    def run(self, *argv, user=0):
        """Exit status and output of a command inside."""
        if user:
            argv = ("setpriv", "--reuid", str(user), "--regid", str(user), "--clear-groups", *argv)
        proc = subprocess.run(["chroot", self.root, "env", "-i", "-C", "/amshan", "HOME=/root", "LC_ALL=C.UTF-8",
                               "TZ=UTC", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", *argv],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return proc.returncode, proc.stdout.decode(errors="replace")

    def good(self, *argv, **more):
        status, said = self.run(*argv, **more)
        if status:
            raise Failed("%s: exit status %d\n%s%s" % (" ".join(argv), status, said, self.build_log()))
        return said

    def make(self, *argv, **more):
        return self.good("make", "--no-print-directory", "DKMS_KERNEL=" + self.version, *argv, **more)

    def build_log(self):
        text = ""
        for path in glob.glob(self.path("var/lib/dkms/amshan/**/make.log"), recursive=True):
            with open(path, errors="replace") as f:
                text += "---- %s\n%s" % (os.path.relpath(path, self.root), f.read())
        return text

    def package_version(self):
        with open(self.path("amshan/dkms.conf")) as f:
            return re.search(r'^PACKAGE_VERSION="(.*)"$', f.read(), re.M)[1]

    def traces(self):
        """Files in which the module or its source is mentioned by name, where dkms puts such."""
        found = []
        for top in ("usr/src", "var/lib/dkms", "usr/lib/modules"):
            for folder, folders, files in os.walk(self.path(top)):
                found += [os.path.relpath(os.path.join(folder, name), self.root)
                          for name in folders + files if "amshan" in name]
        with open(self.path("usr/lib/modules", self.version, "modules.dep")) as f:
            found += [line.strip() for line in f if "amshan" in line]
        return sorted(found)

    def programs(self):
        """the programs are built by the release's compiler"""
        self.make("-j2", "BUILD=/build", "vm-programs")

    def kernels(self):
        """dkms.conf names the kernels that are served"""
        with open(self.path("amshan/dkms.conf")) as f:
            pattern = re.search(r'^BUILD_EXCLUSIVE_KERNEL="(.*)"$', f.read(), re.M)[1]
        for wanted, versions in ((True, SERVED), (False, NOT_SERVED)):
            for version in versions:
                # As dkms does it.
                status, _ = self.run("bash", "-c", '[[ $1 =~ $2 ]]', "bash", version, pattern)
                if (status == 0) != wanted:
                    raise Failed("%s is %s" % (version, "not served" if wanted else "served"))

    def refusals(self):
        """dkms-install says what is wrong"""
        for argv, user, words in (
                (["DKMS_KERNEL=6.1.0-none", "dkms-install"], 0, "linux-headers-6.1.0-none"),
                (["dkms-install"], 65534, "root"), (["dkms-remove"], 65534, "root"),
                (["DKMS=/none/dkms", "dkms-install"], 0, "dkms is missing"),
                (["DKMS=/none/dkms", "dkms-remove"], 0, "dkms is missing")):
            status, said = self.run("make", "DKMS_KERNEL=" + self.version, *argv, user=user)
            if not status or words not in said:
                raise Failed("%s as %d: exit status %d, %s" % (argv, user, status, said))
        if self.traces():
            raise Failed("left: %s" % self.traces())

    def install(self):
        """dkms-install builds and installs the module"""
        self.make("dkms-install")
        said = self.good("dkms", "status", "-m", "amshan", "-k", self.version)
        if not re.search(r"^amshan/%s, %s, x86_64: installed" % (re.escape(self.package_version()),
                                                                re.escape(self.version)), said, re.M):
            raise Failed("dkms status: " + said)
        path = self.good("modinfo", "-k", self.version, "-n", "amshan").strip()
        if "/updates/dkms/amshan.ko" not in path:
            raise Failed("the module is at " + path)
        version = self.good("modinfo", "-k", self.version, "-F", "version", "amshan").strip()
        if version != self.package_version():
            raise Failed("the module says that it has version %r" % version)
        if len(said.strip().splitlines()) != 1:
            raise Failed("more than one: " + said)

    def warnings(self):
        """the compiler has no warnings about the module"""
        said = self.build_log()
        if "amshan.ko" not in said and "amshan.o" not in said:
            raise Failed("there is no log of the build: " + said)
        if re.search(r"\bwarning:|WARNING:", said):
            raise Failed(said)

    def remove(self):
        """dkms-remove leaves nothing"""
        self.make("dkms-remove")
        if self.traces():
            raise Failed("left: %s" % self.traces())

    def remove_again(self):
        """dkms-remove of nothing is no error"""
        self.remove()

    def install_again(self):
        """dkms-install over an installed one replaces it"""
        old = self.path("usr/src", "amshan-" + self.package_version(), "kmod", "not-of-this-version.c")
        with open(old, "w"):
            pass
        self.install()
        if os.path.exists(old):
            raise Failed("the old source stays")

    def ours(self):
        """All files of ours, wherever: our folders there stay out of it."""
        found = []
        for folder, folders, files in os.walk(self.root):
            if folder == self.root:
                folders[:] = sorted(set(folders) - {"proc", "dev", "run", "tmp", "build", "amshan"})
            found += [os.path.relpath(os.path.join(folder, name), self.root)
                      for name in folders + files if "amshan" in name]
        return sorted(found)

    def install_all(self):
        """install does it all, for want of a running system without starting anything"""
        said = self.make("BUILD=/build", "install")
        if "systemctl enable --now amshand" not in said:
            raise Failed("it does not say what is next: " + said)
        found = self.ours()
        for name in ("usr/local/sbin/amshand", "usr/local/lib/udev/rules.d/78-amshan.rules", "etc/amshan/amshand.conf",
                     "etc/dbus-1/system.d/org.amshan.Amshan1.conf", "usr/src/amshan-" + self.package_version()):
            if name not in found:
                raise Failed("%s is not there, only %s" % (name, found))
        if not any(re.search(r"/updates/dkms/amshan\.ko", name) for name in found):
            raise Failed("no module: %s" % found)
        self.good("/usr/local/sbin/amshand", "--check-config")

    def uninstall_all(self):
        """uninstall leaves the configuration alone"""
        self.make("BUILD=/build", "uninstall")
        if self.ours() != ["etc/amshan", "etc/amshan/amshand.conf"]:
            raise Failed("left: %s" % self.ours())
        shutil.rmtree(self.path("etc/amshan"))

    def install_without_dkms(self):
        """without dkms or headers all but the module is installed, which is said"""
        for missing in "DKMS=/none/dkms", "DKMS_KERNEL=6.1.0-none":
            status, said = self.run("make", "DKMS_KERNEL=" + self.version, "BUILD=/build", missing, "install")
            if status or not re.search(r"Not built: the kernel module.*All else works without it", said):
                raise Failed("%s: exit status %d: %s" % (missing, status, said))
            if not os.path.exists(self.path("usr/src", "amshan-" + self.package_version(), "dkms.conf")):
                raise Failed("the source of the module is not there")
        self.uninstall_all()

    def case(self, function):
        name = function.__doc__
        try:
            function()
            self.cases.append({"name": name, "outcome": "passed", "text": ""})
            return True
        except Failed as e:
            text = str(e)
        except Exception:
            text = traceback.format_exc()
        self.cases.append({"name": name, "outcome": "failed", "text": text})
        return False

    def build(self):
        """True if there is something to boot."""
        if not self.case(self.programs):
            return False
        self.case(self.kernels)
        self.case(self.refusals)
        self.case(self.install_all)
        self.case(self.uninstall_all)
        self.case(self.install_without_dkms)
        if not self.case(self.install):
            return False
        self.case(self.warnings)
        self.case(self.remove)
        self.case(self.remove_again)
        return self.case(self.install) and self.case(self.install_again)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--top", required=True)
    parser.add_argument("--root", required=True)
    parser.add_argument("--debugging", default="")
    parser.add_argument("--corpus", default="")
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--build", required=True)
    parser.add_argument("--image", required=True)
    parser.add_argument("--results", required=True)
    layer = Layer(parser.parse_args())
    layer.mount()
    layer.copy()
    ready = layer.build()
    if ready:
        layer.image()
    with open(layer.args.results, "w") as f:
        json.dump({"cases": layer.cases, "ready": ready}, f)


if __name__ == "__main__":
    sys.exit(main())
