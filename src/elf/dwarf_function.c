/* SPDX-License-Identifier: Apache-2.0 */
/* What a call's function is called and where it is declared. A DIE often says it by reference: an
 * inlined call to its abstract origin, a definition to its declaration, and link-time optimisation
 * or dwz move either into another unit or file. */
#include "elf/dwarf_internal.h"

#include <errno.h>

#include "base/vec.h"

/* The attributes of a function or of an inlined call. */
struct description {
	struct value linkage_name, name;
	struct value origin;	/* abstract_origin, else specification */
	uint64_t decl_file, call_file;
	uint32_t decl_line, call_line, call_column;
	bool has_decl_file, has_call_file;
};

static uint32_t to_u32(uint64_t v)
{
	return v > UINT32_MAX ? 0 : (uint32_t)v;
}

static void take_attribute(struct description *d, uint16_t name, const struct value *value)
{
	switch (name) {
	case DW_AT_linkage_name:
	case DW_AT_MIPS_linkage_name:
		d->linkage_name = *value;
		break;
	case DW_AT_name:
		d->name = *value;
		break;
	case DW_AT_abstract_origin:
		d->origin = *value;
		break;
	case DW_AT_specification:
		if (!d->origin.form)
			d->origin = *value;
		break;
	case DW_AT_decl_file:
		d->decl_file = value->u;
		d->has_decl_file = true;
		break;
	case DW_AT_decl_line:
		d->decl_line = to_u32(value->u);
		break;
	case DW_AT_call_file:
		d->call_file = value->u;
		d->has_call_file = true;
		break;
	case DW_AT_call_line:
		d->call_line = to_u32(value->u);
		break;
	case DW_AT_call_column:
		d->call_column = to_u32(value->u);
		break;
	}
}

static bool describe(struct worker *worker, struct unit *unit, uint64_t off,
		     struct description *ret_description)
{
	const struct abbrevs *abbrevs = dwarf_abbrevs(worker, unit);
	struct cursor c = cursor_over(unit->file->sections.info);
	const struct abbrev *abbrev;
	struct value value;

	*ret_description = (struct description){ 0 };
	if (!abbrevs || unit->end > unit->file->sections.info.n)
		return false;
	c.end = c.start + unit->end;
	cursor_seek(&c, off);
	abbrev = dwarf_abbrev(abbrevs, cursor_uleb(&c));
	if (!abbrev || c.failed || abbrev->kind == ABBREV_BAD)
		return false;
	for (uint32_t i = 0; i < abbrev->n_specs; i++) {
		const struct attr_spec *spec = &abbrevs->specs[abbrev->specs + i];

		if (!spec->describes && spec->size >= 0) {
			cursor_skip(&c, (uint64_t)spec->size);
			continue;
		}
		if (spec->size == 1)
			value = (struct value){ .form = spec->form, .u = cursor_u8(&c) };
		else if (spec->size == 4)
			value = (struct value){ .form = spec->form, .u = cursor_u32(&c) };
		else if (!dwarf_read_form(unit, &c, spec->form, spec->implicit, &value))
			return false;
		if (spec->describes)
			take_attribute(ret_description, spec->name, &value);
	}
	return !c.failed;
}

static struct str string_of(struct worker *worker, struct unit *unit, const struct value *value)
{
	const struct unit_root *root = value->form ? dwarf_root(worker, unit) : NULL;

	return root ? dwarf_value_str(unit, root->str_offsets_base, value) : (struct str){ 0 };
}

/* Adds what this DIE says and those nearer to the call did not. */
static void add_description(struct worker *worker, struct unit *unit,
			    const struct description *d, struct function *function,
			    struct str *plain_name)
{
	if (!function->name.n)
		function->name = string_of(worker, unit, &d->linkage_name);
	if (!function->name.n && !plain_name->n)
		*plain_name = string_of(worker, unit, &d->name);
	if (!function->decl_line)
		function->decl_line = d->decl_line;
	if (!function->decl_file && d->has_decl_file)
		function->decl_file = dwarf_line_file(dwarf_lines(worker, unit), d->decl_file);
}

static struct function *add_function(struct worker *worker, const uint8_t *die, uint64_t hash)
{
	struct function *function = arena_alloc(&worker->keep, sizeof(*function));

	if (!function ||
	    VEC_RESERVE(&worker->functions, &worker->cap_functions,
			(uint64_t)worker->n_functions + 2) < 0 ||
	    idindex_add(&worker->function_ids, hash, worker->n_functions + 1) < 0) {
		worker->rc = -ENOMEM;
		return NULL;
	}
	function->die = die;
	worker->functions[++worker->n_functions] = function;
	return function;
}

/* The function whose DIE (or the first of whose DIEs) is at off. `first` describes it when the
 * caller has read it already. */
static const struct function *function_at(struct worker *worker, struct unit *unit, uint64_t off,
					  const struct description *first)
{
	const uint8_t *die = (const uint8_t *)unit->file->sections.info.p + off;
	uint64_t hash = hash_u64((uintptr_t)die, 0);
	uint32_t step = 0, id;
	struct function *function;
	struct description d;
	struct str name = { 0 };

	while ((id = idindex_probe(&worker->function_ids, hash, &step)))
		if (worker->functions[id]->die == die)
			return worker->functions[id];
	function = add_function(worker, die, hash);
	for (unsigned hop = 0; function && hop < DWARF_HOPS_MAX; hop++) {
		if (hop == 0 && first)
			d = *first;
		else if (!describe(worker, unit, off, &d))
			break;
		add_description(worker, unit, &d, function, &name);
		unit = dwarf_value_ref(unit, &d.origin, &off);
		if (!unit)
			break;
	}
	if (function && !function->name.n)
		function->name = name;
	return function;
}

void dwarf_call_name(struct worker *worker, struct unit *unit, struct call *call)
{
	uint64_t off = (uint64_t)(call->die - (const uint8_t *)unit->file->sections.info.p);
	struct description d;
	struct unit *origin;
	uint64_t origin_off;

	if (!describe(worker, unit, off, &d))
		return;
	call->line = d.call_line;
	call->column = d.call_column;
	if (d.has_call_file)
		call->file = dwarf_line_file(dwarf_lines(worker, unit), d.call_file);
	/* many calls share an origin, but one that adds a name of its own is a function by itself */
	origin = d.name.form || d.linkage_name.form || d.decl_line ? NULL :
		 dwarf_value_ref(unit, &d.origin, &origin_off);
	call->function = origin ? function_at(worker, origin, origin_off, NULL) :
			 function_at(worker, unit, off, &d);
}
