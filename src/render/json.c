/* SPDX-License-Identifier: Apache-2.0 */
#include "render/json.h"

#include <errno.h>

#include "analyze/groups.h"
#include "analyze/threads.h"
#include "analyze/top.h"
#include "base/err.h"
#include "base/json.h"
#include "model/profile.h"

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

static void put_kinds(struct json *json, uint32_t kinds)
{
	json_key(json, "kinds");
	json_open(json, '[');
	for (unsigned kind = 0; kind < FRAME_KIND_COUNT; kind++)
		if (kinds >> kind & 1)
			json_str(json, str_of(frame_kind_name((enum frame_kind)kind)));
	json_close(json, ']');
}

static void put_function(struct json *json, const struct place *place, const struct top_row *row)
{
	json_open(json, '{');
	json_key(json, "name");
	json_str(json, place->name);
	json_key(json, "module");
	json_str(json, place->module);
	json_key(json, "file");
	json_str(json, place->file);
	json_key(json, "line");
	json_uint(json, place->line);
	json_key(json, "kind");
	json_str(json, str_of(frame_kind_name(place->kind)));
	put_kinds(json, place->kinds);
	json_key(json, "self");
	json_int(json, row->self);
	json_key(json, "total");
	json_int(json, row->total);
	json_close(json, '}');
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

int json_report(struct buf *out, const struct profile *profile, const struct json_options *options,
		struct err *err)
{
	struct top_options wanted = { .filter = options->filter,
				      .type = options->type < 0 ? profile->default_type
								: (uint32_t)options->type };
	struct json json = { .out = out };
	struct groups groups = { 0 };
	struct top top = { 0 };
	uint32_t rows;
	int rc = 0;

	if (options->by)
		rc = groups_init(&groups, profile, options->by, options->filter, wanted.type, err);
	if (rc == 0)
		rc = top_init(&top, profile, &wanted, err);
	if (rc < 0) {
		groups_fini(&groups);
		return rc;
	}
	rows = options->limit && options->limit < top.n ? options->limit : top.n;
	json_open(&json, '{');
	json_key(&json, "version");
	json_uint(&json, VERSION);
	json_key(&json, "type");
	json_str(&json, strings_get(&profile->strings, profile->types[wanted.type].type));
	json_key(&json, "unit");
	json_str(&json, strings_get(&profile->strings, profile->types[wanted.type].unit));
	json_key(&json, "total");
	json_int(&json, top.total);
	json_key(&json, "samples");
	json_uint(&json, samples_kept(profile, options->filter));
	put_known(&json, "duration_ns", profile->duration_ns, profile->duration_ns);
	put_stats(&json, profile);
	json_key(&json, "folded");
	json_bool(&json, options->folded);
	if (options->by)
		put_groups(&json, &groups);
	json_key(&json, "functions");
	json_open(&json, '[');
	for (uint32_t i = 0; i < rows; i++)
		put_function(&json, &top.places.items[top.rows[i].place], &top.rows[i]);
	json_close(&json, ']');
	json_close(&json, '}');
	buf_add_u8(out, '\n');
	top_fini(&top);
	groups_fini(&groups);
	return out->failed ? err_fail(err, -ENOMEM, "out of memory for the report") : 0;
}
