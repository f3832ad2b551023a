/* SPDX-License-Identifier: Apache-2.0 */
/* collect/sampler.h
 *
 * The third tier's samples (collect/tracer.h): what is copied of a thread while it stands still, what
 * it is worth, and the mappings that its addresses are to be understood by.
 *
 *   sampler_want()   the thread has been asked to stop
 *   sampler_take()   it has stopped: copied into sampler->copy, as little as can be
 *   sampler_add()    it is on its way again: handed over, as often as ticks have passed
 *   sampler_lose()   or: it has ended instead, which is counted
 *
 * The mappings are read when the threads are on their way again, except those of a process that
 * changes them as it goes. Until then a promise stands for them: collect/handover.h.
 *
 * Memory: zeroed, with `options` and `handover` set, is ready.
 * Threads: the tracing one.
 */
#ifndef SONDE_COLLECT_SAMPLER_H
#define SONDE_COLLECT_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/sample.h"
#include "base/buf.h"

struct handover;
struct process_event;
struct traced;
struct traced_process;
struct traced_thread;
struct tracer_options;

struct sampler {
	const struct tracer_options *options;	/* borrowed */
	struct handover *handover;		/* borrowed */
	uint32_t n_wanted;	/* threads that have been asked and have not stopped */
	struct cpu_counters counters;
	bool news;		/* that the session should not wait for */
	bool fresh;		/* mappings were read while the thread of `copy` stood still */
	struct buf maps, more;
	struct sample_copy copy;
};

void sampler_fini(struct sampler *sampler);

void sampler_want(struct sampler *sampler, struct traced_thread *thread);

/* The weight of its sample, 0 for none. It is not wanted any more. */
uint32_t sampler_take(struct sampler *sampler, struct traced_thread *thread);

/* Hands over what was taken last, `weight` times, and the thread's new name before it. */
void sampler_add(struct sampler *sampler, struct traced_thread *thread, uint32_t weight);

void sampler_lose(struct sampler *sampler, struct traced_thread *thread);

/* Counts the ticks that we came too late for. */
void sampler_count_missed(struct sampler *sampler, struct traced_thread *thread);

/* Hands over that something has happened to a process, now. */
void sampler_add_event(struct sampler *sampler, struct process_event event, const char *name);

/* Keeps the promises that are due, or all, by reading the mappings. */
void sampler_read_maps(struct sampler *sampler, const struct traced *traced, bool all);

/* Ends a process's promise of mappings, if there is one: what it holds is all there will be. */
void sampler_keep_promise(struct traced_process *process);

#endif
