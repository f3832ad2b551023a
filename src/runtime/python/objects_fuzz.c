/* SPDX-License-Identifier: Apache-2.0 */
/* The input is an image (image_test.h): names of threads, and the tasks of whatever could be a coroutine. */
#include "runtime/python/image_test.h"
#include "runtime/python/tasks.h"
#include "runtime/python/threads.h"

#define COROUTINES_MAX 8

static bool see_thread(void *seer, const struct python_thread *thread)
{
	return thread->name.n <= PYTHON_STRING_MAX * 4 + 3 && seer;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct python_task chain[PYTHON_CHAIN_MAX];
	struct arena arena = { 0 };
	struct python_file file;
	struct str reads;
	struct cursor c;

	if (size > 65536 || !image_open(str_over(data, size), &file, &reads))
		return 0;
	python_thread_names(&file, 0, image_read, &reads, &arena, see_thread, &arena);
	c = cursor_over(reads);
	for (unsigned i = 0; i < COROUTINES_MAX && cursor_more(&c); i++) {
		uint64_t at = cursor_u64(&c);

		cursor_skip(&c, cursor_u32(&c));
		python_task_chain(&file, 0, image_read, &reads, at, &arena, chain);
	}
	arena_fini(&arena);
	return 0;
}
