/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "unwind/unwind.h"

/* An index id of 0 marks a free slot, so rule n is kept as n + 1. */
static uint64_t hash_of(const struct unwind_rule *rule)
{
	uint64_t halves[2];

	memcpy(halves, rule, sizeof(halves));
	return hash_u64(halves[0], halves[1]);
}

uint32_t unwind_rules_add(struct unwind_rules *rules, const struct unwind_rule *rule)
{
	uint64_t hash = hash_of(rule);
	uint32_t step = 0, id;

	while ((id = idindex_probe(&rules->index, hash, &step)))
		if (memcmp(&rules->items[id - 1], rule, sizeof(*rule)) == 0)
			return id - 1;
	if (rules->n >= UNWIND_RULES_MAX ||
	    VEC_RESERVE(&rules->items, &rules->cap, (uint64_t)rules->n + 1) < 0 ||
	    idindex_add(&rules->index, hash, rules->n + 1) < 0)
		return UNWIND_RULE_UNSUPPORTED;
	rules->items[rules->n] = *rule;
	return rules->n++;
}

int unwind_rules_init(struct unwind_rules *rules)
{
	static const struct unwind_rule first[] = {
		[UNWIND_RULE_NONE] = { .kind = UNWIND_NONE },
		[UNWIND_RULE_UNSUPPORTED] = { .kind = UNWIND_UNSUPPORTED },
	};

	*rules = (struct unwind_rules){ 0 };
	for (uint32_t i = 0; i < 2; i++)
		unwind_rules_add(rules, &first[i]);
	if (rules->n == 2)
		return 0;
	unwind_rules_fini(rules);
	return -ENOMEM;
}

void unwind_rules_fini(struct unwind_rules *rules)
{
	free(rules->items);
	idindex_fini(&rules->index);
	*rules = (struct unwind_rules){ 0 };
}
