/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/derived.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "model/profile.h"

#define TIME_PARTS 20

static const char *const keys[] = { "function", "module", "file", "kind", "time" };
enum { FUNCTION, MODULE, SOURCE, KIND, TIME, N_KEYS };

static int which(struct str key)
{
	for (int i = 0; i < N_KEYS; i++)
		if (str_eq(key, str_of(keys[i])))
			return i;
	return -1;
}

bool derived_is_key(struct str key)
{
	return which(key) >= 0;
}

static uint32_t text_of_frame(struct profile *profile, uint32_t id, int key)
{
	struct strings *strings = &profile->strings;
	const struct frame *frame = &profile->frames.frames[id];
	const struct function *function = &profile->frames.functions[frame->function];
	struct str path = strings_get(strings, profile->frames.modules[frame->module].path);

	if (key == KIND)
		return strings_add(strings, str_of(frame_kind_name(frame->kind)));
	if (key == MODULE)
		return strings_add(strings, str_basename(path));
	if (key == SOURCE)
		return function->file;
	return function->name ? function->name : function->system_name;
}

/* "0.50-0.75 s", and its number: parts of equal length. Nothing (0) outside of the times. */
static struct label label_of_time(struct profile *profile, uint64_t time_ns, const struct derived_times *times)
{
	double begin = (double)times->from_ns / 1e9, part = (double)(times->to_ns - times->from_ns) / TIME_PARTS / 1e9;
	int digits = part >= 1 ? 1 : part >= 0.01 ? 3 : 6, length;
	unsigned n = part > 0 ? (unsigned)((double)(time_ns - times->from_ns) / 1e9 / part) : 0;
	char text[64];

	if (time_ns < times->from_ns || time_ns > times->to_ns)
		return (struct label){ 0 };
	if (n >= TIME_PARTS)
		n = TIME_PARTS - 1;
	length = snprintf(text, sizeof(text), "%.*f-%.*f s", digits, begin + n * part, digits, begin + (n + 1) * part);
	return (struct label){ .str = strings_add(&profile->strings, str_over(text, (size_t)length)), .num = n };
}

/* The text of each frame is made once. */
static uint32_t *texts_of_frames(struct profile *profile, int key)
{
	uint32_t *texts = calloc((size_t)profile->frames.n_frames + 1, sizeof(*texts));

	for (uint32_t i = 1; texts && i < profile->frames.n_frames; i++)
		texts[i] = text_of_frame(profile, i, key);
	return texts;
}

static uint32_t with_label(struct profile *profile, uint32_t set, const struct label *label)
{
	struct label items[LABELS_PER_SET_MAX];
	const struct label *old;
	uint32_t n;

	if (labels_find(&profile->labels, set, label->key))
		return set;
	old = labels_get(&profile->labels, set, &n);
	if (n >= LABELS_PER_SET_MAX)
		n = LABELS_PER_SET_MAX - 1;
	memcpy(items, old, n * sizeof(*old));
	items[n] = *label;
	return labels_add(&profile->labels, items, n + 1);
}

/* What is looked at of `times`: nothing is after the last sample. */
static struct derived_times clip(const struct profile *profile, const struct derived_times *times)
{
	uint64_t end = 0;

	for (uint32_t i = 0; i < profile->n; i++)
		if (profile->time_ns[i] > end)
			end = profile->time_ns[i];
	if (end > times->to_ns)
		end = times->to_ns;
	return (struct derived_times){ times->from_ns, end > times->from_ns ? end : times->from_ns };
}

int derived_add(struct profile *profile, const struct profile *shown, struct str key,
		const struct derived_times *times, struct err *err)
{
	int wanted = which(key);
	uint32_t *texts = NULL, id = strings_add(&profile->strings, key);
	struct derived_times part = { 0 };

	if (wanted == TIME && !profile->time_ns)
		return err_fail(err, -EINVAL, "the profile does not say when its samples were taken");
	if (wanted == TIME)
		part = clip(profile, times);
	else
		texts = texts_of_frames(profile, wanted);
	if (wanted != TIME && !texts)
		return err_fail(err, -ENOMEM, "out of memory over %u frames", profile->frames.n_frames);
	for (uint32_t i = 0; i < profile->n; i++) {
		uint32_t frame = shown->tree.frame[shown->stack[i]];
		struct label label = { 0 };

		if (wanted == TIME)
			label = label_of_time(profile, profile->time_ns[i], &part);
		else if (frame < profile->frames.n_frames)
			label.str = texts[frame];
		label.key = id;
		if (label.str)
			profile->label_set[i] = with_label(profile, profile->label_set[i], &label);
	}
	free(texts);
	return profile_failed(profile) ? err_fail(err, -ENOMEM, "out of memory over %u samples", profile->n) : 0;
}
