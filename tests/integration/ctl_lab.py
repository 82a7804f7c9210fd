# SPDX-License-Identifier: GPL-2.0
"""What the tests of amshanctl share: the simulator's messages, a daemon that is fed with them, a terminal."""
import fcntl
import json
import os
import re
import select
import socket
import struct
import subprocess
import termios
import unittest

import lab

IDENTITY = ("meter_id", "meter_type", "list_version", "meter_time")

# The simulator's arguments for a stream that is the same each time, as fast as it can.
STREAM = ("--start", "2026-01-31T12:00:00Z", "--speed", "0", "--hourly-every", "2")


def sim(*args):
    """What the simulator writes, and its truth for each message."""
    with lab.Folder() as folder:
        truth = folder.file("truth")
        out = subprocess.run([lab.SIM, *STREAM, "--truth", truth, *args], stdout=subprocess.PIPE, check=True,
                             timeout=60).stdout
        with open(truth) as f:
            return out, [json.loads(line) for line in f]


def numbers(message):
    return {k: v for k, v in message.items() if k not in IDENTITY}


def messages(*args):
    """What a simulated meter sends, message by message: [(octets, truth)]."""
    lines, truth = sim("--to", "lines", *args)
    return list(zip((bytes.fromhex(line.decode()) for line in lines.split()), truth, strict=True))


class Line:
    """The far end of a TCP source: what a simulated meter sends, one message at a time."""

    def __init__(self, maker="aidon", number="7359992800000001", count=40):
        self.messages = messages("--maker", maker, "--id", number, "--count", str(count))
        self.server = socket.create_server(("127.0.0.1", 0))
        self.server.settimeout(20)
        self.peer = None
        self.uri = "tcp://127.0.0.1:%d" % self.server.getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.peer:
            self.peer.close()
        self.server.close()

    def accept(self):
        if self.peer:
            self.peer.close()
        self.peer, _ = self.server.accept()

    def send(self, number):
        """Send the next message of a list; gives its readings."""
        i = next(i for i, (_, truth) in enumerate(self.messages) if truth["list"] == number)
        octets, truth = self.messages.pop(i)
        self.peer.sendall(octets)
        return truth["readings"]


class WithDaemon(unittest.TestCase):
    """A daemon with sources that the test feeds, on a bus of its own."""
    maxDiff = None

    def setUp(self):
        self.folder = self.enterContext(lab.Folder())
        self.bus = self.enterContext(lab.Bus())
        self.line = self.enterContext(Line())
        self.bus.env["DBUS_SYSTEM_BUS_ADDRESS"] = "unix:path=/nonexistent"

    def start(self, conf=""):
        self.conf = 'source house { uri = "%s" }\n%s' % (self.line.uri, conf)
        self.daemon = self.enterContext(lab.Daemon(self.folder, self.conf, self.bus))
        self.line.accept()
        lab.wait_for(self.bus.managed, why=self.daemon.log)

    def ctl(self, *args, status=0):
        run = lab.ctl(self.bus, *args, check=False)
        self.assertEqual(run.returncode, status, run.stderr.decode())
        return run.stdout.decode(), run.stderr.decode()

    def json(self, *args, status=0):
        out, err = self.ctl(*args, "--json", status=status)
        self.assertEqual(err, "")
        return json.loads(out)

    def wait_messages(self, count):
        """Until the daemon has so many messages of the meter."""
        lab.wait_for(lambda: any(m.get("messages") == count for m in self.json("list")), why=self.daemon.log)


def whole_characters(data):
    """How many of these octets are whole characters: the last one may have been cut in two."""
    try:
        data.decode()
    except UnicodeDecodeError as e:
        if e.reason == "unexpected end of data":
            return e.start
    return len(data)


class Terminal:
    """A terminal of the ANSI kind, as far as monitor uses one, with a program on it."""
    TOKEN = re.compile(rb"\x1b\[(\??)([\d;]*)([A-Za-z])|\r|\n|[^\x1b\r\n]+")

    def __init__(self, argv, env, rows=24, columns=80):
        self.master, slave = os.openpty()
        self.before = termios.tcgetattr(slave)
        self.rows, self.columns = rows, columns
        self.raw, self.rest = b"", b""
        self.alternate = False
        self.cursor = True
        self.outside = None
        self.clear()
        self.resize(rows, columns)
        self.proc = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True,
                                     preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.slave = slave

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.proc.kill()
        self.proc.wait()
        os.close(self.master)
        os.close(self.slave)

    def clear(self):
        self.line, self.column = 0, 0
        self.screen = [""] * self.rows

    def resize(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.screen = (self.screen + [""] * rows)[:rows]
        self.line = min(self.line, rows - 1)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def put(self, text):
        old = self.screen[self.line].ljust(self.column)
        new = old[:self.column] + text + old[self.column + len(text):]
        if len(new) > self.columns:
            self.outside = "%r is wider than the window" % new
        self.screen[self.line] = new[:self.columns]
        self.column += len(text)

    def down(self):
        if self.line + 1 < self.rows:
            self.line += 1
        else:
            self.outside = "it scrolled"
            self.screen = self.screen[1:] + [""]

    def control(self, private, number, letter):
        if private and number == b"1049":
            self.alternate = letter == b"h"
        elif private and number == b"25":
            self.cursor = letter == b"h"
        elif letter == b"H":
            self.outside = None
            self.line, self.column = 0, 0
        elif letter == b"J" and number == b"2":
            self.screen = [""] * self.rows
        elif letter == b"J":
            self.screen[self.line] = self.screen[self.line][:self.column]
            self.screen[self.line + 1:] = [""] * (self.rows - self.line - 1)
        elif letter == b"K":
            self.screen[self.line] = self.screen[self.line][:self.column]
        elif letter != b"m":
            raise AssertionError("unknown sequence %r" % letter)

    def read(self, seconds):
        """Take what the program wrote within this time."""
        if not select.select([self.master], [], [], seconds)[0]:
            return
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return
        self.raw += data
        data = self.rest + data
        cut = data.rfind(b"\x1b")
        whole = len(data) if cut < 0 or self.TOKEN.match(data, cut) else cut
        whole = whole_characters(data[:whole])
        self.rest = data[whole:]
        for token in self.TOKEN.finditer(data[:whole]):
            if token[0] == b"\r":
                self.column = 0
            elif token[0] == b"\n":
                self.down()
            elif token[0].startswith(b"\x1b"):
                self.control(token[1], token[2], token[3])
            else:
                self.put(token[0].decode())

    def wait(self, what, seconds=10, step=0.05):
        """Until this is so, on a picture inside of the window.  One that was drawn before the
        program knew of a new size may be wider; the next one may not."""
        def look():
            self.read(step)
            return what() and not self.outside
        return lab.wait_for(look, seconds, step=0, why=lambda: "on the terminal (%s):\n%s" %
                            (self.outside, "\n".join(self.screen)))

    def shows(self, text):
        return any(text in line for line in self.screen)

    def row(self, word):
        """The words of the line that begins with this one, or None."""
        return next((line.split() for line in self.screen if line.startswith(word)), None)

    def key(self, octets):
        os.write(self.master, octets)

    def settings(self):
        return termios.tcgetattr(self.slave)
