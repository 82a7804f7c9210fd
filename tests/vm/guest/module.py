# SPDX-License-Identifier: GPL-2.0
"""The module at work: attached ttys, readers of their devices, and the kernel's own words.

Everything is a context manager that leaves nothing attached, open or running.  Nothing here sleeps for
a guessed time: it waits for a counter or a state, up to a limit that AMSHAN_SLOW multiplies.
"""
import collections
import contextlib
import ctypes
import errno
import fcntl
import glob
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import traceback
import tty
import unittest

import netlink

SLOW = float(os.environ.get("AMSHAN_SLOW", "1"))
N_TTY = 0
PORTS_MAX = 16
CLASS = "/sys/class/amshan"
HEADER = struct.Struct("=HHIQQQQ")
SEGMENTED = 1
RECORD_MAX = HEADER.size + 2047
TTY_BUFFER = 65536
NOBODY = 65534

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.read.restype = ctypes.c_ssize_t
LIBC.read.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t)

Record = collections.namedtuple("Record", "header_len frame_len flags seq mono_ns real_ns lost frame")


def wait_for(what, why, seconds=20.0):
    """Call what() until it gives something true, return that; why: text or function for the failure."""
    end = time.monotonic() + seconds * SLOW
    pause = 0.0005
    while True:
        got = what()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError("not within %g s: %s" % (seconds * SLOW, why() if callable(why) else why))
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


# ---- the module ----

def loaded():
    return os.path.isdir("/sys/module/amshan")


def modprobe(*args):
    """Gives the completed process; it may have failed."""
    return subprocess.run(["modprobe", *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def load(*args):
    client_forget()
    done = modprobe("amshan", *args)
    if done.returncode or not loaded():
        raise AssertionError("modprobe amshan: %s" % done.stdout.decode(errors="replace"))


def unload():
    """Remove the module; raises OSError as the kernel refuses it."""
    if LIBC.delete_module(b"amshan", os.O_NONBLOCK):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def unload_waiting():
    """Remove it as soon as what was closed a moment ago is really gone."""
    def gone():
        with contextlib.suppress(OSError):
            unload()
        return not loaded()
    wait_for(gone, "module cannot be removed")


def disciplines():
    """/proc/tty/ldiscs as {name: number}."""
    with open("/proc/tty/ldiscs") as f:
        return {name: int(number) for name, number in (line.split() for line in f)}


def number():
    """The number of the line discipline, as the kernel tells it."""
    return disciplines()["amshan"]


def discipline_of(fd):
    return struct.unpack("i", fcntl.ioctl(fd, termios.TIOCGETD, struct.pack("i", -1)))[0]


def set_discipline(fd, ldisc):
    fcntl.ioctl(fd, termios.TIOCSETD, struct.pack("i", ldisc))


def speed_of(fd):
    """Baud rate of a tty, whatever it is: TCGETS2."""
    return struct.unpack("=4IB19sII", fcntl.ioctl(fd, 0x802C542A, bytes(44)))[-1]


def ports_in_sysfs():
    with contextlib.suppress(FileNotFoundError):
        return sorted(os.listdir(CLASS))
    return []


def attribute(index, name):
    """A file of a port in sysfs; without its newline, which must be there."""
    folder = "statistics/" if name in netlink.COUNTERS else ""
    with open("%s/amshan%d/%s%s" % (CLASS, index, folder, name)) as f:
        text = f.read()
    if not text.endswith("\n") or text.count("\n") != 1:
        raise AssertionError("%s is not one value: %r" % (name, text))
    return text[:-1]


_client = None


def client():
    """One netlink client for all; made anew when the module was loaded again."""
    global _client
    if _client is None:
        _client = netlink.Client(seconds=20 * SLOW)
    return _client


def client_forget():
    global _client
    if _client is not None:
        _client.socket.close()
    _client = None


# ---- a tty with the discipline ----

class Port:
    """A pseudo terminal, raw, with the discipline set (attach=False: not yet); self.path is its device."""

    def __init__(self, attach=True):
        self.master, self.slave = pty.openpty()
        self.sent = 0
        self.index = None
        try:
            self.tty = os.ttyname(self.slave)
            tty.setraw(self.slave, termios.TCSANOW)
            os.set_blocking(self.master, False)
            if attach:
                self.attach()
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.hang_up()
        if self.slave is not None:
            os.close(self.slave)
            self.slave = None

    def attach(self):
        set_discipline(self.slave, number())
        self.sent = 0
        name = self.tty[len("/dev/"):]
        found = [port for port in client().ports().values() if port.tty == name]
        if len(found) != 1:
            raise AssertionError("%d ports of %s over netlink" % (len(found), name))
        self.index = found[0].index
        self.path = "/dev/amshan%d" % self.index

    def detach(self):
        set_discipline(self.slave, N_TTY)
        self.index = None

    def hang_up(self):
        """What pulling the plug is to a tty."""
        if self.master is not None:
            os.close(self.master)
            self.master = None

    def counters(self):
        return client().port_get(self.index).counters

    def send(self, octets, then=None, piece=4096):
        """Hand octets to the line, no faster than its buffer takes them; then() is called after each piece."""
        view = memoryview(octets)
        end = time.monotonic() + 60 * SLOW
        while view:
            try:
                n = os.write(self.master, view[:piece])
            except BlockingIOError:
                n = 0
                select.select([], [self.master], [], 0.002)
            self.sent += n
            view = view[n:]
            if then:
                then()
            if time.monotonic() > end:
                raise AssertionError("%d octets are still not taken by the tty" % len(view))

    def settle(self):
        """Wait until the module has had all that was sent; gives its counters."""
        return wait_for(self.settled, lambda: "%d octets sent, but %r" % (self.sent, self.counters()))

    def settled(self):
        counters = self.counters()
        if counters["rx_octets"] > self.sent:
            raise AssertionError("%d octets sent, but %r" % (self.sent, counters))
        return counters if counters["rx_octets"] == self.sent else None

    def feed(self, octets, **kw):
        self.send(octets, **kw)
        return self.settle()

    def reader(self, flags=0):
        return Reader(self.path, flags)


# ---- a reader of its device ----

def parse(data):
    """One record as read() gave it; whatever is wrong with its shape is a failure."""
    if len(data) < HEADER.size:
        raise AssertionError("record of %d octets" % len(data))
    record = Record(*HEADER.unpack_from(data), data[HEADER.size:])
    if record.header_len != HEADER.size or record.frame_len != len(record.frame) or record.flags & ~SEGMENTED:
        raise AssertionError("header %r with %d octets behind it" % (record[:-1], len(record.frame)))
    return record


class Reader:
    """An open device."""

    def __init__(self, path, flags=0):
        self.fd = os.open(path, os.O_RDONLY | flags)
        self.records = []

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None

    def events(self, seconds=0.0):
        """What poll() says, after at most so many seconds."""
        p = select.poll()
        p.register(self.fd, select.POLLIN)
        return (p.poll(seconds * 1000 * SLOW) or [(self.fd, 0)])[0][1]

    def read(self, seconds=20.0):
        """The next record within so many seconds; None at the end."""
        if not self.events(seconds):
            raise AssertionError("no record within %g s" % (seconds * SLOW))
        data = os.read(self.fd, RECORD_MAX)
        return parse(data) if data else None

    def read_now(self):
        """All records that are there."""
        found = []
        while self.events() & select.POLLIN:
            data = os.read(self.fd, RECORD_MAX)
            if not data:
                break
            found.append(parse(data))
        return found

    def collect(self):
        self.records += self.read_now()

    def read_count(self, count):
        found = []
        while len(found) < count:
            record = self.read()
            if record is None:
                raise AssertionError("the end after %d of %d records" % (len(found), count))
            found.append(record)
        return found


def raw_read(fd, address, size):
    """read() as it is: any address, any size; gives the errno as a negative number."""
    n = LIBC.read(fd, address, size)
    return -ctypes.get_errno() if n < 0 else n


# ---- other processes ----

class Child:
    """A forked process that runs function(stop), stop() being true when it is to end; its result is JSON."""

    def __init__(self, function, uid=0):
        self.stop_in, self.stop_out = os.pipe()
        self.result_in, self.result_out = os.pipe()
        self.ended = False
        self.pid = os.fork()
        if self.pid == 0:
            self.run(function, uid)
        os.close(self.stop_in)
        os.close(self.result_out)

    def run(self, function, uid):
        status = 1
        try:
            os.close(self.stop_out)
            client_forget()     # its socket is the parent's
            if uid:
                os.setgroups([])
                os.setgid(uid)
                os.setuid(uid)
            try:
                answer = {"result": function(lambda: bool(select.select([self.stop_in], [], [], 0)[0]))}
            except OSError as e:
                answer = {"errno": e.errno, "text": str(e)}
            except BaseException:
                answer = {"failure": traceback.format_exc()}
            os.write(self.result_out, json.dumps(answer).encode())
            status = 0
        finally:
            os._exit(status)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if not self.ended:
            self.kill()

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        self.wait()

    def wait(self):
        """Gives its exit status, None if it does not end; what it held is closed then."""
        end = time.monotonic() + 30 * SLOW
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.ended = True
                for fd in (self.stop_out, self.result_in):
                    with contextlib.suppress(OSError):
                        os.close(fd)
                return status
            time.sleep(0.002)
        raise AssertionError("process %d does not end" % self.pid)

    def result(self, stop=True):
        """Its result; raises the OSError it had."""
        if stop:
            with contextlib.suppress(BrokenPipeError):      # it has ended by itself
                os.write(self.stop_out, b".")
        if not select.select([self.result_in], [], [], 60 * SLOW)[0]:
            raise AssertionError("process %d gives no result" % self.pid)
        data = b""
        while more := os.read(self.result_in, 65536):
            data += more
        status = self.wait()
        if not data:
            raise AssertionError("process %d ended with status %#x" % (self.pid, status))
        answer = json.loads(data.decode())
        if "failure" in answer:
            raise AssertionError(answer["failure"])
        if "errno" in answer:
            raise OSError(answer["errno"], answer["text"])
        return answer["result"]


def as_nobody(function):
    """The result of function() in a process without any rights; raises the OSError it had."""
    with Child(lambda stop: function(), NOBODY) as child:
        return child.result(stop=False)


# ---- what the kernel says ----

# What must not stand in the log, whoever caused it.
FAULTS = re.compile(r"WARNING: |BUG: |\bOops\b|Call Trace|possible (recursive|circular|irq)|inconsistent lock|"
                    r"KASAN: |UBSAN: |KMSAN: |KCSAN: |general protection|unable to handle|use-after-free|"
                    r"blocked for more than|soft lockup|LOCKUP|rcu.*stall|scheduling while atomic|"
                    r"sleeping function called|DEBUG_LOCKS_WARN_ON|ODEBUG: |refcount_t|list_(add|del) corruption|"
                    r"bad unlock|held lock freed|locks still held|suspicious RCU|kobject.*tried to init|"
                    r"new suspected memory leaks|cannot create duplicate filename|kernel panic|Kernel panic")


class KernelLog:
    """/dev/kmsg from now on, or all of it."""

    def __init__(self, from_now=True):
        self.fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        if from_now:
            os.lseek(self.fd, 0, os.SEEK_END)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        os.close(self.fd)

    def lines(self):
        """What was said since the last call."""
        found = []
        while True:
            try:
                entry = os.read(self.fd, 8192).decode(errors="replace")
            except BlockingIOError:
                return found
            except OSError as e:
                if e.errno != errno.EPIPE:      # overwritten: the next read goes on
                    raise
                continue
            found.append(entry.split(";", 1)[1].split("\n", 1)[0].replace("\\x0a", " "))

    def wait(self, *words):
        """The first line from now on that has all these words in it."""
        seen = []

        def there():
            seen.extend(self.lines())
            return next((line for line in seen if all(word in line for word in words)), None)
        return wait_for(there, lambda: "%r in the kernel log: %r" % (words, seen), 5)


def faults_in(lines):
    """Lines that are no part of a healthy kernel's log, with what follows the first of them."""
    for number, line in enumerate(lines):
        if FAULTS.search(line):
            return lines[number:number + 60]
    return []


def mount(kind, path):
    """Mount a file system of the kernel, without the program mount."""
    if LIBC.mount(kind.encode(), path.encode(), kind.encode(), 0, None):
        raise OSError(ctypes.get_errno(), "mount %s" % path)


def meminfo_kib(*names):
    """Lines of /proc/meminfo, added."""
    with open("/proc/meminfo") as f:
        values = dict(line.split(":", 1) for line in f)
    return sum(int(values[name].split()[0]) for name in names)


def kernel_memory_kib():
    """The kernel's own memory, when all that can be freed is freed: asked until it stays the same."""
    last, same = None, 0
    for _ in range(20):
        with open("/proc/sys/vm/drop_caches", "w") as f:
            f.write("3\n")
        time.sleep(0.1)     # RCU and vmalloc free late
        now = meminfo_kib("Slab", "VmallocUsed", "Percpu")
        same = same + 1 if last is not None and abs(now - last) <= 64 else 0
        if same == 3:
            break
        last = now
    return now


# ---- tests ----

class TestCase(unittest.TestCase):
    """Begins with the module loaded and nothing attached, and has to end so."""

    maxDiff = 2000

    def setUp(self):
        if not loaded():
            load()
        self.assertEqual(ports_in_sysfs(), [], "left over by somebody else")
        self.addCleanup(self.check_left)

    def check_left(self):
        for fd in glob.glob("/proc/self/fd/*"):
            with contextlib.suppress(FileNotFoundError):
                if os.readlink(fd).startswith("/dev/amshan"):
                    os.close(int(os.path.basename(fd)))     # or all later tests would fail with this one
                    self.fail("left open: " + fd)
        if loaded():
            wait_for(lambda: not ports_in_sysfs(), lambda: "left behind: %r" % ports_in_sysfs(), 5)
            self.assertEqual(client().ports(), {})
        self.assertEqual(glob.glob("/dev/amshan*"), [])

    def port(self, **kw):
        port = Port(**kw)
        self.addCleanup(port.__exit__)
        return port

    def reader(self, port, flags=0):
        reader = port.reader(flags)
        self.addCleanup(reader.close)
        return reader

    def refused(self, codes, function, *args):
        """function must fail with one of these errors; gives the exception."""
        codes = (codes,) if isinstance(codes, int) else codes
        with self.assertRaises(OSError) as caught:
            function(*args)
        self.assertIn(caught.exception.errno, codes,
                      "%s is none of %s" % (caught.exception, [errno.errorcode[c] for c in codes]))
        return caught.exception
