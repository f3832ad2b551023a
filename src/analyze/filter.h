/* SPDX-License-Identifier: Apache-2.0 */
/* analyze/filter.h
 *
 * Which samples of a profile a view is about.
 *
 * Regular expressions are POSIX extended, case matters. A frame matches when the name of its
 * function, its source file or its module does (a frame without a function: its address, "0x77").
 * A label matches by its string or, in decimal, by its number.
 * Each string is matched once, however many frames and samples have it; stacks inherit the answer
 * from their callers in one pass over the stack tree.
 */
#ifndef SONDE_ANALYZE_FILTER_H
#define SONDE_ANALYZE_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct err;
struct profile;

struct filter_options {
	const char *focus;	/* NULL, or keep samples with a matching frame */
	const char *ignore;	/* NULL, or drop samples with a matching frame */
	const char *thread;	/* NULL, a thread id (all digits), or an expression for names */
	bool has_pid;
	uint64_t pid;		/* keep only this process */
	const char *const *labels;	/* each "KEY=EXPRESSION" or "KEY": keep samples with such a label; "KEY!=EXPRESSION": drop them */
	uint32_t n_labels;
	bool has_time;
	uint64_t time_from_ns, time_to_ns;	/* keep samples taken then, since the profile's start */
	bool gil;		/* keep samples taken while the thread held the interpreter's lock */
};

struct filter {
	bool *keep;	/* one for each sample; NULL: all are kept */
	uint32_t n, kept;
};

/* 0; -EINVAL with a sentence for an expression that is none, or a label key that no sample has;
 * -ENOMEM. Without any option the filter keeps all samples. Views take NULL for "all samples" too. */
int filter_init(struct filter *filter, const struct profile *profile,
		const struct filter_options *options, struct err *err);
void filter_fini(struct filter *filter);

/* The key of one of .labels; *ret_expression is NULL where any value will do, and *ret_not whether to drop. Both may be
 * NULL. */
struct str filter_label_key(const char *label, const char **ret_expression, bool *ret_not);

/* Which frames an expression matches: one entry for each frame of the profile, to be freed. 0; -EINVAL with a
 * sentence that names the option; -ENOMEM. */
int filter_frames(const struct profile *profile, const char *option, const char *expression,
		  bool **ret_matches, struct err *err);

static inline bool filter_keeps(const struct filter *filter, uint32_t sample)
{
	return !filter || !filter->keep || filter->keep[sample];
}

#endif
