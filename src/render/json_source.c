/* SPDX-License-Identifier: Apache-2.0 */
/* --list and --disasm for programs. */
#include <errno.h>
#include <stdlib.h>

#include "analyze/code.h"
#include "analyze/listing.h"
#include "base/err.h"
#include "base/json.h"
#include "model/profile.h"
#include "render/json_tables.h"
#include "render/machine.h"
#include "render/source.h"
#include "render/text.h"

static void put_costs(struct json *json, int64_t self, int64_t total)
{
	json_put_int(json, "self", self);
	json_put_int(json, "total", total);
}

static void put_line(struct json *json, const struct top_row *row, uint32_t line, const struct source *source)
{
	json_open(json, '{');
	json_key(json, "line");
	json_uint(json, line);
	put_costs(json, row->self, row->total);
	json_key(json, "text");
	if (line && line <= source->n)
		json_str(json, source_line(source, line));
	else
		json_null(json);
	json_close(json, '}');
}

static void put_lines(struct json *json, const struct profile *profile, const struct text_options *view,
		      const struct listing *listing, const struct listing_function *function)
{
	const struct place *place = listing_place(listing, function->first);
	struct source source;
	bool found = source_open(&source, place->file, &(struct source_places){
		.directory = view->source_directory, .build_id = place->build_id,
		.fetch = view->fetch_source, .taken_ns = profile->start_wall_ns });

	json_open(json, '{');
	json_put_str(json, "name", place->name);
	json_put_str(json, "module", place->module);
	json_put_str(json, "file", place->file);
	json_put_int(json, "self", function->self);
	json_key(json, "source");
	if (found)
		json_str(json, str_of(source.path));
	else
		json_null(json);
	json_key(json, "changed");
	json_bool(json, source.changed);
	json_key(json, "lines");
	json_open(json, '[');
	for (uint32_t i = 0; i < function->n; i++)
		put_line(json, listing->rows[function->first + i],
			 listing_place(listing, function->first + i)->line, &source);
	json_close(json, ']');
	json_close(json, '}');
	source_close(&source);
}

int json_put_list(struct json *json, const struct profile *profile, const struct text_options *view,
	      uint32_t type, struct err *err)
{
	struct listing listing;
	int rc = listing_init(&listing, profile, &(struct listing_options){
		.filter = view->filter, .expression = view->expression, .type = type }, err);

	if (rc < 0)
		return rc;
	json_key(json, "list");
	json_open(json, '[');
	for (uint32_t i = 0; i < listing.n_functions && (!view->limit || i < view->limit); i++)
		put_lines(json, profile, view, &listing, &listing.functions[i]);
	json_close(json, ']');
	listing_fini(&listing);
	return 0;
}

static void put_target_name(struct json *json, const struct machine_insn *insn)
{
	struct buf name = { 0 };

	machine_add_target(&name, insn);
	json_put_str(json, "target_name", buf_str(&name));
	json->out->failed |= name.failed;
	buf_fini(&name);
}

static void put_insn(struct json *json, const struct machine_insn *insn, const struct machine_cost *cost)
{
	static const char *const flows[] = { [MACHINE_JUMP] = "jump", [MACHINE_CALL] = "call" };

	json_open(json, '{');
	json_key(json, "vaddr");
	json_uint(json, insn->vaddr);
	json_put_str(json, "mnemonic", insn->mnemonic);
	json_put_str(json, "operands", insn->operands);
	if (insn->flow != MACHINE_NEXT)
		json_put_str(json, "flow", str_of(flows[insn->flow]));
	if (insn->target) {
		json_key(json, "target");
		json_uint(json, insn->target);
		put_target_name(json, insn);
	}
	json_put_str(json, "file", insn->file);
	json_key(json, "line");
	json_uint(json, insn->line);
	json_put_str(json, "inlined", insn->inlined);
	put_costs(json, cost->self, cost->total);
	json_close(json, '}');
}

/* Without its code: addresses, and why. */
static void put_unread(struct json *json, const struct code_row *rows, uint32_t n, const char *why)
{
	json_put_str(json, "why", str_of(why));
	json_key(json, "addresses");
	json_open(json, '[');
	for (uint32_t i = 0; i < n; i++) {
		json_open(json, '{');
		json_key(json, "address");
		json_uint(json, rows[i].address);
		put_costs(json, rows[i].self, rows[i].total);
		json_close(json, '}');
	}
	json_close(json, ']');
}

static int put_insns(struct json *json, const struct machine_code *machine, const struct code_row *rows,
		     uint32_t end, uint32_t *at)
{
	struct machine_cost *costs = machine_costs(machine, rows, end, at);

	if (!costs)
		return -ENOMEM;
	json_put_str(json, "symbol", machine->name);
	json_key(json, "vaddr");
	json_uint(json, machine->vaddr);
	json_key(json, "certain");
	json_bool(json, !machine->note.n);
	json_key(json, "instructions");
	json_open(json, '[');
	for (uint32_t i = 0; i < machine->n; i++)
		put_insn(json, &machine->insns[i], &costs[i]);
	json_close(json, ']');
	free(costs);
	return 0;
}

static int put_code(struct json *json, const struct profile *profile, const struct machine_reader *reader,
		    const struct code *code, const struct code_function *function)
{
	uint32_t at = function->first, end = function->first + function->n;
	int rc = 0;

	while (rc == 0 && at < end) {
		const struct code_row *row = &code->rows[at];
		struct machine_code machine;
		struct err why = { 0 };
		uint32_t from = at;

		rc = reader->read(reader->context, profile, row, &machine, &why);
		if (rc == -ENOMEM)
			return rc;
		json_open(json, '{');
		json_put_str(json, "name", frame_name(&profile->frames, row->frame));
		json_put_str(json, "module", strings_get(&profile->strings,
						    profile->frames.modules[row->module].path));
		if (rc < 0) {
			put_unread(json, row, end - at, why.text[0] ? why.text : err_text(rc));
			at = end;
			rc = 0;
		} else {
			rc = put_insns(json, &machine, code->rows, end, &at);
			at += at == from;
		}
		json_close(json, '}');
	}
	return rc;
}

int json_put_code(struct json *json, const struct profile *profile, const struct text_options *view,
	      uint32_t type, struct err *err)
{
	struct code code;
	int rc = code_init(&code, profile, &(struct code_options){
		.filter = view->filter, .expression = view->expression, .type = type }, err);

	if (rc < 0)
		return rc;
	json_key(json, "code");
	json_open(json, '[');
	for (uint32_t i = 0; rc == 0 && i < code.n_functions && (!view->limit || i < view->limit); i++)
		rc = put_code(json, profile, view->machine, &code, &code.functions[i]);
	json_close(json, ']');
	code_fini(&code);
	return rc < 0 ? err_fail(err, rc, "out of memory for the code") : 0;
}
