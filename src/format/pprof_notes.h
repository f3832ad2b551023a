/* SPDX-License-Identifier: Apache-2.0 */
/* format/pprof_notes.h
 *
 * What pprof has no field for, as comments that other readers skip (docs/formats.md has the list):
 *
 *   sonde: events 1000            sonde: kind kernel 1-812,900
 *   sonde: drop 12 ring full      sonde: times
 *   sonde: locations 1f2e         sonde: samples 3d
 *
 * The last two are sums over what the others speak of: pprof keeps comments when it renumbers
 * locations, filters samples or merges files, and what it says of another file must not be believed.
 *
 * Writing makes them from the profile; reading takes them out of the comments again. A comment that
 * is not exactly of these forms stays a comment.
 */
#ifndef SONDE_FORMAT_PPROF_NOTES_H
#define SONDE_FORMAT_PPROF_NOTES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "model/frames.h"

struct buf;
struct profile;

struct pprof_kinds {	/* location ids first..last have that kind */
	struct pprof_kind_range {
		uint64_t first, last;
		enum frame_kind kind;
	} *ranges;
	uint32_t n, cap;
};

struct pprof_sum {
	bool said, twice;
	uint64_t value;
};

struct pprof_notes {
	struct pprof_kinds kinds;
	struct pprof_sum locations, samples;
	bool timed;
	bool failed;		/* out of memory */
};

void pprof_notes_fini(struct pprof_notes *notes);

/* Takes the comment in: true when it was one of ours. Statistics go to profile->stats. */
bool pprof_notes_take(struct pprof_notes *notes, struct profile *profile, struct str comment);

/* One location's part of the sum over locations: its innermost function is called `name`. */
uint64_t pprof_location_sum(uint64_t id, uint64_t address, struct str name);

/* The sum over a profile's samples, and over n rows of values. */
uint64_t pprof_values_sum(const int64_t *values, uint32_t n, uint32_t n_types);
uint64_t pprof_sample_sum(const struct profile *profile);

/* Whether the file is still the one that the comment was written for; without a comment it is. */
static inline bool pprof_sum_holds(const struct pprof_sum *sum, uint64_t value)
{
	return !sum->twice && (!sum->said || sum->value == value);
}

/* After the last comment. */
void pprof_notes_seal(struct pprof_notes *notes);

/* The kind of a location; FRAME_KIND_COUNT where no comment tells. */
enum frame_kind pprof_notes_kind(const struct pprof_notes *notes, uint64_t location_id);

/* Calls add(ctx, comment) for what the profile's statistics and times have to say. */
void pprof_notes_make(const struct profile *profile, void (*add)(void *ctx, struct str comment),
		      void *ctx);

#endif
