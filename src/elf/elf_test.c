/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/elf.h"

#include <errno.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <zstd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/test.h"

/* A file made by hand:
 *
 *   0x000 header   0x040 two segments   0x100 note   0x140 text   0x180 names   0x200 five sections
 *   0x400 the bytes of section 4 (what a test puts there)
 */
struct image {
	Elf64_Ehdr eh;			/* 0x000 */
	Elf64_Phdr ph[3];		/* 0x040 */
	char gap[0x100 - 0x40 - 3 * sizeof(Elf64_Phdr)];
	char note[0x40];		/* 0x100 */
	char text[0x40];		/* 0x140 */
	char names[0x80];		/* 0x180 */
	Elf64_Shdr sh[8];		/* 0x200 */
	char data[0x800];		/* 0x400 */
};

_Static_assert(offsetof(struct image, note) == 0x100, "image layout");
_Static_assert(offsetof(struct image, data) == 0x400, "image layout");

static const char names[] = "\0.note\0.text\0.names\0.debug_x\0.zdebug_y";
static const char note[] = "\4\0\0\0\3\0\0\0\3\0\0\0GNU\0\xab\xcd\xef\0";

static void image_make(struct image *im)
{
	*im = (struct image){ 0 };
	memcpy(im->eh.e_ident, ELFMAG "\2\1\1", 7);
	im->eh.e_type = ET_DYN;
	im->eh.e_machine = EM_X86_64;
	im->eh.e_entry = 0x1140;
	im->eh.e_phoff = offsetof(struct image, ph);
	im->eh.e_phentsize = sizeof(Elf64_Phdr);
	im->eh.e_phnum = 2;
	im->eh.e_shoff = offsetof(struct image, sh);
	im->eh.e_shentsize = sizeof(Elf64_Shdr);
	im->eh.e_shnum = 5;
	im->eh.e_shstrndx = 3;
	im->ph[0] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_offset = 0x100,
				  .p_vaddr = 0x1100, .p_filesz = 0x80, .p_memsz = 0x100 };
	im->ph[1] = (Elf64_Phdr){ .p_type = PT_NOTE, .p_offset = 0x100, .p_vaddr = 0x1100,
				  .p_filesz = sizeof(note) - 1, .p_align = 4 };
	memcpy(im->note, note, sizeof(note) - 1);
	memcpy(im->text, "code", 4);
	memcpy(im->names, names, sizeof(names));
	im->sh[1] = (Elf64_Shdr){ .sh_name = 1, .sh_type = SHT_NOTE, .sh_offset = 0x100,
				  .sh_size = sizeof(note) - 1, .sh_addralign = 4 };
	im->sh[2] = (Elf64_Shdr){ .sh_name = 7, .sh_type = SHT_PROGBITS, .sh_addr = 0x1140,
				  .sh_flags = SHF_EXECINSTR, .sh_offset = 0x140, .sh_size = 4 };
	im->sh[3] = (Elf64_Shdr){ .sh_name = 13, .sh_type = SHT_STRTAB, .sh_offset = 0x180,
				  .sh_size = sizeof(names) };
	im->sh[4] = (Elf64_Shdr){ .sh_name = 20, .sh_type = SHT_PROGBITS, .sh_offset = 0x400,
				  .sh_size = 8 };
	memcpy(im->data, "12345678", 8);
}

static int image_open(struct elf *elf, const struct image *im)
{
	return elf_open_bytes(elf, str_over(im, sizeof(*im)), "image", NULL);
}

static void put_chdr(struct image *im, uint32_t method, uint64_t size, uint64_t stream_bytes)
{
	Elf64_Chdr ch = { .ch_type = method, .ch_size = size, .ch_addralign = 1 };

	memcpy(im->data, &ch, sizeof(ch));
	im->sh[4].sh_flags = SHF_COMPRESSED;
	im->sh[4].sh_size = sizeof(ch) + stream_bytes;
}

static size_t put_zlib(char *out, size_t room, struct str bytes)
{
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
	size_t n = libdeflate_zlib_compress(c, bytes.p, bytes.n, out, room);

	libdeflate_free_compressor(c);
	assert_true(n > 0);
	return n;
}

static void check_debug_x(const struct image *im, const char *wanted)
{
	struct elf elf;
	struct str got, again;

	CHECK_EQ(image_open(&elf, im), 0);
	CHECK_EQ(elf_section_by_name(&elf, STR(".debug_x"), &got, NULL), 0);
	CHECK_STR(got, wanted);
	CHECK_EQ(elf_section_by_name(&elf, STR(".debug_x"), &again, NULL), 0);
	CHECK(got.p == again.p);
	elf_close(&elf);
}

static int section_rc(const struct image *im)
{
	struct elf elf;
	struct str got;
	int rc;

	CHECK_EQ(image_open(&elf, im), 0);
	rc = elf_section_by_name(&elf, STR(".debug_x"), &got, NULL);
	elf_close(&elf);
	return rc;
}

TEST(sections_segments_and_build_id_are_read)
{
	struct image im;
	struct elf elf;
	char hex[8];

	image_make(&im);
	CHECK_EQ(image_open(&elf, &im), 0);
	CHECK_EQ(elf.n_sections, 5);
	CHECK_EQ(elf.n_segments, 2);
	CHECK_EQ(elf.entry, 0x1140);
	CHECK_STR(elf.sections[2].name, ".text");
	CHECK(elf_find_section(&elf, STR(".text")) == &elf.sections[2]);
	CHECK(elf_find_section(&elf, STR(".nowhere")) == NULL);
	elf_build_id_hex(elf.build_id, hex, sizeof(hex));
	CHECK_STR(str_of(hex), "abcdef");
	elf_build_id_hex(elf.build_id, hex, 5);
	CHECK_STR(str_of(hex), "abcd");
	elf_close(&elf);
}

TEST(the_build_id_is_found_without_sections)
{
	struct image im;
	struct elf elf;

	image_make(&im);
	im.eh.e_shoff = 0x7fffffff;
	CHECK_EQ(image_open(&elf, &im), 0);
	CHECK_EQ(elf.n_sections, 0);
	CHECK_STR(elf.build_id, "\xab\xcd\xef");
	CHECK_STR(elf_bytes_at(&elf, 0x1140, 4), "code");
	elf_close(&elf);
}

TEST(without_sections_and_segments_the_file_is_damaged)
{
	struct image im;
	struct elf elf;
	struct err err = { 0 };

	image_make(&im);
	im.eh.e_shoff = 0;
	im.eh.e_phoff = UINT64_MAX - 8;
	CHECK_EQ(elf_open_bytes(&elf, str_over(&im, sizeof(im)), "x.so", &err), -EBADMSG);
	CHECK_STR(str_of(err.text), "x.so is damaged: neither its sections nor its segments can be "
				    "read");
}

TEST(other_files_are_refused)
{
	struct image im;
	struct elf elf;

	image_make(&im);
	im.eh.e_ident[EI_CLASS] = ELFCLASS32;
	CHECK_EQ(image_open(&elf, &im), -ENOEXEC);
	image_make(&im);
	im.eh.e_ident[EI_DATA] = ELFDATA2MSB;
	CHECK_EQ(image_open(&elf, &im), -ENOEXEC);
	image_make(&im);
	im.eh.e_machine = EM_RISCV;
	CHECK_EQ(image_open(&elf, &im), -ENOEXEC);
	CHECK_EQ(elf_open_bytes(&elf, STR("#!/bin/sh"), "sh", NULL), -ENOEXEC);
	CHECK_EQ(elf_open_bytes(&elf, STR(""), "empty", NULL), -ENOEXEC);
	CHECK_EQ(elf_open_bytes(&elf, STR(ELFMAG "\2\1\1"), "cut", NULL), -EBADMSG);
	CHECK_EQ(elf_open(&elf, "/nonexistent/x", NULL), -ENOENT);
	CHECK_EQ(elf_open(&elf, "/dev/null", NULL), -ENOEXEC);
	CHECK_EQ(elf_open(&elf, "/", NULL), -ENOEXEC);
}

TEST(counts_too_large_for_the_header_are_in_the_first_section)
{
	struct image im;
	struct elf elf;

	image_make(&im);
	im.sh[0] = (Elf64_Shdr){ .sh_size = 5, .sh_link = 3, .sh_info = 2 };
	im.eh.e_shnum = 0;
	im.eh.e_shstrndx = SHN_XINDEX;
	im.eh.e_phnum = PN_XNUM;
	CHECK_EQ(image_open(&elf, &im), 0);
	CHECK_EQ(elf.n_sections, 5);
	CHECK_EQ(elf.n_segments, 2);
	CHECK(elf_find_section(&elf, STR(".text")) == &elf.sections[2]);
	elf_close(&elf);
}

TEST(a_section_past_the_end_is_an_error_and_nobits_is_empty)
{
	struct image im;
	struct elf elf;
	struct str got = STR("untouched");

	image_make(&im);
	im.sh[4].sh_size = UINT64_MAX;
	CHECK_EQ(section_rc(&im), -EBADMSG);
	im.sh[4].sh_type = SHT_NOBITS;
	CHECK_EQ(image_open(&elf, &im), 0);
	CHECK_EQ(elf_section_data(&elf, &elf.sections[4], &got, NULL), 0);
	CHECK_STR(got, "");
	got = STR("untouched");
	CHECK_EQ(elf_section_by_name(&elf, STR(".nowhere"), &got, NULL), 0);
	CHECK_STR(got, "");
	elf_close(&elf);
}

TEST(zlib_sections_are_decompressed_once)
{
	struct image im;
	size_t n;

	image_make(&im);
	n = put_zlib(im.data + sizeof(Elf64_Chdr), 256, STR("hello hello hello"));
	put_chdr(&im, ELFCOMPRESS_ZLIB, 17, n);
	check_debug_x(&im, "hello hello hello");
}

TEST(zstd_sections_are_decompressed_once)
{
	struct image im;
	size_t n;

	image_make(&im);
	n = ZSTD_compress(im.data + sizeof(Elf64_Chdr), 256, "hello hello hello", 17, 3);
	put_chdr(&im, 2, 17, n);
	check_debug_x(&im, "hello hello hello");
}

TEST(old_zdebug_sections_are_found_and_decompressed)
{
	struct image im;
	struct elf elf;
	struct str got;

	image_make(&im);
	im.sh[4].sh_name = 29;
	memcpy(im.data, "ZLIB\0\0\0\0\0\0\0\5", 12);
	im.sh[4].sh_size = 12 + put_zlib(im.data + 12, 256, STR("hello"));
	CHECK_EQ(image_open(&elf, &im), 0);
	CHECK_EQ(elf_section_by_name(&elf, STR(".debug_y"), &got, NULL), 0);
	CHECK_STR(got, "hello");
	elf_close(&elf);
}

TEST(damaged_compressed_sections_are_errors)
{
	struct image im;
	size_t n;

	image_make(&im);
	n = put_zlib(im.data + sizeof(Elf64_Chdr), 256, STR("hello hello hello"));
	put_chdr(&im, ELFCOMPRESS_ZLIB, 16, n);
	CHECK_EQ(section_rc(&im), -EBADMSG);	/* longer than it says */
	put_chdr(&im, ELFCOMPRESS_ZLIB, 18, n);
	CHECK_EQ(section_rc(&im), -EBADMSG);	/* shorter */
	put_chdr(&im, 2, 17, n);
	CHECK_EQ(section_rc(&im), -EBADMSG);	/* no zstd frame */
	put_chdr(&im, 99, 17, n);
	CHECK_EQ(section_rc(&im), -EOPNOTSUPP);
	put_chdr(&im, ELFCOMPRESS_ZLIB, (uint64_t)1 << 40, n);
	CHECK_EQ(section_rc(&im), -EFBIG);
	im.sh[4].sh_size = 20;
	CHECK_EQ(section_rc(&im), -EBADMSG);	/* ends inside its header */
}

TEST(bytes_are_given_only_where_the_file_holds_all_of_them)
{
	struct image im;
	struct elf elf;

	image_make(&im);
	CHECK_EQ(image_open(&elf, &im), 0);
	CHECK_EQ(elf_bytes_at(&elf, 0x1100, 0x80).n, 0x80);
	CHECK_EQ(elf_bytes_at(&elf, 0x1100, 0x81).n, 0);	/* the rest is bss */
	CHECK_EQ(elf_bytes_at(&elf, 0x10ff, 1).n, 0);
	CHECK_EQ(elf_bytes_at(&elf, 0x1140, UINT64_MAX).n, 0);
	elf_close(&elf);
}

TEST(file_offsets_become_vaddrs_through_their_segment)
{
	struct image im;
	struct elf elf;
	uint64_t vaddr = 0;

	image_make(&im);
	im.ph[2] = im.ph[0];		/* lld's way: a second segment in the same page */
	im.ph[2].p_offset = 0x180;
	im.ph[2].p_vaddr = 0x2180;
	im.ph[0].p_flags = PF_R;
	im.eh.e_phnum = 3;
	CHECK_EQ(image_open(&elf, &im), 0);
	CHECK(elf_vaddr_of_off(&elf, 0x140, &vaddr));
	CHECK_EQ(vaddr, 0x1140);
	CHECK(elf_vaddr_of_off(&elf, 0x180, &vaddr));
	CHECK_EQ(vaddr, 0x2180);
	CHECK(!elf_vaddr_of_off(&elf, 0x200, &vaddr));
	CHECK(elf_code_vaddr_of_off(&elf, 0x140, &vaddr));
	CHECK_EQ(vaddr, 0x2140);
	CHECK(elf_code_vaddr_of_off(&elf, 0, &vaddr));
	CHECK_EQ(vaddr, 0x2000);
	CHECK(!elf_code_vaddr_of_off(&elf, 0x1000, &vaddr));
	elf_close(&elf);
}

TEST(every_prefix_of_a_file_is_survived)
{
	struct image im;

	image_make(&im);
	for (size_t n = 0; n < sizeof(im); n++) {
		char *copy = malloc(n + 1);	/* its own block, so that ASan sees a step too far */
		struct elf elf;

		memcpy(copy, &im, n);
		if (elf_open_bytes(&elf, str_over(copy, n), "prefix", NULL) == 0) {
			for (uint32_t i = 0; i < elf.n_sections; i++) {
				struct str data;

				(void)!elf_section_data(&elf, &elf.sections[i], &data, NULL);
			}
			elf_close(&elf);
		}
		free(copy);
	}
}

TEST(this_program_can_be_read)
{
	struct elf elf;
	struct str text;
	const struct elf_section *section;

	CHECK_EQ(elf_open(&elf, "/proc/self/exe", NULL), 0);
	section = elf_find_section(&elf, STR(".text"));
	CHECK(section != NULL);
	CHECK_EQ(elf_section_data(&elf, section, &text, NULL), 0);
	CHECK(text.p == elf_bytes_at(&elf, section->vaddr, section->size).p);
	elf_close(&elf);
	elf_close(&elf);	/* closing a closed one is legal */
}

TEST_MAIN(CASE(sections_segments_and_build_id_are_read),
	  CASE(the_build_id_is_found_without_sections),
	  CASE(without_sections_and_segments_the_file_is_damaged), CASE(other_files_are_refused),
	  CASE(counts_too_large_for_the_header_are_in_the_first_section),
	  CASE(a_section_past_the_end_is_an_error_and_nobits_is_empty),
	  CASE(zlib_sections_are_decompressed_once), CASE(zstd_sections_are_decompressed_once),
	  CASE(old_zdebug_sections_are_found_and_decompressed),
	  CASE(damaged_compressed_sections_are_errors),
	  CASE(bytes_are_given_only_where_the_file_holds_all_of_them),
	  CASE(file_offsets_become_vaddrs_through_their_segment),
	  CASE(every_prefix_of_a_file_is_survived), CASE(this_program_can_be_read))
