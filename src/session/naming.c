/* SPDX-License-Identifier: Apache-2.0 */
#include "session/naming.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "collect/images.h"
#include "collect/ksyms.h"
#include "symbol/symbol.h"

/* Which frames (of the profile) a raw frame stands for: chain[first[id] .. first[id] + n[id]), innermost
 * first. */
struct chains {
	uint32_t *first;
	uint16_t *n;
	bool *named;
	uint32_t *frames;
	uint32_t n_frames, cap_frames;
};

struct query {
	uint64_t vaddr;
	uint32_t image;
	uint32_t raw;
};

static const char *const cut_words[WALK_END_COUNT] = {
#define X(id, words) [WALK_##id] = words,
	WALK_ENDS(X)
#undef X
};

static int by_image_and_address(const void *left, const void *right)
{
	const struct query *a = left, *b = right;

	if (a->image != b->image)
		return a->image < b->image ? -1 : 1;
	return (a->vaddr > b->vaddr) - (a->vaddr < b->vaddr);
}

static int chains_add(struct chains *chains, uint32_t raw, const uint32_t *frames, uint32_t n,
		      bool named)
{
	if (n > UINT16_MAX)
		n = UINT16_MAX;
	if ((uint64_t)chains->n_frames + n > chains->cap_frames) {
		uint32_t cap = chains->cap_frames * 2 + n + 1024;
		uint32_t *grown = realloc(chains->frames, cap * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		chains->frames = grown;
		chains->cap_frames = cap;
	}
	chains->first[raw] = chains->n_frames;
	chains->n[raw] = (uint16_t)n;
	chains->named[raw] = named;
	for (uint32_t i = 0; i < n; i++)
		chains->frames[chains->n_frames++] = frames[i];
	return 0;
}

static int open_runtime(struct symbol_object **ret_object, const struct image *image,
			struct err *err)
{
	int rc = symbol_object_open_jit(ret_object, image->pid, image->process, err);

	if (rc < 0)
		return rc;
	symbol_object_set_perf_home(*ret_object, &image->perf_home);
	return image->jitdump.n ?
	       symbol_object_set_jitdump(*ret_object, image->jitdump, err) : 0;
}

static int open_file(struct symbol_object **ret_object, const struct image *image, bool runtime_lines,
		     struct err *err)
{
	int rc = symbol_object_open_file(ret_object, image->fd, image->path, image->root,
					 str_over(image->build_id, image->build_id_n), err);

	if (rc == 0)
		symbol_object_set_stamp(*ret_object, image->size, image->mtime_ns);
	if (rc == 0 && image->interpreter)
		symbol_object_set_interpreter(*ret_object, runtime_lines);
	return rc;
}

static bool ask_kernel(void *context, uint64_t address, struct str *ret_name, struct str *ret_module)
{
	return ksyms_find(context, address, ret_name, ret_module);
}

static int open_object(struct symbol_object **ret_object, const struct images *images, uint32_t id,
		       bool runtime_lines, struct err *err)
{
	const struct image *image = images_get(images, id);

	switch (image->kind) {
	case IMAGE_KERNEL:
		return symbol_object_open_kernel(ret_object, err);
	case IMAGE_FILE:
		return open_file(ret_object, image, runtime_lines, err);
	case IMAGE_VDSO:
		return symbol_object_open_vdso(ret_object, image->elf.bytes, err);
	case IMAGE_RUNTIME:
		return open_runtime(ret_object, image, err);
	case IMAGE_PYTHON:
		return symbol_object_open_python(ret_object, images->codes, err);
	case IMAGE_V8:
		return symbol_object_open_v8(ret_object, images->v8_codes, err);
	case IMAGE_JVM:
		return symbol_object_open_jvm(ret_object, images->jvm_codes, err);
	case IMAGE_NONE:
		break;
	}
	return symbol_object_open_unknown(ret_object, STR("no mapping holds this address"), err);
}

static bool is_named(const struct frames *frames, uint32_t frame)
{
	struct str name = frame_name(frames, frame);

	/* an interpreter's function without a name keeps its kind */
	return frames->frames[frame].kind != FRAME_UNKNOWN &&
	       !(frames->frames[frame].kind == FRAME_RUNTIME && name.n && name.p[0] == '[');
}

/* Those of one address: what it is in, and what was inlined there. */
static bool are_named(const struct frames *frames, const uint32_t *ids, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (!is_named(frames, ids[i]))
			return false;
	return n;
}

/* Names the addresses of one image: queries[0 .. n), sorted. */
static int name_image(struct profile *profile, struct chains *chains, const struct images *images,
		      const struct query *queries, uint32_t n, bool runtime_lines, struct err *err)
{
	struct symbol_chains named = { 0 };
	struct symbol_object *object = NULL;
	struct ksyms *ksyms = queries[0].image == IMAGE_KERNEL_ID ? ksyms_open() : NULL;
	uint64_t *vaddrs = calloc(n, sizeof(*vaddrs));
	uint32_t distinct = 0;
	int rc = vaddrs ? open_object(&object, images, queries[0].image, runtime_lines, err) : -ENOMEM;

	for (uint32_t i = 0; rc == 0 && i < n; i++)
		if (!distinct || vaddrs[distinct - 1] != queries[i].vaddr)
			vaddrs[distinct++] = queries[i].vaddr;
	if (rc == 0 && ksyms)
		symbol_object_set_kernel_names(object, ask_kernel, ksyms);
	if (rc == 0)
		rc = symbol_resolve(object, &profile->frames, vaddrs, distinct, &named, err);
	for (uint32_t i = 0, at = 0; rc == 0 && i < n; i++) {
		uint32_t count;

		while (vaddrs[at] != queries[i].vaddr)
			at++;
		count = named.first[at + 1] - named.first[at];
		rc = chains_add(chains, queries[i].raw, named.frames + named.first[at], count,
				are_named(&profile->frames, named.frames + named.first[at], count));
	}
	symbol_chains_fini(&named);
	symbol_object_close(object);
	ksyms_close(ksyms);
	free(vaddrs);
	return rc;
}

/* The frame above a stack that was cut: its name says why. */
static int name_cut(struct profile *profile, struct chains *chains, uint32_t raw, uint64_t end)
{
	char name[128];
	struct function function = { 0 };
	struct frame frame = { .kind = FRAME_UNKNOWN };
	uint32_t id;

	snprintf(name, sizeof(name), "[stack cut: %s]",
		 end < WALK_END_COUNT ? cut_words[end] : "unknown reason");
	function.name = strings_add(&profile->strings, str_of(name));
	frame.function = frames_add_function(&profile->frames, &function);
	id = frames_add(&profile->frames, &frame);
	return chains_add(chains, raw, &id, 1, false);
}

static int name_all(struct profile *profile, struct chains *chains, const struct rawtree *raw,
		    const struct images *images, bool runtime_lines, struct err *err)
{
	struct query *queries = calloc(raw->n_frames, sizeof(*queries));
	uint32_t n = 0;
	int rc = queries ? 0 : -ENOMEM;

	for (uint32_t id = 1; rc == 0 && id < raw->n_frames; id++) {
		const struct raw_frame *frame = &raw->frames[id];

		if (frame->image == RAW_CUT_IMAGE)
			rc = name_cut(profile, chains, id, frame->vaddr);
		else
			queries[n++] = (struct query){ frame->vaddr, frame->image, id };
	}
	if (rc == 0)
		qsort(queries, n, sizeof(*queries), by_image_and_address);
	for (uint32_t first = 0, end; rc == 0 && first < n; first = end) {
		for (end = first; end < n && queries[end].image == queries[first].image; end++)
			;
		rc = name_image(profile, chains, images, queries + first, end - first, runtime_lines,
				err);
	}
	free(queries);
	return rc;
}

/* Frames seen and frames named, each as often as samples passed through it. */
static int count_named(struct profile *profile, const struct chains *chains,
		       const struct rawtree *raw)
{
	uint64_t *through = calloc(raw->tree.n, sizeof(*through));

	if (!through)
		return -ENOMEM;
	for (uint32_t i = 0; i < raw->n_counts; i++)
		through[raw->counts[i].stack] += raw->counts[i].n;
	for (uint32_t id = raw->tree.n; id-- > 1;) {
		uint32_t frame = raw->tree.frame[id];

		through[raw->tree.parent[id]] += through[id];
		if (raw->frames[frame].image == RAW_CUT_IMAGE)
			continue;
		profile->stats.frames += through[id];
		if (chains->named[frame])
			profile->stats.frames_named += through[id];
	}
	free(through);
	return 0;
}

/* What was seen, how often; or each sample at its time. */
static void add_samples(struct profile *profile, const struct rawtree *raw, const uint32_t *stack_of,
			uint64_t period_ns, uint64_t start_ns)
{
	for (uint32_t i = 0; !raw->times_max && i < raw->n_counts; i++) {
		const struct raw_count *count = &raw->counts[i];
		int64_t values[2] = { (int64_t)count->n, (int64_t)(count->n * period_ns) };

		profile_add(profile, stack_of[count->stack], count->label_set, values);
	}
	for (uint32_t i = 0; raw->times_max && i < raw->n_times; i++) {
		const struct raw_count *count = &raw->counts[raw->count_of[i]];
		int64_t values[2] = { 1, (int64_t)period_ns };
		uint64_t time_ns = raw->time_ns[i];

		profile_add_at(profile, stack_of[count->stack], count->label_set,
			       time_ns > start_ns ? time_ns - start_ns : 0, values);
	}
}

static int convert_tree(struct profile *profile, const struct chains *chains,
			const struct rawtree *raw, uint64_t period_ns, uint64_t start_ns)
{
	uint32_t *stack_of = calloc(raw->tree.n, sizeof(*stack_of));

	if (!stack_of)
		return -ENOMEM;
	for (uint32_t id = 1; id < raw->tree.n; id++) {
		uint32_t frame = raw->tree.frame[id], stack = stack_of[raw->tree.parent[id]];

		for (uint32_t i = chains->n[frame]; i-- > 0;)
			stack = stacktree_push(&profile->tree, stack,
					       chains->frames[chains->first[frame] + i]);
		stack_of[id] = stack;
	}
	add_samples(profile, raw, stack_of, period_ns, start_ns);
	free(stack_of);
	return profile_failed(profile) ? -ENOMEM : 0;
}

int naming_finish(struct profile *profile, const struct rawtree *raw, const struct images *images,
		  uint64_t period_ns, uint64_t start_ns, bool runtime_lines, struct err *err)
{
	struct chains chains = {
		.first = calloc(raw->n_frames, sizeof(*chains.first)),
		.n = calloc(raw->n_frames, sizeof(*chains.n)),
		.named = calloc(raw->n_frames, sizeof(*chains.named)),
	};
	int rc = chains.first && chains.n && chains.named ? 0 : -ENOMEM;

	if (rc == 0)
		rc = name_all(profile, &chains, raw, images, runtime_lines, err);
	if (rc == 0)
		rc = count_named(profile, &chains, raw);
	if (rc == 0)
		rc = convert_tree(profile, &chains, raw, period_ns, start_ns);
	free(chains.first);
	free(chains.n);
	free(chains.named);
	free(chains.frames);
	if (rc < 0)
		err_set(err, "cannot name the recorded addresses: %s", err_text(rc));
	return rc;
}
