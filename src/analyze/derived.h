/* SPDX-License-Identifier: Apache-2.0 */
/* analyze/derived.h
 *
 * Labels that a sample has by what it is, so that views group and filter by it as by any other label:
 *
 *   "function", "module", "file", "kind"   of the innermost frame that is shown
 *   "time"                                 which twentieth of the recording, where samples have times
 */
#ifndef SONDE_ANALYZE_DERIVED_H
#define SONDE_ANALYZE_DERIVED_H

#include <stdbool.h>

#include "base/str.h"

struct err;
struct profile;

/* Whether such a label can be derived. */
bool derived_is_key(struct str key);

/* Gives every sample of `profile` that label; what `shown` (whose samples are the same, in the same order) has
 * for its innermost frame decides. Samples that have a label of that key keep it. 0; -EINVAL (samples have
 * no times); -ENOMEM. The tables of `profile` that have grown may have moved. */
int derived_add(struct profile *profile, const struct profile *shown, struct str key, struct err *err);

#endif
