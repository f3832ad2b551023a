/* SPDX-License-Identifier: Apache-2.0 */
/* model/v8name.h
 *
 * How V8 writes down what its code is of, in its own logs, in perf maps and in jitdumps:
 *
 *   log        hot /app.js:1:13            beside the state: "~", "^", "+", "*"
 *   perf map   JS:*'hot file:///app.js:1:13    Node 16: LazyCompile:*hot /app.js:1, Function:, Script:, Eval:
 *              JS:o*hot ...                a loop of it, entered in optimised code
 *              JS:fib-1-turbofan            WebAssembly
 *              RegExp:(a|b)*c$             Node 24: RegExp.> src: '(a|b)*c$' flags: 'g'
 */
#ifndef SONDE_MODEL_V8NAME_H
#define SONDE_MODEL_V8NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "model/frames.h"

#define V8_NAME_MAX_BYTES 600u

/* Parts of the text, which lends them. */
struct v8_name {
	struct str name;	/* empty: it has none */
	struct str file;	/* without file://; empty: not told */
	uint32_t line, column;	/* where it begins; 0: not told */
	enum frame_kind kind;
	bool is_pattern;	/* of a regular expression */
};

/* A function as a log has it, with its state. */
struct v8_name v8_name_of_log(struct str text, struct str state);

/* Code as a perf map or a jitdump has it. False: it is none that V8 has written so. */
bool v8_name_of_map(struct str text, struct v8_name *ret_name);

/* What it is shown as: its name, "RegExp: (a|b)*c$", else "(anonymous app.js:1:13)", made in `text`, else "(anonymous)". */
struct str v8_name_shown(const struct v8_name *name, char text[V8_NAME_MAX_BYTES]);

#endif
