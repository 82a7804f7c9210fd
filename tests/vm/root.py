# SPDX-License-Identifier: GPL-2.0
"""Roots: a tree and an image per Debian release, made once and used until what they are made of changes.

FOLDER/made/{root,root.img,stamp}: complete, or not there.  root.sh makes them; what it makes of the
kind "tree" has no image.
"""
import fcntl
import hashlib
import os
import re
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPT = os.path.join(HERE, "root.sh")
# A mount namespace of its own: nothing that is mounted in there is ever seen outside.
ISOLATED = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private", "--mount-proc"]


class RootError(Exception):
    pass


def mirror():
    """Where this machine has its own Debian from; DEBIAN_MIRROR in the environment wins."""
    if os.environ.get("DEBIAN_MIRROR"):
        return os.environ["DEBIAN_MIRROR"]
    with open("/etc/os-release") as f:
        release = re.search(r"^VERSION_CODENAME=(\S+)", f.read(), re.M)
    lines = subprocess.run(["apt-get", "indextargets", "--format", "$(RELEASE) $(COMPONENT) $(REPO_URI)",
                            "Created-By: Packages"], stdout=subprocess.PIPE, check=True).stdout.decode().split("\n")
    for line in lines:
        fields = line.split()
        if len(fields) == 3 and release and fields[:2] == [release[1], "main"]:
            return fields[2].rstrip("/")
    raise RootError("the sources of apt name no Debian mirror: say DEBIAN_MIRROR=")


def remove(tree):
    """Nothing is ever mounted below a tree in this namespace; should it be, it stays."""
    tree = os.path.realpath(tree)
    if not os.path.lexists(tree):
        return
    with open("/proc/self/mountinfo") as f:
        if any(line.split()[4].startswith(tree + "/") or line.split()[4] == tree for line in f):
            raise RootError("%s: something is mounted there" % tree)
    subprocess.run(["rm", "-rf", "--one-file-system", "--", tree], check=True)


def make(release, folder, packages, say, kind="image"):
    """The folder with root, and if the kind is "image" root.img, of a release."""
    made, half = os.path.join(folder, "made"), os.path.join(folder, "half")
    os.makedirs(folder, exist_ok=True)
    with open(SCRIPT, "rb") as f:
        stamp = hashlib.sha256(f.read() + "\n".join([kind, release, *sorted(packages)]).encode()).hexdigest()
    with open(os.path.join(folder, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            with open(os.path.join(made, "stamp")) as f:
                if f.read() == stamp:
                    return made
        except FileNotFoundError:
            pass
        if not shutil.which("mmdebstrap"):
            raise RootError("mmdebstrap is missing: make deps")
        say("making the root, which takes about a minute")
        remove(half)
        if os.path.lexists(made):
            os.rename(made, half)   # a tree that is half removed must not look like one that is made
            remove(half)
        os.mkdir(half)
        log = os.path.join(folder, "root.log")
        with open(log, "w") as f:
            status = subprocess.run([*ISOLATED, "sh", SCRIPT, kind, release, mirror(), half, *packages],
                                    stdin=subprocess.DEVNULL, stdout=f, stderr=subprocess.STDOUT).returncode
        if status:
            remove(half)
            with open(log, errors="replace") as f:
                lines = f.read().splitlines()
            # The first error is the cause, the last lines are what came of it.
            causes = [line for line in lines if line.startswith("E: ")] or lines[-5:]
            raise RootError("the root cannot be made: %s (all of it in %s)" % ("; ".join(causes[:3]), log))
        with open(os.path.join(half, "stamp"), "w") as f:
            f.write(stamp)
        os.rename(half, made)
    return made
