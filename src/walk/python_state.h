/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* walk/python_state.h - what a walk knows of the interpreter it passes; part of struct walk. */
#ifndef SONDE_WALK_PYTHON_STATE_H
#define SONDE_WALK_PYTHON_STATE_H

#include "abi/runtime.h"

#define WALK_PYTHON_FRAME_BYTES 128u
#define WALK_PYTHON_CODE_BYTES 96u
#define WALK_PYTHON_SEEN 2048u	/* a power of two */

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
	uint8_t zero[3];
	struct walk_python layout;
	_Alignas(8) uint8_t bytes[WALK_PYTHON_FRAME_BYTES];	/* of a frame */
	_Alignas(8) uint8_t code[WALK_PYTHON_CODE_BYTES];	/* of its code object */
	uint32_t seen[WALK_PYTHON_SEEN];	/* by hash; kept between walks */
};

#endif
