/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is accepted must be written, read back to the same totals, and written to the same bytes.
 * The first byte chooses between the bytes as they are and the detection that a file goes through. */
#include "format/pprof.h"

#include "format/format.h"
#include "format/loose.h"
#include "format/reader_fuzz.h"

static void check(const struct profile *p);

static const struct fuzzed format = { pprof_detect, pprof_read, pprof_write_plain, check };

/* Frames of all rows together, and each times its value: rows without times are written in another
 * order than they were read. */
static uint64_t depths(const struct profile *p)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < p->n; i++) {
		uint64_t value = p->n_types ? (uint64_t)p->values[(size_t)i * p->n_types] : 0;

		sum += stacktree_depth(&p->tree, p->stack[i]) * (1 + value);
	}
	return sum;
}

static void check_again(const struct profile *p)
{
	struct buf bytes = written(p, pprof_write_plain), twice;
	struct profile q;

	assert(!bytes.failed);
	if (bytes.n && (p->n_types || p->n)) {
		assert(fuzz_read(&format, &q, buf_str(&bytes)) == 0);
		assert(q.n == p->n && q.n_types == p->n_types);
		for (uint32_t t = 0; t < p->n_types; t++)
			assert(profile_total(p, t) == profile_total(&q, t));
		assert(depths(p) == depths(&q));
		for (uint32_t i = 0; p->time_ns && i < p->n; i++)
			assert(stacktree_depth(&p->tree, p->stack[i]) ==
			       stacktree_depth(&q.tree, q.stack[i]));
		twice = written(&q, pprof_write_plain);
		assert(twice.n == bytes.n);
		buf_fini(&twice);
		profile_fini(&q);
	}
	buf_fini(&bytes);
}

/* Merged with itself, a profile has no new stacks. */
static void check(const struct profile *p)
{
	struct profile q;

	check_again(p);
	profile_init(&q);
	if (profile_merge(&q, p) == 0 && profile_merge(&q, p) == 0)
		assert(q.tree.n == p->tree.n);
	profile_fini(&q);
}

static bool read_loose(struct pile *pile, struct str bytes)
{
	struct read_aid aid = { .loose = &pile->rows };
	struct input input;
	int rc = input_open_bytes(&input, bytes, "fuzz", NULL);

	pile_init(pile);
	if (rc == 0) {
		input.aid = &aid;
		rc = pprof_read(&pile->profile, &input, NULL);
	}
	input_close(&input);
	return rc == 0 && !profile_failed(&pile->profile);
}

/* The same file twice: once as it comes, and loose twice over, put together before there is a tree. */
static void check_piles(struct str bytes)
{
	struct pile a, b;
	struct profile p;
	bool read = fuzz_read(&format, &p, bytes) == 0;

	assert(read_loose(&a, bytes) == read);
	read_loose(&b, bytes);
	if (read && !p.time_ns && pile_add(&a, &b) == 0 && pile_settle(&a) == 0) {
		fuzz_check(&a.profile);
		assert(a.profile.n == p.n && a.profile.tree.n == p.tree.n);
	}
	pile_fini(&a);
	pile_fini(&b);
	profile_fini(&p);
}

/* The same file twice: its stacks in a tree, and in a list that becomes one. */
static void check_list(struct str bytes)
{
	struct pile list;
	struct profile p;
	bool read = fuzz_read(&format, &p, bytes) == 0;

	if (read_loose(&list, bytes) && read && list.rows.batch.n && loose_list(&list.rows, &list.profile) == 0) {
		assert(list.profile.n == p.n);
		for (uint32_t i = 0; i < p.n; i++)
			assert(loose_stack_of(&list.rows)[i] < loose_stacks(&list.rows).n && !list.profile.stack[i]);
		if (loose_plant(&list.rows, &list.profile) == 0) {
			fuzz_check(&list.profile);
			assert(list.profile.tree.n == p.tree.n);
			assert(!memcmp(list.profile.stack, p.stack, p.n * sizeof(*p.stack)));
		}
	}
	pile_fini(&list);
	profile_fini(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct profile p;

	if (!n || data[0] != 0xff) {
		fuzz_reader(&format, str_over(data, n));
		check_piles(str_over(data, n));
		check_list(str_over(data, n));
		return 0;
	}
	profile_init(&p);
	format_read_bytes(&p, str_over(data + 1, n - 1), "fuzz", NULL);
	profile_fini(&p);
	return 0;
}
