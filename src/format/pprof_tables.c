/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/vec.h"
#include "format/module_kind.h"
#include "format/pprof.h"
#include "format/pprof_reader.h"

#define INLINE_CHAIN_MAX 4096	/* lines of one location */

int pprof_string(const struct pprof_reader *r, struct err *err, const char *at, uint64_t index,
		 uint32_t *ret_id)
{
	if (index >= r->n_strings && index)
		return pprof_fail(r, err, at, "it names string %llu of %u", (unsigned long long)index,
				 r->n_strings);
	*ret_id = index ? r->strings[index] : 0;
	return 0;
}

static int add_string(struct pprof_reader *r, struct str body)
{
	if (VEC_RESERVE(&r->strings, &r->cap_strings, (uint64_t)r->n_strings + 1) < 0)
		return -ENOMEM;
	r->strings[r->n_strings++] = strings_add(&r->profile->strings, body);
	return 0;
}

int pprof_read_strings(struct pprof_reader *r)
{
	int rc = pprof_each(r, PPROF_STRING, add_string);

	if (rc == 0 && r->n_strings && r->strings[0])
		return pprof_bad(r, r->bytes.p, "its first string is not empty");
	return rc;
}

static uint32_t line_number(uint64_t value)
{
	return value > INT32_MAX ? 0 : (uint32_t)value;	/* negative or absurd: unknown */
}

static int add_mapping(struct pprof_reader *r, struct str body)
{
	struct cursor c = cursor_over(body);
	struct module module = { 0 };
	struct proto_field f;
	uint64_t id = 0;
	uint32_t row = r->mapping_ids.n;
	int rc = 0;

	while (rc == 0 && proto_next(&c, &f)) {
		if (f.number == PPROF_MAPPING_ID)
			id = f.value;
		else if (f.number == PPROF_MAPPING_START)
			module.start = f.value;
		else if (f.number == PPROF_MAPPING_LIMIT)
			module.limit = f.value;
		else if (f.number == PPROF_MAPPING_OFFSET)
			module.offset = f.value;
		else if (f.number == PPROF_MAPPING_FILE)
			rc = pprof_string(r, r->err, body.p, f.value, &module.path);
		else if (f.number == PPROF_MAPPING_BUILD_ID)
			rc = pprof_string(r, r->err, body.p, f.value, &module.build_id);
	}
	if (rc < 0)
		return rc;
	if (c.failed || !id)
		return pprof_bad(r, body.p, c.failed ? "a mapping is cut short" :
				 "a mapping has no id");
	if (pprof_ids_add(&r->mapping_ids, id) < 0 ||
	    VEC_RESERVE(&r->modules, &r->cap_modules, (uint64_t)row + 1) < 0 ||
	    VEC_RESERVE(&r->module_kinds, &r->cap_module_kinds, (uint64_t)row + 1) < 0)
		return -ENOMEM;
	r->modules[row] = frames_add_module(&r->profile->frames, &module);
	r->module_kinds[row] = (uint8_t)module_kind(strings_get(&r->profile->strings,
								    module.path));
	return 0;
}

static int add_function(struct pprof_reader *r, struct str body)
{
	struct cursor c = cursor_over(body);
	struct function function = { 0 };
	struct proto_field f;
	uint64_t id = 0;
	uint32_t row = r->function_ids.n;
	int rc = 0;

	while (rc == 0 && proto_next(&c, &f)) {
		if (f.number == PPROF_FUNCTION_ID)
			id = f.value;
		else if (f.number == PPROF_FUNCTION_NAME)
			rc = pprof_string(r, r->err, body.p, f.value, &function.name);
		else if (f.number == PPROF_FUNCTION_SYSTEM_NAME)
			rc = pprof_string(r, r->err, body.p, f.value, &function.system_name);
		else if (f.number == PPROF_FUNCTION_FILE)
			rc = pprof_string(r, r->err, body.p, f.value, &function.file);
		else if (f.number == PPROF_FUNCTION_START_LINE)
			function.start_line = line_number(f.value);
	}
	if (rc < 0)
		return rc;
	if (c.failed || !id)
		return pprof_bad(r, body.p, c.failed ? "a function is cut short" :
				 "a function has no id");
	if (!function.name)
		function.name = function.system_name;
	if (function.system_name == function.name)
		function.system_name = 0;
	if (pprof_ids_add(&r->function_ids, id) < 0 ||
	    VEC_RESERVE(&r->functions, &r->cap_functions, (uint64_t)row + 1) < 0)
		return -ENOMEM;
	r->functions[row] = frames_add_function(&r->profile->frames, &function);
	return 0;
}

/* A line becomes a frame that still lacks what the location as a whole says. */
static int add_line(struct pprof_reader *r, struct str body, struct frame *ret_frame)
{
	struct cursor c = cursor_over(body);
	struct frame frame = { 0 };
	struct proto_field f;
	uint64_t function = 0;
	uint32_t row;

	while (proto_next(&c, &f)) {
		if (f.number == PPROF_LINE_FUNCTION)
			function = f.value;
		else if (f.number == PPROF_LINE_LINE)
			frame.line = line_number(f.value);
		else if (f.number == PPROF_LINE_COLUMN && f.value <= UINT16_MAX)
			frame.column = (uint16_t)f.value;
	}
	if (c.failed)
		return pprof_bad(r, body.p, "a line of a location is cut short");
	row = function ? pprof_ids_find(&r->function_ids, function) : 0;
	if (row == PPROF_NO_ROW)
		return pprof_bad(r, body.p, "a location names function %llu, which is not there",
				 (unsigned long long)function);
	frame.function = function ? r->functions[row] : 0;
	*ret_frame = frame;
	return 0;
}

struct location {
	uint64_t id, mapping, address;
	struct frame lines[INLINE_CHAIN_MAX];	/* innermost first */
	uint32_t n;
};

static int parse_location(struct pprof_reader *r, struct str body, struct location *location)
{
	struct cursor c = cursor_over(body);
	struct proto_field f;
	int rc = 0;

	location->id = location->mapping = location->address = location->n = 0;
	while (rc == 0 && proto_next(&c, &f)) {
		if (f.number == PPROF_LOCATION_ID)
			location->id = f.value;
		else if (f.number == PPROF_LOCATION_MAPPING)
			location->mapping = f.value;
		else if (f.number == PPROF_LOCATION_ADDRESS)
			location->address = f.value;
		else if (f.number != PPROF_LOCATION_LINE || f.wire != PROTO_BYTES)
			continue;
		else if (location->n == INLINE_CHAIN_MAX)
			rc = pprof_bad(r, body.p, "a location has more than %d lines",
				       INLINE_CHAIN_MAX);
		else
			rc = add_line(r, f.bytes, &location->lines[location->n++]);
	}
	if (rc < 0)
		return rc;
	if (c.failed || !location->id)
		return pprof_bad(r, body.p, c.failed ? "a location is cut short" :
				 "a location has no id");
	return 0;
}

/* Its kind, and the module it is in. */
static int place_location(struct pprof_reader *r, struct str body, const struct location *location,
			  struct frame *ret_frame)
{
	enum frame_kind kind = pprof_notes_kind(&r->notes, location->id);
	uint32_t row = location->mapping ? pprof_ids_find(&r->mapping_ids, location->mapping) : 0;

	if (row == PPROF_NO_ROW)
		return pprof_bad(r, body.p, "a location names mapping %llu, which is not there",
				 (unsigned long long)location->mapping);
	ret_frame->module = location->mapping ? r->modules[row] : 0;
	if (kind == FRAME_KIND_COUNT)
		kind = location->mapping ? (enum frame_kind)r->module_kinds[row] :
		       location->address >= KERNEL_HALF ? FRAME_KERNEL : FRAME_NATIVE;
	ret_frame->kind = (uint8_t)kind;
	ret_frame->address = location->address;
	return 0;
}

static int store_location(struct pprof_reader *r, struct location *location,
			  const struct frame *place)
{
	uint32_t row = r->location_ids.n;

	if (!location->n)	/* not symbolised: the address is all there is */
		location->lines[location->n++] = (struct frame){ 0 };
	if (pprof_ids_add(&r->location_ids, location->id) < 0 ||
	    VEC_RESERVE(&r->words, &r->cap_words, (uint64_t)row + 1) < 0 ||
	    VEC_RESERVE(&r->chains, &r->cap_chains, (uint64_t)r->n_chains + location->n) < 0)
		return -ENOMEM;
	for (uint32_t i = location->n; i-- > 0;) {
		struct frame frame = location->lines[i];

		frame.module = place->module;
		frame.kind = place->kind;
		frame.address = place->address;
		frame.inlined = i + 1 < location->n;
		r->chains[r->n_chains + location->n - 1 - i] = frames_add(&r->profile->frames, &frame);
	}
	r->words[r->n_words++] = (struct stack_span){ r->n_chains, location->n };
	r->n_chains += location->n;
	return 0;
}

static int add_location(struct pprof_reader *r, struct str body)
{
	struct location location;
	struct frame place = { 0 };
	int rc = parse_location(r, body, &location);

	if (rc == 0)
		rc = place_location(r, body, &location, &place);
	if (rc == 0)
		rc = store_location(r, &location, &place);
	return rc;
}

/* The location's part of the sum that vouches for the kinds. */
static int sum_location(struct pprof_reader *r, struct str body)
{
	struct location location;
	struct str name = { 0 };
	int rc = parse_location(r, body, &location);

	if (rc < 0)
		return rc;
	if (location.n)
		name = strings_get(&r->profile->strings,
				   r->profile->frames.functions[location.lines[0].function].name);
	r->locations_sum += pprof_location_sum(location.id, location.address, name);
	return 0;
}

/* Kinds are told by location id: where those were given anew, the ranges mean nothing. */
static int check_kinds(struct pprof_reader *r)
{
	int rc = 0;

	if (r->notes.kinds.n && r->notes.locations.said)
		rc = pprof_each(r, PPROF_LOCATION, sum_location);
	if (rc == 0 && !pprof_sum_holds(&r->notes.locations, r->locations_sum))
		r->notes.kinds.n = 0;
	return rc;
}

static int seal(struct pprof_reader *r, struct pprof_ids *ids, const char *what)
{
	uint64_t id;
	int rc = pprof_ids_seal(ids, &id);

	if (rc == -EEXIST)
		return pprof_bad(r, r->bytes.p, "two %s have the id %llu", what,
				 (unsigned long long)id);
	return rc;
}

static bool same_chain(const struct pprof_reader *r, uint32_t a, uint32_t b)
{
	struct stack_span left = r->words[a], right = r->words[b];

	return left.n == right.n &&
	       !memcmp(r->chains + left.at, r->chains + right.at, left.n * sizeof(*r->chains));
}

#define OWNERS UINT32_MAX	/* more than one location begins with that frame */

/* A list instead of a word: the outermost frame has a word of its own, and so has each of the inlined
 * ones, which no location begins with. */
static int add_pieces(struct pprof_reader *r, uint32_t row, uint32_t *word_of)
{
	struct stack_span span = r->words[row];

	if (r->n_pieces >= PPROF_PIECES - span.n ||
	    VEC_RESERVE(&r->pieces, &r->cap_pieces, (uint64_t)r->n_pieces + span.n) < 0 ||
	    VEC_RESERVE(&r->words, &r->cap_words, (uint64_t)r->n_words + span.n) < 0)
		return -ENOMEM;
	r->places[row].word = PPROF_PIECES | r->n_pieces;
	for (uint32_t i = 0; i < span.n; i++) {
		uint32_t frame = r->chains[span.at + i];

		if (!word_of[frame]) {
			word_of[frame] = r->n_words;
			r->words[r->n_words++] = (struct stack_span){ span.at + i, 1 };
		}
		r->pieces[r->n_pieces++] = word_of[frame];
	}
	return 0;
}

static int split_places(struct pprof_reader *r, const uint32_t *owner)
{
	uint32_t *word_of = calloc((size_t)r->profile->frames.n_frames + 1, sizeof(*word_of));
	int rc = word_of ? 0 : -ENOMEM;

	for (uint32_t row = 0; rc == 0 && row < r->location_ids.n; row++)
		if (owner[r->chains[r->words[row].at]] == OWNERS)
			rc = add_pieces(r, row, word_of);
	free(word_of);
	return rc;
}

/* Samples name locations by id, millions of times: one look instead of two. */
static int place_ids(struct pprof_reader *r)
{
	const struct pprof_ids *ids = &r->location_ids;

	r->places_by_id = calloc(ids->limit + 1, sizeof(*r->places_by_id));
	if (!r->places_by_id)
		return -ENOMEM;
	for (uint64_t id = 0; id < ids->limit; id++)
		if (ids->direct[id])
			r->places_by_id[id] = r->places[ids->direct[id] - 1];
	r->n_places_by_id = ids->limit;
	return 0;
}

/* Which word, or words, each location is. */
static int make_places(struct pprof_reader *r)
{
	uint32_t n = r->location_ids.n;
	uint32_t *owner = calloc((size_t)r->profile->frames.n_frames + 1, sizeof(*owner));
	bool split = false;
	int rc = 0;

	r->places = malloc(((size_t)n + 1) * sizeof(*r->places));
	if (!owner || !r->places || n >= PPROF_PIECES)
		rc = -ENOMEM;
	for (uint32_t row = 0; rc == 0 && row < n; row++) {
		uint32_t *first = &owner[r->chains[r->words[row].at]];

		if (!*first)
			*first = row + 1;
		else if (*first != OWNERS && !same_chain(r, *first - 1, row))
			*first = OWNERS;
		split |= *first == OWNERS;
		r->places[row] = (struct pprof_place){ *first - 1, r->words[row].n };
	}
	if (rc == 0 && split)
		rc = split_places(r, owner);
	if (rc == 0)
		rc = place_ids(r);
	free(owner);
	return rc;
}

int pprof_read_tables(struct pprof_reader *r)
{
	int rc = pprof_each(r, PPROF_MAPPING, add_mapping);

	if (rc == 0)
		rc = seal(r, &r->mapping_ids, "mappings");
	if (rc == 0)
		rc = pprof_each(r, PPROF_FUNCTION, add_function);
	if (rc == 0)
		rc = seal(r, &r->function_ids, "functions");
	if (rc == 0)
		rc = check_kinds(r);
	if (rc == 0)
		rc = pprof_each(r, PPROF_LOCATION, add_location);
	if (rc == 0)
		rc = seal(r, &r->location_ids, "locations");
	if (rc == 0)
		rc = make_places(r);
	return rc;
}
