# SPDX-License-Identifier: GPL-2.0
"""An adapter as meters have it: FTDI on USB, emulated; plugged, unplugged in the middle, plugged again."""
import os
import select
import signal
import termios
import tty

import frames
import host
import module
from module import TestCase, wait_for
from test_attach import Attached

TTY = "/dev/ttyUSB0"
ID = "meter0"
SERIAL = "HAN0001"


class Adapter:
    """The adapter, plugged in, with the discipline set."""

    def __init__(self, the_host, attach=True):
        self.host = the_host
        self.fd = self.index = None
        the_host.plug(ID, SERIAL)
        self.plugged = True
        try:
            wait_for(lambda: os.path.exists(TTY), "the adapter gives no " + TTY, 30)
            if not attach:
                return
            self.fd = os.open(TTY, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            tty.setraw(self.fd, termios.TCSANOW)
            settings = termios.tcgetattr(self.fd)
            settings[2] |= termios.CLOCAL | termios.CREAD
            settings[4] = settings[5] = termios.B2400
            termios.tcsetattr(self.fd, termios.TCSANOW, settings)
            module.set_discipline(self.fd, module.number())
            (port,) = [p for p in module.client().ports().values() if p.tty == "ttyUSB0"]
            self.index = port.index
            self.path = "/dev/amshan%d" % self.index
        except BaseException:
            self.__exit__()
            raise

    def unplug(self):
        if self.plugged:
            self.plugged = False
            self.host.unplug(ID)

    def send(self, octets, wait=True):
        self.host.send(ID, octets, wait=wait)

    def counters(self):
        return module.client().port_get(self.index).counters

    def __exit__(self, *exc):
        self.unplug()
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None
        wait_for(lambda: not os.path.exists(TTY), TTY + " stays", 30)


class WithHost(TestCase):
    """With a host that plugs adapters in."""

    def setUp(self):
        super().setUp()
        if not os.path.exists(host.PORT):
            self.skipTest("there is no channel to the host")
        for name in ("xhci_pci", "ftdi_sio"):
            module.modprobe(name)
        if not os.path.isdir("/sys/bus/usb-serial/drivers/ftdi_sio"):
            self.skipTest("the kernel has no ftdi_sio")
        self.host = host.Host()

    def adapter(self, **kw):
        adapter = Adapter(self.host, **kw)
        self.addCleanup(adapter.__exit__)
        return adapter


class Usb(WithHost):
    def test_frames_come_out(self):
        adapter = self.adapter()
        octets = frames.sim("--count", 30)
        ((wanted, counters),) = frames.framedump([octets])
        with module.Reader(adapter.path) as reader:
            adapter.send(octets)
            records = reader.read_count(30)
        self.assertEqual([r.frame for r in records], wanted)
        told = adapter.counters()
        self.assertEqual({k: told[k] for k in counters}, counters)

    def test_amshan_attach_holds_it_as_it_is_to_be_set(self):
        self.adapter(attach=False)
        program = Attached("--baud", "2400", "--parity", "even", TTY)
        self.addCleanup(program.__exit__)
        program.wait_attached()
        fd = os.open(TTY, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        settings, speed = termios.tcgetattr(fd), module.speed_of(fd)
        os.close(fd)
        self.assertEqual(speed, 2400)
        self.assertEqual(settings[2] & (termios.CSIZE | termios.PARENB | termios.PARODD | termios.CSTOPB),
                         termios.CS8 | termios.PARENB)
        self.assertTrue(settings[0] & termios.INPCK)
        self.host.send(ID, frames.on_line(frames.numbered(1)))
        with module.Reader("/dev/" + module.ports_in_sysfs()[0]) as reader:
            self.assertEqual(frames.number_of(reader.read().frame), 1)
            program.end(signal.SIGKILL)
            self.assertIsNone(reader.read(), "the last close of the tty detaches")
        wait_for(lambda: not module.ports_in_sysfs(), "the port stays")

    def test_amshan_attach_ends_when_it_is_unplugged(self):
        adapter = self.adapter(attach=False)
        program = Attached(TTY)
        self.addCleanup(program.__exit__)
        program.wait_attached()
        adapter.unplug()
        status, said = program.wait()
        self.assertEqual(status, 0, said)
        self.assertIn("gone", said)

    def test_where_it_stands_in_sysfs(self):
        adapter = self.adapter()
        self.assertEqual(module.attribute(adapter.index, "tty"), "ttyUSB0")
        where = os.path.realpath("%s/amshan%d" % (module.CLASS, adapter.index))
        self.assertEqual(os.path.dirname(where), "/sys/devices/virtual/amshan", "below a tty it would go with it")

    def test_unplug_in_the_middle_of_traffic(self):
        adapter = self.adapter()
        with module.Reader(adapter.path) as reader:
            octets = frames.on_line(*[frames.numbered(n, 500) for n in range(40)])
            adapter.send(octets, wait=False)
            self.assertEqual(reader.read().seq, 0)
            adapter.unplug()
            last = 0
            while (record := reader.read(30)) is not None:
                self.assertEqual((record.seq, frames.number_of(record.frame)), (last + 1, last + 1))
                last = record.seq
            self.assertEqual(reader.events(), select.POLLHUP)
            self.assertEqual(os.read(reader.fd, 4096), b"")
        wait_for(lambda: not module.ports_in_sysfs(), "the port stays")

    def test_replug_ten_times(self):
        for number in range(10):
            adapter = Adapter(self.host)
            try:
                with module.Reader(adapter.path) as reader:
                    adapter.send(frames.on_line(frames.numbered(number)))
                    record = reader.read(30)
                    self.assertEqual((record.seq, frames.number_of(record.frame)), (0, number))
                    if number % 2:
                        adapter.send(frames.on_line(*[frames.numbered(n, 500) for n in range(10)]), wait=False)
                    adapter.unplug()
                    while reader.read(30) is not None:
                        pass
            finally:
                adapter.__exit__()

    def test_closed_before_it_is_unplugged(self):
        adapter = self.adapter()
        os.close(adapter.fd)
        adapter.fd = None
        wait_for(lambda: not module.ports_in_sysfs(), "the port stays")
        adapter.unplug()
