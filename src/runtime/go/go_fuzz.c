/* SPDX-License-Identifier: Apache-2.0 */
/* The input is a whole file (made_go.h shows one). All its functions are named and unwound. */
#include <stdlib.h>

#include "elf/elf.h"
#include "runtime/go/go.h"
#include "runtime/go/rows.h"

#define FUNCTIONS_MAX 64u

static bool read_zeros(void *context, void *out, size_t n, uint64_t address)
{
	(void)context;
	memset(out, 0, n);
	return address & 1;
}

static void name_all(const struct go_table *table)
{
	struct go_frame frames[GO_FRAMES_MAX];
	struct go_function function;

	for (uint32_t i = 0; i < table->n_functions && i < FUNCTIONS_MAX; i++) {
		if (!go_table_function(table, i, &function))
			continue;
		for (uint64_t at = 0; at < 64 && at < function.end - function.start; at += 4)
			if (go_table_frames(table, function.start + at, frames) > GO_FRAMES_MAX)
				abort();
	}
}

static void unwind_all(const struct go_table *table, const struct elf *elf)
{
	struct go_rows rows;

	if (table->n_functions > 4096 || go_rows_make(&rows, table, elf) < 0)
		return;
	for (uint32_t i = 0; i < rows.n; i++) {
		const struct go_row *row = &rows.items[i];

		if (row->vaddr < rows.start || row->vaddr >= rows.end ||
		    (i && row->vaddr <= row[-1].vaddr) ||
		    (row->rule != GO_RULE_KEEP && row->rule >= rows.n_rules))
			abort();
	}
	go_rows_fini(&rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct walk_go layout;
	struct go_file file;
	struct elf elf;

	if (elf_open_bytes(&elf, str_over(data, size), "input", NULL) < 0)
		return 0;
	go_version(&elf);
	if (go_detect(&file, &elf)) {
		go_layout(&file, size, read_zeros, NULL, &layout);
		name_all(&file.table);
		unwind_all(&file.table, &elf);
	}
	elf_close(&elf);
	return 0;
}
