/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/groups.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/filter.h"
#include "analyze/threads.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/sum.h"
#include "base/vec.h"
#include "model/profile.h"

#define KEYS_LISTED_MAX 20

static bool is_listed(const struct profile *profile, uint32_t item)
{
	for (uint32_t i = 0; i < item; i++)
		if (profile->labels.items[i].key == profile->labels.items[item].key)
			return true;
	return false;
}

/* Keys are few, and this is only for a sentence: the first ones are enough. */
static void list_keys(struct buf *out, const struct profile *profile)
{
	uint32_t n = profile->labels.n_items < 2000 ? profile->labels.n_items : 2000, listed = 0;

	for (uint32_t i = 0; i < n && listed < KEYS_LISTED_MAX; i++) {
		struct str key = strings_get(&profile->strings, profile->labels.items[i].key);

		if (is_listed(profile, i))
			continue;
		buf_addf(out, "%s", listed++ ? ", " : "");
		for (size_t k = 0; k < key.n && k < 40; k++)
			buf_add_u8(out, (uint8_t)(key.p[k] >= ' ' && key.p[k] != 127 ? key.p[k]
											: '?'));
	}
}

int groups_check_key(const struct profile *profile, struct str key, struct err *err)
{
	uint32_t id = strings_find(&profile->strings, key);
	struct buf known = { 0 };

	for (uint32_t i = 0; id && i < profile->labels.n_items; i++)
		if (profile->labels.items[i].key == id)
			return 0;
	list_keys(&known, profile);
	if (known.n)
		err_set(err, "no sample has a label '%.*s'; the profile has: %.*s", STR_ARG(key),
			STR_ARG(buf_str(&known)));
	else
		err_set(err, "no sample has a label '%.*s': the profile has no labels at all",
			STR_ARG(key));
	buf_fini(&known);
	return -EINVAL;
}

static bool same_value(const struct group_row *row, const struct label *label)
{
	if (!row->label || !label)
		return row->label == label;
	return row->label->str == label->str &&
	       (label->str || (row->label->num == label->num && row->label->unit == label->unit));
}

static uint64_t hash_value(const struct label *label)
{
	if (!label)
		return 0;
	return label->str ? hash_u64(label->str, 1)
			  : hash_u64((uint64_t)label->num, (uint64_t)label->unit << 32);
}

static int make_rows(struct groups *groups, const struct profile *profile, uint32_t key)
{
	struct idindex index = { 0 };
	int rc = 0;

	for (uint32_t set = 0; set < profile->labels.n && !rc; set++) {
		const struct label *label = labels_find(&profile->labels, set, key);
		uint64_t hash = hash_value(label);
		uint32_t step = 0, id;

		while ((id = idindex_probe(&index, hash, &step)))
			if (same_value(&groups->rows[id - 1], label))
				break;
		if (!id) {
			rc = VEC_RESERVE(&groups->rows, &groups->cap, (uint64_t)groups->n + 1);
			if (rc < 0)
				break;
			groups->rows[groups->n] = (struct group_row){
				.label = label,
				.text = strings_get(&profile->strings, label ? label->str : 0),
				.unit = strings_get(&profile->strings, label ? label->unit : 0),
			};
			id = ++groups->n;
			rc = idindex_add(&index, hash, id);
		}
		groups->of_set[set] = id - 1;
	}
	idindex_fini(&index);
	return rc;
}

static int by_value(const void *left, const void *right)
{
	const struct group_row *a = left, *b = right;
	int d = str_compare(a->text, b->text);

	if (a->value != b->value)
		return a->value > b->value ? -1 : 1;
	if (a->samples != b->samples)
		return a->samples > b->samples ? -1 : 1;
	if (!a->label || !b->label)	/* without a value comes last */
		return (b->label != NULL) - (a->label != NULL);
	if (d)
		return d;
	if (a->label->num != b->label->num)
		return a->label->num < b->label->num ? -1 : 1;
	return str_compare(a->unit, b->unit);
}

/* Parts of the recording's time are read from its beginning on (analyze/derived.h numbers them). */
static int by_time(const void *left, const void *right)
{
	const struct group_row *a = left, *b = right;

	if (!a->label || !b->label || a->label->num == b->label->num)
		return by_value(left, right);
	return a->label->num < b->label->num ? -1 : 1;
}

/* Sorts rows, forgets those no kept sample has, and lets of_set follow. */
static int sort_rows(struct groups *groups, const bool *used, uint32_t n_sets)
{
	uint32_t *place = calloc((size_t)groups->n + 1, sizeof(*place));
	uint32_t n = 0;

	if (!place)
		return -ENOMEM;
	for (uint32_t i = 0; i < groups->n; i++) {
		if (!used[i])
			continue;
		groups->rows[n] = groups->rows[i];
		groups->rows[n++].was = i;
	}
	groups->n = n;
	if (n)
		qsort(groups->rows, n, sizeof(*groups->rows),
		      !strcmp(groups->key, "time") ? by_time : by_value);
	for (uint32_t i = 0; i < n; i++)
		place[groups->rows[i].was] = i;
	for (uint32_t set = 0; set < n_sets; set++)
		groups->of_set[set] = place[groups->of_set[set]];
	free(place);
	return 0;
}

static void add_samples(struct groups *groups, const struct profile *profile,
			const struct filter *filter, uint32_t type, bool *used)
{
	int count_type = samples_type(profile);

	for (uint32_t i = 0; i < profile->n; i++) {
		const int64_t *values = &profile->values[(size_t)i * profile->n_types];
		uint32_t row = groups->of_set[profile->label_set[i]];
		int64_t count = count_type < 0 ? 1 : values[count_type];

		if (!filter_keeps(filter, i))
			continue;
		used[row] = true;
		sum_add(&groups->rows[row].value, values[type]);
		sum_add(&groups->total, values[type]);
		if (count > 0) {
			groups->rows[row].samples += (uint64_t)count;
			groups->samples += (uint64_t)count;
		}
	}
}

int groups_init(struct groups *groups, const struct profile *profile, const char *key,
		const struct filter *filter, uint32_t type, struct err *err)
{
	bool *used = NULL;
	int rc = -ENOMEM;

	*groups = (struct groups){ .key = key };
	if (type >= profile->n_types)
		return err_fail(err, -EINVAL, "the profile has no value type %u", type);
	if (groups_check_key(profile, str_of(key), err) < 0)
		return -EINVAL;
	groups->of_set = calloc((size_t)profile->labels.n + 1, sizeof(*groups->of_set));
	if (!groups->of_set ||
	    make_rows(groups, profile, strings_find(&profile->strings, str_of(key))) < 0)
		goto out;
	used = calloc((size_t)groups->n + 1, 1);
	if (!used)
		goto out;
	add_samples(groups, profile, filter, type, used);
	rc = sort_rows(groups, used, profile->labels.n);
out:
	free(used);
	if (rc < 0) {
		err_set(err, "out of memory over %u label sets", profile->labels.n);
		groups_fini(groups);
	}
	return rc;
}

void groups_fini(struct groups *groups)
{
	free(groups->rows);
	free(groups->of_set);
	*groups = (struct groups){ 0 };
}

void group_add_value(struct buf *out, const struct group_row *row)
{
	if (row->label && row->label->str)
		buf_add_str(out, row->text);
	else if (row->label)
		buf_addf(out, "%" PRId64 "%s%.*s", row->label->num, row->unit.n ? " " : "",
			 STR_ARG(row->unit));
}

void group_add_words(struct buf *out, const struct groups *groups, uint32_t row)
{
	bool known = groups->rows[row].label;

	buf_addf(out, "[%s%s%s", known ? "" : "no ", groups->key, known ? " " : "");
	group_add_value(out, &groups->rows[row]);
	buf_add_u8(out, ']');
}
