/* SPDX-License-Identifier: Apache-2.0 */
/* elf/dwarf_steps.h
 *
 * Running an abbreviation's steps over one DIE: the innermost loop of the resolver, hence inline.
 * Raw pointers, but no byte is read before its distance to `end` was checked.
 */
#ifndef SONDE_ELF_DWARF_STEPS_H
#define SONDE_ELF_DWARF_STEPS_H

#include "elf/dwarf_internal.h"

struct die_reader {
	const struct unit *unit;
	const struct abbrevs *abbrevs;
	const uint8_t *end;	/* of the unit */
};

/* What a DIE says about its addresses. */
struct pcs {
	struct value low, high, ranges;
	uint64_t sibling;	/* from the unit's header; 0: none */
};

/* The rare steps. The end of the value, or NULL at damage. */
const uint8_t *dwarf_skip_sized_block(const uint8_t *p, const uint8_t *end, unsigned size);
const uint8_t *dwarf_skip_indirect(const struct die_reader *r, const uint8_t *p);
const uint8_t *dwarf_capture(const struct die_reader *r, const uint8_t *p, const struct step *step,
			     struct pcs *pcs);

/* Reads a DIE once more by its specifications: for an address in an indirect or implicit_const form
 * (abbrev->slow). `p` is its first attribute. False at damage. */
bool dwarf_read_slowly(const struct die_reader *r, const struct abbrev *abbrev, const uint8_t *p,
		       struct pcs *pcs);

static inline const uint8_t *skip_leb(const uint8_t *p, const uint8_t *end)
{
	while (p < end)
		if (!(*p++ & 0x80))
			return p;
	return NULL;
}

/* Compilers write only the shortest strings inline: a loop beats memchr(). */
static inline const uint8_t *skip_cstr(const uint8_t *p, const uint8_t *end)
{
	while (p < end)
		if (!*p++)
			return p;
	return NULL;
}

static inline const uint8_t *skip_block(const uint8_t *p, const uint8_t *end, unsigned size)
{
	if (size == 0 && p < end && *p < 0x80 && *p < end - p)
		return p + 1 + *p;
	return dwarf_skip_sized_block(p, end, size);
}

/* Reads over the attributes of a plain DIE, most of which are of fixed size. Their end, or NULL at
 * damage. */
static inline const uint8_t *dwarf_skip_steps(const struct die_reader *r,
					      const struct abbrev *abbrev, const uint8_t *p)
{
	const uint8_t *end = r->end;
	const struct step *step;

	if (abbrev->lead > end - p)
		return NULL;
	p += abbrev->lead;
	if (abbrev->fixed)
		return p;
	step = r->abbrevs->steps + abbrev->steps;
	for (; step->op != STEP_END && p; step++) {
		if (step->op == STEP_FIXED)
			p = step->n <= end - p ? p + step->n : NULL;
		else if (step->op == STEP_LEB)
			p = skip_leb(p, end);
		else if (step->op == STEP_CSTR)
			p = skip_cstr(p, end);
		else if (step->op == STEP_BLOCK)
			p = skip_block(p, end, step->n);
		else
			p = dwarf_skip_indirect(r, p);
	}
	return p;
}

/* Reads one DIE's attributes from p on. The end of them, or NULL at damage. */
static inline const uint8_t *dwarf_run_steps(const struct die_reader *r,
					     const struct abbrev *abbrev, const uint8_t *p,
					     struct pcs *pcs)
{
	const struct step *step = r->abbrevs->steps + abbrev->steps;
	const uint8_t *end = r->end;
	uint32_t u32;

	if (abbrev->lead > end - p)
		return NULL;
	for (p += abbrev->lead;; step++) {
		switch ((enum step_op)step->op) {
		case STEP_END:
			return p;
		case STEP_FIXED:
			if (step->n > end - p)
				return NULL;
			p += step->n;
			continue;
		case STEP_LEB:
			p = skip_leb(p, end);
			break;
		case STEP_CSTR:
			p = skip_cstr(p, end);
			break;
		case STEP_BLOCK:
			p = skip_block(p, end, step->n);
			break;
		case STEP_LOW8:
			if (end - p < 8)
				return NULL;
			pcs->low.form = DW_FORM_addr;
			memcpy(&pcs->low.u, p, 8);
			p += 8;
			continue;
		case STEP_HIGH4:
			if (end - p < 4)
				return NULL;
			memcpy(&u32, p, 4);
			pcs->high = (struct value){ .form = DW_FORM_data4, .u = u32 };
			p += 4;
			continue;
		case STEP_HIGH8:
			if (end - p < 8)
				return NULL;
			pcs->high.form = DW_FORM_data8;
			memcpy(&pcs->high.u, p, 8);
			p += 8;
			continue;
		case STEP_RANGES4:
			if (end - p < 4)
				return NULL;
			memcpy(&u32, p, 4);
			pcs->ranges = (struct value){ .form = DW_FORM_sec_offset, .u = u32 };
			p += 4;
			continue;
		case STEP_SIBLING4:
			if (end - p < 4)
				return NULL;
			memcpy(&u32, p, 4);
			pcs->sibling = u32;
			p += 4;
			continue;
		case STEP_INDIRECT:
		case STEP_LOW:
		case STEP_HIGH:
		case STEP_RANGES:
		case STEP_SIBLING:
			p = dwarf_capture(r, p, step, pcs);
			break;
		}
		if (!p)
			return NULL;
	}
}

#endif
