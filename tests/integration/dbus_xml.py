#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Introspection XML of the D-Bus interfaces, as the running daemon gives it.

    dbus_xml.py            compare daemon/data/dbus/*.xml with the daemon; exit 1 if they differ
    dbus_xml.py --write    write them

The daemon is run on a private bus with one simulated meter that has sent everything.
"""
import difflib
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from xml.sax.saxutils import quoteattr

import lab

FOLDER = os.path.join(lab.TOP, "daemon", "data", "dbus")
NAME = "org.amshan.Amshan1"
PATH = "/org/amshan/Amshan1"

# What each interface is for.  An interface without a sentence here is a mistake.
WORDS = {
    "Manager": ["The daemon, at " + PATH + ".", "",
                "MqttState: off, idle, resolving, connecting, up, back-off or stopped; MqttReason says why it is",
                "not up.  Reload() reads the configuration again; Forget(ID) removes a meter and all that is kept",
                "or retained of it; ForgetCounter(SYSTEM-TITLE) forgets the frame counter of an encrypted meter,",
                "so that the next message is taken whatever its counter is.  Only root and the daemon's own user",
                "may call these."],
    "Source": ["Where octets come from, at " + PATH + "/source/NAME.", "",
               "Times are microseconds since the epoch, 0 for never; Period is in microseconds, 0 while unknown.",
               "Health says what is wrong in a word, HealthText in a sentence that says what to check.",
               "GetUndecoded() gives the last two frames or datagrams that could not be decoded, the older one",
               "first: when it came, why, its octets (of a long datagram the first 4096).  Only root and the",
               "daemon's own user may call it: the numbers of meters are in them."],
    "Meter": ["A meter, at " + PATH + "/meter/ID.", "",
              "Texts are \"\" for what it has not said.  LastMessage: microseconds since the epoch, 0 for never.",
              "Via: id of the meter that it hangs behind (M-Bus), \"\" if it has a port of its own.",
              "Unverified: neither a checksum nor an authentication tag spoke for its last message.",
              "Derived: quantities that were not measured but computed from others, as voltage_l2.",
              "Problem: what is wrong with its values, \"\" if nothing is known to be."],
    "Power": ["Powers of a meter in W, VA and var; present as soon as it has sent one.", "",
              "NaN for those that it has not sent.  Received: when the last message with some of them came, in",
              "microseconds since the epoch.  Each message gives one PropertiesChanged with exactly the",
              "quantities that it carried."],
    "Phases": ["Powers (W, var), currents (A) and voltages (V) per phase; as org.amshan.Amshan1.Power."],
    "Energy": ["Registers in Wh, varh and VAh, of gas and water in m3, of heat in J; as",
               "org.amshan.Amshan1.Power."],
    "Quality": ["How often the supply failed so far, what is allowed (W, A), the highest demand of the month (W),",
                "and states as numbers; as org.amshan.Amshan1.Power.", "",
                "Tariff, BreakerState and ValveState are as the meter sends them: 1 is mostly the low tariff in the",
                "Netherlands and the high one in Belgium; 1 is closed or connected."],
    "Derived": ["What is counted between the lists with registers, in Wh and W; as org.amshan.Amshan1.Power.", "",
                "Every 10 s and with each register.  NaN, and 0 of a time, for what is not known (any more).  "
                "Hour, Day",
                "and Month are the current ones in local time; times are microseconds since the epoch."],
    "Clock": ["The meter's clock; present as soon as it has sent it.", "",
              "MeterTime: microseconds since the epoch, 0 if its offset from UTC is not known.  Local: ISO 8601."],
}

# What no simulated meter sends: the highest demand of the month, 1-0:1.6.0, 4470 W.
QUALITY = lab.frame(bytes.fromhex("e6e7000f000000010001010203090601000106" "00ff060000117602020f00161b"))

# Annotations that say something about the interface and not about the library that serves it.
ANNOTATIONS = ("org.freedesktop.DBus.Property.EmitsChangedSignal", "org.freedesktop.DBus.Deprecated")


def sim_lines(*args):
    """Messages of the simulator, one line of hex digits each."""
    return subprocess.run([lab.SIM, "--to", "lines", "--speed", "0", *args], check=True, timeout=30,
                          stdout=subprocess.PIPE, text=True).stdout.splitlines()


def introspect(bus, path):
    """Interfaces of an object as {name: element}."""
    out = subprocess.run(["busctl", "--address=" + bus.address, "--json=short", "call", NAME, path,
                          "org.freedesktop.DBus.Introspectable", "Introspect"],
                         check=True, timeout=30, stdout=subprocess.PIPE, text=True).stdout
    return {i.get("name"): i for i in ET.fromstring(json.loads(out)["data"][0]).findall("interface")}


def element_lines(element, depth):
    """An element in our own layout, so that the library's version does not matter."""
    attributes = "".join(" %s=%s" % (k, quoteattr(v)) for k, v in element.attrib.items())
    head = "%s<%s%s" % ("  " * depth, element.tag, attributes)
    children = [line for child in element
                if child.tag != "annotation" or child.get("name") in ANNOTATIONS
                for line in element_lines(child, depth + 1)]
    if not children:
        return [head + "/>"]
    return [head + ">", *children, "%s</%s>" % ("  " * depth, element.tag)]


def document(interface):
    words = WORDS[interface.get("name").rsplit(".", 1)[1]]
    head, *rest = element_lines(interface, 1)
    return "\n".join([
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<!-- SPDX-License-Identifier: GPL-2.0 -->",
        "<!-- Written by tests/integration/dbus_xml.py from what the daemon serves. -->",
        '<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"',
        ' "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">',
        "<node>",
        head,
        "    <!-- " + "\n         ".join(words).replace("\n         \n", "\n\n") + " -->",
        *rest,
        "</node>", ""])


def documents():
    """{file name: text} of all interfaces that the daemon serves."""
    with lab.Folder() as folder, lab.Bus() as bus:
        lines = sim_lines("--maker", "aidon", "--id", "1234567890123456", "--hourly-every", "1", "--count", "20")
        capture = folder.write("capture.hex", "\n".join([*lines, QUALITY.hex()]) + "\n")
        with lab.Daemon(folder, 'source "house" { uri = "file:%s" }\n' % capture, bus) as daemon:
            meter = PATH + "/meter/1234567890123456"
            lab.wait_for(lambda: {NAME + ".Clock", NAME + ".Quality"} <= set(bus.managed().get(meter, {})),
                         why=daemon.log)
            found = {}
            for path in (PATH, PATH + "/source/house", meter):
                found.update(introspect(bus, path))
            return {name + ".xml": document(i) for name, i in found.items() if name.startswith(NAME + ".")}


def main():
    want = documents()
    if sys.argv[1:] == ["--write"]:
        os.makedirs(FOLDER, exist_ok=True)
        for name, text in want.items():
            with open(os.path.join(FOLDER, name), "w") as f:
                f.write(text)
        return 0
    if sys.argv[1:]:
        print(__doc__, file=sys.stderr)
        return 2
    different = differences(want)
    sys.stdout.write(different)
    return 1 if different else 0


def differences(want):
    """A unified diff from the files in the tree to the texts; "" if they are the same."""
    have = {}
    for name in os.listdir(FOLDER) if os.path.isdir(FOLDER) else ():
        with open(os.path.join(FOLDER, name)) as f:
            have[name] = f.read()
    return "".join(line for name in sorted(set(have) | set(want))
                   for line in difflib.unified_diff(have.get(name, "").splitlines(True),
                                                    want.get(name, "").splitlines(True),
                                                    "daemon/data/dbus/" + name, "the daemon"))


if __name__ == "__main__":
    sys.exit(main())
