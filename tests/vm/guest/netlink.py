# SPDX-License-Identifier: GPL-2.0
"""Generic netlink by hand: the family "amshan" as its contract says, from octets.

Shares no code with the daemon's client.
"""
import collections
import errno
import os
import select
import socket
import struct
import time

NETLINK_GENERIC = 16
SOL_NETLINK = 270
NETLINK_ADD_MEMBERSHIP, NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK = 1, 10, 11, 12

REQUEST, MULTI, ACK, DUMP = 0x1, 0x2, 0x4, 0x300
CAPPED, ACK_TLVS, DUMP_INTR = 0x100, 0x200, 0x10
NLMSG_ERROR, NLMSG_DONE = 2, 3

GENL_ID_CTRL, CTRL_CMD_GETFAMILY = 16, 3
CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME, CTRL_ATTR_VERSION, CTRL_ATTR_MCAST_GROUPS = 1, 2, 3, 7
CTRL_ATTR_MCAST_GRP_NAME, CTRL_ATTR_MCAST_GRP_ID = 1, 2
NLA_F_NESTED = 0x8000

PORT_GET, PORT_ADDED, PORT_REMOVED = 1, 2, 3
A_PAD, A_INDEX, A_TTY, A_TTY_MAJOR, A_TTY_MINOR, A_ATTACH_MONO, A_ATTACH_REAL, A_STATS = range(1, 9)

# In the order of enum amshan_stats_attr, from AMSHAN_A_STATS_RX_OCTETS.
COUNTERS = ("rx_octets", "frames", "frame_octets", "segmented", "flags", "skipped", "pending", "fcs_errors",
            "hcs_errors", "format_errors", "length_errors", "timeouts", "parity_errors", "framing_errors", "breaks",
            "overruns", "overwritten")
FIRST_COUNTER = 2

Port = collections.namedtuple("Port", "index tty dev mono_ns real_ns counters")


class Refused(OSError):
    """An error of the kernel, with what its extended acknowledgement says."""

    def __init__(self, code, sentence, offset=None, missing=None):
        super().__init__(code, "%s%s" % (os.strerror(code), ": " + sentence if sentence else ""))
        self.sentence, self.offset, self.missing = sentence, offset, missing


def attr(kind, data, length=None):
    """One attribute, padded; length: what its header says, if that is to be wrong."""
    n = 4 + len(data) if length is None else length
    return struct.pack("=HH", n & 0xFFFF, kind) + data + b"\0" * (-len(data) % 4)


def u32(kind, value):
    return attr(kind, struct.pack("=I", value))


def attrs(data):
    """All attributes in their order: [(kind, octets)]."""
    found, at = [], 0
    while at + 4 <= len(data):
        n, kind = struct.unpack_from("=HH", data, at)
        if n < 4 or at + n > len(data):
            raise AssertionError("attribute of %d octets at %d of %d" % (n, at, len(data)))
        found.append((kind & 0x3FFF, data[at + 4:at + n]))
        at += n + 3 & ~3
    return found


def text_of(data):
    if data[-1:] != b"\0":
        raise AssertionError("text without its NUL: %r" % data)
    return data[:-1].decode()


def port_of(data):
    """The attributes of a port; each must be there once and have its size."""
    found = [(kind, value) for kind, value in attrs(data) if kind != A_PAD]
    by_kind = dict(found)
    if sorted(kind for kind, _ in found) != [A_INDEX, A_TTY, A_TTY_MAJOR, A_TTY_MINOR, A_ATTACH_MONO, A_ATTACH_REAL,
                                             A_STATS]:
        raise AssertionError("attributes of a port: %r" % found)
    stats = [(kind, value) for kind, value in attrs(by_kind[A_STATS]) if kind != 1]
    if [kind for kind, _ in stats] != list(range(FIRST_COUNTER, FIRST_COUNTER + len(COUNTERS))):
        raise AssertionError("counters of a port: %r" % stats)
    counters = {COUNTERS[kind - FIRST_COUNTER]: struct.unpack("=Q", value)[0] for kind, value in stats}
    if counters["rx_octets"] != sum(counters[k] for k in ("frame_octets", "flags", "skipped", "pending")):
        raise AssertionError("counters do not add up: %r" % counters)
    number = [struct.unpack("=I", by_kind[k])[0] for k in (A_INDEX, A_TTY_MAJOR, A_TTY_MINOR)]
    return Port(number[0], text_of(by_kind[A_TTY]), (number[1], number[2]),
                struct.unpack("=Q", by_kind[A_ATTACH_MONO])[0], struct.unpack("=Q", by_kind[A_ATTACH_REAL])[0],
                counters)


class Messages:
    """The netlink messages of one datagram: (type, flags, seq, payload)."""

    def __init__(self, data):
        self.data = data

    def __iter__(self):
        at = 0
        while at + 16 <= len(self.data):
            n, kind, flags, seq, _ = struct.unpack_from("=IHHII", self.data, at)
            if n < 16 or at + n > len(self.data):
                raise AssertionError("netlink message of %d octets at %d of %d" % (n, at, len(self.data)))
            yield kind, flags, seq, self.data[at + 16:at + n]
            at += n + 3 & ~3


def error_of(flags, payload):
    """Refused for the payload of NLMSG_ERROR, None for an acknowledgement."""
    code = -struct.unpack_from("=i", payload)[0]
    if not code:
        return None
    at = 4 + (16 if flags & CAPPED else struct.unpack_from("=I", payload, 4)[0] + 3 & ~3)
    return refused(code, payload[at:] if flags & ACK_TLVS else b"")


def refused(code, tlvs):
    said = dict(attrs(tlvs))
    return Refused(code, text_of(said[1]) if 1 in said else "",
                   struct.unpack("=I", said[2])[0] if 2 in said else None,
                   struct.unpack("=I", said[5])[0] if 5 in said else None)


class Client:
    """A generic netlink socket that knows the family."""

    def __init__(self, family=True, seconds=20):
        self.seconds = seconds
        self.seq = 0
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC)
        try:
            self.socket.bind((0, 0))
            self.socket.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
            self.socket.setsockopt(SOL_NETLINK, NETLINK_CAP_ACK, 1)
            if family:
                self.find_family()
        except BaseException:
            self.socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.socket.close()

    def find_family(self):
        """Raises Refused with ENOENT while the module is not loaded."""
        answer = self.request(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, attr(CTRL_ATTR_FAMILY_NAME, b"amshan\0"))
        found = dict(attrs(answer[0][4:]))
        self.family = struct.unpack("=H", found[CTRL_ATTR_FAMILY_ID])[0]
        self.version = struct.unpack("=I", found[CTRL_ATTR_VERSION])[0]
        self.groups = {}
        for _, group in attrs(found.get(CTRL_ATTR_MCAST_GROUPS, b"")):
            values = dict(attrs(group))
            self.groups[text_of(values[CTRL_ATTR_MCAST_GRP_NAME])] = struct.unpack(
                "=I", values[CTRL_ATTR_MCAST_GRP_ID])[0]

    def message(self, kind, command, payload=b"", flags=0):
        self.seq += 1
        body = struct.pack("=BBH", command, 1, 0) + payload
        return struct.pack("=IHHII", 16 + len(body), kind, REQUEST | flags, self.seq, 0) + body

    def receive(self, seconds=None):
        """The messages of one datagram."""
        if not select.select([self.socket], [], [], self.seconds if seconds is None else seconds)[0]:
            raise AssertionError("no answer over netlink")
        return Messages(self.socket.recv(1 << 17))

    def answers(self, seq):
        """The payloads that answer a request, until its end; raises Refused."""
        found = []
        self.interrupted = False
        while True:
            for kind, flags, number, payload in self.receive():
                if number != seq:
                    continue
                self.interrupted |= bool(flags & DUMP_INTR)
                if kind == NLMSG_ERROR:
                    error = error_of(flags, payload)
                    if error:
                        raise error
                    return found
                if kind == NLMSG_DONE:
                    code = -struct.unpack_from("=i", payload)[0]
                    if code > 0:
                        raise refused(code, payload[4:] if flags & ACK_TLVS else b"")
                    return found
                found.append(payload)
                if not flags & MULTI:
                    return found

    def request(self, kind, command, payload=b"", flags=0):
        self.socket.send(self.message(kind, command, payload, flags))
        return self.answers(self.seq)

    def port_get(self, index):
        payloads = self.request(self.family, PORT_GET, u32(A_INDEX, index))
        if len(payloads) != 1:
            raise AssertionError("%d answers to one port-get" % len(payloads))
        return port_of(payloads[0][4:])

    def ports(self):
        """All ports by a dump: {index: Port}."""
        found = [port_of(p[4:]) for p in self.request(self.family, PORT_GET, b"", DUMP)]
        if len({port.index for port in found}) != len(found):
            raise AssertionError("a port twice in one dump: %r" % found)
        return {port.index: port for port in found}

    def join(self, group="events"):
        self.socket.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, self.groups[group])

    def events(self, count, seconds=20):
        """So many events: [(command, Port)]."""
        found, end = [], time.monotonic() + seconds
        while len(found) < count:
            left = end - time.monotonic()
            if left <= 0:
                raise AssertionError("%d of %d events: %r" % (len(found), count, found))
            if select.select([self.socket], [], [], left)[0]:
                found += [(payload[0], port_of(payload[4:])) for _, _, _, payload in self.receive()]
        return found

    def drain(self):
        """All answers that are there now: [(type, flags, payload)]; lost ones do not matter."""
        found = []
        while select.select([self.socket], [], [], 0)[0]:
            try:
                found += [(kind, flags, payload) for kind, flags, _, payload in
                          Messages(self.socket.recv(1 << 17, socket.MSG_DONTWAIT))]
            except OSError as e:
                if e.errno not in (errno.ENOBUFS, errno.EAGAIN):
                    raise
        return found
