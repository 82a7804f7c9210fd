# SPDX-License-Identifier: GPL-2.0
"""amshand and its broker: what is published, and what happens when the broker does not do its part."""
import json
import os
import re
import signal
import subprocess
import time
import unittest

import lab
from derive_lab import settled, with_power
from mqtt_lab import (AGAIN, DAEMON, DERIVED, DISCOVERY, DISCOVERY_DAEMON, ENERGY, FAILED, ID, METER, POWER, PROBLEM,
                      SANITIZED,
                      FakeBroker, MqttTest, cpu_ticks, mqtt_conf, pub, sim_lines, source_conf, status)

RECEIVED = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def is_energy(name):
    return "_energy_" in name


class Values(MqttTest):
    def test_what_a_subscriber_sees(self):
        truth = self.folder.file("truth")
        broker = self.broker()
        subscriber = self.subscriber(broker)
        self.daemon(self.sim("--speed", "15", "--hourly-every", "3", "--count", "20", "--truth", truth) +
                    mqtt_conf(broker.port))
        with open(truth) as f:
            want = lab.wait_for(lambda: (f.seek(0), f.read().splitlines())[1][19:] and
                                (f.seek(0), [json.loads(line)["readings"] for line in f])[1], 30)
        powers = [w for w in want if any("_power_" in k or k.startswith(("voltage", "current")) for k in w)]
        energies = [w for w in want if any(map(is_energy, w))]
        self.assertTrue(energies)

        def payloads(topic):
            # When the simulator has ended, all is said to be null.
            every = [json.loads(p) for t, _, p in subscriber.messages() if t == topic]
            return [p for p in every if "received" in p]

        lab.wait_for(lambda: len(payloads(POWER)) >= len(powers) and len(payloads(ENERGY)) >= len(energies),
                     why=lambda: "%d of %d, %d of %d" % (len(payloads(POWER)), len(powers), len(payloads(ENERGY)),
                                                         len(energies)))
        texts = ("meter_id", "meter_type", "meter_manufacturer", "list_version")
        for topic, all_wanted, mine in ((POWER, powers, lambda k: not is_energy(k)), (ENERGY, energies, is_energy)):
            self.assertEqual(len(payloads(topic)), len(all_wanted))
            for got, wanted in zip(payloads(topic), all_wanted):
                self.assertRegex(got.pop("received"), RECEIVED)
                # The simulator tells what the clock shows, the daemon also what that means.
                self.assertEqual(got.pop("meter_time", "")[:19], wanted.get("meter_time", "")[:19])
                self.assertEqual(settled(got), {k: v for k, v in with_power(wanted).items()
                                                if k not in texts and k != "meter_time" and mine(k)})
        for topic in (DAEMON, METER):
            self.assertIn((topic, "online"), [(t, p) for t, _, p in subscriber.messages()])

    def test_what_a_late_subscriber_sees(self):
        broker = self.broker()
        early = self.subscriber(broker)
        daemon = self.daemon(self.sim("--speed", "20", "--hourly-every", "2") +
                             mqtt_conf(broker.port, 'topic = "home/power"'))
        self.wait_topic(early, ENERGY.replace("amshan", "home/power"), daemon=daemon)
        self.wait_topic(early, POWER.replace("amshan", "home/power"), daemon=daemon)
        self.wait_topic(early, DERIVED.replace("amshan", "home/power"), daemon=daemon)
        late = self.subscriber(broker, args=("--retained-only",))
        topics = {"home/power/availability", DISCOVERY,
                  *(t.replace("amshan", "home/power") for t in (METER, ENERGY, DERIVED, PROBLEM)),
                  "homeassistant/device/amshan_daemon_home_power/config"}
        lab.wait_for(lambda: {topic for topic, _, _ in late.messages()} >= topics, why=daemon.log)
        self.assertEqual({(topic, retained) for topic, retained, _ in late.messages()}, {(t, True) for t in topics})

    def test_publish_is_off(self):
        broker = self.broker()
        subscriber = self.subscriber(broker)
        daemon = self.daemon(self.sim("--speed", "20") + mqtt_conf(broker.port, "publish = no"))
        daemon.wait_log("house: meter " + ID)
        daemon.wait_log("mqtt: connected to localhost")
        daemon.stop()
        self.assertEqual(subscriber.messages(), [])


class Lifetime(MqttTest):
    def test_last_will(self):
        broker = self.broker()
        subscriber = self.subscriber(broker)
        daemon = self.daemon(self.sim("--speed", "20") + mqtt_conf(broker.port))
        self.wait_topic(subscriber, DAEMON, "online", daemon)
        daemon.stop(signal.SIGKILL)
        self.wait_topic(subscriber, DAEMON, "offline", daemon)
        late = self.subscriber(broker)
        self.wait_topic(late, DAEMON, "offline")

    def test_farewell(self):
        broker = self.broker()
        subscriber = self.subscriber(broker)
        daemon = self.daemon(self.sim("--speed", "20") + mqtt_conf(broker.port))
        self.wait_topic(subscriber, METER, "online", daemon)
        self.assertEqual(daemon.stop(), 0)
        self.wait_topic(subscriber, DAEMON, "offline")
        self.wait_topic(subscriber, METER, "offline")
        # Said once, by the daemon; not again by the broker.
        lab.wait_for(lambda: "disconnected" in broker.log() or "closed" in broker.log(), why=broker.log)
        said = [p for t, _, p in subscriber.messages() if t == DAEMON]
        self.assertEqual(said, ["online", "offline"])

    def test_end_without_a_broker_is_quick(self):
        daemon = self.daemon(self.sim() + mqtt_conf(lab.free_port()))
        daemon.wait_log("connection refused")
        begin = time.monotonic()
        self.assertEqual(daemon.stop(), 0)
        self.assertLess(time.monotonic() - begin, 2)

    def test_broker_comes_later(self):
        port = lab.free_port()
        daemon = self.daemon(self.sim("--speed", "20", "--hourly-every", "2") + mqtt_conf(port))
        daemon.wait_log(AGAIN + "connection refused by 127.0.0.1:%d" % port)
        daemon.wait_log("house: meter " + ID)
        self.assertEqual(daemon.log().count(FAILED + "connection refused by 127.0.0.1:%d" % port), 1)
        broker = self.broker(port=port)
        subscriber = self.subscriber(broker)
        for topic, payload in ((DAEMON, "online"), (METER, "online"), (ENERGY, None), (POWER, None)):
            self.wait_topic(subscriber, topic, payload, daemon)
        self.assertEqual(daemon.log().count("mqtt: connected to localhost (127.0.0.1:%d)" % port), 1)

    def test_broker_is_restarted_and_has_lost_everything(self):
        broker = self.broker()
        # The register comes once; it has to be there again without another list.
        daemon = self.daemon(self.sim("--speed", "0", "--hourly-every", "1", "--count", "1") + mqtt_conf(broker.port))
        subscriber = self.subscriber(broker)
        energy = self.wait_topic(subscriber, ENERGY, daemon=daemon)
        broker.stop()
        daemon.wait_log(FAILED + "127.0.0.1:%d closed the connection" % broker.port)
        again = self.broker(port=broker.port)
        late = self.subscriber(again)
        self.wait_topic(late, ENERGY, energy, daemon)
        self.wait_topic(late, DAEMON, "online", daemon)
        self.wait_topic(late, METER, daemon=daemon)
        self.assertNotIn(POWER, [t for t, _, _ in late.messages()])

    def test_reload_with_another_topic(self):
        """The old connection says farewell, the sources of the old one follow to the new one."""
        broker = self.broker()
        subscriber = self.subscriber(broker)
        lines, truth = sim_lines("--count", "2")
        conf = source_conf("mqtt:gateway/han")
        daemon = self.daemon(conf + mqtt_conf(broker.port))
        self.wait_topic(subscriber, DAEMON, "online", daemon)
        pub(broker.port, "gateway/han", lines[0].encode())
        self.wait_topic(subscriber, METER, "online", daemon)

        self.reload(daemon, conf + mqtt_conf(broker.port, 'topic = "home"'))
        self.wait_topic(subscriber, DAEMON, "offline", daemon)
        self.wait_topic(subscriber, METER, "offline", daemon)
        self.wait_topic(subscriber, DAEMON.replace("amshan", "home"), "online", daemon)
        pub(broker.port, "gateway/han", lines[1].encode())
        got = json.loads(self.wait_topic(subscriber, POWER.replace("amshan", "home"), daemon=daemon))
        self.assertEqual(got["active_power_import"], truth[1]["readings"]["active_power_import"])

    def test_client_id_is_taken_over(self):
        broker = self.broker()
        daemon = self.daemon(self.sim("--speed", "20") + mqtt_conf(broker.port, 'client-id = "me"'))
        daemon.wait_log("mqtt: connected")
        other = self.subscriber(broker, args=("-i", "me"))
        daemon.wait_log(FAILED + "127.0.0.1:%d closed the connection at once; is there another client with the id me" %
                        broker.port)
        other.stop()
        subscriber = self.subscriber(broker)
        self.wait_topic(subscriber, DAEMON, "online", daemon)

    def test_no_such_host(self):
        daemon = self.daemon(self.sim("--speed", "20") + mqtt_conf(1883, host="no-such-host.invalid"))
        # Without a name server the answer is another one.
        lab.wait_for(lambda: re.search(FAILED + "(no such host: |look-up of )no-such-host.invalid", daemon.log()), 30,
                     why=daemon.log)
        daemon.wait_log("house: meter " + ID)

    def test_port_of_something_else(self):
        with FakeBroker(connack=b"HTTP/1.1 400 Bad Request\r\n\r\n" + 100 * b" ") as other:
            daemon = self.daemon(self.sim() + mqtt_conf(other.port))
            daemon.wait_log(FAILED + "127.0.0.1:%d does not answer as an MQTT broker" % other.port)


class Passwords(MqttTest):
    def setUp(self):
        super().setUp()
        file = self.folder.write("users", "")
        self.folder.write("right", "tr0ub4dor\n", 0o600)
        self.folder.write("wrong", "tr0ub4dor \n", 0o600)
        subprocess.run(["mosquitto_passwd", "-b", file, "amshan", "tr0ub4dor"], check=True, stderr=subprocess.DEVNULL)
        # mosquitto gives up root before it reads the file.
        subprocess.run(["chmod", "-R", "a+rX", self.folder.path], check=True)
        port = lab.free_port()
        self.server = self.broker(port=port, listener=False,
                                  extra="listener %d 127.0.0.1\nallow_anonymous false\npassword_file %s\n" %
                                  (port, file))

    def conf(self, password):
        return mqtt_conf(self.server.port, 'username = "amshan"\n  password-file = "%s"' % self.folder.file(password))

    def test_right(self):
        daemon = self.daemon(self.sim() + self.conf("right"))
        daemon.wait_log("mqtt: connected")
        self.assertNotIn("tr0ub4dor", daemon.log())

    def test_wrong_and_corrected(self):
        daemon = self.daemon(self.sim("--speed", "20") + self.conf("wrong"))
        daemon.wait_log(AGAIN + "the broker refused the user name or password")
        daemon.wait_log("house: meter " + ID)
        self.assertEqual(daemon.log().count(FAILED + "the broker refused the user name or password"), 1)
        self.folder.write("wrong", "tr0ub4dor\n", 0o600)
        daemon.wait_log("mqtt: connected", 20)

    def test_none(self):
        daemon = self.daemon(self.sim() + mqtt_conf(self.server.port))
        daemon.wait_log(FAILED + "the broker wants a user name and a password")

    def test_unreadable_file(self):
        for content, sentence in ((None, "No such file or directory"), ("", "its first line is empty"),
                                  ("x" * 2000, "its first line is too long")):
            with self.subTest(sentence):
                if content is not None:
                    self.folder.write("bad", content, 0o600)
                with lab.Daemon(self.folder, self.sim() + self.conf("bad")) as daemon:
                    daemon.wait_log(FAILED + "password file %s" % self.folder.file("bad"))
                    self.assertIn(sentence, daemon.log())


class BadBrokers(MqttTest):
    def test_silent(self):
        """One that takes the connection and says nothing is left after 10 s, and costs nothing until then."""
        with FakeBroker(connack=None) as broker:
            daemon = self.daemon(self.sim("--count", "1") + mqtt_conf(broker.port))
            lab.wait_for(lambda: broker.connects)
            before = cpu_ticks(daemon)
            daemon.wait_log(FAILED + "127.0.0.1:%d took the connection, but did not answer as a broker within 10 s" %
                            broker.port, 15)
            self.assertLess(cpu_ticks(daemon) - before, 100)
            lab.wait_for(lambda: broker.connects > 1)

    def test_dead_but_open(self):
        """One that stops answering is noticed by the keep-alive."""
        with FakeBroker() as broker:
            daemon = self.daemon(self.sim("--speed", "5") + mqtt_conf(broker.port, "keepalive = 5"))
            lab.wait_for(lambda: POWER in broker.topics(), why=daemon.log)
            broker.answering = False
            daemon.wait_log(FAILED + "no answer from 127.0.0.1:%d for 5 s" % broker.port, 25)
            broker.answering = True
            lab.wait_for(lambda: broker.connects > 1)

    def test_slow(self):
        """What one that does not read cannot take is kept as the latest value per topic, and nothing else."""
        count = 10000
        lines, truth = sim_lines("--hourly-every", "5", "--count", str(count + 1))
        octets = [bytes.fromhex(line) for line in lines]
        bus = self.enterContext(lab.Bus())
        fifo = self.folder.file("fifo")
        os.mkfifo(fifo)

        def messages():
            return next((i["org.amshan.Amshan1.Meter"]["Messages"] for i in bus.managed().values()
                         if "org.amshan.Amshan1.Meter" in i), 0)

        with FakeBroker() as broker:
            daemon = self.daemon(source_conf("file:" + fifo) + mqtt_conf(broker.port), bus=bus)
            with open(fifo, "wb", buffering=0) as line:
                lab.wait_for(lambda: DAEMON in broker.topics(), why=daemon.log)
                line.write(octets[0])
                lab.wait_for(lambda: POWER in broker.topics(), why=daemon.log)
                broker.reading.clear()
                before = status(daemon, "VmRSS")
                # Far more than the sockets between the two hold.
                line.write(b"".join(octets[1:]))
                lab.wait_for(lambda: messages() == count + 1, 60, why=daemon.log)
                if not SANITIZED:  # a sanitizer keeps what was freed
                    self.assertLess(status(daemon, "VmRSS") - before, 1024)
                broker.reading.set()
                last = next(t["readings"] for t in reversed(truth) if "active_power_import" in t["readings"])
                want = {k: v for k, v in last.items() if "_power_" in k}
                lab.wait_for(lambda: self.newest(broker, POWER).items() >= want.items(), 30, why=daemon.log)
            self.assertLess(broker.topics().count(POWER), count // 4)
            self.assertEqual(broker.connects, 1)

    def newest(self, broker, topic):
        return json.loads(next(p for t, _, p in reversed(broker.published) if t == topic))

    def test_unconfirmed(self):
        """One that confirms nothing gets few of the values that are to be confirmed, and all the others."""
        with FakeBroker() as broker:
            broker.answering = False
            daemon = self.daemon(self.sim("--speed", "100", "--hourly-every", "2") + mqtt_conf(broker.port))
            lab.wait_for(lambda: broker.topics().count(POWER) >= 150, why=daemon.log)
            self.assertLessEqual(sum(retained for _, retained, _ in broker.published), 16)


if __name__ == "__main__":
    unittest.main()
