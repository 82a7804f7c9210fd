# SPDX-License-Identifier: GPL-2.0
"""A reload: what did not change goes on, what changed works, and who waits for it is told.

test_config.py has the reload of sources, test_mqtt.py that of the topic.
"""
import json
import socket
import subprocess
import time
import unittest

import lab
from dbus_lab import METER, NAME, PATH, Line, Messages, Monitor, busctl, get
from dbus_lab import source_conf as line_conf
from mqtt_lab import DAEMON, POWER, FakeBroker, MqttTest, mqtt_conf, pub, sim_lines, source_conf


class ServiceManager:
    """The socket of a service manager, and what it was told."""

    def __init__(self, folder):
        self.path = folder.file("notify")

    def __enter__(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(10)
        return self

    def __exit__(self, *exc):
        self.socket.close()

    def until(self, line):
        """Everything that is said until this line, and it."""
        said = []
        while line not in said:
            said += self.socket.recv(4096).decode().splitlines()
        return said


class Told(MqttTest):
    def test_the_service_manager_is_told_when_it_is_done(self):
        with ServiceManager(self.folder) as manager, lab.Bus() as bus:
            conf = source_conf("tcp://127.0.0.1:%d" % lab.free_port())
            daemon = self.daemon(conf, bus=bus, env={"NOTIFY_SOCKET": manager.path})
            manager.until("READY=1")
            # After a good one, and after one that was refused.
            for text, log in ((conf + "log-level = debug\n", ": reloaded"), (conf + "bogus = 1\n", ": not reloaded")):
                self.reload(daemon, text)
                said = manager.until("RELOADING=1")
                self.assertNotIn("READY=1", said)
                said += manager.until("READY=1")
                self.assertRegex("\n".join(said), r"(?m)^MONOTONIC_USEC=\d+$")
                self.assertIn(log, daemon.log())


class Broker(MqttTest):
    def test_sources_follow_to_another_port(self):
        old, new = self.broker(), self.broker()
        readings = self.subscriber(new)
        lines, truth = sim_lines("--count", "20")
        # A list without a number would not do: the source does not know its meter yet.
        first, second = [i for i, t in enumerate(truth) if "meter_id" in t["readings"]][:2]
        conf = source_conf("mqtt:gateway/han")
        daemon = self.daemon(conf + mqtt_conf(old.port))
        daemon.wait_log("mqtt: connected to localhost (127.0.0.1:%d)" % old.port)
        farewell = self.subscriber(old)
        self.wait_topic(farewell, DAEMON, "online", daemon)

        self.reload(daemon, conf + mqtt_conf(new.port))
        self.wait_topic(readings, DAEMON, "online", daemon)
        self.wait_topic(farewell, DAEMON, "offline", daemon)
        pub(old.port, "gateway/han", lines[first].encode())
        pub(new.port, "gateway/han", lines[second].encode())
        got = json.loads(self.wait_topic(readings, POWER, daemon=daemon))
        self.assertEqual(got["active_power_import"], truth[second]["readings"]["active_power_import"])
        self.assertNotIn(POWER, [t for t, _, _ in farewell.messages()])

    def test_a_stalled_broker_does_not_hold_it_up(self):
        broker = self.broker()
        with FakeBroker() as stalled:
            daemon = self.daemon(mqtt_conf(stalled.port))
            lab.wait_for(lambda: DAEMON in stalled.topics(), why=daemon.log)
            stalled.answering = False
            begin = time.monotonic()
            self.reload(daemon, mqtt_conf(broker.port))
            daemon.wait_log(": reloaded")
            self.assertLess(time.monotonic() - begin, 1.5)
            daemon.wait_log("mqtt: connected to localhost (127.0.0.1:%d)" % broker.port)

    def test_a_topic_that_is_too_long_is_refused_beforehand(self):
        broker = self.broker()
        subscriber = self.subscriber(broker)
        daemon = self.daemon(mqtt_conf(broker.port))
        self.wait_topic(subscriber, DAEMON, "online", daemon)
        for length, right in ((256, True), (257, False), (300, False)):
            conf = mqtt_conf(broker.port, 'topic = "%s"' % ("a" * length))
            path = self.folder.write("check.conf", conf)
            check = subprocess.run([lab.AMSHAND, "--check-config", "-c", path], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30)
            self.assertEqual(check.returncode, 0 if right else 1, check.stdout)
            self.assertEqual("check.conf:4: topic: " in check.stdout, not right)
            self.assertEqual("is no base topic: it is longer than 256 octets" in check.stdout, not right)
        self.reload(daemon, conf)
        daemon.wait_log("not reloaded, everything stays as it was")
        self.assertNotIn("offline", [p for t, _, p in subscriber.messages() if t == DAEMON])
        self.reload(daemon, mqtt_conf(broker.port, 'topic = "%s"' % ("a" * 256)))
        self.wait_topic(subscriber, "a" * 256 + "/availability", "online", daemon)


class DBus(MqttTest):
    """D-Bus and the broker are two things: a change of one is none of the other."""

    def owner(self, bus):
        return busctl(bus, "call", "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                      "GetNameOwner", "s", NAME).stdout

    def wait_mqtt(self, bus, state, daemon):
        lab.wait_for(lambda: self.owner(bus) and get(bus, PATH, NAME + ".Manager", "MqttState") == state,
                     why=daemon.log)

    def test_readings_stay_when_the_broker_changes(self):
        bus, broker = self.enterContext(lab.Bus()), self.broker()
        line = self.enterContext(Line())
        source = line_conf(line)
        daemon = self.daemon(source + mqtt_conf(lab.free_port()), bus=bus)
        line.accept()
        line.send(Messages().of_list(3))
        lab.wait_for(lambda: NAME + ".Energy" in bus.managed().get(METER, {}), why=daemon.log)
        self.wait_mqtt(bus, "back-off", daemon)
        owner, before = self.owner(bus), bus.managed()[METER]
        self.assertIn(":", owner)
        self.assertTrue(before[NAME + ".Energy"]["Received"])
        monitor = self.enterContext(Monitor(bus))

        def after(conf, state):
            self.reload(daemon, source + conf)
            self.wait_mqtt(bus, state, daemon)
            self.assertEqual(self.owner(bus), owner)
            self.assertEqual(bus.managed()[METER], before)

        after(mqtt_conf(broker.port), "up")
        said = [v for i, v in monitor.changes(PATH) if i == NAME + ".Manager"]
        self.assertEqual(said[0], {"MqttState": "off", "MqttReason": ""})
        lab.wait_for(lambda: any(v.get("MqttState") == "up" for _, v in monitor.changes(PATH)), why=monitor.log)
        # Nor when there is none any more, and then one again.
        after("", "off")
        after(mqtt_conf(broker.port, 'topic = "home"'), "up")
        # It still listens to the connection that there is now.
        broker.stop()
        lab.wait_for(lambda: monitor.changes(PATH)[-1][1].get("MqttState") == "back-off", why=daemon.log)
        self.assertEqual(monitor.signals("InterfacesRemoved"), [])
        self.assertEqual(daemon.stop(), 0)

    def test_dbus_alone(self):
        """Switched off and on again, while the broker's connection stays."""
        bus, broker = self.enterContext(lab.Bus()), self.broker()
        conf = mqtt_conf(broker.port)
        daemon = self.daemon(conf, bus=bus)
        self.wait_mqtt(bus, "up", daemon)
        self.reload(daemon, "dbus = false\n" + conf)
        lab.wait_for(lambda: not self.owner(bus), why=daemon.log)
        self.reload(daemon, conf)
        lab.wait_for(lambda: self.owner(bus), why=daemon.log)
        self.wait_mqtt(bus, "up", daemon)
        self.assertEqual(daemon.log().count("mqtt: connected"), 1)


if __name__ == "__main__":
    unittest.main()
