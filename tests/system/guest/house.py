# SPDX-License-Identifier: GPL-2.0
"""A house with a server in it, as its owner sees it: adapters to plug in, meters behind them, and
what systemctl, busctl, mosquitto_sub, journalctl and amshanctl say.

Nothing here reaches into our programs.  What has to outlive a reboot stands in STATE.
"""
import collections
import contextlib
import datetime
import glob
import json
import os
import re
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
for folder in ("vm/guest", "integration"):
    sys.path.insert(0, os.path.join(TOP, "tests", folder))

import lab      # noqa: E402
from host import Host, HostError     # noqa: E402

SIM = os.path.join(TOP, "amshan-sim")
DEBS = os.path.join(TOP, "debs")
TREE = os.path.join(TOP, "tree")
STATE = "/var/lib/system-test.json"
NAME = "org.amshan.Amshan1"
PATH = "/org/amshan/Amshan1"
RULES = "/etc/udev/rules.d/77-amshan-*.rules"
PERIOD, RATE = 2.5, 240     # as a meter sends: a list each 2.5 s, at 2400 baud
SECONDS = 60                # for what should take a few; an emulated machine is slow
MESSAGES = 2000             # more than a run takes

# The adapters: id, serial number, socket of the bus.  And the meters behind them.
A, B, C = "a", "b", "c"
SERIALS = {A: "HAN0001", B: None, C: "OTHER01"}
METERS = {A: "7359992890941742", B: "7359992890941999", C: "7359992890942555"}
BY_ID = "/dev/serial/by-id/usb-QEMU_QEMU_USB_SERIAL_HAN0001-if00-port0"

host = Host()


class State:
    """A file of JSON that is as new as it can be."""

    def __init__(self):
        self.values = {"part": 0, "cases": [], "figures": [], "expected": [], "sent": {}}
        with contextlib.suppress(FileNotFoundError), open(STATE) as f:
            self.values = json.load(f)

    def __getitem__(self, key):
        return self.values[key]

    def save(self, **values):
        self.values.update(values)
        with open(STATE + ".new", "w") as f:
            json.dump(self.values, f)
            f.flush()
            os.fsync(f.fileno())
        os.replace(STATE + ".new", STATE)


state = State()


def figure(text):
    """A number for whoever reads the output of the run."""
    print("      figure: " + text, flush=True)
    state["figures"].append(text)


# ---- programs ----

Done = collections.namedtuple("Done", "status out err")


def run(*argv, user=None, seconds=SECONDS, input=None):
    """Exit status and what was said; user: as somebody else, with the groups of that user."""
    if user:
        argv = ("runuser", "-u", user, "--", *argv)
    try:
        done = subprocess.run(argv, stdin=None if input else subprocess.DEVNULL, input=input, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=seconds)
    except subprocess.TimeoutExpired as e:
        raise AssertionError("%s does not end within %d s: %s" % (" ".join(argv), seconds, e.stdout)) from e
    return Done(done.returncode, done.stdout, done.stderr)


def good(*argv, **more):
    """What a program says that has to succeed."""
    done = run(*argv, **more)
    if done.status:
        raise AssertionError("%s: exit status %d\n%s%s" % (" ".join(argv), done.status, done.out, done.err))
    return done.out


def wait_for(what, why, seconds=SECONDS, step=0.1):
    """Call what() until it gives something true, return that; why: text or function for the failure."""
    return lab.wait_for(what, seconds, step, lambda: "not within %g s: %s" % (seconds, why() if callable(why) else why))


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)


# Where names of ours may stay: what is no part of the system, and what logs and apt remember.
NOT_OURS = ("/proc", "/sys", "/opt/system-test", "/var/log", "/var/cache/apt", "/var/lib/apt", "/usr/share/mime")


def names_of_ours():
    """All files and folders of the system that have our name."""
    found = []
    for folder, folders, files in os.walk("/"):
        folders[:] = [name for name in folders if os.path.join(folder, name) not in NOT_OURS]
        found += [os.path.join(folder, name) for name in folders + files if "amsh" in name.lower()]
    # The lines to the host of the machine have such names as well.
    return [name for name in found if not re.search(r"virtio-ports.*org\.amshan\.(host|log)$", name)]


def make(target, *args, seconds=380):
    """A target of the tree, whose programs are built already."""
    return run("make", "--no-print-directory", "-C", TREE, "-o", "all", target, *args, seconds=seconds)


# ---- systemd ----

def unit(name, *properties):
    """Properties of a unit; one alone is given as it is."""
    out = good("systemctl", "show", name, "--property", ",".join(properties))
    values = dict(line.split("=", 1) for line in out.splitlines() if "=" in line)
    return values[properties[0]] if len(properties) == 1 else values


def is_active(name):
    return unit(name, "ActiveState") == "active"


def attach_unit(tty):
    return "amshan-attach@%s.service" % os.path.basename(tty)


def status_of(name):
    out = run("systemctl", "status", "--no-pager", "--full", "--lines=20", name)
    return out.out + out.err


def failed_units():
    return good("systemctl", "list-units", "--failed", "--plain", "--no-legend").split()[0::5]


# ---- the journal ----

class Entry(collections.namedtuple("Entry", "priority who text unit invocation real")):
    def __str__(self):
        return "<%d> %s: %s" % (self.priority, self.who, self.text)


def entry(line):
    """What is ours of the journal, also what systemd and the kernel say of us; None: it is not."""
    told = json.loads(line)
    text = told.get("MESSAGE") or ""
    if not isinstance(text, str):
        text = bytes(text).decode(errors="replace")
    who = told.get("SYSLOG_IDENTIFIER", "?")
    about = told.get("UNIT") or told.get("_SYSTEMD_UNIT") or ""
    ours = about.startswith("amshan") or who.startswith("amshan") or \
        (told.get("_TRANSPORT") == "kernel" and "amshan" in text) or \
        (who in ("systemd-udevd", "(udev-worker)", "dbus-daemon") and "amshan" in text.lower())
    if not ours:
        return None
    return Entry(int(told.get("PRIORITY", 6)), who, text, about,
                 told.get("_SYSTEMD_INVOCATION_ID") or told.get("INVOCATION_ID"), int(told["__REALTIME_TIMESTAMP"]))


def journal_cursor():
    return good("journalctl", "--no-pager", "--lines=0", "--show-cursor").split("-- cursor: ")[1].strip()


def journal(after=None, *words):
    """What is ours in the journal, since a cursor or of all boots; words: that have all of these."""
    out = good("journalctl", "--no-pager", "--output=json", *(["--after-cursor=" + after] if after else []))
    found = [e for e in map(entry, out.splitlines()) if e]
    return [e for e in found if all(word in e.text for word in words)]


# ---- D-Bus ----

def managed(user=None):
    """All of our objects as {path: {interface: {property: value}}}; {} if amshand is not there."""
    done = run("busctl", "--system", "--json=short", "call", NAME, PATH, "org.freedesktop.DBus.ObjectManager",
               "GetManagedObjects", user=user)
    if done.status:
        return {}
    return {path: {i: {k: v["data"] for k, v in props.items()} for i, props in ifaces.items()}
            for path, ifaces in json.loads(done.out)["data"][0].items()}


def meters():
    """{id: {interface without our name: properties}}"""
    return {path.rsplit("/", 1)[1]: {i[len(NAME) + 1:]: props for i, props in ifaces.items() if i.startswith(NAME)}
            for path, ifaces in managed().items() if path.startswith(PATH + "/meter/")}


def sources():
    return [ifaces[NAME + ".Source"]["Name"] for ifaces in managed().values() if NAME + ".Source" in ifaces]


def source(name):
    """The properties of a source, None if there is none of this name."""
    found = [ifaces[NAME + ".Source"] for ifaces in managed().values() if NAME + ".Source" in ifaces]
    return next((told for told in found if told["Name"] == name), None)


def microseconds(iso):
    """Since the epoch, of a time as amshanctl prints it."""
    return int(datetime.datetime.fromisoformat(iso.replace("Z", "+00:00")).timestamp() * 1e6)


def now_us():
    return int(time.time() * 1e6)


def wait_reading(id, since=None, seconds=SECONDS):
    """Until a meter has a message that came after `since` (microseconds), default: from now on; gives what
    the bus then has of it."""
    since = now_us() if since is None else since

    def there():
        told = meters().get(id)
        return told if told and told["Meter"]["Available"] and told["Meter"]["LastMessage"] > since else None
    return wait_for(there, lambda: "a reading of meter %s; there is %r\n%s\n%s" % (
        id, meters(), status_of("amshand"), status_of("amshan-attach@*")), seconds)


def is_available(id):
    done = run("busctl", "--system", "get-property", NAME, PATH + "/meter/" + id, NAME + ".Meter", "Available")
    return done.out.strip() == "b true"


def mqtt_state():
    return run("busctl", "--system", "get-property", NAME, PATH, NAME + ".Manager", "MqttState").out.strip()[3:-1]


# ---- MQTT ----

Message = collections.namedtuple("Message", "time topic retained payload")


class Subscriber(lab.Process):
    """What the broker has to say, from now on."""

    def __init__(self):
        super().__init__(["mosquitto_sub", "-h", "localhost", "-t", "amshan/#", "-F", "%U\t%t\t%r\t%p"])

    def messages(self, topic, since=0.0):
        """[(time, topic, is it retained, payload)] of a topic that came after a time."""
        rows = [line.split("\t", 3) for line in self.log().splitlines() if line.count("\t") >= 3]
        found = [Message(float(row[0]), row[1], row[2] == "1", row[3]) for row in rows]
        # A power of null says that the meter is silent.
        silence = topic.endswith("/power") and '"received"'
        return [m for m in found if m.topic == topic and m.time > since and (not silence or silence in m.payload)]

    def wait(self, topic, payload=None, since=0.0, seconds=SECONDS):
        """The first message of a topic (with that payload) after a time."""
        def there():
            return next((m for m in self.messages(topic, since) if payload in (None, m.payload)), None)
        return wait_for(there, lambda: "%s at the broker; there is:\n%s\n%s" % (
            topic, self.log()[-3000:], status_of("mosquitto")), seconds)

    def last(self, topic):
        found = self.messages(topic)
        return found[-1].payload if found else None


def power_topic(id):
    return "amshan/%s/power" % id


def availability_topic(id):
    return "amshan/%s/availability" % id


# ---- adapters and meters ----

plugged = {}    # adapter: its tty, once it was asked for
sent = {adapter: set(powers) for adapter, powers in state["sent"].items()}  # the powers that it sends, W


def meter(adapter, maker="aidon"):
    """Behind this adapter is a meter that sends all the time, from now on."""
    truth = "/run/system-test.truth"
    out = good(SIM, "--maker", maker, "--id", METERS[adapter], "--seed", str(ord(adapter)), "--to", "lines",
               "--speed", "0", "--count", str(MESSAGES), "--truth", truth)
    with open(truth) as f:
        lists = [json.loads(line)["readings"] for line in f]
    sent[adapter] = {readings["active_power_import"] for readings in lists if "active_power_import" in readings}
    state.save(sent={a: sorted(powers) for a, powers in sent.items()})
    host.meter(adapter, out.split(), PERIOD, RATE)


def something_else(adapter, text):
    """Behind this adapter is something that sends this text each second."""
    host.meter(adapter, [text.encode().hex()], 1, RATE)


def ttys():
    return set(glob.glob("/dev/ttyUSB*"))


def plug(adapter, port=None):
    """Plug it in and wait for its tty; gives that, and when it was plugged in (microseconds)."""
    before = ttys()
    since = now_us()
    host.plug(adapter, SERIALS[adapter], port)
    (tty,) = wait_for(lambda: ttys() - before, "adapter %s gives no tty" % adapter)
    good("udevadm", "settle")
    plugged[adapter] = tty
    return tty, since


def unplug(adapter):
    """Pull it out, and wait until its tty is gone; gives when it was pulled out (microseconds)."""
    tty = plugged.pop(adapter, None)
    host.unplug(adapter)
    since = now_us()
    if tty:
        wait_for(lambda: not os.path.exists(tty), tty + " stays")
    return since


def is_attached(tty):
    done = run("amshanctl", "ports", "--json")
    return done.status == 0 and any(port["tty"] == os.path.basename(tty) for port in json.loads(done.out))


def wait_attached(tty, seconds=SECONDS):
    wait_for(lambda: is_attached(tty), lambda: "%s is not attached\n%s" % (tty, status_of(attach_unit(tty))), seconds)


def adapter_of(tty):
    """What amshanctl adapters says of it."""
    told = [a for a in json.loads(good("amshanctl", "adapters", "--json")) if a.get("device") == tty]
    if len(told) != 1:
        raise AssertionError("%d adapters %s in: %s" % (len(told), tty, good("amshanctl", "adapters", "--json")))
    return told[0]


def udev(tty):
    """The properties of a device in udev's database."""
    out = good("udevadm", "info", "--query=property", "--name=" + tty)
    return dict(line.split("=", 1) for line in out.splitlines() if "=" in line)


# ---- tests ----

class TestCase(unittest.TestCase):
    """A test fails too if meanwhile one of ours wrote an error that the test does not expect(), or said the same
    warning again and again, or if a unit of ours failed."""

    maxDiff = 4000

    def setUp(self):
        self.cursor = journal_cursor()
        self.expected, self.repeated = [], []
        self.addCleanup(self.check_journal)

    def expect(self, pattern):
        """An entry that this test provokes."""
        self.expected.append(pattern)

    def expect_again(self, pattern):
        """An entry that this test provokes more than once."""
        self.repeated.append(pattern)

    def since(self, *words):
        """Our entries of the journal since the test began."""
        return journal(self.cursor, *words)

    def wait_said(self, *words, seconds=SECONDS):
        return wait_for(lambda: self.since(*words), lambda: "nobody said %r, but:\n%s" % (
            words, "\n".join(map(str, self.since()))), seconds)

    def check_journal(self):
        entries = self.since()
        state.save(expected=[*state["expected"], *self.expected])
        wrong = [str(e) for e in entries
                 if e.priority <= 3 and not any(re.search(p, e.text) for p in self.expected)]
        self.assertEqual(wrong, [], "errors in the journal")
        counts = collections.Counter((e.invocation, e.who, e.text) for e in entries if e.priority <= 5)
        again = [(who, text, n) for (_, who, text), n in counts.items()
                 if n > 1 and not any(re.search(p, text) for p in self.repeated)]
        self.assertEqual(again, [], "said more than once")
        self.assertEqual([name for name in failed_units() if name.startswith("amshan")], [], "units that failed")

    def subscriber(self):
        return self.enterContext(Subscriber())

    def assert_reads(self, adapter, since=None, subscriber=None, seconds=SECONDS):
        """A reading of the meter behind this adapter comes to both, later than `since`; gives those of the bus."""
        since = now_us() if since is None else since
        told = wait_reading(METERS[adapter], since, seconds)
        if subscriber:
            subscriber.wait(power_topic(METERS[adapter]), None, since / 1e6, seconds)
        return told

    def settle(self, adapter=A, port="1"):
        """The state that most tests begin with, whatever the one before left: it is plugged in, attached and read."""
        if adapter not in plugged:
            plug(adapter, port)
        wait_attached(plugged[adapter])
        wait_reading(METERS[adapter])
        return plugged[adapter]
