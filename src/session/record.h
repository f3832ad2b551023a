/* SPDX-License-Identifier: Apache-2.0 */
/* session/record.h
 *
 * One recording: collectors -> raw stacks -> names -> a profile.
 *
 *   record_start() ... record_poll() until enough ... record_finish()
 *
 * Threads: one.
 */
#ifndef SONDE_SESSION_RECORD_H
#define SONDE_SESSION_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "collect/cpu.h"
#include "model/profile.h"

struct err;
struct recording;

#define RECORD_TIMES_MAX 1000000u	/* ... these: 12 MB, and about as much in a file */

struct record_options {
	struct cpu_options cpu;
	const char *target;	/* words for the report's head: "pid 123 (nginx)" */
	bool times;		/* keep when each sample was taken, unless there are more than ... */
	bool runtime_lines;	/* also look up lines and inlined calls of an interpreter's own functions */
};

/* -errno with a sentence; -EPERM says what is missing. */
int record_start(struct recording **ret_recording, const struct record_options *options,
		 struct err *err);

/* Waits up to timeout_ms (a signal ends the waiting) and takes in what has come. */
int record_poll(struct recording *recording, int timeout_ms);

/* Ends the waiting also when this descriptor is readable; it is borrowed. -1: none. */
void record_watch(struct recording *recording, int fd);

/* Why a lesser tier than the first one is at work: a sentence, "" when it is the first. */
const char *record_tier_reason(const struct recording *recording);

/* And what that one means for the profile. */
const char *record_tier_limits(const struct recording *recording);

/* Samples taken in so far. */
uint64_t record_samples(const struct recording *recording);

/* Stops, names everything and fills the profile (which the caller has made with profile_init()). */
int record_finish(struct recording *recording, struct profile *profile, struct err *err);

/* Frees; stops first when that has not been done. NULL is legal. */
void record_close(struct recording *recording);

#endif
