# SPDX-License-Identifier: GPL-2.0
"""A machine with serial ports for programs that ask udev: sysfs, udev's database and nodes that are files.

A program that runs in it has a mount namespace of its own, in which /sys, /run, /dev and /etc are folders of the test.
libsystemd reads them as it reads real ones.  udevadm is ours: "trigger" follows the rules in /etc/udev/rules.d, as far
as the rules of amshan need it, and in place of the hardware database there is a list of models.  systemd is a program
on a private bus.
"""
import os
import stat
import subprocess
import sys

import lab

UDEVADM = """#!%s
import os, sys
sys.path.insert(0, %r)
import udev_lab
udev_lab.udevadm(%r, sys.argv[1:])
"""

MOUNTS = """
touch "$0/dev/null"
mount --bind /dev/null "$0/dev/null"
for part in sys run dev etc; do mount --rbind "$0/$part" "/$part"; done
exec "$@"
"""

NODE = stat.S_IFCHR | 0o660
RULES = "etc/udev/rules.d"


def namespaces_work():
    if os.geteuid():
        return False
    run = subprocess.run(["unshare", "-m", "--propagation", "private", "mount", "-t", "tmpfs", "none", "/sys"],
                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return run.returncode == 0


# ---- udevadm ----

def terms(line):
    """KEY OPERATOR "VALUE", ... of a line of a rule."""
    import re
    found = re.findall(r'\s*([^\s,=!+]+)\s*(==|!=|\+=|=)\s*"([^"]*)"\s*(?:,|$)', line)
    if ", ".join('%s%s"%s"' % t for t in found) != " ".join(line.split()).rstrip(", "):
        raise SystemExit("not a rule: " + line)
    return found


def rules_of(text):
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    return [terms(line) for line in "\n".join(lines).replace("\\\n", " ").splitlines() if line.strip()]


def follow(rule, env, kernel):
    import fnmatch
    for key, op, value in rule:
        name = key[4:-1] if key.startswith("ENV{") else key
        has = {"KERNEL": kernel, "SUBSYSTEM": "tty", "ACTION": "change"}.get(key, env.get(name, ""))
        if op == "==" and not fnmatch.fnmatchcase(has, value) or op == "!=" and fnmatch.fnmatchcase(has, value):
            return
        if op == "=":
            env[name] = value


def udevadm(folder, args):
    """What our udevadm does; it runs inside of the machine."""
    with open(folder + "/udevadm.log", "a") as f:
        f.write(" ".join(args) + "\n")
    if os.path.exists(folder + "/udevadm.fails"):
        sys.exit("udevadm: it does not work")
    if args[0] != "trigger":
        return
    name = os.path.basename(args[-1])
    tty = Tty.load(folder, name)
    env = dict(tty.properties or {})
    if tty.port is not None:
        env[".ID_PORT"] = tty.port
    for file in sorted(os.listdir("/etc/udev/rules.d")) if os.path.isdir("/etc/udev/rules.d") else []:
        if file.endswith(".rules"):
            with open("/etc/udev/rules.d/" + file) as f:
                for rule in rules_of(f.read()):
                    follow(rule, env, name)
    with open(folder + "/hwdb") as f:
        if env.get("ID_MODEL_ID") in f.read().split() and "AMSHAN_ADAPTER" not in env:
            env["AMSHAN_ADAPTER"] = "1"
    tty.write_database(env)


# ---- the machine ----

class Tty:
    """One serial port: what is known of it, and its files."""

    def __init__(self, folder, name, number, device, properties, port, links):
        self.folder, self.name, self.number = folder, name, number
        self.device, self.properties, self.port, self.links = device, properties, port, links

    def save(self):
        import json
        with open("%s/%s.json" % (self.folder, self.name), "w") as f:
            json.dump([self.name, self.number, self.device, self.properties, self.port, self.links], f)

    @classmethod
    def load(cls, folder, name):
        import json
        with open("%s/%s.json" % (folder, name)) as f:
            return cls(folder, *json.load(f))

    def write_database(self, env):
        """As udev keeps it; inside of the machine it is in /run."""
        top = "/run" if os.path.exists("/run/udev/this-is-the-lab") else self.folder + "/run"
        path = "%s/udev/data/c%d:%d" % (top, *self.number)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".new", "w") as f:
            f.writelines("S:%s\n" % link for link in self.links)
            f.write("I:1000000\n")
            f.writelines("E:%s=%s\n" % item for item in env.items() if not item[0].startswith("."))
            f.write("G:systemd\nQ:systemd\nV:1\n")
        os.rename(path + ".new", path)


class Machine:
    """The machine.  Its parts: .file("sys"), "run", "dev", "etc"."""

    def __init__(self, udev=True):
        self.folder = lab.Folder()
        self.udev = udev

    def __enter__(self):
        self.folder.__enter__()
        self.path = self.folder.path
        os.chmod(self.path, 0o755)
        for part in ("sys/bus", "sys/class/tty", "sys/dev/char", "run/udev/data", "dev/serial/by-id",
                     "dev/serial/by-path", "etc", "bin"):
            os.makedirs(self.file(part))
        self.write("run/udev/this-is-the-lab")
        self.write("hwdb")
        os.symlink("/proc/self/fd", self.file("dev/fd"))
        if self.udev:
            self.write("run/udev/control")
        here = os.path.dirname(os.path.abspath(__file__))
        self.write("bin/udevadm", UDEVADM % (lab.PYTHON, here, self.path))
        os.chmod(self.file("bin/udevadm"), 0o755)
        self.env = {"SYSTEMD_DEVICE_VERIFY_SYSFS": "0", "PATH": self.file("bin") + ":" + os.environ["PATH"],
                    "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"}
        return self

    def __exit__(self, *exc):
        self.folder.__exit__(*exc)

    def file(self, name):
        return os.path.join(self.path, name)

    def write(self, name, text=""):
        return self.folder.write(name, text)

    def run(self, *args, user=None, before="", **kw):
        """Run a program in it; @before: shell commands inside of it."""
        become = ["setpriv", "--reuid", str(user), "--regid", str(user), "--clear-groups"] if user else []
        argv = ["unshare", "-m", "--propagation", "private", "sh", "-ec", before + MOUNTS, self.path, *become, *args]
        kw.setdefault("timeout", 60)
        return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=dict(os.environ, **self.env), **kw)

    def rules(self):
        """The rules, and whatever else is in their folder, as {name: text}."""
        folder = self.file(RULES)
        found = {}
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            with open(os.path.join(folder, name)) as f:
                found[name] = f.read()
        return found

    def udevadm_log(self):
        """What udevadm was called with since the last time."""
        path = self.file("udevadm.log")
        if not os.path.exists(path):
            return []
        with open(path) as f:
            lines = f.read().splitlines()
        os.unlink(path)
        return lines

    def triggered(self, name):
        return ["control --reload", "trigger --action=change --settle /dev/" + name]

    # ---- devices ----

    def link(self, target, name):
        path = self.file(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.symlink(os.path.relpath(self.file(target), os.path.dirname(path)), path)

    def device(self, path, subsystem, uevent, driver=None, **attributes):
        """A folder of sysfs."""
        top = os.path.join("sys/devices", path)
        self.write(top + "/uevent", "".join("%s=%s\n" % item for item in uevent.items()))
        for name, text in attributes.items():
            self.write("%s/%s" % (top, name), text + "\n")
        where = "sys/class/tty" if subsystem == "tty" else "sys/bus/" + subsystem
        os.makedirs(self.file(where), exist_ok=True)
        self.link(where, top + "/subsystem")
        if driver:
            home = "sys/bus/%s/drivers/%s" % (subsystem, driver)
            os.makedirs(self.file(home), exist_ok=True)
            self.link(home, top + "/driver")
        return path

    def tty(self, parent, name, number, properties=None, port=None, links=(), **attributes):
        """A tty below a device; without properties udev has not looked at it."""
        numbers = {"MAJOR": number[0], "MINOR": number[1], "DEVNAME": name}
        path = self.device("%s/tty/%s" % (parent, name), "tty", numbers, dev="%d:%d" % tuple(number), **attributes)
        self.link("sys/devices/" + parent, "sys/devices/%s/device" % path)
        Tty(self.path, name, number, path, properties, port, list(links)).save()
        self.plug(name)

    def unplug(self, name):
        tty = Tty.load(self.path, name)
        numbers = "%d:%d" % tuple(tty.number)
        for path in ("dev/" + name, "sys/class/tty/" + name, "sys/dev/char/" + numbers, "run/udev/data/c" + numbers):
            if os.path.lexists(self.file(path)):
                os.unlink(self.file(path))
        for link in tty.links:
            path = self.file("dev/" + link)
            if os.path.islink(path) and os.path.basename(os.readlink(path)) == name:
                os.unlink(path)

    def plug(self, name):
        """In again, where it was."""
        tty = Tty.load(self.path, name)
        self.link("sys/devices/" + tty.device, "sys/class/tty/" + name)
        self.link("sys/devices/" + tty.device, "sys/dev/char/%d:%d" % tuple(tty.number))
        os.mknod(self.file("dev/" + name), NODE, os.makedev(*tty.number))
        if tty.properties is not None:
            tty.write_database(tty.properties)
        # The last one that claims a link has it.
        for link in tty.links:
            if os.path.islink(self.file("dev/" + link)):
                os.unlink(self.file("dev/" + link))
            self.link("dev/" + name, "dev/" + link)

    def usb(self, name, minor, socket, vendor, model, serial=None, ids=("0403", "6001"), interface=0, driver="ftdi_sio",
            acm=False, known=True):
        """An adapter on USB, as the kernel and udev show it."""
        place = "pci-0000:00:14.0-usb-0:%s:1.%d" % (socket, interface)
        hub = self.file("sys/devices/pci0000:00/0000:00:14.0/usb1/1-%s" % socket)
        if not os.path.exists(hub):
            self.device("pci0000:00/0000:00:14.0/usb1/1-%s" % socket, "usb", {"DEVTYPE": "usb_device"}, "usb")
        path = "pci0000:00/0000:00:14.0/usb1/1-%s/1-%s:1.%d" % (socket, socket, interface)
        if not os.path.exists(self.file("sys/devices/" + path)):
            self.device(path, "usb", {"DEVTYPE": "usb_interface", "DRIVER": driver}, driver)
        whole = "_".join(filter(None, (vendor, model, serial)))
        end = "" if acm else "-port0"
        links = ["serial/by-id/usb-%s-if%02d%s" % (whole, interface, end), "serial/by-path/%s%s" % (place, end)]
        properties = {"ID_BUS": "usb", "ID_VENDOR": vendor, "ID_MODEL": model, "ID_SERIAL": whole,
                      "ID_VENDOR_ID": ids[0], "ID_MODEL_ID": ids[1], "ID_USB_INTERFACE_NUM": "%02d" % interface,
                      "ID_PATH": place}
        if serial:
            properties["ID_SERIAL_SHORT"] = serial
        if not acm:
            path = self.device("%s/%s" % (path, name), "usb-serial", {"DRIVER": driver}, driver, port_number="0")
        self.tty(path, name, (166 if acm else 188, minor), properties if known else None, None if acm else "0",
                 links if known else ())

    def onboard(self, name, minor, kind="4", known=True):
        path = "pnp0/00:0%d" % minor
        self.device(path, "pnp", {"DRIVER": "serial"}, "serial")
        path = self.device(path + "/port", "serial-base", {"DRIVER": "port"}, "port")
        self.tty(path, name, (4, 64 + minor), {} if known else None, type=kind)
