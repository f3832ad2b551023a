/* SPDX-License-Identifier: Apache-2.0 */
/* analyze/derived.h
 *
 * Labels that a sample has by what it is, so that views group and filter by it as by any other label:
 *
 *   "function", "module", "file", "kind"   of the innermost frame that is shown
 *   "time"                                 which twentieth of the recording, or of a part of it, where samples have
 *                                          times; the label's number is which one, its string says from when to when
 */
#ifndef SONDE_ANALYZE_DERIVED_H
#define SONDE_ANALYZE_DERIVED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct err;
struct profile;

/* Whether such a label can be derived. */
bool derived_is_key(struct str key);

/* Of "time": the part that is looked at, since the start. It ends with the last sample, however long it is. */
struct derived_times {
	uint64_t from_ns, to_ns;
};

/* Gives every sample of `profile` that label; what `shown` (whose samples are the same, in the same order) has
 * for its innermost frame decides. Samples that have a label of that key keep it, those outside of `times` get no "time".
 * 0; -EINVAL (samples have no times); -ENOMEM. The tables of `profile` that have grown may have moved. */
int derived_add(struct profile *profile, const struct profile *shown, struct str key,
		const struct derived_times *times, struct err *err);

#endif
