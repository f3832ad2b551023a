/* SPDX-License-Identifier: Apache-2.0 */
/* go_names BINARY STEP
 *
 * Names every STEP-th address of a Go program by its own table: "VADDR<tab>name<tab>file<tab>line" of the
 * innermost frame, for tests/golang.py to compare with what the program's run-time says; first the
 * address of main.main. The last byte of a function is left out: the run-time takes the one behind it,
 * a return address, for the next function's. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "elf/elf.h"
#include "runtime/go/table.h"

static void print_main(const struct go_table *table)
{
	struct go_function function;

	for (uint32_t i = 0; i < table->n_functions; i++)
		if (go_table_function(table, i, &function) && str_eq(function.name, STR("main.main")))
			printf("%" PRIx64 "\n", function.start);
}

int main(int argc, char **argv)
{
	struct go_frame frames[GO_FRAMES_MAX];
	struct go_function function;
	struct go_table table;
	struct elf elf;
	uint64_t step = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;

	if (!step || elf_open(&elf, argv[1], NULL) < 0 || go_table_open(&table, &elf) < 0)
		return 1;
	print_main(&table);
	for (uint64_t at = table.text; at < table.text_end; at += step) {
		if (!go_table_find(&table, at, &function) || at + 1 >= function.end ||
		    !go_table_frames(&table, at, frames))
			continue;
		printf("%" PRIx64 "\t%.*s\t%.*s\t%u\n", at, STR_ARG(frames[0].name),
		       STR_ARG(frames[0].file), frames[0].line);
	}
	elf_close(&elf);
	return 0;
}
