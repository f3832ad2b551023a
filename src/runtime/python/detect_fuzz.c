/* SPDX-License-Identifier: Apache-2.0 */
/* The input is an ELF file. */
#include "runtime/python/python.h"

#include <stdlib.h>

#include "elf/elf.h"

static bool read_nothing(void *context, void *out, size_t n, uint64_t address)
{
	(void)context;
	memset(out, (int)(address & 0xff), n);
	return address & 0x100;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct python_file file;
	struct walk_python walk;
	struct elf elf;

	if (elf_open_bytes(&elf, str_over(data, size), "input", NULL) < 0)
		return 0;
	if (python_detect(&file, &elf)) {
		if (!file.n_loops || file.n_loops > PYTHON_LOOPS_MAX ||
		    file.minor < PYTHON_MINOR_MIN || file.minor > PYTHON_MINOR_MAX)
			abort();
		if (python_layout(&file, 0x5000, read_nothing, NULL, &walk) &&
		    walk.frame_bytes > 128)
			abort();
	}
	elf_close(&elf);
	return 0;
}
