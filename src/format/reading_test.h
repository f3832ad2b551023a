/* SPDX-License-Identifier: Apache-2.0 */
/* format/reading_test.h - what tests of readers share: text that is read, or refused. */
#ifndef SONDE_FORMAT_READING_TEST_H
#define SONDE_FORMAT_READING_TEST_H

#include <errno.h>

#include "base/test.h"
#include "format/format.h"
#include "format/memory_test.h"

static inline void read_text(struct profile *p, const char *text)
{
	struct err err = { 0 };

	profile_init(p);
	if (format_read_bytes(p, str_of(text), "x", &err) < 0)
		fail_msg("%s", err.text);
}

static inline const struct frame *innermost(const struct profile *p, uint32_t row)
{
	return &p->frames.frames[p->tree.frame[p->stack[row]]];
}

static inline void check_refused(const char *text, const char *sentence)
{
	struct profile p;
	struct err err = { 0 };

	profile_init(&p);
	CHECK_EQ(format_read_bytes(&p, str_of(text), "x", &err), -EBADMSG);
	CHECK_STR(str_of(err.text), sentence);
	profile_fini(&p);
}

#endif
