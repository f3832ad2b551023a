/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/go/labels.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"

/* Map of strings to strings before Go 1.24 (runtime/map.go, hmap and bmap): buckets of 8 entries. */
#define SLOTS 8u
#define TOP_USED 5u		/* a smaller "top hash": free, or moved to the newer buckets */
#define MAP_SAME_SIZE 8u	/* flag: the older buckets are as many */
#define BUCKETS_LOG_MAX 8u
#define OVERFLOWS_MAX 16u
#define MAP_WORDS 4u		/* count; flags, log2 of buckets ...; buckets; older buckets */

struct string_words {
	uint64_t at, n;
};

struct bucket {
	uint8_t top[SLOTS];
	struct string_words keys[SLOTS], values[SLOTS];
	uint64_t overflow;
};

struct reader {
	go_read_fn read;
	void *context;
	struct arena *arena;
	struct go_label *labels;
	uint32_t n;
	int rc;
};

static bool read_string(struct reader *r, const struct string_words *words, struct str *ret_string)
{
	uint64_t n = words->n < GO_LABEL_BYTES_MAX ? words->n : GO_LABEL_BYTES_MAX;
	char *text = arena_alloc(r->arena, n + 1);

	if (!text) {
		r->rc = -ENOMEM;
		return false;
	}
	if (n && !r->read(r->context, text, n, words->at)) {
		r->rc = -EFAULT;
		return false;
	}
	*ret_string = str_over(text, n);
	return true;
}

static bool add_label(struct reader *r, const struct string_words *key,
		      const struct string_words *value)
{
	struct go_label label;

	if (r->n == GO_LABELS_MAX || !key->n)
		return true;
	if (!read_string(r, key, &label.key) || !read_string(r, value, &label.value))
		return false;
	r->labels[r->n++] = label;
	return true;
}

static void read_slice(struct reader *r, const uint64_t head[GO_LABEL_HEAD])
{
	uint64_t n = head[1] < GO_LABELS_MAX ? head[1] : GO_LABELS_MAX;

	for (uint64_t i = 0; i < n; i++) {
		struct string_words pair[2];

		if (!r->read(r->context, pair, sizeof(pair), head[0] + i * sizeof(pair))) {
			r->rc = -EFAULT;
			return;
		}
		if (!add_label(r, &pair[0], &pair[1]))
			return;
	}
}

/* A bucket and those that took what did not fit. */
static bool read_chain(struct reader *r, uint64_t at)
{
	struct bucket bucket;

	for (uint32_t chained = 0; at && chained < OVERFLOWS_MAX; chained++) {
		if (!r->read(r->context, &bucket, sizeof(bucket), at)) {
			r->rc = -EFAULT;
			return false;
		}
		for (uint32_t i = 0; i < SLOTS; i++)
			if (bucket.top[i] >= TOP_USED &&
			    !add_label(r, &bucket.keys[i], &bucket.values[i]))
				return false;
		at = bucket.overflow;
	}
	return true;
}

static bool read_buckets(struct reader *r, uint64_t at, uint32_t n_log)
{
	if (n_log > BUCKETS_LOG_MAX)
		n_log = BUCKETS_LOG_MAX;
	for (uint64_t i = 0; at && i < 1u << n_log; i++)
		if (!read_chain(r, at + i * sizeof(struct bucket)))
			return false;
	return true;
}

static void read_map(struct reader *r, uint64_t at)
{
	uint64_t map[MAP_WORDS];
	uint8_t flags, n_log;

	if (!r->read(r->context, map, sizeof(map), at)) {
		r->rc = -EFAULT;
		return;
	}
	flags = (uint8_t)map[1];
	n_log = (uint8_t)(map[1] >> 8);
	if (read_buckets(r, map[2], n_log) && map[3])
		read_buckets(r, map[3], flags & MAP_SAME_SIZE || !n_log ? n_log : n_log - 1u);
}

static int check_head(const struct reader *r, const struct walk_go *layout, uint64_t at,
		      uint32_t check, uint64_t head[GO_LABEL_HEAD])
{
	uint64_t first[GO_LABEL_FIRST];

	if (!r->read(r->context, head, GO_LABEL_HEAD * sizeof(*head), at) ||
	    !r->read(r->context, first, sizeof(first),
		     head[layout->labels == GO_LABELS_MAP ? 2 : 0]))
		return -EFAULT;
	return go_labels_check(head, first) == check ? 0 : -ESTALE;
}

int go_labels_read(const struct walk_go *layout, uint64_t at, uint32_t check, go_read_fn read,
		   void *context, struct arena *arena, struct go_label labels[GO_LABELS_MAX])
{
	struct reader r = { .read = read, .context = context, .arena = arena, .labels = labels };
	uint64_t head[GO_LABEL_HEAD];
	int rc = check_head(&r, layout, at, check, head);

	if (rc < 0)
		return rc;
	if (layout->labels == GO_LABELS_MAP)
		read_map(&r, at);
	else if (layout->labels == GO_LABELS_SLICE)
		read_slice(&r, head);
	if (r.rc == 0)
		r.rc = check_head(&r, layout, at, check, head);
	return r.rc < 0 ? r.rc : (int)r.n;
}
