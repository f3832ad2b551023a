/* SPDX-License-Identifier: Apache-2.0 */
/* Images of real processes: tests/corpus/runtime/python/objects, written by `python_reader threads` and
 * `python_reader tasks` (tests/python_reader.c) while the programs of tests/test_python_reader.py wait. */
#include "runtime/python/objects.h"

#include "base/err.h"
#include "base/file.h"
#include "base/test.h"
#include "runtime/python/image_test.h"
#include "runtime/python/tasks.h"
#include "runtime/python/threads.h"

#define IMAGES "tests/corpus/runtime/python/objects/"

struct image {
	struct mapped_file bytes;
	struct python_file file;
	struct str reads;
	struct arena arena;
};

static void open_image(struct image *image, const char *kind, unsigned minor)
{
	struct err err = { 0 };
	char path[128];

	*image = (struct image){ 0 };
	snprintf(path, sizeof(path), IMAGES "%s-3.%u", kind, minor);
	CHECK_EQ(mapped_file_open(&image->bytes, path, &err), 0);
	CHECK(image_open(mapped_file_view(&image->bytes), &image->file, &image->reads));
}

static void close_image(struct image *image)
{
	arena_fini(&image->arena);
	mapped_file_close(&image->bytes);
}

struct names {
	struct buf text;
	uint32_t with_tid;
};

static bool add_name(void *seer, const struct python_thread *thread)
{
	struct names *names = seer;

	buf_addf(&names->text, "%.*s\n", STR_ARG(thread->name));
	names->with_tid += thread->tid != 0;
	return true;
}

TEST(threads_of_every_version_have_their_names)
{
	for (unsigned minor = 6; minor <= 14; minor++) {
		struct names names = { .with_tid = 0 };
		struct image image;
		uint32_t n;

		open_image(&image, "threads", minor);
		n = python_thread_names(&image.file, 0, image_read, &image.reads, &image.arena,
					add_name, &names);
		CHECK_EQ(n, 8);
		CHECK_EQ(names.with_tid, minor >= 8 ? 8 : 0);
		CHECK(str_starts(buf_str(&names.text), STR("MainThread\nworker-0\nworker-1\n")));
		CHECK(str_contains(buf_str(&names.text), STR("\nworker-3\nrenamed\n数-own\nThread-")));
		buf_fini(&names.text);
		close_image(&image);
	}
}

/* The first word in the image that a task runs. */
static uint32_t find_chain(struct image *image, struct python_task chain[PYTHON_CHAIN_MAX])
{
	struct cursor c = cursor_over(image->reads);
	uint32_t n = 0;

	while (!n && cursor_more(&c)) {
		struct str bytes;
		uint64_t value;

		cursor_u64(&c);
		bytes = cursor_bytes(&c, cursor_u32(&c));
		if (bytes.n != sizeof(value))
			continue;
		memcpy(&value, bytes.p, sizeof(value));
		n = python_task_chain(&image->file, 0, image_read, &image->reads, value,
				      &image->arena, chain);
		if (n && !str_eq(chain[0].qualname, STR("read")))
			n = 0;
	}
	return n;
}

TEST(tasks_of_every_version_have_those_that_wait_for_them)
{
	for (unsigned minor = 7; minor <= 14; minor++) {
		struct python_task chain[PYTHON_CHAIN_MAX];
		struct image image;

		open_image(&image, "tasks", minor);
		CHECK(find_chain(&image, chain) >= 4);
		CHECK_STR(chain[0].name, minor == 7 ? "" : "réader");
		CHECK_STR(chain[1].qualname, "fetch");
		CHECK_STR(chain[2].name, minor == 7 ? "" : "crowd");
		CHECK_STR(chain[3].qualname, "group");
		close_image(&image);
	}
}

TEST_MAIN(CASE(threads_of_every_version_have_their_names),
	  CASE(tasks_of_every_version_have_those_that_wait_for_them))
