/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/v8.h"

#include <stdlib.h>
#include <string.h>

#include "abi/sample.h"
#include "base/vec.h"
#include "collect/images.h"
#include "collect/processes.h"
#include "proc/process.h"
#include "runtime/v8/codes.h"

#define TRIES_MAX 8u	/* V8 may be moving what is looked for: at the first frame, the second, the fourth, ... */

#define WASM_ASK 256u	/* frames of WebAssembly at one place */

void v8_frames_init(struct v8_frames *frames, struct images *images)
{
	*frames = (struct v8_frames){ .images = images };
}

void v8_frames_fini(struct v8_frames *frames)
{
	free(frames->items);
	idindex_fini(&frames->index);
	*frames = (struct v8_frames){ 0 };
}

static uint64_t known_hash(const struct v8_known *known)
{
	return hash_u64(hash_u64(known->address, known->kind),
			(uint64_t)known->incarnation << 32 | known->check);
}

static struct v8_known *find(const struct v8_frames *frames, const struct v8_known *wanted)
{
	uint64_t hash = known_hash(wanted);
	uint32_t step = 0, id;

	while ((id = idindex_probe(&frames->index, hash, &step))) {
		struct v8_known *known = &frames->items[id - 1];

		if (known->address == wanted->address && known->check == wanted->check &&
		    known->kind == wanted->kind && known->incarnation == wanted->incarnation)
			return known;
	}
	return NULL;
}

static struct v8_known *add(struct v8_frames *frames, const struct v8_known *wanted)
{
	if (VEC_RESERVE(&frames->items, &frames->cap, (uint64_t)frames->n + 1) < 0 ||
	    idindex_add(&frames->index, known_hash(wanted), frames->n + 1) < 0)
		return NULL;
	frames->items[frames->n] = *wanted;
	return &frames->items[frames->n++];
}

/* What the kernel half has copied; the process's memory for the rest. */
struct copied_memory {
	const struct sample_v8 *record;	/* NULL: nothing was copied */
	pid_t pid;
	bool alone;	/* only what was copied */
	bool live;	/* something was not in the copy */
};

static bool read_copied(void *context, void *out, size_t n, uint64_t address)
{
	struct copied_memory *memory = context;
	const struct sample_v8 *r = memory->record;

#define X(id, member, bytes)                                                               \
	if (r && r->n[V8_##id] <= (bytes) && address - r->at[V8_##id] <= r->n[V8_##id] &&  \
	    n <= r->n[V8_##id] - (address - r->at[V8_##id])) {                             \
		memcpy(out, r->member + (address - r->at[V8_##id]), n);                    \
		return true;                                                               \
	}
	SAMPLE_V8_PIECES(X)
#undef X
	/* maps, of which this is an object's type, stay where they are */
	if (n != sizeof(uint16_t)) {
		memory->live = true;
		if (memory->alone)
			return false;
	}
	return process_read_whole(&memory->pid, out, n, address);
}

static void read_code(struct v8_frames *frames, const struct process *process, uint32_t thread,
		      const struct v8_objects *objects, const struct sample_v8 *record,
		      struct v8_known *known)
{
	struct v8_owner owner = { process->incarnation, thread };
	struct v8_codes *codes = frames->images->v8_codes;
	struct copied_memory copied = { .record = record, .pid = process->pid };
	struct v8_memory now = { process_read_whole, &copied.pid, objects, NULL };
	struct v8_memory memory = { read_copied, &copied, objects, record ? &now : NULL };
	struct v8_seen seen = { known->kind, known->address, known->check };
	enum v8_fault fault;
	uint32_t id;

	known->tries++;
	id = v8_codes_read(codes, &memory, owner, &seen, &fault);
	/* of two times: then only what the process has now belongs together */
	if (id && record && copied.live && !v8_codes_still(&now, &seen)) {
		id = 0;
		fault = V8_FAULT_CHANGED;
	} else if (id) {
		v8_codes_believe(codes);
	}
	/* what was copied is often enough for the name, and of a function that is known for all */
	if (!id && record && known->kind != V8_OPTIMIZED) {
		copied.alone = true;
		id = v8_codes_read(codes, &memory, owner, &seen, &fault);
		if (!id && !known->id)
			id = v8_codes_await(codes, &memory, owner, &seen, fault);
	}
	if (id)
		known->id = id;
	if (!known->id && process_start_ticks(process->pid) == 0)
		fault = V8_FAULT_GONE;
	known->fault = known->id ? V8_FAULT_NONE : fault;
}

void v8_frames_learn(struct v8_frames *frames, const struct process *process,
		     const struct v8_objects *objects, const struct sample_v8 *record)
{
	struct v8_known wanted = {
		.address = SAMPLE_FRAME_PC(record->words[0]),
		.check = (uint32_t)(record->words[1] >> 32),
		.kind = SAMPLE_V8_KIND(record->words[1]), .incarnation = process->incarnation,
	};
	struct v8_known *known;

	if (!objects)
		return;
	known = find(frames, &wanted);
	if (known && known->id)
		return;
	if (!known)
		known = add(frames, &wanted);
	if (known)
		read_code(frames, process, record->hdr.tid, objects, record, known);
}

static bool is_function(const struct v8_known *known)
{
	return (known->kind >= V8_INTERPRETED && known->kind <= V8_OPTIMIZED) ||
	       (known->kind == V8_REGEXP && known->address);
}

/* Whether it was met for the first, the second, the fourth, ... time now. */
static bool meet(struct v8_known *known)
{
	known->met++;
	return !(known->met & (known->met - 1));
}

/* Whether it is to be read, once more perhaps. */
static bool is_time(const struct v8_frames *frames, struct v8_known *known)
{
	if (known->tries >= TRIES_MAX || (known->id && !v8_codes_incomplete(frames->images->v8_codes, known->id)))
		return false;
	return meet(known);
}

/* By the instruction and the instance: what is at both may be other code one day, so it is asked again now and then. */
static struct raw_frame wasm_frame(struct v8_frames *frames, const struct process *process,
				   const struct v8_objects *objects, const uint64_t pair[2])
{
	uint64_t pc = SAMPLE_FRAME_PC(pair[0]) - !!(pair[0] & SAMPLE_FRAME_RETURN), instance = V8_WASM_INSTANCE(pair[1]);
	struct v8_known wanted = { .address = pc, .check = (uint32_t)(instance >> 3), .kind = V8_WASM,
				   .incarnation = process->incarnation };
	struct copied_memory live = { .pid = process->pid };
	struct v8_memory memory = { read_copied, &live, objects, NULL };
	struct v8_known *known = find(frames, &wanted);
	struct raw_frame frame = { .image = IMAGE_V8_ID, .vaddr = (uint32_t)V8_WASM << 28 };
	uint32_t id;

	if (!known)
		known = add(frames, &wanted);
	if (!known || !objects || !instance)
		return frame;
	if (meet(known) || !(known->met % WASM_ASK)) {
		id = v8_codes_wasm(frames->images->v8_codes, &memory, process->incarnation, instance, pc);
		if (id)
			known->id = id;
	}
	frame.vaddr |= (uint64_t)known->id << 32;
	return frame;
}

static struct raw_frame frame_of(struct v8_frames *frames, const struct process *process, uint32_t thread,
				 const struct v8_objects *objects, const uint64_t pair[2])
{
	struct v8_known wanted = {
		.address = SAMPLE_FRAME_PC(pair[0]), .check = (uint32_t)(pair[1] >> 32),
		.kind = SAMPLE_V8_KIND(pair[1]), .incarnation = process->incarnation,
	};
	struct raw_frame frame = { .image = IMAGE_V8_ID, .vaddr = (uint32_t)pair[1] };
	struct v8_known *known;

	if (wanted.kind == V8_WASM)
		return wasm_frame(frames, process, objects, pair);
	if (!is_function(&wanted))	/* a fault, or what has no function */
		return frame;
	known = find(frames, &wanted);
	if (!known && objects)
		known = add(frames, &wanted);
	if (known && objects && is_time(frames, known))
		read_code(frames, process, thread, objects, NULL, known);
	if (known && known->id)
		frame.vaddr = (uint64_t)known->id << 32 | (uint32_t)pair[1] |
			      (pair[0] & SAMPLE_FRAME_RETURN ? V8_VADDR_RETURN : 0);
	else if (wanted.kind != V8_REGEXP)	/* (that is one, whichever) */
		frame.vaddr = known ? known->fault : V8_FAULT_NO_LAYOUT;
	return frame;
}

/* Looks for the code that an instruction is in, and reads it. */
static void look_for_code(struct v8_frames *frames, const struct process *process, uint32_t thread,
			  const struct v8_objects *objects, const struct v8_where *where,
			  struct v8_known *known)
{
	struct copied_memory live = { .pid = process->pid };
	struct v8_memory memory = { read_copied, &live, objects, NULL };
	struct v8_known code = { .incarnation = process->incarnation };
	struct v8_known *of_code;
	struct v8_seen seen;
	uint32_t at = (uint32_t)(known - frames->items), place;

	known->tries++;
	if (!v8_codes_at(&memory, where, &seen, &place))
		return;
	code.address = seen.address;
	code.check = seen.check;
	code.kind = seen.kind;
	of_code = find(frames, &code);
	if (!of_code) {
		of_code = add(frames, &code);	/* known may be elsewhere now */
		if (!of_code)
			return;
		read_code(frames, process, thread, objects, NULL, of_code);
	}
	frames->items[at].id = of_code->id;
	frames->items[at].place = place;
}

/* The frame of an instruction whose code the kernel half could not find: false when we cannot, either. */
static bool frame_at(struct v8_frames *frames, const struct process *process, uint32_t thread,
		     const struct v8_objects *objects, const uint64_t words[4],
		     struct raw_frame *ret_frame)
{
	struct v8_where where = {
		.pc = SAMPLE_FRAME_PC(words[0]), .is_return = words[0] & SAMPLE_FRAME_RETURN,
		.bytes_check = (uint32_t)(words[1] >> 32),
		.function_check = (uint32_t)(words[3] >> 32),
	};
	struct v8_known wanted = {
		.address = where.pc, .check = where.bytes_check ^ where.function_check,
		.kind = V8_AT, .incarnation = process->incarnation,
	};
	struct v8_known *known = find(frames, &wanted);

	if (!known)
		known = add(frames, &wanted);
	if (known && objects && is_time(frames, known)) {
		uint32_t at = (uint32_t)(known - frames->items);

		look_for_code(frames, process, thread, objects, &where, known);
		known = &frames->items[at];
	}
	if (!known || !known->id)
		return false;
	*ret_frame = (struct raw_frame){
		.image = IMAGE_V8_ID,
		.vaddr = (uint64_t)known->id << 32 | (uint32_t)V8_OPTIMIZED << 28 |
			 (known->place < SAMPLE_V8_PLACE_MAX ? known->place : SAMPLE_V8_PLACE_MAX) |
			 (where.is_return ? V8_VADDR_RETURN : 0),
	};
	return true;
}

uint32_t v8_frame_of(struct v8_frames *frames, const struct process *process, uint32_t thread,
		     const struct v8_objects *objects, const uint64_t *words, uint32_t n_words,
		     struct raw_frame *ret_frame)
{
	if (n_words < 2)
		return 0;
	if (SAMPLE_V8_KIND(words[1]) != V8_AT) {
		*ret_frame = frame_of(frames, process, thread, objects, words);
		return 2;
	}
	if (n_words < 4 || SAMPLE_V8_KIND(words[3]) != V8_FUNCTION)
		return 0;
	if (frame_at(frames, process, thread, objects, words, ret_frame))
		return 4;
	if (SAMPLE_V8_PLACE(words[3]) & V8_FUNCTION_LATE)
		*ret_frame = (struct raw_frame){ .image = IMAGE_V8_ID, .vaddr = V8_FAULT_CHANGED };
	else
		*ret_frame = frame_of(frames, process, thread, objects, words + 2);
	return 4;
}
