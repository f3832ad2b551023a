/* SPDX-License-Identifier: Apache-2.0 */
/* The input is an image (image_test.h): layout, every stack, every code object of a process that may
 * hold anything. */
#include "runtime/python/codes.h"

#include <stdlib.h>

#include "runtime/python/image_test.h"

static void show_thread(void *context, uint64_t thread, bool by_key)
{
	(void)context;
	(void)thread;
	(void)by_key;
}

static void show_frame(void *context, const struct python_place *place, enum python_fault fault)
{
	(void)context;
	/* no name without a colon, no fault without a word */
	if (place ? str_find(place->name, ':') < 0 : fault == PYTHON_FAULT_NONE)
		abort();
	if (fault >= PYTHON_FAULT_COUNT)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stacks stacks = { .read = image_read, .thread = show_thread, .frame = show_frame };
	struct python_file file;
	struct str reads;

	if (size > 32768 || !image_open(str_over(data, size), &file, &reads))
		return 0;
	stacks.context = &reads;
	stacks.codes = python_codes_new();
	if (stacks.codes)
		stacks_walk(&stacks, &file, 0);
	python_codes_free(stacks.codes);
	return 0;
}
