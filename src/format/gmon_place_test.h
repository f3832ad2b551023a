/* SPDX-License-Identifier: Apache-2.0 */
/* format/gmon_place_test.h - a program for tests and fuzzers: 16 bytes are a function, "f1" from 0x10 on. */
#ifndef SONDE_FORMAT_GMON_PLACE_TEST_H
#define SONDE_FORMAT_GMON_PLACE_TEST_H

#include <stdio.h>

#include "format/gmon.h"
#include "format/input.h"
#include "model/profile.h"

static inline int test_place(void *context, struct profile *profile, const char *binary,
			     const uint64_t *vaddrs, uint32_t n, uint32_t *ret_frames, struct err *err)
{
	(void)context;
	(void)binary;
	(void)err;
	for (uint32_t i = 0; i < n; i++) {
		char name[32];
		struct function function = { 0 };
		struct frame frame = { .kind = FRAME_NATIVE, .address = vaddrs[i],
				       .line = (uint32_t)(vaddrs[i] % 16) };

		snprintf(name, sizeof(name), "f%llx", (unsigned long long)vaddrs[i] / 16);
		function.name = strings_add(&profile->strings, str_of(name));
		frame.function = frames_add_function(&profile->frames, &function);
		ret_frames[i] = frames_add(&profile->frames, &frame);
	}
	return 0;
}

/* gmon_read() with that program. */
static inline int test_read_gmon(struct profile *profile, struct input *input, struct err *err)
{
	static const struct read_aid aid = { .program = "prog", .place = test_place };

	input->aid = &aid;
	return gmon_read(profile, input, err);
}

#endif
