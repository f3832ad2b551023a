/* SPDX-License-Identifier: Apache-2.0 */
/* Java's methods and HotSpot's stubs, named from what was read of them while they ran. */
#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "runtime/jvm/codes.h"
#include "symbol/naming.h"
#include "symbol/object.h"

struct jvm_object {
	struct symbol_object object;
	const struct jvm_codes *codes;	/* borrowed */
};

static const char *const fault_words[JVM_FAULT_COUNT] = {
#define X(id, words) [JVM_FAULT_##id] = words,
	JVM_FAULTS(X)
#undef X
};

/* A native wrapper is made at run time too, by neither compiler. */
static const uint8_t tier_kinds[] = {
	[JVM_TIER_INTERPRETER] = FRAME_INTERPRETED,
	[JVM_TIER_NATIVE] = FRAME_JIT,
	[JVM_TIER_C1] = FRAME_C1,
	[JVM_TIER_C2] = FRAME_C2,
	[JVM_TIER_STUB] = FRAME_RUNTIME,
};

static void add_place(struct naming *naming, const struct jvm_place *place, bool inlined)
{
	if (!place->name.n) {
		naming_add_unknown(naming, 0, 0, "[java: an inlined method could not be read]");
		return;
	}
	naming_add(naming, &(struct naming_frame){
				   .name = place->name, .file = place->file, .line = place->line,
				   .start_line = place->first_line,
				   .kind = (enum frame_kind)tier_kinds[place->tier], .inlined = inlined,
			   });
}

static void name_jvm(struct symbol_object *object, struct naming *naming, const uint64_t *vaddrs, uint32_t n)
{
	const struct jvm_codes *codes = ((const struct jvm_object *)object)->codes;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t id = (uint32_t)(vaddrs[i] >> 32), fault = (uint32_t)vaddrs[i];
		uint32_t n_frames = jvm_codes_frames(codes, id);

		naming_query(naming);
		for (uint32_t j = 0; j < n_frames; j++) {
			struct jvm_place place = jvm_codes_place(codes, id, j);

			add_place(naming, &place, j + 1 < n_frames);
		}
		if (!n_frames)
			naming_add_unknown(naming, 0, 0, "[java: %s]",
					   fault && fault < JVM_FAULT_COUNT ? fault_words[fault] :
									      "no such method");
	}
}

static const struct symbol_source jvm_source = {
	.name = name_jvm
};

int symbol_object_open_jvm(struct symbol_object **ret_object, const struct jvm_codes *codes, struct err *err)
{
	struct jvm_object *jvm = calloc(1, sizeof(*jvm));

	if (!jvm)
		return err_fail(err, -ENOMEM, "not enough memory for a symbol table");
	jvm->object.source = &jvm_source;
	jvm->codes = codes;
	*ret_object = &jvm->object;
	return 0;
}
