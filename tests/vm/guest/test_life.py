# SPDX-License-Identifier: GPL-2.0
"""Attaching and detaching, loading and unloading: who may, who may not, and that nothing is left."""
import ctypes
import errno
import fcntl
import glob
import os
import select
import signal
import subprocess
import termios
import unittest

import frames
import module
import netlink
from module import Child, KernelLog, TestCase, as_nobody, disciplines, wait_for


class Attach(TestCase):
    def test_it_takes_cap_net_admin(self):
        port = self.port(attach=False)
        os.chmod(port.tty, 0o666)
        ldisc = module.number()

        def attach():
            fd = os.open(port.tty, os.O_RDWR | os.O_NOCTTY)
            module.set_discipline(fd, ldisc)
        self.refused(errno.EPERM, as_nobody, attach)
        self.assertEqual(module.discipline_of(port.slave), module.N_TTY)
        self.assertEqual(module.ports_in_sysfs(), [])

    def test_it_is_seen_everywhere_and_gone_everywhere(self):
        port = self.port()
        name = "amshan%d" % port.index
        self.assertEqual(module.discipline_of(port.slave), module.number())
        self.assertEqual(module.ports_in_sysfs(), [name])
        self.assertEqual(glob.glob("/dev/amshan*"), ["/dev/" + name])
        port.detach()
        self.assertEqual(module.discipline_of(port.slave), module.N_TTY)
        self.assertEqual((module.ports_in_sysfs(), glob.glob("/dev/amshan*")), ([], []))

    def test_once_more_on_an_attached_tty_changes_nothing(self):
        port = self.port()
        port.feed(frames.on_line(frames.numbered(1)))
        told = module.client().port_get(port.index)
        module.set_discipline(port.slave, module.number())
        self.assertEqual(module.client().ports(), {port.index: told})

    def test_the_tty_is_a_tty_again_afterwards(self):
        port = self.port()
        port.feed(b"not for the tty")
        port.detach()
        os.write(port.master, b"for the tty")
        self.assertTrue(select.select([port.slave], [], [], 20 * module.SLOW)[0])
        self.assertEqual(os.read(port.slave, 100), b"for the tty")
        os.write(port.slave, b"and back")
        self.assertTrue(select.select([port.master], [], [], 20 * module.SLOW)[0])
        self.assertEqual(os.read(port.master, 100), b"and back")

    def test_a_hangup_detaches(self):
        port = self.port()
        port.hang_up()
        wait_for(lambda: not module.ports_in_sysfs(), "the port stays")

    def test_the_death_of_who_holds_it_detaches(self):
        """All of the pty, as its slave stays while there is a master; test_usb has the same of a real tty."""
        def hold(stop):
            with module.Port():
                signal.pause()
        with Child(hold) as child:
            (path,) = wait_for(lambda: glob.glob("/dev/amshan*"), "no port")
            reader = module.Reader(path)
            self.addCleanup(reader.close)
            child.kill()
            self.assertIsNone(reader.read())
        wait_for(lambda: not module.ports_in_sysfs(), "the port stays")


class WhileAttached(TestCase):
    def test_termios_goes_on_working(self):
        port = self.port()
        settings = termios.tcgetattr(port.slave)
        settings[4] = settings[5] = termios.B2400
        settings[2] |= termios.PARENB
        termios.tcsetattr(port.slave, termios.TCSANOW, settings)
        self.assertEqual(termios.tcgetattr(port.slave)[4], termios.B2400)
        said = subprocess.run(["stty", "-F", port.tty, "-a"], stdout=subprocess.PIPE, check=True).stdout.decode()
        self.assertIn("speed 2400 baud", said)
        termios.tcflush(port.slave, termios.TCIOFLUSH)
        port.feed(frames.on_line(frames.numbered(1)))
        self.assertEqual(self.reader(port).read().seq, 0)

    def test_the_tty_itself_neither_reads_nor_writes(self):
        port = self.port()
        port.feed(frames.on_line(frames.numbered(1)))
        self.refused((errno.EIO, errno.EOPNOTSUPP), os.read, port.slave, 100)
        self.refused((errno.EIO, errno.EOPNOTSUPP), os.write, port.slave, b"x")
        self.refused((errno.ENOTTY, errno.EINVAL), fcntl.ioctl, port.slave, 0xC0FFEE, bytes(64))

    def test_tiocsti_is_octets_as_any(self):
        port = self.port()
        octets = frames.on_line(frames.numbered(1))
        for octet in octets:
            fcntl.ioctl(port.slave, termios.TIOCSTI, bytes([octet]))
        port.sent += len(octets)
        self.assertEqual(port.settle()["frames"], 1)
        self.assertEqual(self.reader(port).read().frame, frames.numbered(1))

    def test_tiocsti_in_the_middle_of_traffic(self):
        port = self.port()
        count = 2000

        def inject(stop):
            for _ in range(count):
                fcntl.ioctl(port.slave, termios.TIOCSTI, b"\x55")
        with Child(inject) as child:
            port.send(frames.on_line(*[frames.numbered(n) for n in range(500)]))
            child.result(stop=False)
        port.sent += count
        port.settle()

    def test_somebody_waits_on_the_tty_for_its_end(self):
        """amshan-attach does."""
        port = self.port()
        p = select.poll()
        p.register(port.slave, 0)
        port.feed(frames.on_line(frames.numbered(1)))
        self.assertEqual(p.poll(0), [])
        port.hang_up()
        self.assertTrue(p.poll(20000 * module.SLOW)[0][1] & select.POLLHUP)

    def test_a_writer_that_waits_for_room_goes_on(self):
        """socat and the like block in write() when the buffer of the tty is full."""
        port = self.port()
        octets = frames.on_line(*[frames.numbered(n, 1000) for n in range(300)])

        def write(stop):
            os.set_blocking(port.master, True)
            view = memoryview(octets)
            while view:
                view = view[os.write(port.master, view):]
        with Child(write) as child:
            port.sent += len(octets)
            port.settle()
            child.result(stop=False)
        os.set_blocking(port.master, False)


class Races(TestCase):
    ROUNDS = 1000

    def test_attach_and_detach_against_readers_dumps_and_sysfs(self):
        def read_devices(stop):
            count = 0
            while not stop():
                for path in glob.glob("/dev/amshan[0-9]*"):
                    try:
                        with module.Reader(path, os.O_NONBLOCK) as reader:
                            reader.events()
                            count += len(reader.read_now()) + 1
                    except FileNotFoundError:
                        pass
                    except OSError as e:
                        if e.errno not in (errno.ENODEV, errno.ENXIO, errno.EAGAIN):
                            raise
            return count

        def dump(stop):
            count = 0
            with netlink.Client() as client:
                while not stop():
                    count += 1 + len(client.ports())
            return count

        def read_sysfs(stop):
            count = 0
            while not stop():
                for path in glob.glob(module.CLASS + "/*/statistics/*") + glob.glob(module.CLASS + "/*/tty"):
                    try:
                        with open(path) as f:
                            count += len(f.read()) > 0
                    except FileNotFoundError:
                        pass
                    except OSError as e:
                        if e.errno != errno.ENODEV:
                            raise
            return count

        ldisc = module.number()
        octets = frames.on_line(*[frames.numbered(n) for n in range(5)])
        with Child(read_devices) as one, Child(dump) as two, Child(read_sysfs) as three:
            port = self.port(attach=False)
            for number in range(self.ROUNDS):
                module.set_discipline(port.slave, ldisc)
                if number % 3 == 0:
                    os.write(port.master, octets)
                if number % 10 == 9:        # the end by a hangup, now and then
                    port.__exit__()
                    port = self.port(attach=False)
                else:
                    module.set_discipline(port.slave, module.N_TTY)
            counts = [child.result() for child in (one, two, three)]
        self.assertGreater(min(counts), 10, counts)

    def test_two_ttys_attach_and_detach_at_the_same_time(self):
        ldisc = module.number()

        def turn(stop):
            with module.Port(attach=False) as port:
                for _ in range(200):
                    module.set_discipline(port.slave, ldisc)
                    module.set_discipline(port.slave, module.N_TTY)
        children = [Child(turn) for _ in range(4)]
        for child in children:
            child.result(stop=False)

    def test_one_tty_changes_its_discipline_in_two_processes(self):
        port = self.port(attach=False)
        ldisc = module.number()

        def turn(stop):
            while not stop():
                module.set_discipline(port.slave, ldisc)
                module.set_discipline(port.slave, module.N_TTY)
        with Child(turn) as one, Child(turn) as two:
            for _ in range(200):
                port.send(frames.on_line(frames.numbered(1)))
            one.result()
            two.result()
        module.set_discipline(port.slave, module.N_TTY)


class Loading(TestCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.load_again)

    def load_again(self):
        if not module.loaded():
            module.load()

    def gone(self):
        """Nothing of the module is left anywhere."""
        self.assertFalse(module.loaded())
        self.assertFalse(os.path.exists(module.CLASS))
        self.assertNotIn("amshan", disciplines())
        self.assertEqual(glob.glob("/dev/amshan*"), [])
        with open("/proc/devices") as f:
            self.assertNotIn("amshan", f.read())
        error = self.refused(errno.ENOENT, netlink.Client)
        self.assertEqual(error.errno, errno.ENOENT)

    def test_rmmod_is_refused_while_in_use_and_clean_afterwards(self):
        busy = (errno.EAGAIN, errno.EBUSY)
        port = self.port()
        self.refused(busy, module.unload)
        reader = self.reader(port)
        port.hang_up()
        wait_for(lambda: not module.ports_in_sysfs(), "the port stays")
        self.refused(busy, module.unload)
        self.assertIsNone(reader.read())
        reader.close()
        module.unload_waiting()
        self.gone()

    def test_again_and_again(self):
        for _ in range(5):
            module.unload_waiting()
            module.load()
            with module.Port() as port:
                port.feed(frames.on_line(frames.numbered(1)))
                with port.reader() as reader:
                    self.assertEqual(reader.read().seq, 0)
        module.unload_waiting()
        self.gone()

    def test_rmmod_against_somebody_who_attaches(self):
        ldisc = module.number()

        def attach(stop):
            attached = 0
            with module.Port(attach=False) as port:
                while not stop():
                    try:
                        module.set_discipline(port.slave, ldisc)
                    except OSError as e:
                        if e.errno not in (errno.EINVAL, errno.EAGAIN, errno.ENODEV):
                            raise
                        continue
                    attached += 1
                    module.set_discipline(port.slave, module.N_TTY)
            return attached
        with Child(attach) as child:
            for _ in range(10):
                module.unload_waiting()
                module.load()
            self.assertGreater(child.result(), 0)

    def refused_with(self, arg, *words):
        with KernelLog() as log:
            done = module.modprobe("amshan", arg)
            self.assertNotEqual(done.returncode, 0, "modprobe amshan %s went well" % arg)
            line = log.wait("amshan", *words)
        self.gone()
        return line

    def test_a_number_out_of_range_is_refused_in_words(self):
        module.unload_waiting()
        before = disciplines()
        for number in ("99", "-1", "31", "0", "2147483647", "-2147483648"):
            self.refused_with("ldisc=" + number, number)
            self.assertEqual(disciplines(), before)
        self.assertNotEqual(module.modprobe("amshan", "ldisc=four").returncode, 0)
        self.gone()

    def test_a_taken_number_is_refused_in_words(self):
        module.unload_waiting()
        module.modprobe("slip")
        taken = {number: name for name, number in disciplines().items() if number}
        if not taken:
            self.skipTest("the kernel has no other line discipline")
        before = disciplines()
        for number, name in taken.items():
            self.refused_with("ldisc=%d" % number, str(number), name)
            self.assertEqual(disciplines(), before)
        module.modprobe("-r", "slip")

    def test_another_free_number_works(self):
        module.unload_waiting()
        free = next(n for n in range(30, 1, -1) if n not in (29, *disciplines().values()))
        module.load("ldisc=%d" % free)
        self.assertEqual(disciplines()["amshan"], free)
        with module.Port() as port:
            self.assertEqual(module.discipline_of(port.slave), free)
        module.unload_waiting()
        self.gone()

    def test_nobody_makes_the_kernel_load_it(self):
        aliases = subprocess.run(["modinfo", "-F", "alias", "amshan"], stdout=subprocess.PIPE,
                                 check=True).stdout.decode().split()
        self.assertEqual([alias for alias in aliases if "ldisc" in alias], [])
        number = module.number()
        module.unload_waiting()
        port = self.port(attach=False)
        self.refused((errno.EINVAL, errno.EPERM, errno.EAGAIN), module.set_discipline, port.slave, number)
        self.gone()

    def test_it_says_what_it_is(self):
        for field in ("license", "description", "author", "version"):
            said = subprocess.run(["modinfo", "-F", field, "amshan"], stdout=subprocess.PIPE, check=True).stdout
            self.assertTrue(said.strip(), field)
        self.assertEqual(module.modprobe("--dry-run", "--verbose", "amshan").returncode, 0)
        with open("/sys/module/amshan/parameters/ldisc") as f:
            self.assertEqual(int(f.read()), module.number())


class Hostile(TestCase):
    def test_all_disciplines_of_the_kernel_take_turns(self):
        """What the one before left in the tty must not reach us."""
        port = self.port(attach=False)
        others = [n for name, n in disciplines().items() if name not in ("amshan", "n_tty")]
        for number in [module.N_TTY, *others]:
            try:
                module.set_discipline(port.slave, number)
            except OSError:
                continue        # not for a pty
            port.attach()
            port.feed(frames.on_line(frames.numbered(number)))
            with port.reader() as reader:
                self.assertEqual(frames.number_of(reader.read().frame), number)
            port.detach()

    def test_the_master_side_can_have_it_too(self):
        port = self.port(attach=False)
        module.set_discipline(port.master, module.number())
        self.assertEqual(len(module.client().ports()), 1)
        octets = frames.on_line(frames.numbered(1))
        os.write(port.slave, octets)
        (index,) = module.client().ports()
        wait_for(lambda: module.client().port_get(index).counters["frames"] == 1, "no frame")

    def test_bad_pointers_to_the_ioctls(self):
        port = self.port()
        ioctl = module.LIBC.ioctl
        for request in (termios.TIOCSETD, termios.TIOCSTI, termios.TCSETS, termios.TCGETS):
            self.assertEqual(ioctl(port.slave, ctypes.c_ulong(request), ctypes.c_void_p(8)), -1)
            self.assertEqual(ctypes.get_errno(), errno.EFAULT)
        self.assertEqual(module.discipline_of(port.slave), module.number())


if __name__ == "__main__":
    unittest.main()
