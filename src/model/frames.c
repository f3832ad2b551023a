/* SPDX-License-Identifier: Apache-2.0 */
#include "model/frames.h"

#include "base/vec.h"
#include "model/strings.h"

_Static_assert(sizeof(struct module) == 32 && sizeof(struct function) == 16 &&
	       sizeof(struct frame) == 24, "rows are hashed and compared as bytes: no holes");

static const struct {
	const char *name, *words;
} kinds[] = {
#define X(id, name, words) [FRAME_##id] = { name, words },
	FRAME_KINDS(X)
#undef X
};

const char *frame_kind_name(enum frame_kind kind)
{
	return kind < FRAME_KIND_COUNT ? kinds[kind].name : "none";
}

const char *frame_kind_words(enum frame_kind kind)
{
	return kind < FRAME_KIND_COUNT ? kinds[kind].words : "";
}

enum frame_kind frame_kind_of(struct str name)
{
	for (int kind = 0; kind < FRAME_KIND_COUNT; kind++)
		if (str_eq(name, str_of(kinds[kind].name)))
			return (enum frame_kind)kind;
	return FRAME_NONE;
}

/* Row 0 exists from the start and equals the all-zero key, so that adding "nothing" gives 0. */
void frames_init(struct frames *frames, struct strings *strings)
{
	*frames = (struct frames){ .strings = strings };
	if (VEC_RESERVE(&frames->modules, &frames->cap_modules, 1) < 0 ||
	    VEC_RESERVE(&frames->functions, &frames->cap_functions, 1) < 0 ||
	    VEC_RESERVE(&frames->frames, &frames->cap_frames, 1) < 0) {
		frames->failed = true;
		return;
	}
	frames->n_modules = frames->n_functions = frames->n_frames = 1;
}

void frames_fini(struct frames *frames)
{
	free(frames->modules);
	free(frames->functions);
	free(frames->frames);
	idindex_fini(&frames->module_index);
	idindex_fini(&frames->function_index);
	idindex_fini(&frames->frame_index);
	*frames = (struct frames){ 0 };
}

/* The three tables intern in the same way: rows of `size` bytes, compared as bytes. */
static uint32_t intern(bool *failed, struct idindex *index, void *rows, uint32_t *n, uint32_t *cap,
		       const void *row, size_t size)
{
	uint64_t hash = hash_bytes(row, size);
	uint32_t step = 0, id;
	char *items;

	memcpy(&items, rows, sizeof(items));
	while ((id = idindex_probe(index, hash, &step)))
		if (!memcmp(items + (size_t)id * size, row, size))
			return id;
	if (*failed || vec_reserve(rows, cap, (uint64_t)*n + 1, size) < 0 ||
	    idindex_add(index, hash, *n) < 0) {
		*failed = true;
		return 0;
	}
	memcpy(&items, rows, sizeof(items));
	memcpy(items + (size_t)*n * size, row, size);
	return (*n)++;
}

uint32_t frames_add_module(struct frames *frames, const struct module *module)
{
	static const struct module none;

	if (!memcmp(module, &none, sizeof(none)))
		return 0;
	return intern(&frames->failed, &frames->module_index, &frames->modules,
		      &frames->n_modules, &frames->cap_modules, module, sizeof(*module));
}

uint32_t frames_add_function(struct frames *frames, const struct function *function)
{
	static const struct function none;

	if (!memcmp(function, &none, sizeof(none)))
		return 0;
	return intern(&frames->failed, &frames->function_index, &frames->functions,
		      &frames->n_functions, &frames->cap_functions, function, sizeof(*function));
}

uint32_t frames_add(struct frames *frames, const struct frame *frame)
{
	static const struct frame none;

	if (!memcmp(frame, &none, sizeof(none)))
		return 0;
	return intern(&frames->failed, &frames->frame_index, &frames->frames, &frames->n_frames,
		      &frames->cap_frames, frame, sizeof(*frame));
}

struct str frame_name(const struct frames *frames, uint32_t frame)
{
	uint32_t function = frame < frames->n_frames ? frames->frames[frame].function : 0;

	return function < frames->n_functions ?
	       strings_get(frames->strings, frames->functions[function].name) : (struct str){ 0 };
}
