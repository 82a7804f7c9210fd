# SPDX-License-Identifier: GPL-2.0
"""amshan-attach without the module: its sentences, and what it does to a tty.

The list of line disciplines is replaced, in a mount namespace of its own, by one in which "amshan" has the number of
n_null, which every kernel has: a discipline that takes octets and does nothing.  What needs the module itself is tested
in virtual machines.
"""
import fcntl
import os
import pty
import shutil
import signal
import socket
import struct
import subprocess
import termios
import tty
import unittest

import lab

ATTACH = os.path.join(lab.BUILD, "amshan-attach")

TIOCGETD, TIOCSETD, TCGETS2 = 0x5424, 0x5423, 0x802c542a
N_TTY, N_NULL = 0, 27
NOBODY = 65534

# As amshan-attach sees it: n_null under our name.
LOADED = "n_tty       0\nn_null     26\namshan     27\n"
BARE = "n_tty       0\nn_null     27\n"


def ioctl_int(fd, request, value=0):
    return struct.unpack("i", fcntl.ioctl(fd, request, struct.pack("i", value)))[0]


class Pty:
    """A pseudo-terminal; the slave is the tty.  The master keeps it alive and shows its settings."""

    def __enter__(self):
        self.master, slave = pty.openpty()
        self.path = os.ttyname(slave)
        self.name = self.path.removeprefix("/dev/")
        os.close(slave)
        return self

    def __exit__(self, *exc):
        self.hang_up()

    def hang_up(self):
        if self.master is not None:
            os.close(self.master)
        self.master = None

    def open(self):
        # O_EXCL does not stop root, who runs these tests.
        return os.open(self.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    def ldisc(self):
        fd = self.open()
        try:
            return ioctl_int(fd, TIOCGETD)
        finally:
            os.close(fd)


class Notify:
    """The service manager's end of sd_notify()."""

    def __init__(self, folder):
        self.path = folder.file("notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(10)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.socket.close()

    def next(self):
        return self.socket.recv(4096).decode().split("\n")


def mounts_work():
    run = subprocess.run(["unshare", "-m", "--propagation", "private", "mount", "-t", "tmpfs", "none", "/proc/tty"],
                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return run.returncode == 0


class Usage(unittest.TestCase):
    """What is said before anything is done."""

    def attach(self, *args):
        return subprocess.run([ATTACH, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=30)

    def test_help_and_version(self):
        for args in (["--help"], ["-h"]):
            run = self.attach(*args)
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            self.assertTrue(run.stdout.startswith("Usage: amshan-attach [OPTION]... TTY\n"))
        for args in (["--version"], ["-V"]):
            run = self.attach(*args)
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            self.assertRegex(run.stdout, r"^amshan-attach \d+\.\d+\.\d+\n$")

    def test_wrong_usage(self):
        for args, said in (([], 'a TTY is missing; "amshan-attach --help" shows what it takes'),
                           (["a", "b"], 'one TTY at a time; "amshan-attach --help" shows what it takes'),
                           (["--baud", "fast", "a"], '--baud: "fast" is not a number from 1 to 12000000'),
                           (["--baud=12000001", "a"], '--baud: "12000001" is not a number from 1 to 12000000'),
                           (["--parity=mark", "a"], '--parity: "mark" is not one of none, even, odd'),
                           (["--data", "9", "a"], '--data: "9" is not one of 5, 6, 7, 8'),
                           (["--stop", "0", "a"], '--stop: "0" is not one of 1, 2'),
                           (["--rtscts", "a"], "unrecognized option '--rtscts'"),
                           (["--baud"], "option '--baud' requires an argument")):
            run = self.attach(*args)
            self.assertEqual((run.returncode, run.stdout), (2, ""), args)
            self.assertEqual(run.stderr.replace(ATTACH, "amshan-attach"), "amshan-attach: %s\n" % said)

    def test_what_is_no_tty(self):
        with lab.Folder() as folder:
            file = folder.write("file", "x")
            for path, said in ((folder.file("none"), "no such tty: %s"),
                               ("", "no such tty: %s"),
                               (file + "/deeper", "no such tty: %s"),
                               (file, "not a tty: %s is no character device"),
                               (folder.path, "not a tty: %s is no character device")):
                run = self.attach(path)
                self.assertEqual((run.returncode, run.stdout, run.stderr), (1, "", said % path + "\n"))

    def test_the_sentence_is_harmless_for_a_terminal(self):
        run = self.attach("/dev/\033[2J\nx")
        self.assertEqual((run.returncode, run.stderr), (1, "no such tty: /dev/\\x1b[2J\\x0ax\n"))


@unittest.skipUnless(os.geteuid() == 0, "only root may replace the list of line disciplines")
class WithList(unittest.TestCase):
    """With a list of line disciplines of our own."""

    @classmethod
    def setUpClass(cls):
        if not mounts_work():
            raise unittest.SkipTest("no mount namespaces here")

    def setUp(self):
        self.folder = self.enterContext(lab.Folder())
        os.chmod(self.folder.path, 0o755)
        self.pty = self.enterContext(Pty())

    def argv(self, ldiscs, args, user=None):
        # Not the build folder: it may be closed to other users.
        program = shutil.copy(ATTACH, self.folder.file("amshan-attach")) if user else ATTACH
        mount = "mount --bind '%s' /proc/tty/ldiscs" % self.folder.write("ldiscs", ldiscs) if ldiscs is not None \
            else "mount -t tmpfs none /proc/tty"
        become = ["setpriv", "--reuid", str(user), "--regid", str(user), "--clear-groups"] if user else []
        return ["unshare", "-m", "--propagation", "private", "sh", "-ec", mount + '; exec "$@"', "sh", *become,
                program, *args]

    def fails(self, said, *args, ldiscs=LOADED, user=None):
        """It ends with status 1 and one sentence."""
        run = subprocess.run(self.argv(ldiscs, args or (self.pty.path,), user), stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30)
        self.assertEqual((run.stderr, run.stdout, run.returncode), (said + "\n", "", 1))

    def attach(self, *args):
        """A running amshan-attach that has said READY=1."""
        self.notify = self.enterContext(Notify(self.folder))
        proc = self.enterContext(lab.Process(self.argv(LOADED, args or (self.pty.path,)),
                                             env={"NOTIFY_SOCKET": self.notify.path}))
        self.said = self.notify.next()
        self.assertEqual(self.said[0], "READY=1", proc.log())
        return proc

    def test_the_module_is_not_loaded(self):
        self.fails("the module amshan is not loaded: modprobe amshan", ldiscs=BARE)
        self.fails("the module amshan is not loaded: modprobe amshan", ldiscs="")

    def test_its_number_is_held_by_another(self):
        self.fails('the module amshan is not loaded, and the line discipline 29 that it takes is held by "x25": '
                   "modprobe amshan ldisc=N, with a number that is not in /proc/tty/ldiscs",
                   ldiscs=BARE + "x25        29\n")

    def test_the_list_is_hidden(self):
        self.fails("cannot tell whether the module amshan is loaded: /proc/tty/ldiscs: No such file or directory",
                   ldiscs=None)

    def test_the_module_goes_in_between(self):
        before = termios.tcgetattr(self.pty.master)
        self.fails("cannot attach %s: the module amshan was unloaded in between" % self.pty.name,
                   ldiscs=BARE + "amshan     29\n")
        self.assertEqual(termios.tcgetattr(self.pty.master), before)

    def test_a_character_device_that_is_no_tty(self):
        self.fails("not a tty: /dev/null", "/dev/null")

    def test_a_node_without_a_device(self):
        node = self.folder.file("ttyNONE")
        os.mknod(node, 0o600 | 0o020000, os.makedev(240, 255))
        self.fails("no such tty: there is no device behind %s" % node, node)

    def test_no_permission(self):
        os.chown(self.pty.path, 0, 20)
        os.chmod(self.pty.path, 0o660)
        group = subprocess.run(["getent", "group", "20"], stdout=subprocess.PIPE, text=True).stdout.split(":")[0]
        self.assertTrue(group)
        self.fails('may not open %s: our user has to be a member of group "%s"' % (self.pty.path, group), user=NOBODY)
        os.chmod(self.pty.path, 0o620)
        self.fails("may not open %s: its mode is 0620, no group may read and write it" % self.pty.path, user=NOBODY)

    def test_a_closed_directory(self):
        os.mkdir(self.folder.file("closed"), 0o700)
        link = self.folder.file("closed/tty")
        os.symlink(self.pty.path, link)
        self.fails("may not open %s: a directory above it is closed to us" % link, link, user=NOBODY)

    def test_in_use(self):
        fd = self.pty.open()
        self.addCleanup(os.close, fd)
        # By the kernel's lock, and by that of programs that ask each other.
        os.chmod(self.pty.path, 0o666)
        fcntl.ioctl(fd, termios.TIOCEXCL)
        self.fails("%s is in use by another program" % self.pty.name, user=NOBODY)
        fcntl.flock(fd, fcntl.LOCK_EX)
        before = termios.tcgetattr(self.pty.master)
        self.fails("%s is in use by another program" % self.pty.name)
        self.assertEqual(termios.tcgetattr(self.pty.master), before)
        # The other one's lock is not taken away.
        self.fails("%s is in use by another program" % self.pty.name, user=NOBODY)

    def test_another_discipline(self):
        fd = self.pty.open()
        self.addCleanup(os.close, fd)
        ioctl_int(fd, TIOCSETD, N_NULL)
        self.fails('%s has the line discipline "n_null" (27): another program uses it' % self.pty.name,
                   ldiscs=BARE + "amshan     26\n")
        # Ours, by somebody who does not lock.
        self.fails("%s is in use by another program" % self.pty.name)
        self.assertEqual(ioctl_int(fd, TIOCGETD), N_NULL)

    # ---- attached ----

    def status(self, suffix="; the module does not tell as which port"):
        return "STATUS=%s is attached%s" % (self.pty.name, suffix)

    def test_what_it_sets_and_gives_back(self):
        before = termios.tcgetattr(self.pty.master)
        self.assertTrue(before[3] & termios.ECHO)
        for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(sig=sig):
                self.check_holding(sig, before)

    def check_holding(self, sig, before):
        proc = self.attach("--baud", "9600", "--stop", "2", "--parity=even", self.pty.path)
        self.assertIn(self.status(), self.said)
        self.assertEqual(self.pty.ldisc(), N_NULL)
        iflag, oflag, cflag, lflag = termios.tcgetattr(self.pty.master)[:4]
        self.assertEqual((iflag, oflag, lflag), (termios.INPCK | termios.BRKINT, 0, 0))
        self.assertTrue(cflag & termios.CSTOPB and cflag & termios.CREAD and cflag & termios.CLOCAL)
        termios2 = fcntl.ioctl(self.pty.master, TCGETS2, bytes(44))
        self.assertEqual(struct.unpack("II", termios2[-8:]), (9600, 9600))
        # Nobody else may open it: root may, so ask as another.
        os.chmod(self.pty.path, 0o666)
        self.assertEqual(subprocess.run(["setpriv", "--reuid", str(NOBODY), "--clear-groups", "sh", "-c",
                                         ": <" + self.pty.path], stderr=subprocess.DEVNULL).returncode, 2)
        self.fails("%s is in use by another program" % self.pty.name)

        self.assertEqual(proc.stop(sig), 0, proc.log())
        self.assertEqual(self.notify.next(), ["STOPPING=1", "STATUS=%s is given back" % self.pty.name])
        self.assertEqual(proc.log().splitlines(), [self.status()[len("STATUS="):],
                                                   "%s is given back" % self.pty.name])
        self.assertEqual(self.pty.ldisc(), N_TTY)
        self.assertEqual(termios.tcgetattr(self.pty.master), before)
        self.notify.socket.close()
        os.unlink(self.notify.path)

    def test_links_are_resolved_and_said(self):
        link = self.folder.file("usb-Meter_Adapter-if00-port0")
        os.symlink(self.pty.path, link)
        proc = self.attach(link)
        self.assertIn(self.status(), self.said)
        self.assertEqual(proc.log().splitlines()[0], "%s is %s" % (link, self.pty.name))

    def test_a_hangup_is_the_end(self):
        proc = self.attach()
        name = self.pty.name
        self.pty.hang_up()
        # n_null tells nobody of a hangup; a discipline with a poll operation does.
        proc.proc.send_signal(signal.SIGCONT)
        self.assertEqual(proc.proc.wait(10), 0)
        self.assertEqual(proc.log().splitlines()[-1], "%s is gone" % name)
        self.assertEqual(self.notify.next(), ["STOPPING=1", "STATUS=%s is gone" % name])

    def test_the_other_end_is_gone_already(self):
        self.pty.hang_up()
        self.fails("no such tty: %s" % self.pty.path)

    def test_the_discipline_is_lost(self):
        proc = self.attach()
        fd = self.pty.open()
        self.addCleanup(os.close, fd)
        proc.proc.send_signal(signal.SIGCONT)
        ioctl_int(fd, TIOCSETD, N_TTY)
        tty.setraw(fd)
        settings = termios.tcgetattr(fd)
        proc.proc.send_signal(signal.SIGCONT)
        self.assertEqual(proc.proc.wait(10), 1)
        said = '%s has lost the line discipline, it has "n_tty" (0) now' % self.pty.name
        self.assertEqual(proc.log().splitlines()[-1], said)
        self.assertEqual(self.notify.next(), ["STOPPING=1", "STATUS=" + said])
        # Whoever took it has set it as well.
        self.assertEqual(termios.tcgetattr(fd), settings)

    def test_it_holds_without_a_service_manager(self):
        with lab.Process(self.argv(LOADED, [self.pty.path])) as proc:
            proc.wait_log("is attached")
            # Octets of the meter are not its business.
            os.write(self.pty.master, b"\x7e" * 2000)
            self.assertEqual(self.pty.ldisc(), N_NULL)
            self.assertIsNone(proc.proc.poll())

    def test_failures_are_told_to_the_service_manager(self):
        with Notify(self.folder) as notify:
            env = dict(os.environ, NOTIFY_SOCKET=notify.path)
            run = subprocess.run(self.argv(BARE, [self.pty.path]), env=env, stdin=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL, timeout=30)
            self.assertEqual(run.returncode, 1)
            self.assertEqual(notify.next(), ["STATUS=the module amshan is not loaded: modprobe amshan", "ERRNO=2"])


if __name__ == "__main__":
    unittest.main()
