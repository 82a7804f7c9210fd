# SPDX-License-Identifier: GPL-2.0
"""The simulator as a program: where its octets go, its faults, how it ends.

Frames are looked at by a scanner of this file's own, so that a mistake of the simulator is not believed
by the project's framer, nor the other way round.
"""
import datetime
import json
import os
import re
import select
import signal
import socket
import subprocess
import time
import unittest

from lab import SIM, Folder, wait_for

START = ["--start", "2026-01-21T12:00:00Z"]
FAST = ["--speed", "0", *START]
TELEGRAMS = ("dsmr5", "fluvius", "p1-se", "kamstrup-p1", "p1-lu", "p1-hu")


def crc16(data):
    crc = 0xFFFF
    for octet in data:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ (0x8408 if crc & 1 else 0)
    return crc


def good_frames(octets):
    """The frames with good checksums, without flags, at whatever flag they begin."""
    found, at = [], 0
    while True:
        at = octets.find(b"\x7e", at)
        if at < 0 or at + 3 > len(octets):
            return found
        n = (octets[at + 1] & 7) << 8 | octets[at + 2]
        frame = octets[at + 1:at + 1 + n]
        if octets[at + 1] >> 4 == 0xA and n > 8 and octets[at + 1 + n:at + 2 + n] == b"\x7e" \
                and crc16(frame) == 0xF0B8:
            found.append(frame)
            at += 1 + n
        else:
            at += 1


def crc16_arc(data):
    crc = 0
    for octet in data:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def good_telegrams(octets):
    found = re.findall(rb"/[^!]*!(?=([0-9A-F]{4})\r\n)", octets)
    whole = [m.group(0) for m in re.finditer(rb"/[^!]*!(?=[0-9A-F]{4}\r\n)", octets)]
    return [t for t, crc in zip(whole, found) if crc16_arc(t) == int(crc, 16)]


def mbus_frames(octets):
    """Frames one behind the other, as far as they are good."""
    found = []
    while len(octets) > 6 and octets[0] == octets[3] == 0x68 and octets[1] == octets[2]:
        n = octets[1] + 6
        if octets[4] != 0x53 or octets[n - 1:n] != b"\x16" or sum(octets[4:n - 2]) % 256 != octets[n - 2]:
            break
        found.append(octets[:n])
        octets = octets[n:]
    return found


def sim(*args):
    """Run to the end; gives standard output."""
    return subprocess.run([SIM, *map(str, args)], stdout=subprocess.PIPE, check=True, timeout=20).stdout


class Running:
    """The simulator in the background."""

    def __init__(self, *args, **kw):
        self.proc = subprocess.Popen([SIM, *map(str, args)], **kw)

    def __enter__(self):
        return self.proc

    def __exit__(self, *exc):
        self.proc.kill()
        self.proc.wait()
        if self.proc.stdout:
            self.proc.stdout.close()


def read_some(fd, seconds=5):
    """What can be read now, or within so many seconds; b'' at the end."""
    if not select.select([fd], [], [], seconds)[0]:
        raise AssertionError("nothing to read within %g s" % seconds)
    return os.read(fd, 65536) if isinstance(fd, int) else fd.recv(65536)


def read_frames(fd, n):
    octets = b""
    while len(good_frames(octets)) < n:
        got = read_some(fd)
        if not got:
            raise AssertionError("ended after %d of %d frames" % (len(good_frames(octets)), n))
        octets += got
    return good_frames(octets)


class WithFolder(unittest.TestCase):
    def setUp(self):
        folder = Folder()
        self.folder = folder.__enter__()
        self.addCleanup(folder.__exit__)

    def sent(self, *args):
        """Octets and truth of a run."""
        truth = self.folder.file("truth.json")
        octets = sim(*args, "--truth", truth)
        with open(truth) as f:
            return octets, [json.loads(line) for line in f]


class Messages(WithFolder):
    def test_same_seed_same_octets(self):
        self.assertEqual(sim(*FAST, "--seed", 5, "--count", 50, "--flip", 0.3),
                         sim(*FAST, "--seed", 5, "--count", 50, "--flip", 0.3))
        self.assertNotEqual(sim(*FAST, "--seed", 5, "--count", 50), sim(*FAST, "--seed", 6, "--count", 50))

    def test_every_maker_sends_good_frames_with_its_number(self):
        names = sim("--help").decode().split("Makers:")[1].split()
        self.assertEqual(len(names), 30)
        for maker in names:
            if maker in TELEGRAMS:
                continue
            with self.subTest(maker):
                octets, truth = self.sent(*FAST, "--maker", maker, "--count", 12, "--id", "1234567890",
                                          "--framing", "hdlc")
                self.assertEqual(len(good_frames(octets)), 12)
                self.assertEqual(len(truth), 12)
                for line, frame in zip(truth, good_frames(octets)):
                    self.assertEqual(b"1234567890" in frame, "meter_id" in line["readings"])

    def test_every_country_sends_good_telegrams(self):
        for maker in TELEGRAMS:
            with self.subTest(maker):
                octets, truth = self.sent(*FAST, "--maker", maker, "--count", 3)
                telegrams = good_telegrams(octets)
                self.assertEqual(len(telegrams), 3)
                self.assertEqual(len(truth), 3)
                for line, telegram in zip(truth, telegrams):
                    self.assertEqual("gas_volume" in line["channel"], b"*m3)" in telegram)
                    power = re.search(rb"1-0:1\.7\.0\((\d+)\.(\d{3})\*kW\)", telegram)
                    self.assertEqual(int(power[1] + power[2]), line["readings"]["active_power_import"])

    def test_checksums_of_telegrams_on_demand(self):
        def end(how):
            return sim(*FAST, "--maker", "dsmr5", "--count", 1, "--p1-crc", how).rsplit(b"!", 1)[1]

        self.assertRegex(end("good"), rb"^[0-9A-F]{4}\r\n$")
        self.assertEqual(end("none"), b"\r\n")
        self.assertEqual(end("zero"), b"0000\r\n")
        self.assertNotIn(end("wrong"), (end("good"), end("zero")))

    def test_mbus_frames_have_their_sums(self):
        octets = sim(*FAST, "--maker", "kaifa-at", "--count", 3, "--mbus-length", 100)
        frames = mbus_frames(octets)
        self.assertEqual([f[6] for f in frames], 3 * [0x00, 0x01, 0x12])
        self.assertEqual({f[1] for f in frames[:2]}, {100})
        self.assertEqual(b"".join(frames), octets)

    def test_one_mbus_frame_whose_length_wraps(self):
        octets = sim(*FAST, "--maker", "kaifa", "--framing", "mbus", "--mbus-length", 511, "--count", 1,
                     "--hourly-every", 1, "--id", "1" * 31, "--type", "2" * 31)
        self.assertEqual(octets[:4], bytes([0x68, (len(octets) - 6) % 256, (len(octets) - 6) % 256, 0x68]))
        self.assertEqual(octets[-2:], bytes([sum(octets[4:-2]) % 256, 0x16]))

    def test_ciphered_messages(self):
        key = self.folder.write("key", "00112233445566778899aabbccddeeff\n")
        for line, words in ((["--maker", "kaifa-at", "--framing", "apdu"], b"\xdb\x08SIM\0\0\0\0\1\x81\xf8\x20"),
                            (["--maker", "p1-lu"], b"\xdb\x08SIM\0\0\0\0\1\x82"),
                            (["--maker", "p1-lu", "--p1-lines"], b"/Lux5\\253770234_A\r\n\r\n\xdb\x08SIM"),
                            (["--dedicated", "--framing", "llc"], b"\xe6\xe7\0\xdc\x08SIM")):
            octets = sim(*FAST, *line, "--count", 1, "--key", "@" + key)
            self.assertTrue(octets.startswith(words), octets[:40])
        one, two = sim(*FAST, "--maker", "kaifa-at", "--framing", "apdu", "--to", "lines", "--count", 2, "--key",
                       "@" + key, "--counter", 4094, "--title", "4B414D0102030405").split()
        self.assertEqual((one[:20], two[:20]), 2 * (b"db084b414d0102030405",))
        self.assertEqual((one[26:34], two[26:34]), (b"00000ffe", b"00000fff"))

    def test_segments_and_blocks(self):
        whole = good_frames(sim(*FAST, "--count", 1))[0]
        frames = good_frames(sim(*FAST, "--count", 1, "--segment", 50))
        self.assertEqual([f[0] >> 3 & 1 for f in frames], [1] * (len(frames) - 1) + [0])
        self.assertEqual(b"".join(f[8:-2] for f in frames), whole[8:-2])
        frames = good_frames(sim(*FAST, "--count", 1, "--blocks", 50))
        self.assertTrue(frames[0][8:].startswith(b"\xe6\xe7\x00\xe0\x40\0\1\0\0\x32"))
        self.assertTrue(frames[1][8:].startswith(b"\xe0\x40\0\2\0\0\x32"))
        self.assertEqual([f[8 + (3 if not i else 0) + 1] for i, f in enumerate(frames)],
                         [0x40] * (len(frames) - 1) + [0xc0])
        self.assertEqual(frames[0][18:-2] + b"".join(f[15:-2] for f in frames[1:]), whole[11:-2])

    def test_lost_and_repeated_parts(self):
        octets, truth = self.sent(*FAST, "--count", 40, "--segment", 50, "--lose-part", 0.5, "--double-part", 0.5,
                                  "--no-hourly", "--maker", "kamstrup")
        usual = len(good_frames(sim(*FAST, "--count", 1, "--segment", 50, "--maker", "kamstrup")))
        faults = [line["faults"] for line in truth]
        lost, twice = sum("part-lost" in f for f in faults), sum("part-twice" in f for f in faults)
        self.assertGreater(min(lost, twice), 5)
        self.assertEqual(len(good_frames(octets)), 40 * usual - lost + twice)
        self.assertEqual([line["damaged"] for line in truth], ["part-lost" in f for f in faults])

    def test_truth_has_the_digits_of_the_wire(self):
        octets, truth = self.sent(*FAST, "--count", 1, "--id", "7359992899999999", "--type", "6534")
        readings = truth[0]["readings"]
        frame = good_frames(octets)[0]
        for code, name, size, factor in (("0100010700ff06", "active_power_import", 4, 1),
                                         ("01001f0700ff10", "current_l1", 2, 10),
                                         ("0100200700ff12", "voltage_l1", 2, 10)):
            at = frame.index(bytes.fromhex(code)) + 7
            self.assertEqual(round(readings[name] * factor), int.from_bytes(frame[at:at + size], "big"))
        self.assertEqual(readings["meter_id"], "7359992899999999")
        self.assertEqual(truth[0]["list"], 2)
        self.assertEqual(truth[0]["time"], "2026-01-21T12:00:00Z")

    def test_framings(self):
        whole = good_frames(sim(*FAST, "--count", 1))[0]
        for framing, begin in (("llc", b"\xe6\xe7\x00\x0f"), ("apdu", b"\x0f\x40"), ("body", b"\x01\x0d")):
            octets = sim(*FAST, "--count", 1, "--framing", framing)
            self.assertTrue(octets.startswith(begin), framing)
            self.assertTrue(whole[:-2].endswith(octets), framing)

    def test_hourly_lists(self):
        def lists(*args):
            return [t["list"] for t in self.sent(*FAST, *args)[1]]

        day = lists("--duration", 7200)
        self.assertEqual((day.count(1), day.count(2), day.count(3)), (2160, 718, 2))
        self.assertNotIn(3, lists("--duration", 7200, "--no-hourly"))
        self.assertEqual([n for n in lists("--count", 24, "--hourly-every", 3) if n != 1], [2, 2, 3, 2, 2, 3])

    def test_repeated_hourly_list(self):
        octets, truth = self.sent(*FAST, "--count", 12, "--repeat-hourly")
        frames = good_frames(octets)
        self.assertEqual([t["repeated"] for t in truth], [False] * 5 + [True] + [False] * 6)
        self.assertEqual(frames[4], frames[5])
        self.assertEqual(truth[4]["readings"], truth[5]["readings"])

    def test_sun_exports_at_noon(self):
        args = ["--speed", 0, "--start", "2026-06-21T12:00:00Z", "--count", 1]
        self.assertGreater(self.sent(*args, "--solar")[1][0]["readings"]["active_power_export"], 2000)
        self.assertEqual(self.sent(*args)[1][0]["readings"]["active_power_export"], 0)

    def test_zero_of_a_phase_that_is_not_measured_is_named(self):
        truth = self.sent(*FAST, "--count", 1, "--maker", "embriq-it")[1][0]
        self.assertEqual(sorted(truth["missing"]), ["current_l2", "voltage_l2"])
        self.assertEqual(truth["readings"]["voltage_l2"], 0)


class Faults(WithFolder):
    def test_damaged_messages_are_not_good_frames_and_all_others_are(self):
        for fault in ("flip", "lose", "double", "cut"):
            with self.subTest(fault):
                octets, truth = self.sent(*FAST, "--count", 200, "--" + fault, 0.3)
                damaged = [t for t in truth if t["damaged"]]
                self.assertTrue(20 < len(damaged) < 120, len(damaged))
                self.assertEqual({f for t in damaged for f in t["faults"]}, {fault})
                self.assertEqual(len(good_frames(octets)), 200 - len(damaged))

    def test_segmented(self):
        octets, truth = self.sent(*FAST, "--count", 100, "--segmented", 0.3)
        marked = [frame[0] & 8 != 0 for frame in good_frames(octets)]
        self.assertEqual(marked, [t["damaged"] for t in truth])
        self.assertIn(True, marked)

    def test_noise_leaves_the_frames_good(self):
        quiet = sim(*FAST, "--count", 100)
        octets, truth = self.sent(*FAST, "--count", 100, "--noise", 0.5)
        self.assertGreater(len(octets), len(quiet) + 500)
        self.assertEqual(good_frames(octets), good_frames(quiet))
        self.assertFalse(any(t["damaged"] for t in truth))
        self.assertTrue(any(t["faults"] == ["noise"] for t in truth))

    def test_shared_flag(self):
        apart, shared = sim(*FAST, "--count", 50), sim(*FAST, "--count", 50, "--shared-flag")
        self.assertEqual(len(shared), len(apart) - 49)
        self.assertEqual(good_frames(shared), good_frames(apart))

    def test_gone_and_back(self):
        truth = self.sent(*FAST, "--count", 40, "--gone-after", 20, "--back-after", 60)[1]
        times = [datetime.datetime.fromisoformat(t["time"][:-1]) for t in truth]
        gaps = [(b - a).total_seconds() for a, b in zip(times, times[1:])]
        self.assertEqual([g for g in gaps if g > 5], [43])
        self.assertEqual(times[7], datetime.datetime(2026, 1, 21, 12, 0, 17))


class Stdout(WithFolder):
    def test_lines_are_hex_frames(self):
        lines = sim(*FAST, "--count", 20, "--to", "lines").decode().splitlines()
        octets = sim(*FAST, "--count", 20)
        self.assertEqual(len(lines), 20)
        self.assertEqual(bytes.fromhex("".join(lines)), octets)

    def test_cadence_follows_the_speed(self):
        begin = time.monotonic()
        sim("--speed", 50, "--count", 9, *START)
        took = time.monotonic() - begin
        self.assertTrue(0.4 <= took < 3, "8 pauses of 50 ms took %.3f s" % took)

    def test_baud_paces_the_octets(self):
        begin = time.monotonic()
        octets = sim("--speed", 1000, "--count", 1, "--baud", 9600, *START)
        took = time.monotonic() - begin
        self.assertTrue(len(octets) * 11 / 9600 - 0.01 <= took < 3, "%d octets took %.3f s" % (len(octets), took))

    def test_reader_that_goes_away_ends_it(self):
        with Running(*FAST, stdout=subprocess.PIPE) as proc:
            os.read(proc.stdout.fileno(), 100)
            proc.stdout.close()
            proc.stdout = None
            self.assertEqual(proc.wait(5), 0)

    def test_signals_end_it_also_while_nobody_reads(self):
        for sig in (signal.SIGTERM, signal.SIGINT):
            with Running(*FAST, stdout=subprocess.PIPE) as proc:
                read_some(proc.stdout.fileno())
                proc.send_signal(sig)
                self.assertEqual(proc.wait(5), 0)

    def test_truth_that_cannot_be_written(self):
        run = subprocess.run([SIM, *FAST, "--truth", self.folder.path], stderr=subprocess.PIPE, timeout=5)
        self.assertEqual(run.returncode, 1)
        self.assertRegex(run.stderr.decode(), r"^amshan-sim: %s: .+\n$" % re.escape(self.folder.path))


class Usage(unittest.TestCase):
    def test_help_tells_all_options(self):
        text = sim("--help").decode()
        for option in ("maker", "id", "type", "framing", "to", "speed", "count", "duration", "seed", "start",
                       "no-hourly", "hourly-every", "truth", "flip", "lose", "double", "noise", "cut",
                       "repeat-hourly", "gone-after", "back-after", "shared-flag", "segmented", "chunk",
                       "baud", "meters", "solar", "wait", "segment", "blocks", "mbus-length", "p1-crc", "p1-lines",
                       "key", "auth-key", "title", "security", "counter", "no-tag", "dedicated", "lose-part",
                       "double-part"):
            self.assertIn("--" + option, text)

    def test_wrong_usage_is_told_in_a_sentence(self):
        for args in (["--maker", "acme"], ["--count", "0"], ["--count", "many"], ["--flip", "2"],
                     ["--to", "radio"], ["--to", "tcp:99999"], ["--framing", "p1"],
                     ["--framing", "radio"], ["--maker", "dsmr5", "--framing", "hdlc"],
                     ["--framing", "llc", "--segment", "50"], ["--p1-crc", "best"], ["--mbus-length", "50"],
                     ["--auth-key", "00"], ["--security", "30"], ["--p1-lines"],
                     ["--blocks", "9", "--framing", "body"], ["--segment", "1"], ["--start", "noon"],
                     ["--id", "12x"], ["--type", 'a"b'], ["--speed", "-1"], ["--meters", "2"], ["more"],
                     ["--to", "lines", "--chunk", "3"], ["--back-after", "3"], ["--no-such-option"],
                     ["--to", "tcp:65535", "--meters", "2"], ["--framing", "llc", "--shared-flag"],
                     ["--maker", "embriq", "--id", "12345678901234567"], ["--wait"]):
            with self.subTest(args):
                run = subprocess.run([SIM, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=5)
                self.assertEqual(run.returncode, 2)
                self.assertEqual(run.stdout, b"")
                self.assertEqual(run.stderr.count(b"\n"), 1)


class Pty(WithFolder):
    def open(self, link):
        fd = os.open(link, os.O_RDWR | os.O_NOCTTY)
        self.addCleanup(os.close, fd)
        return fd

    def test_reader_that_waited_for_gets_all(self):
        link = self.folder.file("meter")
        with Running(*START, "--speed", 1000, "--count", 20, "--wait", "--to", "pty:" + link) as proc:
            wait_for(lambda: os.path.islink(link))
            fd = self.open(link)
            self.assertEqual(read_frames(fd, 20), good_frames(sim(*FAST, "--count", 20)))
            self.assertEqual(proc.wait(5), 0)
            self.assertFalse(os.path.lexists(link))

    def test_reader_comes_and_goes(self):
        link = self.folder.file("meter")
        with Running("--speed", 1000, "--to", "pty:" + link) as proc:
            wait_for(lambda: os.path.islink(link))
            for _ in range(3):
                fd = os.open(link, os.O_RDONLY | os.O_NOCTTY)
                self.assertEqual(len(read_frames(fd, 2)[:2]), 2)
                os.close(fd)
            proc.terminate()
            self.assertEqual(proc.wait(5), 0)
            self.assertFalse(os.path.lexists(link))

    def test_octets_that_nobody_reads_block_nothing(self):
        link = self.folder.file("meter")
        with Running(*START, "--speed", 0, "--count", 1000, "--to", "pty:" + link) as proc:
            self.assertEqual(proc.wait(5), 0)

    def test_old_link_is_replaced_but_no_file(self):
        link = self.folder.file("meter")
        os.symlink("/nonexistent", link)
        with Running("--to", "pty:" + link):
            wait_for(lambda: os.readlink(link).startswith("/dev/pts/"))
        path = self.folder.write("file", "precious")
        run = subprocess.run([SIM, "--to", "pty:" + path], stderr=subprocess.PIPE, timeout=5)
        self.assertEqual(run.returncode, 1)
        self.assertIn("File exists", run.stderr.decode())
        with open(path) as f:
            self.assertEqual(f.read(), "precious")


class Tcp(unittest.TestCase):
    def start(self, *args):
        running = Running("--to", "tcp:0", *args, stdout=subprocess.PIPE)
        self.addCleanup(running.__exit__)
        line = running.proc.stdout.readline().decode()
        self.assertRegex(line, r"^port \d+\n$")
        return running.proc, int(line.split()[1])

    def connect(self, port, host="127.0.0.1"):
        s = socket.create_connection((host, port), 5)
        self.addCleanup(s.close)
        return s

    def test_client_that_was_waited_for_gets_all_then_the_end(self):
        proc, port = self.start(*START, "--speed", 1000, "--count", 20, "--wait", "--chunk", 7)
        octets = b""
        with self.connect(port) as s:
            while True:
                got = read_some(s)
                if not got:
                    break
                octets += got
        self.assertEqual(octets, sim(*FAST, "--count", 20))
        self.assertEqual(proc.wait(5), 0)

    def test_clients_of_both_families_get_the_same(self):
        _, port = self.start(*START, "--speed", 200)
        a = self.connect(port)
        try:
            b = self.connect(port, "::1")
        except OSError as err:
            self.skipTest("no IPv6 here: %s" % err)
        both = set(read_frames(a, 20)) & set(read_frames(b, 20))
        self.assertGreater(len(both), 5)

    def test_slow_client_does_not_block_the_others(self):
        proc, port = self.start(*START, "--speed", 0)
        slow = socket.socket()
        self.addCleanup(slow.close)
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", port))
        other = self.connect(port)
        octets = 0
        while octets < 8_000_000:  # far more than the buffers of the slow one
            got = read_some(other)
            self.assertTrue(got)
            octets += len(got)
        slow.close()
        proc.terminate()
        self.assertEqual(proc.wait(5), 0)

    def test_clients_that_leave_are_forgotten(self):
        proc, port = self.start(*START, "--speed", 1000)
        files = "/proc/%d/fd" % proc.pid
        before = len(os.listdir(files))
        for _ in range(20):
            with self.connect(port) as s:
                read_frames(s, 1)
        wait_for(lambda: len(os.listdir(files)) == before)

    def test_each_meter_has_its_port_number_and_time(self):
        _, port = self.start(*START, "--speed", 20, "--meters", 20, "--id", "7359992800000990")
        clients = [self.connect(port + i) for i in range(20)]
        for i, client in enumerate(clients):
            frame = next(f for f in read_frames(client, 6) if len(f) > 200)
            self.assertIn(b"73599928%08d" % (990 + i), frame)

    def test_port_that_is_taken(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen()
            port = s.getsockname()[1]
            run = subprocess.run([SIM, "--to", "tcp:%d" % port], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 timeout=5)
        self.assertEqual(run.returncode, 1)
        self.assertRegex(run.stderr.decode(), r"^amshan-sim: TCP .*%d.*: Address already in use\n$" % port)


if __name__ == "__main__":
    unittest.main()
