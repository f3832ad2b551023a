/* SPDX-License-Identifier: Apache-2.0 */
/* proc/perfmap.h
 *
 * Names of code that a process makes at run time: the text perf-PID.map ("start size name" in
 * hexadecimal, one a line; linux/tools/perf/Documentation/jit-interface.txt) and the binary jitdump
 * (jitdump-specification.txt). Both become ranges with a name and, from jitdump, lines.
 */
#ifndef SONDE_PROC_PERFMAP_H
#define SONDE_PROC_PERFMAP_H

#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/str.h"

struct err;

struct jit_line {
	uint64_t address;
	struct str file;
	uint32_t line;
};

struct jit_code {
	uint64_t start, end;
	uint64_t time_ns;	/* jitdump: when it came to be (CLOCK_MONOTONIC); 0 from a perf map */
	struct str name;
	struct jit_line *lines;	/* ascending; from JIT_CODE_DEBUG_INFO */
	uint32_t n_lines;
};

struct jit_map {
	struct jit_code *items;	/* by start, then time; later code may overlap earlier code */
	uint32_t n, cap;
	uint32_t bad_lines;	/* lines or records that could not be read and were skipped */
	struct arena arena;
};

/* /proc/PID/root/tmp/perf-NSPID.map, and the jitdump that the process has mapped (a mapping whose
 * base name is jit-*.dump). -ENOENT when there is neither. */
int jit_map_load(struct jit_map *map, pid_t pid, struct err *err);

int jit_map_parse_perf(struct jit_map *map, struct str text, struct err *err);
int jit_map_parse_jitdump(struct jit_map *map, struct str bytes, struct err *err);

/* The code that was at `address` at `time_ns` (0: the newest), or NULL. */
const struct jit_code *jit_map_find(const struct jit_map *map, uint64_t address, uint64_t time_ns);

void jit_map_fini(struct jit_map *map);

#endif
