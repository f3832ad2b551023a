# SPDX-License-Identifier: Apache-2.0
# make            build/sonde            make check   everything ./check runs, without installing packages
# make bench      side by side with peers make fuzz    longer fuzzing (FUZZ_SECONDS=600), V=1 shows commands
# make install    DESTDIR= PREFIX=/usr/local
# Everything built goes into build/: rel/ (release), san/ (ASan+UBSan, for tests), fuz/ (libFuzzer).

PREFIX ?= /usr/local
CC ?= gcc
CLANG ?= clang
# Ubuntu's /usr/sbin/bpftool is a script that refuses any kernel but its own: the real one first.
BPFTOOL ?= $(firstword $(wildcard /usr/lib/linux-tools*/*/bpftool /usr/sbin/bpftool) bpftool)
FUZZ_SECONDS ?= 5
VERSION := 0.1.0
Q := $(if $(V),,@)

# Rooms in the order in which they may know each other; tools/includes.py holds the table itself.
ROOMS := base abi model format analyze render elf proc unwind walk runtime symbol collect session cli
need_base :=
need_model := base
need_format := model base
need_analyze := model base
need_render := analyze model base
need_elf := base
need_proc := base
need_unwind := elf base
need_walk := base
need_runtime := elf proc base
need_symbol := runtime model elf proc base
need_collect := runtime proc unwind walk elf base
need_session := collect symbol $(need_symbol) $(need_collect)
need_cli := session format render $(need_render) $(need_session)

# Who only installs says WERROR= : a compiler of tomorrow warns of what none of today does.
WERROR := -Werror
CFLAGS_ALL := -std=gnu17 -D_GNU_SOURCE -DSONDE_VERSION='"$(VERSION)"' -O2 -g -Wall -Wextra $(WERROR) \
	-Isrc -Ibuild/gen -MMD -MP $(CFLAGS)
LIBS := -lbpf -lelf -ldeflate -lzstd -lz -liberty -lpthread -lm
SAN := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

# $(call objects,VARIANT,ROOM): the objects of a room, without tests, fuzzers and main.
sources = $(filter-out %_test.c %_fuzz.c %/main.c,$(wildcard src/$(1)/*.c src/$(1)/*/*.c))
objects = $(patsubst src/%.c,build/$(1)/%.o,$(call sources,$(2)))
closure = $(foreach r,$(sort $(1) $(need_$(1))),$(call objects,$(2),$(r)))
room = $(firstword $(subst /, ,$(1)))

TESTS := $(patsubst src/%_test.c,build/test/%,$(wildcard src/*/*_test.c src/*/*/*_test.c))
FUZZERS := $(patsubst src/%_fuzz.c,build/fuzz/%,$(wildcard src/*/*_fuzz.c src/*/*/*_fuzz.c))
BPF := $(patsubst src/bpf/%.bpf.c,build/gen/%.skel.h,$(wildcard src/bpf/*.bpf.c))

.PHONY: all test check bench fuzz includes install clean
.SECONDEXPANSION:
.SECONDARY:
.DELETE_ON_ERROR:

all: build/sonde

build/sonde: build/rel/cli/main.o $(sort $(foreach r,cli $(need_cli),$(call objects,rel,$(r))))
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS) $^ $(LIBS) -o $@

# Where a pass over megabytes is all there is to do, measured: docs/figures.md.
build/rel/unwind/%.o build/rel/elf/%.o build/rel/format/%.o build/rel/model/%.o: CFLAGS_ALL += -O3

build/rel/%.o: src/%.c | $(BPF)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -c $< -o $@

build/san/%.o: src/%.c | $(BPF)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -O1 $(SAN) -c $< -o $@

build/fuz/%.o: src/%.c | $(BPF)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(CFLAGS_ALL) -O1 $(SAN) -fsanitize=fuzzer-no-link -c $< -o $@

# The page's files are copied in by the assembler, which no .d file tells of.
build/rel/render/web_files.o build/san/render/web_files.o build/fuz/render/web_files.o: $(wildcard src/web/*)
build/rel/render/svg_page.o build/san/render/svg_page.o build/fuz/render/svg_page.o: src/render/svg.js src/render/svg.css

build/bpf/%.bpf.o: src/bpf/%.bpf.c $(wildcard src/bpf/*.h src/walk/*.h src/abi/*.h)
	@mkdir -p $(@D)
	$(Q)$(CLANG) -target bpf -O2 -g -Wall -Wextra $(WERROR) -Wno-unused-parameter -idirafter /usr/include/$(shell $(CC) -print-multiarch) -Isrc -c $< -o $@

build/gen/%.skel.h: build/bpf/%.bpf.o
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name $(subst .,_,$*) > $@

# A test or fuzzer of room R links the objects of R and of the rooms it may know, and nothing else.
build/test/%: build/san/%_test.o $$(call closure,$$(call room,$$*),san)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SAN) $^ $(LIBS) -lcmocka -o $@

build/fuzz/%: build/fuz/%_fuzz.o $$(call closure,$$(call room,$$*),fuz)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(SAN) -fsanitize=fuzzer $^ $(LIBS) -o $@

test: $(TESTS)
	@tools/run-tests $(TESTS)

includes:
	@tools/includes.py

fuzz: $(FUZZERS)
	@tools/run-fuzzers $(FUZZ_SECONDS) $(FUZZERS)

check: all $(TESTS) $(FUZZERS)
	@tools/check $(FUZZ_SECONDS) $(TESTS) $(FUZZERS)

bench: all
	@bench/run

install: all
	install -D -m 755 build/sonde $(DESTDIR)$(PREFIX)/bin/sonde
	build/sonde man > build/sonde.1
	install -D -m 644 build/sonde.1 $(DESTDIR)$(PREFIX)/share/man/man1/sonde.1
	build/sonde completion bash > build/sonde.bash
	install -D -m 644 build/sonde.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/sonde

clean:
	rm -rf build

-include $(shell find build -name '*.d' 2>/dev/null)
