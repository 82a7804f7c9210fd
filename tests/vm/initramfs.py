# SPDX-License-Identifier: GPL-2.0
"""A small initramfs: a busybox, the modules that reach the root, and a script as its /init.

Relies on a tree with /lib/modules/VERSION and its modules.dep; knows nothing of QEMU.
"""
import lzma
import os
import stat
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
BUSYBOX = "/bin/busybox"
INIT = os.path.join(HERE, "initramfs-init.sh")
# In this order; what a kernel has built in is not in modules.dep and left out.
MODULES = ("virtio_pci", "virtio_blk", "virtio_console", "crc32c_generic", "ext4", "overlay")
FOLDERS = ("bin", "dev", "proc", "lib", "mnt")


def plain(path):
    """The octets of a module, which may be compressed."""
    if path.endswith(".ko"):
        with open(path, "rb") as f:
            return f.read()
    if path.endswith(".xz"):
        with lzma.open(path) as f:
            return f.read()
    if path.endswith(".zst"):
        return subprocess.run(["zstd", "-dcq", path], check=True, stdout=subprocess.PIPE).stdout
    raise ValueError("%s: compressed in a way that is not known here" % path)


def modules(folder):
    """(name, octets) of the modules of MODULES and of what they need, in the order of loading."""
    needs = {}
    with open(os.path.join(folder, "modules.dep")) as f:
        for line in f:
            path, rest = line.rstrip("\n").split(":")
            needs[path] = rest.split()[::-1]
    names = {os.path.basename(path).split(".")[0].replace("-", "_"): path for path in needs}
    order = []
    for name in MODULES:
        if name in names:
            order += [p for p in [*needs[names[name]], names[name]] if p not in order]
    return [(os.path.basename(p).split(".ko")[0] + ".ko", plain(os.path.join(folder, p))) for p in order]


def entry(name, mode, data=b""):
    """A member of a cpio archive of the "newc" kind."""
    name = name.encode() + b"\0"
    fields = [0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0]
    head = b"070701" + b"".join(b"%08x" % f for f in fields) + name
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def make(path, folder, script=INIT):
    """Write the initramfs for the kernel whose modules are in a folder (/lib/modules/VERSION)."""
    with open(BUSYBOX, "rb") as f:
        busybox = f.read()
    with open(script, "rb") as f:
        init = f.read()
    loaded = modules(folder)
    with open(path + ".new", "wb") as f:
        for name in FOLDERS:
            f.write(entry(name, stat.S_IFDIR | 0o755))
        f.write(entry("bin/busybox", stat.S_IFREG | 0o755, busybox))
        f.write(entry("init", stat.S_IFREG | 0o755, init))
        for name, data in loaded:
            f.write(entry("lib/" + name, stat.S_IFREG | 0o644, data))
        f.write(entry("lib/order", stat.S_IFREG | 0o644, "".join(n + "\n" for n, _ in loaded).encode()))
        f.write(entry("TRAILER!!!", 0))
    os.replace(path + ".new", path)
