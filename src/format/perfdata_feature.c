/* SPDX-License-Identifier: Apache-2.0 */
/* What perf tells of a recording as a whole, each in a section (of a file) or a record (of a pipe) of its own. */
#include "format/perfdata_feature.h"

#include <errno.h>

#include "base/err.h"
#include "base/vec.h"
#include "format/perfdata_head.h"

#define BUILD_ID_BYTES 20u
#define BUILD_ID_SIZE_TOLD (1u << 15)	/* PERF_RECORD_MISC_BUILD_ID_SIZE */

enum feature {
	FEATURE_BUILD_ID = 2,
	FEATURE_HOSTNAME = 3,
	FEATURE_OSRELEASE = 4,
	FEATURE_VERSION = 5,
	FEATURE_ARCH = 6,
	FEATURE_NRCPUS = 7,
	FEATURE_CPUDESC = 8,
	FEATURE_CMDLINE = 11,
	FEATURE_EVENT_DESC = 12,
};

int perfdata_head_too_many(const struct perfdata_head *head, const char *what, struct err *err)
{
	return err_fail(err, -E2BIG, "%s has more %s than Sonde reads", head->what, what);
}

/* A text of perf's: its length with padding, and bytes up to a NUL. */
static struct str take_text(struct cursor *c)
{
	struct str text = cursor_bytes(c, cursor_u32(c));
	ptrdiff_t nul = str_find(text, '\0');

	return nul < 0 ? text : str_head(text, (size_t)nul);
}

/* Names of events, in the order of the attrs. */
static void read_names(struct perfdata_head *head, struct cursor *c)
{
	uint32_t n = cursor_u32(c), attr_bytes = cursor_u32(c);

	for (uint32_t i = 0; i < n && !c->failed; i++) {
		uint32_t n_ids;
		struct str name;

		cursor_skip(c, attr_bytes);
		n_ids = cursor_u32(c);
		name = take_text(c);
		cursor_skip(c, (uint64_t)n_ids * sizeof(uint64_t));
		if (!c->failed && i < head->n_events)
			head->events[i].name = name;
	}
}

/* A build id: process, id, its size where that is told, and the name that follows. */
int perfdata_feature_build_id(struct perfdata_head *head, const struct perfdata_record *record,
			      struct err *err)
{
	struct cursor c = cursor_over(record->body);
	struct str id;
	uint8_t size;

	cursor_skip(&c, 4);
	id = cursor_bytes(&c, BUILD_ID_BYTES);
	size = cursor_u8(&c);
	cursor_skip(&c, 3);
	if (record->misc & BUILD_ID_SIZE_TOLD)
		id = str_head(id, size);
	if (head->n_build_ids == PERFDATA_TABLE_MAX)
		return perfdata_head_too_many(head, "build ids", err);
	if (VEC_RESERVE(&head->build_ids, &head->cap_build_ids, (uint64_t)head->n_build_ids + 1) < 0)
		return -ENOMEM;
	head->build_ids[head->n_build_ids] = (struct perfdata_build_id){ cursor_cstr(&c), id };
	if (!c.failed)	/* one that breaks off only names nothing */
		head->n_build_ids++;
	return 0;
}

static int read_build_ids(struct perfdata_head *head, struct str section, struct err *err)
{
	struct perfdata_record record;
	int rc = 0;

	while (rc == 0 && section.n && perfdata_record_at(section, &record)) {
		rc = perfdata_feature_build_id(head, &record, err);
		section = str_skip(section, PERFDATA_HEADER_BYTES + record.body.n);
	}
	return rc;
}

int perfdata_feature_read(struct perfdata_head *head, uint64_t feature, struct str section,
			  struct err *err)
{
	struct cursor c = cursor_over(section);

	switch (feature) {
	case FEATURE_BUILD_ID:
		return read_build_ids(head, section, err);
	case FEATURE_HOSTNAME:
		head->hostname = take_text(&c);
		break;
	case FEATURE_OSRELEASE:
		head->release = take_text(&c);
		break;
	case FEATURE_VERSION:
		head->version = take_text(&c);
		break;
	case FEATURE_ARCH:
		head->arch = take_text(&c);
		break;
	case FEATURE_NRCPUS:
		cursor_skip(&c, 4);	/* those available, then those online */
		head->n_cpus = cursor_u32(&c);
		break;
	case FEATURE_CPUDESC:
		head->cpu = take_text(&c);
		break;
	case FEATURE_CMDLINE:
		head->command = section;
		break;
	case FEATURE_EVENT_DESC:
		read_names(head, &c);
		break;
	}
	return 0;
}

struct str perfdata_head_command(const struct perfdata_head *head, char *text, size_t cap)
{
	struct cursor c = cursor_over(head->command);
	uint32_t n_words = cursor_u32(&c);
	size_t n = 0;

	for (uint32_t i = 0; i < n_words && n + 1 < cap; i++) {
		struct str word = str_head(take_text(&c), cap - n - 1);

		if (c.failed)
			break;
		if (i)
			text[n++] = ' ';
		if (word.n)
			memcpy(text + n, word.p, word.n);
		n += word.n;
	}
	return str_over(text, n);
}
