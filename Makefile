# SPDX-License-Identifier: GPL-2.0
#
# amshan: build, test, install.  "make help" lists the targets.

VERSION := 0.1.0

BUILD ?= build
CC ?= cc
CLANG ?= clang
PYTHON ?= /usr/bin/python3
PKG_CONFIG ?= pkg-config
INSTALL ?= install
CFLAGS ?= -O2 -g
WERROR ?=

prefix ?= /usr/local
bindir ?= $(prefix)/bin
sbindir ?= $(prefix)/sbin
sysconfdir ?= /etc
unitdir ?= $(prefix)/lib/systemd/system
sysusersdir ?= $(prefix)/lib/sysusers.d
dbusifacedir ?= $(prefix)/share/dbus-1/interfaces
# The bus does not look for policies below /usr/local.
dbuspolicydir ?= $(if $(filter /usr,$(prefix)),/usr/share,$(sysconfdir))/dbus-1/system.d

# Debian packages: to build, to run the demo, to run all checks.
build_packages := gcc libc6-dev make pkg-config libsystemd-dev libmosquitto-dev libssl-dev \
	libconfuse-dev libjansson-dev libsmartcols-dev
demo_packages := python3 systemd dbus-daemon mosquitto mosquitto-clients
check_packages := libcmocka-dev python3-gi libglib2.0-bin openssl ser2net valgrind clang \
	libclang-rt-dev cppcheck sparse shellcheck

# Q keeps the output short; V=1 shows the commands.
ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-7s %s\n'
endif

PACKAGES := libsystemd libmosquitto openssl libconfuse jansson smartcols

# pkg-config is asked once, and only when something is compiled: "make deps" may have to install it.
pkg_cflags = $(eval pkg_cflags := $(shell $(PKG_CONFIG) --cflags $(PACKAGES)))$(pkg_cflags)
pkg_libs = $(eval pkg_libs := $(shell $(PKG_CONFIG) --libs $(PACKAGES)))$(pkg_libs)

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wvla -Wundef -Wformat=2 -Wwrite-strings -Wno-unused-parameter -Wno-missing-field-initializers
ifneq ($(WERROR),)
WARNINGS += -Werror
endif

all_cflags = -std=gnu11 -D_GNU_SOURCE -DAMSHAN_VERSION='"$(VERSION)"' -Iinclude -Idaemon $(WARNINGS) \
	-fno-strict-aliasing -fstack-protector-strong $(SANITIZE) $(pkg_cflags) $(CPPFLAGS) $(CFLAGS)
all_ldflags = -Wl,--as-needed $(SANITIZE) $(LDFLAGS)

# The core is pure: octets to readings.  Everything else needs the libraries.
core_src := kmod/crc16.c kmod/framer.c $(wildcard daemon/link/*.c daemon/dlms/*.c daemon/meter/*.c)
lib_src := $(filter-out daemon/main.c,$(wildcard daemon/*.c)) \
	$(wildcard daemon/source/*.c daemon/output/*.c daemon/mqtt/*.c)
ctl_src := $(wildcard daemon/ctl/*.c)
sim_src := $(wildcard tests/sim/*.c)
unit_src := $(wildcard tests/unit/test_*.c)
fuzz_src := $(wildcard tests/fuzz/fuzz_*.c)
bench_src := $(wildcard tests/bench/bench_*.c)

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

programs := $(BUILD)/amshand $(BUILD)/amshanctl
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

# The simulator has an encoder of its own and shares nothing with the daemon.
$(BUILD)/tests/libsim.a: $(call obj,$(filter-out tests/sim/main.c,$(sim_src)))
	$(Q)mkdir -p $(@D) && rm -f $@ && $(AR) rcs $@ $^

$(sim): $(call obj,tests/sim/main.c) $(BUILD)/tests/libsim.a
	$(say) LD $@
	$(Q)$(CC) $(all_ldflags) -o $@ $^ -lm

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

everything: all $(sim) $(unit_tests)
bench-build: all $(sim) $(benches)
fuzz-build: $(fuzzers)
lint-build: everything bench-build $(call obj,$(fuzz_src))

deps:
	@tests/deps.sh $(build_packages) $(demo_packages) $(check_packages)

demo:
	@tests/deps.sh $(build_packages) $(demo_packages)
	@$(submake) all $(sim)
	@BUILD=$(BUILD) $(PYTHON) tests/demo.py

test:
	@$(submake) everything
	@$(run_tests) --unit --integration --results $(results)/test.json

lint:
	@BUILD=$(BUILD) MAKE='$(submake)' $(PYTHON) tests/lint.py --results $(results)/lint.json

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

# Every stage of check runs, also behind one that failed; the last line sums them up.
check_stages := test lint asan fuzz
all_stages := $(check_stages) valgrind

check: deps
	@rm -rf $(results)
	@$(PYTHON) tests/total.py --run '$(MAKE) --no-print-directory' $(results) $(check_stages)

check-all: check
	@$(PYTHON) tests/total.py --run '$(MAKE) --no-print-directory' $(results) $(all_stages)

# ---- install ----

files_bin := $(DESTDIR)$(bindir)/amshanctl
files_sbin := $(DESTDIR)$(sbindir)/amshand
unit := $(DESTDIR)$(unitdir)/amshand.service
sysusers := $(DESTDIR)$(sysusersdir)/amshan.conf
policy := $(DESTDIR)$(dbuspolicydir)/org.amshan.Amshan1.conf
ifaces := $(notdir $(wildcard daemon/data/dbus/*.xml))
config := $(DESTDIR)$(sysconfdir)/amshan/amshand.conf

install: all
	$(INSTALL) -D -m 755 $(BUILD)/amshanctl $(files_bin)
	$(INSTALL) -D -m 755 $(BUILD)/amshand $(files_sbin)
	$(INSTALL) -D -m 644 daemon/data/amshand.service $(unit)
	sed -i -e 's|/usr/sbin/|$(sbindir)/|g' -e 's|/etc/amshan|$(sysconfdir)/amshan|g' $(unit)
	$(INSTALL) -D -m 644 daemon/data/amshan.sysusers $(sysusers)
	$(INSTALL) -D -m 644 daemon/data/org.amshan.Amshan1.conf $(policy)
	$(foreach f,$(ifaces),$(INSTALL) -D -m 644 daemon/data/dbus/$(f) $(DESTDIR)$(dbusifacedir)/$(f) &&) :
	test -e $(config) || $(INSTALL) -D -m 644 daemon/data/amshand.conf $(config)
	$(if $(DESTDIR),,@echo 'Next: systemd-sysusers; systemctl daemon-reload; systemctl reload dbus; edit $(config); systemctl enable --now amshand')

# The configuration is the user's and stays.
uninstall:
	rm -f $(files_bin) $(files_sbin) $(unit) $(sysusers) $(policy) \
		$(addprefix $(DESTDIR)$(dbusifacedir)/,$(ifaces))

clean:
	rm -rf $(BUILD)

help:
	@echo 'make            build amshand and amshanctl in $(BUILD)/'
	@echo 'make demo       install what it needs, build, show three simulated meters'
	@echo 'make check      install what it needs, run all tests (some minutes)'
	@echo 'make test       the fast part of them'
	@echo 'make check-all  all there is, as the CI does'
	@echo 'make bench      speed and size'
	@echo 'make install    DESTDIR=, prefix=$(prefix), sysconfdir=$(sysconfdir); undone by uninstall'
	@echo 'make deps       only install the packages'
	@echo 'Parts of check: lint asan fuzz (fuzz_seconds=$(fuzz_seconds)) valgrind'
	@echo 'Variables: BUILD= CC= CFLAGS= LDFLAGS= WERROR=1 V=1; JOBS=4 test programs at a time'

.PHONY: all everything bench-build fuzz-build lint-build deps demo test lint asan fuzz valgrind bench \
	check check-all install uninstall clean help
.DELETE_ON_ERROR:
.SECONDARY:
