# SPDX-License-Identifier: GPL-2.0
"""amshand's transports against real peers: ports that come and go, port servers, hostile peers, captures.

What a source says of itself is read from D-Bus; that a message arrived is told by its counters.
"""
import contextlib
import fcntl
import grp
import os
import shutil
import socket
import subprocess
import time
import unittest

import lab
from sources_lab import RETRY_S, Daemon, Peer, SourceTest, StdinDaemon, capture, fds, rss_kib, section


class Serial(SourceTest):
    def setUp(self):
        super().setUp()
        self.port = self.folder.file("tty")

    def test_every_frame_of_a_port_is_read(self):
        queries = {"plain": "", "even": "?parity=even", "flow": "?xonxoff=yes&rtscts=yes&baud=2401",
                   "odd": "?parity=odd&xonxoff=yes"}
        d = self.daemon(*(section(name, "serial:%s-%s%s" % (self.port, name, queries[name])) for name in queries))
        for name in queries:
            d.wait_state(name, "waiting")
            self.sim("pty:%s-%s" % (self.port, name), "--count", 60, speed=100)
        for name, query in queries.items():
            with self.subTest(query):
                d.wait_count(name, "messages", 60)
                counters = d.source(name)["Counters"]
                self.assertEqual(counters["frames"], 60)
                self.assertEqual([counters[k] for k in ("skipped", "hcs_errors", "fcs_errors", "format_errors",
                                                        "parity_errors", "breaks")], [0] * 6)

    def test_port_appears_late(self):
        """Also its folder, as /dev/serial/by-id does with the first adapter."""
        port = self.folder.file("serial/by-id/usb-adapter-if00")
        d = self.daemon(section("cellar", "serial:" + port))
        d.wait_state("cellar", "waiting", "no such port: " + port)
        os.makedirs(os.path.dirname(port))
        begin = time.monotonic()
        self.sim("pty:" + port)
        d.wait_state("cellar", "open")
        # Told by the folder, not found by the timer.
        self.assertLess(time.monotonic() - begin, RETRY_S - 2)
        d.wait_count("cellar", "messages", 1)
        self.assertEqual(d.log().count("no such port"), 1)

    def test_port_vanishes_and_returns(self):
        sim = self.sim("pty:" + self.port)
        lab.wait_for(lambda: os.path.exists(self.port))
        d = self.daemon(section("cellar", "serial:" + self.port))
        for returns in (1, 2):
            d.wait_count("cellar", "messages", 1)
            sim.stop()
            d.wait_state("cellar", "waiting", "port vanished: " + self.port)
            before = d.count("cellar", "messages")
            begin = time.monotonic()
            sim = self.sim("pty:" + self.port, "--seed", returns)
            d.wait_count("cellar", "messages", before + 2)
            self.assertLess(time.monotonic() - begin, RETRY_S - 2)
            self.assertEqual(d.count("cellar", "starts"), returns + 1)
        # An outage is said once, and the meter is the same one.
        self.assertEqual(d.log().count("port vanished"), 2)
        self.assertNotIn("no such port", d.log())
        self.assertEqual(d.meters(), ["7359990000000001"])

    def test_waiting_is_said_once_and_costs_nothing(self):
        d = self.daemon(section("cellar", "serial:" + self.port))
        d.wait_state("cellar", "waiting", "no such port")
        # Other names of the same folder are nobody's port.
        for i in range(200):
            self.folder.write("other%d" % i, "")
        with open("/proc/%d/stat" % d.proc.pid) as f:
            begin = sum(int(t) for t in f.read().rsplit(")", 1)[1].split()[11:13])
        time.sleep(RETRY_S + 1)     # one attempt of the timer
        with open("/proc/%d/stat" % d.proc.pid) as f:
            ticks = sum(int(t) for t in f.read().rsplit(")", 1)[1].split()[11:13]) - begin
        self.assertLess(ticks / os.sysconf("SC_CLK_TCK"), 0.5)
        self.assertEqual(d.log().count("no such port"), 1)
        self.sim("pty:" + self.port)
        d.wait_count("cellar", "messages", 1)

    def test_what_is_no_port_or_in_use(self):
        file = self.folder.write("file", "")
        self.sim("pty:" + self.port)
        with open(self.port, "rb", buffering=0) as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            d = self.daemon(section("file", "serial:" + file), section("folder", "serial:" + self.folder.path),
                            section("null", "serial:/dev/null"), section("used", "serial:" + self.port))
            d.wait_state("file", "waiting", "not a serial port: " + file)
            d.wait_state("folder", "waiting", "not a serial port: " + self.folder.path)
            d.wait_state("null", "waiting", "not a serial port: /dev/null")
            d.wait_state("used", "waiting", "port is in use by another program: " + self.port)
        # Nobody tells when the other program ends.
        d.wait_state("used", "open", seconds=RETRY_S + 5)
        d.wait_count("used", "messages", 1)

    def test_one_port_two_sources(self):
        self.sim("pty:" + self.port)
        d = self.daemon(section("first", "serial:" + self.port), section("second", "serial:" + self.port))
        d.wait_count("first", "messages", 2)
        d.wait_state("second", "waiting", "port is in use by another program")

    @unittest.skipIf(os.geteuid(), "needs root to take rights away from the daemon")
    def test_no_rights_names_the_group(self):
        nobody = ["setpriv", "--reuid", "65534", "--clear-groups"]
        if not shutil.which("setpriv") or subprocess.run([*nobody, lab.AMSHAND, "--version"],
                                                         capture_output=True).returncode:
            self.skipTest("needs setpriv, and a build folder that is open to others")
        self.sim("pty:" + self.port)
        os.chmod(self.folder.path, 0o755)
        group = next(g for g in grp.getgrall() if g.gr_gid)
        os.chown(self.port, 0, group.gr_gid)
        conf = self.folder.write("amshand.conf", "dbus = no\n" + section("cellar", "serial:" + self.port))
        argv = [*nobody, lab.AMSHAND, "--user", "-c", conf]
        for mode, sentence in ((0o660, 'our user has to be a member of group "%s"' % group.gr_name),
                               (0o600, "its mode is 0600, no group may read and write it")):
            os.chmod(self.port, mode)
            with lab.Process(argv) as d:
                d.wait_log("may not open %s: %s" % (self.port, sentence))


class Tcp(SourceTest):
    def test_server_comes_late_and_is_restarted(self):
        port = lab.free_port()
        d = self.daemon(section("attic", "tcp://127.0.0.1:%d" % port))
        d.wait_state("attic", "waiting", "no connection to 127.0.0.1 port %d: Connection refused" % port)
        sim = self.sim("tcp:%d" % port)
        d.wait_count("attic", "messages", 2)
        self.assertEqual(d.log().count("no connection"), 1)

        sim.stop()
        d.wait_state("attic", "waiting")
        before = d.count("attic", "messages")
        self.sim("tcp:%d" % port)
        d.wait_count("attic", "messages", before + 2)
        self.assertEqual(d.count("attic", "starts"), 2)
        self.assertEqual(d.log().count("closed the connection"), 1)
        self.assertEqual(d.meters(), ["7359990000000001"])

    def test_name(self):
        port = lab.free_port()
        self.sim("tcp:%d" % port)
        d = self.daemon(section("attic", "tcp://localhost:%d" % port))
        d.wait_count("attic", "messages", 1)

    def test_ipv6(self):
        port = lab.free_port()
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError as e:
            self.skipTest("no IPv6 here: %s" % e)
        self.sim("tcp:%d" % port)
        d = self.daemon(section("attic", "tcp://[::1]:%d" % port))
        d.wait_count("attic", "messages", 1)

    def test_every_split_of_the_stream(self):
        """Octets one by one, more of them than a source may take in an interval."""
        port = lab.free_port()
        self.sim("tcp:%d" % port, "--count", 100, "--chunk", 1, speed=200)
        d = self.daemon(section("attic", "tcp://127.0.0.1:%d" % port))
        d.wait_count("attic", "messages", 100, seconds=20)
        self.assertEqual(d.count("attic", "frames"), 100)
        self.assertEqual(d.count("attic", "skipped"), 0)

    def test_dead_but_open_link_is_connected_anew(self):
        """The peer sends some lists and then nothing; it keeps the connection (a stuck port server)."""
        def serve(connection, number):
            for start in range(0, len(octets), 100):
                connection.sendall(octets[start:start + 100])
                time.sleep(0.02)
            peer.until_done(connection)

        octets = capture(8)
        with Peer(serve) as peer:
            d = self.daemon(section("attic", "tcp://127.0.0.1:%d" % peer.port))
            d.wait_count("attic", "messages", 8)
            self.assertEqual(d.count("attic", "starts"), 1)
            d.wait_count("attic", "messages", 16, seconds=60)
            self.assertEqual(d.count("attic", "watchdog"), 1)
            self.assertEqual(peer.accepted, 2)
            d.stop()

    def test_peer_that_accepts_and_closes_is_not_hammered(self):
        with Peer(lambda connection, number: None) as peer:
            d = self.daemon(section("attic", "tcp://127.0.0.1:%d" % peer.port))
            d.wait_state("attic", "waiting", "closed the connection")
            time.sleep(4.5)     # attempts after 0, 1, 3 and 7 s, a quarter more or less
            self.assertLessEqual(peer.accepted, 3)
            self.assertEqual(d.log().count("closed the connection"), 1)
            d.stop()

    def test_peer_that_delivers_and_closes_is_soon_asked_again(self):
        octets = capture(1)
        with Peer(lambda connection, number: connection.sendall(octets)) as peer:
            d = self.daemon(section("attic", "tcp://127.0.0.1:%d" % peer.port))
            # After 5 s at most; without a new beginning of the back-off after 11 s at least.
            d.wait_count("attic", "messages", 5, seconds=9)
            d.stop()

    def test_flood_starves_nobody(self):
        """Noise and good frames as fast as they go, and a meter beside them."""
        def flood(data):
            def serve(connection, number):
                while not (peers[0].done.is_set() or peers[1].done.is_set()):
                    with contextlib.suppress(TimeoutError):
                        connection.send(data)
            return serve

        port = self.folder.file("tty")
        # A build with the address sanitizer keeps what was freed, which would look like growth.
        no_quarantine = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"}
        peers = [Peer(flood(os.urandom(1 << 20))), Peer(flood(capture(2000, number="7359990000000002")))]
        with peers[0], peers[1]:
            d = self.daemon(section("noise", "tcp://127.0.0.1:%d" % peers[0].port),
                            section("flood", "tcp://127.0.0.1:%d" % peers[1].port),
                            section("cellar", "serial:" + port), env=no_quarantine)
            d.wait_count("noise", "octets", 1000000)
            d.wait_count("flood", "octets", 1000000)
            memory, begin = rss_kib(d.proc.pid), time.monotonic()
            before = [d.count(name, "octets") for name in ("noise", "flood")]
            self.sim("pty:" + port, "--count", 100, speed=100)
            d.wait_count("cellar", "messages", 100)
            seconds = time.monotonic() - begin
            for name, octets in zip(("noise", "flood"), before):
                # 16 pieces of 4 KiB in 100 ms: a flood is slowed down, not followed.
                self.assertLess(d.count(name, "octets") - octets, (seconds + 1) * 10 * 16 * 4096)
            self.assertEqual(d.count("noise", "messages"), 0)
            self.assertLess(rss_kib(d.proc.pid), memory + 8192)
            d.stop()
        self.assertEqual(d.proc.returncode, 0)

    def test_look_up_that_takes_long_delays_nobody(self):
        port = self.folder.file("tty")
        self.sim("pty:" + port)
        d = self.daemon(section("lost", "tcp://no-such-host.invalid:4001"), section("cellar", "serial:" + port))
        d.wait_count("cellar", "messages", 2)
        self.assertIn(d.source("lost")["State"], ("connecting", "waiting"))


@unittest.skipUnless(os.path.exists("/usr/sbin/ser2net"), "needs ser2net")
class Ser2net(SourceTest):
    """The users' case: a port server on another host, in raw mode."""

    CONF = ("connection: &meter\n"
            "    accepter: tcp,127.0.0.1,%d\n"
            "    connector: serialdev,%s,2400n81,local\n"
            "    options:\n"
            "      kickolduser: true\n")

    def ser2net(self, port, tty):
        conf = self.folder.write("ser2net.yaml", self.CONF % (port, tty))
        return self.enterContext(lab.Process(["/usr/sbin/ser2net", "-n", "-c", conf, "-P", self.folder.file("pid")]))

    def test_port_server(self):
        port, tty = lab.free_port(), self.folder.file("tty")
        d = self.daemon(section("attic", "tcp://127.0.0.1:%d" % port))
        sim = self.sim("pty:" + tty)
        server = self.ser2net(port, tty)
        d.wait_count("attic", "messages", 3)
        self.assertEqual(d.source("attic")["Health"], "ok")

        # The port server is restarted.
        server.stop()
        d.wait_state("attic", "waiting")
        before = d.count("attic", "messages")
        self.ser2net(port, tty)
        d.wait_count("attic", "messages", before + 3)

        # The meter's adapter is pulled, and put in again: ser2net accepts and closes meanwhile.
        sim.stop()
        d.wait_state("attic", "waiting")
        before = d.count("attic", "messages")
        self.sim("pty:" + tty)
        d.wait_count("attic", "messages", before + 3, seconds=30)
        self.assertEqual(d.count("attic", "fcs_errors"), 0)


class File(SourceTest):
    def setUp(self):
        super().setUp()
        self.path = self.folder.file("capture")

    def write(self, data):
        with open(self.path, "wb") as f:
            f.write(data)

    def check_replay(self, octets, messages, reason):
        self.write(octets)
        with Daemon(self.folder, self.bus, section("capture", "file:" + self.path)) as d:
            d.wait_state("capture", "ended", reason % self.path)
            self.assertEqual(d.count("capture", "messages"), messages)
            self.assertEqual(d.log().count(self.path), 1)

    def test_octets_and_hex_text(self):
        octets, text = capture(7), capture(7, to="lines")
        self.check_replay(octets, 7, "%%s: end after %d octets" % len(octets))
        self.check_replay(octets[50:], 6, "%%s: end after %d octets" % (len(octets) - 50))
        self.check_replay(text, 7, "%%s: end after %d octets of hex text" % len(text))
        spread = b"# caf\xc3\xa9, 2400 8E1\n\n" + b" ".join(b"%02X" % o for o in octets) + b"\r\n# end\n"
        self.check_replay(spread, 7, "%%s: end after %d octets of hex text" % len(spread))
        self.check_replay(b"", 0, "%s is empty")

    def test_what_a_cut_frame_hides_is_found_at_the_end(self):
        """A header is good and its frame cut off: what follows could be its rest, until nothing follows."""
        long, short = capture(2, to="lines").splitlines(keepends=True)
        self.assertLess(len(short), len(long) - 80)
        octets = long[:80] + b"\n" + short
        self.check_replay(octets, 1, "%%s: end after %d octets of hex text" % len(octets))

    def test_mistake_in_hex_text(self):
        lines = capture(7, to="lines").splitlines(keepends=True)
        self.check_replay(b"".join(lines[:3]) + b"7E A0 xy\n" + lines[3], 3, "%s, line 4: 'x' is not a hex digit")
        self.check_replay(b"".join(lines[:2]) + b"7E A\n" + lines[3], 2, "%s, line 3: a hex digit stands alone")

    def test_capture_comes_late(self):
        unreadable = self.folder.path
        d = self.daemon(section("capture", "file:" + self.path), section("folder", "file:" + unreadable))
        d.wait_state("capture", "waiting", "cannot open %s: No such file or directory" % self.path)
        d.wait_state("folder", "waiting", "cannot open %s: Is a directory" % unreadable)
        self.write(capture(3))
        d.wait_state("capture", "ended", seconds=RETRY_S + 5)
        self.assertEqual(d.count("capture", "messages"), 3)
        self.assertEqual(d.log().count("No such file"), 1)
        self.assertEqual(d.log().count("Is a directory"), 1)

    def test_fifo(self):
        os.mkfifo(self.path)
        d = self.daemon(section("capture", "file:" + self.path))
        d.wait_state("capture", "open")
        octets = capture(4)
        with open(self.path, "wb", buffering=0) as f:
            f.write(octets)
            # One message ends with the next one's flag at the latest, so the last may still be open.
            d.wait_count("capture", "messages", 3)
            self.assertEqual(d.source("capture")["State"], "open")
            f.write(octets)
        d.wait_state("capture", "ended", "end after %d octets" % (2 * len(octets)))
        self.assertEqual(d.count("capture", "messages"), 8)

    def test_standard_input(self):
        text = capture(5, to="lines")
        self.write(text)
        with open(self.path, "rb") as f, StdinDaemon(self.folder, self.bus, f) as d:
            d.wait_state("capture", "ended", "standard input: end after %d octets of hex text" % len(text))
            self.assertEqual(d.count("capture", "messages"), 5)
        with open("/dev/null", "rb") as f, StdinDaemon(self.folder, self.bus, f) as d:
            d.wait_state("capture", "ended", "standard input is empty")
        ours, theirs = socket.socketpair()
        with ours, theirs, StdinDaemon(self.folder, self.bus, theirs) as d:
            ours.sendall(capture(5))
            d.wait_count("capture", "messages", 4)
            # The daemon did not make our end of it non-blocking.
            self.assertFalse(fcntl.fcntl(theirs, fcntl.F_GETFL) & os.O_NONBLOCK)
            ours.shutdown(socket.SHUT_WR)
            d.wait_state("capture", "ended")
            self.assertEqual(d.count("capture", "messages"), 5)

    def test_long_replay_stands_back(self):
        port = self.folder.file("tty")
        self.write(capture(5000, number="7359990000000002") * 30)
        d = self.daemon(section("capture", "file:" + self.path), section("cellar", "serial:" + port))
        d.wait_count("capture", "messages", 1)
        self.sim("pty:" + port, "--count", 100, speed=100)
        d.wait_count("cellar", "messages", 100)
        self.assertEqual(d.source("capture")["State"], "open")
        d.stop(seconds=5)
        self.assertEqual(d.proc.returncode, 0)


class Life(SourceTest):
    def full_listener(self):
        """A port whose connections hang: its queue is full, so the kernel answers no more."""
        server = self.enterContext(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            s = self.enterContext(socket.socket())
            s.setblocking(False)
            s.connect_ex(server.getsockname())
        return server.getsockname()[1]

    def test_stop_in_any_state_leaves_nothing_open(self):
        tty, fifo, long = (self.folder.file(name) for name in ("tty", "fifo", "long"))
        os.mkfifo(fifo)
        with open(long, "wb") as f:
            f.write(capture(5000) * 10)
        self.sim("pty:" + tty)
        port = lab.free_port()
        self.sim("tcp:%d" % port, number="7359990000000002")
        sections = [section("port", "serial:" + tty), section("absent", "serial:/dev/serial/by-id/none/at/all"),
                    section("open", "tcp://127.0.0.1:%d" % port), section("refused", "tcp://127.0.0.1:1"),
                    section("hangs", "tcp://127.0.0.1:%d" % self.full_listener()),
                    section("look-up", "tcp://no-such-host.invalid:4001"), section("fifo", "file:" + fifo),
                    section("long", "file:" + long), section("nofile", "file:/nonexistent")]
        want = {"port": "open", "absent": "waiting", "open": "open", "refused": "waiting", "hangs": "connecting",
                "fifo": "open", "long": "open", "nofile": "waiting"}
        d = self.daemon(sections[0])
        d.wait_state("port", "open")
        d.reload()
        before = fds(d.proc.pid)
        for _ in range(5):
            d.reload(*sections)
            for name, state in want.items():
                d.wait_state(name, state)
            d.reload()
            self.assertEqual(d.source("port"), {})
            # A look-up that hangs keeps its thread and eventfd until it ends by itself.
            lab.wait_for(lambda: fds(d.proc.pid) <= before, 60, why=d.log)
        d.reload(*sections)
        d.wait_state("port", "open")
        self.assertEqual(d.stop(), 0)

    def test_mistakes_in_uris_name_the_part(self):
        for uri, sentence in (("serial:/dev/ttyS0?parity=evne", 'parity: "evne" is not one of none, even, odd'),
                              ("serial:ttyS0", 'path "ttyS0" does not begin with a slash'),
                              ("tcp://attic", "the port is missing: tcp://HOST:PORT"),
                              ("file:", "the path of a file is missing")):
            with self.subTest(uri):
                conf = self.folder.write("bad.conf", "\n\n" + section("x", uri))
                out = subprocess.run([lab.AMSHAND, "--check-config", "-c", conf], stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, text=True, timeout=30)
                self.assertEqual(out.returncode, 1)
                self.assertIn(conf + ":4", out.stdout)
                self.assertIn(sentence, out.stdout)


if __name__ == "__main__":
    unittest.main()
