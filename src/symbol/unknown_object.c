/* SPDX-License-Identifier: Apache-2.0 */
/* Code that nobody can name: every address gets the reason as its name. */
#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "symbol/naming.h"
#include "symbol/object.h"

struct unknown_object {
	struct symbol_object object;
	char reason[];
};

static void name_unknown(struct symbol_object *object, struct naming *naming,
			 const uint64_t *vaddrs, uint32_t n)
{
	const struct unknown_object *unknown = (const struct unknown_object *)object;

	for (uint32_t i = 0; i < n; i++) {
		naming_query(naming);
		naming_add_unknown(naming, 0, vaddrs[i], "[%s]", unknown->reason);
	}
}

static const struct symbol_source unknown_source = {
	.name = name_unknown
};

int symbol_object_open_unknown(struct symbol_object **ret_object, struct str reason,
			       struct err *err)
{
	struct unknown_object *unknown = calloc(1, sizeof(*unknown) + reason.n + 1);

	if (!unknown)
		return err_fail(err, -ENOMEM, "not enough memory for a symbol table");
	unknown->object.source = &unknown_source;
	if (reason.n)
		memcpy(unknown->reason, reason.p, reason.n);
	*ret_object = &unknown->object;
	return 0;
}
