# SPDX-License-Identifier: GPL-2.0
"""/dev/amshanN: what its readers are promised in include/uapi/linux/amshan.h."""
import ctypes
import errno
import fcntl
import mmap
import os
import resource
import select
import signal
import stat
import struct
import termios
import threading
import time

import frames
import module
from module import Child, TestCase, as_nobody, raw_read, wait_for

BIG = 2000      # octets of a frame that fills the ring soon


def some(first, count, length=64):
    return frames.on_line(*[frames.numbered(n, length) for n in range(first, first + count)])


def numbers(records):
    return [frames.number_of(r.frame) for r in records]


def sleeps(pid):
    with open("/proc/%d/stat" % pid) as f:
        return f.read().rpartition(")")[2].split()[0] == "S"


class Readers(TestCase):
    def test_each_of_several_readers_gets_all(self):
        port = self.port()
        readers = [self.reader(port) for _ in range(5)]
        port.feed(some(0, 30))
        for reader in readers:
            records = reader.read_count(30)
            self.assertEqual(numbers(records), list(range(30)))
            self.assertEqual([r.seq for r in records], list(range(30)))
            self.assertEqual(reader.events(), 0)

    def test_a_later_one_begins_at_the_oldest(self):
        port = self.port()
        port.feed(some(0, 10))
        with port.reader() as first:
            first.read_count(10)
        self.assertEqual(numbers(self.reader(port).read_count(10)), list(range(10)))

    def test_a_slow_one_loses_the_oldest_and_is_told(self):
        port = self.port()
        slow, fast = self.reader(port), self.reader(port)
        slow.read_count(0)
        for first in range(0, 200, 20):
            port.feed(some(first, 20, BIG), then=fast.collect)
        fast.collect()
        self.assertEqual(numbers(fast.records), list(range(200)))
        self.assertEqual({r.lost for r in fast.records}, {0}, "it costs nobody else anything")
        records = slow.read_now()
        self.assertGreater(records[0].lost, 0)
        self.assertEqual(records[0].seq, records[0].lost, "it had read none")
        self.assertEqual([r.seq for r in records], list(range(records[0].seq, 200)))
        self.assertEqual(numbers(records), [r.seq for r in records])
        self.assertEqual({r.lost for r in records[1:]}, {0})
        self.assertEqual(port.counters()["overwritten"], 0, "the fast one had read them all")
        # Some more are lost behind records that it has read.
        port.feed(some(200, 150, BIG), then=fast.collect)
        record = slow.read()
        self.assertEqual(record.lost, record.seq - 200)
        self.assertGreater(record.lost, 0)

    def test_overwritten_counts_what_nobody_had_read(self):
        port = self.port()
        port.feed(some(0, 150, BIG))
        overwritten = port.counters()["overwritten"]
        held = (150 - overwritten) * BIG
        self.assertGreater(held, 64 * 1024)
        self.assertLess(held, 160 * 1024, "memory per port")
        with port.reader() as reader:
            records = reader.read_now()
            self.assertEqual(records[0].seq, overwritten)
            self.assertEqual(records[0].lost, 0, "it was not there before")
            self.assertEqual(numbers(records), list(range(overwritten, 150)))
        # These are read; the next 150 push them out, and some of their own.
        port.feed(some(150, 150, BIG))
        self.assertEqual(port.counters()["overwritten"], 2 * overwritten)
        self.assertEqual(self.reader(port).read().seq, 150 + overwritten)

    def test_records_of_all_lengths_wrap_around_rightly(self):
        port = self.port()
        reader = self.reader(port)
        lengths = list(range(16, 2048, 13)) * 2
        port.feed(frames.on_line(*[frames.numbered(n, length) for n, length in enumerate(lengths)]),
                  then=reader.collect)
        reader.collect()
        self.assertEqual([r.frame for r in reader.records],
                         [frames.numbered(n, length) for n, length in enumerate(lengths)])


class Waiting(TestCase):
    def blocked(self, reader):
        """A thread that reads to the end; its records."""
        got = []

        def run():
            while (data := os.read(reader.fd, module.RECORD_MAX)):
                got.append(module.parse(data))
            got.append(None)
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self.addCleanup(thread.join, 10)
        return got, thread

    def test_a_blocked_read_is_woken_by_a_frame_and_ended_by_a_hangup(self):
        port = self.port()
        got, thread = self.blocked(self.reader(port))
        for number in range(3):
            port.send(some(number, 1))
            wait_for(lambda: len(got) == number + 1, "no record")
        port.hang_up()
        thread.join(20 * module.SLOW)
        self.assertFalse(thread.is_alive(), "still blocked after the hangup")
        self.assertEqual([r and r.seq for r in got], [0, 1, 2, None])

    def test_a_detach_ends_it_too(self):
        port = self.port()
        got, thread = self.blocked(self.reader(port))
        port.detach()
        thread.join(20 * module.SLOW)
        self.assertEqual(got, [None])

    def test_what_is_held_can_be_read_after_the_hangup(self):
        port = self.port()
        reader, other = self.reader(port), self.reader(port, os.O_NONBLOCK)
        port.feed(some(0, 5))
        reader.read()
        port.hang_up()
        wait_for(lambda: reader.events() & select.POLLHUP, "no POLLHUP")
        self.assertEqual(reader.events(), select.POLLIN | select.POLLHUP)
        self.assertEqual([r.seq for r in reader.read_count(4)], [1, 2, 3, 4])
        self.assertEqual(reader.events(), select.POLLHUP)
        for _ in range(3):
            self.assertIsNone(reader.read())
        self.assertEqual(len(other.read_now()), 5)
        self.assertEqual(os.read(other.fd, 4096), b"", "the end, not EAGAIN")
        os.lseek(other.fd, 0, os.SEEK_SET)
        self.assertEqual(other.read().seq, 0)

    def test_a_frame_that_only_the_end_of_the_line_lets_out(self):
        """Behind a false start there is a whole frame, and nothing follows: the hangup decides."""
        port = self.port()
        reader = self.reader(port)
        port.feed(frames.FLAG + frames.make_header(1500) + some(7, 1))
        self.assertEqual(reader.events(), 0)
        port.hang_up()
        self.assertEqual(frames.number_of(reader.read().frame), 7)
        self.assertIsNone(reader.read())

    def test_poll_and_epoll(self):
        port = self.port()
        reader = self.reader(port)
        level, edge = select.epoll(), select.epoll()
        self.addCleanup(level.close)
        self.addCleanup(edge.close)
        level.register(reader.fd, select.EPOLLIN)
        edge.register(reader.fd, select.EPOLLIN | select.EPOLLET)
        self.assertEqual((reader.events(), level.poll(0), edge.poll(0)), (0, [], []))
        port.send(some(0, 1))
        self.assertEqual(level.poll(20 * module.SLOW), [(reader.fd, select.EPOLLIN)])
        self.assertEqual(edge.poll(20 * module.SLOW), [(reader.fd, select.EPOLLIN)])
        self.assertEqual(level.poll(0), [(reader.fd, select.EPOLLIN)])
        self.assertEqual(edge.poll(0), [], "nothing new")
        self.assertEqual(select.select([reader.fd], [], [], 0)[0], [reader.fd])
        port.send(some(1, 1))
        self.assertEqual(edge.poll(20 * module.SLOW), [(reader.fd, select.EPOLLIN)])
        reader.read_count(2)
        self.assertEqual(level.poll(0), [])
        port.hang_up()
        self.assertEqual(level.poll(20 * module.SLOW), [(reader.fd, select.EPOLLHUP)])
        self.assertTrue(edge.poll(20 * module.SLOW)[0][1] & select.EPOLLHUP)

    def test_a_frame_wakes_each_of_those_who_wait_exclusively(self):
        port = self.port()
        waiting = []
        for _ in range(3):
            reader, epoll = self.reader(port), select.epoll()
            self.addCleanup(epoll.close)
            epoll.register(reader.fd, select.EPOLLIN | select.EPOLLEXCLUSIVE)
            waiting.append((reader, Child(lambda stop, epoll=epoll: epoll.poll(20 * module.SLOW))))
        wait_for(lambda: all(sleeps(child.pid) for _, child in waiting), "they do not wait")
        port.send(some(0, 1))
        for reader, child in waiting:
            with child:
                self.assertEqual(child.result(stop=False), [[reader.fd, select.EPOLLIN]])

    def test_nonblocking(self):
        port = self.port()
        reader = self.reader(port, os.O_NONBLOCK)
        self.refused(errno.EAGAIN, os.read, reader.fd, 4096)
        port.feed(some(0, 1))
        self.assertEqual(reader.read().seq, 0)
        self.refused(errno.EAGAIN, os.read, reader.fd, 4096)

    def test_a_signal_interrupts_a_blocked_read(self):
        port = self.port()
        reader = self.reader(port)
        rung = []
        before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        buffer = ctypes.create_string_buffer(module.RECORD_MAX)
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.2)
        n = raw_read(reader.fd, ctypes.addressof(buffer), len(buffer))
        signal.setitimer(signal.ITIMER_REAL, 0)
        self.assertEqual(n, -errno.EINTR)
        self.assertTrue(rung)
        port.feed(some(0, 1))
        self.assertEqual(reader.read().seq, 0)

    def test_a_blocked_reader_can_be_killed(self):
        port = self.port()
        with Child(lambda stop: os.read(port.reader().fd, 4096) and None) as child:
            stack = "/proc/%d/stat" % child.pid
            wait_for(lambda: open(stack).read().split(") ")[1][0] == "S", "the child does not sleep")
            os.kill(child.pid, signal.SIGKILL)
            self.assertEqual(os.WTERMSIG(child.wait()), signal.SIGKILL)


class Sharing(TestCase):
    def test_a_fork_shares_the_cursor(self):
        port = self.port()
        reader = self.reader(port)
        port.feed(some(0, 3))
        self.assertEqual(reader.read().seq, 0)
        with Child(lambda stop: reader.read().seq) as child:
            self.assertEqual(child.result(), 1)
        self.assertEqual(reader.read().seq, 2)

    def test_a_dup_shares_the_cursor(self):
        port = self.port()
        reader = self.reader(port)
        port.feed(some(0, 3))
        twin = os.dup(reader.fd)
        seqs = [reader.read().seq, module.parse(os.read(twin, 4096)).seq]
        os.close(reader.fd)
        reader.fd = twin
        self.assertEqual(seqs + [reader.read().seq], [0, 1, 2])

    def test_processes_that_read_one_file_at_the_same_time_get_each_record_once(self):
        port = self.port()
        reader = self.reader(port)

        def read_all(stop):
            seqs = []
            while (data := os.read(reader.fd, 4096)):
                seqs.append(module.parse(data).seq)
            return seqs
        with Child(read_all) as one, Child(read_all) as two:
            for first in range(0, 300, 10):
                port.feed(some(first, 10))
            port.detach()       # the children have the master of the pty, too
            seqs = one.result() + two.result()
        self.assertEqual(sorted(seqs), list(range(300)))

    def test_thousands_of_opens(self):
        port = self.port()
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, limit)
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, max(4096, limit[1])))
        port.feed(some(0, 2))
        open_at_once = [os.open(port.path, os.O_RDONLY) for _ in range(2000)]
        try:
            port.feed(some(2, 1))
            for fd in open_at_once[::400]:
                self.assertEqual([module.parse(os.read(fd, 4096)).seq for _ in range(3)], [0, 1, 2])
        finally:
            for fd in open_at_once:
                os.close(fd)
        for _ in range(2000):
            os.close(os.open(port.path, os.O_RDONLY))
        self.assertEqual(len(self.reader(port).read_now()), 3)


class BadUse(TestCase):
    def setUp(self):
        super().setUp()
        self.one = self.port()
        self.r = self.reader(self.one)
        self.one.feed(some(0, 2))

    def stays(self):
        """The first record is there still."""
        record = self.r.read()
        self.assertEqual((record.seq, record.lost), (0, 0))
        self.assertEqual(record.frame, frames.numbered(0))
        self.assertEqual(self.r.read().seq, 1)
        self.assertEqual(self.r.events(), 0)

    def test_a_short_buffer(self):
        whole = module.HEADER.size + 64
        for size in (1, 39, 40, whole - 1):
            self.refused(errno.EMSGSIZE, os.read, self.r.fd, size)
        self.assertEqual(len(os.read(self.r.fd, whole)), whole)
        self.assertEqual(self.r.read().seq, 1)

    def test_no_buffer(self):
        self.assertEqual(os.read(self.r.fd, 0), b"")
        self.stays()

    def test_bad_addresses(self):
        for address in (0, 8, 0x7FFFFFFFE000, 0xFFFF888000000000, 0xFFFFFFFFFFFFF000):
            self.assertEqual(raw_read(self.r.fd, address, 2087), -errno.EFAULT, hex(address))
        self.stays()

    def test_a_buffer_that_ends_within_the_record(self):
        pages = mmap.mmap(-1, 2 * mmap.PAGESIZE)
        address = ctypes.addressof(ctypes.c_char.from_buffer(pages))
        self.assertEqual(module.LIBC.mprotect(ctypes.c_void_p(address + mmap.PAGESIZE), mmap.PAGESIZE, 0), 0)
        for before in (1, 39, 40, 41, 100):
            self.assertEqual(raw_read(self.r.fd, address + mmap.PAGESIZE - before, 2087), -errno.EFAULT)
        self.stays()

    def test_huge_sizes(self):
        buffer = ctypes.create_string_buffer(4096)
        n = raw_read(self.r.fd, ctypes.addressof(buffer), 0x7FFFFFFF)
        self.assertEqual(module.parse(buffer.raw[:n]).seq, 0)
        self.assertEqual(buffer.raw[n:], bytes(4096 - n), "nothing behind the record")
        self.assertIn(raw_read(self.r.fd, ctypes.addressof(buffer), 2 ** 64 - 1), (-errno.EINVAL, -errno.EFAULT))
        self.assertEqual(self.r.read().seq, 1)

    def test_readv_and_pread_give_whole_records(self):
        parts = [bytearray(4096), bytearray(4096)]
        n = os.readv(self.r.fd, parts)
        self.assertEqual(module.parse(bytes(parts[0][:n])).seq, 0)
        self.assertEqual(bytes(parts[1]), bytes(4096))
        self.refused((errno.ESPIPE, errno.EINVAL), os.pread, self.r.fd, 4096, 40)
        self.assertEqual(self.r.read().seq, 1)

    def test_seek(self):
        self.r.read_count(2)
        for offset, whence in ((1, os.SEEK_SET), (-1, os.SEEK_END), (0, os.SEEK_CUR), (0, os.SEEK_DATA),
                               (0, os.SEEK_HOLE), (2 ** 62, os.SEEK_SET), (0, 77)):
            self.refused((errno.EINVAL, errno.ENXIO), os.lseek, self.r.fd, offset, whence)
        self.assertEqual(self.r.events(), 0, "the place has not changed")
        self.assertEqual(os.lseek(self.r.fd, 0, os.SEEK_SET), 0)
        self.assertEqual([(r.seq, r.lost) for r in self.r.read_count(2)], [(0, 0), (1, 0)])
        os.lseek(self.r.fd, 0, os.SEEK_SET)
        self.assertEqual(os.lseek(self.r.fd, 0, os.SEEK_END), 0)
        self.assertEqual(self.r.events(), 0)
        self.one.feed(some(2, 1))
        record = self.r.read()
        self.assertEqual((record.seq, record.lost), (2, 0), "what lseek passed over is not lost")

    def test_write_ioctl_and_mmap(self):
        for flags in (os.O_WRONLY, os.O_RDWR):
            try:
                fd = os.open(self.one.path, flags)
            except OSError as e:
                self.assertIn(e.errno, (errno.EACCES, errno.EPERM, errno.EINVAL))
                continue
            self.refused((errno.EINVAL, errno.EBADF), os.write, fd, b"x")
            os.close(fd)
        for request in (0, termios.TCGETS, termios.TIOCSETD, termios.FIONREAD, 0x5413, 0xC0FFEE, 0xFFFFFFFF):
            self.refused(errno.ENOTTY, fcntl.ioctl, self.r.fd, request, struct.pack("Q", 0) * 8)
        self.refused((errno.ENODEV, errno.EACCES), lambda: mmap.mmap(self.r.fd, 4096, prot=mmap.PROT_READ))
        self.stays()


class Node(TestCase):
    def test_who_may_open_it(self):
        port = self.port()
        mode = stat.S_IMODE(os.stat(port.path).st_mode)
        self.assertIn(mode, (0o600, 0o640) if os.path.exists("/run/udev/control") else (0o600,))
        self.refused(errno.EACCES, as_nobody, lambda: os.open(port.path, os.O_RDONLY))

    def test_open_after_it_is_gone(self):
        port = self.port()
        path, place = port.path, os.open(port.path, os.O_PATH)
        self.addCleanup(os.close, place)
        device = os.stat(path).st_rdev
        held = self.reader(port)
        port.hang_up()
        self.refused(errno.ENOENT, os.open, path, os.O_RDONLY)
        gone = (errno.ENODEV, errno.ENXIO)
        self.refused(gone, os.open, "/proc/self/fd/%d" % place, os.O_RDONLY)
        os.mknod("/dev/amshan-test", 0o600 | stat.S_IFCHR, device)
        self.addCleanup(os.unlink, "/dev/amshan-test")
        self.refused(gone, os.open, "/dev/amshan-test", os.O_RDONLY)
        self.assertIsNone(held.read())
        held.close()
        self.refused(gone, os.open, "/dev/amshan-test", os.O_RDONLY)

    def test_sysfs_says_the_same_as_netlink(self):
        port = self.port()
        before = time.time()
        port.feed(frames.sim("--count", 20, "--flip", 0.3))
        told = module.client().port_get(port.index)
        self.assertEqual({name: int(module.attribute(port.index, name)) for name in told.counters}, told.counters)
        folder = "%s/amshan%d" % (module.CLASS, port.index)
        self.assertEqual(sorted(os.listdir(folder + "/statistics")), sorted(told.counters))
        self.assertEqual(module.attribute(port.index, "tty"), port.tty[len("/dev/"):])
        attached = module.attribute(port.index, "attached")
        self.assertRegex(attached, r"^\d+\.\d{9}$")
        self.assertEqual(int(attached.replace(".", "")), told.real_ns)
        self.assertAlmostEqual(float(attached), before, delta=60)
        self.assertEqual(os.stat(port.tty).st_rdev, os.makedev(*told.dev))
        for name in ("tty", "attached", "statistics/frames"):
            self.assertEqual(stat.S_IMODE(os.stat("%s/%s" % (folder, name)).st_mode), 0o444)
            self.refused((errno.EACCES, errno.EIO, errno.EINVAL), lambda: open(folder + "/" + name, "w").write("1"))

    def test_sixteen_ports_and_no_more(self):
        ports = [self.port() for _ in range(module.PORTS_MAX)]
        self.assertEqual(sorted(p.index for p in ports), list(range(module.PORTS_MAX)))
        more = self.port(attach=False)
        self.refused(errno.ENOSPC, more.attach)
        self.assertEqual(module.discipline_of(more.slave), module.N_TTY)
        self.assertEqual(len(module.client().ports()), module.PORTS_MAX)
        for number, port in enumerate(ports):
            port.feed(some(number, 1))
            with port.reader() as reader:
                self.assertEqual(frames.number_of(reader.read().frame), number)

        # A name stays with who reads from it, and is free when nobody does.
        index = ports[5].index
        held = self.reader(ports[5])
        ports[5].hang_up()
        self.refused(errno.ENOSPC, more.attach)
        held.close()
        wait_for(lambda: not os.path.exists("/dev/amshan%d" % index), "the node stays")
        more.attach()
        self.assertEqual(more.index, index)
