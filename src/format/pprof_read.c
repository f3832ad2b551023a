/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "base/err.h"
#include "base/vec.h"
#include "format/input.h"
#include "format/pprof.h"
#include "format/pprof_reader.h"

int pprof_fail(const struct pprof_reader *r, struct err *err, const char *at, const char *format, ...)
{
	char why[256];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	return err_fail(err, -EBADMSG, "%s: not a sound pprof file: at byte %zu (unpacked), %s: "
			"get the file again", r->what, (size_t)(at - r->bytes.p), why);
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

	r->marks = malloc((r->bytes.n / PPROF_MARK_BYTES + 1) * sizeof(*r->marks));
	if (!r->marks)
		return -ENOMEM;
	while (proto_next(&c, &f)) {
		while (r->n_marks <= at / PPROF_MARK_BYTES)
			r->marks[r->n_marks++] = at;
		if (f.number <= PPROF_DOC_URL) {
			struct pprof_extent *extent = &r->extents[f.number];

			extent->begin = extent->end ? extent->begin : at;
			extent->end = cursor_pos(&c);
			extent->n++;
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
			rc = pprof_string(r, r->err, body.p, f.value, &ret_type->type);
		else if (f.number == PPROF_TYPE_UNIT)
			rc = pprof_string(r, r->err, body.p, f.value, &ret_type->unit);
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
	int rc = pprof_string(r, r->err, r->bytes.p, index, &id);
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
			rc = pprof_string(r, r->err, r->bytes.p, f.value, &profile->drop_frames);
		else if (f.number == PPROF_KEEP_FRAMES)
			rc = pprof_string(r, r->err, r->bytes.p, f.value, &profile->keep_frames);
		else if (f.number == PPROF_DOC_URL)
			rc = pprof_string(r, r->err, r->bytes.p, f.value, &profile->doc_url);
		else if (f.number == PPROF_DEFAULT_TYPE)
			rc = pprof_string(r, r->err, r->bytes.p, f.value, &default_name);
	}
	if (rc == 0)
		rc = pprof_each(r, PPROF_SAMPLE_TYPE, add_sample_type);
	if (rc == 0)
		rc = pprof_each(r, PPROF_PERIOD_TYPE, set_period_type);
	set_default_type(profile, default_name);
	pprof_notes_seal(&r->notes);
	return r->notes.failed ? -ENOMEM : rc;
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

/* Indexes that grow in steps are filled again at each. Empty fields mean nothing, and get no room. */
static int reserve(struct pprof_reader *r)
{
	struct profile *profile = r->profile;
	struct { struct idindex *index; uint32_t number; } all[] = {
		{ &profile->strings.index, PPROF_STRING }, { &profile->frames.function_index, PPROF_FUNCTION },
		{ &profile->frames.frame_index, PPROF_LOCATION },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const struct pprof_extent *extent = &r->extents[all[i].number];
		uint64_t most = (extent->end - extent->begin) / 8;

		if (idindex_reserve(all[i].index, extent->n < most ? extent->n : most) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int read_all(struct pprof_reader *r)
{
	int rc = check_top(r);

	if (rc == 0)
		rc = reserve(r);
	if (rc == 0)
		rc = pprof_read_strings(r);
	if (rc == 0)
		rc = read_header(r);
	if (rc == 0)
		rc = pprof_read_tables(r);
	if (rc < 0)
		return rc;
	rc = pprof_read_samples(r);
	if (rc == 0)
		note_dropped_labels(r);
	if (!pprof_sum_holds(&r->notes.samples, r->samples_sum))
		r->profile->stats = (struct profile_stats){ 0 };
	return rc;
}

static void reader_fini(struct pprof_reader *r)
{
	pprof_notes_fini(&r->notes);
	pprof_ids_fini(&r->mapping_ids);
	pprof_ids_fini(&r->function_ids);
	pprof_ids_fini(&r->location_ids);
	batch_fini(&r->batch);
	free(r->marks);
	free(r->strings);
	free(r->modules);
	free(r->module_kinds);
	free(r->functions);
	free(r->words);
	free(r->chains);
	free(r->places);
	free(r->places_by_id);
	free(r->pieces);
}

int pprof_read(struct profile *profile, struct input *input, struct err *err)
{
	struct pprof_reader r = { .profile = profile, .what = input->what, .input = input,
				  .err = err };
	int rc = input_whole(input, &r.bytes, err);

	if (rc == 0)
		rc = read_all(&r);
	reader_fini(&r);
	return rc;
}

/* A run of top-level fields, each of the wire type that its number has; the last one may reach
 * beyond the head. Text does not get far: letters are field numbers that pprof does not use. */
/* Text may look like fields of later versions; a profile has the numbers of its fields between its texts. */
static bool is_text(struct str head)
{
	for (size_t i = 0; i < head.n; i++)
		if ((uint8_t)head.p[i] < ' ' && !strchr("\t\n\r", head.p[i]))
			return false;
	return true;
}

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

	if (is_text(head))
		return false;
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
