/* SPDX-License-Identifier: Apache-2.0 */
/* render/json.h
 *
 * The report for programs: `sonde report --json`, version 1, described in docs/report-json.md.
 */
#ifndef SONDE_RENDER_JSON_H
#define SONDE_RENDER_JSON_H

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct err;
struct filter;
struct profile;

struct json_options {
	const struct filter *filter;	/* NULL: all samples */
	int type;			/* value type of the profile; -1: its default */
	uint32_t limit;			/* functions listed; 0: all */
	const char *by;			/* NULL, or a label whose values are listed with their cost */
	bool folded;			/* frames are left out (analyze/shown.h) */
};

/* Appends one JSON object and a line end. 0, -EINVAL (no such value type) or -ENOMEM. */
int json_report(struct buf *out, const struct profile *profile, const struct json_options *options,
		struct err *err);

#endif
