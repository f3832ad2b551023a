/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/symbols.h"

#include <stddef.h>
#include <stdlib.h>

#include "elf/elf.h"

/* Every symbol is found at its own address, or a better (inner) one is. */
static void check(const struct symbols *symbols)
{
	for (uint32_t i = 0; i < symbols->n; i++) {
		const struct symbol *symbol = &symbols->items[i];
		const struct symbol *found = symbols_find(symbols, symbol->vaddr);

		if (found != symbol || !symbol->name.n || !symbol->size)
			abort();
		symbols_find(symbols, symbol->vaddr + symbol->size);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct symbols symbols;
	struct elf elf;

	if (elf_open_bytes(&elf, str_over(data, size), "input", NULL) < 0)
		return 0;
	if (symbols_load(&symbols, &elf, NULL) == 0) {
		check(&symbols);
		symbols_fini(&symbols);
	}
	elf_close(&elf);
	return 0;
}
