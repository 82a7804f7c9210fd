# SPDX-License-Identifier: GPL-2.0
"""The rules of udev: who is attached when it is plugged in, the devices of the module, their links; and
amshan-attach --udev --wait, which reads what the rules have left.

udevd runs, systemd does not: what would be started is seen in the properties.  Rules and hardware database
are those of the tree, put where udev looks for them as long as the tests run.
"""
import fcntl
import glob
import grp
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import termios
import time

import frames
import module
import test_daemon
import test_usb
from module import wait_for
from test_attach import Attached

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
RULES = os.path.join(TOP, "udev", "78-amshan.rules")
HWDB = os.path.join(TOP, "udev", "78-amshan.hwdb")
PLACE = "/run/udev/rules.d"
LOCAL = PLACE + "/77-amshan-test.rules"
DATABASE = "/etc/udev/hwdb.bin"
GROUP = "amshan"
GROUPS = "/etc/group"

NAME = "usb-QEMU_QEMU_USB_SERIAL_%s-if00-port0" % test_usb.SERIAL
BY_SERIAL = 'SUBSYSTEM=="tty", ENV{ID_SERIAL}=="QEMU_QEMU_USB_SERIAL_%s", ENV{ID_USB_INTERFACE_NUM}=="00", ' \
            'ENV{.ID_PORT}=="0"' % test_usb.SERIAL
ENABLED = BY_SERIAL + ', ENV{AMSHAN_ADAPTER}="1"'
# Its meter sends telegrams: not for the module.
TELEGRAMS = ENABLED + ', ENV{AMSHAN_BAUD}="115200", ENV{AMSHAN_FRAMING}="p1"'
KEY = "amshan:usb:v0403p6001:mQEMU:pQEMU_USB_SERIAL:"


def run(*argv):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise AssertionError("%s: status %d: %s" % (" ".join(argv), done.returncode, done.stdout))
    return done.stdout


def reload():
    run("udevadm", "control", "--reload")


def settle():
    run("udevadm", "settle", "--timeout=%d" % (30 * module.SLOW))


def properties(node):
    """What udev's database has of a device, but for what the kernel says each time."""
    lines = run("udevadm", "info", "--query=property", "--name=" + node).splitlines()
    return dict(line.split("=", 1) for line in lines)


def group():
    try:
        return grp.getgrnam(GROUP)
    except KeyError:
        return None


def links():
    """Below /dev/amshan: {name of the link: where it leads}."""
    found = glob.glob("/dev/amshan/*/*")
    return {path[len("/dev/amshan/"):]: os.path.realpath(path) for path in found}


class WithRules(test_usb.WithHost):
    """Our rules, and local ones by local()."""

    @classmethod
    def setUpClass(cls):
        # udev looks a group up when it reads the rules.  Not every root has a program that makes one.
        with open(GROUPS) as f:
            cls.groups = f.read()
        if group() is None:
            number = next(n for n in range(999, 100, -1) if ":%d:" % n not in cls.groups)
            with open(GROUPS, "a") as f:
                f.write("%s:x:%d:\n" % (GROUP, number))
        os.makedirs(PLACE, exist_ok=True)
        shutil.copy(RULES, PLACE)
        reload()

    @classmethod
    def tearDownClass(cls):
        os.unlink(os.path.join(PLACE, os.path.basename(RULES)))
        with open(GROUPS, "w") as f:
            f.write(cls.groups)
        reload()

    def setUp(self):
        super().setUp()
        # The links of a port go a moment after it.
        self.addCleanup(settle)

    def local(self, *lines):
        if not os.path.exists(LOCAL):
            self.addCleanup(self.forget)
        with open(LOCAL, "w") as f:
            f.write("\n".join(lines) + "\n")
        reload()

    @staticmethod
    def forget():
        os.unlink(LOCAL)
        reload()

    def database(self, *entries):
        """A hardware database of ours and these entries."""
        with tempfile.TemporaryDirectory() as folder:
            place = os.path.join(folder, "etc/udev/hwdb.d")
            os.makedirs(place)
            shutil.copy(HWDB, place)
            with open(os.path.join(place, "99-test.hwdb"), "w") as f:
                f.write("".join("%s\n%s\n\n" % (key, "".join(" %s\n" % s for s in said)) for key, said in entries))
            run("systemd-hwdb", "update", "--strict", "--root=" + folder)
            shutil.copy(os.path.join(folder, "etc/udev/hwdb.bin"), DATABASE)
        self.addCleanup(self.forget_database)
        reload()

    @staticmethod
    def forget_database():
        os.unlink(DATABASE)
        reload()

    def plugged(self, **kw):
        adapter = self.adapter(**kw)
        settle()
        return adapter

    def trigger(self):
        run("udevadm", "trigger", "--action=change", "--name-match=" + test_usb.TTY)
        settle()

    def check_attached_by_udev(self, told):
        self.assertEqual(told["SYSTEMD_WANTS"].split(), ["amshan-attach@ttyUSB0.service"])
        self.assertIn("systemd", told["TAGS"].split(":"))
        self.assertEqual((told["ID_MM_DEVICE_IGNORE"], told["ID_MM_PORT_IGNORE"]), ("1", "1"))

    def check_left_alone(self, told):
        found = {name: value for name, value in told.items()
                 if name.startswith(("AMSHAN_", "ID_MM_")) or "amshan" in value}
        found.pop("AMSHAN_ADAPTER", None)
        self.assertEqual(found, {})


class Ttys(WithRules):
    def test_one_that_was_not_opted_in_gets_nothing(self):
        self.plugged(attach=False)
        told = properties(test_usb.TTY)
        self.assertEqual(told["ID_SERIAL_SHORT"], test_usb.SERIAL)
        self.assertNotIn("AMSHAN_ADAPTER", told)
        self.check_left_alone(told)

    def test_the_rule_of_another_adapter(self):
        self.local(ENABLED.replace(test_usb.SERIAL, "HAN0002"))
        self.plugged(attach=False)
        self.check_left_alone(properties(test_usb.TTY))

    def test_a_local_rule(self):
        self.local(ENABLED + ', ENV{AMSHAN_PARITY}="even"')
        self.plugged(attach=False)
        told = properties(test_usb.TTY)
        self.check_attached_by_udev(told)
        self.assertEqual((told["AMSHAN_ADAPTER"], told["AMSHAN_PARITY"]), ("1", "even"))

    def test_what_is_enabled_later_takes_a_change_event(self):
        self.plugged(attach=False)
        self.local(ENABLED)
        self.trigger()
        self.check_attached_by_udev(properties(test_usb.TTY))
        self.local("")
        self.trigger()
        self.check_left_alone(properties(test_usb.TTY))

    def test_only_1_opts_in(self):
        self.plugged(attach=False)
        for value in ("0", "yes", "10"):
            self.local(BY_SERIAL + ', ENV{AMSHAN_ADAPTER}="%s"' % value)
            self.trigger()
            told = properties(test_usb.TTY)
            self.assertEqual(told["AMSHAN_ADAPTER"], value)
            self.check_left_alone(told)

    def test_the_hardware_database(self):
        self.database((KEY, ("AMSHAN_ADAPTER=1", "AMSHAN_PARITY=even")))
        self.plugged(attach=False)
        told = properties(test_usb.TTY)
        self.check_attached_by_udev(told)
        self.assertEqual(told["AMSHAN_PARITY"], "even")

    def test_a_local_rule_wins_over_the_hardware_database(self):
        self.database((KEY, ("AMSHAN_ADAPTER=1", "AMSHAN_PARITY=even")))
        self.local(BY_SERIAL + ', ENV{AMSHAN_ADAPTER}="0"')
        self.plugged(attach=False)
        told = properties(test_usb.TTY)
        self.assertEqual(told["AMSHAN_ADAPTER"], "0")
        self.check_left_alone(told)

    def test_entries_for_others(self):
        self.database((KEY.replace("QEMU_USB", "HAN"), ("AMSHAN_ADAPTER=1",)),
                      (KEY.replace("6001", "6015"), ("AMSHAN_ADAPTER=1",)),
                      (KEY.replace("mQEMU", "mFTDI"), ("AMSHAN_ADAPTER=1",)))
        self.plugged(attach=False)
        self.check_left_alone(properties(test_usb.TTY))

    def test_our_entries_are_for_dedicated_adapters_only(self):
        self.database()
        self.plugged(attach=False)
        self.check_left_alone(properties(test_usb.TTY))

    def test_udev_finds_nothing_wrong(self):
        done = subprocess.run(["udevadm", "verify", "--no-style", os.path.join(PLACE, os.path.basename(RULES))],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode and "verify" in done.stdout and "Unknown command" in done.stdout:
            self.skipTest("this udev has no \"udevadm verify\"")
        self.assertEqual(done.returncode, 0, done.stdout)


METER = "E0047000007630817"


def telegram(watts):
    """A telegram of P1 without a checksum, whose meter is METER."""
    return ("/XXX5METER\r\n\r\n0-0:96.1.1(%s)\r\n1-0:1.7.0(%06.3f*kW)\r\n!\r\n" %
            (METER.encode().hex(), watts / 1000)).encode()


class Reader(WithRules, test_daemon.Peers):
    """What is not for the module: no service, and amshand reads it."""

    def setUp(self):
        super().setUp()
        self.local(TELEGRAMS)

    def check_rights(self, group_id, mode):
        found = os.stat(test_usb.TTY)
        self.assertEqual((found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)), (0, group_id, mode))

    def test_the_rules(self):
        self.plugged(attach=False)
        told = properties(test_usb.TTY)
        self.assertNotIn("SYSTEMD_WANTS", told)
        self.assertEqual((told["ID_MM_DEVICE_IGNORE"], told["AMSHAN_FRAMING"]), ("1", "p1"))
        self.check_rights(group().gr_gid, 0o660)
        program = Attached("--udev", "--wait", test_usb.TTY)
        self.addCleanup(program.__exit__)
        status, said = program.wait()
        self.assertEqual(status, 3)
        self.assertIn("ttyUSB0 is not for the module: amshand reads it by itself", said)
        # What is HDLC, or no framing at all, is for the service.
        for framing in ("hdlc", "P1"):
            self.local(TELEGRAMS.replace('"p1"', '"%s"' % framing))
            self.trigger()
            self.check_attached_by_udev(properties(test_usb.TTY))

    def is_taken(self):
        """Has the daemon it open for itself alone?"""
        fd = os.open(test_usb.TTY, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return False
        except BlockingIOError:
            return True
        finally:
            os.close(fd)

    @staticmethod
    def speed():
        fd = os.open(test_usb.TTY, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            return module.speed_of(fd)
        finally:
            os.close(fd)

    def wait_power(self, watts, daemon):
        wait_for(lambda: self.published(METER) and self.published(METER)[-1]["active_power_import"] == watts,
                 lambda: "%s\n%s" % (self.subscriber.log(), daemon.log()), test_daemon.SECONDS)

    def test_telegrams(self):
        daemon = self.daemon(("house", "kernel:", ""))
        source = "house/" + NAME[len("usb-"):]
        adapter = self.plugged(attach=False)
        daemon.wait_log(source + ": open", test_daemon.SECONDS)
        self.assertEqual(self.speed(), 115200)
        adapter.send(telegram(1234))
        self.wait_power(1234, daemon)
        # Out and in again.
        adapter.unplug()
        daemon.wait_log(source + ": port vanished", test_daemon.SECONDS)
        adapter = self.plugged(attach=False)
        wait_for(self.is_taken, daemon.log, test_daemon.SECONDS)
        adapter.send(telegram(1235))
        self.wait_power(1235, daemon)
        # Other settings are taken at once, and it is given back when it is not enabled any more.
        self.local(TELEGRAMS.replace("115200", "9600"))
        self.trigger()
        wait_for(lambda: self.speed() == 9600, daemon.log, test_daemon.SECONDS)
        adapter.send(telegram(1236))
        self.wait_power(1236, daemon)
        self.assertTrue(self.is_taken())
        self.local("")
        self.trigger()
        wait_for(lambda: not self.is_taken(), daemon.log, test_daemon.SECONDS)


class Ports(WithRules):
    def check_rights(self, path):
        found = os.stat(path)
        self.assertEqual((found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)), (0, group().gr_gid, 0o640))

    def test_group_mode_and_links_come_and_go(self):
        adapter = self.plugged()
        self.check_rights(adapter.path)
        wanted = {name: adapter.path for name in
                  ("by-id/" + NAME, *("by-path/" + os.path.basename(p) for p in glob.glob("/dev/serial/by-path/*")))}
        self.assertGreaterEqual(len(wanted), 2, wanted)
        self.assertEqual(links(), wanted)
        with module.Reader("/dev/amshan/by-id/" + NAME) as reader:
            adapter.send(frames.on_line(frames.numbered(7)))
            self.assertEqual(frames.number_of(reader.read().frame), 7)
        adapter.unplug()
        wait_for(lambda: not os.path.exists("/dev/amshan"), links, 20)

    def test_they_stay_with_an_event(self):
        adapter = self.plugged()
        before = links()
        run("udevadm", "trigger", "--action=change", "--subsystem-match=amshan")
        settle()
        self.assertEqual(links(), before)
        self.check_rights(adapter.path)

    def test_they_follow_the_adapter_to_another_number(self):
        other = self.port()
        adapter = self.plugged()
        self.assertNotEqual(adapter.index, other.index)
        self.assertEqual(links()["by-id/" + NAME], adapter.path)

    def test_a_pseudo_terminal_has_no_links(self):
        port = self.port()
        settle()
        self.check_rights(port.path)
        self.assertEqual(links(), {})

    def test_nobody_may_read(self):
        port = self.port()
        settle()
        self.assertIsInstance(self.refused(module.errno.EACCES, module.as_nobody, lambda: os.open(port.path, 0)),
                              PermissionError)

    def test_the_database_of_the_port_is_its_own(self):
        adapter = self.plugged()
        told = properties(adapter.path)
        self.assertEqual((told["DEVNAME"], told["SUBSYSTEM"], told["DEVPATH"]),
                         (adapter.path, "amshan", "/devices/virtual/amshan/amshan%d" % adapter.index))


class Attach(WithRules):
    """amshan-attach as the unit runs it, of an adapter that is enabled."""

    def setUp(self):
        super().setUp()
        self.local(ENABLED)

    def start(self, *args, path=test_usb.TTY):
        program = Attached(*args, path)
        self.addCleanup(program.__exit__)
        return program

    def line(self):
        """Speed, and whether the parity is even."""
        fd = os.open(test_usb.TTY, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            cflag = termios.tcgetattr(fd)[2]
            return module.speed_of(fd), cflag & (termios.PARENB | termios.PARODD) == termios.PARENB
        finally:
            os.close(fd)

    def wait_said(self, program, text, count=1):
        wait_for(lambda: program.said().count(text) >= count or program.proc.poll() is not None, program.said, 30)
        self.assertIsNone(program.proc.poll(), program.said())
        self.assertEqual(program.said().count(text), count, program.said())

    def test_the_line_is_set_as_udev_says(self):
        self.local(ENABLED + ', ENV{AMSHAN_BAUD}="9600", ENV{AMSHAN_PARITY}="even"')
        self.plugged(attach=False)
        program = self.start("--udev", "--wait")
        program.wait_attached()
        self.assertEqual(self.line(), (9600, True))
        self.assertNotIn("udev does not know", program.said())
        self.assertEqual(program.end()[0], 0)

    def test_the_defaults(self):
        self.plugged(attach=False)
        program = self.start("--udev")
        program.wait_attached()
        self.assertEqual(self.line(), (2400, False))
        program.end()

    def test_a_wrong_property(self):
        self.local(ENABLED + ', ENV{AMSHAN_PARITY}="Even"')
        self.plugged(attach=False)
        wrong = 'ttyUSB0: wrong udev property AMSHAN_PARITY: "Even" is not one of none, even, odd'
        status, said = self.start("--udev").wait()
        self.assertEqual((status, said), (1, wrong + "\n"))
        # It is read again: what was mended is taken.
        program = self.start("--udev", "--wait")
        self.wait_said(program, wrong)
        self.local(ENABLED + ', ENV{AMSHAN_PARITY}="even"')
        self.trigger()
        program.wait_attached()
        self.assertEqual(self.line(), (2400, True))
        self.assertEqual(program.said().count(wrong), 1)
        program.end()

    def test_it_waits_for_the_module(self):
        self.plugged(attach=False)
        module.unload_waiting()
        program = self.start("--udev", "--wait")
        self.wait_said(program, "the module amshan is not loaded: modprobe amshan; trying again every 5 s")
        for _ in range(3):
            program.proc.send_signal(signal.SIGCONT)    # it tries again at once
        module.load()
        program.wait_attached()
        self.assertEqual(program.said().count("the module amshan is not loaded"), 1)
        self.assertEqual(program.end()[0], 0)

    def test_it_waits_for_another_program(self):
        self.plugged(attach=False)
        fd = os.open(test_usb.TTY, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        fcntl.flock(fd, fcntl.LOCK_EX)
        program = self.start("--udev", "--wait")
        self.wait_said(program, "ttyUSB0 is in use by another program; trying again every 5 s")
        self.assertEqual(module.discipline_of(fd), module.N_TTY)
        os.close(fd)
        program.wait_attached()
        self.assertEqual(program.end()[0], 0)

    def test_a_lost_discipline_is_set_again(self):
        self.local(ENABLED)
        self.plugged(attach=False)
        program = self.start("--udev", "--wait")
        program.wait_attached()
        self.local(ENABLED + ', ENV{AMSHAN_PARITY}="even"')
        self.trigger()
        fd = os.open(test_usb.TTY, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        module.set_discipline(fd, module.N_TTY)
        os.close(fd)
        program.proc.send_signal(signal.SIGCONT)
        self.wait_said(program, "ttyUSB0 is attached", 2)
        self.assertEqual(program.said().count("has lost the line discipline"), 1)
        self.assertEqual(self.line(), (2400, True))
        self.assertEqual(program.end()[0], 0)

    def test_it_ends_when_it_is_not_enabled_any_more(self):
        """udev's event is enough; and what is not enabled is not begun with."""
        self.plugged(attach=False)
        program = self.start("--udev", "--wait")
        program.wait_attached()
        self.local("# nothing")
        self.trigger()
        status, said = program.wait()
        self.assertEqual(status, 3)
        self.assertIn('ttyUSB0 is not enabled: "amshanctl enable /dev/ttyUSB0" does that', said)
        self.assertEqual(self.start("--udev", "--wait").wait()[0], 3)

    def test_it_ends_with_the_adapter(self):
        adapter = self.plugged(attach=False)
        program = self.start("--udev", "--wait")
        program.wait_attached()
        adapter.unplug()
        status, said = program.wait()
        self.assertEqual((status, said.splitlines()[-1]), (0, "ttyUSB0 is gone"))

    def test_it_ends_with_the_adapter_while_it_waits(self):
        adapter = self.plugged(attach=False)
        module.unload_waiting()
        program = self.start("--udev", "--wait")
        self.wait_said(program, "the module amshan is not loaded")
        begin = time.monotonic()
        adapter.unplug()
        status, said = program.wait()
        self.assertEqual((status, said.splitlines()[-1]), (0, "no such tty: " + test_usb.TTY))
        self.assertLess(time.monotonic() - begin, 4 * module.SLOW)

    def test_none_is_there(self):
        status, said = self.start("--udev", "--wait").wait()
        self.assertEqual((status, said), (0, "no such tty: %s\n" % test_usb.TTY))
