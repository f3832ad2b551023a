/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* walk/python_state.h - what a walk knows of the interpreter it passes; part of struct walk. */
#ifndef SONDE_WALK_PYTHON_STATE_H
#define SONDE_WALK_PYTHON_STATE_H

#include "abi/runtime.h"

#define WALK_PYTHON_FRAME_BYTES 128u
#define WALK_PYTHON_CODE_BYTES 96u
#define WALK_PYTHON_SEEN 2048u	/* a power of two */
#define WALK_PYTHON_GLOBALS 32u

enum walk_python_progress {
	WALK_PYTHON_NEW,	/* no frame of the loop was met yet */
	WALK_PYTHON_READY,	/* `frame` is the next one */
	WALK_PYTHON_DONE,	/* none is left, or the chain broke */
};

struct walk_python_state {
	uint64_t frame;		/* the next one to take, in the target; 0: no more */
	uint64_t below;		/* the state that the thread had before it entered a subinterpreter; 0: none */
	uint64_t coroutine;	/* the outermost one met so far; 0: none */
	uint8_t progress;	/* enum walk_python_progress */
	uint8_t running;	/* the next step takes an interpreted frame */
	uint8_t drain;		/* take all that is left: no native frames come any more */
	uint8_t mark_runs;	/* draining, record where each run of the loop ends */
	uint8_t gil;		/* enum sample_gil */
	uint8_t globals_ok;
	uint8_t zero[2];
	uint64_t interpreter;	/* of the thread's state, where that is how to find the lock; else 0 */
	uint64_t code_at;	/* the code object that `check` is of; 0: of none */
	uint64_t file_at;	/* the file's string that `file_check` is of; 0: of none */
	uint32_t check;		/* python_check() */
	uint32_t file_check;	/* python_text_check() */
	uint64_t text[PYTHON_TEXT_WORDS];
	uint32_t last, made;	/* of `seen`: the entry met last; how many were made */
	struct walk_python layout;
	_Alignas(8) uint8_t globals[WALK_PYTHON_GLOBALS];	/* at layout.gil_at */
	_Alignas(8) uint8_t bytes[WALK_PYTHON_FRAME_BYTES];	/* of a frame */
	_Alignas(8) uint8_t code[WALK_PYTHON_CODE_BYTES];	/* of its code object */
	/* the code objects met, kept between walks: in the order of walking, as struct walk's cache is, since
	 * this memory is cold at every tick */
	uint32_t seen[WALK_PYTHON_SEEN];
	uint16_t slots[WALK_PYTHON_SEEN];	/* by hash: the entry in `seen`, or another's */
};

#endif
