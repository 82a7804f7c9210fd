# SPDX-License-Identifier: GPL-2.0
#
# amshan: build, test, install.  "make help" lists the targets.

# It stands in dkms.conf, and nowhere else.
VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"$$/\1/p' dkms.conf)

BUILD ?= build
CC ?= cc
CLANG ?= clang
PYTHON ?= /usr/bin/python3
DKMS ?= dkms
DKMS_KERNEL ?= $(shell uname -r)
PKG_CONFIG ?= pkg-config
INSTALL ?= install
CFLAGS ?= -O2 -g
WERROR ?=

prefix ?= /usr/local
bindir ?= $(prefix)/bin
sbindir ?= $(prefix)/sbin
sysconfdir ?= /etc
includedir ?= $(prefix)/include
mandir ?= $(prefix)/share/man
completiondir ?= $(prefix)/share/bash-completion/completions
dbusifacedir ?= $(prefix)/share/dbus-1/interfaces
# Where systemd and udev look: below /usr/local not for policies of the bus and not for the hwdb, and in no
# other place but /etc.
is_usr = $(filter /usr,$(prefix))
is_seen = $(filter /usr /usr/local,$(prefix))
unitdir ?= $(if $(is_seen),$(prefix)/lib,/etc)/systemd/system
sysusersdir ?= $(if $(is_seen),$(prefix)/lib,/etc)/sysusers.d
udevdir ?= $(if $(is_seen),$(prefix)/lib,/etc)/udev
dbuspolicydir ?= $(if $(is_usr),/usr/share,/etc)/dbus-1/system.d
hwdbdir ?= $(if $(is_usr),$(udevdir),/etc/udev)/hwdb.d

# Debian packages: to build, to run the demo, to run all checks.
build_packages := gcc libc6-dev make pkg-config libsystemd-dev libmosquitto-dev libssl-dev \
	libconfuse-dev libjansson-dev libsmartcols-dev libnl-genl-3-dev
demo_packages := python3 systemd dbus-daemon mosquitto mosquitto-clients
check_packages := libcmocka-dev python3-gi libglib2.0-bin openssl ser2net valgrind clang \
	libclang-rt-dev cppcheck shellcheck mandoc groff-base python3-yaml
# The static checks of the module, and the debugging kernel.
lint_kmod_packages := gcc g++ make perl xz-utils clang lld sparse linux-source \
	linux-headers-$(shell dpkg --print-architecture 2>/dev/null || echo amd64)
kasan_packages := gcc make flex bison bc libelf-dev xz-utils kmod linux-source
# To build our packages; to look at them.
deb_packages := debhelper dh-dkms
lint_packages := $(deb_packages) lintian
# The virtual machines: on the host; in a release's root besides build_packages.
vm_packages := qemu-system-x86 mmdebstrap debian-archive-keyring busybox-static e2fsprogs zstd
guest_packages := linux-image-amd64 linux-headers-amd64 dkms mount kmod udev python3 dbus-daemon \
	mosquitto mosquitto-clients xxd $(deb_packages)
# Home Assistant: in its root; what the host needs to run it in a network of its own.
ha_packages := python3 python3-venv python3-dev gcc g++ libc6-dev chromium fonts-dejavu-core tzdata ca-certificates
ha_host_packages := $(vm_packages) iproute2 procps
# A whole system, before ours is installed into it.
system_packages := systemd-sysv udev dbus mosquitto mosquitto-clients ser2net python3 linux-image-amd64 \
	linux-headers-amd64 kmod iproute2 procps

# Q keeps the output short; V=1 shows the commands.
ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-7s %s\n'
endif

PACKAGES := libsystemd libmosquitto openssl libconfuse jansson smartcols libnl-genl-3.0

# pkg-config is asked once, and only when something is compiled: "make deps" may have to install it.
pkg_cflags = $(eval pkg_cflags := $(shell $(PKG_CONFIG) --cflags $(PACKAGES)))$(pkg_cflags)
pkg_libs = $(eval pkg_libs := $(shell $(PKG_CONFIG) --libs $(PACKAGES)))$(pkg_libs)

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wvla -Wundef -Wformat=2 -Wwrite-strings -Wno-unused-parameter -Wno-missing-field-initializers
ifneq ($(WERROR),)
WARNINGS += -Werror
endif

all_cflags = -std=gnu11 -D_GNU_SOURCE -DAMSHAN_VERSION='"$(VERSION)"' -DAMSHAN_SYSCONFDIR='"$(sysconfdir)"' \
	-Iinclude -Iinclude/uapi -Idaemon \
	$(WARNINGS) \
	-fno-strict-aliasing -fstack-protector-strong $(SANITIZE) $(pkg_cflags) $(CPPFLAGS) $(CFLAGS)
all_ldflags = -Wl,--as-needed $(SANITIZE) $(LDFLAGS)

# The core is pure: octets to readings.  Everything else needs the libraries.
# The ring is used by the module alone; its tests run in user space.
core_src := kmod/crc16.c kmod/framer.c kmod/ring.c $(wildcard daemon/link/*.c daemon/dlms/*.c daemon/meter/*.c)
lib_src := $(filter-out daemon/main.c,$(wildcard daemon/*.c)) \
	$(wildcard daemon/source/*.c daemon/output/*.c daemon/mqtt/*.c daemon/netlink/*.c)
ctl_src := $(wildcard daemon/ctl/*.c)
attach_src := $(wildcard daemon/attach/*.c)
sim_src := $(wildcard tests/sim/*.c)
unit_src := $(wildcard tests/unit/test_*.c)
fuzz_src := $(wildcard tests/fuzz/fuzz_*.c)
bench_src := $(wildcard tests/bench/bench_*.c)

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

programs := $(BUILD)/amshand $(BUILD)/amshanctl $(BUILD)/amshan-attach
sim := $(BUILD)/tests/amshan-sim
unit_tests := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(unit_src))
benches := $(patsubst tests/bench/%.c,$(BUILD)/tests/%,$(bench_src))
fuzzers := $(patsubst tests/fuzz/%.c,$(BUILD)/tests/%,$(fuzz_src))

all: $(programs)

# ---- compile and link ----

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(all_cflags) -MMD -MP -c -o $@ $<

$(BUILD)/libcore.a: $(call obj,$(core_src))
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/libdaemon.a: $(call obj,$(lib_src))
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/amshand: $(call obj,daemon/main.c) $(BUILD)/libdaemon.a $(BUILD)/libcore.a
	$(say) LD $@
	$(Q)$(CC) $(all_ldflags) -o $@ $^ $(pkg_libs) -lm

$(BUILD)/amshanctl: $(call obj,$(ctl_src)) $(BUILD)/libdaemon.a $(BUILD)/libcore.a
	$(say) LD $@
	$(Q)$(CC) $(all_ldflags) -o $@ $^ $(pkg_libs) -lm

$(BUILD)/amshan-attach: $(call obj,$(attach_src)) $(BUILD)/libdaemon.a $(BUILD)/libcore.a
	$(say) LD $@
	$(Q)$(CC) $(all_ldflags) -o $@ $^ $(pkg_libs) -lm

# The simulator has an encoder of its own and shares nothing with the daemon.
$(BUILD)/tests/libsim.a: $(call obj,$(filter-out tests/sim/main.c,$(sim_src)))
	$(Q)mkdir -p $(@D) && rm -f $@ && $(AR) rcs $@ $^

$(sim): $(call obj,tests/sim/main.c) $(BUILD)/tests/libsim.a
	$(say) LD $@
	$(Q)$(CC) $(all_ldflags) -o $@ $^ -lcrypto -lm

test_libs := $(BUILD)/tests/libsim.a $(BUILD)/libdaemon.a $(BUILD)/libcore.a

$(BUILD)/tests/test_%: $(BUILD)/obj/tests/unit/test_%.o $(test_libs)
	$(say) LD $@
	$(Q)mkdir -p $(@D) && $(CC) $(all_ldflags) -o $@ $^ $(pkg_libs) -lcmocka -lm

$(BUILD)/tests/bench_%: $(BUILD)/obj/tests/bench/bench_%.o $(test_libs)
	$(say) LD $@
	$(Q)mkdir -p $(@D) && $(CC) $(all_ldflags) -o $@ $^ $(pkg_libs) -lm

# "make fuzz" compiles all of it with libFuzzer's instrumentation.
$(BUILD)/tests/fuzz_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(BUILD)/libdaemon.a $(BUILD)/libcore.a
	$(say) LD $@
	$(Q)mkdir -p $(@D) && $(CC) $(all_ldflags) -fsanitize=fuzzer -o $@ $^ $(pkg_libs) -lm

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

# ---- tests ----

# Stages call make anew, with all processors unless the user said how many.
submake = $(MAKE) --no-print-directory $(if $(V),,-s) $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))
results := $(BUILD)/results
run_tests = BUILD=$(BUILD) $(PYTHON) tests/run.py
asan := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
fuzz_seconds ?= 10

# What of user space is run inside of a virtual machine.
$(BUILD)/tests/framedump: $(call obj,tests/vm/framedump.c) $(BUILD)/libcore.a
	$(say) LD $@
	$(Q)mkdir -p $(@D) && $(CC) $(all_ldflags) -o $@ $^

vm-programs: all $(sim) $(BUILD)/tests/framedump
everything: all $(sim) $(unit_tests)
bench-build: all $(sim) $(benches)
fuzz-build: $(fuzzers)
lint-build: everything bench-build $(call obj,$(fuzz_src))

deps:
	@tests/deps.sh $(build_packages) $(demo_packages) $(check_packages) $(lint_packages) \
		$(lint_kmod_packages) $(vm_packages)

build-deps:
	@tests/deps.sh $(build_packages)

demo:
	@tests/deps.sh $(build_packages) $(demo_packages)
	@$(submake) all $(sim)
	@BUILD=$(BUILD) $(PYTHON) tests/demo.py

test:
	@$(submake) everything
	@$(run_tests) --unit --integration --results $(results)/test.json

lint:
	@BUILD=$(BUILD) MAKE='$(submake)' $(PYTHON) tests/lint.py --results $(results)/lint.json

lint-kmod:
	@tests/deps.sh $(lint_kmod_packages)
	@BUILD=$(BUILD) $(PYTHON) tests/lint_kmod.py --results $(results)/lint-kmod.json

asan:
	@$(submake) BUILD=$(BUILD)/asan SANITIZE='$(asan)' CFLAGS='-O1 -g' everything
	@BUILD=$(BUILD)/asan SANITIZED=1 $(PYTHON) tests/run.py --unit --integration \
		--results $(results)/asan.json

fuzz:
	@$(submake) $(sim)
	@$(PYTHON) tests/fuzz/seeds.py $(sim) $(BUILD)/fuzz/corpus
	@$(submake) BUILD=$(BUILD)/fuzz CC=$(CLANG) SANITIZE='-fsanitize=fuzzer-no-link $(asan)' \
		CFLAGS='-O1 -g' fuzz-build
	@BUILD=$(BUILD)/fuzz $(PYTHON) tests/run.py --fuzz $(fuzz_seconds) --results $(results)/fuzz.json

valgrind:
	@$(submake) everything
	@$(run_tests) --valgrind --unit --results $(results)/valgrind.json

bench:
	@tests/deps.sh $(build_packages) $(demo_packages) valgrind systemd
	@$(submake) bench-build
	@BUILD=$(BUILD) $(PYTHON) tests/bench/run.py

# One kernel in a virtual machine: that of the host's release, if it is one of them.
vm_kernels := bookworm trixie sid
KERNEL ?= $(or $(filter $(vm_kernels),$(shell . /etc/os-release && echo $$VERSION_CODENAME)),bookworm)

check-vm: vm-$(KERNEL)

$(vm_kernels:%=vm-%): vm-%:
	@tests/deps.sh $(vm_packages)
	@BUILD=$(BUILD) PACKAGES='$(build_packages) $(guest_packages)' $(PYTHON) tests/vm/run.py \
		--kernel $* --results $(results)/$@.json $(if $(VM_ARGS),--words='$(VM_ARGS)')

vm-root:
	@BUILD=$(BUILD) PACKAGES='$(build_packages) $(guest_packages)' $(PYTHON) tests/vm/run.py \
		--kernel $(KERNEL) --root-only

# Speed and size of the module, in the virtual machine.
bench-vm:
	@$(MAKE) --no-print-directory vm-$(KERNEL) VM_ARGS=--bench

# The debugging kernel is made once, which takes minutes, and anew when its configuration or source changes.
check-kasan:
	@tests/deps.sh $(vm_packages) $(kasan_packages)
	@tests/vm/kasan.sh $(BUILD)/vm/kasan
	@BUILD=$(BUILD) PACKAGES='$(build_packages) $(guest_packages)' $(PYTHON) tests/vm/run.py \
		--kernel kasan --results $(results)/$@.json $(if $(VM_ARGS),--words='$(VM_ARGS)')

# A whole system in a virtual machine: our packages, udev, systemd, an adapter that is plugged in.
systems := bookworm trixie
space := $() $()

check-system: $(systems:%=system-%)

$(systems:%=system-%): system-%:
	@tests/deps.sh $(vm_packages)
	@BUILD=$(BUILD) PACKAGES='$(build_packages) $(guest_packages)' SYSTEM_PACKAGES='$(system_packages)' \
		$(PYTHON) tests/system/run.py --release $* --results $(results)/$@.json

# A real Home Assistant with its broker and a browser, in a Debian root; made once, with what pip brings.
check-ha:
	@tests/deps.sh $(build_packages) $(demo_packages) $(ha_host_packages)
	@$(submake) all $(sim)
	@BUILD=$(BUILD) $(PYTHON) tests/ha/run.py --folder $(BUILD)/ha --packages '$(ha_packages)' \
		--results $(results)/$@.json $(if $(HA_ARGS),--words='$(HA_ARGS)')

# Every stage of check runs, also behind one that failed; the last line sums them up.  The root
# of the virtual machine is made meanwhile; the machine itself runs alone, as its lines have times to keep.
# Whole systems wait more than they compute, and lints leave a processor idle: these run together.
check_stages := test lint+lint-kmod asan fuzz vm-$(KERNEL)
all_stages := $(check_stages) valgrind check-ha $(filter-out vm-$(KERNEL),$(vm_kernels:%=vm-%)) \
	$(subst $(space),+,$(strip $(systems:%=system-%)))

check: deps
	@rm -rf $(results)
	@$(PYTHON) tests/total.py --run '$(MAKE) --no-print-directory' --beside vm-root $(results) \
		$(check_stages)

check-all: check
	@$(PYTHON) tests/total.py --run '$(MAKE) --no-print-directory' $(results) $(all_stages)

# ---- install ----

# MODE:FILE:DESTINATION of all that is installed and uninstalled, but the configuration and the module.
to = $(foreach f,$(3),$(1):$(f):$(2)/$(notdir $(f)))
pages := $(wildcard man/*.[1-8])
installed = \
	$(call to,755,$(bindir),$(BUILD)/amshanctl) \
	$(call to,755,$(sbindir),$(BUILD)/amshand $(BUILD)/amshan-attach) \
	$(call to,644,$(unitdir),$(wildcard daemon/data/*.service)) \
	644:daemon/data/amshan.sysusers:$(sysusersdir)/amshan.conf \
	$(call to,644,$(udevdir)/rules.d,$(wildcard udev/*.rules)) \
	$(call to,644,$(hwdbdir),$(wildcard udev/*.hwdb)) \
	$(call to,644,$(dbuspolicydir),daemon/data/org.amshan.Amshan1.conf) \
	$(call to,644,$(dbusifacedir),$(wildcard daemon/data/dbus/*.xml)) \
	$(patsubst %,644:%:$(completiondir)/amshanctl,$(wildcard daemon/data/amshanctl.bash)) \
	$(call to,644,$(includedir)/linux,include/uapi/linux/amshan.h) \
	$(foreach f,$(pages),$(call to,644,$(mandir)/man$(subst .,,$(suffix $(f))),$(f)))
config := $(sysconfdir)/amshan/amshand.conf

# The tree has the paths of a package; in units, rules and pages they follow the variables.
follow = sed -e 's|/usr/sbin/amsh|$(sbindir)/amsh|g' -e 's|/usr/bin/amsh|$(bindir)/amsh|g' \
	-e 's|/usr/lib/udev/rules.d|$(udevdir)/rules.d|g' -e 's|/usr/lib/udev/hwdb.d|$(hwdbdir)|g' \
	-e 's|/usr/share/dbus-1/system.d|$(dbuspolicydir)|g' -e 's|/usr/share/dbus-1/interfaces|$(dbusifacedir)|g' \
	-e 's|/etc/amshan|$(sysconfdir)/amshan|g' $(if $(filter /etc,$(sysconfdir)),,-e '/^ConfigurationDirectory=/d')
each_installed = printf '%s\n' $(installed) | tr : ' ' | while read -r mode file place

install: all
	$(if $(DESTDIR),,@$(needs_root); $(no_package); $(add_user))
	@$(each_installed); do \
		echo "  INSTALL $(DESTDIR)$$place"; \
		$(INSTALL) -D -m $$mode $$file $(DESTDIR)$$place || exit 1; \
		case $$place in (*.service|*.rules|*/man?/*) $(follow) $$file >$(DESTDIR)$$place || exit 1;; esac; \
	done
	@test -e $(DESTDIR)$(config) || $(INSTALL) -D -m 644 daemon/data/amshand.conf $(DESTDIR)$(config)
	@$(MAKE) --no-print-directory $(if $(DESTDIR),dkms-source,install-live)

# The configuration is the user's and stays, as does what amshand has learned.
uninstall:
	$(if $(DESTDIR),,@$(needs_root); $(no_package))
	$(if $(DESTDIR),,@$(units_stop))
	@$(each_installed); do rm -f $(DESTDIR)$$place; done
	$(if $(DESTDIR),@rm -f $(DESTDIR)/etc/systemd/system/*.wants/amshand.service)
	@$(if $(DESTDIR),rm -rf $(DESTDIR)$(dkms_source),! command -v $(DKMS) >/dev/null || $(dkms_forget); \
		rm -rf $(dkms_source); $(tell_system); $(tell_adapters))
	@echo 'Still there, as they are yours: $(DESTDIR)$(sysconfdir)/amshan, $(DESTDIR)/var/lib/amshan, the' \
		'rules that "amshanctl enable" wrote in $(DESTDIR)/etc/udev/rules.d, and the user amshan.'

# Before the files that name it: the bus and udev look at these at once.
add_user = ! command -v systemd-sysusers >/dev/null || systemd-sysusers $(CURDIR)/daemon/data/amshan.sysusers

# Of this machine, each only where it is at hand: it may be a container, or a root that is being made.
has_systemd = test -d /run/systemd/system
units_stop = { ! command -v systemctl >/dev/null || systemctl -q disable amshand.service; \
	! $(has_systemd) || { systemctl stop amshand.service 'amshan-attach@*.service'; modprobe -q -r amshan; }; \
	} 2>/dev/null || true
# The hwdb has two places; where it is already is the right one.
tell_system = \
	! command -v systemd-hwdb >/dev/null || systemd-hwdb $$(test -e /etc/udev/hwdb.bin || echo --usr) update; \
	test ! -S /run/udev/control || udevadm control --reload; \
	test ! -S /run/dbus/system_bus_socket || busctl -q call org.freedesktop.DBus / org.freedesktop.DBus ReloadConfig; \
	! $(has_systemd) || systemctl daemon-reload
# What runs already takes the new version over, but a daemon that could not read the configuration.
restart = ! $(has_systemd) || { \
	if ! systemctl -q is-active amshand.service; then :; \
	elif CREDENTIALS_DIRECTORY=/run/credentials/amshand.service $(sbindir)/amshand --check-config; then \
		systemctl restart amshand.service || true; \
	else echo 'The old amshand goes on: mend the configuration, then systemctl restart amshand.'; fi; \
	systemctl try-restart 'amshan-attach@*.service'; }
load_module = ! $(has_systemd) || { test ! -d /sys/module/amshan || modprobe -q -r amshan || \
	echo 'The old module is in use: the new one is loaded when the machine starts anew.'; modprobe -q amshan || true; }
tell_adapters = test ! -S /run/udev/control || udevadm trigger --subsystem-match=tty

install-live:
	@$(tell_system)
	@if command -v $(DKMS) >/dev/null && test -d $(dkms_headers); then \
		$(MAKE) --no-print-directory dkms-install; \
	else \
		$(MAKE) --no-print-directory dkms-source; \
		echo 'Not built: the kernel module, for want of dkms or of the headers of kernel $(DKMS_KERNEL)' \
			'(Debian: apt install dkms linux-headers-$(DKMS_KERNEL); then make dkms-install).' \
			'All else works without it.'; \
	fi
	@$(restart)
	@$(tell_adapters)
	@echo 'Next: systemctl enable --now amshand; amshanctl adapters'

# The module, built by dkms for DKMS_KERNEL now and for later kernels when they are installed.
no_package = ! command -v dpkg-query >/dev/null || \
	! dpkg-query -W -f '$${db:Status-Status}\n' amshand amshan-dkms 2>/dev/null | grep -qx installed || { \
	echo 'It is installed as a package; before this: apt remove amshand amshan-dkms' >&2; exit 1; }
needs_root = test "$$(id -u)" = 0 || { echo 'Only root may do that: sudo make $@' >&2; exit 1; }
dkms_source = /usr/src/amshan-$(VERSION)
dkms_headers = /lib/modules/$(DKMS_KERNEL)/build
dkms_needs = $(needs_root); $(no_package); \
	command -v $(DKMS) >/dev/null || { echo 'dkms is missing (Debian: apt install dkms)' >&2; exit 1; }
# Of every version: two would be in the way of each other.
dkms_forget = $(DKMS) status -m amshan | sed -n 's|^amshan/\([^,: ]*\).*|\1|p' | sort -u | \
	while read -r v; do $(DKMS) remove -m amshan -v "$$v" --all && rm -rf "/usr/src/amshan-$$v"; done
module_files := dkms.conf kmod/Kbuild $(filter-out %.mod.c,$(wildcard kmod/*.[ch])) $(wildcard include/amshan/*.h \
	include/uapi/linux/*.h)

dkms-source:
	@rm -rf $(DESTDIR)$(dkms_source)
	@for f in $(module_files); do $(INSTALL) -D -m 644 $$f $(DESTDIR)$(dkms_source)/$$f || exit 1; done

dkms-install:
	@$(dkms_needs)
	@test -d $(dkms_headers) || { echo 'The headers of kernel $(DKMS_KERNEL) are' \
		'missing (Debian: apt install linux-headers-$(DKMS_KERNEL))' >&2; exit 1; }
	@$(dkms_forget)
	@$(MAKE) --no-print-directory dkms-source DESTDIR=
	$(DKMS) add -m amshan -v $(VERSION)
	$(DKMS) build -m amshan -v $(VERSION) -k $(DKMS_KERNEL)
	$(DKMS) install -m amshan -v $(VERSION) -k $(DKMS_KERNEL)
	@$(load_module)

dkms-remove:
	@$(dkms_needs)
	@$(dkms_forget)
	@rm -rf $(dkms_source)

# ---- packages ----

# What they are made of; tests are run here, not there.
deb_source := Makefile COPYING README.md dkms.conf daemon debian include kmod man udev
# No variable of this make reaches that one.
clean_env = env -i PATH="$$PATH" HOME="$$HOME" LC_ALL=C.UTF-8 \
	DEB_BUILD_OPTIONS="parallel=$(shell nproc) noautodbgsym"

deb:
	@tests/deps.sh $(build_packages) $(deb_packages)
	@rm -rf $(BUILD)/deb && mkdir -p $(BUILD)/deb/amshan
	@tar -c --exclude='*.o' --exclude='*.mod*' --exclude='.*.cmd' $(deb_source) | tar -x -C $(BUILD)/deb/amshan
	@# -d: what it needs was looked at above, and no compiler of C++ is among that.
	@cd $(BUILD)/deb/amshan && $(clean_env) dpkg-buildpackage -us -uc -b -d >../build.log 2>&1 || \
		{ tail -n 40 ../build.log; exit 1; }
	@rm -rf $(BUILD)/deb/amshan
	@ls $(BUILD)/deb/*.deb

clean:
	rm -rf $(BUILD)

help:
	@echo 'make            build amshand, amshanctl and amshan-attach in $(BUILD)/'
	@echo 'make demo       install what it needs, build, show three simulated meters'
	@echo 'make check      install what it needs, run all tests (some minutes)'
	@echo 'make test       the fast part of them'
	@echo 'make check-all  all there is, as the CI does'
	@echo 'make bench      speed and size; make bench-vm: of the kernel module, in a virtual machine'
	@echo 'make deb        Debian packages, in $(BUILD)/deb/'
	@echo 'make install    DESTDIR=, prefix=$(prefix), sysconfdir=$(sysconfdir); undone by uninstall'
	@echo 'make dkms-install, dkms-remove: the kernel module alone, for kernel DKMS_KERNEL=$(DKMS_KERNEL)'
	@echo 'make check-system  the packages in whole systems, in virtual machines'
	@echo 'make check-ha   with a real Home Assistant, which is installed below $(BUILD)/ha first'
	@echo 'make check-kasan  the tests of the module under a debugging kernel, which is built first'
	@echo 'make deps       only install the packages that all of it needs; build-deps: only those to build'
	@echo 'Parts of check: lint lint-kmod asan fuzz (fuzz_seconds=$(fuzz_seconds)) valgrind check-vm (KERNEL=$(KERNEL))'
	@echo 'Variables: BUILD= CC= CFLAGS= LDFLAGS= WERROR=1 V=1; JOBS=2 test programs at a time'

.PHONY: all everything vm-programs bench-build fuzz-build lint-build deps build-deps demo test lint lint-kmod asan \
	fuzz valgrind bench bench-vm check-vm $(vm_kernels:%=vm-%) vm-root check-kasan check-ha check-system $(systems:%=system-%) \
	check check-all install install-live uninstall dkms-source dkms-install dkms-remove deb clean help
.DELETE_ON_ERROR:
.SECONDARY:
