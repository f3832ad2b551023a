/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over a unit's DIEs: which call holds each query.
 *
 * Functions and inlined subroutines are the only DIEs looked at; the others are read over by their
 * abbreviation's steps. Where a sibling says so, trees without code or without queries are leapt
 * over. GCC nests local functions (C's, and methods of C++ local classes) in trees that look like
 * that; so when a query is left over and something was leapt, a second pass leaps nothing. */
#include "elf/dwarf_internal.h"
#include "elf/dwarf_steps.h"

#include <errno.h>

#define OPEN_MAX_CALLS 512	/* calls inlined into one another; deeper ones are not told apart */

/* A function or inlined subroutine whose children are being read. */
struct open_call {
	const uint8_t *die;
	struct call *call;	/* NULL until a query needs it */
	uint32_t depth;
	bool subprogram;
	bool idle;		/* holds no query */
};

struct walk {
	struct worker *worker;
	struct unit *unit;
	struct die_reader reader;
	struct queries *queries;	/* NULL: only `found` is called */
	uint32_t owner, owned, unresolved;
	uint32_t first;		/* its first query */
	int64_t marks_left;		/* what a damaged unit may make us write */
	const uint8_t *start;	/* the unit's header */
	uint64_t addr_base;
	uint64_t text_lo;
	struct call *calls;
	bool leap, leapt;
	uint32_t n_open;
	void (*found)(void *ctx, uint64_t lo, uint64_t hi);
	void *ctx;
	struct open_call open[OPEN_MAX_CALLS];
};

/* The call of open[at], made together with those around it when nobody needed them so far. */
static struct call *call_of(struct walk *w, uint32_t at)
{
	struct call *caller = NULL;
	uint32_t i = at;

	while (i > 0 && !w->open[i].call && !w->open[i].subprogram)
		i--;
	for (; i <= at; i++) {
		struct open_call *open = &w->open[i];

		if (!open->call) {
			open->call = arena_alloc(&w->worker->temp, sizeof(*open->call));
			if (!open->call) {
				w->worker->rc = -ENOMEM;
				return NULL;
			}
			open->call->die = open->die;
			open->call->caller = open->subprogram ? NULL : caller;
			open->call->next = w->calls;
			w->calls = open->call;
		}
		caller = open->call;
	}
	return caller;
}

/* Gives the queries in [lo, hi) to the innermost open call. A function takes only what no other
 * has taken: of functions folded onto one address the first one stays. */
static void mark(struct walk *w, uint64_t lo, uint64_t hi)
{
	struct queries *queries = w->queries;
	struct open_call *open = &w->open[w->n_open - 1];
	uint32_t q;

	if (lo < w->text_lo || hi <= lo)
		return;
	if (!queries) {
		if (open->subprogram)
			w->found(w->ctx, lo, hi);
		return;
	}
	for (q = queries_first(queries, lo); q < queries->n; q++) {
		if (queries->vaddrs[q] >= hi || w->marks_left-- <= 0)
			break;
		if (queries->owner[q] != w->owner || (open->subprogram && queries->leaf[q]))
			continue;
		if (!call_of(w, w->n_open - 1))
			return;
		w->unresolved -= !queries->leaf[q];
		queries->leaf[q] = open->call;
		open->idle = false;
	}
	if (open->subprogram && q < queries->n && queries->owner[q] == w->owner &&
	    queries->behind[q] < hi && queries->vaddrs[q] >= hi)
		queries->behind[q] = hi;
}

static void mark_all(struct walk *w, const struct pcs *pcs)
{
	struct range_list list;
	uint64_t lo, hi;

	if (pcs->low.form && pcs->high.form) {
		if (!dwarf_value_addr(w->unit, w->addr_base, &pcs->low, &lo))
			return;
		if (!dwarf_value_addr(w->unit, w->addr_base, &pcs->high, &hi))
			hi = lo + pcs->high.u;
		mark(w, lo, hi);
	} else if (pcs->ranges.form &&
		   range_list_open(&list, w->worker, w->unit, &pcs->ranges)) {
		while (range_list_next(&list, &lo, &hi))
			mark(w, lo, hi);
	}
}

/* A function or inlined subroutine at depth; `die` is its first byte, `p` its first attribute.
 * Whether its children are worth reading. */
static bool enter(struct walk *w, const struct abbrev *abbrev, const uint8_t *die,
		  const uint8_t *p, uint32_t depth, struct pcs *pcs)
{
	bool subprogram = abbrev->kind == ABBREV_FUNCTION, idle;

	if (!subprogram && (!w->queries || (w->n_open && w->open[w->n_open - 1].idle)))
		return false;
	if (w->n_open == OPEN_MAX_CALLS ||
	    (abbrev->slow && !dwarf_read_slowly(&w->reader, abbrev, p, pcs)))
		return true;
	w->open[w->n_open++] = (struct open_call){
		.die = die,
		.depth = depth,
		.subprogram = subprogram,
		.idle = true,
	};
	if (!pcs->low.form && !pcs->ranges.form)
		w->open[w->n_open - 1].idle = false;	/* strict DWARF 2 cannot give ranges */
	mark_all(w, pcs);
	idle = w->open[w->n_open - 1].idle;
	if (!abbrev->has_children)
		w->n_open--;
	return !idle;
}

static bool may_leap(struct walk *w, enum abbrev_kind kind, bool wanted)
{
	switch (kind) {
	case ABBREV_LEAPABLE:
		return true;
	case ABBREV_LEAPABLE_CODE:
		w->leapt = true;
		return w->leap;
	case ABBREV_FUNCTION:
	case ABBREV_INLINED:
		w->leapt |= !wanted;
		return w->leap && !wanted;
	case ABBREV_PLAIN:
	case ABBREV_BAD:
		break;
	}
	return false;
}

static uint64_t read_code(const uint8_t *p, const uint8_t *end, const uint8_t **ret_p)
{
	struct cursor c = { p, end, p, false };
	uint64_t code = cursor_uleb(&c);

	*ret_p = c.p;
	return c.failed ? 0 : code;
}

/* A DIE that may be leapt over or hold queries. Where the next one is, or NULL at damage. */
static const uint8_t *read_die(struct walk *w, const struct abbrev *abbrev, const uint8_t *die,
			       const uint8_t *attributes, uint32_t depth, bool *ret_descend)
{
	struct pcs pcs = { 0 };
	const uint8_t *p = dwarf_run_steps(&w->reader, abbrev, attributes, &pcs);
	bool wanted = true;

	if (!p)
		return NULL;
	if (abbrev->kind == ABBREV_FUNCTION || abbrev->kind == ABBREV_INLINED)
		wanted = enter(w, abbrev, die, attributes, depth, &pcs);
	if (!abbrev->has_children)
		return p;
	if (!pcs.sibling || !may_leap(w, (enum abbrev_kind)abbrev->kind, wanted)) {
		*ret_descend = true;
		return p;
	}
	if (pcs.sibling > (uint64_t)(w->reader.end - w->start) || w->start + pcs.sibling < p)
		return NULL;
	if (w->n_open && w->open[w->n_open - 1].depth == depth)
		w->n_open--;
	return w->start + pcs.sibling;
}

/* The pass itself. It ends at the root's last child, at damage, or when all is found. */
static void read_dies(struct walk *w)
{
	const struct die_reader reader = w->reader;	/* const: stays in registers */
	const uint8_t *p = w->start + (w->unit->die - w->unit->off);
	uint32_t depth = 0;

	w->n_open = 0;
	while (p < reader.end && depth < UINT32_MAX) {
		const uint8_t *die = p;
		const struct abbrev *abbrev;
		uint64_t code = *p++;
		bool descend = false;

		if (code & 0x80) {
			code = read_code(die, reader.end, &p);
		}
		if (!code) {
			if (depth <= 1)
				return;
			depth--;
			if (w->n_open && w->open[w->n_open - 1].depth == depth)
				w->n_open--;
			if (!w->n_open && w->queries && !w->unresolved)
				return;
			continue;
		}
		abbrev = dwarf_abbrev(reader.abbrevs, code);
		if (!abbrev || abbrev->kind == ABBREV_BAD)
			return;
		if (abbrev->kind == ABBREV_PLAIN) {
			p = dwarf_skip_steps(&reader, abbrev, p);
			depth += abbrev->has_children;
		} else {
			p = read_die(w, abbrev, die, p, depth, &descend);
			depth += descend;
		}
		if (!p)
			return;
	}
}

/* Whether the queries left over all lie in the padding behind functions: in a row that began in a
 * function which ended. A function that the pass did not see would begin a row of its own. */
static bool only_padding_left(const struct walk *w)
{
	const struct queries *queries = w->queries;
	uint32_t seen = 0;
	uint64_t behind = 0;

	for (uint32_t q = w->first; q < queries->n && seen < w->owned; q++) {
		if (queries->owner[q] != w->owner)
			continue;
		seen++;
		if (queries->leaf[q]) {
			behind = 0;
			continue;
		}
		if (queries->behind[q])
			behind = queries->behind[q];
		if (!queries->row[q].start || queries->row[q].start >= behind)
			return false;
	}
	return true;
}

static bool walk_init(struct walk *w, struct worker *worker, struct unit *unit)
{
	const uint8_t *info = (const uint8_t *)unit->file->sections.info.p;

	memset(w, 0, offsetof(struct walk, open));
	w->worker = worker;
	w->unit = unit;
	w->start = info + unit->off;
	w->reader = (struct die_reader){ unit, dwarf_abbrevs(worker, unit), info + unit->end };
	w->addr_base = dwarf_addr_base(worker, unit);
	w->text_lo = worker->dwarf->text_lo;
	return w->reader.abbrevs != NULL;
}

void dwarf_walk(struct worker *worker, struct unit *unit, uint32_t owner)
{
	struct unit *dies = dwarf_unit_with_dies(worker, unit);
	struct walk space, *w = &space;

	if (!walk_init(w, worker, dies))
		return;
	w->queries = &worker->dwarf->queries;
	w->owner = owner;
	w->owned = w->unresolved = unit->owned;
	w->first = unit->first_owned;
	w->marks_left = (int64_t)unit->owned * OPEN_MAX_CALLS + DWARF_SLACK;
	w->leap = true;
	read_dies(w);
	if (w->unresolved && w->leapt && !only_padding_left(w)) {
		w->leap = false;
		read_dies(w);
	}
	for (struct call *call = w->calls; call && !worker->rc; call = call->next)
		dwarf_call_name(worker, dies, call);
}

void dwarf_walk_functions(struct worker *worker, struct unit *unit,
			  void (*found)(void *ctx, uint64_t lo, uint64_t hi), void *ctx)
{
	struct walk space, *w = &space;

	if (!walk_init(w, worker, unit))
		return;
	w->found = found;
	w->ctx = ctx;
	read_dies(w);
}
