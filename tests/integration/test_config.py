# SPDX-License-Identifier: GPL-2.0
"""The configuration as its user meets it: --check-config, the default file, reload, installation."""
import glob
import os
import re
import shutil
import subprocess
import unittest

import lab

DATA = os.path.join(lab.TOP, "daemon", "data")


def check(path, **env):
    """amshand --check-config: exit status and what it says."""
    done = subprocess.run([lab.AMSHAND, "--check-config", "-c", path], env=dict(os.environ, **env),
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=30)
    return done.returncode, done.stdout


class CheckConfigTest(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(lab.Folder())

    def test_a_right_one(self):
        path = self.folder.write("a.conf", 'source house { uri = "tcp://127.0.0.1:1" }\n'
                                           'source cabin { uri = "serial:/dev/ttyUSB0?parity=even" }\n'
                                           'source barn { uri = "mqtt:barn" }\n'
                                           'mqtt { host = localhost }\n')
        self.assertEqual(check(path)[0], 0)

    def test_mistakes_name_file_line_and_key(self):
        path = self.folder.write("a.conf", '# a comment\n'
                                           'source house {\n'
                                           '\turi = "tcp://127.0.0.1:1"\n'
                                           '\tscale = many\n'
                                           '\tcolour = red\n'
                                           '}\n')
        status, said = check(path)
        self.assertEqual(status, 1)
        self.assertIn('%s:4: scale: "many" is not a number' % path, said)
        self.assertIn("%s:5: colour: unknown key" % path, said)
        self.assertNotIn(":3:", said)

    def test_mistakes_in_a_uri_name_file_and_line(self):
        path = self.folder.write("a.conf", 'source a { uri = "udp://127.0.0.1:1" }\n'
                                           'source b { uri = "tcp://127.0.0.1" }\n')
        dropin = self.folder.write("a.conf.d/1.conf", '\nsource c { uri = "serial:ttyUSB0" }\n')
        status, said = check(path)
        self.assertEqual(status, 1)
        for place in (path + ":1:", path + ":2:", dropin + ":2:"):
            self.assertIn(place, said)

    def test_files_that_are_none(self):
        for path, sentence in (("/nonexistent/a.conf", "cannot be read: No such file or directory"),
                               (self.folder.path, "is a directory, not a file"),
                               (self.folder.write("binary", "\0\n"), "is not a text file")):
            status, said = check(path)
            self.assertEqual(status, 1)
            self.assertIn(sentence, said)

    def test_the_daemon_does_not_start_with_mistakes(self):
        with lab.Daemon(self.folder, "dbus = perhaps\n") as daemon:
            self.assertEqual(daemon.proc.wait(10), 1)
            self.assertIn('amshand.conf:2: dbus: "perhaps" is neither true nor false', daemon.log())


class DefaultFileTest(unittest.TestCase):
    """daemon/data/amshand.conf: as it is, and with its lines taken as examples."""

    def setUp(self):
        self.folder = self.enterContext(lab.Folder())
        with open(os.path.join(DATA, "amshand.conf")) as f:
            self.text = f.read()
        # An example is "#" directly followed by a key, a section or a brace.
        self.examples = re.sub(r"(?m)^#(\t[a-z0-9-]+ =|[a-z0-9-]+ =|(?:source|mqtt)\b.*\{$|\}$)", r"\1", self.text)

    def test_as_it_is(self):
        status, said = check(self.folder.write("a.conf", self.text))
        self.assertEqual(status, 0, said)
        self.assertIn("no source is configured", said)

    def test_its_examples_are_right(self):
        # Certificates and a pre-shared key exclude each other.
        text = re.sub(r"(?m)^\tpsk-.*$", "", self.examples)
        status, said = check(self.folder.write("a.conf", text), CREDENTIALS_DIRECTORY=self.folder.path)
        self.assertEqual((status, said), (0, ""))

    def test_its_defaults_are_the_defaults(self):
        keys = re.findall(r"(?m)^([a-z-]+) =", self.examples)
        self.assertEqual(sorted(keys), ["dbus", "log-level", "runtime-directory", "state-directory"])
        self.assertIn('\nlog-level = info\n', self.examples)
        self.assertIn('\nstate-directory = "/var/lib/amshan"\n', self.examples)
        self.assertIn('\nruntime-directory = "/run/amshan"\n', self.examples)

    def test_it_shows_every_key(self):
        path = self.folder.write("a.conf", "bogus = 1\nsource a { uri = u bogus = 1 }\nmqtt { bogus = 1 }\n")
        known = re.findall(r"known are here (.*)", check(path)[1])
        self.assertEqual(len(known), 3)
        keys = [k for line in known for k in line.split(", ") if " " not in k]
        self.assertIn("derive-l2", keys)
        for key in keys:
            self.assertRegex(self.text, r"(?m)^#\t?%s = " % key)


class ReloadTest(unittest.TestCase):
    """SIGHUP: what did not change goes on; a wrong configuration changes nothing."""

    def setUp(self):
        self.folder = self.enterContext(lab.Folder())
        self.bus = self.enterContext(lab.Bus())

    def sources(self):
        return sorted(props["org.amshan.Amshan1.Source"]["Name"] for props in self.bus.managed().values()
                      if "org.amshan.Amshan1.Source" in props)

    def rewrite(self, text):
        self.folder.write("amshand.conf", 'state-directory = "%s"\n%s' % (self.folder.file("state"), text))

    def test_reload(self):
        one = 'source one { uri = "tcp://127.0.0.1:%d" }\n' % lab.free_port()
        two = 'source two { uri = "tcp://127.0.0.1:%d" }\n' % lab.free_port()
        with lab.Daemon(self.folder, one, self.bus) as daemon:
            lab.wait_for(lambda: self.sources() == ["one"], why=daemon.log)
            self.rewrite(one + two)
            daemon.proc.send_signal(1)
            lab.wait_for(lambda: self.sources() == ["one", "two"], why=daemon.log)
            self.rewrite(two + "bogus = 1\n")
            daemon.proc.send_signal(1)
            daemon.wait_log("bogus: unknown key")
            self.assertEqual(self.sources(), ["one", "two"])
            self.rewrite(two)
            daemon.proc.send_signal(1)
            lab.wait_for(lambda: self.sources() == ["two"], why=daemon.log)


class InstallTest(unittest.TestCase):
    """make install and uninstall, with the programs that are there."""

    def setUp(self):
        self.folder = self.enterContext(lab.Folder())
        self.root = self.folder.file("root")

    def make(self, *args):
        # The programs stand in for built ones: nothing is compiled here.
        done = subprocess.run(["make", "--no-print-directory", "-o", "all", "BUILD=" + lab.BUILD,
                               "DESTDIR=" + self.root, *args], cwd=lab.TOP, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout)

    def files(self):
        return sorted(os.path.relpath(p, self.root) for p in glob.glob(self.root + "/**", recursive=True)
                      if os.path.isfile(p))

    def test_install_and_uninstall(self):
        self.make("install", "prefix=/usr")
        files = self.files()
        for name in ("usr/bin/amshanctl", "usr/sbin/amshand", "usr/lib/systemd/system/amshand.service",
                     "usr/lib/sysusers.d/amshan.conf", "usr/share/dbus-1/system.d/org.amshan.Amshan1.conf",
                     "etc/amshan/amshand.conf"):
            self.assertIn(name, files)
        interfaces = [n for n in files if n.startswith("usr/share/dbus-1/interfaces/")]
        self.assertEqual(len(interfaces), len(glob.glob(DATA + "/dbus/*.xml")))
        self.make("uninstall", "prefix=/usr")
        self.assertEqual(self.files(), ["etc/amshan/amshand.conf"])

    def test_a_configuration_is_not_overwritten(self):
        path = self.folder.write("root/etc/amshan/amshand.conf", "mine\n")
        self.make("install")
        with open(path) as f:
            self.assertEqual(f.read(), "mine\n")

    def test_below_usr_local_the_bus_finds_its_policy(self):
        self.make("install")
        self.assertIn("etc/dbus-1/system.d/org.amshan.Amshan1.conf", self.files())
        with open(self.root + "/usr/local/lib/systemd/system/amshand.service") as f:
            self.assertIn("\nExecStart=/usr/local/sbin/amshand --config /etc/amshan/amshand.conf\n", f.read())

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
    def test_the_unit_is_right(self):
        self.make("install", "prefix=/usr")
        unit = self.root + "/usr/lib/systemd/system/amshand.service"
        with open(unit) as f:       # the program is not where the unit will find it
            text = f.read().replace("/usr/sbin/amshand", lab.AMSHAND)
        path = self.folder.write("amshand.service", text)
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", path], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        # It also complains about other units of the machine.
        wrong = [line for line in done.stdout.splitlines() if "amshand.service" in line]
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main()
