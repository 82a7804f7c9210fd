# SPDX-License-Identifier: GPL-2.0
"""What the tests of the transports share: a daemon that is asked by the names of its sources, hostile peers."""
import contextlib
import os
import signal
import socket
import subprocess
import threading
import unittest

import lab

SOURCE = "org.amshan.Amshan1.Source"
METER = "org.amshan.Amshan1.Meter"

# How long a source waits that was told by nobody that its port or file is there.
RETRY_S = 5


def section(name, uri):
    return 'source "%s" {\n\turi = "%s"\n}\n' % (name, uri)


def capture(count=5, seed=1, to="stdout", maker="aidon", number="7359990000000001"):
    """Messages of a simulated meter: octets, or for to="lines" hex text."""
    return subprocess.run([lab.SIM, "--maker", maker, "--to", to, "--speed", "0", "--count", str(count),
                           "--seed", str(seed), "--id", number], stdout=subprocess.PIPE, check=True).stdout


def rss_kib(pid):
    with open("/proc/%d/status" % pid) as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))


def fds(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


class Peer:
    """A TCP server that does to each connection what serve(connection, number) does; number counts from 1."""

    def __init__(self, serve):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.serve = serve
        self.accepted = 0
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.done.set()
        self.server.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.server.close()

    def run(self):
        with contextlib.suppress(OSError):
            while not self.done.is_set():
                connection, _ = self.server.accept()
                self.accepted += 1
                with connection, contextlib.suppress(OSError):
                    connection.settimeout(0.1)
                    self.serve(connection, self.accepted)

    def until_done(self, connection):
        """Keep a connection, silent, for as long as the other end does."""
        while not self.done.is_set():
            with contextlib.suppress(TimeoutError):
                if not connection.recv(1):
                    return


class Daemon(lab.Daemon):
    """A daemon with its bus, asked by the names of its sources."""

    def __init__(self, folder, bus, *sections, **kw):
        self.folder = folder
        self.bus = bus
        super().__init__(folder, "".join(sections), bus, **kw)

    def source(self, name):
        """Properties of a source, {} if it is not there."""
        for interfaces in self.bus.managed().values():
            if interfaces.get(SOURCE, {}).get("Name") == name:
                return interfaces[SOURCE]
        return {}

    def meters(self):
        return sorted(i[METER]["Id"] for i in self.bus.managed().values() if METER in i)

    def count(self, name, counter):
        return self.source(name).get("Counters", {}).get(counter, 0)

    def wait_state(self, name, state, reason="", seconds=10.0):
        lab.wait_for(lambda: self.source(name).get("State") == state and reason in self.source(name)["Reason"],
                     seconds, why=lambda: "%s is not %s: %r\n%s" % (name, state, self.source(name), self.log()))

    def wait_count(self, name, counter, n, seconds=10.0):
        lab.wait_for(lambda: self.count(name, counter) >= n, seconds,
                     why=lambda: "%s has not %d %s: %r\n%s" % (name, n, counter, self.source(name), self.log()))

    def reload(self, *sections):
        done = self.log().count("reloaded")
        self.folder.write("amshand.conf", 'state-directory = "%s"\n%s' % (self.folder.file("state"), "".join(sections)))
        self.proc.send_signal(signal.SIGHUP)
        self.wait_log("reloaded", count=done + 1)


class StdinDaemon(Daemon):
    """A daemon whose file:- reads what is given."""

    def __init__(self, folder, bus, stdin):
        self.bus = bus
        conf = folder.write("amshand.conf", 'state-directory = "%s"\n%s' % (folder.file("state"),
                                                                            section("capture", "file:-")))
        lab.Process.__init__(self, [lab.AMSHAND, "--user", "-c", conf], env=bus.env, stdin=stdin)


class SourceTest(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(lab.Folder())
        self.bus = self.enterContext(lab.Bus())

    def daemon(self, *sections, **kw):
        return self.enterContext(Daemon(self.folder, self.bus, *sections, **kw))

    def sim(self, to, *args, speed=20, number="7359990000000001"):
        """A meter; it begins with the list that has its number, when somebody listens."""
        sim = self.enterContext(lab.Sim("--maker", "aidon", "--to", to, "--wait", "--speed", speed, "--id", number,
                                        *args))
        if to.startswith("pty:"):
            lab.wait_for(lambda: os.path.exists(to[4:]), why=sim.log)
        return sim
