/* SPDX-License-Identifier: Apache-2.0 */
/* format/perfdata_code.h
 *
 * From the addresses and copied stacks of samples to frames of the profile.
 *
 *   address in a space --> map --> file --> frame
 *
 * Frames have no function here (a name comes afterwards, from the files), but for code that the recording
 * itself names: BPF programs. What a frame's address is depends on what is known:
 *
 *   the aid has the very file       vaddr; the module has its build id and no mapping
 *   it has not                      offset in the file; the module has a mapping whose start is its offset
 *   run-time code                   as it ran; the module is /tmp/perf-PID.map, as perf calls it
 *   kernel                          as it ran; the module is [kernel], with its build id, or [MODULE]
 *
 * 1 is taken from return addresses.
 */
#ifndef SONDE_FORMAT_PERFDATA_CODE_H
#define SONDE_FORMAT_PERFDATA_CODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/str.h"
#include "format/code_aid.h"

struct perfdata_event;
struct perfdata_head;
struct perfdata_sample;
struct perfdata_space;
struct profile;

#define PERFDATA_FILES_MAX (1u << 20)

/* What code was mapped from, as its record says. */
struct perfdata_mapped {
	uint32_t pid;		/* PERFDATA_KERNEL_PID: in the kernel */
	struct str path;
	struct str build_id;	/* raw; empty where the record has none */
	uint64_t inode;		/* 0: none either */
	bool bpf;		/* a BPF program of the name `path` */
};

#define PERFDATA_KERNEL_PID UINT32_MAX

struct perfdata_file;
struct perfdata_memo;

struct perfdata_code {
	struct profile *profile;	/* borrowed, like head and aid */
	const struct perfdata_head *head;
	const struct code_aid *aid;	/* NULL: none */
	void *state;			/* the aid's */
	uint64_t recorded_ns;		/* when the recording was written; 0: not known */
	struct perfdata_file *files;
	uint32_t n_files, cap_files;
	struct idindex file_index;
	struct perfdata_memo *memo;
	struct code_kernel kernel;
	struct arena kept;		/* what records say of it, which may have been unpacked and are not there for long */
	bool kernel_asked, kernel_runs_here;
	bool kernel_expected;	/* it has been said that its names are */
	uint32_t kernel_module, unknown_frame;
	struct buf frames;		/* of the last stack: uint32_t, innermost first */
	bool failed;			/* out of memory */
};

/* 0 or -ENOMEM; perfdata_code_fini() either way. */
int perfdata_code_init(struct perfdata_code *code, struct profile *profile,
		       const struct perfdata_head *head, const struct code_aid *aid);
void perfdata_code_fini(struct perfdata_code *code);

/* The number of what was mapped, for a code_map. 0: out of memory, or there are too many. */
uint32_t perfdata_code_file(struct perfdata_code *code, const struct perfdata_mapped *mapped);

/* The kernel's own mapping, which tells where its function `symbol` was. */
void perfdata_code_set_kernel(struct perfdata_code *code, struct str symbol, uint64_t address);

/* The frame of an address; `space` is NULL where nothing is mapped. */
uint32_t perfdata_code_frame(struct perfdata_code *code, struct perfdata_space *space, bool in_kernel,
			     uint64_t address);

/* Whether the module is a file that the aid has; then that one's build id, raw, lent. */
bool perfdata_code_has_file(const struct perfdata_code *code, uint32_t module, struct str *ret_build_id);

/* Says what will be named, as far as frames have been made. */
void perfdata_code_expect(struct perfdata_code *code);

/* A function of that name. */
uint32_t perfdata_code_function(struct perfdata_code *code, struct str name);

/* Whether it is this machine's kernel, as far as the aid can tell; our own vDSO is its processes' too. */
bool perfdata_code_kernel(struct perfdata_code *code);

/* Has the aid find what is mapped there, once. */
void perfdata_code_ask(struct perfdata_code *code, struct code_map *map);

/* The frames of a sample's stack, in code->frames. `misc` is its record's, `kernel` and `space` (NULL: none)
 * are what was mapped then. */
void perfdata_code_stack(struct perfdata_code *code, const struct perfdata_event *event,
			 const struct perfdata_sample *sample, uint16_t misc,
			 struct perfdata_space *kernel, struct perfdata_space *space);

/* The two frames of a jump in code->frames: where to, below it where from. */
void perfdata_code_jump(struct perfdata_code *code, uint64_t from, uint64_t to,
			struct perfdata_space *kernel, struct perfdata_space *space);

#endif
