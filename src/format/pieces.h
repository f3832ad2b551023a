/* SPDX-License-Identifier: Apache-2.0 */
/* format/pieces.h
 *
 * A text cut into pieces where records end; several threads work on pieces at once, and what they make
 * is taken in order, in the caller's thread.
 *
 *   input --> piece 0 --> worker A: block --.
 *         --> piece 1 --> worker B: block --+--> take 0, 1, 2, ...
 *         --> piece 2 --> worker A: block --'
 *
 * What comes out does not depend on which worker had which piece, or on how many there are, as long as
 * a block holds all that `take` needs. Memory: two pieces and two blocks a worker, and what is left of a
 * record between pieces. A piece is longer than PIECE_BYTES only where one record is.
 */
#ifndef SONDE_FORMAT_PIECES_H
#define SONDE_FORMAT_PIECES_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct err;
struct input;

#define PIECE_WORKERS_MAX 4
#define PIECE_BLOCKS 2		/* a worker goes on while its last block waits to be taken */
#define PIECE_BYTES ((size_t)1 << 20)

struct pieces {
	/* How many bytes of the text are whole records; 0: not even one. The last piece of a file is
	 * whole whatever this says. */
	size_t (*cut)(struct str text);

	/* In a thread of its own: the text into a block. `worker` and `block` are from the columns
	 * below; a block that was taken comes again, to be emptied first. */
	void (*work)(void *worker, struct str text, void *block);

	/* In the caller's thread, in order. 0, or -errno with a sentence, which ends it all. */
	int (*take)(void *owner, unsigned worker, void *block, struct err *err);

	void *owner;
	void *worker[PIECE_WORKERS_MAX];
	void *block[PIECE_WORKERS_MAX][PIECE_BLOCKS];
	unsigned n_workers;	/* pieces_workers() */
	size_t record_max;	/* a record of more bytes is refused */
	const char *record;	/* what it is called in that sentence */
};

/* How many workers are of use on this machine, 1 to PIECE_WORKERS_MAX. */
unsigned pieces_workers(void);

/* Reads the input to its end. 0, or -errno with a sentence. */
int pieces_run(const struct pieces *pieces, struct input *input, struct err *err);

#endif
