/* SPDX-License-Identifier: Apache-2.0 */
#include "model/labels.h"

#include <string.h>

#include "base/vec.h"

_Static_assert(sizeof(struct label) == 24, "sets are hashed and compared as bytes: no holes");

void labels_init(struct labels *labels)
{
	*labels = (struct labels){ 0 };
	if (VEC_RESERVE(&labels->first, &labels->cap_first, 2) < 0)
		labels->failed = true;
	else
		labels->n = 1;
}

void labels_fini(struct labels *labels)
{
	free(labels->items);
	free(labels->first);
	idindex_fini(&labels->index);
	*labels = (struct labels){ 0 };
}

static int compare(const void *left, const void *right)
{
	const struct label *a = left, *b = right;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	if (a->str != b->str)
		return a->str < b->str ? -1 : 1;
	if (a->num != b->num)
		return a->num < b->num ? -1 : 1;
	return (a->unit > b->unit) - (a->unit < b->unit);
}

const struct label *labels_get(const struct labels *labels, uint32_t set, uint32_t *ret_n)
{
	if (set >= labels->n) {
		*ret_n = 0;
		return NULL;
	}
	*ret_n = labels->first[set + 1] - labels->first[set];
	return *ret_n ? labels->items + labels->first[set] : NULL;
}

const struct label *labels_find(const struct labels *labels, uint32_t set, uint32_t key)
{
	uint32_t n;
	const struct label *items = labels_get(labels, set, &n);

	for (uint32_t i = 0; i < n; i++)
		if (items[i].key == key)
			return &items[i];
	return NULL;
}

/* Sets are small: two to six labels. */
static void sort(struct label *set, uint32_t n)
{
	if (n > 12) {
		qsort(set, n, sizeof(*set), compare);
		return;
	}
	for (uint32_t i = 1; i < n; i++) {
		struct label label = set[i];
		uint32_t k = i;

		for (; k && compare(&set[k - 1], &label) > 0; k--)
			set[k] = set[k - 1];
		set[k] = label;
	}
}

uint32_t labels_add(struct labels *labels, struct label *set, uint32_t n)
{
	uint64_t hash;
	uint32_t step = 0, id, old_n;

	if (!n)
		return 0;
	for (uint32_t i = 0; i < n; i++)
		set[i].zero = 0;
	sort(set, n);
	hash = hash_bytes(set, n * sizeof(*set));
	while ((id = idindex_probe(&labels->index, hash, &step))) {
		const struct label *old = labels_get(labels, id, &old_n);

		if (old_n == n && !memcmp(old, set, n * sizeof(*set)))
			return id;
	}
	if (labels->failed ||
	    VEC_RESERVE(&labels->items, &labels->cap_items, (uint64_t)labels->n_items + n) < 0 ||
	    VEC_RESERVE(&labels->first, &labels->cap_first, (uint64_t)labels->n + 2) < 0 ||
	    idindex_add(&labels->index, hash, labels->n) < 0) {
		labels->failed = true;
		return 0;
	}
	memcpy(labels->items + labels->n_items, set, n * sizeof(*set));
	labels->n_items += n;
	labels->first[labels->n + 1] = labels->n_items;
	return labels->n++;
}
