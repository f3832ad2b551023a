/* SPDX-License-Identifier: Apache-2.0 */
/* collect/processes.h
 *
 * The processes we follow and what code each has where.
 *
 *   process (pid) --> space: its executable mappings, sorted --> images
 *
 * A space is shared by a parent and its forked children until one of them maps something. It changes
 * only by events in the order of time, so that a sample is resolved against what its process had
 * mapped at its time. Changes are handed to the kernel half by processes_publish() (processes_publish.c; the
 * rest is processes.c).
 */
#ifndef SONDE_COLLECT_PROCESSES_H
#define SONDE_COLLECT_PROCESSES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/hash.h"
#include "collect/images.h"
#include "collect/kernel.h"
#include "collect/space.h"

struct err;
struct process_event;

/* Addresses that meant one file at one reading of the mappings and another at the next. */
#define PROCESS_DOUBTS 8u

struct process_doubt {
	uint64_t start, end;
};

struct process {
	pid_t pid;
	char name[16];
	struct space *space;
	uint64_t doubted_ns;	/* when its runtime was last laid out again */
	uint32_t told_space;	/* the id of the space whose runtime the tracer was told of */
	uint32_t incarnation;	/* new with every program and process: what is known of its memory
				 * ends with it */
	uint64_t awaited_ns;	/* since when its runtime's layout is not known */
	bool awaits_runtime;	/* the kernel half was told so */
	bool dirty;		/* its space is not the one that the kernel knows */
	bool exited;		/* its first thread has */
	uint64_t exited_ns;
	bool misses_known;	/* addresses outside its mappings were looked for, in vain; ... */
	uint64_t missed_ns;	/* ... since when there were others, 0: none yet; ... */
	uint64_t miss_again_ns;	/* ... how long those wait */
	bool scanned;		/* its /proc/PID/maps has been read */
	struct process_doubt doubts[PROCESS_DOUBTS];	/* for samples up to doubt_ns */
	uint32_t n_doubts;
	uint64_t doubt_ns;
};

struct processes {
	struct process *items;
	uint32_t n, cap;
	struct idindex index;		/* pid -> newest item + 1 */
	struct images *images;		/* borrowed */
	struct kernel *kernel;		/* borrowed; NULL: nobody to publish to */
	bool all;			/* follow every process, not only known ones and their children */
	bool eager;			/* want rows of a file as soon as it is mapped */
	uint32_t *wanted;		/* images whose rows are wanted and not built */
	uint32_t n_wanted, cap_wanted;
	uint32_t next_space, next_incarnation;
	int broken;			/* -errno when the kernel half could not be told what it must know */
	uint64_t lost;			/* side-band records the kernel could not deliver */
	uint64_t applied;		/* those that were about one of our processes */
};

void processes_init(struct processes *processes, struct images *images, struct kernel *kernel,
		    bool all, bool eager);
void processes_fini(struct processes *processes);

/* The process of that pid, read from /proc when it is not known yet; an empty one when it has gone.
 * NULL when out of memory. The pointer lives until the next call. */
struct process *processes_get(struct processes *processes, pid_t pid);

/* The same, without reading anything; NULL when unknown. */
struct process *processes_find(const struct processes *processes, pid_t pid);

/* Takes one side-band event into account. */
int processes_apply(struct processes *processes, const struct process_event *event);

/* Reads /proc/PID/maps again (an address was in no mapping). True when something new was found. */
bool processes_rescan(struct processes *processes, struct process *process);

/* A walk in the kernel half met an address that is in no mapping, when they are believed to be known: now and
 * then they are looked for again, since what a run-time compiler makes executable only later (mprotect) is
 * told by no event. */
void processes_missed(struct process *process, uint64_t now_ns);

/* Takes executable lines of /proc/PID/maps, read at until_ns, for what the process has mapped (where
 * nobody tells of an mmap: the third tier). Where they contradict what was known before, samples that are
 * not younger may mean either: processes_doubtful(). */
int processes_remap(struct processes *processes, pid_t pid, struct str text, uint64_t until_ns);

/* Whether an address of a sample cannot be told for that reason. */
bool processes_doubtful(const struct process *process, uint64_t address, uint64_t time_ns);

/* The language runtimes (RUNTIME_BIT) that a process has mapped, or (path not empty) that a program will
 * have. Only looks. */
uint32_t processes_runtime_kinds(struct processes *processes, pid_t pid, struct str path);

/* Wants the rows of a file that will be run, and of the libraries that we share with it most likely (our
 * own), before any process maps them: its first stacks then need not be copied. */
void processes_preload(struct processes *processes, struct str path);

/* What the file tells of the runtime that the process has mapped, whether its layout is known yet or not;
 * NULL: it has none. The images'. */
static inline const struct runtime_file *process_runtime_file(const struct images *images,
							      const struct process *process)
{
	return process->space ? images_get(images, process->space->runtime_image)->runtime : NULL;
}

/* The layout of the runtime in the process's space; NULL when there is none, or none that is known. */
const struct walk_runtime *processes_runtime(struct processes *processes, struct process *process);

/* The walk met an interpreter's loop and found no state for the thread: the runtime may have been laid out
 * before it ran, and is laid out again (now and then). */
void processes_doubt_runtime(struct processes *processes, struct process *process);

/* Builds wanted rows and tells the kernel half of all that changed. */
int processes_publish(struct processes *processes);

/* Asks for an image's rows at the next publish. */
void processes_want_rows(struct processes *processes, uint32_t image);

/* Builds an image's rows now, for a walk on the host; the kernel half gets them at the next publish, with
 * others (each batch waits for every CPU). False when it can have none. */
bool processes_have_rows(struct processes *processes, uint32_t image);

#endif
