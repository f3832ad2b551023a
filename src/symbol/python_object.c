/* SPDX-License-Identifier: Apache-2.0 */
/* Interpreted code of Python, named from the code objects that were read while it ran. */
#include <errno.h>
#include <stdlib.h>

#include "abi/runtime.h"
#include "base/err.h"
#include "runtime/python/codes.h"
#include "symbol/naming.h"
#include "symbol/object.h"

struct python_object {
	struct symbol_object object;
	const struct python_codes *codes;	/* borrowed */
};

static const char *const fault_words[PYTHON_FAULT_COUNT] = {
#define X(id, words) [PYTHON_FAULT_##id] = words,
	PYTHON_FAULTS(X)
#undef X
};

static void name_python(struct symbol_object *object, struct naming *naming, const uint64_t *vaddrs,
			uint32_t n)
{
	const struct python_object *python = (const struct python_object *)object;
	struct python_place place;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t id = (uint32_t)(vaddrs[i] >> 32);

		naming_query(naming);
		if (id && python_codes_place(python->codes, id, (int32_t)vaddrs[i], &place))
			naming_add(naming, &(struct naming_frame){
						   .name = place.name, .file = place.file,
						   .line = place.line,
						   .start_line = place.first_line,
						   .kind = FRAME_INTERPRETED,
					   });
		else
			naming_add_unknown(naming, 0, 0, "[python: %s]",
					   id || vaddrs[i] >= PYTHON_FAULT_COUNT ?
						   "no such code object" : fault_words[vaddrs[i]]);
	}
}

static const struct symbol_source python_source = {
	.name = name_python
};

int symbol_object_open_python(struct symbol_object **ret_object, const struct python_codes *codes,
			      struct err *err)
{
	struct python_object *python = calloc(1, sizeof(*python));

	if (!python)
		return err_fail(err, -ENOMEM, "not enough memory for a symbol table");
	python->object.source = &python_source;
	python->codes = codes;
	*ret_object = &python->object;
	return 0;
}
