/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/minidebug.h"

#include <dlfcn.h>
#include <errno.h>

#include "base/test.h"

/* Three sections: null, .gnu_debugdata, names. Without the second's bytes it is the file inside. */
struct image {
	Elf64_Ehdr eh;
	Elf64_Shdr sh[3];
	char names[32];
	char data[1024];
};

static void image_make(struct image *im, size_t data_bytes)
{
	*im = (struct image){ .names = "\0.gnu_debugdata" };
	memcpy(im->eh.e_ident, ELFMAG "\2\1\1", 7);
	im->eh.e_machine = EM_X86_64;
	im->eh.e_shoff = offsetof(struct image, sh);
	im->eh.e_shentsize = sizeof(Elf64_Shdr);
	im->eh.e_shnum = 3;
	im->eh.e_shstrndx = 2;
	im->sh[1] = (Elf64_Shdr){ .sh_name = 1, .sh_type = SHT_PROGBITS, .sh_size = data_bytes,
				  .sh_offset = offsetof(struct image, data) };
	im->sh[2] = (Elf64_Shdr){ .sh_type = SHT_STRTAB, .sh_size = sizeof(im->names),
				  .sh_offset = offsetof(struct image, names) };
}

/* xz, by liblzma itself: lzma_easy_buffer_encode(). 0 when it is not there. */
static size_t compress(const void *in, size_t n, void *out, size_t room)
{
	void *handle = dlopen("liblzma.so.5", RTLD_NOW);
	int (*encode)(uint32_t preset, int check, const void *allocator, const void *in, size_t n,
		      void *out, size_t *out_pos, size_t room) = NULL;
	size_t used = 0;

	if (handle)
		*(void **)&encode = dlsym(handle, "lzma_easy_buffer_encode");
	if (!encode)
		return 0;
	CHECK_EQ(encode(6, 1, NULL, in, n, out, &used, room), 0);
	return used;
}

static int open_mini(struct elf *ret_mini, const struct image *im)
{
	struct elf elf;
	int rc;

	CHECK_EQ(elf_open_bytes(&elf, str_over(im, sizeof(*im)), "image", NULL), 0);
	rc = minidebug_open(ret_mini, &elf);
	elf_close(&elf);
	return rc;
}

TEST(the_file_inside_is_opened_and_outlives_the_one_around_it)
{
	struct image inner, outer;
	struct elf mini;
	size_t n;

	image_make(&inner, 0);
	inner.eh.e_entry = 0x1234;
	image_make(&outer, 1);
	n = compress(&inner, sizeof(inner), outer.data, sizeof(outer.data));
	if (!n)
		return;		/* without liblzma there is nothing to test */
	outer.sh[1].sh_size = n;
	CHECK_EQ(open_mini(&mini, &outer), 0);
	CHECK_EQ(mini.entry, 0x1234);
	CHECK_EQ(mini.n_sections, 3);
	elf_close(&mini);
}

TEST(a_damaged_stream_and_one_that_holds_no_elf_file_are_refused)
{
	struct image outer;
	struct elf mini;
	size_t n;

	image_make(&outer, sizeof(outer.data));
	n = compress("text", 4, outer.data, sizeof(outer.data));
	if (!n)
		return;
	outer.sh[1].sh_size = n;
	CHECK_EQ(open_mini(&mini, &outer), -ENOEXEC);
	outer.sh[1].sh_size = n - 8;
	CHECK_EQ(open_mini(&mini, &outer), -EBADMSG);
	outer.data[0] ^= 1;
	CHECK_EQ(open_mini(&mini, &outer), -EBADMSG);
	outer.sh[1].sh_size = 0;
	CHECK_EQ(open_mini(&mini, &outer), -ENOENT);
}

TEST_MAIN(CASE(the_file_inside_is_opened_and_outlives_the_one_around_it),
	  CASE(a_damaged_stream_and_one_that_holds_no_elf_file_are_refused))
