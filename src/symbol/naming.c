/* SPDX-License-Identifier: Apache-2.0 */
#include "symbol/naming.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/vec.h"
#include "elf/elf.h"
#include "model/strings.h"
#include "symbol/demangle.h"
#include "symbol/sourcepath.h"
#include "symbol/symbol.h"

#define REASON_MAX 512

/* The row of that key; *ret_new when it was made just now. NULL when out of memory. */
static struct naming_memo_row *memo_row(struct naming_memo *memo, uint64_t a, uint64_t b,
					bool *ret_new)
{
	uint64_t hash = hash_u64(a, b);
	uint32_t step = 0, id;

	while ((id = idindex_probe(&memo->index, hash, &step)))
		if (memo->rows[id].key[0] == a && memo->rows[id].key[1] == b) {
			*ret_new = false;
			return &memo->rows[id];
		}
	id = memo->n ? memo->n : 1;
	if (VEC_RESERVE(&memo->rows, &memo->cap, (uint64_t)id + 1) < 0 ||
	    idindex_add(&memo->index, hash, id) < 0)
		return NULL;
	memo->n = id + 1;
	memo->rows[id] = (struct naming_memo_row){ .key = { a, b } };
	*ret_new = true;
	return &memo->rows[id];
}

static void memo_fini(struct naming_memo *memo)
{
	free(memo->rows);
	idindex_fini(&memo->index);
}

static uint64_t place_of(struct str s)
{
	return (uint64_t)(uintptr_t)s.p ^ (uint64_t)s.n << 48;
}

/* name, system name: the second is 0 when it is the same as the first. */
static void name_ids(struct naming *naming, struct str name, uint32_t ret_ids[2])
{
	struct strings *strings = naming->frames->strings;
	struct naming_memo_row *by_place, *by_name;
	uint32_t id;
	bool new;

	ret_ids[0] = ret_ids[1] = 0;
	by_place = memo_row(&naming->names, (uint64_t)(uintptr_t)name.p, name.n, &new);
	if (!by_place) {
		naming->failed = true;
		return;
	}
	if (new) {
		id = strings_add(strings, name);
		by_name = memo_row(&naming->mangled, id, 0, &new);
		if (!by_name) {
			naming->failed = true;
			return;
		}
		if (new) {
			by_name->value[0] = id;
			if (demangle(name, &naming->scratch)) {
				by_name->value[0] = strings_add(strings, buf_str(&naming->scratch));
				by_name->value[1] = id;
			}
		}
		memcpy(by_place->value, by_name->value, sizeof(by_place->value));
	}
	memcpy(ret_ids, by_place->value, sizeof(by_place->value));
}

static uint32_t path_id(struct naming *naming, struct str dir, struct str file)
{
	struct naming_memo_row *row;
	bool new;

	if (!file.n)
		return 0;
	row = memo_row(&naming->paths, place_of(dir), place_of(file), &new);
	if (!row) {
		naming->failed = true;
		return 0;
	}
	if (new) {
		buf_clear(&naming->scratch);
		source_path_join(dir, file, &naming->scratch);
		row->value[0] = strings_add(naming->frames->strings, buf_str(&naming->scratch));
	}
	return row->value[0];
}

static void push(struct naming *naming, const struct frame *frame)
{
	struct symbol_chains *chains = naming->chains;

	if (VEC_RESERVE(&chains->frames, &chains->cap_frames, naming->n_frames + 1) < 0) {
		naming->failed = true;
		return;
	}
	chains->frames[naming->n_frames++] = frames_add(naming->frames, frame);
	if (chains->n)
		chains->first[chains->n] = naming->n_frames;
}

void naming_start(struct naming *naming, struct frames *frames, uint32_t n,
		  struct symbol_chains *ret_chains)
{
	*ret_chains = (struct symbol_chains){ 0 };
	*naming = (struct naming){ .frames = frames, .chains = ret_chains, .n_queries = n };
	naming->scratch.max = DEMANGLED_MAX;
	ret_chains->first = calloc((size_t)n + 1, sizeof(*ret_chains->first));
	naming->failed = !ret_chains->first;
}

uint32_t naming_module(struct naming *naming, struct str path, struct str build_id)
{
	struct strings *strings = naming->frames->strings;
	struct module module = { .path = strings_add(strings, path) };
	char hex[2 * 64 + 1];

	elf_build_id_hex(build_id, hex, sizeof(hex));
	module.build_id = strings_add(strings, str_of(hex));
	return frames_add_module(naming->frames, &module);
}

void naming_query(struct naming *naming)
{
	struct symbol_chains *chains = naming->chains;

	if (naming->failed || chains->n == naming->n_queries)
		return;
	chains->n++;
	chains->first[chains->n] = naming->n_frames;
}

void naming_add(struct naming *naming, const struct naming_frame *found)
{
	struct function function = { .start_line = found->start_line };
	struct frame frame = {
		.line = found->line,
		.column = found->column,
		.module = found->module,
		.kind = (uint8_t)found->kind,
		.inlined = found->inlined,
		.address = found->address,
	};
	uint32_t ids[2];

	if (naming->failed)
		return;
	name_ids(naming, found->name, ids);
	function.name = ids[0];
	function.system_name = ids[1];
	function.file = path_id(naming, found->dir, found->file);
	frame.function = frames_add_function(naming->frames, &function);
	if (naming->n_frames == naming->chains->first[naming->chains->n - 1])
		naming->chains->n_named++;	/* a query counts once */
	push(naming, &frame);
}

static void add_nameless(struct naming *naming, uint32_t module, uint64_t address,
			 enum frame_kind kind, const char *format, va_list args)
{
	struct frame frame = { .module = module, .kind = (uint8_t)kind, .address = address };
	struct function function = { 0 };
	char reason[REASON_MAX];

	if (naming->failed)
		return;
	vsnprintf(reason, sizeof(reason), format, args);
	function.name = strings_add(naming->frames->strings, str_of(reason));
	frame.function = frames_add_function(naming->frames, &function);
	push(naming, &frame);
}

void naming_add_unknown(struct naming *naming, uint32_t module, uint64_t address,
			const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_nameless(naming, module, address, FRAME_UNKNOWN, format, args);
	va_end(args);
}

void naming_add_nameless(struct naming *naming, uint32_t module, uint64_t address,
			 enum frame_kind kind, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_nameless(naming, module, address, kind, format, args);
	va_end(args);
}

int naming_end(struct naming *naming, struct err *err)
{
	bool failed = naming->failed || naming->frames->failed || naming->frames->strings->failed;

	memo_fini(&naming->names);
	memo_fini(&naming->mangled);
	memo_fini(&naming->paths);
	buf_fini(&naming->scratch);
	if (!failed)
		return 0;
	symbol_chains_fini(naming->chains);
	return err_fail(err, -ENOMEM, "not enough memory to name all addresses");
}
