/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/places.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
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

static struct key key_of(const struct builder *b, const struct frame *frame)
{
	const struct frames *frames = &b->profile->frames;
	const struct function *function = &frames->functions[frame->function];
	struct key key = {
		.name = function->name ? function->name : function->system_name,
		.module = frames->modules[frame->module].path,
		.file = function->file,
		.kind = frame->kind,
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

static uint32_t add(struct builder *b, const struct frame *frame, const struct key *key)
{
	const struct frames *frames = &b->profile->frames;
	const struct strings *strings = &b->profile->strings;
	struct places *places = b->places;
	struct place place = {
		.name = strings_get(strings, key->name),
		.module = strings_get(strings, key->module),
		.file = strings_get(strings, key->file),
		.line = key->line,
		.kind = frame->kind,
		.unnamed = !key->name,
	};

	if (b->granularity == BY_FUNCTION)
		place.line = frames->functions[frame->function].start_line;
	if (!key->name)
		place.name = address_name(&places->arena, key->address);
	else if (key->address)
		place.name = address_in(&places->arena, place.name, key->address);
	if (!place.name.p && !(key->name && !key->address))
		return 0;
	if (VEC_RESERVE(&b->keys, &b->cap_keys, (uint64_t)places->n + 1) < 0 ||
	    VEC_RESERVE(&places->items, &places->cap, (uint64_t)places->n + 1) < 0)
		return 0;
	b->keys[places->n] = *key;
	places->items[places->n] = place;
	return places->n++;
}

static uint32_t find_or_add(struct builder *b, const struct frame *frame)
{
	struct key key = key_of(b, frame);
	uint64_t hash = hash_bytes(&key, sizeof(key));
	uint32_t step = 0, id;

	while ((id = idindex_probe(&b->index, hash, &step)))
		if (!memcmp(&b->keys[id], &key, sizeof(key)))
			return id;
	id = add(b, frame, &key);
	if (id && idindex_add(&b->index, hash, id) < 0)
		return 0;
	return id;
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
