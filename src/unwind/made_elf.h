/* SPDX-License-Identifier: Apache-2.0 */
/* unwind/made_elf.h - for tests and fuzzers: a small ELF file around given text and CFI bytes.
 *
 * Sections .text, .eh_frame, .debug_frame (and one more of the caller's naming over the text's
 * head), one executable segment. Text lies at MADE_TEXT, .eh_frame at MADE_EH_FRAME. */
#ifndef SONDE_UNWIND_MADE_ELF_H
#define SONDE_UNWIND_MADE_ELF_H

#include <elf.h>

#include "base/buf.h"

#define MADE_TEXT 0x10000u
#define MADE_TEXT_SIZE 0x40000u		/* in memory: FDEs may lie in all of it */
#define MADE_EH_FRAME 0x800000u

struct made_elf {
	struct str text, eh_frame, debug_frame;
	uint64_t entry;
	const char *head_name;		/* NULL: no such section */
	uint64_t head_size;
	uint16_t machine;		/* 0: EM_X86_64 */
	bool no_sections;		/* PT_GNU_EH_FRAME instead */
};

/* .eh_frame_hdr up to what we read of it, just before the .eh_frame: version, encodings (the
 * pointer's is pcrel sdata4), pointer. */
#define MADE_HEADER "\1\x1b\xff\xff\4\0\0\0"

static void made_section(Elf64_Shdr *section, uint32_t name, uint32_t type, uint64_t flags,
			 uint64_t vaddr, uint64_t off, uint64_t size)
{
	*section = (Elf64_Shdr){ .sh_name = name, .sh_type = type, .sh_flags = flags,
				 .sh_addr = vaddr, .sh_offset = off, .sh_size = size };
}

static void made_elf_write(const struct made_elf *made, struct buf *out)
{
	static const char fixed_names[] = "\0.text\0.eh_frame\0.debug_frame\0.names";
	Elf64_Ehdr ehdr = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			    .e_type = ET_DYN, .e_version = EV_CURRENT, .e_entry = made->entry,
			    .e_machine = made->machine ? made->machine : EM_X86_64,
			    .e_ehsize = sizeof(Elf64_Ehdr), .e_phoff = sizeof(Elf64_Ehdr),
			    .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 3,
			    .e_shentsize = sizeof(Elf64_Shdr) };
	Elf64_Phdr segments[3] = { 0 };
	Elf64_Shdr sections[6] = { 0 };
	uint64_t text_off = sizeof(ehdr) + sizeof(segments), header_off = text_off + made->text.n;
	uint64_t eh_off = header_off + 8, debug_off = eh_off + made->eh_frame.n;
	uint64_t names_off = debug_off + made->debug_frame.n;
	size_t head_name_n = made->head_name ? strlen(made->head_name) + 1 : 0;

	segments[0] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_offset = text_off,
				    .p_vaddr = MADE_TEXT, .p_filesz = made->text.n,
				    .p_memsz = MADE_TEXT_SIZE };
	segments[1] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R, .p_offset = header_off,
				    .p_vaddr = MADE_EH_FRAME - 8, .p_filesz = made->eh_frame.n + 8,
				    .p_memsz = made->eh_frame.n + 8 };
	segments[2] = segments[1];
	segments[2].p_type = made->no_sections ? PT_GNU_EH_FRAME : PT_NULL;
	made_section(&sections[1], 1, SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, MADE_TEXT, text_off,
		     made->text.n);
	made_section(&sections[2], 7, SHT_PROGBITS, SHF_ALLOC, MADE_EH_FRAME, eh_off,
		     made->eh_frame.n);
	made_section(&sections[3], 17, SHT_PROGBITS, 0, 0, debug_off, made->debug_frame.n);
	made_section(&sections[4], 30, SHT_STRTAB, 0, 0, names_off,
		     sizeof(fixed_names) + head_name_n);
	made_section(&sections[5], sizeof(fixed_names), SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR,
		     MADE_TEXT, text_off, made->head_size);
	if (!made->no_sections) {
		ehdr.e_shoff = names_off + sizeof(fixed_names) + head_name_n;
		ehdr.e_shnum = made->head_name ? 6 : 5;
		ehdr.e_shstrndx = 4;
	}
	buf_add(out, &ehdr, sizeof(ehdr));
	buf_add(out, segments, sizeof(segments));
	buf_add_str(out, made->text);
	buf_add(out, MADE_HEADER, 8);
	buf_add_str(out, made->eh_frame);
	buf_add_str(out, made->debug_frame);
	buf_add(out, fixed_names, sizeof(fixed_names));
	buf_add(out, made->head_name, head_name_n);
	if (!made->no_sections)
		buf_add(out, sections, ehdr.e_shnum * sizeof(*sections));
}

#endif
