# SPDX-License-Identifier: GPL-2.0
"""systemd as amshanctl asks it: org.freedesktop.systemd1 on a private bus, with jobs that end at once.

Run as a program: FOLDER is where it reads systemd.json before each answer, and writes systemd.log.  The file has, all
optional: "missing", units that there are not; "result", how jobs end; "properties", of units, by their names.
"""
import json
import os
import sys

import lab

NAME = "org.freedesktop.systemd1"
PATH = "/org/freedesktop/systemd1"
XML = """<node>
<interface name="org.freedesktop.systemd1.Manager">
 <method name="Subscribe"/>
 <method name="LoadUnit"><arg type="s" direction="in"/><arg type="o" direction="out"/></method>
 <method name="RestartUnit"><arg type="s" direction="in"/><arg type="s" direction="in"/>
  <arg type="o" direction="out"/></method>
 <method name="StopUnit"><arg type="s" direction="in"/><arg type="s" direction="in"/>
  <arg type="o" direction="out"/></method>
 <signal name="JobRemoved"><arg type="u"/><arg type="o"/><arg type="s"/><arg type="s"/></signal>
</interface>
<interface name="org.freedesktop.systemd1.Unit">
 <property name="LoadState" type="s" access="read"/><property name="ActiveState" type="s" access="read"/>
 <property name="SubState" type="s" access="read"/><property name="UnitFileState" type="s" access="read"/>
</interface>
<interface name="org.freedesktop.systemd1.Service">
 <property name="StatusText" type="s" access="read"/><property name="Result" type="s" access="read"/>
 <property name="NRestarts" type="u" access="read"/>
</interface>
</node>"""
UNIT = {"LoadState": "loaded", "ActiveState": "inactive", "SubState": "dead", "UnitFileState": "static",
        "StatusText": "", "Result": "success", "NRestarts": 0}


class Systemd(lab.Process):
    """It, in a machine of udev_lab; both ends are told to it."""

    def __init__(self, machine):
        self.machine = machine
        self.bus = lab.Bus()
        os.makedirs(machine.file("run/systemd/system"), exist_ok=True)
        machine.env["DBUS_SYSTEM_BUS_ADDRESS"] = self.bus.address
        super().__init__([lab.PYTHON, os.path.abspath(__file__), machine.path],
                         env=dict(self.bus.env, PYTHONDONTWRITEBYTECODE="1"))
        self.wait_log("ready")

    def __exit__(self, *exc):
        super().__exit__(*exc)
        self.bus.__exit__(*exc)

    def say(self, **answers):
        with open(self.machine.file("systemd.json.new"), "w") as f:
            json.dump(answers, f)
        os.rename(self.machine.file("systemd.json.new"), self.machine.file("systemd.json"))

    def calls(self):
        """What it was asked to do since the last time."""
        path = self.machine.file("systemd.log")
        if not os.path.exists(path):
            return []
        with open(path) as f:
            lines = f.read().splitlines()
        os.unlink(path)
        return lines


def main(folder):
    from gi.repository import Gio, GLib

    info = Gio.DBusNodeInfo.new_for_xml(XML)
    bus = Gio.DBusConnection.new_for_address_sync(
        os.environ["DBUS_SESSION_BUS_ADDRESS"], Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT |
        Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
    units, jobs, subscribed = {}, [], []

    def answers():
        try:
            with open(folder + "/systemd.json") as f:
                return json.load(f)
        except FileNotFoundError:
            return {}

    def object_of(unit):
        if unit not in units:
            units[unit] = "%s/unit/%s" % (PATH, unit.encode().hex())

            def get(connection, sender, path, interface, name):
                properties = dict(UNIT, **answers().get("properties", {}).get(unit, {}))
                if unit in answers().get("missing", []):
                    properties["LoadState"] = "not-found"
                return GLib.Variant("u" if name == "NRestarts" else "s", properties[name])

            for i in (1, 2):
                bus.register_object(units[unit], info.interfaces[i], None, get, None)
        return units[unit]

    def call(connection, sender, path, interface, method, args, invocation):
        args = args.unpack()
        if method == "Subscribe":
            subscribed.append(sender)
            invocation.return_value(None)
            return
        if method == "LoadUnit":
            invocation.return_value(GLib.Variant("(o)", (object_of(args[0]),)))
            return
        with open(folder + "/systemd.log", "a") as f:
            f.write("%s %s %s\n" % (method, *args))
        if args[0] in answers().get("missing", []):
            invocation.return_dbus_error(NAME + ".NoSuchUnit", "Unit %s not found." % args[0])
            return
        jobs.append(args[0])
        job = "%s/job/%d" % (PATH, len(jobs))
        # One that is another's comes first; ours may come before the answer, as with the real one.
        ends = [("%s/job/%d" % (PATH, 1000 + len(jobs)), "failed"), (job, answers().get("result", "done"))]
        for path, result in ends if sender in subscribed else []:
            bus.emit_signal(sender, PATH, NAME + ".Manager", "JobRemoved",
                            GLib.Variant("(uoss)", (len(jobs), path, args[0], result)))
        invocation.return_value(GLib.Variant("(o)", (job,)))

    bus.register_object(PATH, info.interfaces[0], call, None, None)
    reply = bus.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName",
                          GLib.Variant("(su)", (NAME, 4)), None, 0, -1, None)
    assert reply.unpack() == (1,)
    print("ready", flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main(sys.argv[1])
