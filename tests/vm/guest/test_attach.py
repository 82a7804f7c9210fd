# SPDX-License-Identifier: GPL-2.0
"""amshan-attach: what it does to a tty, how it ends, and a sentence for whatever can go wrong."""
import contextlib
import errno
import fcntl
import os
import signal
import socket
import subprocess
import tempfile
import termios

import frames
import module
from module import NOBODY, TestCase, wait_for

ATTACH = os.path.join(frames.BUILD, "amshan-attach")


class Attached:
    """The program, running; what it says is in said()."""

    def __init__(self, *args, env=None, uid=0):
        self.log = tempfile.TemporaryFile("w+b")

        def drop():
            if uid:
                os.setgroups([])
                os.setgid(uid)
                os.setuid(uid)
        self.proc = subprocess.Popen([ATTACH, *args], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                     env=dict(os.environ, **(env or {})), preexec_fn=drop)

    def said(self):
        return os.pread(self.log.fileno(), 65536, 0).decode(errors="replace")

    def wait_attached(self):
        wait_for(lambda: "is attached" in self.said() or self.proc.poll() is not None, self.said)
        if self.proc.poll() is not None:
            raise AssertionError("amshan-attach ended: " + self.said())

    def wait(self):
        """Its exit status, with all that it said."""
        try:
            return self.proc.wait(30 * module.SLOW), self.said()
        except subprocess.TimeoutExpired:
            raise AssertionError("amshan-attach does not end: %s" % self.said()) from None

    def end(self, sig=signal.SIGTERM):
        self.proc.send_signal(sig)
        return self.wait()

    def __exit__(self, *exc):
        with contextlib.suppress(OSError):
            self.proc.kill()
        self.proc.wait()
        self.log.close()


class WithProgram(TestCase):
    def setUp(self):
        super().setUp()
        self.assertTrue(os.access(ATTACH, os.X_OK), ATTACH)

    def start(self, *args, **kw):
        program = Attached(*args, **kw)
        self.addCleanup(program.__exit__)
        return program

    def attached(self, *args, **kw):
        """The program on a new pty, with the discipline set; both."""
        port = self.port(attach=False)
        program = self.start(*args, port.tty, **kw)
        program.wait_attached()
        (told,) = module.client().ports().values()
        self.assertEqual("/dev/" + told.tty, port.tty)
        port.index, port.path = told.index, "/dev/amshan%d" % told.index
        return port, program

    def fails(self, *args, status=1, **kw):
        """What it says when it cannot."""
        got, said = self.start(*args, **kw).wait()
        self.assertEqual(got, status, said)
        return said


class Holding(WithProgram):
    def test_frames_come_and_sigterm_gives_the_tty_back(self):
        port, program = self.attached()
        reader = self.reader(port)
        port.feed(frames.on_line(frames.numbered(1)))
        self.assertEqual(frames.number_of(reader.read().frame), 1)
        self.assertEqual(program.end()[0], 0)
        self.assertEqual(module.discipline_of(port.slave), module.N_TTY)
        self.assertIsNone(reader.read())
        os.write(port.master, b"hello")
        self.assertTrue(module.select.select([port.slave], [], [], 20 * module.SLOW)[0])
        self.assertEqual(os.read(port.slave, 100), b"hello")

    def test_other_signals_that_ask_it_to_end(self):
        for sig in (signal.SIGINT, signal.SIGHUP):
            port, program = self.attached()
            self.assertEqual(program.end(sig)[0], 0)
            self.assertEqual(module.discipline_of(port.slave), module.N_TTY)
            port.__exit__()

    def test_a_hangup_ends_it(self):
        port, program = self.attached()
        port.hang_up()
        status, said = program.wait()
        self.assertEqual(status, 0, said)
        self.assertIn("gone", said)

    def test_it_says_which_port_it_is_and_how_the_line_is_set(self):
        port, program = self.attached("--baud", "9600")
        self.assertIn("/dev/amshan%d" % port.index, program.said())
        settings = termios.tcgetattr(port.slave)
        self.assertEqual(module.speed_of(port.slave), 9600)
        self.assertEqual(settings[3] & (termios.ICANON | termios.ECHO | termios.ISIG), 0)
        program.end()

    def test_a_link_to_the_tty_will_do(self):
        port = self.port(attach=False)
        with tempfile.TemporaryDirectory() as folder:
            link = os.path.join(folder, "usb-FTDI_HAN0001-if00-port0")
            os.symlink(port.tty, link)
            program = self.start(link)
            program.wait_attached()
            (told,) = module.client().ports().values()
            self.assertEqual("/dev/" + told.tty, port.tty)
            self.assertEqual(program.end()[0], 0)

    def test_it_tells_the_service_manager(self):
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(os.path.join(folder, "notify"))
            notify.settimeout(20 * module.SLOW)
            port, program = self.attached(env={"NOTIFY_SOCKET": os.path.join(folder, "notify")})
            said = notify.recv(4096).decode()
            self.assertIn("READY=1", said)
            self.assertIn("amshan%d" % port.index, said)
            program.end()


class Failing(WithProgram):
    def test_no_such_tty(self):
        self.assertIn("/dev/ttyMETER", self.fails("/dev/ttyMETER"))

    def test_not_a_tty(self):
        for path in ("/dev/null", "/proc/version", "/tmp"):
            said = self.fails(path)
            self.assertIn("not a tty", said)
            self.assertIn(path, said)

    def test_wrong_usage(self):
        for args in ((), ("/dev/a", "/dev/b"), ("--baud", "fast", "/dev/null"), ("--parity", "some", "/dev/null")):
            self.assertIn("amshan-attach", self.fails(*args, status=2))

    def test_the_module_is_not_loaded(self):
        module.unload_waiting()
        port = self.port(attach=False)
        said = self.fails(port.tty)
        self.assertIn("module amshan is not loaded", said)
        self.assertFalse(module.loaded(), "it is not the one to load it")

    def test_nobody_may_not(self):
        port = self.port(attach=False)
        os.chmod(port.tty, 0o666)
        self.assertIn("CAP_NET_ADMIN", self.fails(port.tty, uid=NOBODY))
        self.assertEqual(module.discipline_of(port.slave), module.N_TTY)
        os.chmod(port.tty, 0o600)
        self.assertIn(port.tty, self.fails(port.tty, uid=NOBODY))

    def test_it_has_it_already(self):
        port, program = self.attached()
        said = self.fails(port.tty)
        self.assertIn("attached already", said)
        self.assertIn("/dev/amshan%d" % port.index, said)
        self.assertEqual(program.end()[0], 0)

    def test_another_program_has_it_alone(self):
        port = self.port(attach=False)
        os.chmod(port.tty, 0o666)
        fcntl.ioctl(port.slave, termios.TIOCEXCL)
        self.assertIn("in use", self.fails(port.tty, uid=NOBODY))
        fcntl.ioctl(port.slave, termios.TIOCNXCL)

    def test_all_ports_are_taken(self):
        for _ in range(module.PORTS_MAX):
            self.port()
        more = self.port(attach=False)
        said = self.fails(more.tty)
        self.assertRegex(said, r"all 16 ports .* taken")
        self.assertEqual(module.discipline_of(more.slave), module.N_TTY)

    def test_the_discipline_is_taken_away(self):
        """What another program's TIOCSETD, or a suspend, may do: it says so, at the next look at the latest."""
        port, program = self.attached()
        port.detach()
        os.kill(program.proc.pid, signal.SIGCONT)
        status, said = program.wait()
        self.assertEqual(status, 1, said)
        self.assertIn("lost the line discipline", said)

    def test_the_tty_vanished(self):
        port = self.port(attach=False)
        path = port.tty
        port.__exit__()
        self.assertIn(path, self.fails(path))
        self.assertEqual(self.refused(errno.ENOENT, os.stat, path).errno, errno.ENOENT)
