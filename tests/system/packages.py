# SPDX-License-Identifier: GPL-2.0
"""Our packages, and the programs that only the tests need: built in the root of a release by its own tools.

Runs as root in a mount namespace of its own (root.ISOLATED) and without a network.  What is built is
left in the folder --build: deb/*.deb, tests/amshan-sim.
"""
import argparse
import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "vm"))

import layer    # noqa: E402


class Packages(layer.Layer):
    def build(self):
        self.make("-j2", "BUILD=/build", "vm-programs")
        self.make("-j2", "BUILD=/build", "deb")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--top", required=True)
    parser.add_argument("--root", required=True)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--build", required=True)
    parser.set_defaults(corpus="", debugging="", kernel="none")
    packages = Packages(parser.parse_args())
    packages.mount()
    packages.copy()
    debian = os.path.join(packages.args.top, "debian")
    if os.path.isdir(debian) and not os.path.isdir(packages.path("amshan/debian")):
        shutil.copytree(debian, packages.path("amshan/debian"), symlinks=True)
    try:
        packages.build()
    except layer.Failed as e:
        sys.exit(str(e))


if __name__ == "__main__":
    main()
