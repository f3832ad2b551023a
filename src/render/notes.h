/* SPDX-License-Identifier: Apache-2.0 */
/* render/notes.h
 *
 * What a profile says of itself beside its figures: "sonde: KEY VALUE" comments, and for programs one list of
 * sentences of all that was lost, cut, left out or not named.
 */
#ifndef SONDE_RENDER_NOTES_H
#define SONDE_RENDER_NOTES_H

#include <stdint.h>

#include "base/str.h"

struct filter;
struct json;
struct profile;
struct text_options;

/* What follows "sonde: KEY " in the first such comment from *at on, which is moved behind it; empty: none. */
struct str notes_next(const struct profile *profile, const char *key, uint32_t *at);

/* The member "notes" of the object that is open: an array of sentences. */
void notes_put_json(struct json *json, const struct profile *profile, const struct text_options *view, uint32_t type);

#endif
