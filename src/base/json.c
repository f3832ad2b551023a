/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <inttypes.h>
#include <math.h>

#include "base/utf8.h"

static void begin_value(struct json *json)
{
	if (json->after_value)
		buf_add_u8(json->out, ',');
	json->after_value = true;
}

void json_open(struct json *json, char bracket)
{
	begin_value(json);
	buf_add_u8(json->out, (uint8_t)bracket);
	json->after_value = false;
}

void json_close(struct json *json, char bracket)
{
	buf_add_u8(json->out, (uint8_t)bracket);
	json->after_value = true;
}

static void add_escaped(struct buf *out, uint32_t c)
{
	switch (c) {
	case '"':
		buf_add_str(out, STR("\\\""));
		break;
	case '\\':
		buf_add_str(out, STR("\\\\"));
		break;
	case '\n':
		buf_add_str(out, STR("\\n"));
		break;
	case '\t':
		buf_add_str(out, STR("\\t"));
		break;
	default:
		buf_addf(out, "\\u%04x", c);
	}
}

static void add_string(struct buf *out, struct str s)
{
	buf_add_u8(out, '"');
	while (s.n) {
		struct str from = s;
		uint32_t c;

		if (!utf8_next(&s, &c))
			buf_add_str(out, STR("\xef\xbf\xbd"));
		else if (c < 0x20 || c == 0x7f || c == '"' || c == '\\')
			add_escaped(out, c);
		else
			buf_add(out, from.p, from.n - s.n);
	}
	buf_add_u8(out, '"');
}

void json_key_str(struct json *json, struct str name)
{
	begin_value(json);
	add_string(json->out, name);
	buf_add_u8(json->out, ':');
	json->after_value = false;
}

void json_key(struct json *json, const char *name)
{
	json_key_str(json, str_of(name));
}

void json_str(struct json *json, struct str value)
{
	begin_value(json);
	add_string(json->out, value);
}

void json_uint(struct json *json, uint64_t value)
{
	begin_value(json);
	buf_add_dec(json->out, value);
}

void json_int(struct json *json, int64_t value)
{
	begin_value(json);
	buf_addf(json->out, "%" PRId64, value);
}

void json_bool(struct json *json, bool value)
{
	begin_value(json);
	buf_add_str(json->out, value ? STR("true") : STR("false"));
}

void json_null(struct json *json)
{
	begin_value(json);
	buf_add_str(json->out, STR("null"));
}

void json_double(struct json *json, double value, int digits)
{
	if (!isfinite(value)) {
		json_null(json);
		return;
	}
	begin_value(json);
	buf_addf(json->out, "%.*f", digits, value);
}

void json_digits(struct json *json, double value, int digits)
{
	if (!isfinite(value)) {
		json_null(json);
		return;
	}
	begin_value(json);
	buf_addf(json->out, "%.*g", digits, value);
}

void json_put_str(struct json *json, const char *name, struct str value)
{
	json_key(json, name);
	json_str(json, value);
}

void json_put_int(struct json *json, const char *name, int64_t value)
{
	json_key(json, name);
	json_int(json, value);
}
