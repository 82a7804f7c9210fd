# SPDX-License-Identifier: GPL-2.0
"""Static checks of the module: what compilers, sparse, smatch and checkpatch say of kmod/ and its headers.

They need the headers of a kernel; which one it is says KDIR, else the newest that is installed is
taken.  Nothing is compiled in the source tree: each check has a copy below BUILD/lint-kmod.
"""
import glob
import os
import re
import shutil
import subprocess
import sys

import lint

ROOT = os.path.join(os.path.abspath(lint.BUILD), "lint-kmod")
OUR_HEADERS = ("include/amshan/*.h", "include/uapi/linux/*.h")

# Debian configures its kernels for gcc.  Given to make, these win over what the configuration says, so
# that clang gets no option that only gcc has; none of them changes a declaration.
CLANG = ("CC=clang", "LD=ld.lld", "CONFIG_CC_IS_GCC=", "CONFIG_CC_IS_CLANG=y", "CONFIG_GCC_VERSION=0",
         "CONFIG_RETHUNK=", "CONFIG_MITIGATION_RETHUNK=", "CONFIG_SLS=", "CONFIG_MITIGATION_SLS=",
         "CONFIG_CALL_PADDING=", "CONFIG_FTRACE_MCOUNT_USE_CC=", "CONFIG_INIT_STACK_ALL_ZERO=",
         "CONFIG_CC_IMPLICIT_FALLTHROUGH=-Wimplicit-fallthrough")
CLANG_KCFLAGS = "-Werror -Wno-address-of-packed-member"     # the kernel's own headers do it

# What checkpatch says, and why it is wrong there: {(file, type): reason}.  An entry that nothing needs
# is a complaint, too.
ALLOWED = {
    ("kmod/compat.h", "LINUX_VERSION_CODE"): "a module outside of the kernel's tree is built for several versions",
    ("kmod/compat.h", "CONSTANT_COMPARISON"): "takes KERNEL_VERSION() for the variable",
    ("kmod/compat.h", "NEW_TYPEDEFS"): "a type that differs between versions needs a name",
    ("kmod/port.h", "COMPLEX_MACRO"): "the table of counters: X() is what its user makes of a row",
    ("kmod/port.h", "MACRO_ARG_REUSE"): "the table of counters: X() is used once for each row",
    ("kmod/trace.h", "OPEN_ENDED_LINE"): "TRACE_EVENT() is written like this everywhere in the kernel",
    ("kmod/trace.h", "PARENTHESIS_ALIGNMENT"): "TRACE_EVENT() is written like this everywhere in the kernel",
    ("include/amshan/types.h", "PREFER_KERNEL_TYPES"): "defines the kernel's types for user space",
}

# Said by kernel-doc of what needs no description.
DOC_NOISE = re.compile(r"Enum value '\w*_MAX' not described|^\d+ warnings?$|^\s*$|: info: Scanning doc")

# A module that has nothing of ours: what is said of it is the fault of the tools.
EMPTY_KBUILD = "obj-m := empty.o\n"
EMPTY_MODULE = ("#include <linux/module.h>\n#include <linux/poll.h>\n#include <linux/tty.h>\n"
                '#include <net/genetlink.h>\nMODULE_DESCRIPTION("nothing");\nMODULE_LICENSE("GPL");\n')


def version_key(text):
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in re.split(r"(\d+)", text)]


def headers():
    """The folder that modules of a kernel are built against."""
    named = os.environ.get("KDIR")
    found = [named] if named else [*glob.glob("/lib/modules/*/build"), *glob.glob("/usr/src/linux-headers-*")]
    found = [d for d in found if os.path.isfile(os.path.join(d, "include/generated/autoconf.h"))]
    if not found:
        raise lint.Skip("no kernel headers%s (Debian: linux-headers-amd64)" % (" in " + named if named else ""))
    return os.path.realpath(max(found, key=version_key))


def module_files():
    """What belongs to the module, as the project's file list has it."""
    return [n for n in lint.files() if n.startswith(("kmod/", "include/")) or n == "dkms.conf"]


def code_files():
    return [n for n in module_files() if n.endswith((".c", ".h"))]


def copy_of_tree(name):
    """A fresh copy of the module's source: the folder with its Kbuild."""
    top = os.path.join(ROOT, name)
    shutil.rmtree(top, ignore_errors=True)
    for path in module_files():
        os.makedirs(os.path.dirname(os.path.join(top, path)), exist_ok=True)
        shutil.copyfile(path, os.path.join(top, path))
    return os.path.join(top, "kmod")


def empty_module(name):
    folder = os.path.join(ROOT, name + "-empty")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for file, text in (("Kbuild", EMPTY_KBUILD), ("empty.c", EMPTY_MODULE)):
        with open(os.path.join(folder, file), "w") as f:
            f.write(text)
    return folder


def kbuild(folder, *options):
    """Build a module: exit status and what make said."""
    foreign = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "BUILD", "CC", "CFLAGS")
    env = dict({k: v for k, v in os.environ.items() if k not in foreign}, LC_ALL="C")
    done = subprocess.run(["make", "--no-print-directory", "-C", headers(), "M=" + folder, *options, "modules"],
                          env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace")
    return done.returncode, done.stdout.splitlines()


def findings(folder, status, lines, command):
    """What was said that is not progress; paths as in the project."""
    progress = re.compile(r"^\s+[A-Z]+\s|^Skipping BTF|^make(\[\d+\])?: |^warning: the compiler differs|"
                          r"^\s+(The kernel was built by|You are using):|^\s*$")
    top = os.path.dirname(folder) + os.sep
    found = [line.replace(top, "") for line in lines if not progress.match(line)]
    if not found and status:
        found = ["%s: exit status %d" % (command, status), *lines[-5:]]
    return found


def compilers_of(module):
    """The compilers that an object names: Debian's headers may prefer another than was asked for."""
    with open(module, "rb") as f:
        return set(re.findall(rb"\bGCC: \(|\bclang version", f.read()))


def build_with(name, options):
    for program in ("make", name):
        if not shutil.which(program):
            raise lint.Skip(program + " is not installed")
    folder = copy_of_tree(name)
    status, lines = kbuild(folder, "W=1", *options)
    found = findings(folder, status, lines, name)
    if not found and compilers_of(folder + "/amshan.ko") != {b"GCC: (" if name == "gcc" else b"clang version"}:
        found = ["amshan.ko was not compiled by " + name]
    return found


def gcc_says_nothing_of_the_module():
    return build_with("gcc", ["KCFLAGS=-Werror"])


def clang_says_nothing_of_the_module():
    if not shutil.which("ld.lld"):
        raise lint.Skip("ld.lld is not installed")
    options = [*CLANG, "KCFLAGS=" + CLANG_KCFLAGS]
    folder = empty_module("clang")
    if shutil.which("clang"):
        status, lines = kbuild(folder, "W=1", *options)
        if said := findings(folder, status, lines, "clang"):
            raise lint.Skip("clang cannot use %s: %s" % (headers(), said[0]))
    return build_with("clang", options)


def checked_by(name, check, *options):
    """The findings of a checker that kbuild runs (C=2); the compiler's own are another check's."""
    folder = copy_of_tree(name)
    status, lines = kbuild(folder, "C=2", "CHECK=" + check, *options)
    if status:
        return findings(folder, status, lines, name)
    if not any(re.match(r"\s+CHECK\s", line) for line in lines):
        return [name + " was not run"]
    return [line for line in findings(folder, status, lines, name) if re.search(r": (warning|error):|^Error", line)]


def sparse_says_nothing_of_the_module():
    if not shutil.which("sparse"):
        raise lint.Skip("sparse is not installed")
    return checked_by("sparse", "sparse", "CF=-D__CHECK_ENDIAN__")


def smatch_says_nothing_of_the_module():
    if not shutil.which("smatch"):
        raise lint.Skip("smatch is not installed, Debian has no package of it")
    return checked_by("smatch", "smatch -p=kernel")


def kernel_source():
    """A folder with checkpatch.pl and its word lists: of linux-source, the headers have none."""
    tarballs = [t for t in glob.glob("/usr/src/linux-source-*.tar.xz") if re.search(r"-\d[\d.]*\.tar\.xz$", t)]
    if not tarballs:
        raise lint.Skip("checkpatch.pl is not there (Debian: linux-source)")
    tarball = max(tarballs, key=version_key)
    name = os.path.basename(tarball)[:-len(".tar.xz")]
    top = os.path.join(ROOT, name)
    done = os.path.join(top, "of-%d" % os.stat(tarball).st_mtime)
    if not os.path.exists(done):
        shutil.rmtree(top, ignore_errors=True)
        os.makedirs(os.path.join(top, "include"))      # checkpatch looks for names there
        members = ["%s/scripts/%s" % (name, n) for n in ("checkpatch.pl", "const_structs.checkpatch", "spelling.txt")]
        subprocess.run(["tar", "-xJf", tarball, "-C", ROOT, "--occurrence=1", *members], check=True)
        with open(done, "w"):
            pass
    return top


def checkpatch_says_nothing_of_the_module():
    if not shutil.which("perl"):
        raise lint.Skip("perl is not installed")
    source = kernel_source()
    # It leaves a file where it runs, and knows include/uapi by its place: a copy, and relative names.
    folder = os.path.dirname(copy_of_tree("checkpatch"))
    argv = ["perl", os.path.join(source, "scripts/checkpatch.pl"), "--no-tree", "--root=" + source, "--strict",
            "--terse", "--show-types", "--no-summary", "-f"]
    env = dict(os.environ, GIT_DIR="/nonexistent")      # nor is the history its matter
    complaints, used = [], set()
    for name in code_files():
        done = subprocess.run([*argv, name], cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        lines = [line for line in done.stdout.splitlines() if line.strip()]
        for line in lines:
            match = re.match(r"(\S+?):\d+: (?:ERROR|WARNING|CHECK):([A-Z_0-9]+): ", line)
            key = (match[1], match[2]) if match else None
            if key in ALLOWED:
                used.add(key)
            else:
                complaints.append(line)
        if done.returncode and not lines:
            complaints.append("%s: checkpatch.pl: exit status %d" % (name, done.returncode))
    complaints += ["%s: %s need not be allowed any more" % key for key in ALLOWED if key not in used]
    return complaints


def kernel_doc_is_whole():
    """Every parameter and member that a comment of kernel-doc speaks of is there and described."""
    script = os.path.join(headers(), "scripts/kernel-doc")
    if not os.path.exists(script) or not shutil.which("perl"):
        raise lint.Skip("kernel-doc is not there (Debian: linux-kbuild)")
    complaints = []
    for name in code_files():
        done = subprocess.run([script, "-none", "-v", name], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        lines = [line for line in done.stdout.splitlines() if not DOC_NOISE.search(line)]
        complaints += lines
        if done.returncode and not lines:
            complaints.append("%s: kernel-doc: exit status %d" % (name, done.returncode))
    return complaints


def compiles_alone(header, compiler, *options):
    source = '#include "%s"\n#include "%s"\n' % (header, header)      # twice: it is guarded
    done = subprocess.run([*compiler, *options, "-Wall", "-Wextra", "-pedantic", "-Werror", "-fsyntax-only", "-"],
                          input=source, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if not done.returncode:
        return []
    said = done.stdout.splitlines() or ["exit status %d" % done.returncode]
    return ["%s, %s: %s" % (header, " ".join(compiler), line) for line in said]


def headers_compile_alone():
    """What user space includes, first and alone, in C and in C++."""
    for program in ("gcc", "g++"):
        if not shutil.which(program):
            raise lint.Skip(program + " is not installed")
    complaints = []
    for header in [h for pattern in OUR_HEADERS for h in sorted(glob.glob(pattern))]:
        # The exported one stands alone: an older standard, and none of the project's folders.
        exported = header.startswith("include/uapi/")
        where = ["-I."] if exported else ["-I.", "-Iinclude"]
        complaints += compiles_alone(header, ["gcc", "-std=c99" if exported else "-std=gnu11", "-xc"], *where)
        if exported:
            complaints += compiles_alone(header, ["g++", "-std=c++11", "-xc++"], *where)
    return complaints


CHECKS = (headers_compile_alone, kernel_doc_is_whole, checkpatch_says_nothing_of_the_module,
          sparse_says_nothing_of_the_module, smatch_says_nothing_of_the_module, gcc_says_nothing_of_the_module,
          clang_says_nothing_of_the_module)


if __name__ == "__main__":
    sys.exit(lint.main(CHECKS, "Run the static checks of the module."))
