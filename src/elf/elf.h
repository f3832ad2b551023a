/* SPDX-License-Identifier: Apache-2.0 */
/* elf/elf.h
 *
 * One ELF64 little-endian file (x86-64, aarch64): its sections, segments and build id.
 *
 * Every byte is hostile: offsets are checked, compressed sections are capped. Section data is lent
 * by the elf and dies with elf_close(). Addresses called vaddr are the file's own (before any load
 * bias); offsets called off are in the file.
 */
#ifndef SONDE_ELF_ELF_H
#define SONDE_ELF_ELF_H

#include <elf.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/str.h"

struct err;

struct elf_section {
	struct str name;
	uint32_t type;		/* SHT_* */
	uint64_t flags;		/* SHF_* */
	uint64_t vaddr, off, size, align, entsize;
	uint32_t link, info;
};

struct elf_segment {
	uint32_t type, flags;	/* PT_*, PF_* */
	uint64_t vaddr, off, filesz, memsz, align;
};

struct elf_cached;	/* decompressed sections */

struct elf {
	struct mapped_file file;	/* closed when the bytes are somebody else's */
	struct str bytes;
	uint16_t machine, type;		/* EM_*, ET_* */
	uint64_t entry;			/* vaddr */
	struct elf_section *sections;	/* in the arena; [0] is the null section */
	struct elf_segment *segments;
	uint32_t n_sections, n_segments;
	struct str build_id;		/* raw bytes; empty when there is none */
	struct elf_cached *cached;
	struct arena arena;
};

/* 0 or -errno: -ENOEXEC when it is no ELF file of ours, -EBADMSG when it is damaged. Damaged or
 * missing section headers leave n_sections 0 and segments usable, and the other way round. */
int elf_open(struct elf *elf, const char *path, struct err *err);
int elf_open_fd(struct elf *elf, int fd, const char *what, struct err *err);

/* Over bytes that are lent by the caller for the elf's life: the vDSO, a fuzzer's input. */
int elf_open_bytes(struct elf *elf, struct str bytes, const char *what, struct err *err);

void elf_close(struct elf *elf);

/* The first section of that name, or NULL. */
const struct elf_section *elf_find_section(const struct elf *elf, struct str name);

#define ELF_DECOMPRESSED_MAX ((uint64_t)4 << 30)	/* all of one file's sections together */

/* The section's bytes, decompressed (SHF_COMPRESSED zlib and zstd, and .zdebug_*). SHT_NOBITS
 * gives an empty str. 0 or -errno. Not for two threads at once. */
int elf_section_data(struct elf *elf, const struct elf_section *section, struct str *ret_data,
		     struct err *err);

/* find + data; an absent section gives an empty str and 0. ".debug_x" also finds ".zdebug_x". */
int elf_section_by_name(struct elf *elf, struct str name, struct str *ret_data, struct err *err);

/* Bytes of a section when decompressed; 0 where they are not known. */
uint64_t elf_section_bytes(const struct elf *elf, struct str name);

/* The first n bytes of a section compressed with zlib, whose rest is not decompressed then. -EOPNOTSUPP
 * where that cannot be done, or they are more than 1 / share_max of all: then ask for the whole. */
int elf_section_head(struct elf *elf, struct str name, uint64_t n, unsigned share_max,
		     struct str *ret_data);

/* File offset -> vaddr through the PT_LOAD that holds it. False when none does. */
bool elf_vaddr_of_off(const struct elf *elf, uint64_t off, uint64_t *ret_vaddr);

/* The same for an address in an executable mapping: only PT_LOADs with PF_X, widened to the
 * pages that the kernel maps. A linker that packs segments (lld) starts such a mapping inside the
 * file part of the segment before it, so elf_vaddr_of_off() of a mapping's own start can name the
 * wrong segment. */
bool elf_code_vaddr_of_off(const struct elf *elf, uint64_t off, uint64_t *ret_vaddr);

/* n bytes at a vaddr, as the file holds them; empty when no PT_LOAD's file part holds all of them.
 * (A separate debug file's PT_LOADs describe the binary, not it: ask the binary.) */
struct str elf_bytes_at(const struct elf *elf, uint64_t vaddr, uint64_t n);

/* The build id among notes (/sys/kernel/notes), lent by them; empty when there is none. They are padded to 4 bytes,
 * in segments aligned to 8 (.note.gnu.property) to 8. */
struct str elf_build_id_in_notes(struct str notes, uint64_t align);

/* The build id in lower-case hexadecimal into out (2 * 20 + 1 is common; cut to fit). */
void elf_build_id_hex(struct str build_id, char *out, size_t out_size);

#endif
