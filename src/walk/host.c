/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "walk/host.h"

#include <stdlib.h>
#include <string.h>

typedef const struct walk_rows *walk_table_t;
struct walk;

static bool walk_read_bytes(struct walk *w, void *out, uint32_t n, uint64_t address);
static bool walk_read_object(struct walk *w, void *out, uint32_t n, uint64_t address);
static bool walk_heap_stands(const struct walk *w);
static const struct walk_mapping *walk_mapping_at(struct walk *w, uint32_t index);
static walk_table_t walk_table_at(struct walk *w, uint32_t table);
static bool walk_cell_at(walk_table_t table, uint32_t index, uint64_t *ret_cell);
static const struct unwind_rule *walk_rule_at(struct walk *w, uint32_t rule);
static const struct walk_runtime *walk_runtime_at(struct walk *w, uint32_t runtime);
static bool walk_worth_copying(const struct walk *w);
static void walk_new_code(struct walk *w, void *out, uint64_t code);
static void walk_new_v8(struct walk *w, void *out);
static bool walk_put(void *out, uint32_t index, uint64_t word);
static bool walk_has_recorded(struct walk *w);
static bool walk_recorded(struct walk *w, uint64_t pair[2]);
static bool walk_recorded_singly(struct walk *w);
static int walk_jvm_call(struct walk *w, void *out, uint32_t piece, uint64_t a, uint32_t b);
static int walk_v8_call(struct walk *w, void *out, uint32_t piece);

#define WALK_RUNTIMES RUNTIME_ALL
#define WALK_LATE 1
#include "walk/walk.h"

struct walk_host {
	struct walk walk;	/* first: the functions below get a pointer to it */
	const struct walk_target *target;
	struct walk_rows rows;
	uint32_t n_replayed;	/* of target->recorded */
};

/* Where the frames go. */
struct room {
	uint64_t *words;
	uint32_t n;
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

static bool walk_read_object(struct walk *w, void *out, uint32_t n, uint64_t address)
{
	const struct walk_target *target = host_of(w)->target;

	return (target->read_object ? target->read_object : target->read)(target->context, out, n,
									  address);
}

static bool walk_heap_stands(const struct walk *w)
{
	return !((const struct walk_host *)w)->target->read_object;
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

static const struct walk_runtime *walk_runtime_at(struct walk *w, uint32_t runtime)
{
	return runtime ? host_of(w)->target->runtime : NULL;
}

static void walk_new_code(struct walk *w, void *out, uint64_t code)
{
	(void)w;
	(void)out;
	(void)code;
}

static bool walk_worth_copying(const struct walk *w)
{
	(void)w;
	return false;
}

static void walk_new_v8(struct walk *w, void *out)
{
	(void)w;
	(void)out;
}

static bool walk_put(void *out, uint32_t index, uint64_t word)
{
	const struct room *room = out;

	if (index >= room->n)
		return false;
	room->words[index] = word;
	return true;
}

static bool walk_has_recorded(struct walk *w)
{
	return host_of(w)->target->recorded;
}

static bool walk_recorded(struct walk *w, uint64_t pair[2])
{
	struct walk_host *host = host_of(w);
	const struct walk_target *target = host->target;

	if (host->n_replayed + 2 > target->n_recorded)
		return false;
	memcpy(pair, target->recorded + (size_t)host->n_replayed * 8, 2 * sizeof(*pair));
	host->n_replayed += 2;
	return true;
}

static bool walk_recorded_singly(struct walk *w)
{
	const struct walk_runtime *runtime = host_of(w)->target->runtime;

	return runtime && runtime->kind == RUNTIME_PYTHON &&
	       runtime->python.segment == PYTHON_SEGMENT_EACH;
}

static int walk_jvm_call(struct walk *w, void *out, uint32_t piece, uint64_t a, uint32_t b)
{
	return walk_jvm_run(w, out, (enum walk_jvm_piece)piece, a, b);
}

static int walk_v8_call(struct walk *w, void *out, uint32_t piece)
{
	return walk_v8_run(w, out, (enum walk_v8_piece)piece);
}

struct walk_host *walk_host_new(void)
{
	return calloc(1, sizeof(struct walk_host));
}

void walk_host_free(struct walk_host *host)
{
	free(host);
}

/* A step need not record anything: damaged memory must not make us go round for ever. */
static void run(struct walk *w, struct room *room)
{
	for (uint32_t steps = 0; walk_step(w, room) == WALK_CONTINUE; steps++) {
		if (steps == room->n) {
			w->end = WALK_FULL;
			break;
		}
	}
}

enum walk_end walk_host_run(struct walk_host *host, const struct walk_target *target,
			    const uint64_t *regs, bool is_return, uint64_t *words, uint32_t max,
			    uint32_t *ret_n)
{
	struct walk *w = &host->walk;
	struct room room = { words, max };

	host->target = target;
	host->n_replayed = 0;
	memcpy(w->regs, regs, UNWIND_REGS * sizeof(*regs));
	w->thread_pointer = target->thread_pointer;
	walk_begin(w, is_return);
	w->process = (struct walk_process){ .count = target->n_mappings,
					    .generation = target->generation,
					    .runtime = target->runtime || target->recorded };
	walk_jvm_begin(w);
	run(w, &room);
	*ret_n = w->n;
	return (enum walk_end)w->end;
}

uint32_t walk_host_python(struct walk_host *host, const struct walk_target *target, uint64_t *words,
			  uint32_t max)
{
	struct walk *w = &host->walk;
	struct room room = { words, max };

	host->target = target;
	w->thread_pointer = target->thread_pointer;
	walk_begin(w, false);
	w->process = (struct walk_process){ .runtime = target->runtime != NULL };
	w->native_over = 1;
	walk_begin_python(w);
	run(w, &room);
	return w->n;
}

enum sample_gil walk_host_gil(const struct walk_host *host)
{
	return (enum sample_gil)host->walk.python.gil;
}

uint64_t walk_host_coroutine(const struct walk_host *host)
{
	return host->walk.python.coroutine;
}

uint64_t walk_host_sp(const struct walk_host *host)
{
	return host->walk.regs[UNWIND_RSP];
}

uint32_t walk_host_missing_table(const struct walk_host *host)
{
	return host->walk.mapping.table;
}
