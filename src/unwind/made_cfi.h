/* SPDX-License-Identifier: Apache-2.0 */
/* unwind/made_cfi.h - for tests: CIEs and FDEs put together by hand, and the table they give. */
#ifndef SONDE_UNWIND_MADE_CFI_H
#define SONDE_UNWIND_MADE_CFI_H

#include "base/test.h"
#include "elf/elf.h"
#include "unwind/cfi.h"
#include "unwind/made_elf.h"
#include "unwind/unwind.h"

/* What every x86-64 CIE says: def_cfa rsp+8; offset rip CFA-8. */
#define START STR("\x0c\x07\x08\x90\x01")
#define PCREL4 (CFI_PTR_PCREL | CFI_PTR_S4)

struct made {
	struct made_elf spec;
	struct buf eh_frame, debug_frame, file;
	size_t cie;	/* where the last one begins */
	struct elf elf;
	struct unwind_table table;
	struct unwind_rules rules;
};

static inline void add_u32(struct buf *buf, uint32_t v)
{
	buf_add(buf, &v, sizeof(v));
}

/* Fills in the length of the entry that began at `at`. */
static inline void end_entry(struct buf *buf, size_t at)
{
	uint32_t length = (uint32_t)(buf->n - at - 4);

	memcpy(buf->p + at, &length, sizeof(length));
}

static inline void add_cie_as(struct made *m, struct str augmentation, uint8_t encoding,
			      struct str program)
{
	struct buf *buf = &m->eh_frame;

	m->cie = buf->n;
	add_u32(buf, 0);
	add_u32(buf, 0);
	buf_add_u8(buf, 1);
	buf_add_str(buf, augmentation);
	buf_add(buf, "\0\x01\x78\x10", 4);	/* align 1 and -8; return address in 16 */
	buf_add_u8(buf, 1);
	buf_add_u8(buf, encoding);
	buf_add_str(buf, program);
	end_entry(buf, m->cie);
}

static inline void add_cie(struct made *m)
{
	add_cie_as(m, STR("zR"), PCREL4, START);
}

/* vaddr counts from MADE_TEXT. */
static inline void add_fde(struct made *m, uint32_t vaddr, uint32_t size, struct str program)
{
	struct buf *buf = &m->eh_frame;
	size_t at = buf->n;

	add_u32(buf, 0);
	add_u32(buf, (uint32_t)(at + 4 - m->cie));
	add_u32(buf, MADE_TEXT + vaddr - (MADE_EH_FRAME + (uint32_t)buf->n));
	add_u32(buf, size);
	buf_add_u8(buf, 0);
	buf_add_str(buf, program);
	end_entry(buf, at);
}

static inline void build(struct made *m)
{
	struct err *no_err = NULL;

	m->spec.eh_frame = buf_str(&m->eh_frame);
	m->spec.debug_frame = buf_str(&m->debug_frame);
	made_elf_write(&m->spec, &m->file);
	CHECK_EQ(elf_open_bytes(&m->elf, buf_str(&m->file), "made", no_err), 0);
	CHECK_EQ(unwind_rules_init(&m->rules), 0);
	CHECK_EQ(unwind_build(&m->table, &m->elf, &m->rules, no_err), 0);
}

static inline struct unwind_rule rule_at(const struct made *m, uint32_t vaddr)
{
	return m->rules.items[unwind_find(&m->table, MADE_TEXT + vaddr)];
}

static inline void end(struct made *m)
{
	unwind_table_fini(&m->table);
	unwind_rules_fini(&m->rules);
	elf_close(&m->elf);
	buf_fini(&m->file);
	buf_fini(&m->eh_frame);
	buf_fini(&m->debug_frame);
}

/* CFA = base + off, and nothing saved. */
static inline void check_cfa(const struct made *m, uint32_t vaddr, uint8_t base, int32_t off)
{
	struct unwind_rule rule = rule_at(m, vaddr);

	CHECK_EQ(rule.kind, UNWIND_CFA);
	CHECK_EQ(rule.cfa_base, base);
	CHECK_EQ(rule.cfa_off, off);
	CHECK_EQ(rule.ra_off, -8);
	CHECK_EQ(rule.ra_reg, UNWIND_RIP);
}

static inline void check_kind(const struct made *m, uint32_t vaddr, enum unwind_kind kind)
{
	CHECK_EQ(rule_at(m, vaddr).kind, kind);
}

#endif
