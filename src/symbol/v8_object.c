/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of V8, named from what was read of them while they ran. */
#include <errno.h>
#include <stdlib.h>

#include "abi/sample.h"
#include "base/err.h"
#include "runtime/v8/codes.h"
#include "symbol/naming.h"
#include "symbol/object.h"

struct v8_object {
	struct symbol_object object;
	const struct v8_codes *codes;	/* borrowed */
};

static const char *const fault_words[V8_FAULT_COUNT] = {
#define X(id, words) [V8_FAULT_##id] = words,
	V8_FAULTS(X)
#undef X
};

static const uint8_t tier_kinds[] = {
	[V8_TIER_NONE] = FRAME_JIT,
	[V8_TIER_IGNITION] = FRAME_INTERPRETED,
	[V8_TIER_SPARKPLUG] = FRAME_SPARKPLUG,
	[V8_TIER_MAGLEV] = FRAME_MAGLEV,
	[V8_TIER_TURBOFAN] = FRAME_TURBOFAN,
};

static void add_place(struct naming *naming, const struct v8_place *place, bool inlined)
{
	if (!place->name.n) {
		naming_add_unknown(naming, 0, 0, "[v8: an inlined function could not be read]");
		return;
	}
	naming_add(naming, &(struct naming_frame){
				   .name = place->name, .file = place->file, .line = place->line,
				   .column = place->column <= UINT16_MAX ? (uint16_t)place->column : 0,
				   .start_line = place->first_line,
				   .kind = (enum frame_kind)tier_kinds[place->tier],
				   .inlined = inlined,
			   });
}

static void name_other(struct naming *naming, uint32_t word)
{
	uint32_t fault = SAMPLE_V8_PLACE(word);

	switch (SAMPLE_V8_KIND(word)) {
	case V8_STUB:
		naming_add(naming, &(struct naming_frame){ .name = STR("(V8 stub)"),
							   .kind = FRAME_RUNTIME });
		return;
	case V8_REGEXP:
		naming_add(naming, &(struct naming_frame){ .name = STR("(regular expression)"),
							   .kind = FRAME_JIT });
		return;
	case V8_WASM:
		naming_add(naming, &(struct naming_frame){ .name = STR("(wasm function)"),
							   .kind = FRAME_JIT });
		return;
	default:
		naming_add_unknown(naming, 0, 0, "[v8: %s]",
				   fault && fault < V8_FAULT_COUNT ? fault_words[fault] :
								     "no such function");
	}
}

static void name_v8(struct symbol_object *object, struct naming *naming, const uint64_t *vaddrs,
		    uint32_t n)
{
	const struct v8_object *v8 = (const struct v8_object *)object;
	struct v8_place places[V8_INLINED_MAX];

	for (uint32_t i = 0; i < n; i++) {
		uint32_t id = (uint32_t)(vaddrs[i] >> 32), word = (uint32_t)vaddrs[i];
		uint32_t n_places = v8_codes_place(v8->codes, id, SAMPLE_V8_PLACE(word),
						   word & V8_VADDR_RETURN, places);

		naming_query(naming);
		for (uint32_t j = 0; j < n_places; j++)
			add_place(naming, &places[j], j + 1 < n_places);
		if (!n_places)
			name_other(naming, id ? (uint32_t)v8_codes_fault(v8->codes, id) : word);
	}
}

static const struct symbol_source v8_source = {
	.name = name_v8
};

int symbol_object_open_v8(struct symbol_object **ret_object, const struct v8_codes *codes,
			  struct err *err)
{
	struct v8_object *v8 = calloc(1, sizeof(*v8));

	if (!v8)
		return err_fail(err, -ENOMEM, "not enough memory for a symbol table");
	v8->object.source = &v8_source;
	v8->codes = codes;
	*ret_object = &v8->object;
	return 0;
}
