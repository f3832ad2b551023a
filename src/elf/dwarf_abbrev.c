/* SPDX-License-Identifier: Apache-2.0 */
/* Abbreviations, compiled: most DIEs are only read over, so each abbreviation becomes a few steps
 * (fixed bytes merged into one) that also pick up the attributes the walk needs. */
#include "elf/dwarf_internal.h"

#include <errno.h>
#include <stdlib.h>

#include "base/vec.h"

#define SPECS_MAX 256	/* attributes of one abbreviation; compilers write fewer than 40 */

static int add_step(struct abbrevs *table, enum step_op op, uint64_t n)
{
	if (VEC_RESERVE(&table->steps, &table->cap_steps, (uint64_t)table->n_steps + 1) < 0)
		return -1;
	table->steps[table->n_steps++] = (struct step){ (uint8_t)op, (uint8_t)n };
	return 0;
}

/* How to read over a value of that form: a count of fixed bytes, else one step. False when the
 * form is unknown. */
static bool skip_of_form(const struct attr_spec *spec, unsigned *ret_fixed, struct step *ret_step)
{
	*ret_fixed = spec->size < 0 ? 0 : (unsigned)spec->size;
	*ret_step = (struct step){ STEP_END, 0 };
	if (spec->size >= 0)
		return true;
	switch (spec->form) {
	case DW_FORM_sdata:
	case DW_FORM_udata:
	case DW_FORM_ref_udata:
	case DW_FORM_strx:
	case DW_FORM_addrx:
	case DW_FORM_loclistx:
	case DW_FORM_rnglistx:
	case DW_FORM_GNU_addr_index:
	case DW_FORM_GNU_str_index:
		ret_step->op = STEP_LEB;
		return true;
	case DW_FORM_string:
		ret_step->op = STEP_CSTR;
		return true;
	case DW_FORM_block1:
		*ret_step = (struct step){ STEP_BLOCK, 1 };
		return true;
	case DW_FORM_block2:
		*ret_step = (struct step){ STEP_BLOCK, 2 };
		return true;
	case DW_FORM_block4:
		*ret_step = (struct step){ STEP_BLOCK, 4 };
		return true;
	case DW_FORM_block:
	case DW_FORM_exprloc:
		ret_step->op = STEP_BLOCK;
		return true;
	case DW_FORM_indirect:
		ret_step->op = STEP_INDIRECT;
		return true;
	default:
		return false;
	}
}

/* The step that captures the attribute, or STEP_END when nobody wants it. */
static enum step_op capture_of(const struct abbrev *abbrev, const struct attr_spec *spec)
{
	bool code = abbrev->kind == ABBREV_FUNCTION || abbrev->kind == ABBREV_INLINED;

	switch (spec->name) {
	case DW_AT_sibling:
		if (abbrev->kind == ABBREV_PLAIN || !abbrev->has_children)
			return STEP_END;
		return spec->form == DW_FORM_ref4 ? STEP_SIBLING4 : STEP_SIBLING;
	case DW_AT_low_pc:
		return !code ? STEP_END : STEP_LOW;
	case DW_AT_high_pc:
		return !code ? STEP_END : spec->form == DW_FORM_data4 ? STEP_HIGH4 :
		       spec->form == DW_FORM_data8 ? STEP_HIGH8 : STEP_HIGH;
	case DW_AT_ranges:
		return !code ? STEP_END :
		       spec->form == DW_FORM_sec_offset && spec->size == 4 ? STEP_RANGES4 : STEP_RANGES;
	default:
		return STEP_END;
	}
}

static enum abbrev_kind kind_of(const struct abbrevs *table, const struct abbrev *abbrev)
{
	bool sibling = false, code = false;

	for (uint32_t i = 0; i < abbrev->n_specs; i++) {
		const struct attr_spec *spec = &table->specs[abbrev->specs + i];

		sibling |= spec->name == DW_AT_sibling && spec->form != DW_FORM_indirect;
		code |= spec->name == DW_AT_low_pc || spec->name == DW_AT_ranges;
	}
	if (abbrev->tag == DW_TAG_subprogram && code)
		return ABBREV_FUNCTION;
	if (abbrev->tag == DW_TAG_inlined_subroutine && (code || abbrev->has_children))
		return ABBREV_INLINED;
	if (!sibling || !abbrev->has_children)
		return ABBREV_PLAIN;
	switch (abbrev->tag) {
	case DW_TAG_array_type:
	case DW_TAG_enumeration_type:
	case DW_TAG_subroutine_type:
	case DW_TAG_call_site:
	case DW_TAG_GNU_call_site:
		return ABBREV_LEAPABLE;
	case DW_TAG_subprogram:
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_interface_type:
		return ABBREV_LEAPABLE_CODE;
	default:
		return ABBREV_PLAIN;
	}
}

/* fixed bytes that wait to become part of the next step */
static int flush_fixed(struct abbrevs *table, struct abbrev *abbrev, unsigned *fixed, bool first)
{
	if (first) {
		abbrev->lead = (uint16_t)*fixed;
		*fixed = 0;
		return 0;
	}
	for (; *fixed; *fixed -= *fixed < 255 ? *fixed : 255)
		if (add_step(table, STEP_FIXED, *fixed < 255 ? *fixed : 255) < 0)
			return -1;
	return 0;
}

static int compile(struct abbrevs *table, struct abbrev *abbrev)
{
	unsigned fixed = 0, more;
	struct step skip;
	bool first = true;

	abbrev->steps = table->n_steps;
	abbrev->kind = (uint8_t)kind_of(table, abbrev);
	for (uint32_t i = 0; i < abbrev->n_specs; i++) {
		const struct attr_spec *spec = &table->specs[abbrev->specs + i];
		enum step_op capture = capture_of(abbrev, spec);
		uint64_t n = spec->form == DW_FORM_GNU_addr_index ? DW_FORM_addrx : spec->form;

		if (!skip_of_form(spec, &more, &skip)) {
			abbrev->kind = ABBREV_BAD;
			return 0;
		}
		if (capture != STEP_END && n > UINT8_MAX)
			capture = STEP_END;
		if (capture != STEP_END &&
		    (n == DW_FORM_indirect || n == DW_FORM_implicit_const)) {
			abbrev->slow |= capture != STEP_SIBLING;
			capture = STEP_END;
		}
		if (capture == STEP_LOW && n == DW_FORM_addr && table->addr_size == 8)
			capture = STEP_LOW8;
		if (capture == STEP_END && skip.op == STEP_END) {
			fixed += more;
			continue;
		}
		if (flush_fixed(table, abbrev, &fixed, first) < 0 ||
		    add_step(table, capture == STEP_END ? skip.op : capture,
			     capture == STEP_END ? skip.n : n) < 0)
			return -1;
		first = false;
	}
	if (flush_fixed(table, abbrev, &fixed, first) < 0)
		return -1;
	abbrev->fixed = first;
	table->has_code |= abbrev->kind == ABBREV_FUNCTION;
	return add_step(table, STEP_END, 0);
}

static int32_t clamp(int64_t v)
{
	return v > INT32_MAX ? INT32_MAX : v < INT32_MIN ? INT32_MIN : (int32_t)v;
}

static bool describes(uint64_t name)
{
	switch (name) {
	case DW_AT_name:
	case DW_AT_linkage_name:
	case DW_AT_MIPS_linkage_name:
	case DW_AT_abstract_origin:
	case DW_AT_specification:
	case DW_AT_decl_file:
	case DW_AT_decl_line:
	case DW_AT_call_file:
	case DW_AT_call_line:
	case DW_AT_call_column:
		return true;
	default:
		return false;
	}
}

static struct attr_spec make_spec(const struct abbrevs *table, uint64_t name, uint64_t form,
				  int64_t implicit)
{
	struct attr_spec spec = {
		.name = name > UINT16_MAX ? UINT16_MAX : (uint16_t)name,
		.form = form > UINT16_MAX ? UINT16_MAX : (uint16_t)form,
		.implicit = clamp(implicit),
		.describes = describes(name),
	};

	spec.size = (int8_t)dwarf_form_size(spec.form, table->addr_size, table->offset_size,
					    table->old_ref_addr);
	return spec;
}

/* One declaration's attributes. False at damage. */
static bool read_specs(struct abbrevs *table, struct abbrev *abbrev, struct cursor *c)
{
	abbrev->specs = table->n_specs;
	while (!c->failed) {
		uint64_t name = cursor_uleb(c), form = cursor_uleb(c);
		int64_t implicit = form == DW_FORM_implicit_const ? cursor_sleb(c) : 0;

		if (!name && !form)
			return !c->failed;
		if (abbrev->n_specs == SPECS_MAX ||
		    VEC_RESERVE(&table->specs, &table->cap_specs,
				(uint64_t)table->n_specs + 1) < 0)
			return false;
		table->specs[table->n_specs++] = make_spec(table, name, form, implicit);
		abbrev->n_specs++;
	}
	return false;
}

/* Reads declarations up to the table's end or damage: what came before stays usable. */
static int parse(struct abbrevs *table, struct cursor *c)
{
	bool dense = true;

	while (!c->failed) {
		struct abbrev abbrev = { .code = cursor_uleb(c) };
		uint64_t tag;

		if (!abbrev.code)
			break;
		tag = cursor_uleb(c);
		abbrev.tag = tag > UINT16_MAX ? UINT16_MAX : (uint16_t)tag;
		abbrev.has_children = cursor_u8(c) != 0;
		if (!read_specs(table, &abbrev, c))
			break;
		if (compile(table, &abbrev) < 0 || table->n == UINT32_MAX - 1 ||
		    VEC_RESERVE(&table->items, &table->cap, (uint64_t)table->n + 1) < 0)
			return -1;
		dense &= abbrev.code == (uint64_t)table->n + 1;
		table->items[table->n++] = abbrev;
	}
	for (uint32_t i = 0; i < table->n && !dense; i++)
		if (dwarf_abbrev_sparse(table, table->items[i].code) == NULL &&
		    idindex_add(&table->by_code, hash_u64(table->items[i].code, 0), i + 1) < 0)
			return -1;
	return 0;
}

const struct abbrev *dwarf_abbrev_sparse(const struct abbrevs *abbrevs, uint64_t code)
{
	uint64_t hash = hash_u64(code, 0);
	uint32_t step = 0, id;

	while ((id = idindex_probe(&abbrevs->by_code, hash, &step)))
		if (abbrevs->items[id - 1].code == code)
			return &abbrevs->items[id - 1];
	return NULL;
}

void dwarf_abbrevs_fini(struct abbrevs *abbrevs)
{
	free(abbrevs->items);
	free(abbrevs->steps);
	free(abbrevs->specs);
	idindex_fini(&abbrevs->by_code);
}

static bool serves(const struct abbrevs *table, const struct unit *unit)
{
	return table && table->off == unit->abbrev_off && table->file == unit->file &&
	       table->addr_size == unit->addr_size && table->offset_size == unit->offset_size &&
	       table->old_ref_addr == (unit->version <= 2);
}

static struct abbrevs *load(struct worker *worker, const struct unit *unit)
{
	struct cursor c = cursor_over(unit->file->sections.abbrev);
	struct abbrevs *table = arena_alloc(&worker->keep, sizeof(*table));

	if (!table)
		return NULL;
	*table = (struct abbrevs){
		.off = unit->abbrev_off,
		.file = unit->file,
		.addr_size = unit->addr_size,
		.offset_size = unit->offset_size,
		.old_ref_addr = unit->version <= 2,
		.next = worker->all_abbrevs,
	};
	worker->all_abbrevs = table;
	cursor_seek(&c, unit->abbrev_off);
	if (parse(table, &c) < 0) {
		worker->rc = -ENOMEM;
		return NULL;
	}
	if (c.failed)
		dwarf_ran_over(unit->file);
	return dwarf_spend(&worker->abbrev_budget, cursor_pos(&c) - unit->abbrev_off) ?
	       table : NULL;
}

const struct abbrevs *dwarf_abbrevs_load(struct worker *worker, struct unit *unit)
{
	struct abbrevs **slot = &worker->abbrev_cache[hash_u64(unit->abbrev_off, 1) % CACHE_SLOTS];
	struct abbrevs *table, *other = NULL;

	if (!serves(*slot, unit))
		*slot = load(worker, unit);
	table = *slot;
	if (!table)
		return NULL;
	if (!atomic_compare_exchange_strong(&unit->abbrevs, &other, table))
		return other;
	return table;
}
