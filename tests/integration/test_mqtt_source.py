# SPDX-License-Identifier: GPL-2.0
"""The mqtt: source: what a gateway may put on a topic, read from a real broker."""
import json
import subprocess
import unittest

import lab
from mqtt_lab import DAEMON, ENERGY, POWER, FakeBroker, MqttTest, mqtt_conf, pub, sim_lines, source_conf

# What a source that has subscribed says of itself.
OPEN = "house: open"


class Payloads(MqttTest):
    def setUp(self):
        super().setUp()
        self.server = self.broker()
        self.readings = self.subscriber(self.server, "amshan/#")
        self.lines, self.truth = sim_lines("--hourly-every", "2", "--count", "6")

    def read(self, topic="gateway/han", more="", conf=""):
        daemon = self.daemon(source_conf("mqtt:" + topic) + more + mqtt_conf(self.server.port, conf))
        daemon.wait_log(OPEN)
        # The broker has our subscription when it has what was sent behind it.
        self.wait_topic(self.readings, DAEMON, "online", daemon)
        return daemon

    def send(self, payload, *args, topic="gateway/han"):
        pub(self.server.port, topic, payload, *args)

    def powers(self):
        payloads = [json.loads(p) for t, _, p in self.readings.messages() if t == POWER]
        # Without those that only say that the meter is silent.
        return [p["active_power_import"] for p in payloads if "received" in p]

    def want(self, indices):
        return [self.truth[i]["readings"]["active_power_import"] for i in indices]

    def assert_read(self, daemon, indices):
        lab.wait_for(lambda: len(self.powers()) >= len(indices), why=daemon.log)
        self.assertEqual(self.powers(), self.want(indices))

    def test_octets(self):
        daemon = self.read()
        for line in self.lines:
            self.send(bytes.fromhex(line))
        self.assert_read(daemon, range(6))

    def test_hex(self):
        daemon = self.read()
        self.send(self.lines[0].encode())
        self.send(self.lines[1].upper().encode())
        self.send(" ".join(self.lines[2][i:i + 2] for i in range(0, len(self.lines[2]), 2)).encode())
        self.send(self.lines[3].encode() + b"\r\n")
        self.assert_read(daemon, range(4))

    def test_several_in_one(self):
        daemon = self.read()
        self.send(b"".join(bytes.fromhex(line) for line in self.lines[:3]))
        self.send("\n".join(self.lines[3:6]).encode())
        self.assert_read(daemon, range(6))

    def test_line_by_line(self):
        """mosquitto_pub -l, as a gateway with a shell script does it."""
        daemon = self.read()
        subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.server.port), "-t", "gateway/han", "-l"],
                       input="\n".join(self.lines) + "\n", text=True, check=True, timeout=10)
        self.assert_read(daemon, range(6))

    def test_without_framing(self):
        for framing in ("llc", "apdu"):
            self.lines, self.truth = sim_lines("--framing", framing, "--count", "2")
            with self.subTest(framing):
                daemon = self.read("gateway/" + framing)
                before = len(self.powers())
                self.send(bytes.fromhex(self.lines[0]), topic="gateway/" + framing)
                self.send(self.lines[1].encode(), topic="gateway/" + framing)
                lab.wait_for(lambda: len(self.powers()) == before + 2, why=daemon.log)
                self.assertEqual(self.powers()[before:], self.want(range(2)))
                daemon.stop()

    def test_retained_is_of_another_day(self):
        self.send(bytes.fromhex(self.lines[2]), "-r")
        daemon = self.read()
        daemon.wait_log("gateway/han: retained, so of an unknown time")
        self.send(bytes.fromhex(self.lines[0]))
        self.assert_read(daemon, [0])
        # It is the age that counts: the same message is a reading while it is new.
        self.send(bytes.fromhex(self.lines[1]), "-r")
        self.assert_read(daemon, [0, 1])

    def test_wildcard(self):
        daemon = self.read("+/han")
        self.send(bytes.fromhex(self.lines[0]), topic="gateway/han")
        self.send(bytes.fromhex(self.lines[1]), topic="gateway/other")
        self.send(bytes.fromhex(self.lines[2]), topic="cellar/han")
        self.assert_read(daemon, [0, 2])

    def test_garbage(self):
        daemon = self.read()
        for payload in (b"", b"\0", b"hello", b"7E", b"7e" * 3000, b"\x7e" * 3000, bytes(range(256)) * 300,
                        bytes.fromhex(self.lines[0])[:-2], b'{"power": 1}'):
            self.send(payload)
        self.send(bytes.fromhex(self.lines[0]))
        self.assert_read(daemon, [0])

    def test_after_a_restart_of_the_broker(self):
        daemon = self.read()
        self.send(bytes.fromhex(self.lines[0]))
        self.assert_read(daemon, [0])
        self.server.stop()
        daemon.wait_log("house: no connection to the broker: 127.0.0.1:%d closed the connection" % self.server.port)
        self.server = self.broker(port=self.server.port)
        self.readings = self.subscriber(self.server, "amshan/#")
        # Its registers are there again; then so is the subscription, which goes first.
        self.wait_topic(self.readings, ENERGY if self.truth[0]["list"] == 3 else DAEMON, daemon=daemon)
        self.send(bytes.fromhex(self.lines[1]))
        self.assert_read(daemon, [1])

    def test_two_sources(self):
        """Both are told of the same topic, and each keeps to its own."""
        bus = self.enterContext(lab.Bus())
        daemon = self.daemon(source_conf("mqtt:gateway/han") + source_conf("mqtt:gateway/#", "all") +
                             mqtt_conf(self.server.port, "publish = no"), bus=bus)
        daemon.wait_log(OPEN)
        daemon.wait_log("all: open")

        def counted():
            tree = bus.managed()
            sources = {i["org.amshan.Amshan1.Source"]["Name"]: i["org.amshan.Amshan1.Source"]["Counters"]["messages"]
                       for i in tree.values() if "org.amshan.Amshan1.Source" in i}
            return sources

        def sent_until(topic, name):
            """The subscription may be on its way yet: send until it is there."""
            before = counted()[name]

            def arrived():
                self.send(bytes.fromhex(self.lines[0]), topic=topic)
                return counted()[name] > before
            lab.wait_for(arrived, why=daemon.log)

        sent_until("gateway/han", "house")
        sent_until("gateway/han", "all")
        house = counted()["house"]
        sent_until("gateway/cellar", "all")
        self.assertEqual(counted()["house"], house)


class Refused(MqttTest):
    def test_subscription_is_not_allowed(self):
        with FakeBroker() as broker:
            broker.granted = 0x80
            daemon = self.daemon(source_conf("mqtt:gateway/han") + mqtt_conf(broker.port))
            daemon.wait_log("mqtt: the broker refused the subscription to gateway/han")

    def test_no_broker_is_configured(self):
        conf = self.folder.write("wrong.conf", source_conf("mqtt:gateway/han"))
        out = subprocess.run([lab.AMSHAND, "--check-config", "-c", conf], stderr=subprocess.PIPE, text=True, timeout=10)
        self.assertNotEqual(out.returncode, 0)
        self.assertIn("needs a section mqtt", out.stderr)

    def test_no_such_topic(self):
        for topic, sentence in (("", "the topic is missing"), ("//broker/han", "names a host"),
                                ("a/#/b", "is no topic")):
            with self.subTest(topic):
                conf = self.folder.write("wrong.conf", source_conf("mqtt:" + topic) + mqtt_conf(1883))
                out = subprocess.run([lab.AMSHAND, "--check-config", "-c", conf], stderr=subprocess.PIPE, text=True,
                                     timeout=10)
                self.assertNotEqual(out.returncode, 0)
                self.assertIn(sentence, out.stderr)


if __name__ == "__main__":
    unittest.main()
