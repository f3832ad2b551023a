/* SPDX-License-Identifier: Apache-2.0 */
#include "format/callframe.h"

#include "base/buf.h"
#include "base/jsonread.h"
#include "model/profile.h"

/* "file:///srv/app.js" is "/srv/app.js". */
static struct str path_of(struct str url)
{
	return str_starts(url, STR("file:///")) ? str_skip(url, 7) : url;
}

/* What has no name is named by its place, as in a recording (docs/nodejs.md). */
static uint32_t name_of(struct profile *profile, struct str name, struct str url, uint32_t line, uint32_t column)
{
	struct buf text = { 0 };
	uint32_t id;

	if (name.n)
		return strings_add(&profile->strings, name);
	buf_add_str(&text, STR("(anonymous"));
	if (url.n)
		buf_addf(&text, " %.*s", STR_ARG(str_basename(url)));
	if (url.n && (line > 1 || column > 1))
		buf_addf(&text, ":%u:%u", line, column);
	buf_add_u8(&text, ')');
	id = strings_add(&profile->strings, buf_str(&text));
	buf_fini(&text);
	return id;
}

/* Numbers from -1, for none, on; ours are from 1. */
static uint32_t place(struct json_reader *json)
{
	int64_t v = json_take_int(json);

	return v < 0 || v >= UINT32_MAX ? 0 : (uint32_t)v + 1;
}

uint32_t callframe_read(struct profile *profile, struct json_reader *json)
{
	struct strings *strings = &profile->strings;
	struct function function = { 0 };
	struct frame frame = { 0 };
	struct str key, name = { 0 }, url = { 0 };
	uint32_t column = 0;

	json_enter(json, '{');
	while (json_next_key(json, &key)) {
		if (str_eq(key, STR("functionName")))
			name = strings_get(strings, strings_add(strings, json_take_str(json)));
		else if (str_eq(key, STR("url")))
			url = strings_get(strings, strings_add(strings, path_of(json_take_str(json))));
		else if (str_eq(key, STR("lineNumber")))
			function.start_line = place(json);
		else if (str_eq(key, STR("columnNumber")))
			column = place(json);
		else
			json_pass(json);
	}
	if (str_eq(name, STR("(root)")))
		return 0;
	function.name = name_of(profile, name, url, function.start_line, column);
	function.file = strings_add(strings, url);
	frame.function = frames_add_function(&profile->frames, &function);
	frame.kind = str_starts(name, STR("(")) ? FRAME_RUNTIME : url.n ? FRAME_JIT : FRAME_NATIVE;
	return frames_add(&profile->frames, &frame);
}
