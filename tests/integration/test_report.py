# SPDX-License-Identifier: GPL-2.0
"""amshanctl report: all that a report of a fault needs is in it, and nothing that is nobody's business."""
import json
import os
import stat
import subprocess
import unittest

import lab
import test_dbus_bus
from daemon_lab import Line, View, frames
from dbus_lab import NAME, busctl

METER = "7359992890941742"
SERIAL = "A10K1ABC"
TITLE = "4501020304"
SECRETS = (METER, SERIAL, TITLE.lower(), TITLE, "geheim", "joe", "example.org", "203.0.113.5", "garage-nr-7")


def crc(octets):
    """CRC-16/X.25, low octet first."""
    c = 0xffff
    for o in octets:
        c ^= o
        for _ in range(8):
            c = c >> 1 ^ 0x8408 if c & 1 else c >> 1
    return (c ^ 0xffff).to_bytes(2, "little")


def frame(info):
    head = bytes([0xa0, len(info) + 10]) + bytes.fromhex("41088313")
    body = head + crc(head) + info
    return b"\x7e" + body + crc(body) + b"\x7e"


# A structure of a text that no table knows, the number of the meter, and two values.
UNKNOWN = frame(bytes.fromhex("e6e7000f00000001000204") + b"\x0a\x06NEW_01" + b"\x0a\x10" + METER.encode() +
                bytes.fromhex("1204d2061234abcd"))
ENCRYPTED = frame(bytes.fromhex("e6e700db084b414d" + TITLE) + bytes.fromhex("0f2000000001a1b2c3d4e5"))

CONF = """
# a comment with geheim in it
source "unknown" { uri = "%s" }
source "secret" { uri = "%s" }
source "good" { uri = "%s" meter = "garage-nr-7" }
source "plug" { uri = "kernel:/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A10K1ABC-if00-port0" }
source "other" { uri = "tcp://meter.example.org:4001" }
source "far" { uri = "tcp://203.0.113.5:4001" }
mqtt {
	host = "127.0.0.1"
	port = %d
	username = "joe"
	password-file = "%s"
	topic = "amshan"
}
"""


class Report(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(lab.Folder())
        self.bus = self.enterContext(lab.Bus())
        self.env = dict(os.environ, **self.bus.env, XDG_CONFIG_HOME=self.folder.file("config"),
                        DBUS_SYSTEM_BUS_ADDRESS="unix:path=/nonexistent")

    def report(self, *args, status=0):
        run = subprocess.run([lab.AMSHANCTL, "report", "--user", *args], env=self.env, cwd=self.folder.path,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             timeout=60)
        self.assertEqual(run.returncode, status, run.stderr)
        return run.stdout, run.stderr

    def section(self, text, title):
        self.assertIn("\n== %s ==\n" % title, text)
        return text.split("\n== %s ==\n" % title)[1].split("\n== ")[0]

    def configured(self, text):
        os.makedirs(self.folder.file("config/amshan"), exist_ok=True)
        return self.folder.write("config/amshan/amshand.conf", text)

    def test_what_is_in_it_and_what_is_not(self):
        password = self.folder.write("password", "geheim\n", mode=0o600)
        with Line() as unknown, Line() as secret, Line() as good:
            conf = CONF % (unknown.uri(), secret.uri(), good.uri(), lab.free_port(), password)
            self.configured(conf)
            self.folder.write("config/amshan/amshand.conf.d/50-mine.conf", 'mqtt { psk-identity = "geheim" }\n')
            with lab.Daemon(self.folder, conf, self.bus) as daemon:
                view = View(self.bus)
                sent = frames("kamstrup", 1)[0]
                unknown.wait_client().send(UNKNOWN + UNKNOWN + UNKNOWN)
                secret.wait_client().send(ENCRYPTED)
                good.wait_client().send(sent)
                view.wait_source("unknown", "Health", "unknown-list", 10)
                view.wait_source("secret", "Health", "encrypted", 10)
                view.wait_source("good", "Health", "ok", 10)
                lab.wait_for(lambda: "refused" in daemon.log(), why=daemon.log)
                text, said = self.report()
        self.assertEqual(said, "")
        for word in SECRETS:
            self.assertNotIn(word, text)
        # Not as hex digits either.
        digits = "".join(self.section(text, "last frames that could not be decoded").split())
        self.assertNotIn(METER.encode().hex(), digits)
        self.assertNotIn(TITLE, digits)

        # What was masked is said before everything else; the rest is there.
        head = text.split("\n== ")[0]
        for word in ("Masked", "checksums of such a frame do not fit", "Not in it: keys, passwords"):
            self.assertIn(word, head)
        versions = self.section(text, "versions")
        for word in ("amshanctl     0.", "amshand       0.", "kernel        " + os.uname().release, "distribution "):
            self.assertIn(word, versions)
        doctor = self.section(text, "doctor")
        self.assertRegex(doctor, r"wrong  source unknown +lists arrive, but no table knows them")
        self.assertRegex(doctor, r"wrong  source secret +lists arrive encrypted, system title 4B414DXXXXXXXXXX:")
        self.assertRegex(doctor, r"ok     source good +readings arrive")
        self.assertRegex(doctor, r"wrong  broker +there is no connection: connection refused by 127.0.0.1")

        config = self.section(text, "configuration")
        for line in ('source "unknown" { uri = "%s" }' % unknown.uri(),
                     'source "good" { uri = "%s" meter = "<meter1>" }' % good.uri(),
                     'uri = "kernel:/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_<serial1>-if00-port0"',
                     'uri = "tcp://<host1>:4001"', 'uri = "tcp://<host2>:4001"', "username = <masked>",
                     'password-file = "%s"' % password, "psk-identity = <masked>", "50-mine.conf:"):
            self.assertIn(line, config)
        self.assertNotIn("#", config)
        amshand = self.section(text, "amshand")
        self.assertRegex(amshand, r"source unknown\n(  .*\n)*  frames        3\n(  .*\n)*  unknown       3\n")
        self.assertRegex(amshand, r"  type          68411\d\dBN\d+\n")
        self.assertIn("  system title  4B414DXXXXXXXXXX", amshand)

        # The frames: the last two of the first one, and the encrypted one; only the numbers are gone.
        masked = UNKNOWN[1:-1].replace(METER.encode(), b"X" * 16)
        for octets in (masked, ENCRYPTED[1:-1].replace(bytes.fromhex(TITLE), b"XXXXX")):
            self.assertIn(octets.hex(), digits)
        self.assertEqual(digits.count(masked.hex()), 2)
        self.assertIn("# %d octets, 16 of them masked" % len(masked), text)
        self.assertIn(": unknown list\n", text)
        self.assertIn(": encrypted\n", text)

    def test_without_anything(self):
        text, said = self.report()
        self.assertEqual(said, "")
        self.assertRegex(self.section(text, "doctor"), r"wrong  amshand +amshand is not running on the session bus")
        self.assertIn("amshand.conf: No such file or directory", self.section(text, "configuration"))
        self.assertIn("amshand is not running", self.section(text, "amshand"))

    def test_a_configuration_with_mistakes(self):
        self.configured('source "house" { uri = "kernel:" colour = "geheim" }\nmqtt { pasword = "geheim" }\n"geheim"\n')
        text, _ = self.report()
        self.assertNotIn("geheim", text)
        self.assertRegex(self.section(text, "doctor"), r"wrong  configuration +\S+/amshand.conf:1: colour: unknown key")
        self.assertIn("pasword = <masked>", self.section(text, "configuration"))

    def test_the_file_is_new_and_ours_alone(self):
        os.umask(0o022)
        out, said = self.report("report.txt")
        path = self.folder.file("report.txt")
        self.assertEqual(out, "")
        self.assertIn("report.txt is written", said)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        with open(path) as f:
            text = f.read()
        self.assertTrue(text.startswith("Report of amshanctl "))
        self.assertIn("\n== last frames that could not be decoded ==\n", text)

        # One that is there stays as it was; a link is not followed.
        os.symlink(self.folder.file("target"), self.folder.file("link"))
        for name in ("report.txt", "link"):
            out, said = self.report(name, status=1)
            self.assertEqual((out, said),
                             ("", "amshanctl: %s is there already: give another name, or remove it\n" % name))
        with open(path) as f:
            self.assertEqual(f.read(), text)
        self.assertFalse(os.path.exists(self.folder.file("target")))
        out, said = self.report("none/report.txt", status=1)
        self.assertEqual((out, said), ("", "amshanctl: cannot write none/report.txt: No such file or directory\n"))
        out, said = self.report("-")
        self.assertEqual((out.splitlines()[0][:20], said), ("Report of amshanctl ", ""))
        self.assertFalse(os.path.exists(self.folder.file("-")))

    def test_a_full_disk(self):
        run = subprocess.run([lab.AMSHANCTL, "report", "--user"], env=self.env, stdin=subprocess.DEVNULL,
                             stdout=os.open("/dev/full", os.O_WRONLY), stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("No space left on device", run.stderr)


class Undecoded(unittest.TestCase):
    """The method that the report asks."""

    def call(self, bus, source, prefix=()):
        return busctl(bus, "call", NAME, "/org/amshan/Amshan1/source/" + source, NAME + ".Source", "GetUndecoded",
                      prefix=prefix)

    def test_the_last_two(self):
        with lab.Folder() as folder, lab.Bus() as bus, Line() as line:
            with lab.Daemon(folder, 'source "house" { uri = "%s" }\n' % line.uri(), bus):
                view = View(bus)
                client = line.wait_client()
                lab.wait_for(lambda: "house" in view.sources())
                self.assertEqual(self.call(bus, "house").stdout.strip(), '{"type":"a(tsay)","data":[[]]}')
                client.send(UNKNOWN + frames("kamstrup", 1)[0] + UNKNOWN + ENCRYPTED)
                view.wait_source("house", "Health", "ok", 10)
                lab.wait_for(lambda: view.sources()["house"]["Counters"]["frames"] == 4)
                found = json.loads(self.call(bus, "house").stdout)["data"][0]
                self.assertEqual([(why, bytes(octets)) for _, why, octets in found],
                                 [("unknown list", UNKNOWN[1:-1]), ("encrypted", ENCRYPTED[1:-1])])
                self.assertLessEqual(found[0][0], found[1][0])
                self.assertGreater(found[0][0], 1.7e15)

    @unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else")
    def test_not_for_everybody(self):
        with lab.Folder() as folder, Line() as line, test_dbus_bus.SystemBus(folder) as bus:
            conf = folder.write("amshand.conf", 'state-directory = "%s"\nsource "house" { uri = "%s" }\n' %
                                (folder.file("state"), line.uri()))
            with lab.Process([lab.AMSHAND, "-c", conf], env=bus.env) as amshand:
                lab.wait_for(bus.managed, why=amshand.log)
                line.wait_client().send(UNKNOWN)
                lab.wait_for(lambda: UNKNOWN[1:-1] in [bytes(octets) for _, _, octets in json.loads(
                    self.call(bus, "house").stdout)["data"][0]])
                # Those who may read readings, and those who may not.
                for prefix in (test_dbus_bus.MEMBER, test_dbus_bus.STRANGER):
                    out = self.call(bus, "house", prefix)
                    self.assertNotEqual(out.returncode, 0)
                    self.assertEqual(out.stdout, "")
                    self.assertIn("denied", out.stderr)
                # A report of theirs says so.
                program = os.path.join(folder.path, "amshanctl")
                subprocess.run(["cp", lab.AMSHANCTL, program], check=True)
                out = subprocess.run([*test_dbus_bus.MEMBER, program, "report", "--system"], stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE, env=dict(os.environ, **bus.env), text=True, timeout=60)
                self.assertEqual((out.returncode, out.stderr), (0, ""))
                self.assertIn("# source house: only root may see them", out.stdout)
                self.assertIn("This was not written as root, who sees more.", out.stdout)


if __name__ == "__main__":
    unittest.main()
