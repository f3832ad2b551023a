/* SPDX-License-Identifier: Apache-2.0 */
/* A whole hostile file through the whole room: sections, symbols, DWARF, names. It enters as a vDSO,
 * which is a file in memory. */
#include "symbol/symbol.h"

#include <stdlib.h>

#include "elf/elf.h"
#include "model/frames.h"
#include "model/strings.h"

#define ADDRESSES 16

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	unsetenv("DEBUGINFOD_URLS");	/* no input may reach the network */
	return 0;
}

/* Where code may be: the starts and ends of sections. */
static uint32_t pick_addresses(struct str bytes, uint64_t *addresses)
{
	struct elf elf;
	uint32_t n = 0;

	if (elf_open_bytes(&elf, bytes, "input", NULL) < 0)
		return 0;
	for (uint32_t i = 0; i < elf.n_sections && n + 2 <= ADDRESSES; i++) {
		const struct elf_section *s = &elf.sections[i];

		if (!(s->flags & SHF_EXECINSTR))
			continue;
		if (!n || s->vaddr > addresses[n - 1])
			addresses[n++] = s->vaddr;
		if (s->vaddr + s->size / 2 > addresses[n - 1])
			addresses[n++] = s->vaddr + s->size / 2;
	}
	elf_close(&elf);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = str_over(data, size);
	struct strings strings = { 0 };
	struct symbol_object *object;
	struct symbol_chains chains;
	uint64_t addresses[ADDRESSES];
	uint32_t n = pick_addresses(bytes, addresses);
	struct frames frames;

	if (!n || symbol_object_open_vdso(&object, bytes, NULL) < 0)
		return 0;
	frames_init(&frames, &strings);
	if (symbol_resolve(object, &frames, addresses, n, &chains, NULL) == 0) {
		for (uint32_t i = 0; i < n; i++)
			if (chains.first[i] >= chains.first[i + 1] ||
			    !frame_name(&frames, chains.frames[chains.first[i]]).n)
				abort();
		symbol_chains_fini(&chains);
	}
	symbol_object_close(object);
	frames_fini(&frames);
	strings_fini(&strings);
	return 0;
}
