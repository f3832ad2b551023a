/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdint.h>

#include "elf/elf.h"

/* Reads the first and last byte, so that a range outside the input is seen. */
static unsigned touch(struct str s)
{
	return s.n ? (unsigned)s.p[0] + (unsigned)s.p[s.n - 1] : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned sum = 0;
	struct elf elf;
	uint64_t vaddr;
	char hex[41];

	if (elf_open_bytes(&elf, str_over(data, size), "input", NULL) < 0)
		return 0;
	for (uint32_t i = 0; i < elf.n_sections && i < 4096; i++) {
		struct str bytes = { 0 };

		sum += touch(elf.sections[i].name);
		if (elf_section_data(&elf, &elf.sections[i], &bytes, NULL) == 0)
			sum += touch(bytes);
	}
	for (uint32_t i = 0; i < elf.n_segments && i < 4096; i++) {
		sum += touch(elf_bytes_at(&elf, elf.segments[i].vaddr, elf.segments[i].filesz));
		sum += elf_vaddr_of_off(&elf, elf.segments[i].off, &vaddr);
		sum += elf_code_vaddr_of_off(&elf, elf.segments[i].off, &vaddr);
	}
	sum += touch(elf.build_id);
	elf_build_id_hex(elf.build_id, hex, sizeof(hex));
	elf_close(&elf);
	__asm__ volatile("" : : "r"(sum));	/* keeps the reads */
	return 0;
}
