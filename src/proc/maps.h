/* SPDX-License-Identifier: Apache-2.0 */
/* proc/maps.h - the mappings of a process, from /proc/PID/maps. */
#ifndef SONDE_PROC_MAPS_H
#define SONDE_PROC_MAPS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/str.h"

struct err;

struct proc_map {
	uint64_t start, end;	/* live addresses */
	uint64_t off;		/* in the file, of start */
	uint32_t dev_major, dev_minor;
	uint64_t inode;		/* 0: not a file */
	bool readable, writable, executable, shared;
	bool deleted;		/* the file has gone from its name since */
	struct str path;	/* "/usr/lib/x.so", "[vdso]", "" (anonymous), "//anon", "/memfd:jit";
				 * without " (deleted)"; octal escapes undone */
};

struct proc_maps {
	struct proc_map *items;	/* ascending, not overlapping */
	uint32_t n, cap;
	struct arena arena;	/* paths */
};

/* 0; -ESRCH (no such process), -EACCES, ... A process whose main thread has exited is read through
 * another thread. */
int proc_maps_read(struct proc_maps *maps, pid_t pid, struct err *err);

/* The same from text, for tests and fuzzing. -EBADMSG names the line. */
int proc_maps_parse(struct proc_maps *maps, struct str text, struct err *err);

void proc_maps_fini(struct proc_maps *maps);

/* The mapping that holds address, or NULL. */
const struct proc_map *proc_maps_find(const struct proc_maps *maps, uint64_t address);

#endif
