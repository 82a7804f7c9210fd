# SPDX-License-Identifier: GPL-2.0
"""amshand on top of the module: the same readings as over a serial port, and none lost or repeated."""
import json
import os
import select
import signal
import subprocess
import sys

import frames
import module
from module import TestCase, wait_for

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "integration"))

import lab  # noqa: E402

ID = "7359992890941742"
SECONDS = 30
TURN = 8                # records that the daemon takes in one turn of its loop


def messages(count, *args):
    """Messages of one meter, each another one, as octets; and what is in each, decoded without a daemon."""
    octets = frames.sim("--count", count, "--id", ID, "--hourly-every", 4, *args)
    said = subprocess.run([lab.AMSHANCTL, "decode", "--json"], input=octets, stdout=subprocess.PIPE, check=True).stdout
    ((found, _),) = frames.framedump([octets])
    return found, [json.loads(line) for line in said.decode().splitlines()]


def values_of(message):
    """What a short list has, as published or as decoded."""
    return tuple((name, value) for name, value in sorted(message.items())
                 if name.startswith(("active_power_", "reactive_power_", "current_", "voltage_")))


class Peers(TestCase):
    """A broker, a subscriber, and a daemon with a state of its own."""

    def setUp(self):
        super().setUp()
        self.folder = self.enter(lab.Folder())
        self.bus = self.enter(lab.Bus())
        self.broker = self.enter(lab.Broker())
        self.subscriber = self.enter(lab.Subscriber(self.broker.port))
        # It is there when what is published comes back.
        self.assertTrue(wait_for(self.echo, self.subscriber.log, SECONDS))

    def echo(self):
        subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.broker.port), "-t", "echo", "-m", "?"],
                       check=True)
        return self.subscriber.last("echo")

    def enter(self, context):
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    def daemon(self, *sources):
        text = 'runtime-directory = "%s"\nmqtt {\n host = "127.0.0.1"\n port = %d\n}\n' % (
            self.folder.file("run"), self.broker.port)
        text += "".join('source "%s" {\n uri = "%s"\n %s\n}\n' % source for source in sources)
        daemon = self.enter(lab.Daemon(self.folder, text, self.bus))
        wait_for(lambda: self.subscriber.last("amshan/availability") == "online", daemon.log, SECONDS)
        return daemon

    def published(self, meter=ID):
        """Power messages of a meter in their order, without the time of their reception."""
        found = [json.loads(payload) for topic, retained, payload in self.subscriber.messages()
                 if topic == "amshan/%s/power" % meter]
        # One without it says that the meter is silent.
        return [values for values in found if values.pop("received", None)]

    def wait_published(self, count, daemon, meter=ID):
        wait_for(lambda: len(self.published(meter)) >= count,
                 lambda: "%d of %d messages\n%s" % (len(self.published(meter)), count, daemon.log()), SECONDS)
        return self.published(meter)

    def wait_availability(self, said, daemon):
        topic = "amshan/%s/availability" % ID
        wait_for(lambda: self.subscriber.last(topic) == said,
                 lambda: "%s is %r\n%s" % (topic, self.subscriber.last(topic), daemon.log()), SECONDS)

    def wait_remembered(self, daemon):
        """Until it is on disk whose short lists, which have no number, are those of the port."""
        def there():
            try:
                with open(self.folder.file("state/sources.json")) as f:
                    return ID in f.read()
            except FileNotFoundError:
                return False
        wait_for(there, daemon.log, SECONDS)

    def quiet(self, daemon):
        """Until the daemon has done all there is to do, and sleeps."""
        def sleeps():
            with open("/proc/%d/stat" % daemon.proc.pid) as f:
                return f.read().rsplit(") ", 1)[1][0] == "S"
        for _ in range(5):
            wait_for(sleeps, "the daemon does not sleep")


class Readings(Peers):
    def test_the_kernel_gives_the_same_as_a_serial_port(self):
        port, plain = self.port(), self.port(attach=False)
        sent, decoded = messages(30)
        daemon = self.daemon(("k", "kernel:", ""), ("s", "serial:" + plain.tty, 'meter = "twin"'))
        # The serial port is flushed when it is opened: begin when it is.
        daemon.wait_log("s: open", SECONDS)
        for frame in sent:
            port.send(frames.on_line(frame))
            plain.send(frames.on_line(frame))
        ours, theirs = self.wait_published(30, daemon), self.wait_published(30, daemon, "twin")
        self.assertEqual(ours, theirs)
        self.assertEqual([m["active_power_import"] for m in ours], [m["active_power_import"] for m in decoded])
        energy = [json.loads(self.subscriber.last("amshan/%s/energy" % meter)) for meter in (ID, "twin")]
        for values in energy:
            values.pop("received")
        self.assertEqual(energy[0], energy[1])

    def test_what_the_ring_held_before_the_daemon_came(self):
        port = self.port()
        sent, decoded = messages(20)
        port.feed(frames.on_line(*sent))
        daemon = self.daemon(("k", "kernel:", ""))
        found = self.wait_published(20, daemon)
        self.assertEqual([m["active_power_import"] for m in found], [m["active_power_import"] for m in decoded])

    def test_a_port_named_by_its_tty(self):
        port, other = self.port(), self.port()
        sent, _ = messages(4)
        daemon = self.daemon(("k", "kernel:" + port.tty[len("/dev/"):], ""))
        other.feed(frames.on_line(*messages(4, "--seed", 9)[0]))
        port.feed(frames.on_line(*sent))
        self.wait_published(4, daemon)
        self.quiet(daemon)
        self.assertEqual(len(self.published()), 4, "the other port was not asked for")


class Restart(Peers):
    def restart(self, sig):
        port = self.port()
        sent, decoded = messages(60)
        sources = [("k", "kernel:", "")]
        done = 0
        for turn in range(4):
            daemon = self.daemon(*sources)
            for frame in sent[done:done + 10]:
                port.send(frames.on_line(frame))
            done += 10
            self.wait_published(done, daemon)
            self.wait_remembered(daemon)
            self.quiet(daemon)
            daemon.stop(sig)
            # The meter does not wait for the daemon.
            port.feed(frames.on_line(*sent[done:done + 5]))
            done += 5
        daemon = self.daemon(*sources)
        self.wait_published(60, daemon)
        self.quiet(daemon)
        found = [m["active_power_import"] for m in self.published()]
        self.assertEqual(found, [m["active_power_import"] for m in decoded], "lost or repeated")

    def test_kill_9_and_restart_loses_and_repeats_nothing(self):
        self.restart(signal.SIGKILL)

    def test_a_proper_restart_does_neither(self):
        self.restart(signal.SIGTERM)

    def test_kill_9_in_a_burst(self):
        """What was handed on and had not left the daemon goes with it, what had left and was not yet remembered
        comes twice: a turn of its loop at most, and all else is there in its order."""
        port = self.port()
        # Of a maker and a seed that give no two lists of the same values.
        sent, decoded = messages(60, "--maker", "kamstrup", "--seed", "3")
        wanted = [values_of(m) for m in decoded]
        self.assertEqual(len(set(wanted)), 60)
        kills = 0
        for first in range(0, 60, 15):
            daemon = self.daemon(("k", "kernel:", ""))
            before = len(self.published())
            port.feed(frames.on_line(*sent[first:first + 15]))
            if first == 0:
                self.wait_published(15, daemon)
                self.wait_remembered(daemon)
            elif first < 45:
                wait_for(lambda: len(self.published()) > before, daemon.log, SECONDS)
            if first < 45:
                daemon.stop(signal.SIGKILL)
                kills += 1

        def found():
            return [wanted.index(values_of(m)) for m in self.published()]
        wait_for(lambda: found()[-15:] == list(range(45, 60)), lambda: "%r\n%s" % (found(), daemon.log()), SECONDS)
        self.quiet(daemon)
        at, jumps = 0, []
        for i in found():
            if i != at:
                jumps.append(i - at)
            at = i + 1
        self.assertLessEqual(len(jumps), kills, jumps)
        self.assertLessEqual(max(map(abs, jumps), default=0), TURN, jumps)


class Ports(Peers):
    def test_a_port_that_goes_and_comes_back(self):
        port = self.port()
        sent, _ = messages(20)
        daemon = self.daemon(("k", "kernel:", ""))
        port.feed(frames.on_line(*sent[:5]))
        self.wait_published(5, daemon)
        self.wait_availability("online", daemon)
        port.detach()
        self.wait_availability("offline", daemon)
        port.attach()
        port.feed(frames.on_line(*sent[5:10]))
        self.wait_published(10, daemon)
        self.wait_availability("online", daemon)
        name = port.tty
        port.__exit__()
        self.wait_availability("offline", daemon)
        with module.Port() as again:
            self.assertEqual(again.tty, name, "the same tty is the same meter")
            again.feed(frames.on_line(*sent[10:]))
            self.wait_published(20, daemon)
            self.wait_availability("online", daemon)
            self.quiet(daemon)
        self.assertEqual(len(self.published()), 20)

    def test_the_module_comes_after_the_daemon_and_goes_before_it(self):
        module.unload_waiting()
        daemon = self.daemon(("k", "kernel:", ""))
        self.assertFalse(module.loaded(), "the daemon is not the one to load it")
        module.load()
        port = self.port()
        sent, _ = messages(6)
        port.feed(frames.on_line(*sent[:3]))
        self.wait_published(3, daemon)
        port.detach()
        self.wait_availability("offline", daemon)
        module.unload_waiting()
        module.load()
        port.attach()
        port.feed(frames.on_line(*sent[3:]))
        self.wait_published(6, daemon)
        self.assertIsNone(daemon.proc.poll())

    def test_sixteen_ports_at_the_same_time(self):
        ports = [self.port() for _ in range(module.PORTS_MAX)]
        daemon = self.daemon(("k", "kernel:", ""))
        for number, port in enumerate(ports):
            port.send(frames.sim("--maker", "kamstrup", "--count", 5, "--id", "57065672%08d" % number))
        for number in range(module.PORTS_MAX):
            self.wait_published(5, daemon, "57065672%08d" % number)


class Ctl(TestCase):
    def ports(self, *args, uid=0):
        def become():
            if uid:
                os.setgroups([])
                os.setgid(uid)
                os.setuid(uid)
        done = subprocess.run([lab.AMSHANCTL, "ports", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              preexec_fn=become)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def test_json_has_the_counters_of_each_port(self):
        ports = [self.port() for _ in range(2)]
        ports[1].feed(frames.sim("--count", 20, "--flip", 0.3))
        for uid in (0, module.NOBODY):
            status, said, errors = self.ports("--json", uid=uid)
            self.assertEqual((status, errors), (0, ""))
            told = json.loads(said)
            self.assertEqual([t["index"] for t in told], sorted(p.index for p in ports))
            for t in told:
                port = next(p for p in ports if p.index == t["index"])
                self.assertEqual(t["counters"], port.counters())
                self.assertEqual((t["device"], "/dev/" + t["tty"]), (port.path, port.tty))

    def test_the_table(self):
        port = self.port()
        port.feed(frames.on_line(frames.numbered(1)))
        status, said, _ = self.ports()
        self.assertEqual(status, 0)
        lines = said.splitlines()
        self.assertEqual(lines[0].split()[:2], ["PORT", "TTY"])
        self.assertEqual(lines[1].split()[:2], ["amshan%d" % port.index, port.tty[len("/dev/"):]])

    def test_without_ports_and_without_the_module(self):
        status, said, errors = self.ports("--json")
        self.assertEqual((status, json.loads(said)), (0, []))
        module.unload_waiting()
        status, said, errors = self.ports("--json")
        self.assertEqual((status, said), (1, ""))
        self.assertIn("not loaded", errors)

    def test_watch_sees_a_port_come(self):
        proc = subprocess.Popen([lab.AMSHANCTL, "ports", "--watch", "--json"], stdout=subprocess.PIPE)
        self.addCleanup(proc.stdout.close)
        self.addCleanup(proc.wait)
        self.addCleanup(proc.kill)
        port = self.port()

        def line():
            self.assertTrue(select.select([proc.stdout], [], [], 20 * module.SLOW)[0], "nothing was seen")
            told = json.loads(proc.stdout.readline())
            self.assertEqual(told["tty"], port.tty[len("/dev/"):])
            return told["event"], told["counters"]["frames"]
        self.assertIn(line(), [("present", 0), ("added", 0)])
        port.feed(frames.on_line(frames.numbered(1)))
        self.assertEqual(line(), ("changed", 1))
        port.detach()
        self.assertEqual(line(), ("removed", 1))
