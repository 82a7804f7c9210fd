# SPDX-License-Identifier: GPL-2.0
"""The laboratory: real peers for the tests, each on its own and gone at the end.

Every class is a context manager; whatever it starts ends with the block, also after a failure.
BUILD in the environment names the build folder (default: build).
"""
import contextlib
import json
import os
import pty
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TOP, os.environ.get("BUILD", "build"))
AMSHAND = os.path.join(BUILD, "amshand")
AMSHANCTL = os.path.join(BUILD, "amshanctl")
SIM = os.path.join(BUILD, "tests", "amshan-sim")
PYTHON = sys.executable


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def reflected_crc(octets, polynomial, c):
    for o in octets:
        c ^= o
        for _ in range(8):
            c = c >> 1 ^ polynomial if c & 1 else c >> 1
    return c


def crc(octets):
    """CRC-16/X.25, low octet first."""
    return (reflected_crc(octets, 0x8408, 0xffff) ^ 0xffff).to_bytes(2, "little")


def crc_arc(octets):
    """CRC-16/ARC, as a number: that of a telegram of P1."""
    return reflected_crc(octets, 0xa001, 0)


def frame(info):
    """An HDLC frame, as octets with both flags."""
    head = bytes([0xa0, len(info) + 10]) + bytes.fromhex("41088313")
    body = head + crc(head) + info
    return b"\x7e" + body + crc(body) + b"\x7e"


def wait_for(what, seconds=10.0, step=0.02, why=None):
    """Call what() until it gives something true, return that; fail after so many seconds."""
    end = time.monotonic() + seconds
    while True:
        got = what()
        if got:
            return got
        if time.monotonic() > end:
            text = why() if callable(why) else why
            raise AssertionError(text or "not so within %g s" % seconds)
        time.sleep(step)


class Process:
    """A program with its output in a file; ended by SIGTERM, then SIGKILL."""

    def __init__(self, argv, env=None, stdin=None, stdout=None):
        self.log_file = tempfile.NamedTemporaryFile("w+", prefix="lab-", suffix=".log")
        self.proc = subprocess.Popen(argv, stdin=stdin or subprocess.DEVNULL, stdout=stdout or self.log_file,
                                     stderr=self.log_file, env=dict(os.environ, **(env or {})))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()
        self.log_file.close()

    def log(self):
        with open(self.log_file.name, errors="replace") as f:
            return f.read()

    def wait_log(self, text, seconds=10.0, count=1):
        wait_for(lambda: self.log().count(text) >= count, seconds,
                 why=lambda: "%r not in the log:\n%s" % (text, self.log()))

    def stop(self, sig=signal.SIGTERM, seconds=10.0):
        if self.proc.poll() is None:
            self.proc.send_signal(sig)
            try:
                self.proc.wait(seconds)
            except subprocess.TimeoutExpired:
                self.proc.kill()
                self.proc.wait()
        return self.proc.returncode


class Folder:
    """A temporary folder with a write() for configuration files."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="amshan-lab-")
        return self

    def __exit__(self, *exc):
        shutil.rmtree(self.path, ignore_errors=True)

    def file(self, name):
        return os.path.join(self.path, name)

    def write(self, name, text, mode=0o644):
        path = self.file(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, mode)
        return path


class Pty:
    """A pseudo-terminal; the slave is the tty.  The master keeps it alive and shows its settings."""

    def __enter__(self):
        self.master, slave = pty.openpty()
        self.path = os.ttyname(slave)
        self.name = self.path.removeprefix("/dev/")
        os.close(slave)
        return self

    def __exit__(self, *exc):
        self.hang_up()

    def hang_up(self):
        if self.master is not None:
            os.close(self.master)
        self.master = None

    def open(self):
        # O_EXCL does not stop root, who runs these tests.
        return os.open(self.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)


class Bus(Process):
    """A private session bus; address in .env."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="amshan-bus-")
        self.address = "unix:path=%s/bus" % self.folder
        super().__init__(["dbus-daemon", "--session", "--nofork", "--nopidfile", "--nosyslog",
                          "--address=" + self.address])
        self.env = {"DBUS_SESSION_BUS_ADDRESS": self.address}
        wait_for(self.answers, why=self.log)

    def answers(self):
        # The socket is there a moment before anybody listens.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as s:
            s.connect(self.folder + "/bus")
            return True
        return False

    def __exit__(self, *exc):
        super().__exit__(*exc)
        shutil.rmtree(self.folder, ignore_errors=True)

    def managed(self):
        """GetManagedObjects of amshand as {path: {interface: {property: value}}}, {} if it is not there."""
        out = subprocess.run(["busctl", "--address=" + self.address, "--json=short", "call", "org.amshan.Amshan1",
                              "/org/amshan/Amshan1", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects"],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if out.returncode:
            return {}
        tree = json.loads(out.stdout)["data"][0]
        return {path: {i: {k: v["data"] for k, v in props.items()} for i, props in ifaces.items()}
                for path, ifaces in tree.items()}


class Broker(Process):
    """A real mosquitto on a loopback port; extra lines of configuration as text."""

    def __init__(self, port=None, extra="", listener=True):
        self.port = port or free_port()
        self.folder = tempfile.mkdtemp(prefix="amshan-broker-")
        conf = os.path.join(self.folder, "mosquitto.conf")
        with open(conf, "w") as f:
            if listener:
                f.write("listener %d 127.0.0.1\nallow_anonymous true\n" % self.port)
            f.write("persistence false\n" + extra)
        mosquitto = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        super().__init__([mosquitto, "-c", conf])
        wait_for(self.answers, why=self.log)

    def answers(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def __exit__(self, *exc):
        super().__exit__(*exc)
        shutil.rmtree(self.folder, ignore_errors=True)


class Subscriber(Process):
    """mosquitto_sub on a broker; messages() gives [(topic, retained, payload text)]."""

    def __init__(self, port, topic="#", args=()):
        super().__init__(["mosquitto_sub", "-h", "127.0.0.1", "-p", str(port), "-t", topic, "-F", "%t\t%r\t%p",
                          *args])

    def messages(self):
        lines = [line.split("\t", 2) for line in self.log().splitlines() if line.count("\t") >= 2]
        return [(topic, retained == "1", payload) for topic, retained, payload in lines]

    def last(self, topic):
        """The newest payload of a topic, or None."""
        return next((p for t, _, p in reversed(self.messages()) if t == topic), None)


class Daemon(Process):
    """amshand --user on a private bus, with the given configuration text."""

    def __init__(self, folder, conf, bus=None, args=(), env=None):
        self.conf = folder.write("amshand.conf", 'state-directory = "%s"\n%s' % (folder.file("state"), conf))
        environment = dict(bus.env if bus else {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"})
        environment.update(env or {})
        super().__init__([AMSHAND, "--user", "-c", self.conf, *args], env=environment)


class Sim(Process):
    """The simulator; see build/tests/amshan-sim --help."""

    def __init__(self, *args, **kw):
        super().__init__([SIM, *[str(a) for a in args]], **kw)


def ctl(bus, *args, check=True, input=None):
    """Run amshanctl --user; gives the completed process."""
    return subprocess.run([AMSHANCTL, *args], env=dict(os.environ, **(bus.env if bus else {})), input=input,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=check, timeout=30)
