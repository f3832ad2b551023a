/* SPDX-License-Identifier: Apache-2.0 */
/* model/profile.h
 *
 * What a profile is: samples over a tree of stacks, and what is known of how they were taken.
 *
 *   sample i:  stack[i]   a stack of .tree (whose frames are ids of .frames)
 *              labels[i]  a set of .labels
 *              time_ns[i] when, since the profile's start; the column is NULL where none was kept
 *              values[i * n_types + t]   one number for each value type
 *
 * Loss is data: events = recorded + the sum of drops. The `struct profile_stats` is what Sonde knows
 * of its own recordings; a profile read from elsewhere has .known == false.
 *
 * Sticky: when memory runs out profile_failed() is true and ids that came back since are 0.
 * Threads: one writer.
 */
#ifndef SONDE_MODEL_PROFILE_H
#define SONDE_MODEL_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/frames.h"
#include "model/labels.h"
#include "model/stacktree.h"
#include "model/strings.h"

#define VALUE_TYPES_MAX 32

struct value_type {
	uint32_t type;	/* string: "cpu", "samples", "alloc_space", ... */
	uint32_t unit;	/* string: "nanoseconds", "count", "bytes", ... */
};

struct drop {
	uint32_t reason;	/* string: words for a person, "ring full" */
	uint64_t count;		/* events lost for it */
};

#define DROPS_MAX 64

struct profile_stats {
	bool known;
	uint64_t events;		/* that the source fired for the target */
	uint64_t recorded;		/* of them, those that are samples here */
	uint64_t complete;		/* of those, stacks that reach the thread's root */
	uint64_t frames, frames_named;	/* summed over recorded samples */
	struct drop drops[DROPS_MAX];
	uint32_t n_drops;
};

struct profile {
	struct strings strings;
	struct frames frames;
	struct stacktree tree;
	struct labels labels;

	struct value_type types[VALUE_TYPES_MAX];
	uint32_t n_types;
	uint32_t default_type;		/* index into types: what a view shows unless told */

	uint32_t *stack, *label_set;
	uint64_t *time_ns;		/* NULL: samples carry no time */
	uint64_t time_step_ns;		/* they are multiples of it: where too many were read; 0: as they were taken */
	bool untimed;			/* whoever reads it wants no times: profile_add_at() is profile_add() */
	int64_t *values;
	uint32_t n;
	uint32_t cap_stack, cap_label_set, cap_time, cap_values;
	uint32_t n_indexed;		/* rows below this are in the index */
	struct idindex index;		/* (stack, labels) -> sample + 1 */
	bool failed;

	uint64_t start_wall_ns;		/* since 1970; 0 when unknown */
	uint64_t duration_ns;		/* 0 when unknown */
	struct value_type period_type;
	int64_t period;			/* 0 when unknown */
	uint32_t *comments;		/* strings, in order; one "sonde: key value" each for ours */
	uint32_t n_comments, cap_comments;
	uint32_t drop_frames, keep_frames;	/* strings: pprof's regular expressions, kept */
	uint32_t doc_url;			/* string: pprof's link to what the values mean, kept */
	struct profile_stats stats;
};

/* An empty profile without value types. */
void profile_init(struct profile *profile);
void profile_fini(struct profile *profile);

/* Moves all of *from into *into, which loses what it had; *from is empty afterwards, as profile_init()
 * leaves it. */
void profile_take(struct profile *into, struct profile *from);

/* Appends a value type and returns its index. Rows that are there already get zeros in that column:
 * every value is copied then, so types are added before the first sample, or seldom. */
uint32_t profile_add_type(struct profile *profile, struct str type, struct str unit);

/* Makes the rows n_types (at least as many as there are) wide; the types of the new columns, zeros so far,
 * are the caller's to fill in. 0 or -ENOMEM. */
int profile_widen(struct profile *profile, uint32_t n_types);

/* Index of the value type of that name and unit, added when it is new; -1 when there are VALUE_TYPES_MAX
 * others. */
int profile_type_at(struct profile *profile, struct str type, struct str unit);

/* Nanoseconds in one unit of that value type; 0: it is no time. */
double profile_unit_ns(const struct profile *profile, uint32_t type);

/* Index of the value type of that name, or -1. */
int profile_find_type(const struct profile *profile, struct str type);

/* Adds n_types values to the sample of (stack, labels): one row however often it is called. Only for
 * profiles without times. */
void profile_add(struct profile *profile, uint32_t stack, uint32_t label_set, const int64_t *values);

/* The row of (stack, labels), appended with zeros when there is none yet: a caller that meets the same ones again and
 * again adds to its values in place. UINT32_MAX: out of memory. Only for profiles without times. */
uint32_t profile_row(struct profile *profile, uint32_t stack, uint32_t label_set);

/* profile_add() for n samples at once; label_sets may be NULL (none has labels). Faster. */
void profile_add_all(struct profile *profile, uint32_t n, const uint32_t *stacks,
		     const uint32_t *label_sets, const int64_t *values);

/* The two halves of profile_add(), for a caller that knows which rows there are: appends one and returns
 * its number, and adds values to one. */
uint32_t profile_append(struct profile *profile, uint32_t stack, uint32_t label_set,
			const int64_t *values);
void profile_add_to(struct profile *profile, uint32_t row, const int64_t *values);

/* Appends a row of its own, at a time since the start. Never mix with profile_add(). */
void profile_add_at(struct profile *profile, uint32_t stack, uint32_t label_set, uint64_t time_ns,
		    const int64_t *values);

/* n rows that the caller then writes, with their times, in place. 0 or -ENOMEM. Not for .untimed ones. */
int profile_add_rows(struct profile *profile, uint32_t n);

/* Its rows stay, without times. */
void profile_forget_times(struct profile *profile);

/* Gives the rows' stacks away, to be freed: all have the empty one then. NULL: out of memory, nothing has changed. */
uint32_t *profile_take_stacks(struct profile *profile);

/* Gives every row the label set sets[its set]; the column has labels.n entries from before. Rows of one
 * stack and set do not become one. */
void profile_relabel(struct profile *profile, const uint32_t *sets);

/* Puts frames in the places of others: frame f of every stack becomes the frames[spans[f].at ..] that
 * spans[f] tells, outermost first, and stays where it tells none. Rows whose stacks have become one stay
 * rows. 0, or -ENOMEM: then nothing has changed. */
int profile_replace_frames(struct profile *profile, const struct stack_span *spans,
			   const uint32_t *frames);

void profile_add_comment(struct profile *profile, struct str comment);

/* Counts events lost for a reason. */
void profile_add_drop(struct profile *profile, struct str reason, uint64_t count);

/* The sum of drops. */
uint64_t profile_dropped(const struct profile *profile);

/* Adds all that `from` (another profile) holds: value types are matched by name and unit, those `into`
 * lacks are appended; rows of one stack and label set become one; drops, counts and durations add
 * up; the earlier start wins. Rows keep their times only when both profiles have them.
 * 0, -ENOMEM, or -E2BIG (more than VALUE_TYPES_MAX types: then nothing was added). */
int profile_merge(struct profile *into, const struct profile *from);

/* profile_merge(), for a caller who has rows beside the profile: frame[id] and set[id] are what those of `from` are in
 * `into`; both are the caller's to free, on failure too. */
int profile_merge_loose(struct profile *into, const struct profile *from, uint32_t **ret_frame,
			uint32_t **ret_set);

/* The same without rows, values and what the head tells: strings, frames, stacks and label sets. stack[id] and
 * set[id] are what those of `from` are in `into`; both are the caller's to free, on failure too. 0 or -ENOMEM. */
int profile_merge_tables(struct profile *into, const struct profile *from, uint32_t **ret_stack,
			 uint32_t **ret_set);

/* Whether memory ran out in any of its tables. */
bool profile_failed(const struct profile *profile);

/* The sum of one value over all samples. */
int64_t profile_total(const struct profile *profile, uint32_t type);

static inline struct str profile_type_name(const struct profile *profile, uint32_t type)
{
	return strings_get(&profile->strings, profile->types[type].type);
}

static inline struct str profile_type_unit(const struct profile *profile, uint32_t type)
{
	return strings_get(&profile->strings, profile->types[type].unit);
}

static inline int64_t profile_value(const struct profile *profile, uint32_t row, uint32_t type)
{
	return profile->values[(size_t)row * profile->n_types + type];
}

#endif
