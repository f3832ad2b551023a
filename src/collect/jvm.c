/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/jvm.h"

#include <stdlib.h>

#include "abi/sample.h"
#include "base/vec.h"
#include "collect/images.h"
#include "collect/processes.h"
#include "proc/process.h"
#include "runtime/jvm/codes.h"
#include "runtime/runtime.h"

void jvm_frames_init(struct jvm_frames *frames, struct images *images)
{
	*frames = (struct jvm_frames){ .images = images };
}

void jvm_frames_fini(struct jvm_frames *frames)
{
	free(frames->items);
	idindex_fini(&frames->index);
	*frames = (struct jvm_frames){ 0 };
}

static uint64_t known_hash(const struct jvm_known *known)
{
	return hash_u64(hash_u64(known->words[0], known->words[1]), known->incarnation);
}

static struct jvm_known *find(const struct jvm_frames *frames, const struct jvm_known *wanted)
{
	uint64_t hash = known_hash(wanted);
	uint32_t step = 0, id;

	while ((id = idindex_probe(&frames->index, hash, &step))) {
		struct jvm_known *known = &frames->items[id - 1];

		if (known->words[0] == wanted->words[0] && known->words[1] == wanted->words[1] &&
		    known->incarnation == wanted->incarnation)
			return known;
	}
	return NULL;
}

static struct jvm_known *add(struct jvm_frames *frames, const struct jvm_known *wanted)
{
	if (VEC_RESERVE(&frames->items, &frames->cap, (uint64_t)frames->n + 1) < 0 ||
	    idindex_add(&frames->index, known_hash(wanted), frames->n + 1) < 0)
		return NULL;
	frames->items[frames->n] = *wanted;
	return &frames->items[frames->n++];
}

/* Also where it has yet to be waited for: the start of its library can be read as long as anything. */
static bool is_over(const struct process *process)
{
	pid_t pid = process->pid;
	uint32_t magic;

	return !process->space || !process_read_whole(&pid, &magic, sizeof(magic), process->space->runtime_bias);
}

static void read_place(struct jvm_frames *frames, const struct process *process, struct jvm_known *known)
{
	const struct runtime_file *file = process_runtime_file(frames->images, process);
	pid_t pid = process->pid;
	struct jvm_memory memory = { process_read_whole, &pid };
	struct jvm_seen seen = {
		.kind = SAMPLE_JVM_KIND(known->words[1]), .address = SAMPLE_FRAME_PC(known->words[0]),
		.check = SAMPLE_JVM_CHECK(known->words[1]), .place = SAMPLE_JVM_PLACE(known->words[1]),
		.is_return = !!(known->words[0] & SAMPLE_FRAME_RETURN),
	};
	const struct jvm_offsets *offsets = NULL;
	enum jvm_fault fault = JVM_FAULT_METHOD_FAULT;

	if (file && file->kind == RUNTIME_JVM)
		offsets = jvm_file_offsets(&file->jvm, process->space->runtime_bias, process_read_whole, &pid);
	if (offsets)
		known->id = jvm_codes_read(frames->images->jvm_codes, &memory, offsets, process->incarnation,
					   &seen, &fault);
	if (!known->id && is_over(process))
		fault = JVM_FAULT_GONE;
	known->fault = known->id ? JVM_FAULT_NONE : fault;
}

struct raw_frame jvm_frame_of(struct jvm_frames *frames, const struct process *process,
			      const uint64_t words[2])
{
	struct jvm_known wanted = { .words = { words[0], words[1] }, .incarnation = process->incarnation };
	struct raw_frame frame = { .image = IMAGE_JVM_ID, .vaddr = SAMPLE_JVM_PLACE(words[1]) };
	struct jvm_known *known;

	if (SAMPLE_JVM_KIND(words[1]) == JVM_FAULT)
		return frame;
	known = find(frames, &wanted);
	if (!known) {
		known = add(frames, &wanted);
		if (known)
			read_place(frames, process, known);
	}
	frame.vaddr = !known ? JVM_FAULT_METHOD_FAULT : known->id ? (uint64_t)known->id << 32 : known->fault;
	return frame;
}
