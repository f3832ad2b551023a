/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/places.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/sum.h"
#include "base/vec.h"
#include "model/profile.h"

/* What makes two frames one place: ids instead of strings, without holes, compared as bytes. */
struct key {
	uint32_t name, module, file, line;
	uint32_t kind, zero;
	uint64_t address;
};

_Static_assert(sizeof(struct key) == 32, "keys are hashed and compared as bytes: no holes");

struct builder {
	struct places *places;
	const struct profile *profile;
	enum granularity granularity;
	struct key *keys; /* place id -> key */
	uint32_t cap_keys;
	struct idindex index;
};

/* A frame of a kind that is none is of no kind. */
static enum frame_kind kind_of(const struct frame *frame)
{
	return frame->kind < FRAME_KIND_COUNT ? (enum frame_kind)frame->kind : FRAME_NONE;
}

/* What of a kind tells places apart. A method is one place whether it was interpreted or compiled, by
 * whichever compiler; a file or a module is one whatever it holds. */
static uint32_t kind_key(enum granularity granularity, enum frame_kind kind)
{
	if (granularity == BY_FILE || granularity == BY_MODULE)
		return FRAME_NONE;
	if (granularity != BY_KIND && frame_kind_is_managed(kind))
		return FRAME_INTERPRETED;
	return kind;
}

static struct key key_of(const struct builder *b, const struct frame *frame)
{
	const struct frames *frames = &b->profile->frames;
	const struct function *function = &frames->functions[frame->function];
	struct key key = {
		.name = function->name ? function->name : function->system_name,
		.module = frames->modules[frame->module].path,
		.file = function->file,
		.kind = kind_key(b->granularity, kind_of(frame)),
	};

	if (b->granularity == BY_FILE && (key.file || key.module)) {
		if (key.file)
			key.module = 0; /* one header, inlined into many modules, is one file */
		key.name = key.file ? key.file : key.module;
	}
	if (b->granularity == BY_MODULE && key.module) {
		key.name = key.module;
		key.file = 0;
	}
	if (b->granularity == BY_ADDRESS)
		key.address = frame->address;
	if (b->granularity == BY_LINE || b->granularity == BY_ADDRESS)
		key.line = frame->line;
	if (!key.name)
		key.address = frame->address;
	return key;
}

static struct str address_name(struct arena *arena, uint64_t address)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "0x%" PRIx64, address);

	return address ? arena_dup(arena, str_over(text, (size_t)n)) : STR("[unknown]");
}

/* "deflate 0x1c": which of a function's addresses. */
static struct str address_in(struct arena *arena, struct str name, uint64_t address)
{
	struct buf text = { 0 };
	struct str copy;

	buf_addf(&text, "%.*s 0x%" PRIx64, STR_ARG(name), address);
	copy = text.failed ? (struct str){ 0 } : arena_dup(arena, buf_str(&text));
	buf_fini(&text);
	return copy;
}

/* "fib [c2]": which of the kinds of a function. */
static struct str name_with_kind(struct arena *arena, struct str name, enum frame_kind kind)
{
	struct buf text = { 0 };
	struct str copy;

	buf_addf(&text, "%.*s [%s]", STR_ARG(name), frame_kind_name(kind));
	copy = text.failed ? (struct str){ 0 } : arena_dup(arena, buf_str(&text));
	buf_fini(&text);
	return copy;
}

static uint32_t add(struct builder *b, const struct frame *frame, const struct key *key)
{
	const struct frames *frames = &b->profile->frames;
	const struct strings *strings = &b->profile->strings;
	struct places *places = b->places;
	struct place place = {
		.name = strings_get(strings, key->name),
		.module = strings_get(strings, key->module),
		.build_id = strings_get(strings, frames->modules[frame->module].build_id),
		.file = strings_get(strings, key->file),
		.line = key->line,
		.kind = kind_of(frame),
		.unnamed = !key->name,
	};

	if (b->granularity == BY_FUNCTION || b->granularity == BY_KIND)
		place.line = frames->functions[frame->function].start_line;
	if (!key->name)
		place.name = address_name(&places->arena, key->address);
	else if (key->address)
		place.name = address_in(&places->arena, place.name, key->address);
	if (b->granularity == BY_KIND)
		place.name = name_with_kind(&places->arena, place.name, kind_of(frame));
	if (!place.name.p && !(key->name && !key->address && b->granularity != BY_KIND))
		return 0;
	if (VEC_RESERVE(&b->keys, &b->cap_keys, (uint64_t)places->n + 1) < 0 ||
	    VEC_RESERVE(&places->items, &places->cap, (uint64_t)places->n + 1) < 0)
		return 0;
	b->keys[places->n] = *key;
	places->items[places->n] = place;
	return places->n++;
}

static uint32_t find(const struct builder *b, const struct key *key, uint64_t hash)
{
	uint32_t step = 0, id;

	while ((id = idindex_probe(&b->index, hash, &step)))
		if (!memcmp(&b->keys[id], key, sizeof(*key)))
			return id;
	return 0;
}

static uint32_t find_or_add(struct builder *b, const struct frame *frame)
{
	struct key key = key_of(b, frame);
	uint64_t hash = hash_bytes(&key, sizeof(key));
	uint32_t id = find(b, &key, hash);

	if (!id) {
		id = add(b, frame, &key);
		if (!id || idindex_add(&b->index, hash, id) < 0)
			return 0;
	}
	b->places->items[id].kinds |= 1u << kind_of(frame);
	return id;
}

static bool has_several(uint32_t kinds)
{
	return kinds & (kinds - 1);
}

/* What each stack cost with all it called, of the default type. NULL: out of memory. */
static int64_t *stack_totals(const struct profile *profile)
{
	int64_t *total = calloc((size_t)profile->tree.n + 1, sizeof(*total));

	for (uint32_t i = 0; total && profile->n_types && i < profile->n; i++)
		sum_add(&total[profile->stack[i]],
			profile->values[(size_t)i * profile->n_types + profile->default_type]);
	for (uint32_t i = profile->tree.n; total && i-- > 1;)
		sum_add(&total[profile->tree.parent[i]], total[i]);
	return total;
}

/* Gives places of several kinds the one they cost most in. 0 or -ENOMEM. */
static int choose_kinds(struct places *places, const struct profile *profile)
{
	int64_t *total, (*weight)[FRAME_KIND_COUNT];
	bool any = false;

	for (uint32_t i = 1; !any && i < places->n; i++)
		any = has_several(places->items[i].kinds);
	if (!any)
		return 0;
	total = stack_totals(profile);
	weight = calloc(places->n, sizeof(*weight));
	for (uint32_t i = 1; total && weight && i < profile->tree.n; i++) {
		uint32_t frame = profile->tree.frame[i];

		sum_add(&weight[places->of_frame[frame]][kind_of(&profile->frames.frames[frame])], total[i]);
	}
	for (uint32_t i = 1; total && weight && i < places->n; i++) {
		struct place *place = &places->items[i];

		for (uint8_t kind = 0; has_several(place->kinds) && kind < FRAME_KIND_COUNT; kind++)
			if (weight[i][kind] > weight[i][place->kind])
				place->kind = kind;
	}
	free(total);
	free(weight);
	return total && weight ? 0 : -ENOMEM;
}

int places_init(struct places *places, const struct profile *profile, enum granularity granularity,
		struct err *err)
{
	const struct frames *frames = &profile->frames;
	struct builder b = { .places = places, .profile = profile, .granularity = granularity };
	uint32_t i;

	*places = (struct places){ 0 };
	places->of_frame = calloc((size_t)frames->n_frames + 1, sizeof(*places->of_frame));
	if (VEC_RESERVE(&places->items, &places->cap, 1) < 0 || !places->of_frame)
		goto fail;
	places->n = 1;
	for (i = 0; i < frames->n_frames; i++) {
		places->of_frame[i] = find_or_add(&b, &frames->frames[i]);
		if (!places->of_frame[i])
			goto fail;
	}
	places->distinct = places->n == frames->n_frames + 1;
	if (choose_kinds(places, profile) < 0)
		goto fail;
	free(b.keys);
	idindex_fini(&b.index);
	return 0;
fail:
	free(b.keys);
	idindex_fini(&b.index);
	places_fini(places);
	return err_fail(err, -ENOMEM, "out of memory over %u frames", frames->n_frames);
}

void places_fini(struct places *places)
{
	free(places->items);
	free(places->of_frame);
	arena_fini(&places->arena);
	*places = (struct places){ 0 };
}

int place_compare(const struct place *a, const struct place *b)
{
	int d = str_compare(a->name, b->name);

	if (!d)
		d = str_compare(a->module, b->module);
	if (!d)
		d = str_compare(a->file, b->file);
	if (!d)
		d = (a->line > b->line) - (a->line < b->line);
	return d ? d : a->kind - b->kind;
}
