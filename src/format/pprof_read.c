/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "base/err.h"
#include "base/vec.h"
#include "format/input.h"
#include "format/pprof.h"
#include "format/pprof_reader.h"

#define FRAMES_FREE ((uint64_t)1 << 20)	/* that any file may have */

int pprof_bad(struct pprof_reader *r, const char *at, const char *format, ...)
{
	char why[256];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	return err_fail(r->err, -EBADMSG, "%s: not a sound pprof file: at byte %zu (unpacked), %s: "
			"get the file again", r->what, (size_t)(at - r->bytes.p), why);
}

int pprof_out_of_memory(struct pprof_reader *r)
{
	return err_fail(r->err, -ENOMEM, "cannot read %s: out of memory", r->what);
}

int pprof_each(struct pprof_reader *r, uint32_t number, pprof_visit *visit)
{
	struct pprof_extent extent = r->extents[number];
	struct cursor c = cursor_over(str_head(r->bytes, extent.end));
	struct proto_field f;
	int rc = 0;

	cursor_seek(&c, extent.begin);
	while (rc == 0 && proto_next(&c, &f))
		if (f.number == number && f.wire == PROTO_BYTES)
			rc = visit(r, f.bytes);
	return rc;
}

/* Every later pass may take the top level for granted, and knows where to look. */
static int check_top(struct pprof_reader *r)
{
	struct cursor c = cursor_over(r->bytes);
	struct proto_field f;
	size_t at = 0;

	while (proto_next(&c, &f)) {
		if (f.number <= PPROF_DOC_URL) {
			struct pprof_extent *extent = &r->extents[f.number];

			extent->begin = extent->end ? extent->begin : at;
			extent->end = cursor_pos(&c);
		}
		at = cursor_pos(&c);
	}
	if (!c.failed)
		return 0;
	return err_fail(r->err, -EBADMSG, "%s: the pprof data breaks off or is corrupt in the field at "
			"byte %zu of %zu (unpacked): get the file again", r->what, at, r->bytes.n);
}

static int read_type(struct pprof_reader *r, struct str body, struct value_type *ret_type)
{
	struct cursor c = cursor_over(body);
	struct proto_field f;
	int rc = 0;

	while (rc == 0 && proto_next(&c, &f)) {
		if (f.number == PPROF_TYPE_TYPE)
			rc = pprof_string(r, body.p, f.value, &ret_type->type);
		else if (f.number == PPROF_TYPE_UNIT)
			rc = pprof_string(r, body.p, f.value, &ret_type->unit);
	}
	return rc < 0 || !c.failed ? rc : pprof_bad(r, body.p, "a value type is cut short");
}

static int add_sample_type(struct pprof_reader *r, struct str body)
{
	struct profile *profile = r->profile;
	struct value_type type = { 0 };
	int rc = read_type(r, body, &type);

	if (rc < 0)
		return rc;
	if (profile->n_types == VALUE_TYPES_MAX)
		return pprof_bad(r, body.p, "it has more than %d value types", VALUE_TYPES_MAX);
	profile->types[profile->n_types++] = type;
	return 0;
}

static int set_period_type(struct pprof_reader *r, struct str body)
{
	return read_type(r, body, &r->profile->period_type);
}

static int take_comment(struct pprof_reader *r, uint64_t index)
{
	uint32_t id;
	int rc = pprof_string(r, r->bytes.p, index, &id);
	struct str text;

	if (rc < 0)
		return rc;
	text = strings_get(&r->profile->strings, id);
	if (!pprof_notes_take(&r->notes, r->profile, text))
		profile_add_comment(r->profile, text);
	return 0;
}

static int take_comments(struct pprof_reader *r, const struct proto_field *f)
{
	struct cursor c = cursor_over(f->bytes);
	int rc = 0;

	if (f->wire != PROTO_BYTES)
		return take_comment(r, f->value);
	while (rc == 0 && cursor_more(&c))
		rc = take_comment(r, cursor_uleb(&c));
	return rc;
}

/* Like pprof itself: the last value type is shown when none is named. */
static void set_default_type(struct profile *profile, uint32_t name)
{
	profile->default_type = profile->n_types ? profile->n_types - 1 : 0;
	for (uint32_t t = profile->n_types; name && t-- > 0;)
		if (profile->types[t].type == name)
			profile->default_type = t;
}

static int read_header(struct pprof_reader *r)
{
	struct profile *profile = r->profile;
	struct cursor c = cursor_over(r->bytes);
	struct proto_field f;
	uint32_t default_name = 0;
	int rc = 0;

	while (rc == 0 && proto_next(&c, &f)) {
		if (f.number == PPROF_TIME)
			profile->start_wall_ns = f.value;
		else if (f.number == PPROF_DURATION)
			profile->duration_ns = f.value;
		else if (f.number == PPROF_PERIOD)
			profile->period = (int64_t)f.value;
		else if (f.number == PPROF_COMMENT)
			rc = take_comments(r, &f);
		else if (f.number == PPROF_DROP_FRAMES)
			rc = pprof_string(r, r->bytes.p, f.value, &profile->drop_frames);
		else if (f.number == PPROF_KEEP_FRAMES)
			rc = pprof_string(r, r->bytes.p, f.value, &profile->keep_frames);
		else if (f.number == PPROF_DOC_URL)
			rc = pprof_string(r, r->bytes.p, f.value, &profile->doc_url);
		else if (f.number == PPROF_DEFAULT_TYPE)
			rc = pprof_string(r, r->bytes.p, f.value, &default_name);
	}
	if (rc == 0)
		rc = pprof_each(r, PPROF_SAMPLE_TYPE, add_sample_type);
	if (rc == 0)
		rc = pprof_each(r, PPROF_PERIOD_TYPE, set_period_type);
	set_default_type(profile, default_name);
	pprof_notes_seal(&r->notes);
	return r->notes.failed ? pprof_out_of_memory(r) : rc;
}

/* What one sample says, before it goes to the batch. */
struct sample {
	const char *at;
	uint32_t n_words;		/* in r->stack, innermost first */
	uint64_t n_frames;
	int64_t values[VALUE_TYPES_MAX];
	uint32_t n_values;
	struct label labels[LABELS_PER_SET_MAX];
	uint32_t n_labels;
	uint64_t time_ns;
};

/* What is not one word: a list of them, innermost first like all the sample names, or a mistake. */
static int add_pieces(struct pprof_reader *r, struct sample *s, struct pprof_place place, uint64_t id,
		      const struct cursor *c)
{
	uint32_t first = place.word - PPROF_PIECES;

	if (c->failed)
		return pprof_bad(r, s->at, "a sample's locations are cut short");
	if (!place.n)
		return pprof_bad(r, s->at, "a sample names location %llu, which is not there",
				 (unsigned long long)id);
	if (VEC_RESERVE(&r->stack, &r->cap_stack,
			(uint64_t)s->n_words + place.n + cursor_left(c)) < 0)
		return pprof_out_of_memory(r);
	for (uint32_t i = place.n; i-- > 0;)
		r->stack[s->n_words++] = r->pieces[first + i];
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

static int add_locations(struct pprof_reader *r, struct sample *s, struct str packed)
{
	struct cursor c = cursor_over(packed);
	uint32_t *to;

	/* a byte each at least; one more: never NULL */
	if (VEC_RESERVE(&r->stack, &r->cap_stack, s->n_words + (uint64_t)packed.n + 1) < 0)
		return pprof_out_of_memory(r);
	to = r->stack + s->n_words;
	while (cursor_more(&c)) {
		uint64_t id = cursor_uleb(&c);
		struct pprof_place place = find_place(r, id);
		int rc;

		s->n_frames += place.n;
		if (place.n && place.word < PPROF_PIECES) {
			*to++ = place.word;
			continue;
		}
		s->n_words = (uint32_t)(to - r->stack);
		rc = add_pieces(r, s, place, id, &c);
		if (rc < 0)
			return rc;
		to = r->stack + s->n_words;
	}
	s->n_words = (uint32_t)(to - r->stack);
	return 0;
}

/* Old writers give each number a field of its own. */
static int add_location(struct pprof_reader *r, struct sample *s, uint64_t id)
{
	uint8_t varint[10];
	size_t n = 0;

	for (; id >= 0x80; id >>= 7)
		varint[n++] = (uint8_t)(id | 0x80);
	varint[n++] = (uint8_t)id;
	return add_locations(r, s, str_over(varint, n));
}

static int add_value(struct pprof_reader *r, struct sample *s, uint64_t value)
{
	if (s->n_values == r->profile->n_types)
		return pprof_bad(r, s->at, "a sample has more values than the %u value types",
				 r->profile->n_types);
	s->values[s->n_values++] = (int64_t)value;
	return 0;
}

static int add_values(struct pprof_reader *r, struct sample *s, const struct proto_field *f)
{
	struct cursor c = cursor_over(f->bytes);
	int rc = 0;

	if (f->wire != PROTO_BYTES)
		return add_value(r, s, f->value);
	while (rc == 0 && cursor_more(&c))
		rc = add_value(r, s, cursor_uleb(&c));
	return rc < 0 || !c.failed ? rc : pprof_bad(r, s->at, "a sample's values are cut short");
}

static int add_label(struct pprof_reader *r, struct sample *s, struct str body)
{
	struct cursor c = cursor_over(body);
	struct label label = { 0 };
	struct proto_field f;
	int rc = 0;

	while (rc == 0 && proto_next(&c, &f)) {
		if (f.number == PPROF_LABEL_KEY)
			rc = pprof_string(r, body.p, f.value, &label.key);
		else if (f.number == PPROF_LABEL_STR)
			rc = pprof_string(r, body.p, f.value, &label.str);
		else if (f.number == PPROF_LABEL_NUM)
			label.num = (int64_t)f.value;
		else if (f.number == PPROF_LABEL_UNIT)
			rc = pprof_string(r, body.p, f.value, &label.unit);
	}
	if (rc == 0 && c.failed)
		rc = pprof_bad(r, body.p, "a label is cut short");
	if (rc < 0)
		return rc;
	if (label.str)
		label.num = label.unit = 0;
	if (r->time_key && label.key == r->time_key && !label.str)
		s->time_ns = (uint64_t)label.num;
	else if (s->n_labels < LABELS_PER_SET_MAX)
		s->labels[s->n_labels++] = label;
	else
		r->labels_dropped++;
	return 0;
}

/* Innermost first in the file, outermost first in the model. */
static int store_stack(struct pprof_reader *r, const struct sample *s)
{
	uint32_t *to;

	if (s->n_frames > STACK_FRAMES_MAX)
		return pprof_bad(r, s->at, "a sample has %llu frames, more than the %zu Sonde takes",
				 (unsigned long long)s->n_frames, STACK_FRAMES_MAX);
	if (s->n_frames > r->frames_left)
		return pprof_bad(r, s->at, "its samples unfold to far more frames than a file of this "
				 "size can mean");
	r->frames_left -= s->n_frames;
	to = batch_words(&r->batch, s->n_words);
	if (!to)
		return pprof_out_of_memory(r);
	for (uint32_t i = s->n_words; i-- > 0;)
		*to++ = r->stack[i];
	return 0;
}

static int add_sample(struct pprof_reader *r, struct str body)
{
	struct cursor c = cursor_over(body);
	struct sample s;
	struct proto_field f;
	uint32_t set = 0;
	int rc = 0;

	s.at = body.p;
	s.n_words = s.n_values = s.n_labels = 0;
	s.n_frames = s.time_ns = 0;
	while (rc == 0 && proto_next(&c, &f)) {
		if (f.number == PPROF_SAMPLE_LOCATION)
			rc = f.wire == PROTO_BYTES ? add_locations(r, &s, f.bytes) :
						     add_location(r, &s, f.value);
		else if (f.number == PPROF_SAMPLE_VALUE)
			rc = add_values(r, &s, &f);
		else if (f.number == PPROF_SAMPLE_LABEL)
			rc = add_label(r, &s, f.bytes);
	}
	if (rc < 0)
		return rc;
	if (c.failed)
		return pprof_bad(r, body.p, "a sample is cut short");
	if (!s.n_values)
		return pprof_bad(r, body.p, "a sample has no values");
	if (s.n_values != r->profile->n_types)
		return pprof_bad(r, body.p, "a sample has %u values for %u value types", s.n_values,
				 r->profile->n_types);
	rc = store_stack(r, &s);
	if (rc < 0)
		return rc;
	if (s.n_labels)
		set = labels_add(&r->profile->labels, s.labels, s.n_labels);
	batch_add(&r->batch, s.n_words, set, s.time_ns, s.values);
	return r->batch.failed ? pprof_out_of_memory(r) : 0;
}

static void note_dropped_labels(struct pprof_reader *r)
{
	struct buf note = { 0 };

	if (!r->labels_dropped)
		return;
	buf_addf(&note, "sonde: labels-left-out %llu", (unsigned long long)r->labels_dropped);
	profile_add_comment(r->profile, buf_str(&note));
	buf_fini(&note);
}

static int read_all(struct pprof_reader *r)
{
	int rc = check_top(r);

	if (rc == 0)
		rc = pprof_read_strings(r);
	if (rc == 0)
		rc = read_header(r);
	if (rc == 0)
		rc = pprof_read_tables(r);
	if (rc < 0)
		return rc;
	r->batch = (struct batch){ .profile = r->profile, .timed = r->notes.timed, .spans = r->words,
				   .frames = r->chains, .n_words = r->n_words };
	if (r->notes.timed)
		r->time_key = strings_add(&r->profile->strings, STR(PPROF_TIME_LABEL));
	r->frames_left = FRAMES_FREE + (uint64_t)r->bytes.n * PPROF_CHAIN_MAX;
	rc = pprof_each(r, PPROF_SAMPLE, add_sample);
	if (rc == 0 && batch_flush(&r->batch) < 0)
		rc = pprof_out_of_memory(r);
	if (rc == 0)
		note_dropped_labels(r);
	if (!pprof_sum_holds(&r->notes.samples, pprof_sample_sum(r->profile)))
		r->profile->stats = (struct profile_stats){ 0 };
	return rc == 0 && profile_failed(r->profile) ? pprof_out_of_memory(r) : rc;
}

static void reader_fini(struct pprof_reader *r)
{
	pprof_notes_fini(&r->notes);
	pprof_ids_fini(&r->mapping_ids);
	pprof_ids_fini(&r->function_ids);
	pprof_ids_fini(&r->location_ids);
	batch_fini(&r->batch);
	free(r->strings);
	free(r->modules);
	free(r->module_kinds);
	free(r->functions);
	free(r->words);
	free(r->chains);
	free(r->places);
	free(r->places_by_id);
	free(r->pieces);
	free(r->stack);
}

int pprof_read(struct profile *profile, struct input *input, struct err *err)
{
	struct pprof_reader r = { .profile = profile, .what = input->what, .err = err };
	int rc = input_whole(input, &r.bytes, err);

	if (rc == 0)
		rc = read_all(&r);
	reader_fini(&r);
	return rc;
}

/* A run of top-level fields, each of the wire type that its number has; the last one may reach
 * beyond the head. Text does not get far: letters are field numbers that pprof does not use. */
bool pprof_detect(struct str head)
{
	static const uint32_t bytes_fields = 1u << PPROF_SAMPLE_TYPE | 1u << PPROF_SAMPLE |
		1u << PPROF_MAPPING | 1u << PPROF_LOCATION | 1u << PPROF_FUNCTION |
		1u << PPROF_STRING | 1u << PPROF_PERIOD_TYPE | 1u << PPROF_COMMENT;
	static const uint32_t number_fields = 1u << PPROF_DROP_FRAMES | 1u << PPROF_KEEP_FRAMES |
		1u << PPROF_TIME | 1u << PPROF_DURATION | 1u << PPROF_PERIOD | 1u << PPROF_COMMENT |
		1u << PPROF_DEFAULT_TYPE | 1u << PPROF_DOC_URL;
	struct cursor c = cursor_over(head);
	struct proto_field f;
	bool any = false;

	while (cursor_more(&c)) {
		struct cursor tag = c;
		uint64_t number = cursor_uleb(&tag) >> 3;
		uint32_t wire = c.p[0] & 7;
		uint32_t allowed = wire == PROTO_BYTES ? bytes_fields :
				   wire == PROTO_VARINT ? number_fields : 0;

		if (number > PPROF_DOC_URL ? !any : !(allowed >> number & 1))
			return false;	/* a later version's field may follow, not begin */
		if (!proto_next(&c, &f))
			return any || head.n == INPUT_HEAD_MAX;
		any = true;
	}
	return any;
}
