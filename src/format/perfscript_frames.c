/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perfscript_frames.h"

#include "format/module_kind.h"
#include "format/perfscript_line.h"
#include "model/profile.h"
#include "model/v8name.h"

/* Cuts the first line off, and the source line that belongs to it. */
static struct str cut_record(struct str *rest)
{
	struct str all = *rest, record = str_cut(rest, '\n');

	while (rest->p && rest->n && rest->p[0] == ' ') {
		struct str source = str_cut(rest, '\n');

		record.n = (size_t)(source.p + source.n - all.p);
	}
	return record;
}

/* Code whose name V8 wrote down for perf; `perf inject` puts jitdump's into files of their own. */
static bool is_of_v8(const struct perf_frame *line, enum frame_kind kind, struct v8_name *ret_name)
{
	return (kind == FRAME_JIT || str_starts(str_basename(line->module), STR("jitted-"))) && v8_name_of_map(line->name, ret_name);
}

static struct frame frame_of(struct profile *profile, const struct perf_frame *line)
{
	struct strings *strings = &profile->strings;
	struct module module = { .path = strings_add(strings, line->module) };
	struct function function = { .file = strings_add(strings, line->file) };
	struct frame frame = {
		.line = line->line, .inlined = line->inlined,
		.module = line->module.n ? frames_add_module(&profile->frames, &module) : 0,
		.kind = line->has_address && line->address >= KERNEL_HALF ?
			FRAME_KERNEL : (uint8_t)module_kind(line->module),
	};
	char text[256], made[V8_NAME_MAX_BYTES];
	struct v8_name v8;

	if (is_of_v8(line, frame.kind, &v8)) {
		function.start_line = v8.line;
		if (!line->file.n)
			function.file = strings_add(strings, v8.file);
		function.name = strings_add(strings, v8_name_shown(&v8, made));
		frame.function = frames_add_function(&profile->frames, &function);
		frame.kind = (uint8_t)v8.kind;
		return frame;
	}
	if (!line->name.n) {
		frame.address = line->address;
		if (frame.kind == FRAME_NATIVE || frame.kind == FRAME_LIBRARY)
			frame.kind = FRAME_UNKNOWN;
	}
	if (!line->name.n && !line->unknown)
		return frame;
	function.name = strings_add(strings, line->name.n ? line->name :
					     module_frame_name(line->module, text, sizeof(text)));
	frame.function = frames_add_function(&profile->frames, &function);
	return frame;
}

bool perf_frames_add(struct profile *profile, struct str text, struct buf *ids)
{
	struct str rest = text;
	struct perf_frame line;
	struct frame frame;
	size_t from = ids->n;
	uint32_t id;

	while (rest.p) {
		if (!perf_frame_parse(cut_record(&rest), &line))
			continue;
		frame = frame_of(profile, &line);
		id = frames_add(&profile->frames, &frame);
		buf_add(ids, &id, sizeof(id));
	}
	if (ids->failed || ids->n == from)
		return false;
	/* what was inlined is where its caller is */
	for (size_t at = ids->n - sizeof(id); at > from; at -= sizeof(id)) {
		struct frame inlined;

		memcpy(&id, ids->p + at, sizeof(id));
		frame = profile->frames.frames[id];
		memcpy(&id, ids->p + at - sizeof(id), sizeof(id));
		inlined = profile->frames.frames[id];
		inlined.module = frame.module;
		inlined.kind = frame.kind;
		inlined.address = frame.address;
		id = frames_add(&profile->frames, &inlined);
		memcpy(ids->p + at - sizeof(id), &id, sizeof(id));
	}
	return !ids->failed;
}
