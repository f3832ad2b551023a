/* SPDX-License-Identifier: Apache-2.0 */
#include "format/jfr_known.h"

#include "base/test.h"
#include "format/input.h"
#include "format/jfr_made_test.h"
#include "format/memory_test.h"

static struct str stack_of(const struct profile *p, uint32_t row, char **text)
{
	free(*text);
	*text = stack_text(p, p->stack[row]);
	return str_of(*text);
}

/* A file of chunks of three rows each. */
static void read_chunks(struct profile *p, uint32_t n, const struct made *chunks)
{
	struct buf bytes = { 0 };
	struct err err = { 0 };

	for (uint32_t i = 0; i < n; i++) {
		struct buf chunk = made_chunk(&chunks[i]);

		buf_add_str(&bytes, buf_str(&chunk));
		buf_fini(&chunk);
	}
	profile_init(p);
	if (format_read_bytes(p, buf_str(&bytes), "x", &err) < 0)
		fail_msg("%s", err.text);
	CHECK_EQ(p->n, 3 * n);
	buf_fini(&bytes);
}

TEST(what_a_method_is_called_changes_from_chunk_to_chunk)
{
	static const struct made chunks[] = { { 0 }, { .main = "other" }, { 0 }, { 0 }, { .main = "other" } };
	struct profile p;
	char *text = NULL;

	read_chunks(&p, 5, chunks);
	for (uint32_t i = 0; i < p.n; i++)
		CHECK_STR(stack_of(&p, i, &text), chunks[i / 3].main ? "pkg.Work.other;pkg.Work$$Lambda.run" :
								       "pkg.Work.main;pkg.Work$$Lambda.run");
	CHECK_EQ(p.tree.n, 5);
	free(text);
	profile_fini(&p);
}

TEST(a_method_that_a_chunk_lacks_is_unknown_in_it)
{
	static const struct made chunks[] = { { 0 }, { .without_run = true }, { 0 } };
	struct profile p;
	char *text = NULL;

	read_chunks(&p, 3, chunks);
	CHECK_STR(stack_of(&p, 0, &text), "pkg.Work.main;pkg.Work$$Lambda.run");
	CHECK_STR(stack_of(&p, 3, &text), "pkg.Work.main;[unknown method]");
	CHECK_STR(stack_of(&p, 6, &text), "pkg.Work.main;pkg.Work$$Lambda.run");
	free(text);
	profile_fini(&p);
}

TEST(what_frames_are_changes_from_chunk_to_chunk)
{
	static const struct made chunks[] = { { 0 }, { .type = "JIT compiled" }, { 0 } };
	struct profile p;

	read_chunks(&p, 3, chunks);
	for (uint32_t i = 0; i < p.n; i++)
		CHECK_EQ(p.frames.frames[p.tree.frame[p.stack[i]]].kind,
			 chunks[i / 3].type ? FRAME_JIT : FRAME_INTERPRETED);
	profile_fini(&p);
}

TEST(the_fields_of_a_frame_change_places_from_chunk_to_chunk)
{
	static const struct made chunks[] = { { 0 }, { .is_typed_first = true }, { 0 } };
	struct profile p;
	char *text = NULL;

	read_chunks(&p, 3, chunks);
	for (uint32_t i = 0; i < p.n; i++)
		CHECK_STR(stack_of(&p, i, &text), "pkg.Work.main;pkg.Work$$Lambda.run");
	CHECK_EQ(p.tree.n, 3);
	free(text);
	profile_fini(&p);
}

TEST_MAIN(CASE(what_a_method_is_called_changes_from_chunk_to_chunk),
	  CASE(a_method_that_a_chunk_lacks_is_unknown_in_it), CASE(what_frames_are_changes_from_chunk_to_chunk),
	  CASE(the_fields_of_a_frame_change_places_from_chunk_to_chunk))
