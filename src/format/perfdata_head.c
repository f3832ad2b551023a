/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perfdata_head.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/vec.h"
#include "format/perfdata_feature.h"

#define PIPE_HEADER_BYTES 16u
#define FEATURE_BITS 256u
#define UPDATE_NAME 2u			/* PERF_EVENT_UPDATE__NAME */

static int damaged(const struct perfdata_head *head, const char *at, const char *what,
		   struct err *err)
{
	return err_fail(err, -EBADMSG, "%s: %s at byte %zu break off or are damaged: get the file again",
			head->what, what, (size_t)(at - head->bytes.p));
}

static int add_ids(struct perfdata_head *head, uint32_t event, struct cursor *c, struct err *err)
{
	uint64_t n = cursor_left(c) / sizeof(uint64_t);

	if (n > PERFDATA_TABLE_MAX - head->n_ids)
		return perfdata_head_too_many(head, "numbers of events", err);
	if (VEC_RESERVE(&head->ids, &head->cap_ids, head->n_ids + n) < 0)
		return -ENOMEM;
	for (uint64_t i = 0; i < n; i++)
		head->ids[head->n_ids++] = (struct perfdata_id){ cursor_u64(c), event };
	return 0;
}

static int add_event(struct perfdata_head *head, const struct perfdata_event *event, struct err *err)
{
	if (head->n_events == PERFDATA_EVENTS_MAX)
		return perfdata_head_too_many(head, "events", err);
	if (VEC_RESERVE(&head->events, &head->cap_events, (uint64_t)head->n_events + 1) < 0)
		return -ENOMEM;
	head->events[head->n_events++] = *event;
	return 0;
}

static int by_id(const void *left, const void *right)
{
	const struct perfdata_id *a = left, *b = right;

	return (a->id > b->id) - (a->id < b->id);
}

static int by_path(const void *left, const void *right)
{
	return str_compare(((const struct perfdata_build_id *)left)->path,
			   ((const struct perfdata_build_id *)right)->path);
}

/* The attrs of a file: each followed by where its numbers are. */
static int read_attrs(struct perfdata_head *head, struct str attrs, uint64_t attr_bytes, struct err *err)
{
	struct cursor all = cursor_over(attrs);
	int rc = 0;

	if (attr_bytes <= 16)
		return damaged(head, attrs.p, "its descriptions of events", err);
	while (rc == 0 && cursor_left(&all) >= attr_bytes) {
		const char *at = (const char *)all.p;
		struct cursor one = cursor_sub(&all, attr_bytes - 16), ids = cursor_over(head->bytes);
		uint64_t offset = cursor_u64(&all), bytes = cursor_u64(&all);
		struct perfdata_event event;

		perfdata_event_parse(&event, &one);
		cursor_seek(&ids, offset);
		ids = cursor_sub(&ids, bytes);
		if (one.failed || ids.failed)
			return damaged(head, at, "its descriptions of events", err);
		rc = add_event(head, &event, err);
		if (rc == 0)
			rc = add_ids(head, head->n_events - 1, &ids, err);
	}
	return rc;
}

/* The features of a file stand behind its records: a table of where each is. One that is not where the
 * table says, in a file that was cut short, tells nothing. */
static int read_features(struct perfdata_head *head, uint64_t table_at, struct cursor bits,
			 struct err *err)
{
	struct cursor table = cursor_over(head->bytes);
	uint64_t word = 0;
	int rc = 0;

	cursor_seek(&table, table_at);
	for (uint32_t bit = 0; rc == 0 && bit < FEATURE_BITS; bit++) {
		struct cursor section = cursor_over(head->bytes);
		uint64_t offset, bytes;
		struct str content;

		if (bit % 64 == 0)
			word = cursor_u64(&bits);
		if (!(word >> bit % 64 & 1))
			continue;
		offset = cursor_u64(&table);
		bytes = cursor_u64(&table);
		cursor_seek(&section, offset);
		content = cursor_bytes(&section, bytes);
		if (!table.failed && !section.failed)
			rc = perfdata_feature_read(head, bit, content, err);
	}
	return rc;
}

/* An event in a pipe, with its numbers. */
static int add_piped_event(struct perfdata_head *head, struct str body, struct err *err)
{
	struct cursor c = cursor_over(body);
	struct perfdata_event event;
	int rc;

	perfdata_event_parse(&event, &c);
	if (c.failed)
		return damaged(head, body.p, "the description of an event", err);
	rc = add_event(head, &event, err);
	return rc < 0 ? rc : add_ids(head, head->n_events - 1, &c, err);
}

/* What stands among the records in place of a header. */
static int read_piped(struct perfdata_head *head, struct err *err)
{
	struct str left = head->records;
	struct perfdata_record record;
	int rc = 0;

	while (rc == 0 && perfdata_record_at(left, &record)) {
		struct cursor c = cursor_over(record.body);

		left = str_skip(left, PERFDATA_HEADER_BYTES + record.body.n);
		if (record.type == PERFDATA_ATTR)
			rc = add_piped_event(head, record.body, err);
		else if (record.type == PERFDATA_BUILD_ID)
			rc = perfdata_feature_build_id(head, &record, err);
		else if (record.type == PERFDATA_FEATURE)
			rc = perfdata_feature_read(head, cursor_u64(&c), str_skip(record.body, 8), err);
		left = str_skip(left, perfdata_record_tail(&record, left.n));
	}
	return rc;
}

static const struct perfdata_id *find_id(const struct perfdata_head *head, uint64_t id)
{
	const struct perfdata_id key = { .id = id };

	return head->n_ids ? bsearch(&key, head->ids, head->n_ids, sizeof(*head->ids), by_id) : NULL;
}

/* In a pipe the names of events come apart from these, by their numbers, which are sorted by now. */
static void name_piped_events(struct perfdata_head *head)
{
	struct str left = head->records;
	struct perfdata_record record;

	while (perfdata_record_at(left, &record)) {
		struct cursor c = cursor_over(record.body);
		uint64_t what = cursor_u64(&c);
		const struct perfdata_id *id = find_id(head, cursor_u64(&c));
		struct str name = cursor_cstr(&c);

		if (record.type == PERFDATA_EVENT_UPDATE && what == UPDATE_NAME && id && !c.failed)
			head->events[id->event].name = name;
		left = str_skip(left, PERFDATA_HEADER_BYTES + record.body.n);
		left = str_skip(left, perfdata_record_tail(&record, left.n));
	}
}

/* The header of a file; the cursor stands behind magic and size. */
static int read_file(struct perfdata_head *head, struct cursor *c, struct err *err)
{
	uint64_t attr_bytes = cursor_u64(c), attrs_at = cursor_u64(c), attrs_bytes = cursor_u64(c);
	uint64_t records_at = cursor_u64(c), records_bytes = cursor_u64(c);
	struct cursor attrs = cursor_over(head->bytes), records = attrs, bits;
	struct str section;
	int rc;

	cursor_skip(c, 16);	/* kinds of events: nobody writes them any more */
	bits = cursor_sub(c, FEATURE_BITS / 8);
	cursor_seek(&attrs, attrs_at);
	section = cursor_bytes(&attrs, attrs_bytes);
	cursor_seek(&records, records_at);
	if (bits.failed || attrs.failed || records.failed)
		return damaged(head, head->bytes.p, "its header and what it points to", err);
	head->unfinished = !records_bytes;
	head->records = cursor_bytes(&records, head->unfinished ? cursor_left(&records) : records_bytes);
	if (records.failed)
		return err_fail(err, -EBADMSG, "%s has %zu bytes, but its records alone should have %llu "
				"from byte %llu on: it is truncated, get it again", head->what,
				head->bytes.n, (unsigned long long)records_bytes,
				(unsigned long long)records_at);
	rc = read_attrs(head, section, attr_bytes, err);
	if (rc == 0 && !head->unfinished)
		rc = read_features(head, records_at + records_bytes, bits, err);
	return rc;
}

int perfdata_head_read(struct perfdata_head *head, struct str bytes, const char *what,
		       struct err *err)
{
	struct cursor c = cursor_over(bytes);
	uint64_t size;
	int rc;

	*head = (struct perfdata_head){ .what = what, .bytes = bytes };
	if (str_eq(cursor_bytes(&c, 8), STR("2ELIFREP")))
		return err_fail(err, -EBADMSG, "%s was recorded on a machine of the other byte order, whose "
				"perf.data Sonde does not read: convert it there (perf script)", what);
	size = cursor_u64(&c);
	head->piped = size == PIPE_HEADER_BYTES;
	head->records = str_skip(bytes, PIPE_HEADER_BYTES);
	rc = head->piped ? read_piped(head, err) : read_file(head, &c, err);
	if (rc == 0 && !head->n_events)
		rc = err_fail(err, -EBADMSG, "%s is perf's, but describes no event: perf was killed before it "
			      "recorded, or the file is damaged", what);
	if (head->n_ids)
		qsort(head->ids, head->n_ids, sizeof(*head->ids), by_id);
	if (head->n_build_ids)
		qsort(head->build_ids, head->n_build_ids, sizeof(*head->build_ids), by_path);
	if (head->piped)
		name_piped_events(head);
	return rc;
}

void perfdata_head_fini(struct perfdata_head *head)
{
	free(head->events);
	free(head->ids);
	free(head->build_ids);
	*head = (struct perfdata_head){ 0 };
}

uint64_t perfdata_record_tail(const struct perfdata_record *record, uint64_t left)
{
	struct cursor c = cursor_over(record->body);
	uint64_t n = 0;

	if (record->type == PERFDATA_AUXTRACE)
		n = cursor_u64(&c);
	else if (record->type == PERFDATA_TRACING_DATA)
		n = ((uint64_t)cursor_u32(&c) + 7) & ~7ull;
	return n < left ? n : left;
}

const struct perfdata_event *perfdata_head_event(const struct perfdata_head *head, uint64_t id)
{
	const struct perfdata_id *found = find_id(head, id);

	return found ? &head->events[found->event] : NULL;
}

uint32_t perfdata_head_id(const struct perfdata_head *head, uint64_t id)
{
	const struct perfdata_id *found = find_id(head, id);

	return found ? (uint32_t)(found - head->ids) : PERFDATA_TABLE_MAX;
}

struct str perfdata_head_build_id(const struct perfdata_head *head, struct str path)
{
	const struct perfdata_build_id key = { .path = path }, *found;

	if (!head->n_build_ids)
		return (struct str){ 0 };
	found = bsearch(&key, head->build_ids, head->n_build_ids, sizeof(*head->build_ids), by_path);
	return found ? found->id : (struct str){ 0 };
}
