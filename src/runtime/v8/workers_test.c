/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/v8/workers.h"

#include "base/test.h"
#include "runtime/image_test.h"

#define THREAD 0x10000u
#define WORKER 0x20000u
#define TEXT 0x30000u
#define VTABLE 0x40000u

/* A thread whose argument has that vtable, and a Worker with a reason and a name. */
static bool name_of(uint64_t vtable, const char *reason, const char *name, struct arena *arena, struct str *ret_name)
{
	struct buf image = { 0 };
	struct v8_memory memory = { image_read, NULL, NULL, NULL };
	uint64_t thread[288] = { [3] = TEXT, [200] = WORKER }, worker[60] = { vtable };
	const char *texts[] = { reason, name };
	struct str view;
	bool found;

	for (int i = 0; i < 2; i++) {
		uint32_t at = i ? 33 : 26;
		size_t n = strlen(texts[i]);

		worker[at + 1] = n;
		if (n <= 15) {
			worker[at] = WORKER + at * 8 + 16;
			memcpy(&worker[at + 2], texts[i], n);
		} else {
			worker[at] = TEXT + 8u + (uint64_t)i * 256;
			worker[at + 2] = n + 5;
			image_add(&image, worker[at], texts[i], n);
		}
	}
	image_add(&image, TEXT, "nothing.", 8);
	image_add(&image, THREAD, thread, sizeof(thread));
	image_add(&image, WORKER, worker, sizeof(worker));
	view = buf_str(&image);
	memory.context = &view;
	found = v8_worker_name(&memory, THREAD, VTABLE, arena, ret_name);
	buf_fini(&image);
	return found;
}

TEST(a_worker_has_the_name_that_it_was_given)
{
	struct arena arena = { 0 };
	struct str name;

	CHECK(name_of(VTABLE + 16, "", "short one", &arena, &name));
	CHECK_STR(name, "short one");
	CHECK(name_of(VTABLE + 16, "", "one that is longer than fifteen bytes", &arena, &name));
	CHECK_STR(name, "one that is longer than fifteen bytes");
	CHECK(name_of(VTABLE + 16, "ERR_WORKER_OUT_OF_MEMORY", "short one", &arena, &name));
	CHECK_STR(name, "short one");
	arena_fini(&arena);
}

TEST(what_is_no_worker_or_was_given_no_name_has_none)
{
	struct arena arena = { 0 };
	struct str name;

	CHECK(!name_of(VTABLE, "", "short one", &arena, &name));
	CHECK(!name_of(VTABLE + 16, "", "", &arena, &name));
	arena_fini(&arena);
}

TEST_MAIN(CASE(a_worker_has_the_name_that_it_was_given), CASE(what_is_no_worker_or_was_given_no_name_has_none))
