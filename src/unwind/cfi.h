/* SPDX-License-Identifier: Apache-2.0 */
/* unwind/cfi.h
 *
 * The bytes of .eh_frame and .debug_frame: CIEs, FDEs and their programs.
 *
 * Sources: DWARF 5, 6.4 (call frame information); Linux Standard Base 5.0, "Exception Frames"
 * (.eh_frame, DW_EH_PE_*); System V ABI x86-64, 3.7 (initial values).
 *
 * Only four things of a frame are followed: the CFA, the return address, rbp and rbx.
 */
#ifndef SONDE_UNWIND_CFI_H
#define SONDE_UNWIND_CFI_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/unwind.h"
#include "base/hash.h"
#include "base/str.h"

struct cursor;
struct rows;
struct unwind_rules;
struct unwind_stats;

/* A section and what its pointers may be relative to. */
struct cfi_section {
	struct str bytes;
	uint64_t vaddr;
	uint64_t data_base, text_base;	/* DW_EH_PE_datarel, _textrel */
	bool debug_frame;
};

/* DW_EH_PE_* (Linux Standard Base, "DWARF Exception Header Encoding"). */
enum cfi_pointer {
	CFI_PTR_ABS = 0x00, CFI_PTR_ULEB = 0x01, CFI_PTR_U2 = 0x02, CFI_PTR_U4 = 0x03,
	CFI_PTR_U8 = 0x04, CFI_PTR_SLEB = 0x09, CFI_PTR_S2 = 0x0a, CFI_PTR_S4 = 0x0b,
	CFI_PTR_S8 = 0x0c, CFI_PTR_FORMAT = 0x0f,
	CFI_PTR_PCREL = 0x10, CFI_PTR_TEXTREL = 0x20, CFI_PTR_DATAREL = 0x30,
	CFI_PTR_ALIGNED = 0x50, CFI_PTR_BASE = 0x70,
	CFI_PTR_INDIRECT = 0x80, CFI_PTR_OMIT = 0xff,
};

/* Fails the cursor on an encoding that cannot be read here. An indirect pointer gives the address
 * of the address. */
uint64_t cfi_read_pointer(struct cursor *c, uint8_t encoding, const struct cfi_section *section);

enum cfi_column { CFI_RA, CFI_FP, CFI_BX, CFI_COLUMNS, CFI_OTHER = CFI_COLUMNS };

enum cfi_how {
	CFI_SAME,
	CFI_UNDEFINED,
	CFI_AT_CFA,	/* *(CFA + off) */
	CFI_AT_FP,	/* *(rbp + off) */
	CFI_IN_REG,
	CFI_UNKNOWN,	/* said in a way that no rule can hold */
};

struct cfi_saved {
	uint8_t how;	/* enum cfi_how */
	uint8_t reg;
	int16_t off;
};

struct cfi_state {
	struct cfi_saved saved[CFI_COLUMNS + 1];	/* the last one: what is not followed */
	int64_t cfa_off;
	int16_t cfa_add;
	uint8_t cfa_kind;	/* enum unwind_kind; UNWIND_NONE: not said yet */
	uint8_t cfa_reg;
};

struct cfi_cie {
	const struct cfi_section *section;
	uint64_t off;		/* in the section */
	struct str program;
	uint64_t code_align;
	int64_t data_align;
	uint8_t fde_encoding;
	bool has_sizes;		/* augmentation 'z' */
	bool signal;		/* augmentation 'S' */
	bool usable;
	struct cfi_state initial;
};

/* Functions are padded to 16 bytes. The addresses in between are nobody's, and a row for each gap
 * would be one row in eight; they get the first rule of the function that follows. Should a tiny
 * function without CFI stand there, then that rule (a frame just entered) is the likely one for it,
 * while the rule at the end of the function before may be of any depth, or say "end of stack". */
#define CFI_PADDING_MAX 15

/* A piece of text and what says how to unwind it: an FDE, or a rule of our own. */
struct cfi_range {
	uint64_t start;
	const char *program;
	uint32_t size, program_n;
	uint32_t cie;		/* index into struct cfi; meaningless when there is a rule */
	uint16_t rule;		/* UNWIND_RULE_NONE: run the program */
	bool fallback;		/* of .debug_frame: only where nothing else says anything */
};

static inline uint64_t cfi_range_end(const struct cfi_range *range)
{
	return range->start + range->size;
}

struct cfi {
	struct cfi_cie *cies;
	uint32_t n_cies, cap_cies;
	struct idindex cies_by_off;	/* of the section that is being read */
	struct cfi_range *ranges;
	uint32_t n, cap;
	uint64_t text_start, text_end;	/* ranges outside are not taken; at most 4 GiB */
};

/* 0 or -ENOMEM. */
int cfi_add_range(struct cfi *cfi, const struct cfi_range *range);

/* Appends the section's FDEs, in file order. Damaged entries are counted in stats. 0 or -ENOMEM. */
int cfi_read_section(struct cfi *cfi, const struct cfi_section *section,
		     struct unwind_stats *stats);
void cfi_fini(struct cfi *cfi);

/* Sorts by start, of equal ones the earlier stays first. 0 or -ENOMEM. */
int cfi_sort(struct cfi *cfi);

/* cfi_program.c: running programs. */

/* What a CIE's program leaves: cie->initial. False when it is damaged. */
bool cfi_run_cie(struct cfi_cie *cie);

#define CFI_RECENT_BITS 11

struct cfi_output {
	struct rows *rows;
	struct unwind_rules *rules;
	struct unwind_stats *stats;
	uint64_t first_row;	/* where the first row of the next range is put, <= its start */
	/* States met lately, by hash: most rows are answered here, without making a rule. Rule
	 * number << 50 | the state in 50 bits; 0 is free. In one word each, they stay in the
	 * first-level cache. */
	uint64_t recent[1 << CFI_RECENT_BITS];
};

/* The rows of [range->start, limit). */
void cfi_run_fde(const struct cfi_cie *cie, const struct cfi_range *range, uint64_t limit,
		 struct cfi_output *out);

/* cfi_expression.c: DWARF expressions, known by their shape. */

/* The CFA's. Sets cfa_kind to UNWIND_UNSUPPORTED when no shape fits. */
void cfi_cfa_expression(struct cfi_state *state, struct str bytes);

/* Where a register is saved. */
struct cfi_saved cfi_saved_expression(struct str bytes);

#endif
