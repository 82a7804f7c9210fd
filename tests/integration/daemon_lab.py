# SPDX-License-Identifier: GPL-2.0
"""For the tests of the daemon as a whole: lines that say what they are told, and a look at the bus."""
import re
import select
import socket
import subprocess
import threading

import lab

POWER = "org.amshan.Amshan1.Power"
PHASES = "org.amshan.Amshan1.Phases"
METER = "org.amshan.Amshan1.Meter"
SOURCE = "org.amshan.Amshan1.Source"


def frames(maker, count, *args):
    """So many messages of a meter, as octets, one each."""
    out = subprocess.run([lab.SIM, "--maker", maker, "--to", "lines", "--speed", "0", "--count", str(count),
                          "--seed", "1", "--start", "2026-03-01T12:00:00", *args],
                         stdout=subprocess.PIPE, check=True)
    return [bytes.fromhex(line.decode()) for line in out.stdout.split()]


def by_length(maker, *args):
    """One frame of each list, shortest (list 1) first."""
    some = {}
    for frame in frames(maker, 40, "--hourly-every", "2", *args):
        some.setdefault(len(frame), frame)
    return [some[n] for n in sorted(some)]


class Line:
    """A ser2net in small: a TCP port that sends what it is told to whoever is connected."""

    def __init__(self, port=0):
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        self.clients = []
        self.accepted = 0
        self.ended = False
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while not self.ended:
            ready, _, _ = select.select([self.listener], [], [], 0.05)
            if ready:
                try:
                    client, _ = self.listener.accept()
                except OSError:
                    return
                self.clients.append(client)
                self.accepted += 1

    def wait_client(self, count=1):
        lab.wait_for(lambda: self.accepted >= count, 10, why="nobody connected")
        return self

    def send(self, octets):
        for client in self.clients:
            client.sendall(octets)

    def hang_up(self):
        for client in self.clients:
            client.close()
        self.clients = []

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.ended = True
        self.thread.join()
        self.listener.close()
        self.hang_up()

    def uri(self):
        return "tcp://127.0.0.1:%d" % self.port


def source(name, uri, extra=""):
    return 'source "%s" { uri = "%s" %s }\n' % (name, uri, extra)


def switches(pid):
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", f.read(), re.M).group(1))


class View:
    """What a desktop sees."""

    def __init__(self, bus):
        self.bus = bus

    def objects(self, interface):
        return [o[interface] | {"all": o} for o in self.bus.managed().values() if interface in o]

    def meters(self):
        return {m["Id"]: m for m in self.objects(METER)}

    def sources(self):
        return {s["Name"]: s for s in self.objects(SOURCE)}

    def meter(self, ident, seconds=10):
        return lab.wait_for(lambda: self.meters().get(ident), seconds, why="no meter %s" % ident)

    def power(self, ident):
        m = self.meters().get(ident)
        return m["all"].get(POWER, {}).get("ActivePowerImport") if m else None

    def wait_source(self, name, key, value, seconds=10):
        lab.wait_for(lambda: self.sources().get(name, {}).get(key) == value, seconds, 0.1,
                     why=lambda: "%s.%s is not %r: %s" % (name, key, value, self.sources().get(name)))


def ids(some):
    """Numbers that the simulator's meters have: found in the frames themselves."""
    return [re.search(rb"\d{16}", frame).group().decode() for frame in some if re.search(rb"\d{16}", frame)]
