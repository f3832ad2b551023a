/* SPDX-License-Identifier: Apache-2.0 */
/* format/jfr_known.h
 *
 * What a reader remembers from chunk to chunk. Every chunk of a flight recording has its constants anew, and most of
 * them are those of the chunk before, with the same ids. Nothing is taken on trust: what an id stood for in an earlier
 * chunk holds in this one only once both have been compared.
 *
 *   methods   by id: the texts it had, and the frame made of them
 *   frames    by their bytes in a stack, which name a method by its id
 *   stacks    by their bytes, with the methods they name
 *
 * A memo was right in chunk .chunk. It is in the chunk at hand too, if that has all its methods as they were, and if
 * nothing has .changed_in since. Memory: bounded but for the methods, which are as many as the file describes.
 */
#ifndef SONDE_FORMAT_JFR_KNOWN_H
#define SONDE_FORMAT_JFR_KNOWN_H

#include "format/jfr_pools.h"

#define JFR_NO_METHOD UINT32_MAX
#define JFR_FRAME_TYPES_MAX 32

struct jfr_known {
	uint32_t n_chunks;	/* the number of the one at hand, from 1 on */
	uint32_t changed_in;	/* the last chunk in which an id stood for something else than before */
	struct jfr_plan frame_plan;	/* of the chunk at hand */
	uint32_t n_bytes;	/* numbers that a frame is; 0: too many, or not only numbers */

	struct jfr_method {
		uint64_t id;
		const char *class, *name;	/* as the file has them */
		uint32_t class_n, name_n;
		uint8_t class_encoding, name_encoding;
		uint32_t frame;		/* of it, without line and type */
	} *methods;
	uint32_t *method_chunk;	/* the last one that was seen to have it so */
	uint32_t *method_stack;	/* the last stack that was seen to name it */
	uint32_t n_methods, cap_methods, cap_method_chunk, cap_method_stack;
	struct idindex method_index;

	struct jfr_frame_memo {
		uint64_t bytes[2];	/* eight at most each; or the numbers that were asked for */
		uint8_t n_second;	/* numbers in the second eight; JFR_KEY_OF_NUMBERS */
		uint32_t chunk;		/* 0: nothing here */
		uint32_t method;	/* its index */
		uint32_t frame;
	} *frames;

	/* In pairs: either may hold what its bytes' hash points to. */
	struct jfr_stack_memo {
		const char *bytes;	/* in the file */
		uint32_t n_bytes, n_frames;
		uint32_t chunk;		/* 0: nothing here */
		uint32_t stack;
		uint32_t first, n_methods;	/* of stack_methods */
	} *stacks;
	uint32_t *stack_methods, n_stack_methods, cap_stack_methods;
	uint32_t frame_mask, stack_mask;	/* entries - 1 */
	uint32_t n_stacks;			/* that were made of their frames */

	struct {
		uint64_t id;
		struct jfr_value text;
	} types[JFR_FRAME_TYPES_MAX];	/* of frames, in the last chunk */
	uint32_t n_types;

	uint32_t *stack, cap_stack;	/* frames of the one that is made, innermost first */
	/* The one made last, outermost first, and its nodes: many begin alike. */
	uint32_t *last, *nodes, cap_last, cap_nodes, n_last;
};

/* jfr_frames.c: before the first stack of a chunk. 0 or -ENOMEM. */
int jfr_known_begin_chunk(struct jfr_known *known, const struct jfr_pools *pools);

/* Whether the chunk has the method as it was known. */
bool jfr_known_has(struct jfr_pools *pools, uint32_t method);

/* The frame whose numbers stand at the cursor, and its method, or JFR_NO_METHOD; UINT32_MAX: they are not sound.
 * numbers: JFR_SLOTS + 1, zeros before the first. */
uint32_t jfr_known_frame(struct jfr_pools *pools, struct cursor *c, uint64_t *numbers, uint32_t *ret_method);

#endif
