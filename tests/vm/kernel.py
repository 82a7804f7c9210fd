# SPDX-License-Identifier: GPL-2.0
"""Kernels in a tree: which there are, and one as QEMU starts it fastest."""
import gzip
import lzma
import os
import struct
import subprocess

# An ELF note of the owner "Xen", type 18: where a hypervisor may enter a kernel that is not packed.
NOTES = tuple(struct.pack("<III", 4, size, 18) + b"Xen\0" for size in (4, 8))


class KernelError(Exception):
    pass


def image(tree, version):
    for path in ("boot/vmlinuz-" + version, "usr/lib/modules/%s/vmlinuz" % version, "vmlinuz"):
        path = os.path.join(tree, path)
        if os.path.isfile(path):
            return path
    raise KernelError("there is no image of kernel %s" % version)


def modules(tree, version):
    return os.path.join(tree, "lib/modules", version)


def version(tree):
    """The one kernel of a tree that has modules and something to build modules with."""
    folder = os.path.join(tree, "lib/modules")
    found = [v for v in os.listdir(folder) if os.path.lexists(os.path.join(folder, v, "build"))]
    if len(found) != 1:
        raise KernelError("one kernel was expected in the root, found: " + (", ".join(found) or "none"))
    return found[0]


def unpacked(data):
    """The ELF file inside of a bzImage; None if it is packed in a way that is not known here."""
    setup, magic = data[0x1f1], data[0x202:0x206]
    if magic != b"HdrS":
        return None
    offset, length = struct.unpack_from("<II", data, 0x248)
    packed = data[(setup + 1) * 512 + offset:][:length]
    if packed.startswith(b"\xfd7zXZ\0"):
        return lzma.LZMADecompressor().decompress(packed)
    if packed.startswith(b"\x1f\x8b"):
        return gzip.decompress(packed[:-4])     # the kernel adds the length
    if packed.startswith(b"\x28\xb5\x2f\xfd"):
        return subprocess.run(["zstd", "-dcq"], input=packed[:-4], check=True, stdout=subprocess.PIPE).stdout
    return None


def prepare(path, out):
    """Write what QEMU shall start: unpacked here it saves the guest some seconds."""
    with open(path, "rb") as f:
        data = f.read()
    elf = unpacked(data)
    with open(out + ".new", "wb") as f:
        f.write(elf if elf and any(note in elf for note in NOTES) else data)
    os.replace(out + ".new", out)
