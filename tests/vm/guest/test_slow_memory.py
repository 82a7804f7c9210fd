# SPDX-License-Identifier: GPL-2.0
"""A reader whose memory is slow to come: its read() stops in the middle of a record, by userfaultfd."""
import ctypes
import errno
import fcntl
import mmap
import os
import platform
import select
import struct
import threading

import frames
import module
from module import TestCase, raw_read, wait_for

SYS_USERFAULTFD = {"x86_64": 323, "aarch64": 282}.get(platform.machine())
UFFD_API, MISSING = 0xAA, 1
UFFDIO_API, UFFDIO_REGISTER, UFFDIO_ZEROPAGE = 0xC018AA3F, 0xC020AA00, 0xC020AA04
PAGE = mmap.PAGESIZE


class SlowPage:
    """A page of memory that comes only with come()."""

    def __init__(self):
        self.fd = module.LIBC.syscall(SYS_USERFAULTFD, os.O_CLOEXEC | os.O_NONBLOCK)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "userfaultfd")
        fcntl.ioctl(self.fd, UFFDIO_API, struct.pack("QQQ", UFFD_API, 0, 0))
        self.page = mmap.mmap(-1, PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self.page))
        fcntl.ioctl(self.fd, UFFDIO_REGISTER, struct.pack("QQQQ", self.address, PAGE, MISSING, 0))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        os.close(self.fd)       # whoever waits goes on

    def wait(self):
        """Until somebody waits for it."""
        if not select.select([self.fd], [], [], 20 * module.SLOW)[0]:
            raise AssertionError("nobody asked for the page")

    def come(self):
        fcntl.ioctl(self.fd, UFFDIO_ZEROPAGE, struct.pack("QQQq", self.address, PAGE, 0, 0))


class SlowMemory(TestCase):
    def stopped(self, port, reader, meanwhile):
        """The record that a read() gives in the middle of which meanwhile() happens."""
        try:
            slow = SlowPage()
        except OSError as e:
            if e.errno != errno.ENOSYS:
                raise
            self.skipTest("the kernel has no userfaultfd")
        got = []
        with slow:
            thread = threading.Thread(target=lambda: got.append(raw_read(reader.fd, slow.address, PAGE)))
            thread.start()
            try:
                slow.wait()
                meanwhile()
                self.assertEqual(got, [])
            finally:
                slow.come()
                thread.join()
            self.assertGreater(got[0], 0, "read() failed")
            return module.parse(slow.page[:got[0]])

    def overwrite(self, port, count):
        """Send frames until so many records are overwritten; gives the number of the next frame."""
        number = port.counters()["frames"]
        while port.counters()["overwritten"] < count:
            port.feed(frames.on_line(frames.numbered(number, 2000)))
            number += 1
        return number

    def check(self, overwritten):
        port = self.port()
        reader, other = self.reader(port), self.reader(port)
        # Longer than those that overwrite it: they make room one by one.
        port.feed(frames.on_line(frames.numbered(0, 2040), *[frames.numbered(n, 2000) for n in range(1, 60)]))
        ends = []
        record = self.stopped(port, reader, lambda: ends.append(self.overwrite(port, overwritten)))
        self.assertEqual((record.seq, record.lost, record.frame), (0, 0, frames.numbered(0, 2040)))
        record = reader.read()
        self.assertEqual((record.seq, record.lost), (overwritten, overwritten - 1))
        self.assertEqual(record.frame, frames.numbered(overwritten, 2000))
        rest = [overwritten] + [r.seq for r in reader.read_now()]
        self.assertEqual(rest, list(range(overwritten, ends[0])))
        self.assertEqual(other.read().lost, overwritten)

    def test_its_record_is_overwritten_and_no_other(self):
        self.check(1)

    def test_its_record_and_the_next_are_overwritten(self):
        self.check(2)

    def test_all_it_could_have_read_is_overwritten(self):
        self.check(90)

    def test_it_holds_up_nobody(self):
        port = self.port()
        slow, other = self.reader(port), self.reader(port)
        port.feed(frames.on_line(frames.numbered(0)))

        def meanwhile():
            port.feed(frames.on_line(frames.numbered(1)))
            self.assertEqual([r.seq for r in other.read_count(2)], [0, 1])
            self.assertEqual(module.attribute(port.index, "frames"), "2")
            self.assertEqual(slow.events(), select.POLLIN)
        self.assertEqual(self.stopped(port, slow, meanwhile).seq, 0)
        self.assertEqual(slow.read().seq, 1)

    def test_the_port_goes_meanwhile(self):
        port = self.port()
        reader = self.reader(port)
        port.feed(frames.on_line(frames.numbered(0), frames.numbered(1)))
        path = port.path

        def meanwhile():
            port.hang_up()
            wait_for(lambda: not os.path.exists(path), "the port stays")
        self.assertEqual(self.stopped(port, reader, meanwhile).seq, 0)
        self.assertEqual(reader.read().seq, 1)
        self.assertIsNone(reader.read())
