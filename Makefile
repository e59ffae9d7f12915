# Metergate: build, checks, demo. `make help` lists the targets.
# One static library a floor (see README.md, "Where things are"); programs land in $(BUILD)/.
#
# BUILD=DIR   where to build (build)
# SAN=1       with AddressSanitizer and UndefinedBehaviourSanitizer, as `make check` does in $(BUILD)/asan
# COV=1       with coverage counters
# V=1         print whole commands

BUILD   ?= build
CC      ?= gcc
VERSION := $(shell cat packaging/VERSION)
PKGS    := libevent_core libevent_extra libevent_openssl evhtp lmdb libcurl openssl msgpack libmodbus jansson libzstd
MAKEFLAGS += --no-builtin-rules --no-print-directory
Q := $(if $(V),,@)
say = $(if $(V),,@echo "  $(1)  $@")

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes \
        -Wpointer-arith -Wwrite-strings -Wvla -Wformat=2 -Wundef -Wswitch-enum -Wimplicit-fallthrough -Werror
CPPFLAGS += -I. -I$(BUILD)/gen -D_GNU_SOURCE -DMETERGATE_VERSION='"$(VERSION)"'
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null | sed 's/-I/-isystem /g')
PKG_LIBS   := -levent_core -levent_extra -levent_openssl -levhtp -llmdb -lcurl -lssl -lcrypto -lmsgpackc -lmodbus \
              -ljansson -lzstd -lz -lcsv -lm

ifdef SAN
  CFLAGS ?= -O1 -g -fno-omit-frame-pointer
  HARD   := -fsanitize=address,undefined -fno-sanitize-recover=undefined
  LDHARD := -fsanitize=address,undefined
else ifdef COV
  CFLAGS ?= -O0 -g
  HARD   := --coverage
  LDHARD := --coverage
else
  CFLAGS ?= -O2 -g
  HARD   := -fPIE -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fstack-clash-protection -fcf-protection
  LDHARD := -pie -Wl,--as-needed -Wl,-z,relro,-z,now -Wl,-z,noexecstack
endif
ALL_CFLAGS = -std=c11 $(WARN) $(CFLAGS) $(HARD) $(PKG_CFLAGS) $(CPPFLAGS) -MMD -MP

# --- sources by floor ---
SRC_base     := $(wildcard core/base/*.c)
SRC_core     := $(filter-out core/main%,$(wildcard core/*.c))
SRC_main     := $(wildcard core/main*.c)
SRC_codec    := $(wildcard protocols/codec/*.c protocols/codec/*/*.c)
SRC_io       := $(wildcard io/*.c)
SRC_store    := $(wildcard store/*.c)
SRC_services := $(filter-out %_main.c,$(wildcard protocols/*.c))
SRC_reports  := $(wildcard reports/*.c)
SRC_sim      := $(filter-out %_main.c,$(wildcard tests/sim/*.c))
SRC_testlib  := $(wildcard tests/lib/*.c)
FLOORS       := base core codec io store services reports sim testlib

objs = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
libs = $(foreach f,$(1),$(BUILD)/lib$(f).a)

# What each folder of tests/unit may link: its own floor and those below.
LINK_base      := base
LINK_core      := core base
LINK_codec     := codec core base
LINK_io        := io core base
LINK_store     := store core base
LINK_protocols := services store io codec core base webui
LINK_reports   := reports store io codec core base
LINK_sim       := sim io codec core base
LINK_fuzz      := services reports store io codec core base webui

PROGRAMS := $(BUILD)/metergated $(BUILD)/mbus-decode $(BUILD)/mbus-sim
UNIT_SRC := $(wildcard tests/unit/*/test_*.c)
UNITS    := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT_SRC))
FUZZ_SRC := $(wildcard fuzz/fuzz_*.c)
REPLAYS  := $(patsubst fuzz/%.c,$(BUILD)/replay/%,$(FUZZ_SRC))
BENCHES  := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(wildcard tests/bench/bench_*.c))

.PHONY: all help programs unit replay it webui-test check demo bench fuzz asan coverage install floors pure headers lint analyze format clean
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BUILD)/.packages programs

help:
	@sed -n 's/^#: //p' Makefile

#: make              build the programs into build/
#: make demo         run the gateway on twelve simulated meters, with a page to open
#: make check        all checks: house rules, unit tests, fuzz replay, end-to-end tests
#: make bench        measure; BENCH=name,name for a part, BENCH_SEED=n for other data
#: make fuzz         fuzz every parser with libFuzzer, FUZZ_SECONDS each (20)
#: make asan         the programs with sanitizers, into build/asan
#: make coverage     line coverage of the unit tests, into build/coverage
#: make lint         clang-format, clang-tidy, cppcheck
#: make analyze      clang's path-sensitive analyzer over the product (minutes)
#: make floors pure headers   who may include whom; codecs without I/O; headers alone
#: make install DESTDIR=  programs, man pages, unit file
#: make clean

programs: $(PROGRAMS)

# Packages are looked for once; packaging/setup.sh says or does what is missing.
$(BUILD)/.packages: packaging/setup.sh
	@packaging/setup.sh build
	@mkdir -p $(@D) && touch $@

$(BUILD)/obj/%.o: %.c | $(BUILD)/.packages
	@mkdir -p $(@D)
	$(call say,CC )
	$(Q)$(CC) $(ALL_CFLAGS) -c $< -o $@

$(BUILD)/obj/gen/%.o: $(BUILD)/gen/%.c
	@mkdir -p $(@D)
	$(call say,CC )
	$(Q)$(CC) $(ALL_CFLAGS) -c $< -o $@

define FLOOR_LIB
$(BUILD)/lib$(1).a: $$(call objs,$$(SRC_$(1)))
	$$(call say,AR )
	@rm -f $$@
	$$(Q)$(AR) rcs $$@ $$^
endef
$(foreach f,$(FLOORS),$(eval $(call FLOOR_LIB,$(f))))

# --- the web application: built once, also for the sanitizer build ---
WEBUI_C   ?= $(BUILD)/gen/webui_files.c
WEBUI_SRC := $(shell find webui -type f -not -path 'webui/node_modules/*' -not -path 'webui/dist/*' 2>/dev/null)
$(BUILD)/gen/webui_files.c: $(WEBUI_SRC)
	@mkdir -p $(@D)
	webui/build.sh $@
$(BUILD)/libwebui.a: $(BUILD)/obj/gen/webui_files.o
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

define link
$(call say,LD )
$(Q)$(CC) $(CFLAGS) $(HARD) $(LDHARD) $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(PKG_LIBS)
endef

$(BUILD)/metergated: $(call objs,$(SRC_main)) $(call libs,services reports store io codec core base webui)
	$(link)
$(BUILD)/mbus-decode: $(BUILD)/obj/protocols/mbus_decode_main.o $(call libs,codec core base)
	$(link)
$(BUILD)/mbus-sim: $(BUILD)/obj/tests/sim/sim_main.o $(call libs,sim io codec core base)
	$(link)
$(BUILD)/demo-history: $(BUILD)/obj/tests/demo/make_history.o $(call libs,sim store io codec core base)
	$(link)

# --- unit tests: tests/unit/FLOOR/test_X.c ---
define UNIT_RULE
$(BUILD)/unit/$(1)/%: $(BUILD)/obj/tests/unit/$(1)/%.o $(call libs,testlib $(LINK_$(1)))
	@mkdir -p $$(@D)
	$$(link) -lcmocka
endef
$(foreach f,base core codec io store protocols reports sim,$(eval $(call UNIT_RULE,$(f))))

# T=test_frame runs one
unit: $(if $(T),$(filter %/$(T),$(UNITS)),$(UNITS))
	@tests/house/run_units.sh $^

$(BUILD)/replay/%: $(BUILD)/obj/fuzz/%.o $(BUILD)/obj/fuzz/replay.o $(call libs,$(LINK_fuzz))
	@mkdir -p $(@D)
	$(link)
replay: $(REPLAYS)
	@tests/house/run_replays.sh $^

$(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o $(call libs,$(LINK_fuzz))
	@mkdir -p $(@D)
	$(link)
bench: programs $(BENCHES)
	@BUILD=$(BUILD) tests/bench/run.py

fuzz:
	@BUILD=$(BUILD) fuzz/run.sh

asan:
	$(MAKE) BUILD=$(BUILD)/asan SAN=1 programs

# --- house rules ---
floors:
	@tests/house/floors.py
pure: $(call libs,codec core base)
	@tests/house/pure.sh $^
headers:
	@CC="$(CC)" FLAGS="-std=c11 $(WARN) $(PKG_CFLAGS) $(CPPFLAGS)" tests/house/headers.sh
lint:
	@CC="$(CC)" FLAGS="-std=c11 $(PKG_CFLAGS) $(CPPFLAGS)" BUILD=$(BUILD) tests/house/lint.sh
analyze:
	@FLAGS="-std=c11 $(PKG_CFLAGS) $(CPPFLAGS)" tests/house/analyze.sh
format:
	@git ls-files '*.c' '*.h' | xargs clang-format -i

it: programs asan $(BUILD)/demo-history
	@BUILD=$(BUILD) tests/it/run.sh

check:
	@packaging/setup.sh test
	@BUILD=$(BUILD) MAKE="$(MAKE)" tests/house/check.sh

demo:
	@packaging/setup.sh run
	@$(MAKE) all $(BUILD)/demo-history
	@BUILD=$(BUILD) tests/demo/demo.py

coverage:
	@BUILD=$(BUILD) MAKE="$(MAKE)" tests/house/coverage.sh

DESTDIR ?=
PREFIX  ?= /usr
install: programs
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/bin $(PROGRAMS)
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 packaging/man/*.1
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man8 packaging/man/*.8
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/lib/systemd/system packaging/metergate.service
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/metergate README.md CHANGELOG.md packaging/metergate.conf.example

clean:
	rm -rf $(BUILD) webui/dist

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
