# SPDX-License-Identifier: GPL-2.0
"""What amshand counts from what meters send, what it holds back, and what it remembers of that."""
import datetime
import json
import math
import os
import re
import shutil
import signal
import stat
import time
import unittest

import lab
from ctl_lab import messages
from derive_lab import FedTest, power_of, settled
from mqtt_lab import DERIVED, ENERGY, ID, POWER, PROBLEM

LIVE = "active_energy_import_live"
REGISTERS = ("active_energy_import", "active_energy_export", "reactive_energy_import", "reactive_energy_export")
UNITS = dict(zip(REGISTERS, ("Wh", "Wh", "varh", "varh")))
AGAIN = "meter %s: a list with registers came again" % ID
FORGETS = "what is counted of meters will not be remembered"
# So much power that a second of it can be seen in the register.
MUCH = "scale-power = 1000"
# A derived value is shown so often, with the next list.
SHOWN_SECONDS = 9.5


def of_house(*args):
    """Messages of another life of the same meter: other registers."""
    return messages("--maker", "aidon", "--id", ID, *args)


def seconds(payload):
    return datetime.datetime.fromisoformat(payload["received"]).timestamp()


def registers(readings):
    return {name: readings[name] for name in REGISTERS if name in readings}


class DerivedTest(FedTest):
    def energies(self):
        return [registers(payload) for payload in self.said(ENERGY)]

    def wait_energy(self, want):
        lab.wait_for(lambda: self.energies()[-1:] == [want], why=lambda: "%s\n%s" % (self.energies(),
                                                                                   self.amshand.log()))

    def lives(self):
        """The live registers that were shown, in the order of the messages."""
        return [payload[LIVE] for payload in self.said(DERIVED) if LIVE in payload]

    def wait_live(self, count=1):
        """Until it was shown so often."""
        lab.wait_for(lambda: len(self.lives()) >= count, why=lambda: "%s\n%s" % (self.said(DERIVED),
                                                                                self.amshand.log()))

    def check_no_way_back(self):
        shown = [v for v in self.lives() if v is not None]
        self.assertEqual(shown, sorted(shown))

    def first_live(self):
        """A power, a register, what is kept, and a second register: then there is a live one."""
        self.send(2)
        first = self.send(3)["active_energy_import"]
        self.wait_kept()
        second = self.send(3)["active_energy_import"]
        self.wait_live()
        return first, second


class Powers(DerivedTest):
    def test_of_solar_panels(self):
        """What flows out counts against what flows in."""
        self.line.messages = messages("--maker", "aidon", "--id", ID, "--solar", "--start", "2026-06-21T11:00:00Z",
                                      "--count", "12")
        self.start()
        sent = self.send(2)
        self.assertGreater(sent["active_power_export"], 0)
        self.end()
        shown, = self.said(POWER)
        want = power_of(sent)
        self.assertEqual({name: shown[name] for name in want}, want)
        self.assertEqual(shown["derived"], list(want))

    def test_what_a_list_lacks_is_not_invented(self):
        self.start(source='meter = "%s"' % ID)
        self.send(1)
        self.end()
        shown, = self.said(POWER)
        self.assertEqual(set(settled(shown)), {"active_power_import", "received"})


class Repeated(DerivedTest):
    def test_a_list_that_comes_again(self):
        self.line.messages = of_house("--repeat-hourly", "--count", "36")
        truth = [t for _, t in self.line.messages]
        again = [t for t in truth if t["repeated"]]
        self.assertGreater(len(again), 2)
        self.start()
        changes = self.enterContext(self.monitor())
        for t in truth:
            self.send(t["list"])
        self.end()
        want = [registers(t["readings"]) for t in truth if t["list"] == 3 and not t["repeated"]]
        self.assertEqual(self.energies(), want)
        # Nor is anything else of it told twice.
        self.assertEqual(len(self.said(POWER)), len(truth) - len(again))
        self.assertEqual(self.amshand.log().count(AGAIN), len(again))
        lab.wait_for(lambda: changes.count(".Power") == len(truth) - len(again), why=changes.log)
        self.assertEqual(changes.count(".Energy"), len(want))

    def test_after_a_restart(self):
        """The registers came before, which is remembered."""
        self.start()
        self.send(2)
        third = self.send(3)
        last = next(m for m in self.line.messages if m[1]["list"] == 3)
        self.send(3)
        self.end()
        count = len(self.energies())
        self.start()
        self.line.messages.insert(0, last)
        self.send(3)
        self.end()
        # What was kept is said once more: the broker may have been restarted too.
        self.assertEqual(len(self.energies()), count + 1)
        before, again = ({k: v for k, v in e.items() if "energy" in k} for e in self.energies()[-2:])
        self.assertEqual(again, before)
        self.assertEqual(self.amshand.log().count(AGAIN), 1)
        self.assertGreater(len(third), 0)

    def monitor(self):
        watch = lab.Process(["busctl", "--address=" + self.bus.address, "monitor",
                             "--match=member='PropertiesChanged'"])
        watch.wait_log("Monitoring bus message stream")
        watch.count = lambda interface: watch.log().count('STRING "org.amshan.Amshan1%s"' % interface)
        return watch


class ProblemTest(DerivedTest):
    def wait_problem(self, text):
        """The same on D-Bus, at the broker, and in what amshanctl says."""
        want = {"problem": bool(text), "text": text}
        lab.wait_for(lambda: self.said(PROBLEM)[-1:] == [want], why=lambda: "%s\n%s" % (self.said(PROBLEM),
                                                                                       self.amshand.log()))
        self.assertEqual(self.meter()["Meter"]["Problem"], text)
        shown = json.loads(lab.ctl(self.bus, "show", "--json", ID).stdout)
        self.assertEqual(shown.get("problem", ""), text)
        status = lab.ctl(self.bus, "status", check=False).stdout.decode()
        self.assertEqual("meter %s: %s\n" % (ID, text) in status, bool(text), status)


class Plausible(ProblemTest):
    def test_a_wrong_factor(self):
        """It is said once, everywhere, with the setting that ends it; and is gone with that."""
        self.line.messages = of_house("--count", "200")
        self.start(source="scale-voltage = 10")
        volts = self.send(2)["voltage_l1"] * 10
        begin = time.monotonic()
        while time.monotonic() - begin < 30 and not self.meter()["Meter"]["Problem"]:
            time.sleep(1)
            self.send(2)
        text = self.meter()["Meter"]["Problem"]
        self.assertRegex(text, r"^voltage_l1 is \d+ V, and [\d.]+ V would be that of a network: set scale-voltage = 1$")
        self.assertAlmostEqual(float(text.split()[2]), volts, delta=100)
        self.wait_problem(text)
        self.send(2)
        self.assertEqual(self.amshand.log().count("meter %s: %s\n" % (ID, text)), 1)
        doctor = json.loads(lab.ctl(self.bus, "doctor", "--json", check=False).stdout)
        self.assertIn({"kind": "wrong", "about": "meter " + ID, "text": text}, doctor["findings"])

        self.reload(self.amshand, self.conf(source="scale-voltage = 1"))
        self.send(2)
        self.wait_problem("")
        self.assertIn("meter %s: its factors were changed: its values are held against each other anew\n" % ID,
                      self.amshand.log())

    def test_it_can_be_switched_off(self):
        self.line.messages = of_house("--count", "200")
        self.start(source="scale-voltage = 10 plausibility = false")
        for _ in range(12):
            self.send(2)
            time.sleep(1)
        self.wait_problem("")


class HeldBack(ProblemTest):
    def back(self, name, before, now):
        return "meter %s: %s went back from %d to %d %s: held back until a second list says so\n" % (
            ID, name, before, now, UNITS[name])

    def too_far(self, name, before, now):
        return "meter %s: %s went from %d to %d %s, more than the fuse carries (main-fuse): held back until a " \
               "second list says so\n" % (ID, name, before, now, UNITS[name])

    def confirmed(self, name, before, now):
        return "meter %s: %s is %d %s after %d, confirmed by a second list: taken\n" % (
            ID, name, now, UNITS[name], before)

    def test_a_register_that_steps_back(self):
        self.line.messages = of_house("--seed", "1", "--count", "20")
        self.start()
        self.send(2)
        before = registers(self.send(3))
        self.wait_energy(before)
        # The exchanged meter has less in every register but that of export, which is 0 in both.
        self.line.messages = of_house("--seed", "5", "--count", "40", "--start", "2026-02-01T12:00:00Z")
        held = registers(self.send(3))
        less = [name for name in REGISTERS if held[name] < before[name]]
        self.assertEqual(less, [name for name in REGISTERS if name != "active_energy_export"])
        # The broker keeps one message: what was held back must not take the good ones out of it.
        self.wait_energy(before)
        self.assertEqual(self.meter()["Energy"]["ActiveEnergyImport"], before["active_energy_import"])
        for name in less:
            self.assertEqual(self.amshand.log().count(self.back(name, before[name], held[name])), 1)
        text = "%s went back from %d to %d %s: held back until a second list says so" % (
            less[0], before[less[0]], held[less[0]], UNITS[less[0]])
        self.wait_problem(text)

        taken = registers(self.send(3))
        self.wait_energy(taken)
        self.assertEqual(self.meter()["Energy"]["ActiveEnergyImport"], taken["active_energy_import"])
        for name in less:
            self.assertEqual(self.amshand.log().count(self.confirmed(name, before[name], taken[name])), 1)
        self.wait_problem("")
        self.assertEqual([p["problem"] for p in self.said(PROBLEM)], [False, True, False])
        # That is all there is to say of it.
        self.send(3)
        self.assertEqual(self.amshand.log().count("held back"), len(less))
        self.assertEqual(self.amshand.log().count("confirmed by a second list"), len(less))

    def test_one_list_that_is_wrong(self):
        """It leaves no trace: the next list goes on."""
        right = of_house("--seed", "1", "--count", "20")
        wrong = next(m for m in of_house("--seed", "5", "--count", "20", "--start", "2026-01-31T12:00:10Z")
                     if m[1]["list"] == 3)
        self.line.messages = right
        self.start()
        self.send(2)
        before = registers(self.send(3))
        self.line.messages.insert(0, wrong)
        self.send(3)
        self.assertIn("held back", self.meter()["Meter"]["Problem"])
        after = registers(self.send(3))
        self.wait_energy(after)
        self.wait_problem("")
        self.assertNotIn("confirmed", self.amshand.log())
        self.end()
        self.assertEqual(self.energies(), [before, before, after])
        self.assertEqual(self.said(DERIVED)[-1]["active_energy_import_error"],
                         after["active_energy_import"] - before["active_energy_import"])

    def test_further_than_the_fuse_carries(self):
        """Two lists an hour apart, and one 20 s later.  A household that heats."""
        house = of_house("--seed", "3", "--count", "1600")
        lists = [m for m in house if m[1]["list"] == 3]
        lists = [lists[0], *lists[180:182]]
        first, second, third = (registers(truth["readings"]) for _, truth in lists)
        used = second["active_energy_import"] - first["active_energy_import"]
        enough = math.ceil(used / (3 * 230 * 1.5 * (3600 + 60) / 3600))
        self.assertGreater(enough, 1)
        for fuse, held in (enough, False), (enough - 1, True):
            with self.subTest(fuse=fuse):
                self.line.messages = [house[0], *lists]
                self.start(source="main-fuse = %d" % fuse)
                self.send(2)
                without = dict(second, active_energy_import=first["active_energy_import"])
                for want in first, without if held else second, third:
                    self.send(3)
                    self.wait_energy(want)
                said = self.too_far("active_energy_import", first["active_energy_import"],
                                    second["active_energy_import"])
                self.assertEqual(self.amshand.log().count(said), int(held))
                self.assertEqual(self.amshand.log().count("held back"), int(held))
                self.end()
                shutil.rmtree(self.folder.file("state"))


class Live(DerivedTest):
    def feed_until_shown(self):
        """Powers every 0.2 s, until the live register is shown once more."""
        begin, shown = time.monotonic(), len(self.lives())
        while len(self.lives()) == shown:
            self.assertLess(time.monotonic() - begin, SHOWN_SECONDS + 5)
            self.send(1)
            time.sleep(0.2)
        return time.monotonic() - begin

    def test_it_counts_on(self):
        """What is shown 10 s after a register is the register and the energy since."""
        self.line.messages = of_house("--count", "160")
        self.start(source=MUCH)
        self.send(2)
        first = self.send(3)["active_energy_import"]
        self.assertGreater(self.feed_until_shown(), SHOWN_SECONDS - 1)
        derived, begin = self.said(DERIVED)[-1], self.said(ENERGY)[0]
        powers = [(seconds(p), p["active_power_import"]) for p in self.said(POWER)
                  if seconds(begin) <= seconds(p) <= seconds(derived)]
        energy = sum((b - a) * (pa + pb) / 2 / 3600 for (a, pa), (b, pb) in zip(powers, powers[1:]))
        self.assertGreater(energy, 1000)
        self.assertAlmostEqual(derived[LIVE] - first, energy, delta=energy / 50)
        self.assertNotIn(LIVE, derived.get("derived", []))
        self.assertEqual(self.meter()["Derived"]["ActiveEnergyImportLive"], derived[LIVE])
        self.assertEqual(self.meter()["Derived"]["ActiveEnergyExportLive"], 0)

        # The register is far behind: what is shown waits for it, and the error is told.
        second = self.send(3)["active_energy_import"]
        self.wait_live(2)
        self.assertLess(second, derived[LIVE])
        self.assertAlmostEqual(self.said(DERIVED)[-1]["active_energy_import_error"], second - first - energy,
                               delta=10 + energy / 10)
        # With little power it stands still until the register has come near.
        self.end()
        count = len(self.lives())
        self.start()
        for shown in 2, 3:
            for _ in range(6):
                self.send(1)
                time.sleep(0.3)
            self.send(3)
            self.wait_live(count + shown)
        self.assertLess(self.lives()[-1] - self.lives()[-2], 2)
        self.check_no_way_back()

    def test_it_is_not_shown_before_it_is_written(self):
        """After a crash nobody would know how far it was shown."""
        self.start()
        self.send(2)
        self.send(3)
        self.send(3)
        if not os.path.exists(self.kept()):
            self.assertEqual(self.lives(), [])
        self.wait_kept()
        self.send(3)
        self.wait_live()

    def test_a_late_subscriber_sees_it_at_once(self):
        self.start()
        first, second = self.first_live()
        late = self.listener()
        payload = json.loads(self.wait_topic(late, DERIVED))
        self.assertTrue(first <= payload[LIVE] <= second)


class Remembered(DerivedTest):
    def state(self):
        with open(self.kept()) as f:
            return json.load(f)

    def test_the_file(self):
        self.start()
        first, second = self.first_live()
        self.end()
        state = self.state()
        self.assertEqual((state["version"], state["meter"]), (1, ID))
        self.assertEqual(state["registers"]["active_energy_import"][0], second)
        self.assertLessEqual({"active_power_import", "voltage_l1", "active_energy_import", LIVE}, set(state["known"]))
        self.assertTrue(first <= state["import"]["shown"] <= second + 10)
        # The numbers of meters, and when somebody was at home, are not for everybody.
        self.assertEqual(stat.S_IMODE(os.stat(self.kept()).st_mode) & 0o007, 0)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.dirname(self.kept())).st_mode) & 0o007, 0)
        self.assertEqual(os.listdir(os.path.dirname(self.kept())), [ID + ".json"])

    def test_a_restart_goes_on(self):
        self.start(source=MUCH)
        self.first_live()
        before = self.lives()[-1]
        for _ in range(3):
            self.end()
            count = len(self.lives())
            self.start(source=MUCH)
            self.send(1)
            # At once, with the first message of any kind; what was used meanwhile is in it.
            self.wait_live(count + 1)
            self.assertGreaterEqual(self.lives()[-1], before)
            before = self.lives()[-1]
        self.check_no_way_back()
        self.assertNotIn("begins anew", self.amshand.log())

    def test_a_crash_never_goes_back(self):
        """How far it was shown is not known then: nothing is shown until the register is certainly further."""
        house = of_house("--seed", "3", "--count", "1600")
        hourly = [m for m in house if m[1]["list"] == 3]
        self.line.messages = house[:40]
        self.start()
        _, second = self.first_live()
        before = self.lives()[-1]
        lab.wait_for(lambda: LIVE in self.state()["known"], why=self.amshand.log)
        self.end(signal.SIGKILL)
        count = len(self.lives())
        reserved = self.state()["import"]["reserved"]
        self.assertGreaterEqual(reserved, before)
        self.assertEqual(os.listdir(os.path.dirname(self.kept())), [ID + ".json"])

        self.start()
        self.line.messages = house[40:80]
        self.send(1)
        self.wait_live(count + 1)
        self.assertIsNone(self.lives()[-1])
        self.assertIsNone(self.meter()["Derived"]["ActiveEnergyImportLive"])
        # An hour later.
        self.line.messages = hourly[180:184]
        self.assertGreater(hourly[180][1]["readings"]["active_energy_import"], reserved)
        for _ in range(2):
            self.send(3)
        lab.wait_for(lambda: self.lives()[-1] is not None, why=self.amshand.log)
        self.assertGreaterEqual(self.lives()[-1], before)
        self.check_no_way_back()
        self.assertGreater(self.lives()[-1], second)

    def test_what_is_lost_is_said_when_nothing_else_is(self):
        """What the broker has kept must not tell the live register of before the crash."""
        self.start()
        self.first_live()
        self.end()
        state = self.state()
        for direction in "import", "export":
            # As a crash in the first hour leaves it.
            state[direction]["reserved"] += 500
            state[direction].pop("error")
        state["known"] = [name for name in state["known"] if not name.endswith("_error")]
        self.folder.write("state/meters/%s.json" % ID, json.dumps(state))
        count = len(self.said(DERIVED))
        self.start()
        self.send(1)
        self.assertIsNone(self.meter().get("Derived", {}).get("ActiveEnergyImportLive"))
        lab.wait_for(lambda: len(self.said(DERIVED)) > count, why=self.amshand.log)
        last = self.said(DERIVED)[-1]
        self.assertEqual({name: last[name] for name in set(last) - {"received"}},
                         {LIVE: None, "active_energy_export_live": None})
        self.send(2)
        self.assertNotIn("cannot send", self.amshand.log())

    def test_a_file_that_is_broken(self):
        self.line.messages = of_house("--count", "160")
        for text, why in (("", "'[' or '{' expected"), ("{", "expected near end of file"), ("[]", '"version" is not'),
                          ('{"version": 2}', '"version" is not the one that is understood'),
                          ('{"version": 1, "clock": 0}', '"import" is not there'),
                          ("{}" + 70000 * " ", "File too large"), (None, "Invalid argument")):
            with self.subTest(text=text and text[:20]):
                if text is None:
                    os.unlink(self.kept())
                    os.mkdir(self.kept())
                else:
                    self.folder.write("state/meters/%s.json" % ID, text)
                self.start()
                self.send(2)
                want = registers(self.send(3))
                self.wait_energy(want)
                self.assertEqual(self.amshand.log().count("begins anew"), 1)
                self.assertRegex(self.amshand.log(), r"(?m)^house: %s: .*%s.*: what is counted of meter %s begins "
                                                     r"anew$" % (re.escape(self.kept()), re.escape(why), ID))
                self.end()
                if text is not None:
                    self.assertEqual(self.state()["registers"]["active_energy_import"][0],
                                     want["active_energy_import"])

    def test_a_folder_that_cannot_be_written(self):
        """It is said once, and all is shown that would be shown."""
        self.folder.write("state/meters", "a file where the folder should be")
        # If it knows too late that it cannot keep the live register, that is shown the next time only.
        self.line.messages = messages("--maker", "aidon", "--id", ID, "--count", "400")
        self.start()
        for number in (2, 3, 3):
            self.send(number)
        lab.wait_for(lambda: self.send(3) and self.lives(), 3 * SHOWN_SECONDS, step=0.5, why=self.amshand.log)
        self.assertEqual(self.amshand.log().count(FORGETS), 1)
        self.check_no_way_back()
        self.amshand.stop()
        self.assertEqual(self.amshand.log().count(FORGETS), 1)
        self.assertEqual(self.amshand.proc.returncode, 0)

    def test_a_folder_that_goes_away(self):
        self.start()
        self.first_live()
        shutil.rmtree(self.folder.file("state/meters"))
        self.amshand.stop()
        self.assertEqual(self.amshand.log().count(FORGETS), 1)
        self.assertEqual(self.amshand.proc.returncode, 0)


if __name__ == "__main__":
    unittest.main()
