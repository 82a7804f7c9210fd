# SPDX-License-Identifier: GPL-2.0
"""Keys and frame counters of encrypted meters: their files, and what the daemon and amshanctl do with these."""
import json
import os
import stat
import subprocess
import unittest

import lab

TITLE, OTHER = "KAM4E4C5FA3A1", "0102030405060708"
KEY = "000102030405060708090A0B0C0D0E0F"


class Counters(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(lab.Folder())
        self.bus = self.enterContext(lab.Bus())
        self.path = self.folder.file("state/counters.json")

    def kept(self):
        with open(self.path) as f:
            return {c["title"]: c["counter"] for c in json.load(f)["counters"]}

    def keep(self, **counters):
        self.folder.write("state/counters.json", json.dumps(
            {"counters": [{"title": t, "counter": n, "authenticated": True} for t, n in counters.items()]}))

    def start(self):
        daemon = self.enterContext(lab.Daemon(self.folder, "", self.bus))
        lab.wait_for(lambda: lab.ctl(self.bus, "list", check=False).returncode == 0, why=daemon.log)
        return daemon

    def forget(self, title, status=0):
        run = lab.ctl(self.bus, "forget", "--counter", title, check=False)
        self.assertEqual(run.returncode, status, run.stderr)
        return (run.stderr if status else run.stdout).decode()

    def test_one_is_forgotten_at_once_and_the_others_stay(self):
        self.keep(**{TITLE: 4711, OTHER: 4294967295})
        daemon = self.start()
        self.assertIn("amshanctl: That is no system title", self.forget("KAM", 1))
        self.assertEqual(self.forget(TITLE), "Forgotten: the frame counter of %s. Its next message is taken, whatever "
                         "its counter is.\n" % TITLE)
        self.assertEqual(self.kept(), {OTHER: 4294967295})
        self.assertIn("system title %s: frame counter forgotten" % TITLE, daemon.log())
        self.assertEqual(self.forget(TITLE, 1),
                         "amshanctl: No frame counter is known of system title %s\n" % TITLE)
        daemon.stop()
        self.assertEqual(self.kept(), {OTHER: 4294967295})

    def test_a_broken_file_is_said_and_put_aside(self):
        self.folder.write("state/counters.json", '{"counters": [{"title": ')
        daemon = self.start()
        self.assertIn("counters.json: is not JSON: frame counters of encrypted meters begin anew", daemon.log())
        self.assertEqual(daemon.stop(), 0)
        self.assertFalse(os.path.exists(self.path))
        self.assertTrue(os.path.exists(self.path + ".broken"))


class KeyFiles(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(lab.Folder())

    def conf(self):
        return 'source "house" { uri = "tcp://127.0.0.1:9" key-file = "%s" }\n' % self.folder.file("keys")

    def test_a_reload_with_a_wrong_one_changes_nothing(self):
        self.folder.write("keys", "%s %s\n" % (TITLE, KEY), 0o600)
        with lab.Bus() as bus, lab.Daemon(self.folder, self.conf(), bus) as daemon:
            lab.wait_for(lambda: lab.ctl(bus, "list", check=False).returncode == 0, why=daemon.log)
            self.folder.write("keys", "# longer now\n%s %s11\n" % (TITLE, KEY), 0o600)
            daemon.proc.send_signal(1)
            daemon.wait_log("not reloaded, everything stays as it was")
            self.assertIn("amshand.conf:2: key-file: %s:2: the encryption key has 34 characters, not 32 hex digits\n"
                          % self.folder.file("keys"), daemon.log())
            self.folder.write("keys", "%s %s\n" % (TITLE, KEY), 0o600)
            daemon.proc.send_signal(1)
            daemon.wait_log(": reloaded")
            self.assertNotIn(KEY, daemon.log())
            self.assertNotIn(TITLE, daemon.log())

    def test_one_that_is_not_there_is_said_and_the_rest_works(self):
        conf = self.folder.write("a.conf", self.conf())
        run = subprocess.run([lab.AMSHAND, "-c", conf, "--check-config"], stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, timeout=30)
        self.assertEqual(run.returncode, 0, run.stdout)
        self.assertEqual(run.stdout, "%s:1: key-file: %s: cannot be read: No such file or directory\n"
                         % (conf, self.folder.file("keys")))

    def test_a_report_has_nothing_of_it(self):
        self.folder.write("keys", "%s %s %s00\n" % (TITLE, KEY, KEY), 0o600)
        home = self.folder.path
        self.folder.write(".config/amshan/amshand.conf", self.conf() + 'key-file = "%s"\n' % KEY)
        self.assertTrue(stat.S_ISREG(os.stat(self.folder.file("keys")).st_mode))
        env = dict(os.environ, HOME=home, XDG_CONFIG_HOME=self.folder.file(".config"),
                   DBUS_SESSION_BUS_ADDRESS="unix:path=/nonexistent", DBUS_SYSTEM_BUS_ADDRESS="unix:path=/nonexistent")
        run = subprocess.run([lab.AMSHANCTL, "report", "--user"], env=env, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("key-file = <masked>", run.stdout)
        for secret in (KEY, KEY.lower(), KEY[:16], TITLE):
            self.assertNotIn(secret, run.stdout)


if __name__ == "__main__":
    unittest.main()
