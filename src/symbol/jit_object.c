/* SPDX-License-Identifier: Apache-2.0 */
/* Code that a process makes at run time, named from what its runtime wrote down: a perf map or a
 * jitdump. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bisect.h"
#include "base/err.h"
#include "model/v8name.h"
#include "proc/perfhome.h"
#include "proc/perfmap.h"
#include "proc/process.h"
#include "symbol/naming.h"
#include "symbol/object.h"

struct jit_object {
	struct symbol_object object;
	struct jit_map map;
	pid_t pid;
	const struct perf_home *home;	/* borrowed; NULL: not told */
	char *jitdump;			/* NULL: not told */
	bool loaded, absent;
	char module[];		/* "[jit node]" */
};

/* Whether the pid has been given to another process since. */
static bool is_another(const struct jit_object *jit)
{
	uint64_t ticks = process_start_ticks(jit->pid);

	return ticks && jit->home && jit->home->start_ticks && ticks != jit->home->start_ticks;
}

static void load_jit(struct symbol_object *object)
{
	struct jit_object *jit = (struct jit_object *)object;

	if (jit->loaded)
		return;
	jit->loaded = true;
	jit->absent = is_another(jit) || jit_map_load(&jit->map, jit->pid, NULL) < 0;
	if (jit->absent && jit->home)
		jit->absent = jit_map_load_perf(&jit->map, jit->home, NULL) < 0;
	if (jit->absent && jit->jitdump)
		jit->absent = jit_map_load_jitdump(&jit->map, jit->jitdump, NULL) < 0;
}

/* The line table's last row that is not behind the address. */
static const struct jit_line *line_of(const struct jit_code *code, uint64_t address)
{
	uint32_t before = BISECT(code->n_lines, i, code->lines[i].address <= address);

	return before ? &code->lines[before - 1] : NULL;
}

/* A name that was made is kept with the map: those of a batch are known by where they stand. */
static void add_code(struct jit_object *jit, struct naming *naming, const struct jit_code *code, uint32_t module, uint64_t address)
{
	const struct jit_line *line = line_of(code, address);
	struct naming_frame frame = {
		.name = code->name, .file = line ? line->file : (struct str){ 0 }, .line = line ? line->line : 0,
		.module = module, .kind = FRAME_JIT, .address = address,
	};
	char made[V8_NAME_MAX_BYTES];
	struct v8_name name;

	if (v8_name_of_map(code->name, &name)) {
		frame.name = v8_name_shown(&name, made);
		if (frame.name.p == made)
			frame.name = arena_dup(&jit->map.arena, frame.name);
		if (!frame.file.n)
			frame.file = name.file;
		frame.start_line = name.line;
		frame.kind = name.kind;
	}
	naming_add(naming, &frame);
}

static void name_jit(struct symbol_object *object, struct naming *naming, const uint64_t *vaddrs,
		     uint32_t n)
{
	struct jit_object *jit = (struct jit_object *)object;
	uint32_t module = naming_module(naming, str_of(jit->module), (struct str){ 0 });

	for (uint32_t i = 0; i < n; i++) {
		const struct jit_code *code = jit->absent ? NULL : jit_map_find(&jit->map, vaddrs[i], 0);

		naming_query(naming);
		if (code && code->name.n) {
			add_code(jit, naming, code, module, vaddrs[i]);
		} else {
			naming_add_unknown(naming, module, vaddrs[i],
					   jit->absent ? "[run-time code without a perf map]" :
							 "[run-time code not in its perf map]");
		}
	}
}

static void close_jit(struct symbol_object *object)
{
	struct jit_object *jit = (struct jit_object *)object;

	jit_map_fini(&jit->map);
	free(jit->jitdump);
	free(jit);
}

static const struct symbol_source jit_source = {
	.load = load_jit, .name = name_jit, .close = close_jit
};

int symbol_object_open_jit(struct symbol_object **ret_object, pid_t pid, struct str name,
			   struct err *err)
{
	size_t room = name.n + sizeof("[jit ]");
	struct jit_object *jit = calloc(1, sizeof(*jit) + room);

	if (!jit)
		return err_fail(err, -ENOMEM, "not enough memory for a symbol table");
	jit->object.source = &jit_source;
	jit->pid = pid;
	snprintf(jit->module, room, name.n ? "[jit %.*s]" : "[jit%.*s]", STR_ARG(name));
	*ret_object = &jit->object;
	return 0;
}

void symbol_object_set_perf_home(struct symbol_object *object, const struct perf_home *home)
{
	struct jit_object *jit = (struct jit_object *)object;

	if (object->source == &jit_source)
		jit->home = home;
}

int symbol_object_set_jitdump(struct symbol_object *object, struct str path, struct err *err)
{
	struct jit_object *jit = (struct jit_object *)object;

	if (object->source != &jit_source || !path.n)
		return 0;
	free(jit->jitdump);
	jit->jitdump = strndup(path.p, path.n);
	return jit->jitdump ? 0 : err_fail(err, -ENOMEM, "not enough memory for a path");
}
