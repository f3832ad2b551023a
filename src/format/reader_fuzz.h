/* SPDX-License-Identifier: Apache-2.0 */
/* format/reader_fuzz.h - the fuzzer that every reader gets: whatever it accepts is a sound profile; it must
 * be written in its own format (where it has a writer), and what was written read back to as many rows at
 * most. */
#ifndef SONDE_FORMAT_READER_FUZZ_H
#define SONDE_FORMAT_READER_FUZZ_H

#include <assert.h>

#include "format/input.h"
#include "format/memory_test.h"

typedef int read_fn(struct profile *profile, struct input *input, struct err *err);

static inline int fuzz_read(read_fn *read, struct profile *profile, struct str bytes)
{
	struct input input;
	int rc = input_open_bytes(&input, bytes, "fuzz", NULL);

	profile_init(profile);
	if (rc == 0)
		rc = read(profile, &input, NULL);
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

static inline void fuzz_reader(read_fn *read, write_fn *write, struct str bytes)
{
	struct profile p, q;
	struct buf again;

	if (fuzz_read(read, &p, bytes) == 0) {
		fuzz_check(&p);
		again = written(&p, write ? write : folded_write);
		assert(!again.failed);
		if (write) {
			assert(fuzz_read(read, &q, buf_str(&again)) == 0);
			fuzz_check(&q);
			profile_fini(&q);
		}
		buf_fini(&again);
	}
	profile_fini(&p);
}

#endif
