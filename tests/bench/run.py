#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""make bench: what the README claims, measured anew.

  run.py [decode] [p1] [link] [cipher] [instructions] [memory] [meters] [latency] [wakeups]   (all, without a name)

Frames per second depend on the machine; instructions per frame do not (valgrind counts them).
"""
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
import lab  # noqa: E402

BENCH = os.path.join(lab.BUILD, "tests", "bench_decode")
BENCH_P1 = os.path.join(lab.BUILD, "tests", "bench_p1")
BENCH_LINK = os.path.join(lab.BUILD, "tests", "bench_link")
BENCH_CIPHER = os.path.join(lab.BUILD, "tests", "bench_cipher")
METERS = 1000


def heading(text):
    print("\n== %s\n" % text, flush=True)


def decode():
    heading("octets to readings: framer, both checksums, decode, scale; one core")
    subprocess.run([BENCH, "time"], check=True)


def p1():
    heading("telegrams of P1 to readings: framer, checksum, lines, names, scale; one core")
    subprocess.run([BENCH_P1, "time"], check=True)


def link():
    heading("frames and blocks put together: M-Bus, HDLC segments, general block transfer; one core")
    subprocess.run([BENCH_LINK, "time"], check=True)


def cipher():
    heading("ciphered octets to readings: framer, checksums, key, frame counter, AES-128-GCM, decode; one core")
    subprocess.run([BENCH_CIPHER, "time"], check=True)


def instructions_of(*args, bench=BENCH):
    with tempfile.NamedTemporaryFile() as out:
        run = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=" + out.name, bench,
                              *[str(a) for a in args]], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
        total = int(re.search(r"Collected : (\d+)", run.stderr.decode()).group(1))
        return total, int(run.stdout.split()[0])


def per_unit(*args, small, large, bench=BENCH):
    """Instructions per unit: the difference of two runs, so that the beginning does not count."""
    (a, n), (b, m) = instructions_of(*args, small, bench=bench), instructions_of(*args, large, bench=bench)
    return (b - a) / (m - n)


def instructions():
    heading("instructions per frame, octets to readings (valgrind --tool=callgrind)")
    print("%-20s %4s %14s" % ("list", "no", "instructions"))
    for form, number in (("aidon", 1), ("aidon", 2), ("aidon", 3), ("aidon-se", 3), ("kaifa", 1), ("kaifa", 2),
                         ("kaifa", 3), ("kaifa-se", 3), ("kamstrup", 2), ("kamstrup", 3), ("embriq", 2)):
        each = per_unit("run", form, number, small=1000, large=3000)
        print("%-20s %4d %14.0f" % (form, number, each), flush=True)
    print("\nframer alone, instructions per octet:")
    for kind in ("frames", "noise", "nested"):
        size = (65536, 655360) if kind != "nested" else (65536, 196608)
        each = per_unit("framer", kind, small=size[0], large=size[1])
        print("%-20s %19.1f" % (kind, each), flush=True)
    print("\ntelegrams of P1, instructions per telegram; their framer alone, per octet:")
    for kind in ("dsmr", "swedish"):
        print("%-25s %14.0f" % (kind, per_unit("run", kind, small=1000, large=3000, bench=BENCH_P1)), flush=True)
    for kind in ("telegrams", "noise", "nested"):
        each = per_unit("framer", kind, small=65536, large=655360, bench=BENCH_P1)
        print("%-20s %19.1f" % (kind, each), flush=True)
    print("\nM-Bus framer alone, instructions per octet:")
    for kind in ("frames", "noise", "nested"):
        each = per_unit("mbus", kind, small=65536, large=655360, bench=BENCH_LINK)
        print("%-20s %19.1f" % (kind, each), flush=True)
    print("\nciphered, instructions per message:")
    for kind in ("hdlc", "hdlc-no-tag", "bare"):
        print("%-25s %14.0f" % (kind, per_unit("run", kind, small=1000, large=3000, bench=BENCH_CIPHER)), flush=True)


def memory_of(pid):
    with open("/proc/%d/smaps_rollup" % pid) as f:
        kb = {k: int(v) for k, v in re.findall(r"^(\w+):\s+(\d+) kB", f.read(), re.M)}
    return kb["Rss"], kb["Private_Clean"] + kb["Private_Dirty"]


def cpu_of(pid):
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def switches_of(pid):
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", f.read(), re.M).group(1))


def broker_conf(broker, more=""):
    return 'mqtt { host = "127.0.0.1" port = %d %s }\n' % (broker.port, more)


def memory():
    heading("memory of amshand with one meter, D-Bus and MQTT")
    with lab.Folder() as folder, lab.Bus() as bus, lab.Broker() as broker:
        port = lab.free_port()
        conf = 'source "house" { uri = "tcp://127.0.0.1:%d" }\n' % port + broker_conf(broker)
        with lab.Sim("--maker", "aidon", "--to", "tcp:%d" % port, "--speed", "20"), \
                lab.Daemon(folder, conf, bus) as daemon:
            time.sleep(10)
            rss, private = memory_of(daemon.proc.pid)
            print("resident %.1f MiB, private %.1f MiB" % (rss / 1024, private / 1024))


def meters():
    heading("%d meters over TCP at true cadence, D-Bus and MQTT" % METERS)
    without = meters_share("discovery = false")
    print("the same, announced to Home Assistant:")
    print("%+.1f %% of a core by that" % (100 * (meters_share() - without)))


def meters_share(more=""):
    """How much of a core they take; also printed."""
    with lab.Folder() as folder, lab.Bus() as bus, lab.Broker() as broker:
        first = 20000
        conf = broker_conf(broker, more) + "".join(
            'source "m%d" { uri = "tcp://127.0.0.1:%d" }\n' % (i, first + i) for i in range(METERS))
        with lab.Sim("--maker", "aidon", "--to", "tcp:%d" % first, "--meters", METERS), \
                lab.Daemon(folder, conf, bus) as daemon:
            pid = daemon.proc.pid
            lab.wait_for(lambda: len(meters_of(bus)) == METERS, 90, 1,
                         why=lambda: "%d meters only\n%s" % (len(meters_of(bus)), daemon.log()[-2000:]))
            time.sleep(5)
            before, started = cpu_of(pid), time.monotonic()
            time.sleep(30)
            share = (cpu_of(pid) - before) / (time.monotonic() - started)
            rss, private = memory_of(pid)
            frames = sum(o["org.amshan.Amshan1.Source"]["Counters"]["frames"] for o in bus.managed().values()
                         if "org.amshan.Amshan1.Source" in o)
            print("%.1f %% of a core, resident %.1f MiB, private %.1f MiB, %d frames so far"
                  % (100 * share, rss / 1024, private / 1024, frames))
            return share


def meters_of(bus):
    return [p for p in bus.managed() if p.startswith("/org/amshan/Amshan1/meter/")]


def latency():
    heading("closing flag written to a pty until the message is at an MQTT subscriber")
    with lab.Folder() as folder, lab.Broker() as broker:
        controller, terminal = os.openpty()
        conf = 'source "house" { uri = "serial:%s" }\n' % os.ttyname(terminal) + broker_conf(broker)
        lines = subprocess.run([lab.SIM, "--maker", "aidon", "--to", "lines", "--speed", "0", "--count", "5"],
                               stdout=subprocess.PIPE, check=True).stdout.split()
        frames = [bytes.fromhex(line.decode()) for line in lines]
        with lab.Daemon(folder, conf) as daemon:
            sub = subprocess.Popen(["mosquitto_sub", "-h", "127.0.0.1", "-p", str(broker.port), "-t",
                                    "amshan/+/power"], stdout=subprocess.PIPE, bufsize=0)
            try:
                daemon.wait_log("connected")
                daemon.wait_log("open")
                time.sleep(1)
                # The first one has the number of the meter.
                took = []
                for i in range(201):
                    frame = frames[0]
                    os.write(controller, frame[:-1])
                    time.sleep(0.02)
                    started = time.perf_counter()
                    os.write(controller, frame[-1:])
                    if not json.loads(sub.stdout.readline()):
                        raise AssertionError("an empty message")
                    took.append(time.perf_counter() - started)
                took = took[1:]
                print("median %.2f ms, 95 %% below %.2f ms, of %d"
                      % (1e3 * statistics.median(took), 1e3 * statistics.quantiles(took, n=20)[18], len(took)))
            finally:
                sub.kill()
                sub.wait()
                os.close(controller)
                os.close(terminal)


def wakeups():
    heading("wake-ups of an idle daemon: one silent serial port, broker and bus connected")
    with lab.Folder() as folder, lab.Bus() as bus, lab.Broker() as broker:
        controller, terminal = os.openpty()
        conf = 'source "house" { uri = "serial:%s" }\n' % os.ttyname(terminal) + broker_conf(broker)
        with lab.Daemon(folder, conf, bus) as daemon:
            daemon.wait_log("connected")
            time.sleep(5)
            before = switches_of(daemon.proc.pid)
            time.sleep(60)
            print("%d per minute" % (switches_of(daemon.proc.pid) - before))
        os.close(controller)
        os.close(terminal)


ALL = {f.__name__: f for f in (decode, p1, link, cipher, instructions, memory, meters, latency, wakeups)}


def main():
    names = sys.argv[1:] or list(ALL)
    for name in names:
        if name not in ALL:
            sys.exit("run.py: \"%s\" is none of %s" % (name, ", ".join(ALL)))
    for name in names:
        ALL[name]()


if __name__ == "__main__":
    main()
