/* SPDX-License-Identifier: Apache-2.0 */
/* Tells the aid, when some of a long recording has been read, whose names will be asked for. */
#include <stdlib.h>

#include "format/perfdata_code.h"
#include "format/perfdata_head.h"
#include "model/profile.h"

#define ADDRESSES_MAX (1u << 20)

struct place {
	uint64_t vaddr;
	uint32_t module;
};

static int by_module_and_vaddr(const void *left, const void *right)
{
	const struct place *a = left, *b = right;

	if (a->module != b->module)
		return a->module < b->module ? -1 : 1;
	return (a->vaddr > b->vaddr) - (a->vaddr < b->vaddr);
}

/* places[0 .. n) are of one module and ascend; vaddrs has room for them. */
static void expect_module(struct perfdata_code *code, const struct place *places, uint32_t n, uint64_t *vaddrs)
{
	const struct profile *profile = code->profile;
	const struct module *module = &profile->frames.modules[places[0].module];
	struct str build_id;
	uint32_t distinct = 0;

	if (!perfdata_code_has_file(code, places[0].module, &build_id))
		return;
	for (uint32_t i = 0; i < n; i++)
		if (!i || places[i].vaddr != places[i - 1].vaddr)
			vaddrs[distinct++] = places[i].vaddr;
	code->aid->expect_file(code->state, strings_get(&profile->strings, module->path), build_id, vaddrs, distinct);
}

void perfdata_code_expect(struct perfdata_code *code)
{
	const struct frames *frames = &code->profile->frames;
	uint32_t n = 0, most = frames->n_frames < ADDRESSES_MAX ? frames->n_frames : ADDRESSES_MAX;
	struct place *places = calloc((size_t)most + 1, sizeof(*places));
	uint64_t *vaddrs = calloc((size_t)most + 1, sizeof(*vaddrs));

	for (uint32_t i = 1; code->aid && places && vaddrs && i < most; i++)
		if (frames->frames[i].module && frames->frames[i].address && !frames->frames[i].function)
			places[n++] = (struct place){ frames->frames[i].address, frames->frames[i].module };
	if (n)
		qsort(places, n, sizeof(*places), by_module_and_vaddr);
	for (uint32_t from = 0, end; from < n; from = end) {
		for (end = from + 1; end < n && places[end].module == places[from].module;)
			end++;
		expect_module(code, places + from, end - from, vaddrs);
	}
	free(places);
	free(vaddrs);
}
