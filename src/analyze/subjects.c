/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/subjects.h"

#include <errno.h>
#include <stdlib.h>

#include "analyze/alike.h"
#include "analyze/renames.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/parallel.h"
#include "base/vec.h"
#include "model/profile.h"

/* What must agree, from all to little. */
enum agreement {
	AGREE_ALL,
	AGREE_MODULE,
	AGREE_NUMBERED,
	AGREE_NAME,
	AGREE_RENAMED,		/* name and module, the base's by the name that the new side has for it */
	AGREE_RENAMED_NUMBERED,
	AGREE_NAME_NUMBERED,
};

struct builder {
	struct subjects *subjects;
	struct str *keys;	/* subject -> what it was found by */
	int64_t *lines;		/* subject -> its line as the key has it */
	uint32_t cap_keys, cap_lines;
	struct idindex index;
	struct arena arena;
	struct buf key;
	struct renames renames;
};

#define NO_NAME STR("[no name]")

static bool counts_numbers(enum agreement agreement)
{
	return agreement == AGREE_NUMBERED || agreement == AGREE_RENAMED_NUMBERED ||
	       agreement == AGREE_NAME_NUMBERED;
}

static bool by_renamed_module(enum agreement agreement)
{
	return agreement == AGREE_RENAMED || agreement == AGREE_RENAMED_NUMBERED;
}

static void make_key(struct builder *b, const struct place *place, int64_t line,
		     enum agreement agreement, unsigned side)
{
	struct str module = alike_module(place->module);
	struct buf *key = &b->key;

	buf_clear(key);
	if (counts_numbers(agreement))
		alike_numbers(key, place->name);
	else
		buf_add_str(key, place->name);
	buf_add_u8(key, 0);
	if (by_renamed_module(agreement))
		buf_add_str(key, side ? module : renames_get(&b->renames, module));
	else if (agreement < AGREE_NAME)
		buf_add_str(key, module);
	buf_add_u8(key, 0);
	if (agreement == AGREE_ALL)
		buf_add_str(key, str_basename(place->file));
	buf_add_u8(key, 0);
	buf_add(key, &line, sizeof(line));
}

static uint32_t find(const struct builder *b, uint64_t hash)
{
	uint32_t step = 0, id;

	while ((id = idindex_probe(&b->index, hash, &step)))
		if (str_eq(b->keys[id], buf_str(&b->key)))
			return id;
	return 0;
}

static uint32_t add(struct builder *b, uint64_t hash, int64_t line)
{
	struct subjects *subjects = b->subjects;
	uint64_t need = (uint64_t)subjects->n + 1;
	struct str key = arena_dup(&b->arena, buf_str(&b->key));

	if (!key.p || VEC_RESERVE(&b->keys, &b->cap_keys, need) < 0 ||
	    VEC_RESERVE(&b->lines, &b->cap_lines, need) < 0 ||
	    VEC_RESERVE(&subjects->items, &subjects->cap, need) < 0 ||
	    idindex_add(&b->index, hash, subjects->n) < 0)
		return 0;
	b->keys[subjects->n] = key;
	b->lines[subjects->n] = line;
	return subjects->n++;
}

static uint32_t subject_of(struct builder *b, struct place place, int64_t line, unsigned side)
{
	struct subject *subject;
	uint64_t hash;
	uint32_t id;

	place.name = place.unnamed ? NO_NAME : alike_clean(place.name);
	if (place.unnamed)
		line = place.line = 0;
	make_key(b, &place, line, AGREE_ALL, side);
	hash = hash_str(buf_str(&b->key));
	id = find(b, hash);
	if (!id)
		id = add(b, hash, line);
	if (!id || b->key.failed)
		return 0;
	subject = &b->subjects->items[id];
	if (!subject->in[side])	/* the new side comes last, and its words stay */
		subject->place = place;
	subject->in[side] = true;
	return id;
}

/* First line of the function at each place; 0 where that is unknown. */
static uint32_t *first_lines(const struct places *places, const struct profile *profile)
{
	const struct frames *frames = &profile->frames;
	uint32_t *first = calloc(places->n, sizeof(*first));

	for (uint32_t i = 0; first && i < frames->n_frames; i++)
		first[places->of_frame[i]] =
			frames->functions[frames->frames[i].function].start_line;
	return first;
}

/* What each input has, found for all at the same time. */
struct gathering {
	const struct subject_input *inputs;
	struct places *places;
	enum granularity granularity;
	int *rcs;
};

static void gather_one(void *context, uint32_t i)
{
	struct gathering *g = context;

	g->rcs[i] = places_init(&g->places[i], g->inputs[i].profile, g->granularity, NULL);
}

static int add_input(struct builder *b, uint32_t input, const struct subject_input *from,
		     const struct places *places, enum granularity granularity)
{
	uint32_t n_frames = from->profile->frames.n_frames;
	uint32_t *of_frame = calloc((size_t)n_frames + 1, sizeof(*of_frame));
	uint32_t *of_place = calloc(places->n, sizeof(*of_place));
	uint32_t *first = first_lines(places, from->profile);
	int rc = of_place && first && of_frame ? 0 : -ENOMEM;

	b->subjects->of_frame[input] = of_frame;
	for (uint32_t i = 1; rc == 0 && i < places->n; i++) {
		const struct place *place = &places->items[i];
		int64_t line = granularity == BY_LINE ? (int64_t)place->line - first[i] : 0;

		of_place[i] = subject_of(b, *place, line, from->side);
		rc = of_place[i] ? 0 : -ENOMEM;
	}
	for (uint32_t i = 0; rc == 0 && i < n_frames; i++)
		of_frame[i] = of_place[places->of_frame[i]];
	free(of_place);
	free(first);
	return rc;
}

static int add_inputs(struct builder *b, const struct subject_input *inputs, uint32_t n,
		      enum granularity granularity)
{
	struct gathering g = { inputs, calloc((size_t)n + 1, sizeof(*g.places)), granularity,
			       calloc((size_t)n + 1, sizeof(*g.rcs)) };
	int rc = g.places && g.rcs ? 0 : -ENOMEM;

	if (rc == 0)
		parallel_each(n, gather_one, &g);
	for (uint32_t i = 0; rc == 0 && i < n; i++)
		rc = g.rcs[i];
	for (unsigned side = 0; side < 2; side++)
		for (uint32_t i = 0; rc == 0 && i < n; i++)
			if (inputs[i].side == side)
				rc = add_input(b, i, &inputs[i], &g.places[i], granularity);
	for (uint32_t i = 0; g.places && i < n; i++)
		places_fini(&g.places[i]);
	free(g.places);
	free(g.rcs);
	return rc;
}

/* A subject that only one side has. */
struct lone {
	uint64_t hash;
	uint32_t subject;
	bool is_new;
};

static int compare_lone(const void *left, const void *right, void *context)
{
	const struct lone *a = left, *b = right;
	const struct subject *items = context;
	struct str x = items[a->subject].place.name, y = items[b->subject].place.name;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	if (a->is_new != b->is_new)
		return a->is_new ? 1 : -1;
	if (x.n != y.n)	/* #9 before #10 */
		return x.n < y.n ? -1 : 1;
	return str_compare(x, y);
}

static uint32_t list_lone(struct builder *b, struct lone *list, enum agreement agreement)
{
	const struct subjects *subjects = b->subjects;
	uint32_t n = 0;

	for (uint32_t i = 1; i < subjects->n; i++) {
		const struct subject *subject = &subjects->items[i];

		/* what has no name is known by its module alone */
		if (subject->in[0] == subject->in[1] ||
		    (subject->place.unnamed && !by_renamed_module(agreement)))
			continue;
		make_key(b, &subject->place, b->lines[i], agreement, subject->in[1]);
		list[n++] = (struct lone){ hash_str(buf_str(&b->key)), i, subject->in[1] };
	}
	qsort_r(list, n, sizeof(*list), compare_lone, subjects->items);
	return n;
}

static void join(struct subjects *subjects, uint32_t *alias, uint32_t base, uint32_t fresh)
{
	struct subject *into = &subjects->items[base], *from = &subjects->items[fresh];

	if (!str_eq(into->place.name, from->place.name))
		into->was = into->place.name;
	if (!str_eq(into->place.file, from->place.file))
		into->was_file = into->place.file;
	into->place = from->place;
	into->in[1] = true;
	from->in[1] = false;
	alias[fresh] = base;
}

/* One on each side is one subject. As many on each side are, too, when only the numbers that tell them
 * apart differ: the first with the first. */
static int match_lone(struct builder *b, struct lone *list, uint32_t *alias,
		      enum agreement agreement)
{
	const struct subject *items = b->subjects->items;
	bool numbered = counts_numbers(agreement);
	uint32_t n = list_lone(b, list, agreement);
	int rc = 0;

	for (uint32_t from = 0, end; from < n; from = end) {
		uint32_t middle = from;

		for (end = from; end < n && list[end].hash == list[from].hash; end++)
			middle += !list[end].is_new;
		if (middle - from != end - middle || (middle - from > 1 && !numbered))
			continue;
		for (uint32_t i = from; rc == 0 && i < middle; i++) {
			uint32_t base = list[i].subject, fresh = list[i - from + middle].subject;

			if (agreement == AGREE_NAME)
				rc = renames_vote(&b->renames,
						  alike_module(items[base].place.module),
						  alike_module(items[fresh].place.module));
			join(b->subjects, alias, base, fresh);
		}
	}
	return rc;
}

static int match_sides(struct builder *b, const struct subject_input *inputs)
{
	struct subjects *subjects = b->subjects;
	struct lone *list = calloc(subjects->n, sizeof(*list));
	uint32_t *alias = calloc(subjects->n, sizeof(*alias));
	int rc = list && alias ? 0 : -ENOMEM;

	for (uint32_t i = 0; rc == 0 && i < subjects->n; i++)
		alias[i] = i;
	for (enum agreement a = AGREE_MODULE; rc == 0 && a <= AGREE_NAME_NUMBERED; a++) {
		rc = match_lone(b, list, alias, a);
		if (a == AGREE_NAME)
			renames_settle(&b->renames);
	}
	for (uint32_t i = 0; rc == 0 && i < subjects->n_inputs; i++)
		for (uint32_t f = 0; f < inputs[i].profile->frames.n_frames; f++)
			subjects->of_frame[i][f] = alias[subjects->of_frame[i][f]];
	free(list);
	free(alias);
	return rc == 0 && b->key.failed ? -ENOMEM : rc;
}

int subjects_init(struct subjects *subjects, const struct subject_input *inputs, uint32_t n,
		  enum granularity granularity, struct err *err)
{
	struct builder b = { .subjects = subjects };
	int rc = 0;

	*subjects = (struct subjects){ .n_inputs = n };
	subjects->of_frame = calloc((size_t)n + 1, sizeof(*subjects->of_frame));
	if (!subjects->of_frame || VEC_RESERVE(&subjects->items, &subjects->cap, 1) < 0)
		rc = -ENOMEM;
	subjects->n = 1;
	if (rc == 0)
		rc = add_inputs(&b, inputs, n, granularity);
	if (rc == 0)
		rc = match_sides(&b, inputs);
	free(b.keys);
	free(b.lines);
	idindex_fini(&b.index);
	arena_fini(&b.arena);
	buf_fini(&b.key);
	renames_fini(&b.renames);
	if (rc < 0) {
		subjects_fini(subjects);
		return err_fail(err, rc, "out of memory over the functions of %u profiles", n);
	}
	return 0;
}

void subjects_fini(struct subjects *subjects)
{
	for (uint32_t i = 0; subjects->of_frame && i < subjects->n_inputs; i++)
		free(subjects->of_frame[i]);
	free(subjects->of_frame);
	free(subjects->items);
	*subjects = (struct subjects){ 0 };
}
