# SPDX-License-Identifier: GPL-2.0
"""amshand and the bus itself: one that comes and goes, that is slow, whose rules say who may what; leaks."""
import os
import signal
import socket
import time
import unittest

import lab
from dbus_lab import (LOG, LOG_PATH, METER, OBJECTS, PROPERTIES, SOURCE, DBusTest, Line, Monitor, busctl, get,
                      source_conf)
from dbus_xml import NAME, PATH


def is_sanitized():
    with open(lab.AMSHAND, "rb") as f:
        return b"__asan_init" in f.read()


SANITIZED = is_sanitized()


class Bus(DBusTest):
    def test_restarted_bus(self):
        bus, daemon = self.fed(2)
        before = bus.managed()[METER]
        bus.kill()
        daemon.wait_log("the connection to the session bus ended")
        # Without a bus it goes on.
        self.line.send(self.messages.of_list(3))
        bus.start_again()
        lab.wait_for(lambda: NAME + ".Energy" in bus.managed().get(METER, {}), why=daemon.log)
        after = bus.managed()[METER]
        self.assertEqual(set(after) - set(before), {NAME + ".Energy", NAME + ".Clock"})
        self.assertEqual(after[NAME + ".Meter"]["Messages"], 2)
        for interface, values in self.messages.of_list(3).interfaces.items():
            self.assertLessEqual(values.items(), after[interface].items())
        daemon.wait_log("the session bus is there")
        self.assertEqual(daemon.log().count("session bus"), 2, daemon.log())
        monitor = self.enterContext(Monitor(bus))
        self.send(bus, daemon, self.messages.of_list(1))
        lab.wait_for(lambda: monitor.changes(METER), why=daemon.log)

    def test_no_bus_at_first(self):
        bus = self.bus()
        bus.kill()
        daemon = self.daemon(bus)
        daemon.wait_log("no session bus: No such file or directory; trying again")
        self.line.accept()
        self.line.send(self.messages.of_list(2))
        bus.start_again()
        lab.wait_for(lambda: NAME + ".Power" in bus.managed().get(METER, {}), why=daemon.log)
        self.assertEqual(daemon.log().count("no session bus"), 1)

    def test_bus_that_hangs_up(self):
        """Whatever listens at the address: said once, no busy loop, no crash."""
        with lab.Folder() as folder:
            path = folder.file("bus")
            with socket.socket(socket.AF_UNIX) as server:
                server.bind(path)
                server.listen()
                server.settimeout(10)
                daemon = self.daemon(None, env={"DBUS_SESSION_BUS_ADDRESS": "unix:path=" + path})
                begin = time.monotonic()
                for _ in range(3):
                    server.accept()[0].close()
                self.assertGreater(time.monotonic() - begin, 2)
                # At which step it notices is chance.
                said = [line for line in daemon.log().splitlines() if "session bus" in line]
                self.assertEqual(len(said), 1, said)
                self.assertRegex(said[0], "^(no session bus: .*|the connection to the session bus ended); trying")
                self.assertIsNone(daemon.proc.poll())

    def test_name_taken(self):
        bus, _ = self.fed(2)
        with lab.Folder() as folder, Line() as line:
            second = self.enterContext(lab.Daemon(folder, source_conf(line), bus))
            second.wait_log("the name %s is taken on the session bus" % NAME)
            line.accept()
            line.send(self.messages.of_list(2))
            self.assertEqual(get(bus, SOURCE, NAME + ".Source", "Uri"), self.line.uri())

    def test_name_free_again(self):
        bus = self.bus()
        first = self.daemon(bus)
        self.line.accept()
        lab.wait_for(lambda: SOURCE in bus.managed(), why=first.log)
        with lab.Folder() as folder, Line() as line, \
                lab.Daemon(folder, source_conf(line, name="other"), bus) as second:
            second.wait_log("taken")
            first.stop()
            lab.wait_for(lambda: PATH + "/source/other" in bus.managed(), why=second.log)
            self.assertEqual(second.log().count("taken"), 1)

    def test_stalled_bus(self):
        """A bus that does not read costs a bounded amount of memory, then its connection."""
        bus, daemon = self.fed(2)

        def resident():
            with open("/proc/%d/statm" % daemon.proc.pid) as f:
                return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

        before = resident()
        bus.proc.send_signal(signal.SIGSTOP)
        try:
            message = self.messages.of_list(2)
            self.line.peer.settimeout(60)
            for _ in range(300):
                if "does not take what is sent to it" in daemon.log():
                    break
                self.line.peer.sendall(message.octets * 100)
            daemon.wait_log("the session bus does not take what is sent to it", 30)
            if not SANITIZED:  # a sanitizer keeps what was freed
                self.assertLess(resident() - before, 48 << 20)
        finally:
            bus.proc.send_signal(signal.SIGCONT)
        lab.wait_for(lambda: METER in bus.managed(), 30, why=daemon.log)


class SystemBus(lab.Process):
    """A private bus with the rules of the system bus and the policy that is installed with amshand.

    The accounts of the policy do not exist here: root stands for the user, "nogroup" for the group.
    """

    def __init__(self, folder):
        os.chmod(folder.path, 0o755)
        with open(os.path.join(lab.TOP, "daemon", "data", NAME + ".conf")) as f:
            policy = f.read().replace('user="amshan"', 'user="root"').replace('group="amshan"', 'group="nogroup"')
        folder.write("policy.conf", policy)
        self.address = "unix:path=" + folder.file("system")
        conf = folder.write("system.conf", """<busconfig>
            <type>system</type> <listen>%s</listen> <auth>EXTERNAL</auth>
            <policy context="default">
                <allow user="*"/> <deny own="*"/> <deny send_type="method_call"/> <allow send_type="signal"/>
                <allow send_requested_reply="true" send_type="method_return"/>
                <allow send_requested_reply="true" send_type="error"/>
                <allow receive_type="method_call"/> <allow receive_type="method_return"/>
                <allow receive_type="error"/> <allow receive_type="signal"/>
                <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
            </policy>
            <include>policy.conf</include>
            </busconfig>""" % self.address)
        super().__init__(["dbus-daemon", "--config-file=" + conf, "--nofork", "--nopidfile", "--nosyslog"])
        self.env = {"DBUS_SYSTEM_BUS_ADDRESS": self.address}
        lab.wait_for(lambda: os.path.exists(folder.file("system")), why=self.log)

    managed = lab.Bus.managed


MEMBER = ("setpriv", "--reuid=65534", "--regid=65534", "--groups=65534")
STRANGER = ("setpriv", "--reuid=65534", "--regid=1", "--clear-groups")


@unittest.skipUnless(os.geteuid() == 0, "only root can become others")
class Policy(DBusTest):
    def setUp(self):
        super().setUp()
        self.system = self.enterContext(SystemBus(self.folder))
        conf = self.folder.write("amshand.conf", 'state-directory = "%s"\n%s' % (self.folder.file("state"),
                                                                                 source_conf(self.line)))
        self.amshand = self.enterContext(lab.Process([lab.AMSHAND, "-c", conf], env=self.system.env))
        lab.wait_for(lambda: SOURCE in self.system.managed(), why=self.amshand.log)
        self.line.accept()

    def call(self, prefix, *args):
        return busctl(self.system, "call", NAME, *args, prefix=prefix)

    def test_who_may_read(self):
        for prefix, allowed in (((), True), (MEMBER, True), (STRANGER, False)):
            out = self.call(prefix, PATH, OBJECTS, "GetManagedObjects")
            self.assertEqual(out.returncode == 0, allowed, out.stderr)
            if not allowed:
                self.assertIn("denied", out.stderr)

    def test_who_may_manage(self):
        for prefix, allowed in (((), True), (MEMBER, False), (STRANGER, False)):
            with self.subTest(prefix=prefix):
                out = self.call(prefix, PATH, NAME + ".Manager", "Reload")
                self.assertEqual(out.returncode == 0, allowed, out.stderr)
                out = self.call(prefix, PATH, NAME + ".Manager", "Forget", "s", "1234")
                self.assertEqual("There is no meter 1234" in out.stderr, allowed, out.stderr)
                out = self.call(prefix, PATH, NAME + ".Manager", "ForgetCounter", "s", "KAM4E4C5FA3A1")
                self.assertEqual("No frame counter is known" in out.stderr, allowed, out.stderr)
                out = busctl(self.system, "set-property", NAME, LOG_PATH, LOG, "LogLevel", "s", "debug",
                             prefix=prefix)
                self.assertEqual(out.returncode == 0, allowed, out.stderr)

    def test_who_hears_signals(self):
        match = ("gdbus", "monitor", "--address", self.system.address, "--dest", NAME)
        with lab.Process([*MEMBER, *match]) as member, lab.Process([*STRANGER, *match]) as stranger:
            for process in (member, stranger):
                process.wait_log("The name %s is owned by" % NAME)
            self.line.send(self.messages.of_list(2))
            member.wait_log(NAME + ".Power")
            # The end of the name is for everybody, and comes behind whatever else there was to hear.
            self.amshand.stop()
            stranger.wait_log("The name %s does not have an owner" % NAME)
            self.assertNotIn("Power", stranger.log())
            self.assertNotIn("InterfacesAdded", stranger.log())

    def test_who_may_own(self):
        for prefix in (MEMBER, STRANGER):
            out = busctl(self.system, "call", "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                         "RequestName", "su", NAME, "0", prefix=prefix)
            self.assertIn("Access denied", out.stderr)

    def test_policy_that_is_not_installed(self):
        with lab.Folder() as folder:
            os.chmod(folder.path, 0o755)
            with open(self.folder.file("policy.conf"), "w") as f:
                f.write("<busconfig/>")
            self.system.proc.send_signal(signal.SIGHUP)
            conf = folder.write("amshand.conf", 'state-directory = "%s"\n' % folder.file("state"))
            with lab.Process([lab.AMSHAND, "-c", conf], env=self.system.env) as other:
                other.wait_log("is %s.conf installed?" % NAME)
                self.assertIsNone(other.proc.poll())


@unittest.skipIf(SANITIZED, "valgrind cannot run what is built with a sanitizer")
class Leaks(DBusTest):
    def test_hundreds_of_calls(self):
        """Right and wrong calls, meters and buses that come and go: valgrind finds nothing."""
        bus = self.bus()
        conf = self.folder.write("amshand.conf", 'state-directory = "%s"\n%s' % (self.folder.file("state"),
                                                                                 source_conf(self.line)))
        daemon = self.enterContext(lab.Process(
            ["valgrind", "-q", "--leak-check=full", "--error-exitcode=9", lab.AMSHAND, "--user", "-c", conf],
            env=bus.env))
        self.line.accept()
        lab.wait_for(lambda: SOURCE in bus.managed(), 30, why=daemon.log)
        for message in self.messages.all:
            self.line.send(message)
        lab.wait_for(lambda: NAME + ".Clock" in bus.managed().get(METER, {}), why=daemon.log)
        calls = (
            ("get-property", NAME, METER, NAME + ".Power", "ActivePowerImport", "Received", "PowerFactor"),
            ("get-property", NAME, SOURCE, NAME + ".Source", "Counters", "HealthText", "LastOctet", "Meter"),
            ("get-property", NAME, METER, NAME + ".Power", "Nothing"),
            ("get-property", NAME, METER + "9", NAME + ".Power", "Received"),
            ("call", NAME, PATH, OBJECTS, "GetManagedObjects"),
            ("call", NAME, PATH, OBJECTS, "Nothing"),
            ("call", NAME, METER, PROPERTIES, "GetAll", "s", NAME + ".Energy"),
            ("call", NAME, METER, PROPERTIES, "GetAll", "s", "org.none"),
            ("set-property", NAME, METER, NAME + ".Meter", "Id", "s", "x"),
            ("set-property", NAME, LOG_PATH, LOG, "LogLevel", "s", "loud"),
            ("introspect", NAME, METER), ("introspect", NAME, PATH + "/meter"), ("tree", NAME),
            ("call", NAME, PATH, NAME + ".Manager", "Reload"),
            ("call", NAME, PATH, NAME + ".Manager", "Forget", "s", "1234"),
            ("call", NAME, PATH, NAME + ".Manager", "ForgetCounter", "s", "KAM4E4C5FA3A1"),
        )
        for _ in range(12):
            for args in calls:
                busctl(bus, *args)
        bus.kill()
        daemon.wait_log("the connection to the session bus ended")
        bus.start_again()
        lab.wait_for(lambda: METER in bus.managed(), 30, why=daemon.log)
        self.assertEqual(daemon.stop(seconds=30), 0, daemon.log())


if __name__ == "__main__":
    unittest.main()
