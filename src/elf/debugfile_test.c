/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/debugfile.h"

#include <errno.h>
#include <libdeflate.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/test.h"

/* Four sections: null, a build id, one whose name a test chooses, names. */
struct image {
	Elf64_Ehdr eh;
	Elf64_Shdr sh[4];
	char note[20];
	char data[32];
	char names[64];
};

static void image_make(struct image *im, const char *section, char id)
{
	*im = (struct image){ 0 };
	memcpy(im->eh.e_ident, ELFMAG "\2\1\1", 7);
	im->eh.e_machine = EM_X86_64;
	im->eh.e_shoff = offsetof(struct image, sh);
	im->eh.e_shentsize = sizeof(Elf64_Shdr);
	im->eh.e_shnum = 4;
	im->eh.e_shstrndx = 3;
	memcpy(im->note, "\4\0\0\0\4\0\0\0\3\0\0\0GNU\0\xab\xcd\xef", 19);
	im->note[19] = id;
	memcpy(im->names + 1, section, strlen(section));
	im->sh[1] = (Elf64_Shdr){ .sh_type = SHT_NOTE, .sh_size = sizeof(im->note),
				  .sh_offset = offsetof(struct image, note), .sh_addralign = 4 };
	im->sh[2] = (Elf64_Shdr){ .sh_name = 1, .sh_type = SHT_PROGBITS,
				  .sh_size = sizeof(im->data),
				  .sh_offset = offsetof(struct image, data) };
	im->sh[3] = (Elf64_Shdr){ .sh_type = SHT_STRTAB, .sh_size = sizeof(im->names),
				  .sh_offset = offsetof(struct image, names) };
}

/* A root of our own, with an empty cache. */
struct place {
	char root[64];
	char found[PATH_MAX];
	struct image binary, debug;
	struct elf elf, ret_debug;
};

static void place_make(struct place *p)
{
	*p = (struct place){ .root = "/tmp/sonde-debugfile-XXXXXX" };
	CHECK(mkdtemp(p->root) != NULL);
	setenv("DEBUGINFOD_CACHE_PATH", p->root, 1);
	unsetenv("DEBUGINFOD_URLS");
	image_make(&p->binary, ".text", 1);
	image_make(&p->debug, ".debug_info", 1);
}

static void put_file(const struct place *p, const char *path, const void *bytes, size_t n)
{
	char whole[PATH_MAX];

	snprintf(whole, sizeof(whole), "%s%s", p->root, path);
	for (char *slash = whole + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = 0;
		mkdir(whole, 0700);
		*slash = '/';
	}
	CHECK_EQ(file_write_whole(whole, str_over(bytes, n), NULL), 0);
}

static void put_debug(const struct place *p, const char *path)
{
	put_file(p, path, &p->debug, sizeof(p->debug));
}

/* Where it was found, without the root; "nowhere". */
static const char *find(struct place *p)
{
	CHECK_EQ(elf_open_bytes(&p->elf, str_over(&p->binary, sizeof(p->binary)), "b", NULL), 0);
	if (debugfile_find(&p->elf, "/usr/bin/b", p->root, &p->ret_debug, p->found, NULL) < 0)
		return "nowhere";
	return p->found + strlen(p->root);
}

static void place_remove(struct place *p)
{
	char command[128];

	elf_close(&p->ret_debug);
	elf_close(&p->elf);
	snprintf(command, sizeof(command), "rm -r %s", p->root);
	CHECK_EQ(system(command), 0);
}

#define BY_ID "/usr/lib/debug/.build-id/ab/cdef01.debug"

static void put_link(struct place *p, const char *name)
{
	uint32_t crc = libdeflate_crc32(0, &p->debug, sizeof(p->debug));
	size_t n = strlen(name) + 1;

	image_make(&p->binary, ".gnu_debuglink", 1);
	memset(p->binary.data, 0, sizeof(p->binary.data));
	memcpy(p->binary.data, name, n);
	n = (n + 3) & ~(size_t)3;
	memcpy(p->binary.data + n, &crc, 4);
	p->binary.sh[2].sh_size = n + 4;
}

TEST(a_debug_file_is_found_by_build_id)
{
	struct place p;

	place_make(&p);
	CHECK_STR(str_of(find(&p)), "nowhere");
	elf_close(&p.elf);
	put_debug(&p, BY_ID);
	CHECK_STR(str_of(find(&p)), BY_ID);
	CHECK(elf_find_section(&p.ret_debug, STR(".debug_info")) != NULL);
	place_remove(&p);
}

TEST(a_file_of_another_build_is_never_taken)
{
	struct place p;

	place_make(&p);
	image_make(&p.debug, ".debug_info", 2);
	put_link(&p, "b.debug");
	put_debug(&p, BY_ID);
	put_debug(&p, "/usr/bin/b.debug");
	put_debug(&p, "/abcdef01/debuginfo");
	CHECK_STR(str_of(find(&p)), "nowhere");
	place_remove(&p);
}

TEST(a_file_without_debug_information_or_symbols_is_not_taken)
{
	struct place p;

	place_make(&p);
	image_make(&p.debug, ".data", 1);
	put_debug(&p, BY_ID);
	CHECK_STR(str_of(find(&p)), "nowhere");
	place_remove(&p);
}

TEST(a_binary_with_its_own_debug_information_needs_no_other)
{
	struct place p;

	place_make(&p);
	image_make(&p.binary, ".debug_info", 1);
	put_debug(&p, BY_ID);
	CHECK_STR(str_of(find(&p)), "nowhere");
	place_remove(&p);
}

TEST(the_debug_link_is_looked_for_in_three_places)
{
	static const char *const places[] = { "/usr/bin/b.debug", "/usr/bin/.debug/b.debug",
					      "/usr/lib/debug/usr/bin/b.debug" };

	for (size_t i = 0; i < 3; i++) {
		struct place p;

		place_make(&p);
		put_link(&p, "b.debug");
		put_debug(&p, places[i]);
		CHECK_STR(str_of(find(&p)), places[i]);
		place_remove(&p);
	}
}

TEST(a_debug_link_with_a_wrong_checksum_or_a_path_is_not_followed)
{
	struct place p;

	place_make(&p);
	put_link(&p, "b.debug");
	p.debug.data[0] ^= 1;
	put_debug(&p, "/usr/bin/b.debug");
	CHECK_STR(str_of(find(&p)), "nowhere");
	elf_close(&p.elf);
	put_link(&p, "../bin/b.debug");
	CHECK_STR(str_of(find(&p)), "nowhere");
	place_remove(&p);
}

TEST(a_debuginfod_cache_is_read)
{
	struct place p;

	place_make(&p);
	put_debug(&p, "/abcdef01/debuginfo");
	CHECK_STR(str_of(find(&p)), "/abcdef01/debuginfo");
	place_remove(&p);
}

TEST_MAIN(CASE(a_debug_file_is_found_by_build_id), CASE(a_file_of_another_build_is_never_taken),
	  CASE(a_file_without_debug_information_or_symbols_is_not_taken),
	  CASE(a_binary_with_its_own_debug_information_needs_no_other),
	  CASE(the_debug_link_is_looked_for_in_three_places),
	  CASE(a_debug_link_with_a_wrong_checksum_or_a_path_is_not_followed),
	  CASE(a_debuginfod_cache_is_read))
