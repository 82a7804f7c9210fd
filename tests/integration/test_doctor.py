# SPDX-License-Identifier: GPL-2.0
"""amshanctl doctor in worlds that are made for it: in a mount namespace of its own it sees another list of line
disciplines, other modules, another modprobe and another udev; amshand and the bus are real.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import time
import unittest

import lab
import systemd_lab
import udev_lab
from daemon_lab import Line, View, frames
from test_attach import BARE, LOADED, mounts_work
from test_report import ENCRYPTED, UNKNOWN

RELEASE = os.uname().release
KERNEL = 'source "han" { uri = "kernel:" }\n'
TCP = 'source "han" { uri = "tcp://127.0.0.1:1" }\n'
NOBODY = 65534


def version():
    return subprocess.run([lab.AMSHANCTL, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()[1]


class Doctor(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(lab.Folder())
        os.chmod(self.folder.path, 0o755)
        self.env = dict(os.environ, XDG_CONFIG_HOME=self.folder.file("config"), DBUS_SESSION_BUS_ADDRESS="",
                        DBUS_SYSTEM_BUS_ADDRESS="unix:path=/nonexistent")
        del self.env["DBUS_SESSION_BUS_ADDRESS"]
        self.prefix = []

    def conf(self, text):
        return self.folder.write("config/amshan/amshand.conf", text)

    def doctor(self, *args, bus=None, seconds=30):
        """[(kind, about, text)], and the exit status."""
        env = dict(self.env, **(bus.env if bus else {}))
        run = subprocess.run([*self.prefix, lab.AMSHANCTL, "doctor", "--json", *(args or ("--user",))], env=env,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             timeout=seconds)
        self.assertEqual(run.stderr, "")
        j = json.loads(run.stdout)
        self.found = [(f["kind"], f["about"], f["text"]) for f in j["findings"]]
        self.assertEqual(j["wrong"], any(kind == "wrong" for kind, _, _ in self.found))
        self.assertEqual(run.returncode, 1 if j["wrong"] else 0)
        return self.found

    def about(self, word):
        return [(kind, text) for kind, about, text in self.found if about == word]

    def assertFound(self, about, kind, words):
        self.assertTrue(any(k == kind and words in text for k, text in self.about(about)),
                        "%s %s %r is not in:\n%s" % (kind, about, words, "\n".join(map(str, self.found))))


class AnyWhere(Doctor):
    """Without root, udev, systemd, a bus."""

    def test_without_anything(self):
        begin = time.monotonic()
        self.doctor("--system")
        self.assertLess(time.monotonic() - begin, 10)
        self.assertFound("amshand", "wrong", "cannot connect to the system bus: No such file or directory")
        self.doctor("--user")
        self.assertFound("amshand", "wrong", "no session bus: DBUS_SESSION_BUS_ADDRESS is not set")
        self.assertFound("configuration", "wrong", "there is no %s" % self.folder.file("config/amshan/amshand.conf"))

    def test_lines(self):
        self.conf(TCP)
        run = subprocess.run([lab.AMSHANCTL, "doctor", "--user"], env=self.env, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30)
        self.assertEqual((run.returncode, run.stderr), (1, ""))
        for line in run.stdout.splitlines():
            self.assertRegex(line, r"^(ok   |note |wrong)  \S.*[^.]$")
        self.assertRegex(run.stdout, r"(?m)^ok     configuration  \S+/amshand.conf is read, with 1 source$")

    def test_the_configuration(self):
        path = self.conf('source "a\x7f" { uri = "kernel:" }\n')
        self.doctor()
        self.assertFound("configuration", "wrong", "%s:1: is not a text file" % path)
        self.conf('colour = red\n\nsource "a" { uri = "kernel:" scale = many }\n')
        self.doctor()
        self.assertFound("configuration", "wrong", "%s:1: colour: unknown key" % path)
        self.conf('log-level = debug\n\nsource "a" { uri = "kernel:" scale = many }\n')
        self.doctor()
        self.assertFound("configuration", "wrong", '%s:3: scale: "many" is not a number' % path)
        self.conf("")
        self.doctor()
        self.assertEqual(self.about("configuration"), [("wrong", "%s has no source: amshand.conf(5) shows how to write "
                                                        "one" % path)])
        # A credential of the service is none of ours.
        self.conf(TCP + 'mqtt { host = "localhost" username = "a" password-file = "mqtt-password" }\n')
        self.doctor()
        self.assertEqual(self.about("configuration"), [("ok", "%s is read, with 1 source" % path)])
        secret = self.folder.write("password", "geheim\n", mode=0o644)
        self.conf(TCP + 'mqtt { host = "localhost" username = "a" password-file = "%s" }\n' % secret)
        self.doctor()
        self.assertFound("configuration", "note", "everybody can read %s" % secret)
        self.assertFound("configuration", "ok", "with 1 source")

    def test_sources_that_amshand_refuses(self):
        for uri, why in (("tcp://127.0.0.1", "the port is missing"),
                         ("serial:/dev/ttyUSB0?parity=weird", 'parity: "weird" is not one of none, even, odd'),
                         ("foo:x", '"foo:x" is none of kernel:'),
                         ("mqtt:x", '"mqtt:x" needs a section mqtt that names the broker')):
            with self.subTest(uri):
                path = self.conf('source "a" { uri = "kernel:" }\nsource "b" { uri = "%s" }\n' % uri)
                self.doctor()
                self.assertEqual([kind for kind, _ in self.about("configuration")], ["wrong"])
                self.assertFound("configuration", "wrong", "%s:2: uri: " % path)
                self.assertFound("configuration", "wrong", why)
                # As amshand says it.
                run = subprocess.run([lab.AMSHAND, "--check-config", "-c", path], stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, text=True, timeout=30)
                self.assertEqual(run.returncode, 1)
                self.assertIn(why, run.stdout)

    def test_a_variable_of_the_environment(self):
        path = self.conf(TCP + 'mqtt {\n\thost = "${AMSHAN_TEST_BROKER}"\n\tport = 1\n}\n')
        self.doctor()
        self.assertFound("configuration", "note", "%s:3: host: is empty; but amshand may have that variable" % path)
        self.assertEqual([kind for kind, _ in self.about("configuration")], ["note"] * 2)
        self.env["AMSHAN_TEST_BROKER"] = "localhost"
        self.doctor()
        self.assertEqual(self.about("configuration"), [("ok", "%s is read, with 1 source" % path)])

    def as_nobody(self):
        """The lines for one who is not root."""
        program = shutil.copy(lab.AMSHANCTL, self.folder.file("amshanctl"))
        run = subprocess.run(["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", program,
                              "doctor", "--user"], env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, timeout=30)
        self.assertEqual((run.returncode, run.stderr), (1, ""))
        return [line for line in run.stdout.splitlines() if " configuration " in line]

    @unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else")
    def test_a_configuration_that_is_closed_to_us(self):
        path = self.conf(TCP)
        os.chmod(path, 0o600)
        lines = self.as_nobody()
        self.assertEqual(len(lines), 1)
        self.assertRegex(lines[0], r"^note   configuration +%s may not be read by this user; root sees more" %
                         re.escape(path))
        # One file of it, without which the section has no host.
        os.chmod(path, 0o644)
        dropin = self.folder.write("config/amshan/amshand.conf.d/50-a.conf", 'mqtt { host = "localhost" }\n', 0o600)
        lines = self.as_nobody()
        self.assertEqual(len(lines), 1)
        self.assertRegex(lines[0], r"^note   configuration +%s: cannot be read: Permission denied; root sees more" %
                         re.escape(dropin))
        self.conf(TCP + 'mqtt { port = 1 }\n')
        lines = self.as_nobody()
        self.assertEqual([line.split()[0] for line in lines], ["note", "note"])
        self.assertIn("host: is missing; but it may stand in the file that cannot be read", lines[1])

    def test_amshand_and_its_sources(self):
        with lab.Bus() as bus, Line() as good, Line() as unknown, Line() as secret:
            conf = "".join('source "%s" { uri = "%s" }\n' % (name, line.uri()) for name, line in
                           (("good", good), ("unknown", unknown), ("secret", secret)))
            conf += 'source "shut" { uri = "tcp://127.0.0.1:%d" }\n' % lab.free_port()
            conf += 'mqtt { host = "127.0.0.1" port = %d }\n' % lab.free_port()
            self.conf(conf)
            self.doctor(bus=bus)
            self.assertFound("amshand", "wrong", "amshand is not running on the session bus")
            with lab.Daemon(self.folder, conf, bus) as daemon:
                view = View(bus)
                good.wait_client().send(frames("kamstrup", 1)[0])
                unknown.wait_client().send(UNKNOWN)
                secret.wait_client().send(ENCRYPTED)
                for name, health in (("good", "ok"), ("unknown", "unknown-list"), ("secret", "encrypted")):
                    view.wait_source(name, "Health", health)
                lab.wait_for(lambda: daemon.log().count("refused") >= 2, why=daemon.log)
                self.doctor(bus=bus)
                self.assertFound("amshand", "ok", "amshand %s is on the session bus, with 1 meter" % version())
                self.assertEqual(self.about("source good"), [("ok", "readings arrive")])
                self.assertFound("source unknown", "wrong", "lists arrive, but no table knows them")
                self.assertFound("source secret", "wrong",
                                 "encrypted, system title KAM4501020304, needs an encryption key")
                self.assertFound("source shut", "wrong", "Connection refused")
                self.assertFound("broker", "wrong", "there is no connection: connection refused by 127.0.0.1")
                # Found by itself, too; the configuration of the system is not what this one reads.
                self.doctor("--user", bus=bus)
                self.assertEqual(len(self.about("amshand")), 1)

    def test_all_is_well(self):
        with lab.Bus() as bus, Line() as line, lab.Broker() as broker:
            conf = 'source "house" { uri = "%s" }\nmqtt { host = "127.0.0.1" port = %d }\n' % (line.uri(), broker.port)
            self.conf(conf)
            with lab.Daemon(self.folder, conf, bus):
                line.wait_client().send(frames("kamstrup", 1)[0])
                View(bus).wait_source("house", "Health", "ok")
                lab.wait_for(lambda: ("broker", "the connection is up") in
                             [(about, text) for _, about, text in self.doctor(bus=bus)])
                # Not wrong: no module, no rules, no systemd; nothing here needs them.
                self.assertEqual([f for f in self.found if f[0] == "wrong"], [])

    def test_a_bus_that_does_not_answer(self):
        with lab.Bus() as bus:
            bus.proc.send_signal(signal.SIGSTOP)
            try:
                begin = time.monotonic()
                self.doctor(bus=bus, seconds=60)
                self.assertLess(time.monotonic() - begin, 30)
            finally:
                bus.proc.send_signal(signal.SIGCONT)
            self.assertFound("amshand", "wrong", "cannot connect to the session bus: Connection timed out")


@unittest.skipUnless(udev_lab.namespaces_work(), "only root in a place with mount namespaces can replace /sys")
class SystemBus(Doctor):
    def test_a_bus_that_does_not_answer(self):
        """It is asked for amshand, and once for systemd, however many adapters are not attached."""
        with udev_lab.Machine() as machine, lab.Bus() as bus:
            os.makedirs(machine.file("run/systemd/system"))
            for i in range(3):
                name = "ttyUSB%d" % i
                machine.usb(name, i, str(i + 3), "FTDI", "FT232R_USB_UART", "A10K1AB%d" % i)
                tty = udev_lab.Tty.load(machine.path, name)
                tty.write_database(dict(tty.properties, AMSHAN_ADAPTER="1"))
            machine.env["DBUS_SYSTEM_BUS_ADDRESS"] = bus.address
            bus.proc.send_signal(signal.SIGSTOP)
            try:
                begin = time.monotonic()
                run = machine.run(lab.AMSHANCTL, "doctor", "--system", timeout=200)
                self.assertLess(time.monotonic() - begin, 35)
            finally:
                bus.proc.send_signal(signal.SIGCONT)
            self.assertEqual((run.returncode, run.stderr), (1, ""))
            self.assertRegex(run.stdout, r"(?m)^note   service +systemd cannot be asked for amshand.service: "
                             "Connection timed out$")
            for i in range(3):
                self.assertRegex(run.stdout, r"(?m)^wrong  adapter ttyUSB%d +is enabled and not attached, and systemd "
                                 "cannot be asked" % i)


    def test_a_configuration_that_is_closed_to_amshand(self):
        """root may read it, but that is not as who amshand runs."""
        with udev_lab.Machine() as machine, systemd_lab.Systemd(machine) as systemd:
            systemd.say(properties={"amshand.service": {"ActiveState": "active", "UnitFileState": "enabled"}})
            machine.write("etc/passwd", "root:x:0:0::/:/bin/sh\namshan:x:64711:64711::/:/bin/sh\n")
            conf = machine.write("etc/amshan/amshand.conf", TCP)
            for mode, line in ((0o644, "ok     configuration  /etc/amshan/amshand.conf is read, with 1 source"),
                               (0o600, "wrong  configuration  /etc/amshan/amshand.conf is closed to the user amshan")):
                os.chmod(conf, mode)
                run = machine.run(lab.AMSHANCTL, "doctor", "--system")
                self.assertEqual((run.returncode, run.stderr), (1, ""))
                lines = [line for line in run.stdout.splitlines() if " configuration " in line]
                self.assertEqual(len(lines), 1, run.stdout)
                self.assertTrue(lines[0].startswith(line), lines[0])


@unittest.skipUnless(os.geteuid() == 0, "only root may make another world")
class OtherWorlds(Doctor):
    @classmethod
    def setUpClass(cls):
        if not mounts_work():
            raise unittest.SkipTest("no mount namespaces here")
        # What is not there cannot be covered; the packages kmod, udev and linux-headers-* bring them.
        for path in ("/lib/modules", "/usr/src", "/usr/lib/udev"):
            if not os.path.exists(path):
                raise unittest.SkipTest("there is no %s here" % path)

    def world(self, ldiscs=BARE, modules=(), loaded=None, modprobe="exit 1", modinfo=None, source=False, headers=False,
              rules=(), hwdb=(), compiled=False, udev=True, sig=True, conf=None):
        """What the doctor sees; @rules, @hwdb: {folder: text}, a folder is "run" or "usr"; @loaded: {file of
        /sys/module/amshan: text}; @compiled: udev knows the hwdb; @conf: of the system."""
        shutil.rmtree(self.folder.file("world"), ignore_errors=True)

        def put(name, text="", mode=0o644):
            return self.folder.write("world/" + name, text, mode)

        def bind(what, where):
            return "mount --bind '%s' %s" % (self.folder.file("world/" + what), where)

        put("ldiscs", ldiscs)
        put("modules/%s/modules.dep" % RELEASE, "".join("%s: kernel/other.ko\n" % m for m in modules))
        for m in modules:
            put("modules/%s/%s" % (RELEASE, m), "an object " * 10)
        if headers:
            put("modules/%s/build/Makefile" % RELEASE)
        put("src/other/x")
        if source:
            put("src/amshan-0.1.0/dkms.conf")
        put("sys/other/x")
        if sig:
            put("sys/module/parameters/sig_enforce", "N\n")
        for name, text in (loaded or {}).items():
            put("sys/amshan/" + name, text)
        # All there is in /usr/sbin, where the packages of this machine may have none.
        put("sbin/modprobe", "#!/bin/sh\n[ \"$1\" = amshan ] || exit 9\n%s\n" % modprobe, 0o755)
        if modinfo is not None:
            put("sbin/modinfo", "#!/bin/sh\n[ \"$1 $2\" = '-F sig_id' ] || exit 9\n%s\n" % modinfo, 0o755)
        put("run/x")
        put("usr/x")
        put("etc/x")
        if conf is not None:
            put("etc/amshan/amshand.conf", conf)
        for where, text in dict(rules).items():
            put("%s/rules.d/78-amshan.rules" % where, text)
        for where, text in dict(hwdb).items():
            put("%s/hwdb.d/78-amshan.hwdb" % where, text)
        if compiled:
            put("etc/udev/hwdb.bin")
        steps = [bind("ldiscs", "/proc/tty/ldiscs"), bind("modules", "/lib/modules"), bind("src", "/usr/src"),
                 bind("sys", "/sys/module"), bind("sbin", "/usr/sbin"), bind("etc", "/etc"),
                 bind("usr", "/usr/lib/udev"), "mount -t tmpfs none /run",
                 "cp -r '%s' /run/udev" % self.folder.file("world/run")]
        if udev:
            steps.append(": >/run/udev/control")
        self.prefix = ["unshare", "-m", "--propagation", "private", "sh", "-ec", "; ".join(steps) + '; exec "$@"', "sh"]

    def look(self, conf=KERNEL, **kw):
        self.conf(conf)
        self.world(**kw)
        return self.doctor()

    def test_not_installed(self):
        self.look()
        self.assertFound("module", "wrong", "it is not installed: apt install amshan-dkms, or make dkms-install")
        # Who does not need it is told, and no more.
        self.look(TCP)
        self.assertFound("module", "note", "it is not installed")
        self.assertFound("module", "note", "serial:, tcp:, mqtt: and file: work without it")

    def test_no_headers(self):
        self.look(source=True)
        self.assertFound("module", "wrong", "no headers for the running kernel: apt install linux-headers-" + RELEASE)

    def test_not_built(self):
        self.look(source=True, headers=True)
        self.assertFound("module", "wrong", "it is not built for the running kernel %s: dkms autoinstall" % RELEASE)

    def test_modprobe(self):
        for said, means in (("modprobe: ERROR: could not insert 'amshan': Key was rejected by service", "Enroll MOK"),
                            ("modprobe: ERROR: could not insert 'amshan': Exec format error", "another kernel"),
                            ("modprobe: ERROR: could not insert 'amshan': Device or resource busy", "ldisc=N"),
                            ("modprobe: ERROR: could not insert 'amshan': Operation not permitted", "container"),
                            ("modprobe: FATAL: some words\n", "it cannot be loaded: modprobe: FATAL: some words"),
                            ("", "modprobe amshan says nothing")):
            with self.subTest(said):
                self.look(modules=["updates/dkms/amshan.ko"], modprobe='echo "%s" >&2; exit 1' % said)
                self.assertFound("module", "wrong", means)

    def test_a_modprobe_that_stands_still(self):
        begin = time.monotonic()
        self.look(modules=["updates/dkms/amshan.ko.xz"], modprobe="exec sleep 100")
        self.assertFound("module", "wrong", "did not end within 10 s")
        self.assertLess(time.monotonic() - begin, 30)

    def test_loading_it(self):
        begin = "mkdir /sys/module/amshan; echo live >/sys/module/amshan/initstate; echo %s >/sys/module/amshan/version"
        self.look(modules=["updates/dkms/amshan.ko"], modprobe=begin % version())
        self.assertEqual(self.about("module"), [("ok", "amshan %s is loaded since just now" % version())])

    def test_nobody_needs_it(self):
        touched = self.folder.file("touched")
        self.look(TCP, modules=["updates/dkms/amshan.ko"], modprobe="touch '%s'" % touched)
        self.assertFound("module", "note", "not loaded, and nothing here needs it")
        self.assertFalse(os.path.exists(touched))
        self.look(modules=["updates/dkms/amshan.ko"], modprobe="touch '%s'" % touched)
        self.assertTrue(os.path.exists(touched))

    def test_not_as_root(self):
        self.look(modules=["updates/dkms/amshan.ko"])
        program = shutil.copy(lab.AMSHANCTL, self.folder.file("amshanctl"))
        self.prefix += ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]
        run = subprocess.run([*self.prefix, program, "doctor", "--user"], env=self.env, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30)
        self.assertEqual((run.returncode, run.stderr), (1, ""))
        self.assertIn("what hinders it is seen when root tries it: sudo amshanctl doctor", run.stdout)

    def test_a_report_loads_nothing(self):
        touched = self.folder.file("touched")
        self.look(modules=["updates/dkms/amshan.ko"], modprobe="touch '%s'" % touched)
        self.assertTrue(os.path.exists(touched))
        os.unlink(touched)
        run = subprocess.run([*self.prefix, lab.AMSHANCTL, "report", "--user"], env=self.env, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertIn("what hinders it is seen when root tries it: sudo amshanctl doctor", run.stdout)
        self.assertFalse(os.path.exists(touched))

    def test_the_configuration_of_who_runs(self):
        """amshand on the session bus has its user's, also where the package is installed."""
        with lab.Bus() as bus, Line() as line, lab.Daemon(self.folder, 'source "a" { uri = "%s" }\n' % line.uri(), bus):
            lab.wait_for(bus.managed)
            self.conf(TCP)
            self.world(conf="colour = red\n")
            env = dict(self.env, **bus.env)
            run = subprocess.run([*self.prefix, lab.AMSHANCTL, "doctor", "--json"], env=env, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
            found = [f["text"] for f in json.loads(run.stdout)["findings"] if f["about"] == "configuration"]
            self.assertEqual(found, ["%s is read, with 1 source" % self.folder.file("config/amshan/amshand.conf")])
        self.doctor("--system")
        self.assertFound("configuration", "wrong", "/etc/amshan/amshand.conf:1: colour: unknown key")

    def loaded(self, **files):
        return {"initstate": "live\n", "version": version() + "\n", "taint": "OE\n", **files}

    def assertSignature(self, words):
        """That it is not signed matters with Secure Boot, which this machine may have."""
        (kind, text), = self.about("signature")
        self.assertTrue(text.startswith(words + "; "), text)
        self.assertEqual(kind, "ok" if text.endswith("; Secure Boot is off") else "note")

    def test_loaded(self):
        self.look(ldiscs=LOADED, loaded=self.loaded())
        self.assertEqual(self.about("module"), [("ok", "amshan %s is loaded, line discipline 27" % version())])
        self.assertEqual(self.about("slot"), [])
        self.assertSignature("the module is not signed with a key of the kernel's")
        self.look(ldiscs=LOADED, loaded=self.loaded(taint="O\n"))
        self.assertFound("signature", "ok", "the module is signed")
        # A kernel that looks at no signature has no taint for it.
        self.look(ldiscs=LOADED, loaded=self.loaded(taint="O\n"), sig=False)
        self.assertEqual(self.about("signature"), [("ok", "the module is loaded, and this kernel looks at no "
                                                    "signature")])
        self.look(ldiscs=LOADED, loaded=self.loaded(version="0.0.1\n"))
        self.assertFound("module", "note", "amshan 0.0.1 is loaded, and these programs are of version " + version())
        # On its way, or gone wrong.
        self.look(loaded=self.loaded(initstate="going\n"))
        self.assertFound("module", "wrong", "it is not installed")
        self.look(loaded=self.loaded())
        self.assertFound("slot", "wrong", 'has no line discipline "amshan"')

    def test_the_slot_is_taken(self):
        self.look(ldiscs=BARE + "x25        29\n")
        self.assertFound("slot", "wrong", 'the line discipline 29 that the module takes is held by "x25": write '
                         '"options amshan ldisc=N"')

    def test_signatures(self):
        self.look(modules=["updates/dkms/amshan.ko"])
        self.assertSignature("the module is not signed with a key of the kernel's")
        self.world(modules=["updates/dkms/amshan.ko"])
        with open(self.folder.file("world/modules/%s/updates/dkms/amshan.ko" % RELEASE), "ab") as f:
            f.write(b"x" * 100 + b"~Module signature appended~\n")
        self.doctor()
        self.assertFound("signature", "ok", "the module is signed")

        # modinfo can read the compressed ones.
        for modinfo, said in (("echo PKCS#7", "the module is signed"),
                              ("exit 0", "the module is not signed with a key of the kernel's"),
                              ("exit 1", "whether the module is signed cannot be read")):
            self.look(modules=["updates/dkms/amshan.ko.xz"], modinfo=modinfo)
            (kind, text), = self.about("signature")
            self.assertTrue(text.startswith(said + "; "), text)

    def test_hwdb(self):
        ours = "usb:v1234p5678*\n AMSHAN_ADAPTER=1\n"
        self.look()
        self.assertFound("hwdb", "note", "78-amshan.hwdb is in none of udev's folders")
        self.look(hwdb={"usr": ours}, compiled=True)
        self.assertEqual(self.about("hwdb"), [])
        for other in ("", "# AMSHAN_ADAPTER\n"):
            self.look(hwdb={"usr": ours, "run": other}, compiled=True)
            self.assertFound("hwdb", "note", "/run/udev/hwdb.d/78-amshan.hwdb is empty or not ours and hides "
                             "/usr/lib/udev/hwdb.d/78-amshan.hwdb")
        self.look(hwdb={"usr": ours})
        self.assertFound("hwdb", "note", "/usr/lib/udev/hwdb.d/78-amshan.hwdb is newer than what udev uses: "
                         "systemd-hwdb update")
        # ctime is what is compared, and can only be waited for.
        self.world(hwdb={"usr": ours}, compiled=True)
        time.sleep(1.1)
        os.chmod(self.folder.file("world/usr/hwdb.d/78-amshan.hwdb"), 0o600)
        self.doctor()
        self.assertFound("hwdb", "note", "is newer than what udev uses")

    def test_rules(self):
        ours = '# AMSHAN_ADAPTER\nENV{AMSHAN_ADAPTER}=="1", TAG+="systemd"\n'
        self.look()
        self.assertFound("rules", "wrong", "78-amshan.rules is in none of udev's folders")
        self.look(rules={"usr": ours})
        self.assertEqual(self.about("rules"), [("ok", "/usr/lib/udev/rules.d/78-amshan.rules is there")])
        self.assertEqual(self.about("udev"), [])
        for other in ("", "# AMSHAN_ADAPTER\n"):
            self.look(rules={"usr": ours, "run": other})
            self.assertFound("rules", "wrong", "/run/udev/rules.d/78-amshan.rules is empty or not ours and hides "
                             "/usr/lib/udev/rules.d/78-amshan.rules")
        self.look(rules={"usr": ours, "run": ours})
        self.assertEqual(self.about("rules"), [("ok", "/run/udev/rules.d/78-amshan.rules is there")])
        self.look(udev=False)
        self.assertFound("udev", "wrong", "it does not run here")
        self.look(TCP, udev=False)
        self.assertFound("udev", "note", "it does not run here")

    def test_no_adapter_is_enabled(self):
        self.look(ldiscs=LOADED, loaded=self.loaded())
        self.assertFound("adapters", "note", "amshanctl probe --enable DEVICE")
        self.look(TCP)
        self.assertEqual(self.about("adapters"), [])


if __name__ == "__main__":
    unittest.main()
