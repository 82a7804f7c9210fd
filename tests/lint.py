# SPDX-License-Identifier: GPL-2.0
"""Static checks: what can be said without running anything.

Each check is a function that returns its complaints; they are counted like tests.  BUILD names the
build folder, MAKE the make to be used.  The last line is "N passed, N failed, N skipped" alone.
"""
import argparse
import glob
import os
import re
import shlex
import shutil
import subprocess
import sys
import xml.etree.ElementTree

import total

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("BUILD", "build")
COLUMNS = 120           # the style is 100; what is over this is beyond taste
KERNEL_COLUMNS = 100    # where checkpatch looks: here it is known in a second
LINES = 700

CPPCHECK = ["cppcheck", "-q", "-j2", "--enable=warning,performance", "--inline-suppr", "--error-exitcode=1",
            "--std=c11", "-D_GNU_SOURCE", "-Iinclude", "-Idaemon", "--suppress=missingInclude",
            "--suppress=missingIncludeSystem", "--suppress=*:/usr/include/*",
            # It does not know __attribute__((cleanup)); the sanitizers see leaks better.
            "--suppress=memleak", "--suppress=resourceLeak",
            # It takes the address of an array for a use of it; the compilers do better.
            "--suppress=uninitvar:tests/*"]


class Skip(Exception):
    pass


def run(argv, keep=lambda line: True):
    """The lines that a program says if it fails, else nothing."""
    if not shutil.which(argv[0]):
        raise Skip("%s is not installed" % argv[0])
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace")
    lines = [line for line in done.stdout.splitlines() if keep(line)]
    return (lines or ["%s: exit status %d" % (argv[0], done.returncode)]) if done.returncode else []


def files():
    """The files of the project, without what git ignores."""
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True)
    if out.returncode == 0:
        names = out.stdout.splitlines()
    else:       # not a clone: an unpacked archive
        names = [os.path.relpath(os.path.join(d, f)) for d, _, found in os.walk(".") for f in found]
    build = os.path.normpath(BUILD) + os.sep
    return sorted(n for n in names if os.path.isfile(n) and not n.startswith((build, "build/", ".git/")) and
                  not n.endswith(".png"))       # pictures are no text


def text_of(name):
    with open(name, encoding="utf-8") as f:
        return f.read()


def is_code(name):
    return name.endswith((".c", ".h", ".py", ".sh"))


def build_with(compiler):
    return run([*shlex.split(os.environ.get("MAKE", "make")), "BUILD=%s/lint-%s" % (BUILD, compiler), "CC=" + compiler,
                "WERROR=1", "lint-build"], lambda line: "  CC " not in line and "  AR " not in line)


def gcc_says_nothing():
    return build_with("gcc")


def clang_says_nothing():
    return build_with("clang")


def cppcheck_says_nothing():
    queue = glob.glob("/usr/include/*/sys/queue.h")     # its macros look like loops
    return run([*CPPCHECK, *("--include=" + q for q in queue[:1]), "daemon", "kmod", "tests"])


def shellcheck_says_nothing():
    kinds = (".sh", ".bash", ".preinst", ".postinst", ".prerm", ".postrm")
    scripts = [n for n in files() if n.endswith(kinds) or n == ".ci/run"]
    return run(["shellcheck", *scripts])


def python_compiles():
    complaints = []
    for name in files():
        if name.endswith(".py"):
            try:
                compile(text_of(name), name, "exec")
            except SyntaxError as e:
                complaints.append(str(e))
    return complaints


def xml_is_well_formed():
    complaints = []
    for name in files():
        if name.endswith(".xml") or (name.endswith(".conf") and "<busconfig>" in text_of(name)):
            try:
                xml.etree.ElementTree.parse(name)
            except xml.etree.ElementTree.ParseError as e:
                complaints.append("%s: %s" % (name, e))
    return complaints


def every_file_has_its_licence():
    bare = (".md", ".hex", ".json", "COPYING", ".gitignore", ".clang-format", ".bin", ".txt",
            "debian/changelog", "debian/copyright", "debian/source/format")
    return [n for n in files() if not n.endswith(bare) and
            not any("SPDX-License-Identifier: GPL-2.0" in line for line in text_of(n).splitlines()[:5])]


def lines_are_tidy():
    complaints = []
    for name in filter(is_code, files()):
        text = text_of(name)
        columns = KERNEL_COLUMNS if name.startswith(("kmod/", "include/")) else COLUMNS
        for number, line in enumerate(text.split("\n"), 1):
            at = "%s:%d: " % (name, number)
            if line != line.rstrip():
                complaints.append(at + "blanks at the end")
            if len(line.expandtabs(8)) > columns:
                complaints.append(at + "more than %d columns" % columns)
            if name.endswith((".c", ".h")) and line.startswith("        "):
                complaints.append(at + "blanks instead of a tab")
        if not text.endswith("\n") or text.endswith("\n\n"):
            complaints.append(name + ": does not end with one newline")
    return complaints


def files_are_short():
    return ["%s: %d lines, more than %d" % (n, text_of(n).count("\n"), LINES) for n in filter(is_code, files())
            if text_of(n).count("\n") > LINES]


def versions_agree():
    wanted = re.search(r'^PACKAGE_VERSION="(.*)"$', text_of("dkms.conf"), re.M)[1]
    got = re.match(r"amshan \((.*?)\) ", text_of("debian/changelog"))[1]
    return [] if got == wanted else ["dkms.conf has version %s, debian/changelog %s" % (wanted, got)]


def packages_are_right():
    """make deb, and what lintian says of that."""
    if missing := [p for p in ("dpkg-buildpackage", "dh", "dh_dkms", "lintian") if not shutil.which(p)]:
        raise Skip("%s is not installed" % missing[0])
    build = "%s/lint-deb" % BUILD
    complaints = run([*shlex.split(os.environ.get("MAKE", "make")), "BUILD=" + build, "deb"])
    if not complaints:
        complaints = run(["lintian", "--allow-root", "--fail-on", "error,warning", "--display-level", ">=warning",
                          *glob.glob(build + "/deb/*.changes")])
    shutil.rmtree(build, ignore_errors=True)
    return complaints


CHECKS = (every_file_has_its_licence, lines_are_tidy, files_are_short, python_compiles, xml_is_well_formed,
          versions_agree, shellcheck_says_nothing, packages_are_right, cppcheck_says_nothing, gcc_says_nothing,
          clang_says_nothing)


def main(checks=CHECKS, description="Run the static checks."):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--results", metavar="FILE", help="write the counts as JSON")
    parser.add_argument("--only", metavar="TEXT", help="what has this in its name")
    args = parser.parse_args()
    os.chdir(TOP)

    counts = dict.fromkeys(total.FIELDS, 0)
    for check in checks:
        name = check.__name__.replace("_", " ")
        if args.only and args.only not in name:
            continue
        try:
            complaints = check()
        except Skip as e:
            counts["skipped"] += 1
            print("skipped: %s: %s" % (name, e), flush=True)
            continue
        counts["failed" if complaints else "passed"] += 1
        print("%-4s %s" % ("FAIL" if complaints else "ok", name), flush=True)
        for complaint in complaints[:200]:
            print("     " + complaint)
    if args.results:
        total.write(args.results, counts)
    print(total.line(counts), flush=True)
    return 1 if counts["failed"] or not any(counts.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
