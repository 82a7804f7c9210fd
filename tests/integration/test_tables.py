# SPDX-License-Identifier: GPL-2.0
"""Tables of the user's, next to the configuration: taken over by a reload, and checked with it."""
import json
import os
import subprocess
import unittest

import lab
from mqtt_lab import MqttTest, mqtt_conf, pub, source_conf

TABLE = """list "mine" {
	manufacturer = "Maker" shape = positional list-id = "ABC"
	order = { "1-1:0.2.129", "0-0:96.1.0", "1-0:1.7.0" } scaler-power = %d
}
"""
# structure of "ABC", "70000001", 123 (double-long-unsigned)
LIST = b"e6e7000f0000000000020309034142430908373030303030303106" + b"0000007b"
POWER = "amshan/70000001/power"


class Tables(MqttTest):
    def write(self, text):
        os.makedirs(self.folder.file("tables.d"), exist_ok=True)
        return self.folder.write("tables.d/mine.conf", text)

    def power(self, readings, daemon, want):
        """Publish a list until it is read as it should be: a source may not be subscribed yet."""
        def got():
            pub(self.port, "gateway/han", LIST)
            last = readings.last(POWER)
            return last and json.loads(last)["active_power_import"] == want
        lab.wait_for(got, why=daemon.log)

    def test_a_reload_takes_them_over(self):
        broker = self.broker()
        self.port = broker.port
        readings = self.subscriber(broker)
        conf = source_conf("mqtt:gateway/han") + mqtt_conf(broker.port)
        self.write(TABLE % 0)
        daemon = self.daemon(conf)
        self.power(readings, daemon, 123)

        self.write(TABLE % 1)
        self.reload(daemon, conf)
        daemon.wait_log(": reloaded")
        self.power(readings, daemon, 1230)

        # A mistake leaves everything as it was.
        path = self.write(TABLE % 10)
        self.reload(daemon, conf)
        daemon.wait_log(": not reloaded")
        self.assertIn('%s:3: scaler-power: "10" is not a whole number from -9 to 9' % path, daemon.log())
        self.power(readings, daemon, 1230)

        # Without them the list is unknown again, and nothing of them is looked at.
        os.unlink(path)
        self.reload(daemon, conf)
        daemon.wait_log(": reloaded", count=2)
        pub(broker.port, "gateway/han", LIST)
        self.write(TABLE % 2)
        self.reload(daemon, conf)
        daemon.wait_log(": reloaded", count=3)
        self.power(readings, daemon, 12300)

    def test_they_are_checked_with_the_configuration(self):
        path = self.write("list a {\n}\n")
        conf = self.folder.write("amshand.conf", source_conf("file:-"))
        run = subprocess.run([os.path.join(lab.BUILD, "amshand"), "--check-config", "-c", conf],
                             stderr=subprocess.PIPE, text=True, check=False)
        self.assertNotEqual(run.returncode, 0)
        self.assertEqual(run.stderr.splitlines()[0],
                         path + ":2: shape: is missing: rows, pairs, positional or objects")


if __name__ == "__main__":
    unittest.main()
