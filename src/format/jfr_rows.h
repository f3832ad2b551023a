/* SPDX-License-Identifier: Apache-2.0 */
/* format/jfr_rows.h
 *
 * Part of a flight recording as rows of a profile of its own. Parts are read side by side: each begins at an event of
 * a chunk, and makes what strings, frames and stacks it needs for itself.
 */
#ifndef SONDE_FORMAT_JFR_ROWS_H
#define SONDE_FORMAT_JFR_ROWS_H

#include "base/err.h"
#include "format/jfr_bins.h"
#include "format/jfr_chunk.h"
#include "model/profile.h"

#define JFR_PARTS_MAX 4

/* What is known of all chunks before the first row. */
struct jfr_plan_of_rows {
	struct str bytes;
	const char *what;
	uint64_t start_ns;	/* of the first chunk */
	double interval_ns[JFR_GROUPS];	/* between two samples; 0: not known, or there is none */
	bool seen[JFR_GROUPS];
	bool untimed;		/* rows of one stack and label set are one */
	bool binned;		/* so are those in a step of time */
	uint32_t count_type[JFR_GROUPS], amount_type[JFR_GROUPS];	/* UINT32_MAX: none */
};

struct jfr_part {
	size_t chunk_at, event_at;	/* in the file, in the chunk: where it begins ... */
	size_t end;			/* ... and ends, in the file */
	uint32_t n;			/* events that become rows, or parts of them */
	const struct jfr_plan_of_rows *plan;
	struct profile profile;		/* its own: strings, frames, stacks, label sets; rows of these */
	struct profile *rows;		/* where rows of events go, from .row on (with ids of .profile) */
	uint32_t row;
	struct jfr_bins bins;		/* binned: of rows of .profile */
	uint32_t *stacks, *sets;	/* its ids -> those of `rows` */
	int rc;
	struct err err;
};

/* The value types of the groups that were seen, and the default. */
void jfr_add_types(struct jfr_plan_of_rows *plan, struct profile *profile);

/* Reads the part; .rc and .err say how it went. */
void jfr_part_read(struct jfr_part *part);

#endif
