/* SPDX-License-Identifier: Apache-2.0 */
/* elf/dwarf_image.h
 *
 * For dwarf_test.c and dwarf_fuzz.c: an ELF file in memory, made of debug sections given as bytes.
 * It has one executable section, [IMAGE_TEXT, IMAGE_TEXT + 0x1000), without contents.
 */
#ifndef SONDE_ELF_DWARF_IMAGE_H
#define SONDE_ELF_DWARF_IMAGE_H

#include <elf.h>
#include <string.h>

#include "base/buf.h"

#define IMAGE_TEXT 0x1000
#define IMAGE_SECTIONS_MAX 16

struct image_section {
	const char *name;
	struct str bytes;
	uint64_t flags;		/* SHF_COMPRESSED: bytes begin with the header for it */
};

/* Appends the file to *out (of the caller, buf_fini() frees). */
static inline void image_build(struct buf *out, const struct image_section *sections, unsigned n)
{
	Elf64_Shdr headers[IMAGE_SECTIONS_MAX + 3] = { 0 };
	struct buf names = { 0 };
	Elf64_Ehdr ehdr = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_shoff = sizeof(ehdr),
		.e_ehsize = sizeof(ehdr),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = (Elf64_Half)(n + 3),
		.e_shstrndx = 1,
	};
	uint64_t off = sizeof(ehdr) + (n + 3) * sizeof(Elf64_Shdr);

	buf_add(&names, "\0.shstrtab\0.text", 17);
	headers[2] = (Elf64_Shdr){ .sh_name = 11, .sh_type = SHT_NOBITS,
				   .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
				   .sh_addr = IMAGE_TEXT, .sh_size = 0x1000 };
	for (unsigned i = 0; i < n; i++) {
		headers[i + 3] = (Elf64_Shdr){ .sh_name = (Elf64_Word)names.n,
					       .sh_type = SHT_PROGBITS, .sh_offset = off,
					       .sh_flags = sections[i].flags,
					       .sh_size = sections[i].bytes.n };
		off += sections[i].bytes.n;
		buf_add(&names, sections[i].name, strlen(sections[i].name) + 1);
	}
	headers[1] = (Elf64_Shdr){ .sh_name = 1, .sh_type = SHT_STRTAB, .sh_offset = off,
				   .sh_size = names.n };
	buf_add(out, &ehdr, sizeof(ehdr));
	buf_add(out, headers, (n + 3) * sizeof(Elf64_Shdr));
	for (unsigned i = 0; i < n; i++)
		buf_add_str(out, sections[i].bytes);
	buf_add_str(out, buf_str(&names));
	buf_fini(&names);
}

#endif
