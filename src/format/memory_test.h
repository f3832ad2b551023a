/* SPDX-License-Identifier: Apache-2.0 */
/* format/memory_test.h - what this room's tests and fuzzers share: writing into memory, building
 * small profiles. */
#ifndef SONDE_FORMAT_MEMORY_TEST_H
#define SONDE_FORMAT_MEMORY_TEST_H

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "format/folded.h"
#include "format/format.h"
#include "model/profile.h"

typedef int write_fn(const struct profile *profile, struct new_file *file, struct err *err);

/* What the format would write; the caller frees the buffer. .failed when it could not. */
static inline struct buf written(const struct profile *profile, write_fn *write)
{
	struct new_file file = { .fd = memfd_create("written", MFD_CLOEXEC), .path = strdup("memory") };
	struct buf bytes = { 0 };
	off_t n;

	if (file.fd < 0 || write(profile, &file, NULL) < 0)
		bytes.failed = true;
	n = lseek(file.fd, 0, SEEK_END);
	if (n > 0 && buf_reserve(&bytes, (size_t)n) &&
	    pread(file.fd, bytes.p, (size_t)n, 0) == n)
		bytes.n = (size_t)n;
	new_file_close(&file);
	return bytes;
}

/* Reads text of whatever format, and writes it as folded stacks, which the caller frees. */
static inline struct buf folded_from(const char *text)
{
	struct profile p;
	struct err err = { 0 };
	struct buf folded = { 0 };

	profile_init(&p);
	if (format_read_bytes(&p, str_of(text), "x", &err) == 0)
		folded = written(&p, folded_write);
	else
		buf_add_str(&folded, str_of(err.text));
	profile_fini(&p);
	return folded;
}

/* That text of whatever format holds these folded stacks, or is refused with this sentence. */
#define CHECK_READS(text, wanted)                                       \
	do {                                                            \
		struct buf folded_ = folded_from(text);                 \
									\
		CHECK_STR(buf_str(&folded_), wanted);                   \
		buf_fini(&folded_);                                     \
	} while (0)

/* The frame of a function called `name`, of the module `path` (NULL: none). */
static inline uint32_t test_frame(struct profile *p, const char *name, const char *path,
				  uint64_t address, bool inlined, enum frame_kind kind)
{
	struct function function = { .name = strings_add(&p->strings, str_of(name)) };
	struct module module = { .path = strings_add(&p->strings, str_of(path)) };
	struct frame frame = {
		.function = frames_add_function(&p->frames, &function),
		.module = frames_add_module(&p->frames, &module),
		.line = (uint32_t)strlen(name), .address = address,
		.inlined = inlined, .kind = (uint8_t)kind,
	};

	return frames_add(&p->frames, &frame);
}

/* "main;parse;lex" as a person would read a stack. The caller frees. */
static inline char *stack_text(const struct profile *p, uint32_t stack)
{
	uint32_t path[256], n = 0;
	struct buf text = { 0 };

	for (; stack && n < 256; stack = p->tree.parent[stack])
		path[n++] = p->tree.frame[stack];
	while (n--) {
		buf_add_str(&text, frame_name(&p->frames, path[n]));
		buf_add_u8(&text, n ? ';' : '\0');
	}
	return text.n ? text.p : strdup("");
}

#endif
