/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "walk/host.h"

#include <stdlib.h>
#include <string.h>

typedef const struct walk_rows *walk_table_t;
struct walk;

static bool walk_read_bytes(struct walk *w, void *out, uint32_t n, uint64_t address);
static const struct walk_mapping *walk_mapping_at(struct walk *w, uint32_t index);
static walk_table_t walk_table_at(struct walk *w, uint32_t table);
static bool walk_cell_at(walk_table_t table, uint32_t index, uint64_t *ret_cell);
static const struct unwind_rule *walk_rule_at(struct walk *w, uint32_t rule);

#include "walk/walk.h"

struct walk_host {
	struct walk walk;	/* first: the functions below get a pointer to it */
	const struct walk_target *target;
	struct walk_rows rows;
};

static struct walk_host *host_of(struct walk *w)
{
	return (struct walk_host *)w;
}

static bool walk_read_bytes(struct walk *w, void *out, uint32_t n, uint64_t address)
{
	const struct walk_target *target = host_of(w)->target;

	return target->read(target->context, out, n, address);
}

static const struct walk_mapping *walk_mapping_at(struct walk *w, uint32_t index)
{
	const struct walk_target *target = host_of(w)->target;

	return index < target->n_mappings ? &target->mappings[index] : NULL;
}

static walk_table_t walk_table_at(struct walk *w, uint32_t table)
{
	struct walk_host *host = host_of(w);

	return host->target->rows(host->target->context, table, &host->rows) ? &host->rows : NULL;
}

static bool walk_cell_at(walk_table_t table, uint32_t index, uint64_t *ret_cell)
{
	if (index >= table->n)
		return false;
	*ret_cell = table->cells[index];
	return true;
}

static const struct unwind_rule *walk_rule_at(struct walk *w, uint32_t rule)
{
	const struct walk_target *target = host_of(w)->target;

	return rule < target->n_rules ? &target->rules[rule] : NULL;
}

struct walk_host *walk_host_new(void)
{
	return calloc(1, sizeof(struct walk_host));
}

void walk_host_free(struct walk_host *host)
{
	free(host);
}

enum walk_end walk_host_run(struct walk_host *host, const struct walk_target *target,
			    const uint64_t *regs, bool is_return, uint64_t *frames, uint32_t max,
			    uint32_t *ret_n)
{
	struct walk *w = &host->walk;
	const struct unwind_rule *rule;
	enum walk_next next;

	host->target = target;
	memcpy(w->regs, regs, UNWIND_REGS * sizeof(*regs));
	walk_begin(w, is_return);
	w->process = (struct walk_process){ .count = target->n_mappings,
					    .generation = target->generation };
	for (;;) {
		if (!walk_plausible(w->regs[UNWIND_RIP])) {
			w->end = WALK_BAD_PC;
			break;
		}
		if (w->n == max) {
			w->end = WALK_FULL;
			break;
		}
		next = walk_look(w, &rule);
		frames[w->n++] = walk_frame(w);
		if (next == WALK_STOP || walk_leave(w, rule) == WALK_STOP)
			break;
	}
	*ret_n = w->n;
	return (enum walk_end)w->end;
}

uint32_t walk_host_missing_table(const struct walk_host *host)
{
	return host->walk.mapping.table;
}
