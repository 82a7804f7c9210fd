# SPDX-License-Identifier: GPL-2.0
"""The daemon as a whole: which meter a message belongs to, reload, what is missing around it."""
import os
import signal
import socket
import subprocess
import unittest

import lab
from daemon_lab import PHASES, Line, View, by_length, frames, ids, source


class WhichMeter(unittest.TestCase):
    def test_list_1_waits_for_the_number_and_is_remembered_over_a_restart(self):
        list1, list2 = by_length("aidon")[:2]
        number = ids([list2])[0]
        with lab.Folder() as folder, lab.Bus() as bus, Line() as line:
            view = View(bus)
            conf = source("house", line.uri())
            with lab.Daemon(folder, conf, bus) as daemon:
                line.wait_client().send(list1)
                lab.wait_for(lambda: view.sources()["house"]["Counters"]["messages"] == 1)
                self.assertEqual(view.meters(), {}, "a list 1 alone names no meter")
                line.send(list2)
                view.meter(number)
                lab.wait_for(lambda: os.path.exists(folder.file("state/sources.json")))
                self.assertEqual(daemon.stop(signal.SIGKILL), -signal.SIGKILL)
            line.hang_up()
            with lab.Daemon(folder, conf, bus):
                line.wait_client(2).send(list1)
                view.meter(number)
                self.assertEqual(list(view.meters()), [number])
                self.assertIsNotNone(view.power(number))

    def test_a_meter_that_never_says_its_number_has_the_name_of_its_source(self):
        frame = frames("aidon-se", 1)[0]
        with lab.Folder() as folder, lab.Bus() as bus, Line() as line:
            with lab.Daemon(folder, source("cabin", line.uri()), bus):
                line.wait_client().send(frame)
                meter = View(bus).meter("cabin")
                self.assertEqual(meter["MeterId"], "")
                self.assertEqual(meter["Manufacturer"], "Aidon")

    def test_the_configured_id_wins(self):
        frame = by_length("kaifa")[1]
        with lab.Folder() as folder, lab.Bus() as bus, Line() as line:
            with lab.Daemon(folder, source("house", line.uri(), 'meter = "mine"'), bus):
                line.wait_client().send(frame)
                meter = View(bus).meter("mine")
                self.assertEqual(meter["MeterId"], ids([frame])[0])

    def test_a_second_source_of_the_same_meter_stands_by_and_takes_over(self):
        frame = by_length("kamstrup")[0]
        number = ids([frame])[0]
        with lab.Folder() as folder, lab.Bus() as bus, Line() as one, Line() as two:
            view = View(bus)
            with lab.Daemon(folder, source("one", one.uri()) + source("two", two.uri()), bus) as daemon:
                one.wait_client().send(frame)
                view.meter(number)
                two.wait_client()
                for _ in range(3):
                    two.send(frame)
                daemon.wait_log("stands by")
                lab.wait_for(lambda: view.sources()["two"]["Counters"]["messages"] == 3)
                self.assertEqual(view.meter(number)["Source"], "one")
                self.assertEqual(view.meter(number)["Messages"], 1)
                self.assertEqual(daemon.log().count("stands by"), 1, "said once")
                one.hang_up()
                lab.wait_for(lambda: not view.meter(number)["Available"])
                two.send(frame)
                lab.wait_for(lambda: view.meter(number)["Source"] == "two")
                self.assertTrue(view.meter(number)["Available"])

    def test_a_meter_is_exchanged_for_one_of_another_maker(self):
        aidon, kamstrup = by_length("aidon"), by_length("kamstrup")
        old, new = ids([aidon[1]])[0], ids([kamstrup[0]])[0]
        with lab.Folder() as folder, lab.Bus() as bus, Line() as line:
            view = View(bus)
            with lab.Daemon(folder, source("house", line.uri()), bus):
                line.wait_client().send(aidon[1])
                view.meter(old)
                line.send(kamstrup[0])
                self.assertEqual(view.meter(new)["Manufacturer"], "Kamstrup")
                self.assertEqual(view.meter(old)["Manufacturer"], "Aidon")

    def test_several_meters_on_one_source_are_kept_apart(self):
        a = by_length("aidon", "--id", "7359992800000011")
        b = by_length("aidon", "--id", "7359992800000022")
        with lab.Folder() as folder, lab.Bus() as bus, Line() as line:
            view = View(bus)
            with lab.Daemon(folder, source("street", line.uri()), bus) as daemon:
                line.wait_client().send(a[1] + b[1] + a[1] + b[1])
                view.meter("7359992800000011")
                view.meter("7359992800000022")
                lab.wait_for(lambda: view.meter("7359992800000022")["Messages"] == 2)
                # Whose a list without a number is cannot be said any more.
                line.send(a[0] + b[0])
                lab.wait_for(lambda: view.sources()["street"]["Counters"]["messages"] == 6)
                self.assertEqual(view.meter("7359992800000011")["Messages"], 2)
                self.assertEqual(view.meter("7359992800000022")["Messages"], 2)
                self.assertEqual(daemon.log().count("several meters"), 1)
                # Not remembered for the next start either.
                lab.wait_for(lambda: os.path.exists(folder.file("state/sources.json")))
                with open(folder.file("state/sources.json")) as f:
                    self.assertNotIn("7359992800000011", f.read())

    def test_a_list_1_right_behind_another_meter_is_nobodys(self):
        a = by_length("aidon", "--id", "7359992800000011")
        b = by_length("aidon", "--id", "7359992800000022")
        with lab.Folder() as folder, lab.Bus() as bus, Line() as line:
            view = View(bus)
            with lab.Daemon(folder, source("street", line.uri()), bus):
                line.wait_client().send(a[1] + a[0] + b[1] + a[0])
                lab.wait_for(lambda: view.sources()["street"]["Counters"]["messages"] == 4)
                self.assertEqual(view.meter("7359992800000011")["Messages"], 2)
                self.assertEqual(view.meter("7359992800000022")["Messages"], 1)

    def test_a_source_with_any_number_of_numbers_is_bounded(self):
        with lab.Folder() as folder, lab.Bus() as bus, Line() as line:
            view = View(bus)
            with lab.Daemon(folder, source("street", line.uri()), bus) as daemon:
                line.wait_client()
                for i in range(70):
                    line.send(frames("kamstrup", 1, "--id", "57065672%08d" % i)[0])
                daemon.wait_log("names more than")
                lab.wait_for(lambda: view.sources()["street"]["Counters"]["messages"] == 70)
                self.assertEqual(len(view.meters()), 64)
                self.assertEqual(daemon.log().count("names more than"), 1)


class Reload(unittest.TestCase):
    def reload(self, folder, daemon, *sources):
        count = daemon.log().count("reloaded")
        folder.write("amshand.conf", 'state-directory = "%s"\n' % folder.file("state") + "".join(sources))
        daemon.proc.send_signal(signal.SIGHUP)
        daemon.wait_log("reloaded", count=count + 1)

    def test_another_line_is_not_taken_for_the_meter_of_the_old_one(self):
        old = by_length("aidon", "--id", "7359992800000011")
        new = by_length("aidon", "--id", "7359992800000022")
        with lab.Folder() as folder, lab.Bus() as bus, Line() as one, Line() as two:
            view = View(bus)
            with lab.Daemon(folder, source("house", one.uri()), bus) as daemon:
                one.wait_client().send(old[1])
                view.meter("7359992800000011")
                self.reload(folder, daemon, source("house", two.uri()))
                two.wait_client().send(new[0])
                lab.wait_for(lambda: view.sources()["house"]["Counters"]["messages"] == 1)
                self.assertEqual(view.meters(), {})
                two.send(new[1])
                view.meter("7359992800000022")

    def test_a_meter_that_gets_another_id(self):
        frame = by_length("kamstrup")[0]
        number = ids([frame])[0]
        with lab.Folder() as folder, lab.Bus() as bus, Line() as line:
            view = View(bus)
            with lab.Daemon(folder, source("house", line.uri()), bus) as daemon:
                line.wait_client().send(frame)
                view.meter(number)
                self.reload(folder, daemon, source("house", line.uri(), 'meter = "mine"'))
                line.send(frame)
                view.meter("mine")
                self.assertEqual(list(view.meters()), ["mine"])
                self.reload(folder, daemon, source("house", line.uri()))
                line.send(frame)
                view.meter(number)
                self.assertEqual(list(view.meters()), [number])
                self.assertEqual(line.accepted, 1)

    def test_a_meter_stays_with_the_source_that_stands_by(self):
        frame = max(by_length("kamstrup"), key=len)     # with registers
        number = ids([frame])[0]
        with lab.Folder() as folder, lab.Bus() as bus, Line() as one, Line() as two:
            view = View(bus)
            with lab.Daemon(folder, source("one", one.uri()) + source("two", two.uri()), bus) as daemon:
                one.wait_client().send(frame)
                view.meter(number)
                two.wait_client().send(frame)
                daemon.wait_log("stands by")
                self.reload(folder, daemon, source("two", two.uri()))
                self.assertIn("org.amshan.Amshan1.Energy", view.meter(number)["all"])
                self.assertFalse(view.meter(number)["Available"])
                two.send(by_length("kamstrup")[0])
                lab.wait_for(lambda: view.meter(number)["Source"] == "two")
                self.assertTrue(view.meter(number)["Available"])
                self.assertIn("org.amshan.Amshan1.Energy", view.meter(number)["all"])
                self.reload(folder, daemon, source("three", one.uri()))
                self.assertEqual(view.meters(), {})

    def test_what_did_not_change_goes_on(self):
        frame, other = by_length("kamstrup")[0], by_length("kaifa")[1]
        number, gone = ids([frame])[0], ids([other])[0]
        with lab.Folder() as folder, lab.Bus() as bus, Line() as one, Line() as two, Line() as three:
            view = View(bus)
            first = source("one", one.uri()) + source("two", two.uri())
            with lab.Daemon(folder, first, bus) as daemon:
                one.wait_client().send(frame)
                two.wait_client().send(other)
                before = lab.wait_for(lambda: view.power(number))
                view.meter(gone)

                folder.write("amshand.conf", 'state-directory = "%s"\n' % folder.file("state") +
                             source("one", one.uri(), "scale = 50") + source("three", three.uri()))
                daemon.proc.send_signal(signal.SIGHUP)
                daemon.wait_log("reloaded")
                three.wait_client()
                lab.wait_for(lambda: gone not in view.meters())
                self.assertEqual(set(view.sources()), {"one", "three"})
                one.send(frame)
                lab.wait_for(lambda: view.power(number) == 50 * before)
                self.assertEqual(one.accepted, 1, "its connection was not touched")
                self.assertEqual(view.meter(number)["all"][PHASES]["VoltageL1"] // 100, 2, "voltage is not scaled")

    def test_a_source_comes_back_under_the_name_of_a_meter_it_left(self):
        frame = by_length("kamstrup")[0]
        number = ids([frame])[0]
        mine = 'meter = "house"'
        with lab.Folder() as folder, lab.Bus() as bus, Line() as one, Line() as two, Line() as three:
            view = View(bus)
            first = source("house", one.uri(), mine) + source("spare", two.uri(), mine)
            with lab.Daemon(folder, first, bus) as daemon:
                one.wait_client().send(frame)
                view.meter("house")
                two.wait_client().send(frame)
                daemon.wait_log("stands by")
                self.reload(folder, daemon, source("house", three.uri()), source("spare", two.uri(), mine))
                three.wait_client().send(frame)
                view.meter(number)
                two.send(frame)
                lab.wait_for(lambda: view.meter("house")["Available"])
                self.assertEqual(view.meter("house")["Source"], "spare")
                self.assertEqual(set(view.meters()), {"house", number})
                self.assertNotIn("more than", daemon.log())

    def test_a_mistake_changes_nothing(self):
        frame = by_length("kamstrup")[0]
        with lab.Folder() as folder, lab.Bus() as bus, Line() as line:
            with lab.Daemon(folder, source("house", line.uri()), bus) as daemon:
                line.wait_client().send(frame)
                View(bus).meter(ids([frame])[0])
                for text in ("source \"house\" { uri = \"tcp://\" }\n", "nonsense = 1\n", "source {"):
                    count = daemon.log().count("not reloaded") + daemon.log().count("stays as it was")
                    folder.write("amshand.conf", text)
                    daemon.proc.send_signal(signal.SIGHUP)
                    lab.wait_for(lambda: daemon.log().count("not reloaded") +
                                 daemon.log().count("stays as it was") > count)
                line.send(frame)
                lab.wait_for(lambda: View(bus).meter(ids([frame])[0])["Messages"] == 2)
                self.assertEqual(line.accepted, 1)


class Around(unittest.TestCase):
    def test_without_bus_and_broker_it_says_so_once_and_reads(self):
        frame = by_length("kamstrup")[0]
        with lab.Folder() as folder, Line() as line:
            port = lab.free_port()
            conf = source("house", line.uri()) + 'mqtt { host = "127.0.0.1" port = %d }\n' % port
            with lab.Daemon(folder, conf) as daemon:
                line.wait_client().send(frame)
                daemon.wait_log("meter " + ids([frame])[0])
                # A broker that comes later gets it all.
                with lab.Broker(port) as broker, lab.Subscriber(broker.port, "amshan/#") as sub:
                    lab.wait_for(lambda: sub.last("amshan/availability") == "online", 15, 0.1,
                                 why=lambda: sub.log() + daemon.log())
                    line.send(frame)
                    lab.wait_for(lambda: sub.last("amshan/%s/power" % ids([frame])[0]))
                log = daemon.log()
                self.assertEqual(len([x for x in log.splitlines() if "bus" in x.lower()]), 1, log)
                self.assertEqual(len([x for x in log.splitlines() if "refused" in x.lower()]), 1, log)

    def test_a_user_has_a_state_folder_of_his_own(self):
        frame = by_length("kamstrup")[0]
        with lab.Folder() as folder, Line() as line:
            conf = folder.write("my.conf", source("house", line.uri()))
            argv = ["env", "-u", "STATE_DIRECTORY", "-u", "XDG_STATE_HOME", "HOME=" + folder.path]
            with lab.Process([*argv, lab.AMSHAND, "--user", "-c", conf]):
                line.wait_client().send(frame)
                lab.wait_for(lambda: os.path.exists(folder.file(".local/state/amshan/sources.json")))

    def test_a_state_folder_that_cannot_be_written(self):
        frame = by_length("kamstrup")[0]
        with lab.Folder() as folder, lab.Bus() as bus, Line() as line:
            folder.write("state", "a file where the folder should be")
            with lab.Daemon(folder, source("house", line.uri()), bus) as daemon:
                line.wait_client().send(frame)
                View(bus).meter(ids([frame])[0])
                self.assertIn(folder.file("state"), daemon.log())
                self.assertEqual(daemon.log().count("will not be remembered"), 1)
                self.assertEqual(daemon.stop(), 0)

    def test_a_broken_state_file(self):
        frame = by_length("kamstrup")[0]
        for text in ("", "{", "[]", '{"sources": 1}', '{"sources": {"house": {"meter": 5}}}',
                     '{"sources": {"house": {"meter": "%s"}}}' % ("x" * 3000)):
            with lab.Folder() as folder, lab.Bus() as bus, Line() as line:
                folder.write("state/sources.json", text)
                with lab.Daemon(folder, source("house", line.uri()), bus) as daemon:
                    line.wait_client().send(frame)
                    View(bus).meter(ids([frame])[0])
                    self.assertEqual(daemon.stop(), 0)

    def test_it_tells_its_service_manager(self):
        frame = by_length("kamstrup")[0]
        with lab.Folder() as folder, lab.Bus() as bus, Line() as line, \
                socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            path = folder.file("notify")
            notify.bind(path)
            notify.settimeout(10)
            env = {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "1000000"}
            with lab.Daemon(folder, source("house", line.uri()), bus, env=env) as daemon:
                said = ""
                line.wait_client().send(frame)
                while "READY=1" not in said or "1 of 1 sources deliver, 1 meters" not in said or \
                        said.count("WATCHDOG=1") < 3:
                    said += notify.recv(4096).decode() + "\n"
                daemon.proc.send_signal(signal.SIGHUP)
                while "RELOADING=1" not in said:
                    said += notify.recv(4096).decode() + "\n"
                daemon.stop()
                while "STOPPING=1" not in said:
                    said += notify.recv(4096).decode() + "\n"

    def test_check_config(self):
        with lab.Folder() as folder:
            good = folder.write("good.conf", source("house", "tcp://127.0.0.1:1"))
            run = subprocess.run([lab.AMSHAND, "--check-config", "-c", good], stderr=subprocess.PIPE)
            self.assertEqual((run.returncode, run.stderr), (0, b""))
            bad = folder.write("bad.conf", '\n' + source("house", "carrier-pigeon:1"))
            run = subprocess.run([lab.AMSHAND, "--check-config", "-c", bad], stderr=subprocess.PIPE)
            self.assertEqual(run.returncode, 1)
            self.assertIn("bad.conf:2", run.stderr.decode())
            self.assertIn("carrier-pigeon", run.stderr.decode())
            bad = folder.write("bad.conf", source("house", "mqtt:han"))
            run = subprocess.run([lab.AMSHAND, "--check-config", "-c", bad], stderr=subprocess.PIPE)
            self.assertEqual(run.returncode, 1)
            self.assertIn("section mqtt", run.stderr.decode())
            run = subprocess.run([lab.AMSHAND, "--check-config", "-c", folder.file("none.conf")],
                                 stderr=subprocess.PIPE)
            self.assertEqual(run.returncode, 1)
            self.assertIn("none.conf", run.stderr.decode())

    def test_the_command_line(self):
        for args, code in ((["--help"], 0), (["--version"], 0), (["--nonsense"], 2), (["argument"], 2),
                           (["--log-level", "loud"], 2)):
            run = subprocess.run([lab.AMSHAND, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertEqual(run.returncode, code, args)
            self.assertTrue(run.stdout if code == 0 else run.stderr)


if __name__ == "__main__":
    unittest.main()
