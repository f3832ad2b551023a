/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "base/large.h"
#include "base/vec.h"
#include "format/pprof.h"
#include "format/pprof_part.h"

/* A full part stops: all together are one batch. A sample has STACK_FRAMES_MAX words at most, so that the few
 * that wait fit in as well. */
#define ROWS_MAX (BATCH_ROWS / 2 / PPROF_PARTS)
#define WORDS_MAX (BATCH_WORDS / 2 / PPROF_PARTS)
#define SEEN_STACKS_MAX ((size_t)1 << 18)
#define SEEN_BYTES 256	/* of file for each */
#define AT_ONCE 16	/* samples whose look-ups wait for memory at the same time */

/* What one sample says, before it goes to the batch. */
struct pprof_sample {
	const char *at;
	struct str packed;		/* its first locations, not yet in part->stack */
	uint32_t n_words;		/* in part->stack, innermost first */
	uint64_t n_frames;
	int64_t values[VALUE_TYPES_MAX];
	uint32_t n_values;
	struct str labels;		/* the bytes from the first label to the last one */
	uint64_t time_ns;
	uint32_t set;
	struct pprof_seen_stack *seen;	/* where its stack is looked for; NULL: nowhere */
};

/* What is not one word: a list of them, innermost first like all the sample names, or a mistake. */
static int add_pieces(struct pprof_part *part, struct pprof_sample *s, struct pprof_place place, uint64_t id,
		      size_t bytes_left, bool cut_short)
{
	uint32_t first = place.word - PPROF_PIECES;

	if (cut_short)
		return pprof_fail(part->reader, &part->err, s->at, "a sample's locations are cut short");
	if (!place.n)
		return pprof_fail(part->reader, &part->err, s->at, "a sample names location %llu, which is not there",
				 (unsigned long long)id);
	if (VEC_RESERVE(&part->stack, &part->cap_stack,
			(uint64_t)s->n_words + place.n + bytes_left) < 0)
		return -ENOMEM;
	for (uint32_t i = place.n; i-- > 0;)
		part->stack[s->n_words++] = part->reader->pieces[first + i];
	return 0;
}

static struct pprof_place find_place(const struct pprof_reader *r, uint64_t id)
{
	uint32_t row;

	if (id < r->n_places_by_id)
		return r->places_by_id[id];
	row = pprof_ids_find(&r->location_ids, id);
	return row == PPROF_NO_ROW ? (struct pprof_place){ 0 } : r->places[row];
}

static int add_locations(struct pprof_part *part, struct pprof_sample *s, struct str packed)
{
	struct cursor c = cursor_over(packed);
	uint64_t n_frames = 0;
	uint32_t *to;

	/* a byte each at least; one more: never NULL */
	if (VEC_RESERVE(&part->stack, &part->cap_stack, s->n_words + (uint64_t)packed.n + 1) < 0)
		return -ENOMEM;
	to = part->stack + s->n_words;
	while (cursor_more(&c)) {
		uint64_t id = cursor_uleb_short(&c);
		struct pprof_place place = find_place(part->reader, id);
		int rc;

		n_frames += place.n;
		if (place.n && place.word < PPROF_PIECES) {
			*to++ = place.word;
			continue;
		}
		s->n_words = (uint32_t)(to - part->stack);
		rc = add_pieces(part, s, place, id, cursor_left(&c), c.failed);
		if (rc < 0)
			return rc;
		to = part->stack + s->n_words;
	}
	s->n_words = (uint32_t)(to - part->stack);
	s->n_frames += n_frames;
	return 0;
}

/* Those that waited: they are not all. */
static int add_packed(struct pprof_part *part, struct pprof_sample *s)
{
	struct str packed = s->packed;

	s->packed = (struct str){ 0 };
	return packed.n ? add_locations(part, s, packed) : 0;
}

/* Old writers give each number a field of its own. */
static int add_location(struct pprof_part *part, struct pprof_sample *s, uint64_t id)
{
	uint8_t varint[10];
	size_t n = 0;

	for (; id >= 0x80; id >>= 7)
		varint[n++] = (uint8_t)(id | 0x80);
	varint[n++] = (uint8_t)id;
	return add_locations(part, s, str_over(varint, n));
}

/* Anything but the first run of numbers. */
static int take_location(struct pprof_part *part, struct pprof_sample *s, const struct proto_field *f)
{
	int rc = add_packed(part, s);

	if (rc < 0)
		return rc;
	return f->wire == PROTO_BYTES ? add_locations(part, s, f->bytes) : add_location(part, s, f->value);
}

static int add_value(struct pprof_part *part, struct pprof_sample *s, uint64_t value)
{
	if (s->n_values == part->reader->profile->n_types)
		return pprof_fail(part->reader, &part->err, s->at, "a sample has more values than the %u value types",
				 part->reader->profile->n_types);
	s->values[s->n_values++] = (int64_t)value;
	return 0;
}

static int add_values(struct pprof_part *part, struct pprof_sample *s, const struct proto_field *f)
{
	struct cursor c = cursor_over(f->bytes);
	int rc = 0;

	if (f->wire != PROTO_BYTES)
		return add_value(part, s, f->value);
	while (rc == 0 && cursor_more(&c))
		rc = add_value(part, s, cursor_uleb(&c));
	return rc < 0 || !c.failed ? rc : pprof_fail(part->reader, &part->err, s->at, "a sample's values are cut short");
}

static int read_label(struct pprof_part *part, struct str body, struct label *ret_label)
{
	struct cursor c = cursor_over(body);
	struct label label = { 0 };
	struct proto_field f;
	int rc = 0;

	while (rc == 0 && proto_next(&c, &f)) {
		if (f.number == PPROF_LABEL_KEY)
			rc = pprof_string(part->reader, &part->err, body.p, f.value, &label.key);
		else if (f.number == PPROF_LABEL_STR)
			rc = pprof_string(part->reader, &part->err, body.p, f.value, &label.str);
		else if (f.number == PPROF_LABEL_NUM)
			label.num = (int64_t)f.value;
		else if (f.number == PPROF_LABEL_UNIT)
			rc = pprof_string(part->reader, &part->err, body.p, f.value, &label.unit);
	}
	if (rc == 0 && c.failed)
		rc = pprof_fail(part->reader, &part->err, body.p, "a label is cut short");
	if (label.str)
		label.num = label.unit = 0;
	*ret_label = label;
	return rc;
}

static int read_labels(struct pprof_part *part, struct pprof_sample *s, uint32_t *ret_set)
{
	struct label labels[LABELS_PER_SET_MAX];
	struct cursor c = cursor_over(s->labels);
	struct proto_field f;
	uint32_t n = 0;

	while (proto_next(&c, &f)) {
		struct label label;
		int rc;

		if (f.number != PPROF_SAMPLE_LABEL)
			continue;
		rc = read_label(part, f.bytes, &label);
		if (rc < 0)
			return rc;
		if (part->reader->time_key && label.key == part->reader->time_key && !label.str)
			s->time_ns = (uint64_t)label.num;
		else if (n < LABELS_PER_SET_MAX)
			labels[n++] = label;
		else
			part->labels_dropped++;
	}
	*ret_set = labels_add(&part->labels, labels, n);
	return 0;
}

/* Few sets of labels, many samples: the same bytes mean the same set. Not so where they hold a time,
 * which is the sample's own. */
static int find_labels(struct pprof_part *part, struct pprof_sample *s, uint32_t *ret_set)
{
	struct pprof_seen_labels *seen =
		&part->seen_labels[hash_str(s->labels) % PPROF_SEEN_LABELS];
	uint64_t dropped = part->labels_dropped;
	int rc;

	if (seen->bytes.n && str_eq(seen->bytes, s->labels)) {
		*ret_set = seen->set;
		return 0;
	}
	rc = read_labels(part, s, ret_set);
	if (rc == 0 && !part->reader->time_key && dropped == part->labels_dropped)
		*seen = (struct pprof_seen_labels){ s->labels, *ret_set };
	return rc;
}

/* What the sample unfolds to. */
static int take_frames(struct pprof_part *part, const struct pprof_sample *s)
{
	if (s->n_frames > STACK_FRAMES_MAX)
		return pprof_fail(part->reader, &part->err, s->at, "a sample has %llu frames, more than the %zu Sonde takes",
				 (unsigned long long)s->n_frames, STACK_FRAMES_MAX);
	if (s->n_frames > part->reader->frames_left - part->frames)
		return pprof_part_too_many(part->reader, &part->err, s->at);
	part->frames += s->n_frames;
	return 0;
}

/* Innermost first in the file, outermost first in the model. */
static int store_stack(struct pprof_part *part, const struct pprof_sample *s)
{
	const uint32_t *from = part->stack;
	uint32_t *to;
	int rc = take_frames(part, s);

	if (rc < 0)
		return rc;
	to = batch_words(&part->batch, s->n_words);
	if (!to)
		return -ENOMEM;
	for (uint32_t i = s->n_words; i-- > 0;)
		*to++ = from[i];
	return 0;
}

static int make_seen_stacks(struct pprof_part *part)
{
	part->n_seen_stacks = (part->end - part->begin) / SEEN_BYTES + 1;
	if (part->n_seen_stacks > SEEN_STACKS_MAX)
		part->n_seen_stacks = SEEN_STACKS_MAX;
	part->seen_stacks = large_calloc(part->n_seen_stacks, sizeof(*part->seen_stacks));
	part->waiting = calloc(AT_ONCE, sizeof(*part->waiting));
	return part->seen_stacks && part->waiting ? 0 : -ENOMEM;
}

static struct pprof_seen_stack *seen_stack(const struct pprof_part *part, struct str bytes)
{
	return bytes.n && bytes.n <= UINT32_MAX ?
	       &part->seen_stacks[hash_str(bytes) % part->n_seen_stacks] : NULL;
}

/* Many samples, fewer stacks: the same bytes mean the same locations. */
static int add_row(struct pprof_part *part, struct pprof_sample *s)
{
	struct str packed = s->packed;
	struct pprof_seen_stack *seen = s->seen;
	struct batch *batch = &part->batch;
	int rc;

	if (seen && seen->bytes && str_eq(str_over(seen->bytes, seen->n_bytes), packed)) {
		s->n_frames = seen->n_frames;
		rc = take_frames(part, s);
		if (rc == 0)
			batch_add_again(batch, seen->stack, s->set, s->time_ns, s->values);
		return rc;
	}
	rc = add_packed(part, s);
	if (rc == 0)
		rc = store_stack(part, s);
	if (rc < 0)
		return rc;
	if (seen)
		*seen = (struct pprof_seen_stack){ packed.p, (uint32_t)packed.n, batch->n_stacks,
						   (uint32_t)s->n_frames };
	batch_add(batch, s->n_words, s->set, s->time_ns, s->values);
	return 0;
}

static int add_waiting(struct pprof_part *part)
{
	int rc = 0;

	for (uint32_t i = 0; i < part->n_waiting; i++) {
		const struct pprof_seen_stack *seen = part->waiting[i].seen;

		if (seen && seen->n_bytes == part->waiting[i].packed.n)
			__builtin_prefetch(seen->bytes);
	}
	for (uint32_t i = 0; rc == 0 && i < part->n_waiting; i++)
		rc = add_row(part, &part->waiting[i]);
	part->n_waiting = 0;
	return rc == 0 && part->batch.failed ? -ENOMEM : rc;
}

static struct str from_to(const char *begin, const char *end)
{
	return str_over(begin, (size_t)(end - begin));
}

static int parse_sample(struct pprof_part *part, struct str body, struct pprof_sample *s)
{
	struct cursor c = cursor_over(body);
	struct proto_field f;
	const char *at = body.p;	/* the field begins there */
	int rc = 0;

	s->at = body.p;
	s->labels = s->packed = (struct str){ 0 };
	s->n_words = s->n_values = s->set = 0;
	s->n_frames = s->time_ns = 0;
	while (rc == 0 && proto_next(&c, &f)) {
		if (f.number == PPROF_SAMPLE_LOCATION && f.wire == PROTO_BYTES && !s->n_words && !s->packed.n)
			s->packed = f.bytes;
		else if (f.number == PPROF_SAMPLE_LOCATION && (rc = add_waiting(part)) == 0)	/* part->stack is taken */
			rc = take_location(part, s, &f);
		else if (f.number == PPROF_SAMPLE_VALUE)
			rc = add_values(part, s, &f);
		else if (f.number == PPROF_SAMPLE_LABEL)
			s->labels = from_to(s->labels.n ? s->labels.p : at, (const char *)c.p);
		at = (const char *)c.p;
	}
	if (rc < 0)
		return rc;
	if (c.failed)
		return pprof_fail(part->reader, &part->err, body.p, "a sample is cut short");
	if (!s->n_values)
		return pprof_fail(part->reader, &part->err, body.p, "a sample has no values");
	if (s->n_values != part->reader->profile->n_types)
		return pprof_fail(part->reader, &part->err, body.p, "a sample has %u values for %u value types", s->n_values,
				 part->reader->profile->n_types);
	return s->labels.n ? find_labels(part, s, &s->set) : 0;
}

/* Samples wait until there are some: then what each looks for is on its way already. One whose locations came in
 * parts has them in part->stack and does not wait; nobody before it does any more. */
static int add_sample(struct pprof_part *part, struct str body)
{
	struct pprof_sample *s = &part->waiting[part->n_waiting];
	int rc = parse_sample(part, body, s);

	if (rc < 0)
		return rc;
	s->seen = seen_stack(part, s->packed);
	if (s->n_words) {
		rc = add_row(part, s);
		return rc == 0 && part->batch.failed ? -ENOMEM : rc;
	}
	if (s->seen)
		__builtin_prefetch(s->seen);
	return ++part->n_waiting == AT_ONCE ? add_waiting(part) : 0;
}

static int read_fields(struct pprof_part *part)
{
	struct cursor c = cursor_over(str_head(part->reader->bytes, part->end));
	const struct batch *batch = &part->batch;
	struct proto_field f;
	int rc = 0;

	cursor_seek(&c, part->begin);
	while (rc == 0 && batch->n < ROWS_MAX && batch->words.n < WORDS_MAX * sizeof(uint32_t) &&
	       proto_next(&c, &f)) {
		if (f.number == PPROF_SAMPLE && f.wire == PROTO_BYTES)
			rc = add_sample(part, f.bytes);
		part->stopped = cursor_pos(&c);
	}
	return rc < 0 ? rc : add_waiting(part);
}

void pprof_part_read(struct pprof_part *part)
{
	const struct pprof_reader *r = part->reader;

	part->batch = (struct batch){ .profile = r->profile, .timed = r->notes.timed };
	part->stopped = part->begin;
	labels_init(&part->labels);
	part->rc = make_seen_stacks(part);
	if (part->rc == 0)
		part->rc = read_fields(part);
	free(part->seen_stacks);
	free(part->waiting);
	free(part->stack);
}
