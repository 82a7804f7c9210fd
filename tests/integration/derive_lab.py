# SPDX-License-Identifier: GPL-2.0
"""What amshand has to derive from messages, counted here once more."""
import json
import math
import os
import re
import signal

import lab
from ctl_lab import Line
from mqtt_lab import DAEMON, ID, POWER, MqttTest, mqtt_conf, pub

POWERS = ("apparent_power", "power_factor")
# The clock of this machine decides of those of an hour: they are there if a full hour came while a test ran.
UNSETTLED = re.compile(r"active_power_import_hour|active_energy_(import|export)_(live|hour|day|month)|peak_hours?_.*")


def rounded(value, digits=0):
    """As C does: a half goes away from zero."""
    return math.floor(value * 10 ** digits + 0.5) / 10 ** digits


def power_of(readings):
    """Apparent power and power factor of a list with active and reactive power: what is not sent is derived."""
    if "active_power_import" not in readings or "reactive_power_import" not in readings:
        return {}
    p, q = (readings[kind + "_import"] - readings.get(kind + "_export", 0) for kind in ("active_power",
                                                                                       "reactive_power"))
    s = math.hypot(p, q)
    found = {"apparent_power": rounded(s)}
    if s:
        found["power_factor"] = rounded(abs(p) / s, 3)
    return {name: value for name, value in found.items() if name not in readings}


def with_power(readings):
    """The readings of a list with what is derived from them, and the list "derived" that names it."""
    found = power_of(readings)
    return {**readings, **found, **({"derived": list(found)} if found else {})}


class Registers:
    """Those of one meter whose messages come at once: between two of them nothing is counted."""

    def __init__(self):
        self.last = {}

    def errors(self, readings):
        """What .Derived and the topic "derived" have to say when this list came: by how much each register is
        ahead of what was counted; nothing of the first one."""
        found = {}
        for name in ("active_energy_import", "active_energy_export"):
            if name in readings:
                if name in self.last:
                    found[name + "_error"] = readings[name] - self.last[name]
                self.last[name] = readings[name]
        return found


def settled(values):
    """Without what depends on how long the test took: the live register, which is shown once a file is written,
    and what the clock of this machine decides.  Names are those of JSON or of D-Bus."""
    return {name: value for name, value in values.items()
            if not UNSETTLED.fullmatch(re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower())}


class FedTest(MqttTest):
    """A meter that the test feeds message by message, a daemon, a bus, a broker and one who listens to all of it."""
    maxDiff = None
    MAKER = "aidon"

    def setUp(self):
        super().setUp()
        self.bus = self.enterContext(lab.Bus())
        self.bus.env["DBUS_SYSTEM_BUS_ADDRESS"] = "unix:path=/nonexistent"
        self.server = self.broker()
        self.line = self.enterContext(Line(self.MAKER, ID))
        self.seen = self.listener()

    def listener(self):
        """A subscriber to everything, once it listens."""
        seen = self.subscriber(self.server)
        lab.wait_for(lambda: pub(self.server.port, "probe", b"there?") or seen.last("probe"), step=0.05)
        return seen

    def conf(self, mqtt="", source=""):
        return 'source house { uri = "%s" %s }\n' % (self.line.uri, source) + mqtt_conf(self.server.port, mqtt)

    def start(self, mqtt="", source=""):
        self.amshand = self.daemon(self.conf(mqtt, source), bus=self.bus)
        self.line.accept()

    def meter(self):
        """The meter as D-Bus shows it, {interface: {property: value}}; {} if it is not there."""
        shown = self.bus.managed().get("/org/amshan/Amshan1/meter/" + ID, {})
        return {name.rsplit(".", 1)[1]: values for name, values in shown.items() if "Amshan1" in name}

    def send(self, number):
        """The next message of a list; gives its readings, once the daemon has it."""
        before = self.meter().get("Meter", {}).get("Messages", 0)
        sent = self.line.send(number)
        lab.wait_for(lambda: self.meter().get("Meter", {}).get("Messages") == before + 1, why=self.amshand.log)
        return sent

    def end(self, sig=signal.SIGTERM):
        """Stop the daemon; all that it had to say has arrived then."""
        self.amshand.stop(sig)
        self.wait_topic(self.seen, DAEMON, "offline", self.amshand)

    def said(self, topic, seen=None):
        """Payloads of a topic so far, the oldest first; those that are not empty as objects.  Without those that
        only say that a meter is silent."""
        every = [json.loads(p) if p else None for t, _, p in (seen or self.seen).messages() if t == topic]
        return [p for p in every if topic != POWER or "received" in p]

    def kept(self):
        """The path of what is kept of the meter."""
        return self.folder.file("state/meters/%s.json" % ID)

    def wait_kept(self):
        lab.wait_for(lambda: os.path.exists(self.kept()), why=self.amshand.log)
