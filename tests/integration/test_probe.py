# SPDX-License-Identifier: GPL-2.0
"""amshanctl probe on pseudo-terminals: what it finds, what it refuses, how it ends.

A pseudo-terminal has neither baud nor parity, so each setting reads alike there; what a line with them does to the
octets is tested in tests/unit/test_probe_plan.c, and with a driver in virtual machines.
"""
import contextlib
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import termios
import threading
import time
import unittest

import lab

NOBODY = 65534
TIOCSETD, N_NULL = 0x5423, 27

SILENCE = "no octets arrive: is the port of the meter opened by the grid company, is the cable in the meter's HAN " \
    "port, is it the right adapter?"
NO_FRAMES = "octets arrive, but with no setting are there frames among them: is it the port of a meter, and the " \
    "right adapter for it?"
GPS = b"$GPGGA,092750.000,5321.6802,N,00630.3372,W,1,8,1.03,61.7,M,55.2,M,,*76\r\n"
DAMAGED = ", but none is whole with a good checksum: octets are damaged or lost; check cable and power of the adapter"
# System title, length, security control, frame counter, and what is encrypted.
CIPHERED = b"\xdb\x08KAM\x45\x01\xab\xf4\x3f\x15\x20\0\0\0\1what is encrypted"


def p1(ident, off=0):
    """A telegram; off: its checksum is wrong by so much."""
    text = ident + b"\r\n\r\n1-0:1.8.0(00006136.120*kWh)\r\n1-0:1.7.0(0000.123*kW)\r\n!"
    return text + b"%04X\r\n" % ((lab.crc_arc(text) + off) & 0xffff)


def mbus(data):
    """A long frame that is a whole message."""
    body = b"\x53\xff\x10\x01\x67" + data
    return b"\x68%c%c\x68" % (len(body), len(body)) + body + b"%c\x16" % (sum(body) & 0xff)


def list_of(maker, number=1, *more):
    """The first lists of a meter, as octets."""
    return subprocess.run([lab.SIM, "--maker", maker, "--speed", "0", "--count", str(number), "--seed", "1",
                           "--start", "2026-01-01T12:10:00Z", "--no-hourly", *more], stdout=subprocess.PIPE,
                          check=True).stdout


class Pty(lab.Pty):
    def settings(self):
        return termios.tcgetattr(self.master)

    def wait_taken(self):
        """Until the probe has set it raw."""
        lab.wait_for(lambda: not self.settings()[3] & termios.ICANON, why="nobody listens")


class Probe(unittest.TestCase):

    def setUp(self):
        self.pty = self.enterContext(Pty())
        self.before = self.pty.settings()

    def start(self, *args, **kw):
        kw = dict({"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}, **kw)
        proc = subprocess.Popen([lab.AMSHANCTL, "probe", *args], **kw)
        self.addCleanup(self.end, proc)
        return proc

    @staticmethod
    def end(proc):
        if proc.poll() is None:
            proc.kill()
        proc.wait()
        for stream in (proc.stdout, proc.stderr):
            if stream:
                stream.close()

    def result(self, proc):
        """Status, the lines on standard output, those on standard error without the program's name."""
        out, err = proc.communicate(timeout=30)
        said = err.decode().splitlines()
        for line in said:
            self.assertRegex(line, "^amshanctl: ")
        return proc.returncode, out.decode().splitlines(), [line.removeprefix("amshanctl: ") for line in said]

    def check_given_back(self):
        """As it was, and anybody may have it."""
        self.assertEqual(self.pty.settings(), self.before)
        fd = self.pty.open()
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(fd)

    def say(self, octets, quiet=0.6):
        """A burst, behind a pause."""
        self.pty.wait_taken()
        time.sleep(quiet)
        os.write(self.pty.master, octets)


class Finds(Probe):

    def test_a_meter(self):
        octets = list_of("kaifa")
        proc = self.start(self.pty.path)
        self.pty.wait_taken()
        os.write(self.pty.master, octets)
        n = len(octets)
        self.assertEqual(self.result(proc), (0, [
            "SETTINGS FRAMING OCTETS FLAGS HCS/BAD FRAMES/BAD LINE ERRORS MESSAGES MAKER",
            "2400 8N1 hdlc    %6d     2     1/0        1/0           0 1        Kaifa KFM_001" % n,
            "best: 2400 8N1 (Kaifa, KFM_001)",
        ], ["2400 8N1: %d octets, 2 flags, 1 good header, 1 frame (Kaifa, KFM_001)" % n]))
        self.check_given_back()

    def test_nothing_is_printed_that_tells_the_house(self):
        octets = list_of("kaifa")
        number = re.search(rb"\d{16}", octets).group().decode()
        for args in ([], ["--json"]):
            proc = self.start(self.pty.path, *args)
            self.pty.wait_taken()
            os.write(self.pty.master, octets)
            out, err = proc.communicate(timeout=30)
            self.assertEqual(proc.returncode, 0)
            self.assertIn("KFM_001", out.decode())
            self.assertNotIn(number, (out + err).decode())

    def test_a_meter_at_its_own_pace(self):
        with lab.Folder() as folder:
            link = folder.file("tty")
            with lab.Sim("--maker", "aidon", "--to", "pty:" + link, "--speed", 20, "--chunk", 7, "--noise", 0.5):
                lab.wait_for(lambda: os.path.islink(link))
                proc = self.start(link)
                status, out, said = self.result(proc)
        self.assertEqual((status, out[-1]), (0, "best: 2400 8N1 (Aidon, AIDON_V0001)"), said)

    def test_other_framings(self):
        for octets, framing, title in ((p1(b"/XXX5METER"), "p1", None), (mbus(CIPHERED), "mbus", "KAM4501ABF43F"),
                                       (CIPHERED, "apdu", "KAM4501ABF43F")):
            with self.subTest(framing=framing):
                proc = self.start("--json", self.pty.path)
                self.say(octets)
                status, out, said = self.result(proc)
                found = json.loads(out[0])
                self.assertEqual((status, found["best"]["settings"], found["best"]["framing"]),
                                 (0, "2400 8N1", framing), said)
                self.assertEqual(found["best"].get("system_title"), title)
                self.check_given_back()

    def test_simulated_meters_of_other_framings(self):
        key = "--key", "00112233445566778899AABBCCDDEEFF"
        for maker, framing, more in (("dsmr5", "p1", ()), ("kamstrup-p1", "p1", ()), ("sagemcom-at", "mbus", ()),
                                     ("p1-lu", "apdu", key), ("p1-lu", "p1", (*key, "--p1-lines"))):
            with self.subTest(maker=maker, framing=framing):
                proc = self.start("--json", self.pty.path)
                self.say(list_of(maker, 1, *more))
                status, out, said = self.result(proc)
                best = json.loads(out[0]).get("best", {})
                self.assertEqual((status, best.get("framing")), (0, framing), (said, out))

    def test_another_framing_in_words(self):
        proc = self.start(self.pty.path)
        self.say(CIPHERED)
        status, out, said = self.result(proc)
        self.assertEqual(status, 0, said)
        self.assertRegex(out[1], r"^2400 8N1 apdu +%d +0 +0/0 +1/0 +0 0, 1 encrypted" % len(CIPHERED))
        self.assertRegex(out[2], r"^best: 2400 8N1 apdu \(encrypted, .*KAM.*\)$")

    def test_json(self):
        octets = list_of("kamstrup")
        proc = self.start("--json", self.pty.path)
        self.pty.wait_taken()
        os.write(self.pty.master, octets)
        status, out, said = self.result(proc)
        self.assertEqual((status, len(out), len(said)), (0, 1, 1))
        found = json.loads(out[0])
        self.assertGreaterEqual(found["tried"][0].pop("seconds"), 0)
        setting = {"settings": "2400 8N1", "baud": 2400, "data": 8, "parity": "none", "stop": 1}
        maker = {"maker": "Kamstrup", "list_version": "Kamstrup_V0001"}
        self.assertEqual(found, {
            "device": self.pty.path,
            "best": {**setting, **maker, "framing": "hdlc", "line_errors": False},
            "tried": [{**setting, "result": "good", "octets": len(octets), "flags": 2, "good_headers": 1,
                       "bad_headers": 0, "good_frames": 1, "bad_frames": 0, "line_errors": 0, "breaks": 0,
                       "overruns": 0, "messages": 1, "unknown_lists": 0, "encrypted": 0, "segmented": 0,
                       "unreadable": 0, "framing": "hdlc", **maker}],
        })

    def test_octets_with_marks_are_whole(self):
        # FFh is what the tty marks with; it is in Kaifa's clock.
        octets = subprocess.run([lab.SIM, "--maker", "kaifa", "--speed", "0", "--count", "1", "--hourly-every", "1"],
                                stdout=subprocess.PIPE, check=True).stdout
        self.assertIn(b"\xff", octets)
        proc = self.start("--json", self.pty.path)
        self.pty.wait_taken()
        self.assertTrue(self.pty.settings()[0] & termios.PARMRK)
        for i in range(len(octets)):
            os.write(self.pty.master, octets[i:i + 1])
        status, out, said = self.result(proc)
        tried = json.loads(out[0])["tried"]
        self.assertEqual((status, tried[0]["octets"], tried[0]["messages"]), (0, len(octets), 1))

    def test_progress_on_a_terminal(self):
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
        proc = self.start(self.pty.path, stderr=slave, env=dict(os.environ, TERM="xterm"))
        os.close(slave)
        shown = b""
        octets = list_of("kaifa")
        self.pty.wait_taken()
        with contextlib.suppress(OSError):
            while select.select([master], [], [], 10)[0]:
                piece = os.read(master, 4096)
                shown += piece
                if octets and b"no octets" in shown:
                    os.write(self.pty.master, octets)
                    octets = None
        self.assertEqual(proc.wait(10), 0)
        lines = shown.split(b"\r\x1b[K")
        self.assertEqual((lines[0], lines[-1]), (b"", b""))
        self.assertGreater(len(lines), 2)
        for line in lines[1:-1]:
            self.assertRegex(line, rb"^1 of 10, \d of 12 s, 2400 8N1: ")
            self.assertLess(len(line), 40)

    def test_what_is_no_meter(self):
        for octets, protocol, said in (
                (GPS, "text", 'looks like text, not like a meter: '
                              '"$GPGGA,092750.000,5321.6802,N,00630.3372,W,1,8,1.03,61.7,M,5..." (2400 8N1)'),
                (b"\r\nred \x1b[31mconsole \x9b2J of a computer\r\n", "text",
                 'looks like text, not like a meter: "red ?[31mconsole ?2J of a computer" (2400 8N1)'),
                (p1(b"/KAM5", 1), "P1", "P1 telegrams at 2400 8N1" + DAMAGED + ", or whether the meter has another "
                                        "checksum (p1-checksum)"),
                (mbus(CIPHERED)[:-1] + b"\0", "M-Bus", "M-Bus frames at 2400 8N1" + DAMAGED)):
            with self.subTest(said=said):
                proc = self.start("--json", "--seconds", "2", self.pty.path)
                self.say(octets)
                status, out, err = self.result(proc)
                found = json.loads(out[0])
                self.assertEqual((status, err[-1]), (1, "%s: %s" % (self.pty.name, said)))
                self.assertNotIn("best", found)
                self.assertEqual([(t["result"], t["protocol"]) for t in found["tried"]], [("other", protocol)])
                self.check_given_back()

    def test_garbage_is_tried_with_all_settings(self):
        noise = bytes(range(0x80, 0x100)) * 34
        stop = threading.Event()

        def flood():
            while not stop.is_set():
                if select.select([], [self.pty.master], [], 0.1)[1]:
                    os.write(self.pty.master, noise[:1000])

        proc = self.start(self.pty.path)
        self.pty.wait_taken()
        thread = threading.Thread(target=flood)
        thread.start()
        try:
            status, out, said = self.result(proc)
        finally:
            stop.set()
            thread.join()
        self.assertEqual(status, 1)
        tried = ["2400 8N1", "2400 8E1", "115200 8N1", "2400 8O1", "9600 8N1", "9600 8E1", "9600 7E1", "115200 8E1",
                 "9600 8O1", "115200 8O1"]
        self.assertEqual([re.split("  +", line)[0] for line in out[1:]], tried)
        self.assertEqual([line.split(":")[0] for line in said], [*tried, self.pty.name])
        self.assertEqual(said[-1], "%s: %s" % (self.pty.name, NO_FRAMES))

    def test_silence(self):
        begin = time.monotonic()
        status, out, said = self.result(self.start("--seconds", "1", self.pty.path))
        took = time.monotonic() - begin
        self.assertEqual((status, said), (1, [
            "2400 8N1: no octets",
            "%s: %s (listened for 1 s; some meters send every 10 s only)" % (self.pty.name, SILENCE)]))
        self.assertEqual(len(out), 2)
        self.assertTrue(1 <= took < 3, took)
        self.check_given_back()


    def test_a_stray_octet_is_as_good_as_silence(self):
        proc = self.start("--seconds", "1", self.pty.path)
        self.pty.wait_taken()
        os.write(self.pty.master, b"\0")
        status, out, said = self.result(proc)
        self.assertEqual((status, said), (1, [
            "2400 8N1: 1 octet, 0 flags, 0 good headers, 0 frames", "2400 8E1: no octets",
            "%s: %s (listened for 1 s; some meters send every 10 s only)" % (self.pty.name, SILENCE)]))


class Ends(Probe):

    def test_ctrl_c(self):
        for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            proc = self.start(self.pty.path)
            self.pty.wait_taken()
            proc.send_signal(sig)
            self.assertEqual(self.result(proc), (1, [
                "SETTINGS FRAMING OCTETS FLAGS HCS/BAD FRAMES/BAD LINE ERRORS MESSAGES MAKER",
                "2400 8N1              0     0     0/0        0/0           0 0        ",
            ], ["interrupted", "%s: no message so far" % self.pty.name]))
            self.check_given_back()

    def test_what_was_heard_before_ctrl_c(self):
        octets = bytearray(list_of("aidon"))
        octets[100] ^= 1
        proc = self.start("--json", self.pty.path)
        self.pty.wait_taken()
        os.write(self.pty.master, octets)
        time.sleep(0.3)
        proc.send_signal(signal.SIGINT)
        status, out, said = self.result(proc)
        found = json.loads(out[0])
        self.assertEqual((status, said), (1, [
            "interrupted", "%s: at 2400 8N1 headers are good, but no frame has a good checksum: octets are damaged or "
                           "lost; check cable and power of the adapter" % self.pty.name]))
        self.assertEqual([(t["result"], t["octets"], t["good_headers"]) for t in found["tried"]],
                         [("unfinished", len(octets), 1)])

    def test_a_flood_does_not_keep_ctrl_c_away(self):
        proc = self.start("--seconds", "600", self.pty.path)
        self.pty.wait_taken()
        frames = list_of("kaifa", 2)[len(list_of("kaifa")):]     # of which none tells the maker
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            if select.select([], [self.pty.master], [], 0.1)[1]:
                os.write(self.pty.master, frames)
        proc.send_signal(signal.SIGINT)
        begin = time.monotonic()
        while proc.poll() is None and time.monotonic() < begin + 10:
            if select.select([], [self.pty.master], [], 0.01)[1]:
                os.write(self.pty.master, frames)
        status, out, said = self.result(proc)
        self.assertEqual((status, said), (1, ["interrupted"]))
        self.assertEqual(out[-1], "best: 2400 8N1 (a list that does not tell its maker)")

    def test_unplugged(self):
        proc = self.start(self.pty.path)
        self.say(b"\x01\x02\x03", 0)
        time.sleep(0.2)
        self.pty.hang_up()
        status, out, said = self.result(proc)
        self.assertEqual((status, said), (1, ["%s is gone" % self.pty.name, "%s: no message so far" % self.pty.name]))
        self.assertRegex(out[1], r"^2400 8N1 +3 ")


class Refuses(Probe):

    def refuses(self, said, *args, argv=None):
        """Nothing on standard output, one sentence, and the tty is as it was."""
        run = subprocess.run(argv or [lab.AMSHANCTL, "probe", *(args or (self.pty.path,))], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=10)
        self.assertEqual((run.stderr, run.stdout, run.returncode), ("amshanctl: %s\n" % said, "", 1))
        if self.pty.master is not None:
            self.assertEqual(self.pty.settings(), self.before)

    def as_nobody(self, *args):
        # Not the build folder: it may be closed to other users.
        folder = self.enterContext(lab.Folder())
        os.chmod(folder.path, 0o755)
        program = shutil.copy(lab.AMSHANCTL, folder.file("amshanctl"))
        return ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", program, "probe", *args]

    def hold(self, *argv):
        proc = self.enterContext(lab.Process(list(argv)))
        fds = "/proc/%d/fd" % proc.proc.pid

        def has_it():
            with contextlib.suppress(OSError):
                return any(os.readlink(os.path.join(fds, fd)) == self.pty.path for fd in os.listdir(fds))

        lab.wait_for(has_it, why=proc.log)
        return proc.proc.pid

    def test_no_tty(self):
        with lab.Folder() as folder:
            file = folder.write("file", "x")
            for path, said in ((folder.file("none"), "no such tty: %s"),
                               (file, "not a tty: %s is no character device"),
                               ("/dev/null", "not a tty: %s")):
                self.refuses(said % path, path)
                self.refuses(said % path, "--json", path)

    def test_the_sentence_is_harmless_for_a_terminal(self):
        self.refuses("no such tty: /dev/?[2J?x", "/dev/\033[2J\nx")

    def test_open_in_another_program(self):
        pid = self.hold("cat", self.pty.path)
        self.refuses("%s is in use by cat (process %d)" % (self.pty.name, pid))
        link = self.enterContext(lab.Folder()).file("by-id")
        os.symlink(self.pty.path, link)
        self.refuses("%s is in use by cat (process %d)" % (self.pty.name, pid), link)

    def test_its_name_is_harmless_for_a_terminal(self):
        program = shutil.copy(shutil.which("cat"), self.enterContext(lab.Folder()).file("c\033[2J"))
        pid = self.hold(program, self.pty.path)
        self.refuses("%s is in use by c?[2J (process %d)" % (self.pty.name, pid))

    def test_a_file_of_the_same_name_is_no_holder(self):
        folder = self.enterContext(lab.Folder())
        name = os.path.basename(self.pty.path)
        open(folder.file(name), "w").close()
        with open(folder.file(name)), open("/dev/null"):
            proc = self.start("--seconds", "1", self.pty.path)
            status, out, said = self.result(proc)
        self.assertEqual(said[0], "2400 8N1: no octets")

    @unittest.skipUnless(os.geteuid() == 0, "only root may become another user")
    def test_locked_by_a_program_of_another_user(self):
        fd = self.pty.open()
        self.addCleanup(os.close, fd)
        os.chmod(self.pty.path, 0o666)
        fcntl.flock(fd, fcntl.LOCK_EX)
        said = "%s is in use by another program" % self.pty.name
        self.refuses(said, argv=self.as_nobody(self.pty.path))
        fcntl.flock(fd, fcntl.LOCK_UN)
        fcntl.ioctl(fd, termios.TIOCEXCL)
        self.refuses(said, argv=self.as_nobody(self.pty.path))

    @unittest.skipUnless(os.geteuid() == 0, "only root may become another user")
    def test_attached(self):
        # As far as it goes without the module: n_null under our name, as in test_attach.py.
        fd = self.pty.open()
        self.addCleanup(os.close, fd)
        os.chmod(self.pty.path, 0o666)
        fcntl.ioctl(fd, TIOCSETD, struct.pack("i", N_NULL))
        folder = self.enterContext(lab.Folder())
        os.chmod(folder.path, 0o755)
        for ldiscs, said in (("amshan 27\n", "%s is in use by another program"),
                             ("n_null 27\n", '%s has the line discipline "n_null" (27): another program uses it')):
            mount = ["unshare", "-m", "--propagation", "private", "sh", "-ec",
                     "mount --bind '%s' /proc/tty/ldiscs; exec \"$@\"" % folder.write("ldiscs", ldiscs), "sh"]
            if subprocess.run([*mount, "true"], stderr=subprocess.DEVNULL).returncode:
                self.skipTest("no mount namespaces here")
            self.refuses(said % self.pty.name, argv=[*mount, *self.as_nobody(self.pty.path)])

    @unittest.skipUnless(os.geteuid() == 0, "only root may become another user")
    def test_no_rights(self):
        os.chown(self.pty.path, 0, 20)
        os.chmod(self.pty.path, 0o660)
        group = subprocess.run(["getent", "group", "20"], stdout=subprocess.PIPE, text=True).stdout.split(":")[0]
        self.assertTrue(group)
        self.refuses('may not open %s: our user has to be a member of group "%s"' % (self.pty.path, group),
                     argv=self.as_nobody(self.pty.path))

    @unittest.skipUnless(os.geteuid() == 0, "only root may become another user")
    def test_enabling_takes_root(self):
        os.chmod(self.pty.path, 0o666)
        self.refuses("only root may enable an adapter; nothing was listened to",
                     argv=self.as_nobody("--enable", self.pty.path))

    @unittest.skipUnless(os.geteuid() == 0, "only root may enable")
    def test_what_cannot_be_enabled_is_refused_before_it_listens(self):
        for args in (["--enable"], ["--enable", "--anywhere", "--json"]):
            run = subprocess.run([lab.AMSHANCTL, "probe", *args, self.pty.path], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=10)
            self.assertEqual((run.returncode, run.stdout), (1, ""))
            self.assertRegex(run.stderr, "^amshanctl: .*%s.*\n$" % re.escape(self.pty.name))
            self.assertEqual(self.pty.settings(), self.before)

    def test_wrong_usage(self):
        for args, said in (([], "probe needs a DEVICE"),
                           (["a", "b"], 'probe takes no "b"'),
                           (["--seconds", "0", "a"], '--seconds: "0" is not a number from 1 to 600'),
                           (["--seconds=601", "a"], '--seconds: "601" is not a number from 1 to 600'),
                           (["--anywhere", "a"], "--anywhere is about --enable, which is missing"),
                           (["--baud", "9600", "a"], "probe takes no --baud, --parity, --data, --stop or --framing")):
            run = subprocess.run([lab.AMSHANCTL, "probe", *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True, timeout=10)
            self.assertEqual((run.returncode, run.stdout, run.stderr), (2, "", "amshanctl: %s\n" % said), args)


if __name__ == "__main__":
    unittest.main()
