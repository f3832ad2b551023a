/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/parallel.h"
#include "format/format.h"
#include "format/input.h"
#include "format/loose.h"
#include "model/profile.h"

/* Some neighbouring files: read and merged in order, by one thread. */
struct share {
	struct pending {
		struct pile pile;
		size_t first, n;	/* of its files */
	} pending[8 * sizeof(size_t) + 1];
	uint32_t n_pending;
	const char *const *paths;
	size_t n;
	const struct read_aid *aid;	/* NULL: none */
	size_t expected;	/* files whose rows may come together here */
	bool merged;	/* with other files, of this share or of another */
	struct err err;
	int rc;
};

/* Empties *from. `path` is the first of what it holds. */
static int add(struct pile *into, struct pile *from, const char *path, struct err *err)
{
	int rc = pile_add(into, from);

	if (rc == -E2BIG)
		err_set(err, "cannot add %s: together they have more than %d value types", path,
			VALUE_TYPES_MAX);
	else if (rc < 0)
		err_set(err, "cannot add %s: out of memory", path);
	return rc;
}

/* Puts the last two of what is pending together. */
static int add_last(struct share *share)
{
	struct pending *last = &share->pending[--share->n_pending];
	int rc = add(&last[-1].pile, &last->pile, share->paths[last->first], &share->err);

	last[-1].n += last->n;
	return rc;
}

/* Loose rows are put behind each other. Others are put together like the digits of a counter: as many files with as
 * many. Each stack is looked at as often as there are digits, not once for each file after it. */
static bool add_now(const struct share *share)
{
	const struct pending *last = &share->pending[share->n_pending - 1];

	return share->n_pending > 1 && (last->n == last[-1].n || pile_fits(&last[-1].pile, &last->pile));
}

static void read_share(void *context, uint32_t i)
{
	struct share *share = (struct share *)context + i;
	struct read_aid aid = share->aid ? *share->aid : (struct read_aid){ 0 };

	for (uint32_t k = 0; share->rc == 0 && k < share->n; k++) {
		struct pending *next = &share->pending[share->n_pending++];

		*next = (struct pending){ .first = k, .n = 1 };
		pile_init(&next->pile);
		next->pile.expected = k ? 0 : share->expected;
		aid.loose = share->merged ? &next->pile.rows : NULL;
		share->rc = format_read_aided(&next->pile.profile, share->paths[k], &aid, &share->err);
		while (share->rc == 0 && add_now(share))
			share->rc = add_last(share);
	}
	while (share->rc == 0 && share->n_pending > 1)
		share->rc = add_last(share);
}

/* Each processor reads and merges a share of the files; the shares are merged in order. They have nothing in
 * common, and what comes out is what merging file by file would give, but for the numbers of stacks. */
int format_read_all(struct profile *profile, const char *const *paths, size_t n,
		    const struct read_aid *aid, struct err *err)
{
	uint32_t n_shares = parallel_most(n);
	struct share *shares = calloc((size_t)n_shares + 1, sizeof(*shares));
	struct pile all;
	int rc = 0;

	if (!shares)
		return -ENOMEM;
	for (uint32_t i = 0; i < n_shares; i++) {
		size_t begin = n * i / n_shares;

		shares[i] = (struct share){ .paths = paths + begin, .aid = aid, .merged = n > 1,
					    .n = n * (i + 1) / n_shares - begin };
		shares[i].expected = i ? shares[i].n : n;
	}
	parallel_each(n_shares, read_share, shares);
	pile_init(&all);
	for (uint32_t i = 0; i < n_shares; i++) {
		struct share *share = &shares[i];

		if (rc == 0 && share->rc < 0)
			err_set(err, "%s", share->err.text);
		if (rc == 0)
			rc = share->rc;
		if (rc == 0)
			rc = add(&all, &share->pending[0].pile, share->paths[0], err);
		for (uint32_t k = 0; k < share->n_pending; k++)
			pile_fini(&share->pending[k].pile);
	}
	if (rc == 0 && (rc = pile_settle(&all)) < 0)
		err_set(err, "out of memory over the stacks of %zu files", n);
	if (rc == 0)
		profile_take(profile, &all.profile);
	pile_fini(&all);
	free(shares);
	return rc;
}
