/* SPDX-License-Identifier: Apache-2.0 */
/* elf/starts_image.h - for the test and the fuzzer: a file without sections, of one segment at vaddr 0,
 * with .eh_frame_hdr at STARTS_HEADER and the rest as it is given. */
#ifndef SONDE_ELF_STARTS_IMAGE_H
#define SONDE_ELF_STARTS_IMAGE_H

#include <elf.h>
#include <stddef.h>

#include "base/buf.h"

struct starts_image {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[2];
};

#define STARTS_HEADER sizeof(struct starts_image)

/* The whole file: its vaddrs are its offsets. */
static inline void starts_image_write(struct buf *out, struct str rest)
{
	uint64_t bytes = STARTS_HEADER + rest.n;
	struct starts_image image = {
		.eh = { .e_ident = ELFMAG "\2\1\1", .e_machine = EM_X86_64, .e_type = ET_DYN,
			.e_phoff = offsetof(struct starts_image, ph),
			.e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2 },
		.ph = { { .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_filesz = bytes,
			  .p_memsz = bytes },
			{ .p_type = PT_GNU_EH_FRAME, .p_flags = PF_R, .p_offset = STARTS_HEADER,
			  .p_vaddr = STARTS_HEADER, .p_filesz = rest.n, .p_memsz = rest.n } },
	};

	buf_clear(out);
	buf_add(out, &image, sizeof(image));
	buf_add_str(out, rest);
}

#endif
