/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/jsonread.h"
#include "base/vec.h"
#include "format/gecko_reader.h"

int gecko_bad(struct gecko_reader *r, struct str at, const char *why)
{
	return err_fail(r->err, -EBADMSG, "%s: byte %zu: %s", r->what,
			at.p ? (size_t)(at.p - r->text.p) : 0, why);
}

int gecko_find_keys(struct gecko_reader *r, struct str object, const char *const *names, struct str *values,
		     uint32_t n)
{
	struct json_reader json = json_reader_over(object);
	struct str key;

	for (uint32_t i = 0; i < n; i++)
		values[i] = (struct str){ 0 };
	if (!object.n)
		return 0;
	json_enter(&json, '{');
	while (json_next_key(&json, &key)) {
		uint32_t i = 0;
		struct str value;

		while (i < n && !str_eq(key, str_of(names[i])))
			i++;
		value = json_pass(&json);
		if (i < n)
			values[i] = value;
	}
	return json_reader_end(&json, r->what, r->text, r->err);
}

/* Null and text are no numbers. Of what is not there, nothing. */
static int read_column(struct gecko_reader *r, struct str text, struct gecko_column *column)
{
	struct json_reader json = json_reader_over(text);

	column->n = 0;
	if (!text.n || json_peek(&json) != JSON_ARRAY)
		return 0;
	json_enter(&json, '[');
	while (json_next_item(&json)) {
		double v = NAN;

		if (json_peek(&json) == JSON_NUMBER)
			v = json_take_double(&json);
		else
			json_pass(&json);
		if (VEC_RESERVE(&column->v, &column->cap, (uint64_t)column->n + 1) < 0) {
			json_reader_fini(&json);
			return -ENOMEM;
		}
		column->v[column->n++] = v;
	}
	return json_reader_end(&json, r->what, r->text, r->err);
}

int gecko_read_columns(struct gecko_reader *r, struct str table, const char *const *names, struct gecko_column *columns,
			uint32_t n)
{
	struct str texts[8];
	int rc = gecko_find_keys(r, table, names, texts, n);

	for (uint32_t i = 0; i < n; i++)
		columns[i] = (struct gecko_column){ 0 };
	for (uint32_t i = 0; rc == 0 && i < n; i++)
		rc = read_column(r, texts[i], &columns[i]);
	return rc;
}

void gecko_free_columns(struct gecko_column *columns, uint32_t n)
{
	while (n--)
		free(columns[n].v);
}

uint32_t gecko_cell(const struct gecko_column *column, uint32_t row, double limit)
{
	double v = row < column->n ? column->v[row] : NAN;

	return v >= 0 && v < limit && v < UINT32_MAX ? (uint32_t)v : GECKO_NONE;
}

uint32_t gecko_cell_or_zero(const struct gecko_column *column, uint32_t row)
{
	uint32_t v = gecko_cell(column, row, UINT32_MAX);

	return v == GECKO_NONE ? 0 : v;
}

int gecko_append(struct gecko_ids *ids, uint32_t id)
{
	if (VEC_RESERVE(&ids->v, &ids->cap, (uint64_t)ids->n + 1) < 0)
		return -ENOMEM;
	ids->v[ids->n++] = id;
	return 0;
}

uint32_t gecko_id_at(const struct gecko_ids *ids, uint32_t i)
{
	return i < ids->n ? ids->v[i] : 0;
}
