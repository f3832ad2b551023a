/* SPDX-License-Identifier: Apache-2.0 */
#include "symbol/symbol.h"

#include <stdlib.h>

#include "symbol/naming.h"
#include "symbol/object.h"

void symbol_object_load(struct symbol_object *object)
{
	if (object->source->load)
		object->source->load(object);
}

void symbol_object_prepare(struct symbol_object *object, const uint64_t *vaddrs, uint32_t n)
{
	symbol_object_load(object);
	if (object->source->prepare)
		object->source->prepare(object, vaddrs, n);
}

int symbol_resolve(struct symbol_object *object, struct frames *frames, const uint64_t *vaddrs,
		   uint32_t n, struct symbol_chains *ret_chains, struct err *err)
{
	struct naming naming;

	naming_start(&naming, frames, n, ret_chains);
	if (!naming.failed) {
		symbol_object_load(object);
		object->source->name(object, &naming, vaddrs, n);
	}
	return naming_end(&naming, err);
}

void symbol_chains_fini(struct symbol_chains *chains)
{
	free(chains->first);
	free(chains->frames);
	*chains = (struct symbol_chains){ 0 };
}

void symbol_object_close(struct symbol_object *object)
{
	if (object && object->source->close)
		object->source->close(object);
	else
		free(object);
}
