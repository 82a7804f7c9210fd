# SPDX-License-Identifier: GPL-2.0
"""What the D-Bus tests share: a meter that is fed message by message, a bus that can go away, a monitor.

The daemon reads a TCP source at whose far end the test sits, so it is known for each signal which message
it came from.  The messages and what is in them are the simulator's.
"""
import json
import os
import re
import signal
import socket
import subprocess
import unittest

import dbus_xml
import derive_lab
import lab
from dbus_xml import NAME, PATH

OBJECTS = "org.freedesktop.DBus.ObjectManager"
PROPERTIES = "org.freedesktop.DBus.Properties"
LOG = "org.freedesktop.LogControl1"
LOG_PATH = "/org/freedesktop/LogControl1"

ID = "1234567890123456"
METER = PATH + "/meter/" + ID
SOURCE = PATH + "/source/house"

# Where the names of the table of quantities are shown.
GROUPS = (
    ("Quality", re.compile(r"(voltage_(sags|swells)|current_limit)_l\d|.*_(demand_max|limit|state|failures)|tariff")),
    ("Phases", re.compile(r"(active|reactive)_power_(import|export)_l\d|(voltage|current|power_factor)_l\d|"
                          r"apparent_power(_export)?_l\d|current_n")),
    ("Derived", re.compile(r"active_energy_(import|export)_(live|hour|day|month|error)|peak_.*")),
    ("Energy", re.compile(r".*_energy(_.*)?|.*_volume")),
    ("Power", re.compile(r"(active|reactive)_power_(import|export)(_demand)?|active_power_(sum|net)|reactive_power_q\d|"
                         r"apparent_power(_export)?|power_factor|frequency")),
)


def camel(name):
    return "".join(part.capitalize() for part in name.split("_"))


def by_interface(readings):
    """Readings of a message as {interface: {property: value}}, with what is derived from them; texts and the
    clock left out."""
    found = {}
    for name, value in {**readings, **derive_lab.power_of(readings)}.items():
        group = next((group for group, names in GROUPS if names.fullmatch(name)), None)
        if group:
            found.setdefault(NAME + "." + group, {})[camel(name)] = value
    return found


class Message:
    def __init__(self, octets, truth):
        self.octets = octets
        self.list = truth["list"]
        self.readings = truth["readings"]
        self.interfaces = by_interface(truth["readings"])


class Messages:
    """Messages of one simulated meter, by the number of their list."""

    def __init__(self, maker="aidon", count=40):
        with lab.Folder() as folder:
            truth = folder.file("truth")
            lines = dbus_xml.sim_lines("--maker", maker, "--id", ID, "--count", str(count), "--hourly-every", "2",
                                       "--start", "2026-01-31T12:00:00Z", "--truth", truth)
            with open(truth) as f:
                self.all = [Message(bytes.fromhex(a), json.loads(b)) for a, b in zip(lines, f, strict=True)]

    def of_list(self, number):
        return next(m for m in self.all if m.list == number)


class Line:
    """The far end of a TCP source: listens, and sends what the test wants."""

    def __enter__(self):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.server.settimeout(10)
        self.peer = None
        return self

    def __exit__(self, *exc):
        self.close()
        self.server.close()

    def uri(self):
        return "tcp://127.0.0.1:%d" % self.server.getsockname()[1]

    def accept(self):
        self.peer, _ = self.server.accept()

    def send(self, message):
        self.peer.sendall(message.octets)

    def close(self):
        if self.peer:
            self.peer.close()
        self.peer = None


class Monitor(lab.Process):
    """What a bus carries, from now on."""

    def __init__(self, bus):
        super().__init__(["busctl", "--address=" + bus.address, "--json=short", "monitor", NAME])
        self.wait_log("Monitoring bus message stream")

    def signals(self, member):
        """[(path, body)] of the signals so far, with plain values: variants are replaced by their content."""
        found = []
        for line in self.log().splitlines(keepends=True):
            if line.startswith("{") and line.endswith("\n"):
                m = json.loads(line)
                if m["type"] == "signal" and m.get("member") == member:
                    found.append((m["path"], plain(m["payload"]["data"])))
        return found

    def changes(self, path):
        """[(interface, {property: value})] of PropertiesChanged of an object."""
        return [(body[0], body[1]) for p, body in self.signals("PropertiesChanged") if p == path]


def plain(value):
    if isinstance(value, dict):
        if set(value) == {"type", "data"}:
            return plain(value["data"])
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value


class RestartableBus(lab.Bus):
    """A bus that can go away and come back at the same address."""

    def __init__(self):
        super().__init__()
        self.wait()

    def wait(self):
        """Until it listens: between bind() and listen() it refuses connections."""
        lab.wait_for(lambda: busctl(self, "list").returncode == 0, why=self.log)

    def kill(self):
        self.stop(signal.SIGKILL)
        os.unlink(self.folder + "/bus")

    def start_again(self):
        lab.Process.__init__(self, self.proc.args)
        self.wait()


def busctl(bus, *args, prefix=()):
    return subprocess.run([*prefix, "busctl", "--address=" + bus.address, "--json=short", *args],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30)


def get(bus, path, interface, name):
    out = busctl(bus, "get-property", NAME, path, interface, name)
    if out.returncode:
        raise AssertionError(out.stderr)
    return json.loads(out.stdout)["data"]


def interfaces(bus, path):
    """Those of our interfaces that an object has, for GetManagedObjects; checks that Introspect agrees."""
    managed = {i for i in bus.managed().get(path, {}) if i.startswith(NAME + ".")}
    introspected = {i for i in dbus_xml.introspect(bus, path) if i.startswith(NAME + ".")}
    if managed != introspected:
        raise AssertionError("%s: GetManagedObjects has %s, Introspect has %s" % (path, managed, introspected))
    return {i[len(NAME) + 1:] for i in managed}


def source_conf(line, extra="", name="house"):
    return 'source "%s" { uri = "%s" %s }\n' % (name, line.uri(), extra)


class DBusTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.messages = Messages()

    def setUp(self):
        self.folder = self.enterContext(lab.Folder())
        self.line = self.enterContext(Line())

    def bus(self):
        return self.enterContext(RestartableBus())

    def daemon(self, bus, conf=None, **kw):
        return self.enterContext(lab.Daemon(self.folder, conf or source_conf(self.line), bus, **kw))

    def fed(self, *numbers, conf=None):
        """A bus with a daemon whose meter has sent these lists."""
        bus = self.bus()
        daemon = self.daemon(bus, conf)
        self.line.accept()
        for number in numbers:
            self.send(bus, daemon, self.messages.of_list(number))
        return bus, daemon

    def send(self, bus, daemon, message):
        before = bus.managed().get(METER, {}).get(NAME + ".Meter", {}).get("Messages", 0)
        self.line.send(message)
        lab.wait_for(lambda: bus.managed().get(METER, {}).get(NAME + ".Meter", {}).get("Messages") == before + 1,
                     why=daemon.log)
