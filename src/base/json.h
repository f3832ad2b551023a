/* SPDX-License-Identifier: Apache-2.0 */
/* base/json.h
 *
 * Writing JSON (RFC 8259) into a struct buf, straight-line: commas and colons come by themselves.
 *
 *   struct json json = { .out = &buf };
 *
 *   json_open(&json, '{');
 *   json_key(&json, "total");
 *   json_uint(&json, 7);
 *   json_close(&json, '}');
 *
 * The caller keeps brackets matched; the buf's .failed is the only error.
 */
#ifndef SONDE_BASE_JSON_H
#define SONDE_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct json {
	struct buf *out;	/* borrowed */
	bool after_value;	/* the next value or key needs a comma */
};

/* Begins an object '{' or an array '['; '}' or ']' ends it. */
void json_open(struct json *json, char bracket);
void json_close(struct json *json, char bracket);

void json_key(struct json *json, const char *name);

/* As a valid UTF-8 string: bytes that are no character become U+FFFD. */
void json_key_str(struct json *json, struct str name);
void json_str(struct json *json, struct str value);

void json_uint(struct json *json, uint64_t value);
void json_int(struct json *json, int64_t value);
/* A key and its value. */
void json_put_str(struct json *json, const char *name, struct str value);
void json_put_int(struct json *json, const char *name, int64_t value);

void json_bool(struct json *json, bool value);
void json_null(struct json *json);

/* With that many digits after the point; what is not finite is null. */
void json_double(struct json *json, double value, int digits);

/* With that many digits that count, and an exponent where it must have one; what is not finite is null. */
void json_digits(struct json *json, double value, int digits);

#endif
