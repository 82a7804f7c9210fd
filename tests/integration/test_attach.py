# SPDX-License-Identifier: GPL-2.0
"""amshan-attach without the module: its sentences, and what it does to a tty.

The list of line disciplines is replaced, in a mount namespace of its own, by one in which "amshan" has the number of
n_null, which every kernel has: a discipline that takes octets and does nothing.  What needs the module itself is tested
in virtual machines.
"""
import contextlib
import fcntl
import os
import shutil
import signal
import socket
import struct
import subprocess
import termios
import time
import tty
import unittest

import lab

ATTACH = os.path.join(lab.BUILD, "amshan-attach")

TIOCGETD, TIOCSETD, TCGETS2 = 0x5424, 0x5423, 0x802c542a
N_TTY, N_NULL = 0, 27
NOT_ENABLED = 3     # exit status
NOBODY = 65534
FIRST_PTY = 100

# As amshan-attach sees it: n_null under our name.
LOADED = "n_tty       0\nn_null     26\namshan     27\n"
BARE = "n_tty       0\nn_null     27\n"


def ioctl_int(fd, request, value=0):
    return struct.unpack("i", fcntl.ioctl(fd, request, struct.pack("i", value)))[0]


class Pty(lab.Pty):
    """One of a number that no other test gets once it has hung up: the kernel gives the lowest that is free."""

    def __enter__(self):
        with contextlib.ExitStack() as low:
            while True:
                super().__enter__()
                if int(self.name.removeprefix("pts/")) >= FIRST_PTY:
                    return self
                low.callback(os.close, self.master)

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
        os.chmod(self.path, 0o666)
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
                           (["--udev", "--parity", "even", "a"], "--udev and --parity do not go together"),
                           (["--baud=2400", "--udev", "a"], "--udev and --baud do not go together"),
                           (["--wait"], 'a TTY is missing; "amshan-attach --help" shows what it takes'),
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
        self.mounts = ""

    def udev(self, *properties, known=True, runs=False, enabled=True):
        """From now on there is a udev, as far as files tell, with these properties of the tty."""
        if enabled:
            properties = ("AMSHAN_ADAPTER=1", *properties)
        number = os.stat(self.pty.path).st_rdev
        name, devt = self.pty.name, "%d:%d" % (os.major(number), os.minor(number))
        tty_folder = "sys/devices/virtual/tty/" + name.replace("/", "")
        self.folder.write(tty_folder + "/uevent", "MAJOR=%s\nMINOR=%s\nDEVNAME=%s\n" % (*devt.split(":"), name))
        for folder in ("sys/dev/char", "sys/class/tty", "run/udev/data"):
            os.makedirs(self.folder.file(folder), exist_ok=True)
        for link, to in ((tty_folder + "/subsystem", "../../../../class/tty"),
                         ("sys/dev/char/" + devt, "../../" + tty_folder.removeprefix("sys/"))):
            if not os.path.lexists(self.folder.file(link)):
                os.symlink(to, self.folder.file(link))
        if runs:
            self.folder.write("run/udev/control", "")
        if known:
            self.folder.write("run/udev/data/c" + devt, "I:1000\n" + "".join("E:%s\n" % p for p in properties))
        self.mounts = 'mount --bind "%s" /sys; mount --bind "%s" /run; ' % (self.folder.file("sys"),
                                                                          self.folder.file("run"))

    def argv(self, ldiscs, args, user=None):
        # Not the build folder: it may be closed to other users.
        program = shutil.copy(ATTACH, self.folder.file("amshan-attach")) if user else ATTACH
        mount = "mount --bind '%s' /proc/tty/ldiscs" % self.folder.write("ldiscs", ldiscs) if ldiscs is not None \
            else "mount -t tmpfs none /proc/tty"
        become = ["setpriv", "--reuid", str(user), "--regid", str(user), "--clear-groups"] if user else []
        # What is no sysfs is not taken for one unless it is said.
        return ["unshare", "-m", "--propagation", "private", "env", "SYSTEMD_DEVICE_VERIFY_SYSFS=0",
                "sh", "-ec", self.mounts + mount + '; exec "$@"', "sh", *become, program, *args]

    def fails(self, said, *args, ldiscs=LOADED, user=None, status=1):
        """It ends with this status and one sentence."""
        run = subprocess.run(self.argv(ldiscs, args or (self.pty.path,), user), stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30)
        self.assertEqual((run.stderr, run.stdout, run.returncode), (said + "\n", "", status))

    def attach(self, *args, ldiscs=LOADED, user=None):
        """A running amshan-attach that has said READY=1."""
        self.notify = self.enterContext(Notify(self.folder))
        proc = self.enterContext(lab.Process(self.argv(ldiscs, args or (self.pty.path,), user),
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

    def wait_looked(self, proc):
        """Until SIGCONT was taken: one that comes while the program ends is too much for the leak sanitizer."""
        def asleep():
            with open("/proc/%d/status" % proc.proc.pid) as f:
                told = dict(line.split(":\t", 1) for line in f.read().splitlines() if ":\t" in line)
            return told["State"].startswith("S") and not int(told["ShdPnd"], 16)
        lab.wait_for(asleep, why=proc.log)

    def test_the_discipline_is_lost(self):
        proc = self.attach()
        fd = self.pty.open()
        self.addCleanup(os.close, fd)
        proc.proc.send_signal(signal.SIGCONT)
        self.wait_looked(proc)
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

    # ---- settings from udev ----

    def line(self):
        """As the other end sees it: baud, and whether there are two stop bits; a pty has no parity."""
        cflag = termios.tcgetattr(self.pty.master)[2]
        termios2 = fcntl.ioctl(self.pty.master, TCGETS2, bytes(44))
        return struct.unpack("I", termios2[-4:])[0], bool(cflag & termios.CSTOPB)

    def test_settings_from_udev(self):
        self.udev("AMSHAN_BAUD=9600", "AMSHAN_PARITY=even", "AMSHAN_STOP=2", "AMSHAN_DATA=")
        proc = self.attach("--udev", self.pty.path)
        self.assertEqual(self.line(), (9600, True))
        # With a parity a break is told of.
        self.assertEqual(termios.tcgetattr(self.pty.master)[0], termios.INPCK | termios.BRKINT)
        self.assertEqual(proc.log(), self.status()[len("STATUS="):] + "\n")

    def test_udev_says_nothing_of_settings(self):
        self.udev("ID_SERIAL=x")
        proc = self.attach("--udev", self.pty.path)
        self.assertEqual(self.line(), (2400, False))
        self.assertEqual(proc.log(), self.status()[len("STATUS="):] + "\n")

    def test_udev_does_not_know_it(self):
        said = "udev does not know %s: taking 2400 8N1" % self.pty.name
        proc = self.attach("--udev", self.pty.path)     # a pty is not in sysfs
        self.assertEqual(proc.log().splitlines(), [said, self.status()[len("STATUS="):]])
        self.assertEqual(self.line(), (2400, False))
        proc.stop()
        self.notify.socket.close()
        os.unlink(self.notify.path)
        self.udev(known=False)
        proc = self.attach("--udev", "--wait", self.pty.path, ldiscs=BARE)
        proc.proc.send_signal(signal.SIGCONT)
        self.folder.write("ldiscs", LOADED)
        proc.proc.send_signal(signal.SIGCONT)
        proc.wait_log("is attached")
        self.assertEqual(proc.log().count(said), 1, proc.log())

    def test_what_is_not_enabled_is_left_alone(self):
        said = '%s is not enabled: "amshanctl enable %s" does that' % (self.pty.name, self.pty.path)
        for properties in ("ID_SERIAL=x",), ("AMSHAN_ADAPTER=0",):
            self.udev(*properties, enabled=False)
            self.fails(said, "--udev", self.pty.path, status=NOT_ENABLED)
            proc = self.attach("--udev", "--wait", self.pty.path)
            self.assertEqual(proc.proc.wait(10), NOT_ENABLED)
            self.assertEqual(proc.log(), said + "\n")
            self.notify.socket.close()
            os.unlink(self.notify.path)

    def test_what_is_not_enabled_any_more_is_given_back(self):
        self.udev()
        proc = self.attach("--udev", "--wait", self.pty.path)
        proc.wait_log("is attached")
        self.udev(enabled=False)
        # udev's event does that at once; there is none here.
        proc.proc.send_signal(signal.SIGCONT)
        self.assertEqual(proc.proc.wait(10), NOT_ENABLED)
        self.assertIn("is not enabled", proc.log())
        fd = self.pty.open()
        self.addCleanup(os.close, fd)
        self.assertEqual(ioctl_int(fd, TIOCGETD), N_TTY)

    def test_what_udev_has_still_to_look_at_is_waited_for(self):
        """Without a word, as that takes a moment; until then another adapter may have been there."""
        said = "udev has not looked at %s yet" % self.pty.name
        self.udev(known=False, runs=True)
        self.fails(said, "--udev", self.pty.path)
        proc = self.attach("--udev", "--wait", self.pty.path)
        self.assertEqual(self.said, ["READY=1", "STATUS=" + said])
        self.udev("AMSHAN_BAUD=9600")
        proc.wait_log("is attached")
        self.assertEqual(proc.log().count("\n"), 1, proc.log())
        self.assertEqual(self.line(), (9600, False))

    def test_wrong_values_in_udev(self):
        for said, wrong in (('BAUD: "fast" is not a number from 1 to 12000000', "AMSHAN_BAUD=fast"),
                            ('PARITY: "Even" is not one of none, even, odd', "AMSHAN_PARITY=Even"),
                            ('DATA: "9" is not one of 5, 6, 7, 8', "AMSHAN_DATA=9"),
                            ('STOP: "1.5" is not one of 1, 2', "AMSHAN_STOP=1.5"),
                            ('FRAMING: "P1" is not one of hdlc, p1, mbus, apdu', "AMSHAN_FRAMING=P1")):
            self.udev(wrong)
            self.fails("%s: wrong udev property AMSHAN_%s" % (self.pty.name, said), "--udev", self.pty.path)

    def test_what_is_for_amshand_is_left_alone(self):
        for framing in ("p1", "mbus", "apdu"):
            self.udev("AMSHAN_FRAMING=" + framing)
            self.fails("%s is not for the module: amshand reads it by itself, as its AMSHAN_FRAMING says"
                       % self.pty.name, "--udev", self.pty.path, status=NOT_ENABLED)
        self.udev("AMSHAN_FRAMING=hdlc")
        self.attach("--udev", self.pty.path).wait_log("is attached")

    # ---- a source of amshand that asks udev ----

    def source(self, query):
        """amshand with the tty as its source, among the same files."""
        conf = self.folder.write("amshand.conf", 'state-directory = "%s"\nsource "s" {\n uri = "serial:%s?%s"\n}\n' %
                                 (self.folder.file("state"), self.pty.path, query))
        argv = self.argv(LOADED, ("--user", "-c", conf))
        argv[argv.index(ATTACH)] = lab.AMSHAND
        return self.enterContext(lab.Process(argv, env={"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}))

    def test_a_source_asks_udev(self):
        module = "for the module, not for amshand: kernel:%s"
        for said, properties, enabled in (
                ("not enabled: %s", (), False), (module, (), True), (module, ("AMSHAN_FRAMING=hdlc",), True),
                ('wrong udev property AMSHAN_BAUD: "fast" is not a number from 1 to 12000000: %s',
                 ("AMSHAN_FRAMING=p1", "AMSHAN_BAUD=fast"), True)):
            with self.subTest(said=said):
                self.udev(*properties, enabled=enabled)
                with self.source("udev=yes") as daemon:
                    daemon.wait_log("s: " + said % self.pty.path)
        self.udev("AMSHAN_FRAMING=p1", "AMSHAN_BAUD=9600", "AMSHAN_STOP=2")
        with self.source("udev=yes&baud=300") as daemon:
            daemon.wait_log("s: open")
            self.assertEqual(self.line(), (9600, True))
        # It does so only if it is told to, and then only where there is udev.
        with self.source("baud=300") as daemon:
            daemon.wait_log("s: open")
            self.assertEqual(self.line(), (300, False))

    def test_a_source_waits_for_udev(self):
        self.udev(known=False, runs=True)
        daemon = self.source("udev=yes")
        daemon.wait_log("s: udev has not looked at %s yet" % self.pty.path)
        self.udev("AMSHAN_FRAMING=mbus", "AMSHAN_BAUD=9600")
        lab.wait_for(lambda: self.line() == (9600, False), 3, why=daemon.log)

    # ---- waiting ----

    def reason(self, said):
        return said + "; trying again every 5 s"

    def again(self, proc, status):
        """It tries at once, and says to the service manager what came of it."""
        proc.proc.send_signal(signal.SIGCONT)
        self.assertEqual(self.notify.next(), ["STATUS=" + status])

    def test_it_waits_for_the_module(self):
        bare = "the module amshan is not loaded: modprobe amshan"
        x25 = 'the module amshan is not loaded, and the line discipline 29 that it takes is held by "x25": ' \
              "modprobe amshan ldisc=N, with a number that is not in /proc/tty/ldiscs"
        proc = self.attach("--wait", self.pty.path, ldiscs=BARE)
        self.assertEqual(self.said, ["READY=1", "STATUS=" + bare])
        for _ in range(3):
            proc.proc.send_signal(signal.SIGCONT)
        self.wait_looked(proc)      # not while the file is written
        self.folder.write("ldiscs", BARE + "x25   29\n")
        self.again(proc, x25)
        self.assertEqual(self.pty.ldisc(), N_TTY)
        self.folder.write("ldiscs", LOADED)
        self.again(proc, self.status()[len("STATUS="):])
        self.assertEqual(self.pty.ldisc(), N_NULL)
        self.assertEqual(proc.log().splitlines(), [self.reason(bare), self.reason(x25),
                                                   self.status()[len("STATUS="):]])
        self.assertEqual(proc.stop(), 0)
        self.assertEqual(self.notify.next(), ["STOPPING=1", "STATUS=%s is given back" % self.pty.name])
        self.assertEqual(self.pty.ldisc(), N_TTY)

    def test_it_tries_by_itself(self):
        proc = self.attach("--wait", self.pty.path, ldiscs=BARE)
        self.folder.write("ldiscs", LOADED)
        proc.wait_log("is attached", 15)

    def test_it_waits_for_another_program(self):
        fd = self.pty.open()
        fcntl.flock(fd, fcntl.LOCK_EX)
        proc = self.attach("--wait", self.pty.path)
        busy = "%s is in use by another program" % self.pty.name
        self.assertEqual(self.said, ["READY=1", "STATUS=" + busy])
        proc.proc.send_signal(signal.SIGCONT)
        os.close(fd)
        self.again(proc, self.status()[len("STATUS="):])
        self.assertEqual(proc.log().splitlines()[0], self.reason(busy))

    def test_it_waits_for_rights(self):
        os.chmod(self.pty.path, 0o600)
        proc = self.attach("--wait", self.pty.path, user=NOBODY)
        self.assertEqual(self.said, ["READY=1", "STATUS=may not open %s: its mode is 0600, no group may read and "
                                     "write it" % self.pty.path])
        os.chmod(self.pty.path, 0o666)
        self.again(proc, self.status()[len("STATUS="):])

    def test_a_tty_that_udev_is_still_to_give_away(self):
        """As udev's database may be that of the adapter that was there before, a word would be too early."""
        self.udev()
        os.chown(self.pty.path, 0, 20)
        os.chmod(self.pty.path, 0o600)
        proc = self.attach("--udev", "--wait", self.pty.path, user=NOBODY)
        self.assertIn("may not open", self.said[1])
        self.assertEqual(proc.log(), "")
        os.chmod(self.pty.path, 0o666)
        proc.wait_log("is attached")
        self.assertEqual(proc.log().count("\n"), 1, proc.log())

    def test_it_waits_for_right_settings(self):
        self.udev("AMSHAN_PARITY=Even")
        proc = self.attach("--udev", "--wait", self.pty.path)
        wrong = '%s: wrong udev property AMSHAN_PARITY: "Even" is not one of none, even, odd' % self.pty.name
        self.assertEqual(self.said, ["READY=1", "STATUS=" + wrong])
        self.udev("AMSHAN_PARITY=even", "AMSHAN_BAUD=9600")
        self.again(proc, self.status()[len("STATUS="):])
        self.assertEqual(self.line(), (9600, False))

    def test_a_lost_discipline_is_set_again(self):
        proc = self.attach("--wait", self.pty.path)
        fd = self.pty.open()
        self.addCleanup(os.close, fd)
        ioctl_int(fd, TIOCSETD, N_TTY)
        lost = '%s has lost the line discipline, it has "n_tty" (0) now' % self.pty.name
        self.again(proc, lost)
        # By itself, after a second.
        self.assertEqual(self.notify.next(), ["STATUS=" + self.status()[len("STATUS="):]])
        self.assertEqual(ioctl_int(fd, TIOCGETD), N_NULL)
        self.assertEqual(proc.log().count("has lost"), 1)
        self.assertIsNone(proc.proc.poll())

    def test_signals_end_the_waiting(self):
        for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            proc = self.attach("--wait", self.pty.path, ldiscs=BARE)
            begin = time.monotonic()
            self.assertEqual(proc.stop(sig), 0)
            self.assertLess(time.monotonic() - begin, 0.5)
            said = "%s is not waited for any more" % self.pty.name
            self.assertEqual(proc.log().splitlines()[1:], [said])
            self.assertEqual(self.notify.next(), ["STOPPING=1", "STATUS=" + said])
            self.notify.socket.close()
            os.unlink(self.notify.path)

    def test_a_hangup_ends_the_waiting(self):
        proc = self.attach("--wait", self.pty.path, ldiscs=BARE)
        begin = time.monotonic()
        path = self.pty.path
        self.pty.hang_up()
        self.assertEqual(proc.proc.wait(10), 0)
        self.assertLess(time.monotonic() - begin, 2)
        self.assertEqual(proc.log().splitlines()[1:], ["no such tty: " + path])

    def test_a_hangup_ends_the_holding(self):
        proc = self.attach("--wait", self.pty.path)
        self.pty.hang_up()
        # The discipline that stands in for ours tells nobody of a hangup.
        proc.proc.send_signal(signal.SIGCONT)
        self.assertEqual(proc.proc.wait(10), 0)
        self.assertEqual(proc.log().splitlines()[-1], "%s is gone" % self.pty.name)

    def test_an_adapter_that_does_not_answer_is_waited_for(self):
        """As long as there is a node: a service that ended would be started again and again."""
        node = self.folder.file("ttyNONE")
        os.mknod(node, 0o600 | 0o020000, os.makedev(240, 255))
        proc = self.attach("--wait", node)
        self.assertEqual(self.said[1], "STATUS=no such tty: there is no device behind " + node)
        with self.assertRaises(subprocess.TimeoutExpired):
            proc.proc.wait(6)
        self.assertEqual(proc.log().count("no such tty"), 1)
        os.unlink(node)
        self.assertEqual(proc.proc.wait(10), 0)

    def test_there_is_nothing_to_wait_for(self):
        """A tty that is gone is no failure of the service, which has to be ready before it ends."""
        self.pty.hang_up()
        proc = self.attach("--wait", self.pty.path)
        said = "STATUS=no such tty: " + self.pty.path
        self.assertEqual(self.said, ["READY=1", said])
        self.assertEqual(self.notify.next(), ["STOPPING=1", said])
        self.assertEqual(proc.proc.wait(10), 0)
        self.fails("not a tty: /dev/null", "--wait", "/dev/null")


if __name__ == "__main__":
    unittest.main()
