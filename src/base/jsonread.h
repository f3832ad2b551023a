/* SPDX-License-Identifier: Apache-2.0 */
/* base/jsonread.h
 *
 * Reading JSON (RFC 8259) from memory, value by value, in the order in which it stands there.
 *
 *   struct json_reader r = json_reader_over(text);
 *   struct str key;
 *
 *   json_enter(&r, '{');
 *   while (json_next_key(&r, &key)) {
 *           if (str_eq(key, STR("total")))
 *                   total = json_take_int(&r);
 *           else
 *                   json_pass(&r);
 *   }
 *   if (r.why) ...
 *
 * Sticky like the cursor: what does not stand as asked for sets .why and .at, every further call then
 * yields nothing, and loops end. Exactly one value must be taken (or passed over) for each key and item.
 * Strings come with their escapes resolved; bytes that are no UTF-8 stay as they are.
 */
#ifndef SONDE_BASE_JSONREAD_H
#define SONDE_BASE_JSONREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

#define JSON_DEPTH_MAX 1000u	/* of brackets in each other, when values are entered or passed over */

struct err;

enum json_kind { JSON_NOTHING, JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_reader {
	const char *p, *end, *start;
	const char *why;	/* NULL: sound so far */
	size_t at;		/* where it is not, in bytes from the start */
	uint32_t depth;
	bool after_value;	/* a comma or a closing bracket is due */
	struct buf text;	/* the string at hand, when it had escapes */
};

/* Over borrowed bytes. json_reader_end() ends it, or json_reader_fini() where nobody asks what went wrong. */
struct json_reader json_reader_over(struct str text);
void json_reader_fini(struct json_reader *r);

/* What stands next, without taking it. */
enum json_kind json_peek(struct json_reader *r);

/* Takes an opening bracket, '{' or '['. */
bool json_enter(struct json_reader *r, char bracket);

/* True: a key was taken, valid until the next string is. False: the '}' was, or it failed. */
bool json_next_key(struct json_reader *r, struct str *ret_key);

/* True: an item stands next. False: the ']' was taken, or it failed. */
bool json_next_item(struct json_reader *r);

/* A string, borrowed until the next one is taken; null gives the empty one. */
struct str json_take_str(struct json_reader *r);

/* A number. As an integer it is rounded, and held to what fits; null gives 0. */
double json_take_double(struct json_reader *r);
int64_t json_take_int(struct json_reader *r);

/* An integer from 0 to below `limit`; fails with `why` when it is another. */
uint32_t json_take_index(struct json_reader *r, uint64_t limit, const char *why);

bool json_take_bool(struct json_reader *r);

/* Any value: its bytes, borrowed from the text. */
struct str json_pass(struct json_reader *r);

/* Sets .why unless it is set. False, always. `why` is borrowed. */
bool json_reader_fail(struct json_reader *r, const char *why);

/* Ends it. 0, or -EBADMSG with a sentence on `what` and the byte where it failed, in the text `whole`: what
 * it reads is that or a part of it, each read with a reader of its own. Of a part that is not there (an
 * empty struct str) the sentence names no byte. */
int json_reader_end(struct json_reader *r, const char *what, struct str whole, struct err *err);

#endif
