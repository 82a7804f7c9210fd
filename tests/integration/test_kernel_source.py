# SPDX-License-Identifier: GPL-2.0
"""The source kernel: on a machine without the module: it says so, and everything else works.

What it does with the module is tested in virtual machines.
"""
import os
import subprocess
import unittest

import lab
from daemon_lab import Line, View, by_length, ids, source, switches

WITHOUT = "the module amshan is not loaded"


@unittest.skipIf(os.path.exists("/sys/module/amshan"), "the module amshan is loaded on this machine")
class WithoutModule(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(lab.Folder())
        self.bus = self.enterContext(lab.Bus())
        self.view = View(self.bus)
        self.runtime = 'runtime-directory = "%s"\n' % self.folder.file("run")

    def test_everything_else_works_and_status_says_why(self):
        frame = by_length("kamstrup")[0]
        conf = self.runtime + source("adapters", "kernel:") + source("cabin", "kernel:/dev/serial/by-id/usb-cabin")
        with Line() as line, lab.Daemon(self.folder, conf + source("house", line.uri()), self.bus) as daemon:
            line.wait_client().send(frame)
            self.assertTrue(self.view.meter(ids([frame])[0])["Available"])
            for name in ("adapters", "cabin"):
                self.view.wait_source(name, "Reason", WITHOUT)
                have = self.view.sources()[name]
                self.assertEqual((have["State"], have["Health"]), ("waiting", "closed"))
                self.assertIn(WITHOUT, have["HealthText"])
                self.assertEqual(have["Counters"]["lost"], 0)
                self.assertEqual(daemon.log().count("%s: %s" % (name, WITHOUT)), 1, "said once")
            self.assertEqual(self.view.sources()["house"]["Health"], "ok")
            said = lab.ctl(self.bus, "status", check=False).stdout.decode()
            self.assertIn("adapters: waiting: %s\n" % WITHOUT, said)
            self.assertIn("cabin: waiting: %s\n" % WITHOUT, said)
        self.assertEqual(daemon.proc.returncode, 0)
        # No port was read, so there is nothing to remember.
        self.assertFalse(os.path.exists(self.folder.file("run")))

    def test_nothing_is_asked_for_in_vain(self):
        with lab.Daemon(self.folder, self.runtime + source("adapters", "kernel:"), self.bus) as daemon:
            self.view.wait_source("adapters", "Reason", WITHOUT)
            before = switches(daemon.proc.pid)
            # The family's coming would be told: no timer looks for it.
            self.assertRaises(subprocess.TimeoutExpired, daemon.proc.wait, 7)
            self.assertLess(switches(daemon.proc.pid) - before, 10)

    def test_reload(self):
        def names():
            return sorted(self.view.sources())

        def reload(conf):
            self.folder.write("amshand.conf", 'state-directory = "%s"\n%s' % (self.folder.file("state"), conf))
            daemon.proc.send_signal(1)

        first = self.runtime + source("adapters", "kernel:")
        with lab.Daemon(self.folder, first, self.bus) as daemon:
            self.view.wait_source("adapters", "Reason", WITHOUT)
            since = self.view.sources()["adapters"]["Since"]
            reload(self.runtime + source("adapters", "kernel:", "scale = 50") + source("cabin", "kernel:ttyUSB7"))
            lab.wait_for(lambda: names() == ["adapters", "cabin"], why=daemon.log)
            self.assertEqual(self.view.sources()["adapters"]["Since"], since, "it went on")
            reload(self.runtime + source("all", "kernel:"))
            lab.wait_for(lambda: names() == ["all"], why=daemon.log)
            self.view.wait_source("all", "Reason", WITHOUT)
            reload(self.runtime + source("all", "kernel:") + source("more", "kernel:"))
            daemon.wait_log('"kernel:" is that of source "all" already')
            self.assertEqual(names(), ["all"])
            reload('runtime-directory = "/elsewhere"\n')
            daemon.wait_log("runtime-directory: takes effect with the next start")
            lab.wait_for(lambda: names() == [], why=daemon.log)


class CheckConfig(unittest.TestCase):
    def check(self, *uris):
        with lab.Folder() as folder:
            path = folder.write("a.conf", "".join(source("s%d" % i, uri) for i, uri in enumerate(uris)))
            done = subprocess.run([lab.AMSHAND, "--check-config", "-c", path], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30)
            return done.returncode, done.stdout.replace(path, "a.conf")

    def test_right_ones(self):
        self.assertEqual(self.check("kernel:", "kernel:ttyUSB0", "kernel:/dev/ttyUSB1", "kernel:pts/3",
                                    "kernel:/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A10K1ABC-if00-port0"), (0, ""))

    def test_mistakes_are_named(self):
        status, said = self.check("kernel:", "kernel:ttyUSB0", "kernel:", "kernel:ttyUSB0",
                                  "kernel:/dev/ttyUSB0?parity=even", "kernel:dev/ttyUSB0", "kernel")
        self.assertEqual(status, 1)
        self.assertEqual(said.splitlines(), [
            'a.conf:3: uri: "kernel:" is that of source "s0" already',
            'a.conf:4: uri: "kernel:ttyUSB0" is that of source "s1" already',
            'a.conf:5: uri: parameter "parity=even": there are none: baud rate and parity are for amshan-attach',
            'a.conf:6: uri: "dev/ttyUSB0" is neither the name of a tty, as ttyUSB0, nor a path that begins '
            'with a slash',
            'a.conf:7: uri: "kernel" is none of kernel:, serial:, tcp://, mqtt:, file:'])


    def test_no_meter_for_every_port(self):
        with lab.Folder() as folder:
            path = folder.write("a.conf", source("all", "kernel:", 'meter = "123"') +
                                source("one", "kernel:pts/3", 'meter = "123"'))
            done = subprocess.run([lab.AMSHAND, "--check-config", "-c", path], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30)
        self.assertEqual((done.returncode, done.stdout.replace(path, "a.conf")), (
            1, 'a.conf:1: meter: "kernel:" stands for every port, each with a meter of its own: name the one port '
            '(kernel:TTY) that this meter is at\n'))


if __name__ == "__main__":
    unittest.main()
