# SPDX-License-Identifier: GPL-2.0
"""Meters for these tests: messages of the simulator, sent over TCP at the times that the test says."""
import datetime
import json
import os
import socket
import subprocess
import tempfile
import threading
import time

import lab

# Register lists come so long after the time that they are of, as those of the full hour do.
LATE = 10
PERIOD = 10


def seconds(iso):
    return datetime.datetime.fromisoformat(iso.replace("Z", "+00:00")).timestamp()


def messages(*args):
    """[(time in seconds, octets, truth)] of a run of the simulator."""
    with tempfile.NamedTemporaryFile("r") as truth:
        out = subprocess.run([lab.SIM, "--to", "lines", "--speed", "0", "--truth", truth.name, *map(str, args)],
                             stdout=subprocess.PIPE, check=True, text=True, timeout=60).stdout.split()
        rows = [json.loads(line) for line in truth]
    assert len(out) == len(rows)
    return [(seconds(row["time"]), bytes.fromhex(octets), row) for octets, row in zip(out, rows)]


def with_other_value(frame, before, after):
    """A frame in which an unsigned value of 32 bits is another one, with a good checksum."""
    old, new = b"\x06" + before.to_bytes(4, "big"), b"\x06" + after.to_bytes(4, "big")
    assert frame.count(old) == 1 and frame[0] == frame[-1] == 0x7e
    content = frame[1:-3].replace(old, new)
    return b"\x7e" + content + lab.crc(content) + b"\x7e"


def energy(rows, begin, end):
    """Wh between two times, by the power of the lists."""
    wh, last = 0.0, None
    for t, _, row in rows:
        power = row["readings"].get("active_power_import")
        if power is None:
            continue
        if last and last[0] < end and t > begin:
            a, b = max(last[0], begin), min(t, end)
            at = [last[1] + (power - last[1]) * (x - last[0]) / (t - last[0]) for x in (a, b)]
            wh += (at[0] + at[1]) / 2 * (b - a) / 3600
        last = t, power
    return wh


class Meter:
    """A server that sends rows at their times; now() is the time of day of the test."""

    def __init__(self, now):
        self.now = now
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.client = None
        self.on = True
        self.end = False
        self.queue = []
        self.lock = threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()
        threading.Thread(target=self.send, daemon=True).start()

    def uri(self):
        return "tcp://127.0.0.1:%d" % self.port

    def accept(self):
        while not self.end:
            try:
                self.client = self.server.accept()[0]
            except OSError:
                return

    def play(self, rows, shift=0):
        """Send these; lists with registers late."""
        def is_register(row):
            return any("energy" in name for name in row["readings"])

        timed = [(t + shift + (LATE if is_register(row) else 0), octets) for t, octets, row in rows]
        with self.lock:
            self.queue = sorted(self.queue + timed)

    def silence(self):
        """The meter is cut off: its connection too."""
        self.on = False
        if self.client:
            self.client.shutdown(socket.SHUT_RDWR)
            self.client.close()
        self.client = None

    def send(self):
        while not self.end:
            with self.lock:
                due = [octets for t, octets in self.queue if t <= self.now()]
                self.queue = self.queue[len(due):]
            for octets in due:
                if not self.on or not self.client:
                    continue
                try:
                    self.client.sendall(octets)
                except OSError:
                    self.client = None
            time.sleep(0.05)

    def close(self):
        self.end = True
        self.silence()
        self.server.close()


def build_shift(folder):
    """The library that shifts the time of day, for both sides."""
    path = os.path.join(folder, "shift.so")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "shift.c")
    subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", path, source], check=True)
    return path
