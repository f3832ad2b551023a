/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/v8/streams.h
 *
 * From an instruction to the Code it is in, for code that nothing leads to any more (or nothing cheap): what
 * a loop was gone on in (on-stack replacement), and what V8 has thrown away while it still runs.
 *
 *   older        | Code: map, size, ... | instructions ...
 *   since 11.3   | InstructionStream: map, Code | instructions ...      Code has start and size
 *
 * The head is looked for downwards from the instruction, at the places where instructions may begin. What
 * is found is that Code only if it says so itself: it begins there and the instruction is in it.
 */
#ifndef SONDE_RUNTIME_V8_STREAMS_H
#define SONDE_RUNTIME_V8_STREAMS_H

#include "runtime/v8/objects.h"

#define V8_STREAM_MAX (1u << 20)	/* bytes of code that are looked at */

struct v8_stream {
	uint64_t code;		/* the Code object */
	uint64_t start;		/* of its instructions */
	uint32_t size;
};

bool v8_stream_find(const struct v8_memory *memory, uint64_t pc, struct v8_stream *ret_stream);

#endif
