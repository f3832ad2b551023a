/* SPDX-License-Identifier: Apache-2.0 */
/* collect/copier.h
 *
 * The second tier: for one's own processes, without privileges. perf_event_open(2) copies the registers
 * and the top of the stack at each tick; the host walks them with the same walk/.
 *
 * It cannot see: other users' processes, the kernel's frames (unless perf_event_paranoid <= 1), and
 * stacks deeper than a copy holds. The same events also report what the processes map and start.
 * Threads: one.
 */
#ifndef SONDE_COLLECT_COPIER_H
#define SONDE_COLLECT_COPIER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/sample.h"

struct copier;
struct err;
struct events;

struct copier_options {
	uint32_t rate_hz;
	const pid_t *pids;
	uint32_t n_pids;
	bool awaits_exec;	/* start counting at their next exec */
};

/* Opens an event for each thread and CPU; children are followed. Side-band records go to `events`
 * (borrowed). -EACCES, ... with a sentence. */
int copier_start(struct copier **ret_copier, const struct copier_options *options,
		 struct events *events, struct err *err);

/* A descriptor to poll; one a CPU. */
uint32_t copier_rings(const struct copier *copier);
int copier_fd(const struct copier *copier, uint32_t ring);

/* Reads all rings; handle gets the samples in the order of time, each as the record that the kernel half
 * would have sent (SAMPLE_COPIED). Its negative result is returned. */
int copier_drain(struct copier *copier,
		 int (*handle)(void *context, const struct sample_hdr *record, size_t bytes),
		 void *context);

/* No more ticks; what is in the rings can still be drained. */
void copier_stop(struct copier *copier);

/* events = recorded + drops, as far as the kernel tells (it counts what its rings could not hold). */
void copier_counters(const struct copier *copier, struct cpu_counters *ret_counters);

/* Whether kernel time is sampled too. */
bool copier_sees_kernel(const struct copier *copier);

void copier_close(struct copier *copier);

#endif
