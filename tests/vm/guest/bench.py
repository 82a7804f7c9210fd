# SPDX-License-Identifier: GPL-2.0
"""Speed and size of the module: run.py --bench.  Prints JSON.

The figures are those of an emulated machine: they compare with each other, and with a baseline that
does nearly the same without the module, not with real hardware.
"""
import json
import lzma
import os
import re
import select
import statistics
import struct
import subprocess
import time

import frames
import module
from module import Child, Port

FRAME = 290             # octets of an Aidon list 2
MESSAGE = frames.on_line(*[frames.numbered(n, FRAME) for n in range(14)])      # nearly one write() of 4 KiB
OCTETS = 4 << 20


def push(port, octets):
    """Send so many octets and wait until the module has had them."""
    for _ in range(octets // len(MESSAGE)):
        port.send(MESSAGE)
    port.settle()


def into_ldisc(octets=OCTETS):
    with Port() as port:
        begin = time.monotonic()
        push(port, octets)
        return port.sent / (time.monotonic() - begin)


def into_n_tty(octets=OCTETS // 4):
    """The same way with the discipline that every tty has, read by read(): what a pty and Python cost."""
    with Port(attach=False) as port:
        begin = time.monotonic()
        got = []

        def drain():
            while select.select([port.slave], [], [], 0)[0]:
                got.append(len(os.read(port.slave, 65536)))
        for _ in range(octets // len(MESSAGE)):
            port.send(MESSAGE, then=drain)
        while sum(got) < port.sent:
            drain()
        return port.sent / (time.monotonic() - begin)


def out_of_device(rounds=20):
    """Octets of frames per second, and records per second, from a full ring."""
    with Port() as port:
        push(port, 256 << 10)
        with port.reader(os.O_NONBLOCK) as reader:
            octets = records = 0
            begin = time.monotonic()
            for _ in range(rounds):
                os.lseek(reader.fd, 0, os.SEEK_SET)
                try:
                    while True:
                        octets += len(os.read(reader.fd, module.RECORD_MAX)) - module.HEADER.size
                        records += 1
                except BlockingIOError:
                    pass
            seconds = time.monotonic() - begin
    return octets / seconds, records / seconds


def through(octets=OCTETS):
    """Into the discipline and out of the device at the same time; frames per second, and lost ones."""
    with Port() as port, port.reader() as reader:
        def read_all(stop):
            count = lost = 0
            while (data := os.read(reader.fd, module.RECORD_MAX)):
                count += 1
                lost += module.HEADER.unpack_from(data)[-1]
            return [count, lost]
        with Child(read_all) as child:
            begin = time.monotonic()
            push(port, octets)
            port.detach()
            count, lost = child.result(stop=False)
            seconds = time.monotonic() - begin
    return octets / seconds, count, lost


def sixteen(function, octets=OCTETS // 8):
    """Octets per second of sixteen processes with a port each, all together."""
    begin = time.monotonic()

    def run(stop):
        return function(octets)
    children = [Child(run) for _ in range(module.PORTS_MAX)]
    for child in children:
        child.result(stop=False)
    return module.PORTS_MAX * octets / (time.monotonic() - begin)


def latency(count=300):
    """From write() of the closing flag until poll() says that a record is there: median and 95 %, us."""
    times = []
    with Port() as port, port.reader() as reader:
        octets = frames.on_line(frames.numbered(1, FRAME))
        for _ in range(count):
            port.feed(octets[:-1])
            begin = time.monotonic()
            os.write(port.master, octets[-1:])
            port.sent += 1
            reader.events(20)
            times.append((time.monotonic() - begin) * 1e6)
            reader.read()
    return statistics.median(times), sorted(times)[int(0.95 * count)]


def worst_case(octets=256 << 10):
    worst = (frames.FLAG + frames.make_header(frames.FRAME_MAX, head=b"\x41\x09\x13")) * (octets // 8)
    with Port() as port:
        begin = time.monotonic()
        port.feed(worst)
        return len(worst) / (time.monotonic() - begin)


def vmalloc_of_module():
    """Octets that /proc/vmallocinfo has under the names of the module's functions, by function."""
    found = {}
    with open("/proc/vmallocinfo") as f:
        for line in f:
            match = re.match(r"\S+\s+(\d+) (amshan\w*)", line) or re.match(r"\S+\s+(\d+) (\S+)\+\S+ \[amshan\]", line)
            if match:
                found[match[2]] = found.get(match[2], 0) + int(match[1])
    return found


def memory():
    """What a port takes of vmalloc's memory; what else it has is below a page or two and lost in the kernel's sums."""
    ports = [Port(attach=False) for _ in range(module.PORTS_MAX)]
    try:
        vmalloc = vmalloc_of_module()
        for port in ports:
            port.attach()
        grown = {name: n - vmalloc.get(name, 0) for name, n in vmalloc_of_module().items()}
    finally:
        for port in ports:
            port.__exit__()
    return {"ring_octets_with_guard_page": {name: n // module.PORTS_MAX for name, n in grown.items() if n}}


def elf_sizes():
    """Octets of code, of constants and of data in the module's file."""
    path = subprocess.run(["modinfo", "-n", "amshan"], stdout=subprocess.PIPE, check=True).stdout.decode().strip()
    with (lzma.open(path) if path.endswith(".xz") else open(path, "rb")) as f:
        data = f.read()
    at, size, count = struct.unpack_from("<Q", data, 40)[0], *struct.unpack_from("<HH", data, 58)
    sizes = {"text": 0, "rodata": 0, "data": 0}
    for number in range(count):
        _, kind, flags, _, _, length = struct.unpack_from("<IIQQQQ", data, at + number * size)
        if flags & 2 and kind in (1, 8):      # in memory: PROGBITS and NOBITS
            sizes["text" if flags & 4 else "data" if flags & 1 else "rodata"] += length
    return sizes


def main():
    if not module.loaded():
        module.load()
    figures = {"frame_octets": FRAME}
    figures["into_ldisc_octets_per_s"] = into_ldisc()
    figures["into_n_tty_octets_per_s"] = into_n_tty()
    figures["out_of_device_octets_per_s"], figures["out_of_device_records_per_s"] = out_of_device()
    rate, count, lost = through()
    figures.update(through_octets_per_s=rate, through_frames=count, through_lost=lost)
    figures["into_16_ldiscs_octets_per_s"] = sixteen(into_ldisc)
    figures["through_16_octets_per_s"] = sixteen(through)
    figures["latency_us_median"], figures["latency_us_95"] = latency()
    figures["worst_case_octets_per_s"] = worst_case()
    figures.update(memory())
    figures["module_octets"] = elf_sizes()
    with open("/sys/module/amshan/coresize") as f:
        figures["module_core_octets"] = int(f.read())
    print(json.dumps(figures, indent=1), flush=True)
    return figures


if __name__ == "__main__":
    main()
