# SPDX-License-Identifier: GPL-2.0
"""The demonstration: three simulated meters, the real daemon, a bus and a broker of its own.

    meter 1 -- pty -- serial: --+
    meter 2 -- TCP -- tcp: -----+-- amshand --+-- D-Bus -- amshanctl monitor
    meter 3 -- MQTT - mqtt: ----+             +-- MQTT --- mosquitto_sub

On a terminal "amshanctl monitor" shows them until Ctrl-C.  Without one it runs for 20 s, then tells
what it read back from D-Bus and from MQTT; exit status 0 only if all three meters were on both.

All programs are started by a second process, the laboratory, in a session of its own, which ends
them when this one goes away, however it does.
"""
import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "integration"))
import lab  # noqa: E402

#        source   maker       number              way
METERS = (("house", "aidon", "7359992890941742", "a serial port (a pty)"),
          ("cabin", "kaifa", "6970631401234567", "TCP"),
          ("barn", "kamstrup", "5706567274389702", "MQTT"))

CONFIGURATION = """
source "house" { uri = "serial:%(pty)s" }
source "cabin" { uri = "tcp://127.0.0.1:%(tcp)s" }
source "barn" { uri = "mqtt:demo/barn" }
mqtt { host = "127.0.0.1"  port = %(broker)d }
"""


def missing():
    programs = ("dbus-daemon", "mosquitto_pub", "mosquitto_sub", lab.AMSHAND, lab.AMSHANCTL, lab.SIM)
    gone = [p for p in programs if not shutil.which(p)]
    if not shutil.which("mosquitto") and not os.path.exists("/usr/sbin/mosquitto"):
        gone.append("mosquitto")
    return gone


# ---- the laboratory ----

def laboratory(speed):
    """Start everything, say where it is in a line of JSON, and end it when standard input ends."""
    for sig in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(sig, lambda *_: sys.exit(0))

    def simulate(number, *args, **kw):
        _, maker, meter, _ = METERS[number]
        # A list of registers behind every list of powers, so that nobody waits for the full hour.
        return stack.enter_context(lab.Sim("--maker", maker, "--id", meter, "--hourly-every", 1, "--seed", number,
                                           "--speed", speed, *args, **kw))

    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(lab.Folder())
        bus = stack.enter_context(lab.Bus())
        broker = stack.enter_context(lab.Broker())
        heard = stack.enter_context(lab.Subscriber(broker.port, "amshan/#"))

        simulate(0, "--solar", "--to", "pty:" + folder.file("house"))
        cabin = simulate(1, "--to", "tcp:0")
        cabin.wait_log("port ")
        publisher = stack.enter_context(lab.Process(
            ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(broker.port), "-t", "demo/barn", "-l"],
            stdin=subprocess.PIPE))
        simulate(2, "--to", "lines", stdout=publisher.proc.stdin)
        publisher.proc.stdin.close()

        lab.wait_for(lambda: os.path.exists(folder.file("house")))
        conf = CONFIGURATION % {"pty": folder.file("house"), "broker": broker.port,
                                "tcp": cabin.log().split("port ")[1].split()[0]}
        daemon = stack.enter_context(lab.Daemon(folder, conf, bus))
        lab.wait_for(lambda: bus.managed() or daemon.proc.poll() is not None, why=daemon.log)
        print(json.dumps({"env": bus.env, "broker": broker.port, "heard": heard.log_file.name,
                          "log": daemon.log_file.name}), flush=True)
        sys.stdin.read()


class Laboratory:
    """The other process."""

    def __init__(self, speed):
        self.speed = speed

    def __enter__(self):
        self.proc = subprocess.Popen([sys.executable, os.path.abspath(__file__), "--laboratory", "--speed", self.speed],
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        line = self.proc.stdout.readline()
        if not line:
            self.__exit__()
            sys.exit("The programs could not be started.")
        self.where = json.loads(line)
        return self

    def __exit__(self, *exc):
        self.proc.stdin.close()
        self.proc.wait()
        self.proc.stdout.close()

    def ctl(self, *args):
        done = subprocess.run([lab.AMSHANCTL, "--user", *args], env=dict(os.environ, **self.where["env"]),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return done.stdout + done.stderr

    def text(self, what):
        with open(self.where[what], errors="replace") as f:
            return f.read()


# ---- what is shown ----

def monitor(laboratory):
    # Ctrl-C is for the monitor; this handler lets us clean up after it.
    for sig in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(sig, lambda *_: None)
    status = subprocess.run([lab.AMSHANCTL, "--user", "monitor"],
                            env=dict(os.environ, **laboratory.where["env"])).returncode
    # 130: it left the end by Ctrl-C to the signal itself.
    return 0 if status in (0, 130, -signal.SIGINT) else status


def last_of_topics(text):
    """The newest payload of each topic that mosquitto_sub heard."""
    lines = [line.split("\t", 2) for line in text.splitlines() if line.count("\t") >= 2]
    return {topic: payload for topic, _, payload in lines}


def tell(laboratory):
    """Print what is on D-Bus and on MQTT; the meters that are not, in sentences."""
    topics = last_of_topics(laboratory.text("heard"))
    wrong = []
    print("\nOn D-Bus (amshanctl list):\n" + laboratory.ctl("list"))
    for source, _, meter, way in METERS:
        shown = laboratory.ctl("show", meter)
        print("On D-Bus (amshanctl show %s):\n%s" % (meter, shown))
        if "active_power_import" not in shown:
            wrong.append("The meter %s (%s, over %s) is not on D-Bus." % (meter, source, way))
        if "active_power_import" not in topics.get("amshan/%s/power" % meter, ""):
            wrong.append("The meter %s (%s, over %s) is not on MQTT." % (meter, source, way))
    print("On MQTT (mosquitto_sub -t 'amshan/#', the newest of each topic):")
    for topic in sorted(topics):
        print("  %s %s" % (topic, topics[topic]))
    return wrong


def main():
    parser = argparse.ArgumentParser(description="Show amshan with three simulated meters.")
    parser.add_argument("--seconds", type=float, default=20, help="without a terminal: run so long (20)")
    parser.add_argument("--speed", default="1", metavar="X", help="meters that much faster than true ones (1)")
    parser.add_argument("--laboratory", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.laboratory:
        return laboratory(args.speed)
    if missing():
        sys.exit("These programs are missing: %s; \"make demo\" sees to them." % ", ".join(missing()))

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with Laboratory(args.speed) as here:
            if sys.stdin.isatty() and sys.stdout.isatty():
                return monitor(here)
            print("Three simulated meters, %g s ..." % args.seconds, flush=True)
            time.sleep(args.seconds)
            wrong = tell(here)
            if wrong:
                print("\n%s\n\nThe daemon said:\n%s" % ("\n".join(wrong), here.text("log")))
                return 1
            print("\nAll three meters were on D-Bus and on MQTT.")
            return 0
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
