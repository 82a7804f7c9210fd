# SPDX-License-Identifier: GPL-2.0
"""The family "amshan": what it answers, whom it refuses, and what is malformed in every way."""
import errno
import os
import random
import struct
import time

import frames
import module
import netlink
from module import Child, TestCase, as_nobody
from netlink import A_INDEX, PORT_ADDED, PORT_GET, PORT_REMOVED, attr, u32

MALFORMED = (errno.EINVAL, errno.ERANGE)


class Answers(TestCase):
    def test_the_family(self):
        with netlink.Client() as client:
            self.assertEqual(client.version, 1)
            self.assertEqual(list(client.groups), ["events"])

    def test_port_get_and_dump(self):
        self.assertEqual(module.client().ports(), {})
        before = time.monotonic_ns(), time.time_ns()
        ports = [self.port() for _ in range(3)]
        after = time.monotonic_ns(), time.time_ns()
        for number, port in enumerate(ports):
            port.feed(frames.on_line(*[frames.numbered(n) for n in range(number)]))
        dump = module.client().ports()
        self.assertEqual(sorted(dump), sorted(p.index for p in ports))
        for number, port in enumerate(ports):
            told = module.client().port_get(port.index)
            self.assertEqual(told, dump[port.index])
            self.assertEqual(told.tty, port.tty[len("/dev/"):])
            self.assertEqual(os.makedev(*told.dev), os.stat(port.tty).st_rdev)
            self.assertEqual(told.counters["frames"], number)
            self.assertTrue(before[0] <= told.mono_ns <= after[0], told.mono_ns)
            self.assertTrue(before[1] <= told.real_ns <= after[1], told.real_ns)
        self.assertEqual(len({told.mono_ns for told in dump.values()}), 3)

    def test_anybody_may_ask(self):
        port = self.port()
        port.feed(frames.on_line(frames.numbered(1)))

        def ask():
            with netlink.Client() as client:
                return [client.port_get(port.index).counters["frames"], len(client.ports())]
        self.assertEqual(as_nobody(ask), [1, 1])

    def test_what_is_not_there_is_refused_in_words(self):
        port = self.port()
        client = module.client()
        for index in (port.index + 1, 15, 16, 17, 255, 2 ** 31, 2 ** 32 - 1):
            error = self.refused((errno.ENODEV, errno.ENOENT), client.port_get, index)
            self.assertRegex(error.sentence, "port")
            self.assertEqual(error.offset, 20, "of the attribute in the message")
        error = self.refused(errno.EINVAL, client.request, client.family, PORT_GET)
        self.assertTrue(error.sentence or error.missing == A_INDEX, "no word about the missing index")

    def test_malformed_attributes_are_refused_in_words(self):
        port = self.port()
        client = module.client()
        good = u32(A_INDEX, port.index)
        index = struct.pack("=I", port.index)
        cases = {
            "short": attr(A_INDEX, b"\0\0"),
            "empty": attr(A_INDEX, b""),
            "long": attr(A_INDEX, index + bytes(4)),
            "nested": attr(A_INDEX | netlink.NLA_F_NESTED, index),
            "unknown": good + attr(99, b"x"),
            "not for requests": good + attr(netlink.A_TTY, b"pts/0\0"),
            "statistics": good + attr(netlink.A_STATS, u32(2, 1)),
            "length of 0": attr(A_INDEX, index, 0),
            "length of 3": attr(A_INDEX, index, 3),
            "longer than the message": attr(A_INDEX, index, 400),
            "as long as can be": attr(A_INDEX, index, 65535),
            "cut off": good[:6],
            "octets behind": good + b"\1",
        }
        for name, payload in cases.items():
            for flags in (0, netlink.DUMP):
                with self.subTest(name, flags=flags):
                    error = self.refused(MALFORMED, client.request, client.family, PORT_GET, payload, flags)
                    self.assertTrue(error.sentence, "%s: no word" % error)
        self.assertEqual(client.port_get(port.index).index, port.index)

    def test_a_dump_of_one_port_is_refused_in_words(self):
        port = self.port()
        client = module.client()
        error = self.refused(errno.EINVAL, client.request, client.family, PORT_GET, u32(A_INDEX, port.index),
                             netlink.DUMP)
        self.assertIn("takes no attributes", error.sentence)

    def test_the_last_of_an_attribute_given_twice_counts(self):
        port = self.port()
        client = module.client()
        answer = client.request(client.family, PORT_GET, u32(A_INDEX, 15) + u32(A_INDEX, port.index))
        self.assertEqual(netlink.port_of(answer[0][4:]).index, port.index)

    def test_other_commands_are_refused(self):
        client = module.client()
        for command in (0, PORT_ADDED, PORT_REMOVED, 4, 255):
            for flags in (0, netlink.DUMP):
                self.refused((errno.EOPNOTSUPP, errno.EPERM, errno.EINVAL), client.request, client.family, command,
                             b"", flags)


class Events(TestCase):
    def test_ports_come_and_go(self):
        with netlink.Client() as client:
            client.join()
            port = self.port()
            port.feed(frames.on_line(frames.numbered(1), frames.numbered(2)))
            told = module.client().port_get(port.index)
            port.detach()
            (added, first), (removed, last) = client.events(2)
            self.assertEqual((added, removed), (PORT_ADDED, PORT_REMOVED))
            self.assertEqual(first[:-1], told[:-1])
            self.assertEqual(set(first.counters.values()), {0})
            self.assertEqual(last, told)
            port.attach()
            port.hang_up()
            again = client.events(2)
            self.assertEqual([command for command, _ in again], [PORT_ADDED, PORT_REMOVED])
            self.assertGreater(again[0][1].mono_ns, first.mono_ns)

    def test_the_last_counters_have_nothing_pending(self):
        with netlink.Client() as client:
            client.join()
            port = self.port()
            octets = frames.on_line(frames.numbered(1))
            port.feed(octets[:40])
            self.assertGreater(port.counters()["pending"], 0)
            port.detach()
            last = client.events(2)[1][1].counters
            self.assertEqual((last["rx_octets"], last["pending"], last["timeouts"]), (40, 0, 1))

    def test_only_who_may_hears_them(self):
        """Older and newer kernels have different flags for it, and ignore the other one silently."""
        def join():
            with netlink.Client() as client:
                client.join()
        join()
        self.refused(errno.EPERM, as_nobody, join)

    def test_a_listener_that_does_not_read_is_told_that_some_were_lost(self):
        with netlink.Client() as client:
            client.socket.setsockopt(netlink.socket.SOL_SOCKET, netlink.socket.SO_RCVBUF, 4096)
            client.join()
            port = self.port(attach=False)
            for _ in range(30):
                port.attach()
                port.detach()
            self.refused(errno.ENOBUFS, client.socket.recv, 65536)


class ComingAndGoing(TestCase):
    def test_dumps_while_ports_come_and_go(self):
        stays = self.port()

        def dump(stop):
            dumps = interrupted = 0
            with netlink.Client() as client:
                while not stop():
                    ports = client.ports()
                    dumps += 1
                    interrupted += client.interrupted
                    if stays.index not in ports:
                        raise AssertionError("port %d is missing: %r" % (stays.index, ports))
            return dumps
        with Child(dump) as one, Child(dump) as two:
            others = [self.port(attach=False) for _ in range(5)]
            for _ in range(10):
                for port in others:
                    port.attach()
                for port in others:
                    port.detach()
            for child in (one, two):
                self.assertGreater(child.result(), 1)


class Fuzz(TestCase):
    MESSAGES, AT_ONCE = 10000, 50

    def payload(self, rng):
        """Attributes, most of them nearly right."""
        parts = []
        for _ in range(rng.choice((0, 1, 1, 1, 2, 5))):
            kind = rng.choice((A_INDEX, A_INDEX, rng.randrange(0, 12), rng.randrange(0x10000)))
            data = rng.choice((struct.pack("=I", rng.randrange(18)), rng.randbytes(rng.randrange(13)), b"",
                               u32(rng.randrange(20), rng.randrange(4))))
            length = rng.choice((None, None, None, rng.randrange(0x10000), rng.randrange(12)))
            parts.append(attr(kind, data, length))
        whole = b"".join(parts)
        return whole[:rng.randrange(len(whole) + 1)] if rng.random() < 0.2 else whole

    def message(self, rng, family):
        body = bytes([rng.choice((PORT_GET, PORT_GET, PORT_GET, rng.randrange(256))), rng.randrange(3)])
        body += rng.choice((b"\0\0", b"\0\0", rng.randbytes(2))) + self.payload(rng)
        if rng.random() < 0.05:
            body = body[:rng.randrange(5)]
        flags = netlink.REQUEST | rng.choice((0, 0, netlink.ACK, netlink.DUMP, rng.randrange(0x1000)))
        header = struct.pack("=IHHII", 16 + len(body), family, flags, rng.randrange(1 << 32), 0)
        return header + body + b"\0" * (-len(body) % 4)

    def test_ten_thousand_malformed_messages(self):
        rng = random.Random(3)
        port = self.port()
        port.feed(frames.on_line(frames.numbered(1)))
        told = module.client().port_get(port.index)
        answers = errors = 0
        with netlink.Client() as client:
            for _ in range(self.MESSAGES // self.AT_ONCE):
                client.socket.send(b"".join(self.message(rng, client.family) for _ in range(self.AT_ONCE)))
                for kind, flags, payload in client.drain():
                    if kind == client.family:
                        self.assertEqual(netlink.port_of(payload[4:]), told)
                        answers += 1
                    elif kind == netlink.NLMSG_ERROR and (error := netlink.error_of(flags, payload)):
                        self.assertIn(error.errno, (errno.EINVAL, errno.ERANGE, errno.EOPNOTSUPP, errno.ENODEV,
                                                    errno.EPERM, errno.EBUSY))
                        errors += 1
        self.assertGreater(answers, 100)
        self.assertGreater(errors, 1000)
        self.assertEqual(module.client().port_get(port.index), told)

    def test_lengths_that_lie_about_the_message(self):
        port = self.port()
        rng = random.Random(4)
        with netlink.Client() as client:
            for n in (0, 1, 15, 16, 17, 19, 20, 21, 27, 29, 100, 65535, 2 ** 31, 2 ** 32 - 1):
                good = client.message(client.family, PORT_GET, u32(A_INDEX, port.index))
                client.socket.send(struct.pack("=I", n) + good[4:])
                client.socket.send(good[:rng.randrange(1, len(good))])
                for kind, flags, payload in client.drain():
                    self.assertEqual(kind, netlink.NLMSG_ERROR)
                    self.assertIsNotNone(netlink.error_of(flags, payload))
            self.assertEqual(client.port_get(port.index).index, port.index)
