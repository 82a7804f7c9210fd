# SPDX-License-Identifier: GPL-2.0
"""What the MQTT tests share: a daemon with one simulated meter, and a broker that does as it is told.

FakeBroker speaks just enough of MQTT 3.1.1 to be connected to; the real mosquitto is lab.Broker.
"""
import json
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import unittest

import lab

ID = "7359992890941742"
DAEMON = "amshan/availability"
METER = "amshan/%s/availability" % ID
POWER = "amshan/%s/power" % ID
ENERGY = "amshan/%s/energy" % ID
DERIVED = "amshan/%s/derived" % ID
PROBLEM = "amshan/%s/problem" % ID
DISCOVERY = "homeassistant/device/amshan_%s/config" % ID
DISCOVERY_DAEMON = "homeassistant/device/amshan_daemon_amshan/config"

# What the log says of a broker that cannot be reached: once, and for debugging again and again.
FAILED = "mqtt: no connection, trying again: "
AGAIN = "mqtt: again no connection: "

SANITIZED = "SANITIZED" in os.environ
MAY_READ_KEYS = "user root\n" if os.geteuid() == 0 else ""


def mqtt_conf(port, more="", host="localhost"):
    return 'mqtt {\n  host = "%s"\n  port = %d\n  %s\n}\n' % (host, port, more)


def source_conf(uri, name="house"):
    return 'source %s {\n  uri = "%s"\n}\n' % (name, uri)


def sim_lines(*args):
    """Messages of the simulator as hex text, and what is in them."""
    with lab.Folder() as folder:
        truth = folder.file("truth")
        out = subprocess.run([lab.SIM, "--to", "lines", "--speed", "0", "--id", ID, "--truth", truth, *args],
                             stdout=subprocess.PIPE, text=True, check=True, timeout=30)
        with open(truth) as f:
            return out.stdout.split(), [json.loads(line) for line in f]


def pub(port, topic, payload, *args):
    subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(port), "-t", topic, "-s" if payload else "-n", *args],
                   input=payload, check=True, timeout=10)


def status(process, name):
    """A number from /proc/PID/status."""
    with open("/proc/%d/status" % process.proc.pid) as f:
        return int(re.search(r"^%s:\s*(\d+)" % name, f.read(), re.M).group(1))


def cpu_ticks(process):
    """Hundredths of a second of processor time."""
    with open("/proc/%d/stat" % process.proc.pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


class MqttTest(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(lab.Folder())

    def sim(self, *args):
        """A meter on a TCP port that begins when it is connected to; gives its source's section."""
        port = lab.free_port()
        sim = self.enterContext(lab.Sim("--to", "tcp:%d" % port, "--id", ID, "--wait", *args))
        sim.wait_log("port")
        return source_conf("tcp://127.0.0.1:%d" % port)

    def daemon(self, conf, **kw):
        return self.enterContext(lab.Daemon(self.folder, conf, args=("--log-level", "debug"), **kw))

    def reload(self, daemon, conf):
        self.folder.write("amshand.conf", 'state-directory = "%s"\n%s' % (self.folder.file("state"), conf))
        daemon.proc.send_signal(signal.SIGHUP)

    def broker(self, **kw):
        return self.enterContext(lab.Broker(**kw))

    def subscriber(self, broker, topic="#", args=()):
        return self.enterContext(lab.Subscriber(broker.port, topic, args))

    def wait_topic(self, subscriber, topic, payload=None, daemon=None):
        """Wait until a topic has a payload (or any); gives it."""
        def got():
            last = subscriber.last(topic)
            return last if payload is None or last == payload else None
        return lab.wait_for(got, why=lambda: "%s is %r\n%s" % (topic, subscriber.last(topic),
                                                               daemon.log() if daemon else ""))


class FakeBroker:
    """Accepts one client at a time.  With reading = False it leaves what comes in the socket; with
    answering = False it confirms nothing."""

    def __init__(self, connack=b"\x20\x02\x00\x00"):
        self.connack = connack
        self.reading = threading.Event()
        self.reading.set()
        self.answering = True
        self.granted = 0            # for each subscription; 0x80: refused
        self.published = []         # (topic, retained, payload)
        self.connects = 0

    def __enter__(self):
        self.server = socket.socket()
        # Little room on the way, so that it is full soon.
        self.server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.server.bind(("127.0.0.1", 0))
        self.server.listen()
        self.port = self.server.getsockname()[1]
        self.peer = None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.reading.set()
        for s in (self.server, self.peer):
            if s:
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                s.close()
        self.thread.join(10)

    def run(self):
        while True:
            try:
                self.peer, _ = self.server.accept()
                with self.peer:
                    self.serve()
            except OSError:
                if self.server.fileno() < 0:
                    return

    def octets(self, n):
        data = b""
        while len(data) < n:
            self.reading.wait()
            got = self.peer.recv(n - len(data))
            if not got:
                raise ConnectionError
            data += got
        return data

    def packet(self):
        kind, n, shift = self.octets(1)[0], 0, 0
        while True:
            octet = self.octets(1)[0]
            n |= (octet & 127) << shift
            shift += 7
            if not octet & 128:
                return kind, self.octets(n)

    def serve(self):
        while True:
            kind, body = self.packet()
            if kind >> 4 == 1:
                self.connects += 1
                if self.connack:
                    self.peer.sendall(self.connack)
            elif kind >> 4 == 3:
                self.publish(kind, body)
            elif kind >> 4 == 8 and self.answering:
                self.peer.sendall(b"\x90\x03" + body[:2] + bytes([self.granted]))
            elif kind >> 4 == 12 and self.answering:
                self.peer.sendall(b"\xd0\x00")

    def publish(self, kind, body):
        n, = struct.unpack(">H", body[:2])
        topic, rest = body[2:2 + n].decode(), body[2 + n:]
        if kind & 6:
            if self.answering:
                self.peer.sendall(b"\x40\x02" + rest[:2])
            rest = rest[2:]
        self.published.append((topic, bool(kind & 1), rest.decode()))

    def topics(self):
        return [topic for topic, _, _ in self.published]
