/* SPDX-License-Identifier: Apache-2.0 */
#include "session/rawtree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

int rawtree_init(struct rawtree *raw)
{
	*raw = (struct rawtree){ 0 };
	stacktree_init(&raw->tree);
	if (raw->tree.failed || VEC_RESERVE(&raw->frames, &raw->cap_frames, 1) < 0)
		return -ENOMEM;
	raw->n_frames = 1;
	return 0;
}

void rawtree_fini(struct rawtree *raw)
{
	free(raw->frames);
	free(raw->counts);
	free(raw->time_ns);
	free(raw->count_of);
	idindex_fini(&raw->frame_index);
	idindex_fini(&raw->count_index);
	stacktree_fini(&raw->tree);
	*raw = (struct rawtree){ 0 };
}

static uint32_t frame_id(struct rawtree *raw, const struct raw_frame *frame)
{
	uint64_t hash = hash_u64(frame->vaddr, (uint64_t)frame->image << 1 | frame->guessed);
	uint32_t step = 0, id;

	while ((id = idindex_probe(&raw->frame_index, hash, &step)))
		if (!memcmp(&raw->frames[id], frame, sizeof(*frame)))
			return id;
	if (VEC_RESERVE(&raw->frames, &raw->cap_frames, (uint64_t)raw->n_frames + 1) < 0 ||
	    idindex_add(&raw->frame_index, hash, raw->n_frames) < 0)
		return 0;
	raw->frames[raw->n_frames] = *frame;
	return raw->n_frames++;
}

static int count(struct rawtree *raw, uint32_t stack, uint32_t label_set, uint32_t *ret_place)
{
	uint64_t hash = hash_u64(stack, label_set);
	uint32_t step = 0, id;

	while ((id = idindex_probe(&raw->count_index, hash, &step))) {
		struct raw_count *c = &raw->counts[id - 1];

		if (c->stack == stack && c->label_set == label_set) {
			c->n++;
			*ret_place = id - 1;
			return 0;
		}
	}
	if (VEC_RESERVE(&raw->counts, &raw->cap_counts, (uint64_t)raw->n_counts + 1) < 0 ||
	    idindex_add(&raw->count_index, hash, raw->n_counts + 1) < 0)
		return -ENOMEM;
	*ret_place = raw->n_counts;
	raw->counts[raw->n_counts++] = (struct raw_count){ stack, label_set, 1 };
	return 0;
}

static int keep_time(struct rawtree *raw, uint32_t place, uint64_t time_ns)
{
	uint64_t need = (uint64_t)raw->n_times + 1;

	if (need > raw->times_max) {
		raw->times_max = raw->n_times = 0;
		return 0;
	}
	if (VEC_RESERVE(&raw->time_ns, &raw->cap_times, need) < 0 ||
	    VEC_RESERVE(&raw->count_of, &raw->cap_count_of, need) < 0)
		return -ENOMEM;
	raw->time_ns[raw->n_times] = time_ns;
	raw->count_of[raw->n_times++] = place;
	return 0;
}

int rawtree_add(struct rawtree *raw, const struct raw_sample *sample, uint32_t label_set)
{
	struct raw_frame cut = { .vaddr = sample->end, .image = RAW_CUT_IMAGE };
	uint32_t stack = 0, frame, place;
	int rc;

	if (sample->end != WALK_COMPLETE) {
		frame = frame_id(raw, &cut);
		if (!frame)
			return -ENOMEM;
		stack = stacktree_push(&raw->tree, 0, frame);
	}
	for (uint32_t i = sample->n; i-- > 0;) {
		frame = frame_id(raw, &sample->frames[i]);
		if (!frame)
			return -ENOMEM;
		stack = stacktree_push(&raw->tree, stack, frame);
	}
	if (raw->tree.failed)
		return -ENOMEM;
	rc = count(raw, stack, label_set, &place);
	return rc == 0 && raw->times_max ? keep_time(raw, place, sample->time_ns) : rc;
}
