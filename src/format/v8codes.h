/* SPDX-License-Identifier: Apache-2.0 */
/* format/v8codes.h
 *
 * Where V8's code is, while its log is read: code comes, moves, and takes the place of code that has gone.
 *
 *   page of 4 KiB -> the codes that reach into it, the newest first
 */
#ifndef SONDE_FORMAT_V8CODES_H
#define SONDE_FORMAT_V8CODES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"

struct v8codes {
	struct v8code {
		uint64_t start;
		uint32_t bytes, frame;
		bool gone;
	} *codes;		/* [0] is none */
	struct v8code_link {
		uint32_t code, next;
	} *links;		/* [0] ends a list */
	struct v8code_page {
		uint64_t number;
		uint32_t first;
	} *pages;		/* [0] is none */
	uint32_t n_codes, n_links, n_pages;
	uint32_t cap_codes, cap_links, cap_pages;
	struct idindex index;	/* page number -> page */
	bool failed;		/* out of memory, or absurdly much code */
};

/* {0} is empty. */
void v8codes_fini(struct v8codes *codes);

/* Code that is a frame, at an address from now on; what was there has gone. */
void v8codes_add(struct v8codes *codes, uint64_t start, uint32_t bytes, uint32_t frame);

/* The code that begins at `from` is at `to` from now on. */
void v8codes_move(struct v8codes *codes, uint64_t from, uint64_t to);

/* No code begins there any longer. */
void v8codes_remove(struct v8codes *codes, uint64_t start);

/* The frame of the code that holds the address; 0: none does. */
uint32_t v8codes_find(const struct v8codes *codes, uint64_t address);

#endif
