/* SPDX-License-Identifier: Apache-2.0 */
/* render/json.h
 *
 * The report for programs: `sonde report --json`, version 1, described in docs/report-json.md.
 */
#ifndef SONDE_RENDER_JSON_H
#define SONDE_RENDER_JSON_H

#include "render/text.h"

struct buf;
struct err;
struct profile;

/* Appends one JSON object and a line end: the table that the text report shows for these options, with the
 * profile's own numbers (.unit, .width, .color and .unicode say nothing here). 0; -EINVAL (no such value
 * type, or as the table says); -ENOMEM. */
int json_report(struct buf *out, const struct profile *profile, const struct text_options *view,
		struct err *err);

#endif
