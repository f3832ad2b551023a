/* SPDX-License-Identifier: Apache-2.0 */
#include "render/html_labels.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/filter.h"
#include "analyze/groups.h"
#include "analyze/threads.h"
#include "base/hash.h"
#include "base/vec.h"
#include "model/profile.h"

#define CANDIDATES_MAX 64u	/* distinct keys that are looked at */

/* Names the sample's process and thread: see analyze/threads.h. */
static bool is_thread_key(struct str key)
{
	return str_eq(key, STR("pid")) || str_eq(key, STR("tid")) || str_eq(key, STR("process")) ||
	       str_eq(key, STR("thread"));
}

/* Distinct keys, as strings of the profile, in the order they are met in. */
static uint32_t list_keys(const struct profile *profile, uint32_t *keys)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < profile->labels.n_items && n < CANDIDATES_MAX; i++) {
		uint32_t key = profile->labels.items[i].key;
		bool known = is_thread_key(strings_get(&profile->strings, key));

		for (uint32_t k = 0; k < n && !known; k++)
			known = keys[k] == key;
		if (!known)
			keys[n++] = key;
	}
	return n;
}

static int fill_key(struct html_key *key, struct arena *arena, const struct groups *groups,
		    uint32_t n_sets)
{
	uint32_t *number = calloc((size_t)groups->n + 1, sizeof(*number));
	struct buf text = { 0 };

	key->of_set = calloc((size_t)n_sets + 1, sizeof(*key->of_set));
	for (uint32_t row = 0; number && row < groups->n; row++) {
		if (!groups->rows[row].label)
			continue;
		if (key->n == HTML_VALUES_MAX) {
			key->n_others++;
			number[row] = HTML_VALUES_MAX + 1;
			continue;
		}
		buf_clear(&text);
		group_add_value(&text, &groups->rows[row]);
		key->values[key->n++] = arena_dup(arena, buf_str(&text));
		number[row] = key->n;
	}
	for (uint32_t set = 0; number && key->of_set && set < n_sets; set++)
		key->of_set[set] = number[groups->of_set[set]];
	free(number);
	buf_fini(&text);
	return number && key->of_set ? 0 : -ENOMEM;
}

/* Divides groups by one more number: of[set] becomes the same for sets that had the same and have one number.
 * *ret_n: how many there are then; counting ends beyond `most`. 0 or -ENOMEM. */
static int divide(uint32_t *of, const bool *used, uint32_t n_sets, const uint32_t *number, uint32_t most,
		  uint32_t *ret_n)
{
	struct idindex index = { 0 };
	uint32_t *was = calloc((size_t)n_sets + 1, sizeof(*was));
	uint32_t *with = calloc((size_t)n_sets + 1, sizeof(*with));
	uint32_t n = 0;
	int rc = was && with ? 0 : -ENOMEM;

	for (uint32_t set = 0; rc == 0 && set < n_sets && n <= most; set++) {
		uint64_t hash = hash_u64(of[set], number[set]);
		uint32_t step = 0, id;

		if (!used[set])
			continue;
		while ((id = idindex_probe(&index, hash, &step)))
			if (was[id] == of[set] && with[id] == number[set])
				break;
		if (!id) {
			id = ++n;
			was[id] = of[set];
			with[id] = number[set];
			rc = idindex_add(&index, hash, id);
		}
		of[set] = id - 1;
	}
	idindex_fini(&index);
	free(was);
	free(with);
	*ret_n = n;
	return rc;
}

/* What the groups are made of, while they are. */
struct divider {
	struct html_labels *labels;
	const struct profile *profile;
	bool *used;		/* label sets that a kept sample has */
	uint32_t *trial;	/* labels->of_set, with one key more */
	uint32_t most;
};

static int take_key(struct divider *d, struct html_key *key)
{
	struct html_labels *labels = d->labels;
	uint32_t n_sets = d->profile->labels.n, n;
	int rc;

	memcpy(d->trial, labels->of_set, (size_t)n_sets * sizeof(*d->trial));
	rc = divide(d->trial, d->used, n_sets, key->of_set, d->most, &n);
	if (rc < 0)
		return rc;
	if (n > d->most || labels->n_keys == HTML_KEYS_MAX) {
		if (labels->left_out.n)
			buf_add_u8(&labels->left_out, '\n');
		buf_add_str(&labels->left_out, key->name);
		return 0;
	}
	memcpy(labels->of_set, d->trial, (size_t)n_sets * sizeof(*d->trial));
	labels->n = n;
	labels->keys[labels->n_keys++] = *key;
	key->of_set = NULL;
	return 0;
}

static int add_key(struct divider *d, struct str name, const struct filter *filter, uint32_t type)
{
	const struct profile *profile = d->profile;
	struct html_key key = { .name = name };
	char *text = strndup(name.p ? name.p : "", name.n);	/* with an end, as groups_init() wants it */
	struct groups groups = { 0 };
	int rc = text ? groups_init(&groups, profile, text, filter, type, NULL) : -ENOMEM;

	if (rc == 0)
		rc = fill_key(&key, &d->labels->arena, &groups, profile->labels.n);
	if (rc == 0 && key.n)
		rc = take_key(d, &key);
	free(key.of_set);	/* unless it was taken */
	groups_fini(&groups);
	free(text);
	return rc == -EINVAL ? 0 : rc;	/* a key with a NUL in it is no label to anybody */
}

/* Numbers groups by thread, and tells what each is. */
static int sort_groups(struct html_labels *labels, const struct profile *profile,
		       const struct threads *threads, const bool *used)
{
	uint32_t n_sets = profile->labels.n, n = 0;
	uint32_t *at = calloc((size_t)threads->n + 2, sizeof(*at));
	uint32_t *number = calloc((size_t)labels->n + 1, sizeof(*number));	/* 0: not met yet */
	int rc = at && number ? VEC_RESERVE(&labels->thread, &labels->cap_thread, labels->n + 1ull) : -ENOMEM;

	if (rc == 0)
		rc = VEC_RESERVE(&labels->set, &labels->cap_set, labels->n + 1ull);
	for (uint32_t set = 0; rc == 0 && set < n_sets; set++)
		if (used[set] && !number[labels->of_set[set]]) {
			number[labels->of_set[set]] = ++n;
			at[threads->of_set[set] + 1]++;
		}
	for (uint32_t i = 0; rc == 0 && i < threads->n; i++)
		at[i + 1] += at[i];
	if (rc == 0)
		memset(number, 0, ((size_t)labels->n + 1) * sizeof(*number));
	for (uint32_t set = 0; rc == 0 && set < n_sets; set++) {
		uint32_t *group = &labels->of_set[set], thread = threads->of_set[set];

		if (!used[set])
			continue;
		if (!number[*group]) {
			number[*group] = ++at[thread];
			labels->thread[at[thread] - 1] = thread;
			labels->set[at[thread] - 1] = set;
		}
		*group = number[*group] - 1;
	}
	free(at);
	free(number);
	return rc;
}

static int divide_all(struct divider *d, const struct threads *threads, const struct filter *filter,
		      uint32_t type)
{
	const struct profile *profile = d->profile;
	uint32_t keys[CANDIDATES_MAX], n = list_keys(profile, keys);
	int rc;

	for (uint32_t i = 0; i < profile->n; i++)
		if (filter_keeps(filter, i))
			d->used[profile->label_set[i]] = true;
	d->most = threads->n + HTML_GROUPS_MAX;
	rc = divide(d->labels->of_set, d->used, profile->labels.n, threads->of_set, UINT32_MAX - 1,
		    &d->labels->n);
	for (uint32_t k = 0; rc == 0 && k < n; k++)
		rc = add_key(d, strings_get(&profile->strings, keys[k]), filter, type);
	return rc < 0 ? rc : sort_groups(d->labels, profile, threads, d->used);
}

int html_labels_init(struct html_labels *labels, const struct profile *profile,
		     const struct threads *threads, const struct filter *filter, uint32_t type)
{
	size_t n_sets = (size_t)profile->labels.n + 1;
	struct divider d = { .labels = labels, .profile = profile };
	int rc = -ENOMEM;

	*labels = (struct html_labels){ 0 };
	labels->of_set = calloc(n_sets, sizeof(*labels->of_set));
	d.used = calloc(n_sets, sizeof(*d.used));
	d.trial = calloc(n_sets, sizeof(*d.trial));
	if (labels->of_set && d.used && d.trial)
		rc = divide_all(&d, threads, filter, type);
	if (labels->left_out.failed)
		rc = -ENOMEM;
	free(d.used);
	free(d.trial);
	if (rc < 0)
		html_labels_fini(labels);
	return rc;
}

void html_labels_fini(struct html_labels *labels)
{
	for (uint32_t k = 0; k < labels->n_keys; k++)
		free(labels->keys[k].of_set);
	free(labels->of_set);
	free(labels->thread);
	free(labels->set);
	buf_fini(&labels->left_out);
	arena_fini(&labels->arena);
	*labels = (struct html_labels){ 0 };
}
