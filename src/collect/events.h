/* SPDX-License-Identifier: Apache-2.0 */
/* collect/events.h
 *
 * What processes do to themselves while we record: map code, become another program, fork, exit.
 *
 * One dummy perf event on each CPU writes side-band records (perf_event_open(2): MMAP2 with build id,
 * COMM, FORK, EXIT, LOST) into a ring of its own; events_drain() reads them all into one queue in the
 * order of time (CLOCK_MONOTONIC, the samples' clock). The queue's memory is the events' own.
 * Threads: one.
 */
#ifndef SONDE_COLLECT_EVENTS_H
#define SONDE_COLLECT_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

struct err;

enum process_event_kind {
	PROCESS_MAPPED, PROCESS_RENAMED, PROCESS_EXECED, PROCESS_FORKED, PROCESS_EXITED,
	PROCESS_EVENTS_LOST
};

struct process_event {
	uint64_t time_ns;
	enum process_event_kind kind;
	uint32_t pid, tid;	/* FORKED: of the child */
	uint32_t parent_pid;	/* FORKED */
	uint64_t start, end, off;	/* MAPPED: executable code */
	uint8_t build_id[20];
	uint8_t build_id_n;	/* 0: none known, and then: */
	uint32_t dev_major, dev_minor;
	uint64_t inode;
	struct str path;	/* MAPPED: the file; RENAMED, EXECED: the new name. Lent until the queue
				 * has been emptied and drained again */
	uint64_t lost;		/* EVENTS_LOST */
};

struct perf_event_attr;
struct perfring;

struct events {
	struct perfring *rings;		/* one a CPU; none when another collector feeds the queue */
	uint32_t n_rings;
	struct process_event *queue;
	uint32_t first, n, cap;		/* queue[first .. n) is still to be taken */
	struct arena arena;
	uint64_t drained_ns;		/* everything up to here is in the queue */
};

/* Begins to listen, on all online CPUs. -errno with a sentence. */
int events_start(struct events *events, struct err *err);

/* A descriptor that polls readable when one of the rings has something; borrowed. One a ring. */
int events_fd(const struct events *events, uint32_t ring);

/* Makes an event write the records that we follow, on the samples' clock. sample_type must hold at least
 * TID, TIME and CPU, which end every record. */
void events_want(struct perf_event_attr *attr);

/* For a collector whose own rings hold these records too: events_begin(), events_add_record() for
 * each (other kinds are passed over), events_sort(). The record must end with our sample_id: pid, tid,
 * time, cpu. 0 or -ENOMEM. */
void events_begin(struct events *events);
int events_add_record(struct events *events, struct str record);
void events_sort(struct events *events, uint64_t drained_ns);

/* Reads all that has been written into the queue. 0 or -ENOMEM. */
int events_drain(struct events *events);

/* The oldest event not taken yet that is not younger than until_ns, or NULL. */
const struct process_event *events_take(struct events *events, uint64_t until_ns);

void events_stop(struct events *events);

#endif
