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
struct perf_home;

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
	uint32_t order;		/* of being told: of two at one time, the later holds */
};

struct jit_map {
	struct jit_code *items;	/* by start, time, order; later code may overlap earlier code */
	uint32_t n, cap;
	uint64_t *reach;	/* the highest end in the half of items around i (see jitmap.c) */
	uint32_t bad_lines;	/* lines or records that could not be read and were skipped */
	struct arena arena;
};

/* /proc/PID/root/tmp/perf-NSPID.map (or /tmp/perf-PID.map of a process that has ended), and the
 * jitdump that the process has mapped (a mapping whose base name is jit-*.dump). -ENOENT when there
 * is neither. Which maps are believed says proc/perfhome.h. What can be read of the two is kept when
 * the other is bad. */
int jit_map_load(struct jit_map *map, pid_t pid, struct err *err);

/* The perf map of a process that has ended, by what was taken while it lived. -ENOENT when there is
 * none to believe. */
int jit_map_load_perf(struct jit_map *map, const struct perf_home *home, struct err *err);

/* The jitdump at `path`, for a process that has ended: its mapping told the path. */
int jit_map_load_jitdump(struct jit_map *map, const char *path, struct err *err);

/* Both add to what the map holds; {0} is an empty one. Names are copied. A last line without its
 * line feed, or a last record that is cut short, is still being written and no error. -EBADMSG: this
 * is no jitdump at all; -ENOMEM. */
int jit_map_parse_perf(struct jit_map *map, struct str text, struct err *err);
int jit_map_parse_jitdump(struct jit_map *map, struct str bytes, struct err *err);

/* The code that was at `address` at `time_ns` (0: the newest), or NULL. */
const struct jit_code *jit_map_find(const struct jit_map *map, uint64_t address, uint64_t time_ns);

void jit_map_fini(struct jit_map *map);

#endif
