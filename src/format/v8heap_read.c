/* SPDX-License-Identifier: Apache-2.0 */
#include "format/v8heap.h"

#include <errno.h>

#include "base/err.h"
#include "base/jsonread.h"
#include "format/callframe.h"
#include "format/input.h"
#include "model/profile.h"

struct reader {
	struct profile *profile;
	struct json_reader json;
};

/* A node and those below it, which stand in it: as deep as brackets may be (JSON_DEPTH_MAX). Its own keys stand before
 * its children, in what V8 and DevTools write. */
static void read_node(struct reader *r, uint32_t caller)
{
	struct json_reader *json = &r->json;
	uint32_t stack = caller;
	bool placed = false;
	struct str key;

	json_enter(json, '{');
	while (json_next_key(json, &key)) {
		if (str_eq(key, STR("callFrame"))) {
			uint32_t frame = callframe_read(r->profile, json);

			stack = frame ? stacktree_push(&r->profile->tree, caller, frame) : caller;
			placed = true;
		} else if (str_eq(key, STR("selfSize"))) {
			int64_t size = json_take_int(json);

			if (!placed)
				json_reader_fail(json, "a size stands before the function that it is of");
			else if (size)
				profile_add(r->profile, stack, 0, &size);
		} else if (str_eq(key, STR("children"))) {
			if (!placed)
				json_reader_fail(json, "callees stand before the function that called them");
			json_enter(json, '[');
			while (json_next_item(json))
				read_node(r, stack);
		} else {
			json_pass(json);
		}
	}
}

int v8heap_read(struct profile *profile, struct input *input, struct err *err)
{
	struct reader r = { .profile = profile };
	struct str text, key;
	int rc = input_whole(input, &text, err);

	if (rc < 0)
		return rc;
	profile_add_type(profile, STR("inuse_space"), STR("bytes"));
	r.json = json_reader_over(text);
	json_enter(&r.json, '{');
	while (json_next_key(&r.json, &key)) {
		if (str_eq(key, STR("head")))
			read_node(&r, 0);
		else
			json_pass(&r.json);
	}
	return json_reader_end(&r.json, input->what, text, err);
}

/* V8 begins with the head; DevTools may not. A CPU profile has .nodes. */
bool v8heap_detect(struct str head)
{
	head = str_trim(head);
	return str_starts(head, STR("{")) && str_contains(head, STR("\"head\"")) && str_contains(head, STR("\"callFrame\"")) &&
	       str_contains(head, STR("\"selfSize\""));
}
