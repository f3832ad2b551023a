/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/parallel.h"
#include "format/format.h"
#include "model/profile.h"

/* Some neighbouring files: read and merged in order, by one thread. */
struct share {
	struct profile profile;
	const char *const *paths;
	size_t n;
	const struct read_aid *aid;
	struct err err;
	int rc;
};

/* Empties *from. `path` is the first of what it holds. */
static int add(struct profile *into, struct profile *from, const char *path, struct err *err)
{
	int rc = 0;

	if (!into->n && !into->n_types)	/* the first: nothing to merge with */
		profile_take(into, from);
	else if ((rc = profile_merge(into, from)) == -E2BIG)
		err_set(err, "cannot add %s: together they have more than %d value types", path,
			VALUE_TYPES_MAX);
	else if (rc < 0)
		err_set(err, "cannot add %s: out of memory", path);
	profile_fini(from);
	return rc;
}

static void read_share(void *context, uint32_t i)
{
	struct share *share = (struct share *)context + i;

	for (size_t k = 0; share->rc == 0 && k < share->n; k++) {
		struct profile profile;

		profile_init(&profile);
		share->rc = format_read_aided(&profile, share->paths[k], share->aid, &share->err);
		if (share->rc == 0)
			share->rc = add(&share->profile, &profile, share->paths[k], &share->err);
		else
			profile_fini(&profile);
	}
}

/* Each processor reads and merges a share of the files; the shares are merged in order. They have nothing in
 * common, and what comes out is what merging file by file would give. */
int format_read_all(struct profile *profile, const char *const *paths, size_t n,
		    const struct read_aid *aid, struct err *err)
{
	uint32_t n_shares = parallel_most(n);
	struct share *shares = calloc((size_t)n_shares + 1, sizeof(*shares));
	int rc = 0;

	if (!shares)
		return -ENOMEM;
	for (uint32_t i = 0; i < n_shares; i++) {
		size_t begin = n * i / n_shares;

		shares[i] = (struct share){ .paths = paths + begin, .aid = aid,
					    .n = n * (i + 1) / n_shares - begin };
		profile_init(&shares[i].profile);
	}
	parallel_each(n_shares, read_share, shares);
	for (uint32_t i = 0; i < n_shares; i++) {
		struct share *share = &shares[i];

		if (rc == 0 && share->rc < 0)
			err_set(err, "%s", share->err.text);
		if (rc == 0)
			rc = share->rc;
		if (rc == 0)
			rc = add(profile, &share->profile, share->paths[0], err);
		else
			profile_fini(&share->profile);
	}
	free(shares);
	return rc;
}
