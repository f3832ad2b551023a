/* SPDX-License-Identifier: Apache-2.0 */
/* analyze/named.h - places by name: what --peek, --list and --disasm are asked for. */
#ifndef SONDE_ANALYZE_NAMED_H
#define SONDE_ANALYZE_NAMED_H

#include <stdbool.h>

struct err;
struct places;

/* Which places' names an expression (POSIX extended) matches: one entry for each place, to be freed.
 * 0; -EINVAL with a sentence when it is none; -ENOMEM. */
int named_places(const struct places *places, const char *expression, bool **ret_named,
		 struct err *err);

#endif
