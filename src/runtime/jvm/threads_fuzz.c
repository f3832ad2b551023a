/* SPDX-License-Identifier: Apache-2.0 */
/* The input: which JDK's offsets (u64), and a memory (image_test.h) with HotSpot's tables in it (tables_test.h):
 * the tables, what is found with them, and the names of threads. */
#include "runtime/jvm/threads.h"

#include <stdlib.h>

#include "runtime/jvm/tables_test.h"

static bool see(void *seer, const struct jvm_thread *thread)
{
	uint32_t *n = seer;

	if (!thread->name.n || thread->name.n > JVM_THREAD_NAME_MAX * 4 || !thread->tid)
		abort();
	return ++*n < 1000;
}

/* Where tables_finish() puts them. */
static struct jvm_places places(void)
{
	struct buf image = { 0 };
	struct tables tables = { 0 };

	tables_finish(&tables, &image);
	buf_fini(&image);
	return tables.places;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_over(str_over(data, size));
	uint64_t jdk = cursor_u64(&c);
	struct str image = cursor_bytes(&c, cursor_left(&c));
	struct jvm_memory memory = { image_read, &image };
	struct jvm_places where = places();
	struct jvm_vmstructs structs;
	struct jvm_offsets offsets;
	struct arena arena = { 0 };
	uint32_t n = 0;

	if (size > 65536 || !jvm_vmstructs_read(&structs, &where, 0, image_read, &image))
		return 0;
	(void)jvm_offsets_find(&offsets, &structs, 0, &memory);
	if (jvm_thread_names(&structs, &image_offsets[jdk % IMAGE_JDKS], 0, &memory, &arena, NULL, see, &n) != n)
		abort();
	arena_fini(&arena);
	jvm_vmstructs_fini(&structs);
	return 0;
}
