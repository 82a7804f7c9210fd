# SPDX-License-Identifier: GPL-2.0
"""A virtual machine: QEMU without KVM, a meter's USB adapter to plug in, and a channel to what runs inside.

The guest asks (tests/vm/guest/host.py), one line of JSON a time; here it is done and answered.  No
socket has a name: all are pairs whose one end QEMU gets as a file descriptor.
"""
import array
import collections
import contextlib
import json
import os
import queue
import re
import select
import socket
import subprocess
import threading
import time

# What makes an emulated machine slow and is not ours to test is off.  Its TSC is not to be had: how
# fast it runs is measured at the start, and on a busy host that is wrong by far.
APPEND = "console=ttyS0 loglevel=5 panic=-1 mitigations=off tsc=unstable clocksource=hpet no_timer_check"

# What the guest told, or None, and what went wrong with the machine, or None.
Outcome = collections.namedtuple("Outcome", "result reason")
OFF_SECONDS = 30    # from the results to the end
# What no run may print.  The tests look for the same one by one; this sees what comes between them.
SPLAT = re.compile(r"BUG:|WARNING:|Oops|Call Trace:|Kernel panic|KASAN|UBSAN|kmemleak: [1-9]|general protection fault|"
                   r"possible (?:circular|recursive) locking|inconsistent lock state|suspicious RCU|ODEBUG|"
                   r"detected stall|soft lockup|blocked for more than|refcount_t: |cut here|sysfs: cannot create")
# A tape is what a meter sends again and again: messages, seconds from one to the next, octets per second.
Tape = collections.namedtuple("Tape", "messages period rate begin")


class MachineError(Exception):
    pass


class Monitor:
    """QEMU's monitor (QMP)."""

    def __init__(self, sock):
        self.sock = sock
        self.sock.settimeout(30)
        self.file = sock.makefile("rb")
        self.events = collections.deque(maxlen=100)
        self.read()     # the greeting
        self.ask("qmp_capabilities")

    def read(self):
        try:
            line = self.file.readline()
        except OSError as e:
            raise MachineError("QEMU's monitor: %s" % e) from e
        if not line:
            raise MachineError("QEMU has closed its monitor")
        return json.loads(line)

    def ask(self, command, fd=None, **arguments):
        data = json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n"
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))] if fd is not None else []
        try:
            self.sock.sendmsg([data], rights)
        except OSError as e:
            raise MachineError("QEMU's monitor: %s" % e) from e
        while True:
            answer = self.read()
            if "event" in answer:
                self.events.append(answer)
            elif "error" in answer:
                raise MachineError("%s: %s" % (command, answer["error"]["desc"]))
            else:
                return answer["return"]

    def wait_deleted(self, device):
        def matches(event):
            return event["event"] == "DEVICE_DELETED" and event["data"].get("device") == device
        while not any(matches(event) for event in self.events):
            self.events.append(self.read())
        self.events = collections.deque((e for e in self.events if not matches(e)), maxlen=100)


class Adapter:
    """An emulated FTDI adapter, plugged in; a thread is the meter behind it.  Without `serial` it has
    no serial number; `port` is the socket it is plugged into, if it matters."""

    def __init__(self, monitor, id, serial, port=None):
        self.monitor, self.id, self.octets = monitor, id, 0
        self.tape, self.unplugged = None, threading.Event()
        self.sock, theirs = socket.socketpair()
        with theirs:
            # Little is on its way: send() has to mean something.
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            monitor.ask("getfd", fd=theirs.fileno(), fdname=id)
        monitor.ask("chardev-add", id=id, backend={"type": "socket", "data": {
            "addr": {"type": "fd", "data": {"str": id}}, "server": False}})
        try:
            monitor.ask("device_add", driver="usb-serial", chardev=id, id=id, bus="xhci.0",
                        serial=serial or "", **({"port": port} if port else {}))
        except MachineError:
            monitor.ask("chardev-remove", id=id)
            self.sock.close()
            raise
        self.queue = queue.Queue()
        threading.Thread(target=self.meter, daemon=True).start()
        threading.Thread(target=self.drain, daemon=True).start()

    def meter(self):
        while (job := self.queue.get()) is not None:
            octets, rate, done = job
            try:
                self.write(octets, rate)
                done({"ok": True})
            except OSError:
                done({"ok": False, "error": "the adapter was unplugged"})

    def write(self, octets, rate):
        size = 4096 if rate is None else max(1, rate // 50)
        for at in range(0, len(octets), size):
            chunk = octets[at:at + size]
            self.sock.sendall(chunk)
            self.octets += len(chunk)
            if rate is not None:
                time.sleep(len(chunk) / rate)

    def play(self, tape):
        """Go on with a tape where it is now.  What nobody takes is lost, as on a real line."""
        first = self.tape is None
        self.tape = tape
        if first:
            threading.Thread(target=self.player, daemon=True).start()

    def player(self):
        while True:
            tape = self.tape
            turn = int((time.monotonic() - tape.begin) / tape.period) + 1
            if self.unplugged.wait(tape.begin + turn * tape.period - time.monotonic()):
                return
            octets = tape.messages[turn % len(tape.messages)]
            size = max(1, tape.rate // 50)
            for at in range(0, len(octets), size):
                try:
                    self.octets += self.sock.send(octets[at:at + size], socket.MSG_DONTWAIT)
                except BlockingIOError:
                    pass
                except OSError:
                    return
                time.sleep(size / tape.rate)

    def drain(self):
        """What the guest writes to a meter goes nowhere, and must not wait either."""
        with contextlib.suppress(OSError):
            while self.sock.recv(4096):
                pass

    def unplug(self):
        # The meter goes first, whose end takes the adapter off the bus: a device_del while octets
        # are on their way makes QEMU 7.2 wake an endpoint that it has freed.
        self.unplugged.set()
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.queue.put(None)
        end = time.monotonic() + 10
        while not self.is_disconnected() and time.monotonic() < end:
            time.sleep(0.01)
        self.monitor.ask("device_del", id=self.id)
        self.monitor.wait_deleted(self.id)
        self.monitor.ask("chardev-remove", id=self.id)
        self.sock.close()

    def is_disconnected(self):
        return any(chardev["label"] == self.id and chardev["filename"].startswith("disconnected")
                   for chardev in self.monitor.ask("query-chardev"))


class Machine:
    """Boots once, and again when the guest has asked for it.  `console` and `log` are files: what the kernel
    and the tests print, the kernel's log.  `off_seconds`: how long it may take from the results to the end."""

    def __init__(self, kernel, initramfs, disks, console, log, memory, append, off_seconds=OFF_SECONDS):
        self.console, self.log, self.off_seconds = console, log, off_seconds
        self.control, control = socket.socketpair()
        monitor, theirs = socket.socketpair()
        argv = ["setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-M", "q35",
                "-cpu", "max,la57=off", "-smp", "2", "-m", str(memory), "-nodefaults", "-no-user-config",
                "-display", "none", "-no-reboot", "-kernel", kernel, "-initrd", initramfs,
                "-append", "%s %s" % (APPEND, append), "-serial", "file:" + console,
                "-chardev", "socket,id=qmp,fd=%d" % theirs.fileno(), "-mon", "chardev=qmp,mode=control",
                "-device", "qemu-xhci,id=xhci", "-device", "virtio-serial-pci",
                "-chardev", "socket,id=control,fd=%d" % control.fileno(),
                "-device", "virtserialport,chardev=control,name=org.amshan.host",
                "-chardev", "file,id=log,path=" + log,
                "-device", "virtserialport,chardev=log,name=org.amshan.log",
                "-object", "rng-random,id=rng,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=rng"]
        for disk in disks:
            argv += ["-drive", "file=%s,if=virtio,format=raw,snapshot=on" % disk]
        for path in (console, log):
            with open(path, "w"):
                pass
        with control, theirs:
            self.proc = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                         stderr=subprocess.STDOUT, pass_fds=(control.fileno(), theirs.fileno()))
        self.monitor_socket = monitor
        self.adapters, self.tapes = {}, {}
        self.result = None

    def close(self):
        self.proc.kill()
        self.proc.wait()
        self.proc.stdout.close()
        for adapter in self.adapters.values():
            adapter.sock.close()
        self.control.close()
        self.monitor_socket.close()

    def answer(self, answer):
        with contextlib.suppress(OSError):
            self.control.sendall(json.dumps(answer).encode() + b"\n")

    def adapter(self, request):
        if request["id"] not in self.adapters:
            raise MachineError("there is no adapter %s" % request["id"])
        return self.adapters[request["id"]]

    def do(self, request):
        """An answer, or None if it will come later."""
        do = request["do"]
        if do == "plug":
            if request["id"] in self.adapters:
                raise MachineError("adapter %s is plugged in already" % request["id"])
            adapter = Adapter(self.monitor, request["id"], request["serial"], request.get("port"))
            self.adapters[request["id"]] = adapter
            if request["id"] in self.tapes:
                adapter.play(self.tapes[request["id"]])
        elif do == "unplug":
            self.adapter(request).unplug()
            del self.adapters[request["id"]]
        elif do == "send":
            wait = request["wait"]
            self.adapter(request).queue.put((bytes.fromhex(request["hex"]), request["rate"],
                                             self.answer if wait else lambda answer: None))
            if wait:
                return None
        elif do == "sent":
            return {"ok": True, "octets": self.adapter(request).octets}
        elif do == "meter":
            self.meter(request["id"], [bytes.fromhex(m) for m in request["messages"]], request["period"],
                       request["rate"])
        elif do == "reboot":
            # Unasked, a reboot is the end: of a kernel that has panicked, say.
            self.monitor.ask("set-action", reboot="reset" if request["allowed"] else "shutdown")
        elif do == "result":
            self.result = request["result"]
        else:
            raise MachineError("nobody knows how to " + str(do))
        return {"ok": True}

    def meter(self, id, messages, period, rate):
        """A meter that sends all the time, whether its adapter is plugged in or not."""
        self.tapes[id] = Tape(messages, period, rate, time.monotonic())
        if id in self.adapters:
            self.adapters[id].play(self.tapes[id])

    def serve(self, line):
        try:
            answer = self.do(json.loads(line))
        except (KeyError, TypeError, ValueError) as e:
            answer = {"ok": False, "error": "not understood: %r" % e}
        except MachineError as e:
            answer = {"ok": False, "error": str(e)}
        if answer is not None:
            self.answer(answer)

    def fault(self, seconds):
        status = self.proc.poll()
        if status is None:
            return "does not end" if self.result else "was not done within %d s" % seconds
        if status:
            return "QEMU failed (status %d): %s" % (status,
                                                    self.proc.stdout.read().decode(errors="replace").strip())
        return None if self.result else "went off without results"

    def run(self, seconds):
        """Until the machine is off, at most so long."""
        deadline = time.monotonic() + seconds
        try:
            try:
                self.monitor = Monitor(self.monitor_socket)
            except (MachineError, OSError) as e:
                self.proc.kill()
                said = self.proc.stdout.read().decode(errors="replace").strip()
                return Outcome(None, "QEMU does not start (%s): %s" % (e, said))
            rest = b""
            while self.result is None and (left := deadline - time.monotonic()) > 0:
                if not select.select([self.control], [], [], min(left, 1))[0]:
                    if self.proc.poll() is not None:
                        break
                    continue
                try:
                    data = self.control.recv(1 << 20)
                except OSError:     # QEMU has crashed
                    data = b""
                if not data:
                    break
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    self.serve(line)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.proc.wait(self.off_seconds if left > 0 else 0)
            return Outcome(self.result, self.fault(seconds))
        finally:
            self.close()
