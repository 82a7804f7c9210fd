# SPDX-License-Identifier: GPL-2.0
"""The configuration as its user meets it: --check-config, the default file, reload."""
import os
import re
import subprocess
import unittest

import lab

DATA = os.path.join(lab.TOP, "daemon", "data")
CONFIG = 78         # of sysexits.h: the unit does not start it again then


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
            self.assertEqual(daemon.proc.wait(10), CONFIG)
            self.assertIn('amshand.conf:2: dbus: "perhaps" is neither true nor false', daemon.log())


class DefaultFileTest(unittest.TestCase):
    """daemon/data/amshand.conf: as it is, and with its lines taken as examples."""

    def setUp(self):
        self.folder = self.enterContext(lab.Folder())
        with open(os.path.join(DATA, "amshand.conf")) as f:
            self.text = f.read()
        # An example is "#" directly followed by a key, a section or a brace.
        self.examples = re.sub(r"(?m)^(\t?)#(\t?[a-z0-9-]+ =|source\b.*\{$|\}$)", r"\1\2", self.text)

    def test_as_it_is(self):
        self.assertEqual(check(self.folder.write("a.conf", self.text)), (0, ""))

    def test_an_attached_adapter_is_read_and_published_as_it_is(self):
        lines = [line for line in self.text.splitlines() if line and not re.match(r"\t?#", line)]
        self.assertEqual(lines, ['source "han" {', '\turi = "kernel:"', "}", "mqtt {", '\thost = "localhost"', "}"])

    def test_its_examples_are_right(self):
        # Certificates and a pre-shared key exclude each other.
        text = re.sub(r"(?m)^\tpsk-.*$", "", self.examples)
        os.chmod(self.folder.write("meter-keys", 32 * "0"), 0o600)
        status, said = check(self.folder.write("a.conf", text), CREDENTIALS_DIRECTORY=self.folder.path)
        self.assertEqual((status, said), (0, ""))

    def test_its_defaults_are_the_defaults(self):
        keys = re.findall(r"(?m)^([a-z-]+) =", self.examples)
        self.assertEqual(sorted(keys), ["dbus", "key-file", "log-level", "peak-any-day", "peak-hours", "peak-window",
                                        "runtime-directory", "state-directory"])
        for line in ("dbus = true", "log-level = info", "peak-any-day = false", "peak-hours = 3",
                     'peak-window = "always"', "\tdiscovery = true", '\tdiscovery-prefix = "homeassistant"'):
            self.assertIn("\n%s\n" % line, self.examples)
        self.assertIn('\nstate-directory = "/var/lib/amshan"\n', self.examples)
        self.assertIn('\nruntime-directory = "/run/amshan"\n', self.examples)

    def test_it_shows_every_key(self):
        path = self.folder.write("a.conf", "bogus = 1\nsource a { uri = u bogus = 1 }\nmqtt { bogus = 1 }\n")
        known = re.findall(r"known are here (.*)", check(path)[1])
        self.assertEqual(len(known), 3)
        keys = [k for line in known for k in line.split(", ") if " " not in k]
        self.assertIn("derive-l2", keys)
        for key in keys:
            self.assertRegex(self.text, r"(?m)^(#?\t|\t?#)?%s = " % key)


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


if __name__ == "__main__":
    unittest.main()
