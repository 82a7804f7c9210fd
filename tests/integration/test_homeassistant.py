# SPDX-License-Identifier: GPL-2.0
"""What amshand announces to Home Assistant, as the broker carries it."""
import json
import os
import re
import time
import unittest

import lab
from derive_lab import FedTest, settled, with_power
from mqtt_lab import (DAEMON, DERIVED, DISCOVERY, DISCOVERY_DAEMON, ENERGY, ID, METER, POWER, PROBLEM, mqtt_conf,
                      pub)

STATUS = "homeassistant/status"
RETAINED = {DAEMON, METER, ENERGY, DERIVED, PROBLEM, DISCOVERY, DISCOVERY_DAEMON}
# Keys of a payload that are no quantities.
OTHERS = {"meter_time", "received", "derived"}
TEXTS = {"meter_id", "meter_type", "meter_manufacturer", "list_version", "meter_time"}
# Home Assistant says "online" and is busy then: all that serve it answer within this time.
BIRTH_SECONDS = 5


def quantities(readings):
    return set(with_power(readings)) - TEXTS - OTHERS


def sensors(announcement):
    """{quantity: component}; what says whether there is a problem is no quantity."""
    return {name: component for name, component in announcement["cmps"].items() if name != "problem"}


class HomeAssistantTest(FedTest):
    def announced(self, topic=DISCOVERY, what=None):
        """The newest announcement, once it has exactly these components (and what the hour brings)."""
        def got():
            last = self.said(topic)
            return last and last[-1] and (what is None or set(settled(sensors(last[-1]))) == what) and last[-1]
        return lab.wait_for(got, why=lambda: "%s\n%s" % (self.said(topic)[-1:], self.amshand.log()))

    def all_lists(self):
        """Lists with all that the meter has, and the derived values that come with the second register."""
        for number in (2, 3, 3):
            self.send(number)
        self.wait_topic(self.seen, DERIVED, daemon=self.amshand)

    def until_live(self):
        """And the live register, which is shown once it is written down."""
        self.all_lists()
        self.wait_kept()
        self.send(3)
        lab.wait_for(lambda: "active_energy_import_live" in self.announced()["cmps"], why=self.amshand.log)

    def retained(self):
        """{topic: payload} of what the broker has kept."""
        late = self.listener()
        return {topic: payload for topic, retained, payload in late.messages() if retained}


class Announcements(HomeAssistantTest):
    def test_the_daemon_comes_before_the_meter(self):
        self.start()
        sent = self.send(2)
        meter = self.announced()
        topics = [t for t, _, _ in self.seen.messages()]
        self.assertLess(topics.index(DISCOVERY_DAEMON), topics.index(DISCOVERY))
        daemon = self.announced(DISCOVERY_DAEMON)
        running, = daemon["cmps"].values()
        self.assertEqual((running["p"], running["stat_t"]), ("binary_sensor", DAEMON))
        self.assertEqual((running["pl_on"], running["pl_off"]), ("online", "offline"))

        device = meter["dev"]
        self.assertEqual(device["ids"], ["amshan_" + ID])
        self.assertEqual(device["name"], "Aidon meter " + ID)
        self.assertEqual((device["mf"], device["mdl"], device["sn"], device["sw"]),
                         ("Aidon", sent["meter_type"], sent["meter_id"], sent["list_version"]))
        self.assertEqual([device["via_device"]], daemon["dev"]["ids"])
        for announcement in (meter, daemon):
            self.assertEqual(announcement["o"]["name"], "amshan")
        # It is there while the daemon is and the meter sends.
        self.assertEqual(meter["avty_mode"], "all")
        self.assertEqual([a["t"] for a in meter["avty"]], [DAEMON, METER])
        kept = self.retained()
        self.assertEqual(json.loads(kept[DISCOVERY]), meter)
        self.assertEqual(json.loads(kept[DISCOVERY_DAEMON]), daemon)

    def test_an_entity_for_each_quantity(self):
        """Exactly those that come, each where it comes."""
        self.start()
        self.until_live()
        come = {}
        for topic in (POWER, ENERGY, DERIVED):
            for payload in self.said(topic):
                come.update({name: topic for name in set(payload) - OTHERS})
        meter = self.announced(what=set(settled(come)))
        self.assertEqual(set(sensors(meter)), set(come))
        self.assertTrue({"active_power_import", "voltage_l1", "apparent_power", "active_energy_import",
                         "active_energy_import_error", "active_energy_import_live"} <= set(come))
        for name, component in sensors(meter).items():
            self.assertEqual(component["p"], "sensor")
            self.assertEqual(component["stat_t"], come[name])
            self.assertEqual(set(re.findall(r"value_json\.(\w+)", component["val_tpl"])), {name})
            self.assertEqual(component["uniq_id"], "amshan_%s_%s" % (ID, name))
            self.assertEqual(component["def_ent_id"], "sensor.amshan_%s_%s" % (ID, name))
            self.assertEqual("exp_aft" in component, come[name] == POWER, name)
        unique = [c["uniq_id"] for d in (meter, self.announced(DISCOVERY_DAEMON)) for c in d["cmps"].values()]
        self.assertEqual(len(unique), len(set(unique)))
        names = [c["name"] for c in meter["cmps"].values()]
        self.assertEqual(len(names), len(set(names)))

    def test_a_problem(self):
        """There with the meter, and off; the sentence is an attribute."""
        self.start()
        self.all_lists()
        component = self.announced()["cmps"]["problem"]
        self.assertEqual((component["p"], component["dev_cla"], component["ent_cat"]),
                         ("binary_sensor", "problem", "diagnostic"))
        self.assertEqual({component["stat_t"], component["json_attr_t"]}, {PROBLEM})
        for template in (component["val_tpl"], component["json_attr_tpl"]):
            self.assertTrue(set(re.findall(r"value_json\.(\w+)", template)) <= {"problem", "text"}, template)
        self.assertEqual(self.said(PROBLEM), [{"problem": False, "text": ""}])
        self.assertEqual(json.loads(self.retained()[PROBLEM]), {"problem": False, "text": ""})

    def test_units(self):
        """As Home Assistant spells them; energies in kilo, by the template."""
        self.start()
        self.all_lists()
        for name, component in sensors(self.announced()).items():
            want = next(w for w in (("_error", None, "measurement", "Wh"),
                                    ("reactive_energy", "reactive_energy", "total_increasing", "kvarh"),
                                    ("active_energy", "energy", "total_increasing", "kWh"),
                                    ("reactive_power", "reactive_power", "measurement", "var"),
                                    ("apparent_power", "apparent_power", "measurement", "VA"),
                                    ("power_factor", "power_factor", "measurement", None),
                                    ("active_power", "power", "measurement", "W"),
                                    ("current", "current", "measurement", "A"),
                                    ("voltage", "voltage", "measurement", "V")) if w[0] in name)
            self.assertEqual(tuple(component.get(k) for k in ("dev_cla", "stat_cla", "unit_of_meas")), want[1:], name)
            self.assertEqual("/ 1000" in component["val_tpl"], (want[3] or "").startswith("k"), name)

    def test_a_new_quantity_is_announced_and_nothing_twice(self):
        self.start(source='meter = "%s"' % ID)
        have = set()
        for number in (1, 2, 3):
            have |= quantities(self.send(number))
            self.announced(what=have)
            self.send(1)
            self.send(number) if number < 3 else None
        self.end()
        said = [set(settled(sensors(announcement))) for announcement in self.said(DISCOVERY)]
        self.assertEqual([len(names) for names in said], sorted({len(names) for names in said}))
        self.assertEqual(len(said), 3)
        self.assertEqual(len(self.said(DISCOVERY_DAEMON)), 1)

    def test_discovery_is_off(self):
        self.start("discovery = false")
        self.all_lists()
        pub(self.server.port, STATUS, b"online")
        self.end()
        said = {t for t, _, _ in self.seen.messages()} - {"probe", STATUS}
        self.assertEqual(said, {DAEMON, METER, POWER, ENERGY, DERIVED, PROBLEM})

    def test_another_prefix_and_topic(self):
        self.start('discovery-prefix = "ha/found"\n  topic = "home/power"')
        sent = self.send(2)
        meter = self.announced(DISCOVERY.replace("homeassistant", "ha/found"), quantities(sent))
        topic = "ha/found/device/amshan_daemon_home_power/config"
        daemon = self.announced(topic)
        self.assertEqual({c["stat_t"] for c in sensors(meter).values()}, {POWER.replace("amshan", "home/power")})
        # A base of topics for short would spoil one of ours that begins or ends with "~".
        self.assertNotIn("~", meter)
        self.assertEqual([meter["dev"]["via_device"]], daemon["dev"]["ids"])
        self.assertEqual(daemon["cmps"]["running"]["stat_t"], "home/power/availability")
        before = len(self.said(topic))
        pub(self.server.port, "ha/found/status", b"online")
        lab.wait_for(lambda: len(self.said(topic)) > before, BIRTH_SECONDS + 3, why=self.amshand.log)
        self.assertFalse([t for t, _, _ in self.seen.messages() if t.startswith("homeassistant")])


class Births(HomeAssistantTest):
    def counts(self):
        topics = [t for t, _, _ in self.seen.messages()]
        return {t: topics.count(t) for t in topics if t not in ("probe", STATUS)}

    def test_all_is_said_again(self):
        # What the broker has kept is the birth of an earlier life.
        pub(self.server.port, STATUS, b"online", "-r")
        self.start()
        self.all_lists()
        self.announced()
        lab.wait_for(lambda: set(self.counts()) == RETAINED | {POWER}, why=self.amshand.log)
        for payload in (b"offline", b"online2", b"", b"Online"):
            pub(self.server.port, STATUS, payload)
        before = self.counts()
        time.sleep(BIRTH_SECONDS + 1)
        self.assertEqual(self.counts(), before)

        last = {topic: self.seen.last(topic) for topic in RETAINED}
        begin = time.monotonic()
        pub(self.server.port, STATUS, b"online")
        lab.wait_for(lambda: all(self.counts()[t] == before[t] + 1 for t in RETAINED), BIRTH_SECONDS + 3,
                     why=self.amshand.log)
        self.assertGreater(time.monotonic() - begin, 0.9)
        self.assertEqual(self.counts()[POWER], before[POWER])
        self.assertEqual({topic: self.seen.last(topic) for topic in RETAINED}, last)


class Forgetting(HomeAssistantTest):
    def forget(self, ident=ID, status=0):
        run = lab.ctl(self.bus, "forget", ident, check=False)
        self.assertEqual(run.returncode, status, run.stderr.decode())
        return (run.stderr if status else run.stdout).decode()

    def learned(self):
        with open(self.folder.file("state/sources.json")) as f:
            return ID in f.read()

    def test_a_meter_that_sends(self):
        self.start()
        self.all_lists()
        self.wait_kept()
        lab.wait_for(lambda: os.path.exists(self.folder.file("state/sources.json")) and self.learned())
        lab.wait_for(lambda: set(self.retained()) >= RETAINED, why=self.amshand.log)
        self.assertIn("Forgotten: " + ID, self.forget())
        self.assertEqual(self.meter(), {})
        lab.wait_for(lambda: set(self.retained()) == {DAEMON, DISCOVERY_DAEMON}, why=lambda: str(self.retained()))
        self.assertFalse(os.path.exists(self.kept()))
        lab.wait_for(lambda: not self.learned())
        self.assertEqual(self.forget(status=1), "amshanctl: There is no meter %s, and nothing is kept of one\n" % ID)
        # It is a new meter with its next list, and begins anew.
        sent = self.send(2)
        self.announced(what=quantities(sent))
        self.assertEqual(self.seen.last(METER), "online")

    def test_a_meter_that_is_not_there_any_more(self):
        self.start()
        self.all_lists()
        self.wait_kept()
        self.announced()
        self.reload(self.amshand, mqtt_conf(self.server.port))
        self.wait_topic(self.seen, METER, "offline", self.amshand)
        self.assertTrue(os.path.exists(self.kept()))
        self.forget()
        self.assertFalse(os.path.exists(self.kept()))
        lab.wait_for(lambda: set(self.retained()) == {DAEMON, DISCOVERY_DAEMON}, why=lambda: str(self.retained()))

    def test_what_was_announced_before_it_was_switched_off(self):
        """As the manual page of the configuration says."""
        self.start()
        self.all_lists()
        self.announced()
        self.reload(self.amshand, self.conf("discovery = false"))
        # The one follows the other so fast that a look at the last one may miss it.
        lab.wait_for(lambda: [p for t, _, p in self.seen.messages() if t == DAEMON][-2:] == ["offline", "online"],
                     why=self.amshand.log)
        self.assertIn(DISCOVERY, self.retained())
        self.forget()
        lab.wait_for(lambda: not {DISCOVERY, METER, ENERGY, DERIVED, PROBLEM} & set(self.retained()),
                     why=lambda: str(self.retained()))

    def test_what_is_no_meter(self):
        self.start()
        self.send(2)
        for ident, why in (("1234", "There is no meter 1234"), ("../sources", "That is no id of a meter"),
                           ("", "That is no id of a meter"), ("a/+", "That is no id of a meter"),
                           (ID[:-1], "There is no meter")):
            self.assertIn("amshanctl: " + why, self.forget(ident, 1))
        self.assertEqual(self.meter()["Meter"]["Id"], ID)


class Restarts(HomeAssistantTest):
    def test_the_announcement_is_complete_with_the_first_message(self):
        self.start()
        self.until_live()
        before = self.announced()
        self.assertIn("active_energy_import_error", before["cmps"])
        self.end()
        # Another broker, which knows nothing.
        self.server.stop()
        self.server = self.broker(port=self.server.port)
        self.seen = self.listener()
        self.start()
        self.send(1)
        after = self.announced()
        self.assertEqual(after, before)
        self.end()
        self.assertEqual(len(self.said(DISCOVERY)), 1)


if __name__ == "__main__":
    unittest.main()
