/* SPDX-License-Identifier: Apache-2.0 */
/* render/amount.h - numbers as a person reads them: "1.23 s", "4.5 MiB", "1,234", "<0.1". */
#ifndef SONDE_RENDER_AMOUNT_H
#define SONDE_RENDER_AMOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct buf;
struct err;
struct profile;

/* Three significant digits and a scaled unit for times and bytes; else grouped digits (from ten
 * million on "12.3 M"), and the unit when it is not "count". Nothing is "0" in any unit. `unicode`
 * allows "µs". Times, bytes and counts need at most 10 columns. */
void amount_add(struct buf *out, int64_t value, struct str unit, bool unicode);

/* A unit that a person asked for by name ("ms", "MiB", "count"). */
struct amount_unit;

/* The one of that name, if values in `unit` can be told in it; static. -EINVAL with a sentence that lists
 * those that can. */
int amount_find_unit(const char *name, struct str unit, const struct amount_unit **ret_unit,
		     struct err *err);

/* As it was asked for, in ASCII. */
const char *amount_unit_name(const struct amount_unit *unit);

/* amount_add(), in that unit and no other: "1,234.5 ms"; three significant digits at least. NULL: any. */
void amount_add_in(struct buf *out, int64_t value, struct str unit, const struct amount_unit *in,
		   bool unicode);

/* The unit, if amount_add() scales it, else "count": what a table's cells show. */
struct str amount_cell_unit(struct str unit);

/* "1,234,567" */
void amount_add_count(struct buf *out, uint64_t value);

/* The percentage of `total` with one digit, never saying more than is true: "<0.1" when it is some,
 * ">99.9" when it is not all, "0" and "100" when it is none and all. No percent sign. */
void amount_add_percent(struct buf *out, int64_t part, int64_t total);

/* What a value type is, for a title: "CPU time", "Allocated memory"; else its own name. */
struct str amount_title(const struct profile *profile, uint32_t type);

#endif
