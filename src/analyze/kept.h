/* SPDX-License-Identifier: Apache-2.0 */
/* analyze/kept.h
 *
 * The samples that a filter keeps, as a profile: for what writes a profile and knows no filters.
 *
 * Memory: .profile borrows everything from the profile it was made of, which must outlive it, and owns
 * the columns of its samples only where a filter drops some. It is for reading, like that of
 * analyze/shown.h: profile_fini() is not for it.
 */
#ifndef SONDE_ANALYZE_KEPT_H
#define SONDE_ANALYZE_KEPT_H

#include <stdbool.h>

#include "model/profile.h"

struct err;
struct filter;

struct kept {
	struct profile profile;
	bool owned;	/* the columns of .profile's samples are ours */
};

/* filter: NULL keeps all. 0 or -ENOMEM (then nothing is owned). */
int kept_init(struct kept *kept, const struct profile *profile, const struct filter *filter,
	      struct err *err);
void kept_fini(struct kept *kept);

#endif
