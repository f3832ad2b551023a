/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/images.h"

#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/test.h"

/* A directory of its own, with a file in it. */
struct world {
	struct images images;
	char dir[32], path[64], other[64];
};

static void world_make(struct world *w)
{
	CHECK_EQ(images_init(&w->images), 0);
	strcpy(w->dir, "/tmp/sonde-images-XXXXXX");
	CHECK(mkdtemp(w->dir) != NULL);
	snprintf(w->path, sizeof(w->path), "%s/a", w->dir);
	snprintf(w->other, sizeof(w->other), "%s/b", w->dir);
	CHECK_EQ(file_write_whole(w->path, STR("some bytes"), NULL), 0);
}

static void world_fini(struct world *w)
{
	images_fini(&w->images);
	unlink(w->path);
	unlink(w->other);
	CHECK_EQ(rmdir(w->dir), 0);
}

static struct image_query query_of(const char *path)
{
	struct stat st = { 0 };

	stat(path, &st);
	return (struct image_query){ .pid = getpid(), .path = str_of(path), .inode = st.st_ino };
}

static uint32_t image_of(struct world *w, const char *path)
{
	struct image_query query = query_of(path);

	return images_of_mapping(&w->images, &query);
}

TEST(a_file_under_two_names_is_one_image)
{
	struct world w;
	uint32_t id;

	world_make(&w);
	id = image_of(&w, w.path);
	CHECK(id > IMAGE_KERNEL_ID);
	CHECK_EQ(link(w.path, w.other), 0);
	CHECK_EQ(image_of(&w, w.other), id);
	CHECK_EQ(image_of(&w, w.path), id);
	CHECK_STR(images_get(&w.images, id)->path, w.path);
	world_fini(&w);
}

TEST(another_file_under_the_same_name_is_another_image)
{
	struct world w;
	uint32_t id;

	world_make(&w);
	id = image_of(&w, w.path);
	CHECK_EQ(file_write_whole(w.other, STR("other bytes"), NULL), 0);
	CHECK_EQ(rename(w.other, w.path), 0);
	CHECK(image_of(&w, w.path) != id);
	world_fini(&w);
}

TEST(a_file_that_is_not_the_mapped_one_is_not_taken)
{
	static const uint8_t build_id[20] = "no file has this id";
	struct image_query query = query_of("/proc/self/exe");
	struct image_query wrong_inode = query;
	struct world w;
	uint32_t id, right;

	world_make(&w);
	query.path = STR("/proc/self/exe");
	right = images_of_mapping(&w.images, &query);
	CHECK(images_get(&w.images, right)->fd >= 0);
	CHECK(images_get(&w.images, right)->elf.n_segments > 0);
	CHECK(images_get(&w.images, right)->build_id_n > 0);
	query.build_id = build_id;
	query.build_id_n = sizeof(build_id);
	id = images_of_mapping(&w.images, &query);
	CHECK(id != right);
	CHECK_EQ(images_get(&w.images, id)->fd, -1);
	CHECK_EQ(images_get(&w.images, id)->elf.n_segments, 0);
	CHECK_STR(str_over(images_get(&w.images, id)->build_id, 19), "no file has this id");
	wrong_inode.inode++;
	id = images_of_mapping(&w.images, &wrong_inode);
	CHECK_EQ(images_get(&w.images, id)->fd, -1);
	world_fini(&w);
}

TEST(what_is_no_elf_file_has_no_rows_and_no_bias)
{
	struct world w;
	uint64_t bias = 77;
	uint32_t id;

	world_make(&w);
	id = image_of(&w, w.path);
	CHECK(!images_bias(&w.images, id, 0x1000, 0, &bias));
	CHECK_EQ(bias, 77);
	CHECK(images_build_rows(&w.images, id));
	CHECK(!images_build_rows(&w.images, id));
	CHECK_EQ(images_get(&w.images, id)->n_cells, 0);
	CHECK(!images_build_rows(&w.images, IMAGE_KERNEL_ID));
	CHECK(!images_build_rows(&w.images, 0));
	CHECK_EQ(images_get(&w.images, UINT32_MAX)->kind, IMAGE_NONE);
	world_fini(&w);
}

TEST(the_vdso_is_one_image_read_from_memory)
{
	struct image_query query = { .pid = getpid(), .path = STR("[vdso]") };
	struct world w;
	uint64_t bias;
	uint32_t id;

	world_make(&w);
	id = images_of_mapping(&w.images, &query);
	if (getauxval(AT_SYSINFO_EHDR)) {
		CHECK_EQ(images_get(&w.images, id)->kind, IMAGE_VDSO);
		query.pid = 1;
		CHECK_EQ(images_of_mapping(&w.images, &query), id);
		CHECK(images_bias(&w.images, id, 0x7000, 0x3000, &bias));
		CHECK_EQ(bias, 0x7000);
		CHECK(images_build_rows(&w.images, id));
		CHECK(images_get(&w.images, id)->n_cells > 0);
	}
	world_fini(&w);
}

TEST(run_time_code_is_of_one_process_and_its_jitdump_stays_open)
{
	struct world w;
	struct mapped_file file = { 0 };
	char path[64];
	uint32_t id, other;

	world_make(&w);
	id = images_of_runtime(&w.images, getpid(), STR("node"));
	other = images_of_runtime(&w.images, 0x7ffffff0, STR("node"));
	CHECK(id && other && id != other);
	CHECK_EQ(images_of_runtime(&w.images, getpid(), STR("node")), id);
	images_set_jitdump(&w.images, id, STR("/gone/jit-1.dump"));
	CHECK_EQ(images_get(&w.images, id)->jitdump.n, 0);
	images_set_jitdump(&w.images, id, str_of(w.path));
	unlink(w.path);
	snprintf(path, sizeof(path), "%.*s", STR_ARG(images_get(&w.images, id)->jitdump));
	CHECK_EQ(mapped_file_open(&file, path, NULL), 0);
	CHECK_STR(mapped_file_view(&file), "some bytes");
	mapped_file_close(&file);
	/* the first one stays, and files have none */
	images_set_jitdump(&w.images, id, STR("/proc/self/exe"));
	CHECK_STR(images_get(&w.images, id)->jitdump, path);
	other = image_of(&w, "/proc/self/exe");
	images_set_jitdump(&w.images, other, STR("/proc/self/exe"));
	CHECK_EQ(images_get(&w.images, other)->jitdump.n, 0);
	world_fini(&w);
}

TEST(more_images_than_there_can_be_are_none)
{
	struct world w;
	char path[32];

	world_make(&w);
	for (uint32_t i = w.images.n; i < IMAGES_MAX; i++) {
		snprintf(path, sizeof(path), "/gone/%u", i);
		CHECK_EQ(image_of(&w, path), i);
	}
	CHECK_EQ(image_of(&w, "/gone/one more"), 0);
	CHECK_EQ(image_of(&w, w.path), 0);
	CHECK_EQ(images_of_runtime(&w.images, getpid(), STR("node")), 0);
	CHECK(image_of(&w, "/gone/5") != 0);
	world_fini(&w);
}

TEST_MAIN(CASE(a_file_under_two_names_is_one_image),
	  CASE(another_file_under_the_same_name_is_another_image),
	  CASE(a_file_that_is_not_the_mapped_one_is_not_taken),
	  CASE(what_is_no_elf_file_has_no_rows_and_no_bias),
	  CASE(the_vdso_is_one_image_read_from_memory),
	  CASE(run_time_code_is_of_one_process_and_its_jitdump_stays_open),
	  CASE(more_images_than_there_can_be_are_none))
