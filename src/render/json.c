/* SPDX-License-Identifier: Apache-2.0 */
#include "render/json.h"

#include <errno.h>

#include "analyze/groups.h"
#include "analyze/threads.h"
#include "base/err.h"
#include "base/json.h"
#include "model/profile.h"
#include "render/json_tables.h"
#include "render/notes.h"

#define VERSION 1

/* A share of counts, or null where nothing is known. */
static void put_share(struct json *json, const char *key, bool known, uint64_t part, uint64_t whole)
{
	json_key(json, key);
	if (known && whole)
		json_double(json, (double)part / (double)whole, 6);
	else
		json_null(json);
}

static void put_known(struct json *json, const char *key, bool known, uint64_t value)
{
	json_key(json, key);
	if (known)
		json_uint(json, value);
	else
		json_null(json);
}

static void put_stats(struct json *json, const struct profile *profile)
{
	const struct profile_stats *stats = &profile->stats;

	put_known(json, "events", stats->known, stats->events);
	json_key(json, "drops");
	json_open(json, '{');
	for (uint32_t i = 0; i < stats->n_drops; i++) {
		json_key_str(json, strings_get(&profile->strings, stats->drops[i].reason));
		json_uint(json, stats->drops[i].count);
	}
	json_close(json, '}');
	put_share(json, "complete", stats->known, stats->complete, stats->recorded);
	put_share(json, "named", stats->known, stats->frames_named, stats->frames);
}

static void put_group(struct json *json, const struct group_row *row)
{
	json_open(json, '{');
	json_key(json, "value");
	if (!row->label)
		json_null(json);
	else if (row->label->str)
		json_str(json, row->text);
	else
		json_int(json, row->label->num);
	json_key(json, "unit");
	json_str(json, row->unit);
	json_key(json, "samples");
	json_uint(json, row->samples);
	json_key(json, "total");
	json_int(json, row->value);
	json_close(json, '}');
}

static void put_groups(struct json *json, const struct groups *groups)
{
	json_key(json, "by");
	json_str(json, str_of(groups->key));
	json_key(json, "groups");
	json_open(json, '[');
	for (uint32_t i = 0; i < groups->n; i++)
		put_group(json, &groups->rows[i]);
	json_close(json, ']');
}

static int (*const tables[])(struct json *json, const struct profile *profile,
			     const struct text_options *view, uint32_t type, struct err *err) = {
	[TEXT_TOP] = json_put_top,
	[TEXT_TREE] = json_put_tree,
	[TEXT_THREADS] = json_put_threads,
	[TEXT_PEEK] = json_put_peek,
	[TEXT_LIST] = json_put_list,
	[TEXT_CODE] = json_put_code,
};

/* What all tables stand below. */
static int put_head(struct json *json, const struct profile *profile, const struct text_options *view,
		    uint32_t type, struct err *err)
{
	struct groups groups = { 0 };
	int rc = view->by ? groups_init(&groups, profile, view->by, view->filter, type, err) : 0;

	if (rc < 0)
		return rc;
	json_key(json, "version");
	json_uint(json, VERSION);
	json_key(json, "type");
	json_str(json, profile_type_name(profile, type));
	json_key(json, "unit");
	json_str(json, profile_type_unit(profile, type));
	json_key(json, "total");
	json_int(json, kept_total(profile, view->filter, type));
	json_key(json, "samples");
	json_uint(json, samples_kept(profile, view->filter));
	put_known(json, "duration_ns", profile->duration_ns, profile->duration_ns);
	put_stats(json, profile);
	json_key(json, "folded");
	json_bool(json, view->folded);
	notes_put_json(json, profile, view, type);
	if (view->by)
		put_groups(json, &groups);
	groups_fini(&groups);
	return 0;
}

int json_report(struct buf *out, const struct profile *profile, const struct text_options *view,
		struct err *err)
{
	uint32_t type = view->type < 0 ? profile->default_type : (uint32_t)view->type;
	struct json json = { .out = out };
	size_t before = out->n;
	int rc;

	if (type >= profile->n_types)
		return err_fail(err, -EINVAL, "the profile has no value type %u", type);
	json_open(&json, '{');
	rc = put_head(&json, profile, view, type, err);
	if (rc == 0)
		rc = tables[view->table](&json, profile, view, type, err);
	json_close(&json, '}');
	buf_add_u8(out, '\n');
	if (rc < 0) {
		out->n = before;
		return rc;
	}
	return out->failed ? err_fail(err, -ENOMEM, "out of memory for the report") : 0;
}
