/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/python/image_test.h
 *
 * For tests and fuzzers: what was read of a real process, to be read again; and a walk over all stacks
 * that takes the walker's own way, less the native half.
 *
 *   image   "SONDEPY1", minor u8, free-threaded u8, musl u8, 5 zero bytes,
 *           four addresses (python_file's runtime, current, key, interpreters),
 *           then reads: address u64, n u32, bytes
 */
#ifndef SONDE_RUNTIME_PYTHON_IMAGE_TEST_H
#define SONDE_RUNTIME_PYTHON_IMAGE_TEST_H

#include "base/buf.h"
#include "base/cursor.h"
#include "runtime/image_test.h"
#include "runtime/python/codes.h"
#include "runtime/python/dict.h"
#include "runtime/python/memory.h"
#include "runtime/python/names.h"

#define STACKS_FRAMES_MAX 4000
#define STACKS_THREADS_MAX 64

static inline void image_write(struct buf *out, const struct python_file *file, uint64_t bias,
			       struct str reads)
{
	uint8_t head[8] = { file->minor, file->free_threaded, file->musl };
	uint64_t addresses[4] = { file->runtime, file->current, file->key, file->interpreters };

	for (unsigned i = 0; i < 4; i++)
		addresses[i] += addresses[i] ? bias : 0;
	buf_add_str(out, STR("SONDEPY1"));
	buf_add(out, head, sizeof(head));
	buf_add(out, addresses, sizeof(addresses));
	buf_add_str(out, reads);
}

/* False when it is no image. *ret_reads is what image_read() takes as its context. */
static inline bool image_open(struct str image, struct python_file *ret_file, struct str *ret_reads)
{
	struct cursor c = cursor_over(image);
	struct python_file file = { 0 };

	if (!str_eq(cursor_bytes(&c, 8), STR("SONDEPY1")))
		return false;
	file.minor = cursor_u8(&c);
	file.free_threaded = cursor_u8(&c);
	file.musl = cursor_u8(&c);
	cursor_skip(&c, 5);
	file.runtime = cursor_u64(&c);
	file.current = cursor_u64(&c);
	file.key = cursor_u64(&c);
	file.interpreters = cursor_u64(&c);
	if (c.failed || !python_offsets_of(&file.offsets, file.minor, file.free_threaded))
		return false;
	*ret_file = file;
	*ret_reads = str_skip(image, cursor_pos(&c));
	return true;
}

/* Whether the image already gives these bytes. */
static inline bool image_has(struct str reads, uint64_t address, const void *bytes, size_t n)
{
	uint8_t known[PYTHON_DICT_CHUNK];

	return n <= sizeof(known) && reads.n < ((size_t)1 << 20) &&
	       image_read(&reads, known, n, address) && memcmp(known, bytes, n) == 0;
}

struct stacks {
	python_read_fn read;
	void *context;
	struct python_codes *codes;
	struct python_names *names;	/* set by stacks_walk() while it runs */
	void (*thread)(void *context, uint64_t thread, bool by_key);
	void (*frame)(void *context, const struct python_place *place, enum python_fault fault);
	void *show;		/* context of both */
	struct walk_python walk;	/* set by stacks_walk() */
};

static inline uint64_t stacks_word(struct stacks *s, uint64_t address)
{
	struct python_memory memory = { s->read, s->context };

	return python_word(&memory, address);
}

/* Found the way that the walker finds it: by the key, from the thread pointer. */
static inline uint64_t stacks_state(struct stacks *s, uint64_t thread)
{
	struct python_memory memory = { s->read, s->context };
	uint64_t slots = thread + s->walk.tsd_at;
	uint32_t key = (uint32_t)s->walk.key;

	if (s->walk.key_at)
		python_read_u32(&memory, s->walk.key_at, &key);
	if (s->walk.tsd_indirect)
		slots = python_word(&memory, slots);
	if (key >= s->walk.tsd_keys)
		return 0;
	return python_word(&memory, slots + (uint64_t)key * s->walk.tsd_stride + s->walk.tsd_value);
}

static inline bool stacks_is_shim(struct stacks *s, uint64_t frame)
{
	uint8_t owner = 0;

	return s->walk.segment == PYTHON_SEGMENT_SHIM &&
	       s->read(s->context, &owner, 1, frame + s->walk.frame_owner) &&
	       owner >= s->walk.shim_owner;
}

static inline void stacks_frame(struct stacks *s, uint64_t frame)
{
	struct python_memory memory = { s->read, s->context };
	const struct walk_python *w = &s->walk;
	uint64_t code = python_word(&memory, frame + w->frame_code) & ~(uint64_t)7;
	struct python_source source = { .names = s->names, .read = s->read, .context = s->context };
	enum python_fault fault;
	struct python_place place;
	uint32_t check, id, index = 0;
	int32_t instr;

	python_codes_check(w, s->read, s->context, code, &check);
	id = python_codes_read_from(s->codes, &source, w, s->read, s->context, code, check, &fault);
	if (w->instr == PYTHON_INSTR_INDEX) {
		python_read_u32(&memory, frame + w->frame_instr, &index);
		instr = (int32_t)index;
	} else {
		instr = (int32_t)((int64_t)(python_word(&memory, frame + w->frame_instr) - code -
					    w->code_start) >> 1);
	}
	s->frame(s->show, python_codes_place(s->codes, id, instr, &place) ? &place : NULL, fault);
}

static inline void stacks_thread(struct stacks *s, uint64_t tstate)
{
	const struct walk_python *w = &s->walk;
	uint64_t frame = stacks_word(s, tstate + w->tstate_frame);

	if (w->cframe_frame != RUNTIME_NO_FIELD)
		frame = stacks_word(s, frame + w->cframe_frame);
	for (int i = 0; frame && i < STACKS_FRAMES_MAX; i++) {
		if (!stacks_is_shim(s, frame))
			stacks_frame(s, frame);
		frame = stacks_word(s, frame + w->frame_previous);
	}
}

/* False when there is no layout. */
static inline bool stacks_walk(struct stacks *s, const struct python_file *file, uint64_t bias)
{
	const struct python_offsets *o = &file->offsets;
	uint64_t interp, tstate;
	unsigned n = 0;

	if (!python_layout(file, bias, s->read, s->context, &s->walk))
		return false;
	s->names = python_names_new(file, bias);
	interp = stacks_word(s, file->minor == 6 ? file->interpreters + bias :
						   file->runtime + bias + o->runtime_interpreters);
	for (; interp && n < STACKS_THREADS_MAX; interp = stacks_word(s, interp + o->interp_next)) {
		tstate = stacks_word(s, interp + o->interp_threads);
		for (; tstate && n < STACKS_THREADS_MAX; n++) {
			uint64_t thread = stacks_word(s, tstate + o->tstate_thread);

			s->thread(s->show, thread, stacks_state(s, thread) == tstate);
			stacks_thread(s, tstate);
			tstate = stacks_word(s, tstate + o->tstate_next);
		}
		n++;
	}
	python_names_free(s->names);
	return true;
}

#endif
