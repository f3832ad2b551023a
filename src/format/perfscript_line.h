/* SPDX-License-Identifier: Apache-2.0 */
/* format/perfscript_line.h
 *
 * The lines of `perf script` text, whichever of its fields were asked for (-F):
 *
 *   comm pid/tid [cpu] time: period event: trace          a head (everything but one of them may lack)
 *   <tab>   address symbol+0xoffset (module+0xoffset)     a frame, innermost first
 *   <tab>   address symbol (inlined)                      a frame inlined into the next one
 *     file:line                                           where in the source the frame before it is
 *
 * and, where no call chain was recorded, head and frame in one line. Parsing borrows: every str is a
 * part of the line.
 */
#ifndef SONDE_FORMAT_PERFSCRIPT_LINE_H
#define SONDE_FORMAT_PERFSCRIPT_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct perf_head {
	struct str who;		/* "comm pid/tid [cpu]", for perf_who_parse(); with a blank at its end a comm alone */
	bool has_time, has_period;
	uint64_t time_ns;	/* since the machine started, mostly */
	uint64_t period;
	struct str event;	/* without modifiers that only ask for precision; empty when lacking */
	struct str rest;	/* what follows the event: a tracepoint's text, or a frame */
};

/* Whether the line is a head. */
bool perf_head_parse(struct str line, struct perf_head *ret_head);

/* The same of one without any number (-F comm,event,ip,sym), which only the frame in the line behind it tells from other
 * text. */
bool perf_head_parse_bare(struct str line, struct str next, struct perf_head *ret_head);

struct perf_who {
	struct str comm;
	bool has_pid, has_tid, has_cpu;
	uint64_t pid, tid, cpu;
};

void perf_who_parse(struct str who, struct perf_who *ret_who);

struct perf_frame {
	bool has_address, inlined;
	bool unknown;		/* a name was asked for and perf had none */
	uint64_t address;	/* the kernel's and JIT's as they ran; else perf's offset in the file */
	struct str name;	/* empty when perf knew none */
	struct str module;	/* empty when it was not printed or not known */
	struct str file;	/* of the source */
	uint32_t line;
};

/* Whether the line (which may go on with a newline and a source line) is a frame. Without a blank at its
 * beginning the address was left out. */
bool perf_frame_parse(struct str line, struct perf_frame *ret_frame);

/* The same in the rest of a head, behind such other numbers as were asked for. */
bool perf_frame_in_head(struct str rest, struct perf_frame *ret_frame);

#endif
