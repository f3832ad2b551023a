/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/v8/scripts.h
 *
 * Scripts: what V8 knows a source by, and where its lines begin. Read once and kept: the process may end.
 *
 *   name    what its text says it is called (sourceURL), else what V8 knows it by: "/srv/app.js", "node:fs",
 *           "wasm://wasm/1a2b"; of a file's URL, as ES modules have, the path
 *   lines   by reading the source text: Script.line_ends is filled only once somebody asks for it
 *
 * V8 moves scripts and texts, so a script has as many entries as addresses that it was met at. One that has all is known
 * by thread and number (identity.h), and stands for those that lack something.
 *
 * Memory: strings live as long as the table. Threads: one.
 */
#ifndef SONDE_RUNTIME_V8_SCRIPTS_H
#define SONDE_RUNTIME_V8_SCRIPTS_H

#include "base/arena.h"
#include "base/hash.h"
#include "runtime/v8/objects.h"

#define V8_LINES_MAX (1u << 24)

struct v8_script {
	uint64_t address, source;	/* of the objects; with the next two, what it is known again by */
	struct v8_owner owner;
	int32_t id;
	bool nameless;		/* it may have a name that could not be read */
	struct str name;
	uint32_t *starts;	/* first character of each line; NULL: not known */
	uint32_t n_starts;
	uint32_t n_characters;
	int32_t line_offset, column_offset;	/* of the script in its file */
};

struct v8_scripts {
	struct arena arena;
	struct v8_script *items;	/* [0] is none */
	uint32_t n, cap;
	struct idindex index;
	struct idindex whole;	/* of those that have all, by thread and number */
};

void v8_scripts_fini(struct v8_scripts *scripts);

/* The id of a script; 0 when it is none. */
uint32_t v8_scripts_read(struct v8_scripts *scripts, const struct v8_memory *memory,
			 struct v8_owner owner, uint64_t script);

/* The one to go by: that id, or the same script's where it was read better. */
uint32_t v8_scripts_whole(const struct v8_scripts *scripts, uint32_t id);

/* The line and column of a character, from 1; 0 when they are not known. */
void v8_script_place(const struct v8_script *script, int32_t position, uint32_t *ret_line,
		     uint32_t *ret_column);

#endif
