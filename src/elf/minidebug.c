/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/minidebug.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>

#define LZMA_MEMORY_MAX ((uint64_t)256 << 20)
#define OUTPUT_MIN ((size_t)64 << 10)

/* lzma_stream_buffer_decode() of lzma/container.h, and two of its results. */
enum { DECODED = 0, OUTPUT_FULL = 10 };
typedef int decode_function(uint64_t *memory_max, uint32_t flags, const void *allocator,
			    const uint8_t *in, size_t *in_pos, size_t in_size, uint8_t *out,
			    size_t *out_pos, size_t out_size);

/* Never unloaded: it stays for the next file. */
static decode_function *find_decoder(void)
{
	void *handle = dlopen("liblzma.so.5", RTLD_NOW | RTLD_LOCAL);
	decode_function *decode = NULL;

	if (handle)
		*(void **)&decode = dlsym(handle, "lzma_stream_buffer_decode");
	return decode;
}

/* The stream does not say at its start how long its content is: grow until it fits. */
static int decode_all(decode_function *decode, struct str stream, struct str *ret_bytes)
{
	for (size_t room = OUTPUT_MIN; room <= MINIDEBUG_MAX; room *= 4) {
		uint64_t memory_max = LZMA_MEMORY_MAX;
		size_t in = 0, n = 0;
		uint8_t *out = malloc(room);
		int result;

		if (!out)
			return -ENOMEM;
		result = decode(&memory_max, 0, NULL, (const uint8_t *)stream.p, &in, stream.n,
				out, &n, room);
		if (result == DECODED) {
			*ret_bytes = str_over(out, n);
			return 0;
		}
		free(out);
		if (result != OUTPUT_FULL)
			return -EBADMSG;
	}
	return -EBADMSG;
}

int minidebug_open(struct elf *ret_mini, struct elf *elf)
{
	decode_function *decode;
	struct str stream, bytes;
	int rc = elf_section_by_name(elf, STR(".gnu_debugdata"), &stream, NULL);

	if (rc < 0)
		return rc;
	if (!stream.n)
		return -ENOENT;
	decode = find_decoder();
	if (!decode)
		return -ENOSYS;
	rc = decode_all(decode, stream, &bytes);
	if (rc < 0)
		return rc;
	rc = elf_open_bytes(ret_mini, bytes, ".gnu_debugdata", NULL);
	if (rc < 0)
		free((void *)(uintptr_t)bytes.p);
	else	/* elf_close() frees them */
		ret_mini->file = (struct mapped_file){ bytes.p, bytes.n, .copied = true };
	return rc;
}
