/* SPDX-License-Identifier: Apache-2.0 */
/* The input is an ELF file. */
#include "runtime/v8/v8.h"

#include <stdlib.h>

#include "elf/elf.h"
#include "runtime/v8/rows.h"

/* Rows ascend, in the blob, and say what the walk knows. */
struct seen {
	const struct v8_file *file;
	uint64_t last;
	bool any;
};

static void see_row(void *context, uint64_t vaddr, const struct unwind_rule *rule)
{
	struct seen *seen = context;

	if (vaddr < seen->file->blob || vaddr >= seen->file->blob_end ||
	    (seen->any && vaddr <= seen->last) || (rule->kind & UNWIND_KIND) != UNWIND_CFA ||
	    rule->cfa_base >= UNWIND_REGS || rule->ra_reg >= UNWIND_REGS)
		abort();
	seen->last = vaddr;
	seen->any = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct walk_v8 walk;
	struct v8_file file;
	struct elf elf;

	if (elf_open_bytes(&elf, str_over((const char *)data, size), "input", NULL) < 0)
		return 0;
	if (v8_detect(&file, &elf)) {
		struct seen seen = { .file = &file };

		if (file.blob > file.blob_end || file.objects.n_bytecodes > V8_BYTECODES_MAX ||
		    !v8_layout(&file, 0x5000, &walk))
			abort();
		if (v8_rows_make(&file, &elf, see_row, &seen) < 0)
			abort();
	}
	elf_close(&elf);
	return 0;
}
