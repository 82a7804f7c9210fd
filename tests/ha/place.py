# SPDX-License-Identifier: GPL-2.0
"""The place where Home Assistant runs: a Debian root with its Python and a browser, and a virtual environment
in it, each made once and used until what it is made of changes.

The root is that of tests/vm/root.py.  The environment is FOLDER/opt, mounted at /opt in the root; pip in there
is set up as on this machine: its configuration and its certificates are laid in.
"""
import hashlib
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "vm"))
import root as roots  # noqa: E402

RELEASE = "trixie"
REQUIREMENTS = os.path.join(HERE, "requirements.txt")
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
PYTHON = "/opt/ha/bin/python"
MOUNTS = """
set -e
root=$1 opt=$2 share=$3; shift 3
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 tmp "$root/tmp"
mount --rbind /dev "$root/dev"
mount --bind "$opt" "$root/opt"
mkdir -p "$root/srv/share"
mount --bind "$share" "$root/srv/share"
# What the tests preload has another path in there.
unset LD_PRELOAD
exec chroot "$root" "$@"
"""


class Place:
    """The root and the environment of it; share is a folder that both sides see, there as /srv/share."""

    def __init__(self, folder, packages, say):
        self.opt = os.path.join(folder, "opt")
        self.share = os.path.join(folder, "share")
        self.root = os.path.join(roots.make(RELEASE, folder, packages, say, kind="tree"), "root")
        os.makedirs(self.share, exist_ok=True)
        with open(REQUIREMENTS, "rb") as f:
            stamp = hashlib.sha256(f.read() + "\n".join(sorted(packages)).encode()).hexdigest()
        if self.stamp() != stamp:
            say("installing Home Assistant, which takes some two minutes")
            self.install(os.path.join(folder, "pip.log"))
            with open(os.path.join(self.opt, "stamp"), "w") as f:
                f.write(stamp)

    def stamp(self):
        try:
            with open(os.path.join(self.opt, "stamp")) as f:
                return f.read()
        except FileNotFoundError:
            return None

    def install(self, log):
        shutil.rmtree(self.opt, ignore_errors=True)
        os.makedirs(os.path.join(self.opt, "pip"))
        shutil.copy(REQUIREMENTS, os.path.join(self.opt, "requirements.txt"))
        shutil.copy(CERTIFICATES, os.path.join(self.root, CERTIFICATES.lstrip("/")))
        for source, to in (("/etc/pip.conf", "etc/pip.conf"), ("/etc/resolv.conf", "etc/resolv.conf")):
            if os.path.exists(source):
                shutil.copy(source, os.path.join(self.root, to))
        env = {k: v for k, v in os.environ.items() if k.startswith("PIP_") or k.lower().endswith("_proxy")}
        env["HOME"] = "/opt/pip"
        with open(log, "w") as f:
            for argv in (["python3", "-m", "venv", "/opt/ha"],
                         [PYTHON, "-m", "pip", "install", "--no-cache-dir", "-r", "/opt/requirements.txt"]):
                done = subprocess.run(self.argv(*argv, env=env), stdin=subprocess.DEVNULL, stdout=f,
                                      stderr=subprocess.STDOUT)
                if done.returncode:
                    raise SystemExit("Home Assistant cannot be installed: see %s" % log)

    def argv(self, *argv, env=None):
        """A command in the root, in mounts of its own; it sees the network that the caller sees."""
        settings = dict({"HOME": "/root", "LANG": "C.UTF-8", "PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
                        **(env or {}))
        return [*roots.ISOLATED, "sh", "-c", MOUNTS, "sh", self.root, self.opt, self.share, "env", "-i",
                *["%s=%s" % item for item in settings.items()], *argv]
