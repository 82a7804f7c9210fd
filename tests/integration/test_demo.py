# SPDX-License-Identifier: GPL-2.0
"""The demonstration: what it shows, and that nothing is left of it, however it ends."""
import glob
import os
import pty
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import lab

# Ten times faster than true meters, which send all of them within ten seconds.
DEMO = [sys.executable, os.path.join(lab.TOP, "tests", "demo.py"), "--speed", "10"]
METERS = ("7359992890941742", "6970631401234567", "5706567274389702")
MARK = "AMSHAN_TEST_DEMO"


class DemoTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="demo-")
        self.addCleanup(self.folder.cleanup)
        self.env = dict(os.environ, TMPDIR=self.folder.name, TERM="xterm", **{MARK: self.folder.name})

    def left_processes(self):
        left = []
        for path in glob.glob("/proc/[0-9]*/environ"):
            try:
                with open(path, "rb") as f:
                    if ("%s=%s" % (MARK, self.folder.name)).encode() in f.read().split(b"\0"):
                        left.append(os.path.dirname(path))
            except OSError:
                pass
        return left

    def assert_nothing_left(self):
        lab.wait_for(lambda: not self.left_processes(), 20, why=lambda: "left: %s" % self.left_processes())
        self.assertEqual(os.listdir(self.folder.name), [])

    def on_terminal(self):
        """The demo on a terminal of 100 x 24; gives its process and the terminal."""
        terminal, end = pty.openpty()
        subprocess.run(["stty", "rows", "24", "cols", "100"], stdin=end, check=True)
        # A session of its own whose terminal this is, as a shell would have it.
        proc = subprocess.Popen(DEMO, stdin=end, stdout=end, stderr=end, env=self.env,
                                preexec_fn=lambda: (os.setsid(), os.close(os.open(os.ttyname(0), os.O_RDWR))))
        os.close(end)
        self.addCleanup(os.close, terminal)
        self.addCleanup(lambda: proc.poll() is None and (proc.kill(), proc.wait()))
        return proc, terminal

    def read_until(self, terminal, wanted, seconds=30):
        screen, end = b"", time.monotonic() + seconds
        while not all(w.encode() in screen for w in wanted):
            if not select.select([terminal], [], [], max(0, end - time.monotonic()))[0]:
                self.fail("not on the screen: %s\n%r" % (wanted, screen))
            screen += os.read(terminal, 65536)

    def drain(self, proc, terminal, seconds=20):
        """Wait for the end of the process; somebody has to read what it still writes."""
        end = time.monotonic() + seconds
        while proc.poll() is None and time.monotonic() < end:
            if select.select([terminal], [], [], 0.05)[0]:
                try:
                    os.read(terminal, 65536)
                except OSError:
                    break
        return proc.wait(max(1, end - time.monotonic()))

    def test_without_a_terminal_it_tells_what_was_on_both(self):
        done = subprocess.run([*DEMO, "--seconds", "4"], env=self.env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout)
        for meter in METERS:
            self.assertIn("amshan/%s/power {" % meter, done.stdout)
            self.assertIn("amshanctl show %s" % meter, done.stdout)
        self.assertTrue(done.stdout.endswith("All three meters were on D-Bus and on MQTT.\n"), done.stdout)
        self.assert_nothing_left()

    def test_a_meter_that_does_not_come_is_a_failure_in_a_sentence(self):
        path = os.path.join(self.folder.name, "mosquitto_pub")
        with open(path, "w") as f:
            f.write("#!/bin/sh\ncat >/dev/null\n")
        os.chmod(path, 0o755)
        self.env["PATH"] = self.folder.name + ":" + self.env["PATH"]
        done = subprocess.run([*DEMO, "--seconds", "1"], env=self.env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        os.remove(path)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("The meter 5706567274389702 (barn, over MQTT) is not on D-Bus.", done.stdout)
        self.assertIn("The meter 5706567274389702 (barn, over MQTT) is not on MQTT.", done.stdout)
        self.assert_nothing_left()

    def test_ctrl_c_ends_everything(self):
        proc, terminal = self.on_terminal()
        self.read_until(terminal, METERS)
        os.write(terminal, b"\x03")
        self.assertEqual(self.drain(proc, terminal), 0)
        self.assert_nothing_left()

    def test_a_kill_ends_everything(self):
        proc, terminal = self.on_terminal()
        self.read_until(terminal, METERS[:1])
        self.assertTrue(self.left_processes())
        os.killpg(proc.pid, signal.SIGKILL)
        proc.wait()
        self.assert_nothing_left()


if __name__ == "__main__":
    unittest.main()
