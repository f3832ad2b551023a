/* SPDX-License-Identifier: Apache-2.0 */
/* render/json_tables.h
 *
 * The members of `sonde report --json` that hold a table, one function for each enum text_table. Private to
 * render/json*.c. docs/report-json.md describes what they write.
 *
 * Each writes into an open object. 0; -EINVAL with a sentence; -ENOMEM.
 */
#ifndef SONDE_RENDER_JSON_TABLES_H
#define SONDE_RENDER_JSON_TABLES_H

#include <stdint.h>

struct err;
struct json;
struct place;
struct profile;
struct text_options;

int json_put_top(struct json *json, const struct profile *profile, const struct text_options *view,
	     uint32_t type, struct err *err);
int json_put_tree(struct json *json, const struct profile *profile, const struct text_options *view,
	      uint32_t type, struct err *err);
int json_put_threads(struct json *json, const struct profile *profile, const struct text_options *view,
		 uint32_t type, struct err *err);
int json_put_peek(struct json *json, const struct profile *profile, const struct text_options *view,
	      uint32_t type, struct err *err);
int json_put_list(struct json *json, const struct profile *profile, const struct text_options *view,
	      uint32_t type, struct err *err);
int json_put_code(struct json *json, const struct profile *profile, const struct text_options *view,
	      uint32_t type, struct err *err);

/* name, module, file, line, kind, kinds */
void json_put_place(struct json *json, const struct place *place);

#endif
