/* SPDX-License-Identifier: Apache-2.0 */
/* format/reader_fuzz.h - the fuzzer that every reader gets: its detection says something of any bytes, and
 * whatever it accepts is a sound profile, which must be written in its own format (where it has a writer, else
 * as folded stacks), and what was written in its own must be read back.
 */
#ifndef SONDE_FORMAT_READER_FUZZ_H
#define SONDE_FORMAT_READER_FUZZ_H

#include <assert.h>
#include <errno.h>

#include "format/input.h"
#include "format/memory_test.h"

struct fuzzed {
	bool (*detect)(struct str head);
	int (*read)(struct profile *profile, struct input *input, struct err *err);
	write_fn *write;				/* NULL: the format is only read */
	void (*check)(const struct profile *p);		/* what else must hold; may be NULL */
};

static inline int fuzz_read(const struct fuzzed *format, struct profile *profile, struct str bytes)
{
	struct input input;
	int rc = input_open_bytes(&input, bytes, "fuzz", NULL);

	profile_init(profile);
	if (rc == 0) {
		format->detect(input_head(&input));
		rc = format->read(profile, &input, NULL);
	}
	if (rc == 0 && profile_failed(profile))
		rc = -ENOMEM;
	input_close(&input);
	return rc;
}

static inline void fuzz_check(const struct profile *p)
{
	for (uint32_t i = 1; i < p->tree.n; i++)
		assert(p->tree.parent[i] < i && p->tree.frame[i] < p->frames.n_frames);
	for (uint32_t i = 0; i < p->n; i++)
		assert(p->stack[i] < p->tree.n && p->label_set[i] < p->labels.n);
	assert(p->n_types <= VALUE_TYPES_MAX && (!p->n_types || p->default_type < p->n_types));
}

static inline void fuzz_reader(const struct fuzzed *format, struct str bytes)
{
	struct profile p, q;
	struct buf again;

	if (fuzz_read(format, &p, bytes) == 0) {
		fuzz_check(&p);
		if (format->check)
			format->check(&p);
		again = written(&p, format->write ? format->write : folded_write);
		assert(!again.failed);
		if (format->write) {
			assert(fuzz_read(format, &q, buf_str(&again)) == 0);
			fuzz_check(&q);
			profile_fini(&q);
		}
		buf_fini(&again);
	}
	profile_fini(&p);
}

#endif
