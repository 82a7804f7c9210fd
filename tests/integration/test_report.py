# SPDX-License-Identifier: GPL-2.0
"""amshanctl report: all that a report of a fault needs is in it, and nothing that is nobody's business."""
import json
import os
import re
import stat
import subprocess
import time
import unittest

import lab
import test_dbus_bus
from daemon_lab import Line, View, frames
from dbus_lab import NAME, busctl

METER = "7359992890941742"
SERIAL = "A10K1ABC"
TITLE = "4501020304"
SECRETS = (METER, SERIAL, TITLE.lower(), TITLE, "geheim", "joe", "example.org", "203.0.113.5", "garage-nr-7")


# A structure of a text that no table knows, the number of the meter, and two values.
UNKNOWN_INFO = (bytes.fromhex("e6e7000f00000001000204") + b"\x0a\x06NEW_01" + b"\x0a\x10" + METER.encode() +
                bytes.fromhex("1204d2061234abcd"))
ENCRYPTED_INFO = bytes.fromhex("e6e700db084b414d" + TITLE) + bytes.fromhex("0a2000000001a1b2c3d4e5")
UNKNOWN = lab.frame(UNKNOWN_INFO)
ENCRYPTED = lab.frame(ENCRYPTED_INFO)

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
        for word in ("Masked", "checksums of such a frame were made anew", "Not in it: keys, passwords"):
            self.assertIn(word, head)
        versions = self.section(text, "versions")
        for word in ("amshanctl     0.", "amshand       0.", "kernel        " + os.uname().release, "distribution "):
            self.assertIn(word, versions)
        doctor = self.section(text, "doctor")
        self.assertRegex(doctor, r"wrong  source unknown +lists arrive, but no table knows them")
        self.assertRegex(doctor, r"wrong  source secret +encrypted, system title KAMXXXXXXXXXX, needs")
        self.assertRegex(doctor, r"ok     source good +readings arrive")
        self.assertRegex(doctor, r"wrong  broker +there is no connection: connection refused by 127.0.0.1")

        config = self.section(text, "configuration")
        for line in ('source "unknown" { uri = "%s" }' % unknown.uri(),
                     'source "good" { uri = "%s" meter = "<meter1>" }' % good.uri(),
                     'uri = "kernel:/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_<serial1>-if00-port0"',
                     'uri = "tcp://<host1>:4001"', 'uri = "tcp://<host2>:4001"', "username = <masked>",
                     "psk-identity = <masked>", "50-mine.conf:"):
            self.assertIn(line, config)
        # The file is named, but for what is taken for a number in the random names of its folders.
        shown = re.search(r'password-file = "(.*)"\n', config)[1]
        self.assertRegex(password, "^%s$" % re.sub(r"<number\d+>", r"[0-9a-z_]+", re.escape(shown)))
        self.assertNotIn("#", config)
        amshand = self.section(text, "amshand")
        self.assertRegex(amshand, r"source unknown\n(  .*\n)*  frames        3\n(  .*\n)*  unknown       3\n")
        self.assertRegex(amshand, r"  type          68411\d\dBN\d+\n")
        self.assertIn("  system title  4B414DXXXXXXXXXX", amshand)

        # The frames: the last two of the first one, and the encrypted one; only the numbers are gone, and the
        # checksums, which would tell them.
        masked = lab.frame(UNKNOWN_INFO.replace(METER.encode(), b"X" * 16))[1:-1]
        for octets in (masked, lab.frame(ENCRYPTED_INFO.replace(bytes.fromhex(TITLE), b"XXXXX"))[1:-1]):
            self.assertIn(octets.hex(), digits)
        self.assertEqual(digits.count(masked.hex()), 2)
        self.assertIn("# %d octets, 16 of them masked" % len(masked), text)
        self.assertIn(": unknown list\n", text)
        self.assertIn(": encrypted, no key\n", text)

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

    def test_secrets_where_they_do_not_belong(self):
        """A password for a file, and users that are also names: amshand says them in sentences of its own."""
        with Line() as line:
            conf = ('source "house" { uri = "%s" }\n'
                    'mqtt { host = "localhost" username = "joe" password-file = "geheim"\n'
                    'client-id = "joe" topic = "amshan/joe" }\n' % line.uri())
            self.configured(conf)
            with lab.Daemon(self.folder, conf, self.bus, env={"CREDENTIALS_DIRECTORY": self.folder.path}) as daemon:
                daemon.wait_log("/geheim: No such file")
                text, _ = self.report()
        for word in ("geheim", "joe"):
            self.assertNotIn(word, text)
        self.assertRegex(self.section(text, "doctor"), r"wrong  broker +there is no connection: password file "
                         r"\S*/<word1>: No such file or directory")
        self.assertRegex(self.section(text, "amshand"), r"broker: [a-z-]+, password file \S*/<word1>: No such file")
        self.assertIn('client-id = "<user1>" topic = "amshan/<user1>"', self.section(text, "configuration"))

    def test_quotes_that_are_not_closed(self):
        self.configured('topic = "amshan\n # the password is geheim\n password = geheim\n psk-identity = joe\n'
                        ' username = "joe"')
        text, _ = self.report()
        for word in ("geheim", "joe"):
            self.assertNotIn(word, text)
        config = self.section(text, "configuration")
        self.assertIn("topic = <masked>\n", config)
        self.assertIn("the rest is left out", config)

    def test_what_amshand_refuses(self):
        """The reason is in it, and not what it quotes."""
        for line, why in (('uri = "foo:geheim"', ':1: uri: "<word1>" is none of kernel:, serial:'),
                          ('uri = "serial:/dev/x?parity=geheim"', ":1: uri: parity: <masked> is not one of none, even"),
                          ('uri = "mqtt://joe:geheim@broker.example.org/x"', ':1: uri: "<word1>" names a host'),
                          ('uri = "tcp://joe:geheim@pi.lan:1"', ":1: uri: "),
                          ('uri = "mqtt:x"', ':1: uri: "mqtt:x" needs a section mqtt'),
                          ('uri = "kernel:" scale = "geheim"', ':1: scale: "<word1>" is not a number'),
                          ('uri = "kernel:" scale = "1,5"', ':1: scale: "1,5" is not a number'),
                          ('uri = "kernel:" "ge: heim" = 1', ":1: ")):
            with self.subTest(line):
                self.configured('source "house" { %s }\n' % line)
                text, _ = self.report()
                for word in ("geheim", "joe", "heim", "example.org"):
                    self.assertNotIn(word, text)
                self.assertRegex(self.section(text, "doctor"),
                                 r"wrong  configuration +\S+amshand.conf" + re.escape(why))

    def test_a_host_that_is_cut(self):
        """Before the @, by which it could be told."""
        self.configured('mqtt { host = "mqtt://joe:%s@broker.lan" }\n' % ("geheim" * 15))
        text, _ = self.report()
        self.assertNotIn("geheim", text)
        self.assertRegex(self.section(text, "doctor"), 'host: "?<(word1|masked)>"? is no host; give its name')

    def test_hosts_without_a_port(self):
        """As amshand says them; the configuration that is read here has others."""
        conf = 'source "house" { uri = "tcp://no-such-host.example.invalid:4001" }\n'
        with lab.Daemon(self.folder, conf + 'mqtt { host = "broker.example.invalid" }\n', self.bus) as daemon:
            for host in ("no-such-host.example.invalid", "broker.example.invalid"):
                daemon.wait_log(host)
            text, _ = self.report()
        self.assertNotIn("example", text)

    def test_a_folder_that_cannot_be_read(self):
        """Nor is its name shown as it is."""
        self.env["XDG_CONFIG_HOME"] = self.folder.file("meter.example.org")
        self.folder.write("meter.example.org/amshan/amshand.conf", 'source "a" { uri = "kernel:" }\n')
        self.folder.write("meter.example.org/amshan/amshand.conf.d", "")
        text, _ = self.report()
        self.assertIn("/amshan/amshand.conf.d: Not a directory", self.section(text, "configuration"))
        self.assertNotIn("example", text)

    def test_a_bus_where_nobody_answers(self):
        """Every source would wait as long as the first one."""
        with lab.Process([lab.PYTHON, "-c", DEAF], env=self.bus.env) as deaf:
            deaf.wait_log("ready")
            begin = time.monotonic()
            text, _ = self.report()
            self.assertLess(time.monotonic() - begin, 18)
        frames_of = self.section(text, "last frames that could not be decoded")
        self.assertEqual(frames_of.count("# source "), 1, text)
        self.assertIn("was not asked for the others", frames_of)

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


# An amshand with two sources that does not answer when it is asked for frames.
DEAF = """
import os
from gi.repository import Gio, GLib

NAME, PATH = "org.amshan.Amshan1", "/org/amshan/Amshan1"
SOURCES = {PATH + "/source/" + name: {NAME + ".Source": {"Name": GLib.Variant("s", name)}} for name in ("one", "two")}
info = Gio.DBusNodeInfo.new_for_xml(
    "<node><interface name='org.freedesktop.DBus.ObjectManager'><method name='GetManagedObjects'>"
    "<arg type='a{oa{sa{sv}}}' direction='out'/></method></interface><interface name='%s.Manager'>"
    "<property name='Version' type='s' access='read'/></interface><interface name='%s.Source'>"
    "<method name='GetUndecoded'><arg type='a(tsay)' direction='out'/></method></interface></node>" % (NAME, NAME))
bus = Gio.DBusConnection.new_for_address_sync(
    os.environ["DBUS_SESSION_BUS_ADDRESS"], Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT |
    Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
waiting = []


def call(connection, sender, path, interface, method, args, invocation):
    if method == "GetManagedObjects":
        invocation.return_value(GLib.Variant("(a{oa{sa{sv}}})", (SOURCES,)))
    else:
        waiting.append(invocation)


def get(connection, sender, path, interface, name):
    return GLib.Variant("s", "0.0.0")


for path, interface in ((PATH, 0), (PATH, 1), *((path, 2) for path in SOURCES)):
    bus.register_object(path, info.interfaces[interface], call, get, None)
bus.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName",
              GLib.Variant("(su)", (NAME, 4)), None, 0, -1, None)
print("ready", flush=True)
GLib.MainLoop().run()
"""


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
                                 [("unknown list", UNKNOWN[1:-1]), ("encrypted, no key", ENCRYPTED[1:-1])])
                self.assertLessEqual(found[0][0], found[1][0])
                self.assertGreater(found[0][0], 1.7e15)

    def test_a_datagram_without_end(self):
        """It is kept in part, which is said, and as it was sent: here as hex text."""
        text = UNKNOWN_INFO.hex(" ")
        payload = "\n".join([text] * (70000 // len(text))) + "\n"
        with lab.Folder() as folder, lab.Bus() as bus, lab.Broker() as broker:
            conf = 'source "house" { uri = "mqtt:han" }\nmqtt { host = "127.0.0.1" port = %d }\n' % broker.port
            with lab.Daemon(folder, conf, bus):
                View(bus).wait_source("house", "State", "open")
                subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(broker.port), "-t", "han", "-s"],
                               input=payload, text=True, check=True, timeout=30)
                lab.wait_for(lambda: "longer than" in self.call(bus, "house").stdout)
                (_, why, octets), = json.loads(self.call(bus, "house").stdout)["data"][0]
                self.assertEqual(why, "longer than any message (the first 4096 of %d octets)" % len(payload))
                self.assertEqual(bytes(octets), payload.encode()[:4096])
                env = dict(os.environ, **bus.env, XDG_CONFIG_HOME=folder.file("config"),
                           DBUS_SYSTEM_BUS_ADDRESS="unix:path=/nonexistent")
                out = subprocess.run([lab.AMSHANCTL, "report", "--user"], stdout=subprocess.PIPE, env=env, text=True,
                                     check=True, timeout=60).stdout
        self.assertIn("longer than any message (the first 4096 of %d octets)" % len(payload), out)
        shown = bytes.fromhex(out.split("# 4096 octets, ")[1].split("\n", 1)[1]).decode()
        self.assertEqual(len(shown), 4096)
        self.assertNotIn(METER.encode().hex(" "), shown)
        self.assertEqual(shown.split("\n")[0], text.replace(METER.encode().hex(" "), (b"X" * 16).hex(" ")))

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
