/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/go/labels.h"

#include <errno.h>

#include "base/arena.h"
#include "base/test.h"

#define BASE 0xc000000000ull

/* Memory of a process: words, then text. */
struct memory {
	uint64_t words[512];
	char text[256];
	uint32_t n_text;
	uint32_t reads, change_at;	/* at that read the labels become others; 0: never */
};

static bool read_memory(void *context, void *out, size_t n, uint64_t address)
{
	struct memory *m = context;

	if (++m->reads == m->change_at)
		m->words[0] ^= 8;
	if (address < BASE || address - BASE > sizeof(m->words) + sizeof(m->text) - n)
		return false;
	memcpy(out, (const char *)m + (address - BASE), n);
	return true;
}

static uint64_t at(uint32_t word)
{
	return BASE + 8ull * word;
}

static void put_string(struct memory *m, uint32_t word, const char *text)
{
	m->words[word] = BASE + offsetof(struct memory, text) + m->n_text;
	m->words[word + 1] = strlen(text);
	memcpy(m->text + m->n_text, text, strlen(text));
	m->n_text += (uint32_t)strlen(text);
}

static uint32_t check_of(const struct memory *m, uint32_t pointer)
{
	uint64_t first = (m->words[pointer] - BASE) / 8;

	return go_labels_check(m->words, m->words + first);
}

static void make_slice(struct memory *m)
{
	*m = (struct memory){ .words = { at(8), 2, 2 } };
	put_string(m, 8, "path");
	put_string(m, 10, "/a/b");
	put_string(m, 12, "user");
	put_string(m, 14, "");
}

TEST(a_slice_of_labels_is_read)
{
	static const struct walk_go layout = { .labels = GO_LABELS_SLICE };
	struct go_label labels[GO_LABELS_MAX];
	struct arena arena = { 0 };
	struct memory m;

	make_slice(&m);
	CHECK_EQ(go_labels_read(&layout, BASE, check_of(&m, 0), read_memory, &m, &arena, labels), 2);
	CHECK_STR(labels[0].key, "path");
	CHECK_STR(labels[0].value, "/a/b");
	CHECK_STR(labels[1].key, "user");
	CHECK_STR(labels[1].value, "");
	arena_fini(&arena);
}

/* A map with one bucket of 8 (35 words with its overflow's address), and one that takes the rest. */
TEST(a_map_of_labels_is_read_with_what_overflowed)
{
	static const struct walk_go layout = { .labels = GO_LABELS_MAP };
	struct go_label labels[GO_LABELS_MAX];
	struct arena arena = { 0 };
	struct memory m = { .words = { 2, 0, at(8), 0 } };
	uint8_t top[8] = { 0, 200, 4, 0, 0, 0, 0, 0 };	/* slot 2: moved away */

	memcpy(&m.words[8], top, 8);
	put_string(&m, 9 + 2, "kind");
	put_string(&m, 25 + 2, "slow");
	put_string(&m, 9 + 4, "gone");
	put_string(&m, 25 + 4, "gone");
	m.words[41] = at(50);
	top[0] = 77;
	top[1] = top[2] = 0;
	memcpy(&m.words[50], top, 8);
	put_string(&m, 51, "user");
	put_string(&m, 67, "me");
	CHECK_EQ(go_labels_read(&layout, BASE, check_of(&m, 2), read_memory, &m, &arena, labels), 2);
	CHECK_STR(labels[0].key, "kind");
	CHECK_STR(labels[0].value, "slow");
	CHECK_STR(labels[1].key, "user");
	CHECK_STR(labels[1].value, "me");
	arena_fini(&arena);
}

TEST(labels_that_are_others_by_now_are_not_taken)
{
	static const struct walk_go layout = { .labels = GO_LABELS_SLICE };
	struct go_label labels[GO_LABELS_MAX];
	struct arena arena = { 0 };
	struct memory m;
	uint32_t check;

	make_slice(&m);
	check = check_of(&m, 0);
	CHECK_EQ(go_labels_read(&layout, BASE, check + 1, read_memory, &m, &arena, labels), -ESTALE);
	m.change_at = m.reads + 4;	/* while they are read */
	CHECK(go_labels_read(&layout, BASE, check, read_memory, &m, &arena, labels) < 0);
	CHECK_EQ(go_labels_read(&layout, 0x1000, check, read_memory, &m, &arena, labels), -EFAULT);
	arena_fini(&arena);
}

TEST(a_hostile_slice_gives_no_more_than_fits)
{
	static const struct walk_go layout = { .labels = GO_LABELS_SLICE };
	struct go_label labels[GO_LABELS_MAX];
	struct arena arena = { 0 };
	struct memory m;

	make_slice(&m);
	m.words[1] = UINT64_MAX;
	CHECK(go_labels_read(&layout, BASE, check_of(&m, 0), read_memory, &m, &arena, labels) <=
	      (int)GO_LABELS_MAX);
	m.words[9] = UINT64_MAX;	/* a key's length */
	CHECK_EQ(go_labels_read(&layout, BASE, check_of(&m, 0), read_memory, &m, &arena, labels),
		 -EFAULT);
	arena_fini(&arena);
}

TEST_MAIN(CASE(a_slice_of_labels_is_read), CASE(a_map_of_labels_is_read_with_what_overflowed),
	  CASE(labels_that_are_others_by_now_are_not_taken),
	  CASE(a_hostile_slice_gives_no_more_than_fits))
