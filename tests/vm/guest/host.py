# SPDX-License-Identifier: GPL-2.0
"""The host, as seen from inside the machine: plugs and unplugs an emulated FTDI adapter, is its meter,
and takes the results.

Lines of JSON over one virtio port, a request and its answer: {"do": "plug", ...}, then {"ok": true} or
{"ok": false, "error": "..."}.  The other end is tests/vm/machine.py.
"""
import json
import os
import threading

PORT = "/dev/virtio-ports/org.amshan.host"


class HostError(Exception):
    """The host could not do it, and says why."""


class Channel:
    """The port can be open only once: one channel for all of a process, opened when it is needed."""

    def __init__(self):
        self.lock = threading.Lock()
        self.fd = None
        self.rest = b""

    def line(self):
        while b"\n" not in self.rest:
            data = os.read(self.fd, 65536)
            if not data:
                raise HostError("the host has closed the channel")
            self.rest += data
        line, self.rest = self.rest.split(b"\n", 1)
        return line

    def ask(self, request):
        data = json.dumps(request).encode() + b"\n"
        with self.lock:
            if self.fd is None:
                self.fd = os.open(PORT, os.O_RDWR | os.O_CLOEXEC)
            while data:
                data = data[os.write(self.fd, data):]
            answer = json.loads(self.line())
        if not answer.pop("ok"):
            raise HostError("%s: %s" % (request["do"], answer["error"]))
        return answer


channel = Channel()


class Host:
    def plug(self, id, serial, port=None):
        """Plug in an adapter with a serial number, or without (None), into the socket `port` ("1") or any;
        the kernel gives it a tty some time later."""
        channel.ask({"do": "plug", "id": id, "serial": serial, "port": port})

    def unplug(self, id):
        """Pull it out, whatever it still has to say.  It is gone from the bus when this returns."""
        channel.ask({"do": "unplug", "id": id})

    def send(self, id, octets, rate=None, wait=True):
        """The meter sends octets: as fast as the adapter takes them, or `rate` octets per second.

        With wait: returns when the adapter has all of them but the last few kilobytes; it takes no
        more than some hundred while nobody has its tty open.  Without: returns at once, and what
        was not taken at unplug() is lost.  There are no breaks and no line errors: QEMU tells a break
        in a packet without octets, in which Linux does not look for one.
        """
        channel.ask({"do": "send", "id": id, "hex": bytes(octets).hex(), "rate": rate, "wait": wait})

    def sent(self, id):
        """How many octets the adapter has been handed since it was plugged in."""
        return channel.ask({"do": "sent", "id": id})["octets"]

    def meter(self, id, messages, period, rate):
        """Behind this adapter, plugged in or not, is a meter that sends a message each `period` seconds, with
        `rate` octets per second, and begins again behind the last one.  What nobody takes is lost."""
        channel.ask({"do": "meter", "id": id, "messages": messages, "period": period, "rate": rate})

    def reboot(self, allowed):
        """A reboot is no longer the end of the machine, or is again."""
        channel.ask({"do": "reboot", "allowed": allowed})

    def result(self, result):
        """What came of the tests; the last thing that is asked."""
        channel.ask({"do": "result", "result": result})
