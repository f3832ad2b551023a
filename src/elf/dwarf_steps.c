/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/dwarf_steps.h"

const uint8_t *dwarf_skip_sized_block(const uint8_t *p, const uint8_t *end, unsigned size)
{
	struct cursor c = { p, end, p, false };

	cursor_skip(&c, size ? cursor_uint(&c, size) : cursor_uleb(&c));
	return c.failed ? NULL : c.p;
}

const uint8_t *dwarf_skip_indirect(const struct die_reader *r, const uint8_t *p)
{
	struct cursor c = { p, r->end, p, false };
	struct value ignored;

	return dwarf_read_form(r->unit, &c, DW_FORM_indirect, 0, &ignored) ? c.p : NULL;
}

const uint8_t *dwarf_capture(const struct die_reader *r, const uint8_t *p, const struct step *step,
			     struct pcs *pcs)
{
	struct cursor c = { p, r->end, p, false };
	struct value value, ignored, *into = &ignored;

	if (step->op == STEP_INDIRECT)
		return dwarf_skip_indirect(r, p);
	if (step->op == STEP_LOW)
		into = &pcs->low;
	else if (step->op == STEP_HIGH)
		into = &pcs->high;
	else if (step->op == STEP_RANGES)
		into = &pcs->ranges;
	if (!dwarf_read_form(r->unit, &c, step->n, 0, &value))
		return NULL;
	*into = value;
	if (step->op == STEP_SIBLING && value.form != DW_FORM_ref_addr)
		pcs->sibling = value.u;
	return c.p;
}

bool dwarf_read_slowly(const struct die_reader *r, const struct abbrev *abbrev, const uint8_t *p,
		       struct pcs *pcs)
{
	struct cursor c = { p, r->end, p, false };
	struct value value;

	for (uint32_t i = 0; i < abbrev->n_specs; i++) {
		const struct attr_spec *spec = &r->abbrevs->specs[abbrev->specs + i];

		if (!dwarf_read_form(r->unit, &c, spec->form, spec->implicit, &value))
			return false;
		if (spec->name == DW_AT_low_pc)
			pcs->low = value;
		else if (spec->name == DW_AT_high_pc)
			pcs->high = value;
		else if (spec->name == DW_AT_ranges)
			pcs->ranges = value;
	}
	return true;
}
