/* SPDX-License-Identifier: Apache-2.0 */
#include "format/losses.h"

#include "base/buf.h"
#include "format/format.h"
#include "model/profile.h"

static uint32_t parts_of_frames(const struct frames *frames)
{
	uint32_t has = 0;

	for (uint32_t i = 1; i < frames->n_frames; i++) {
		const struct frame *f = &frames->frames[i];
		const struct function *function = &frames->functions[f->function];

		/* where a line is the function's first one, formats that know functions have it */
		has |= f->line && f->line != function->start_line ? KEEPS(LINES) : 0;
		has |= f->column ? KEEPS(COLUMNS) : 0;
		has |= function->file ? KEEPS(FILES) : 0;
		has |= function->system_name && function->system_name != function->name ? KEEPS(LINKAGE) : 0;
		has |= frames->modules[f->module].path ? KEEPS(MODULES) : 0;
		has |= frames->modules[f->module].build_id ? KEEPS(BUILD_IDS) : 0;
		has |= f->address ? KEEPS(ADDRESSES) : 0;
		has |= f->kind != FRAME_NONE && f->kind != FRAME_NATIVE ? KEEPS(KINDS) : 0;
		has |= f->inlined ? KEEPS(INLINED) : 0;
	}
	return has;
}

static uint32_t parts_of_labels(const struct profile *profile)
{
	uint32_t has = 0;

	for (uint32_t i = 0; i < profile->labels.n_items; i++) {
		struct str key = strings_get(&profile->strings, profile->labels.items[i].key);

		has |= str_eq(key, STR("thread")) || str_eq(key, STR("tid"))   ? KEEPS(THREADS) :
		       str_eq(key, STR("process")) || str_eq(key, STR("pid")) ? KEEPS(PROCESSES) :
										 KEEPS(LABELS);
	}
	return has;
}

/* Whether some stack has a caller's caller. */
static bool is_deep(const struct stacktree *tree)
{
	for (uint32_t i = 1; i < tree->n; i++)
		if (tree->parent[i] && tree->parent[tree->parent[i]])
			return true;
	return false;
}

/* The format's only types are of the names and units that its reader gives them. */
static uint32_t lost_types(const struct format *format, const struct profile *profile)
{
	uint32_t lost = 0;

	for (uint32_t i = 0; i < profile->n_types; i++) {
		struct str name = profile_type_name(profile, i), unit = profile_type_unit(profile, i);
		const struct format_type *held = &format->held[i == profile->default_type ? 0 : 1];

		if (!held->type || !str_eq(name, str_of(held->type)) || !str_eq(unit, str_of(held->unit)))
			lost |= i == profile->default_type ? KEEPS(UNIT) : KEEPS(TYPES);
	}
	return lost;
}

static bool has_negatives(const struct profile *profile)
{
	for (uint64_t i = 0; i < (uint64_t)profile->n * profile->n_types; i++)
		if (profile->values[i] < 0)
			return true;
	return false;
}

uint32_t format_losses(const struct format *format, const struct profile *profile)
{
	uint32_t has = parts_of_frames(&profile->frames) | parts_of_labels(profile);

	if (!format->keeps)
		return 0;
	has |= is_deep(&profile->tree) ? KEEPS(STACKS) : 0;
	has |= profile->time_ns ? KEEPS(TIMES) : 0;
	has |= profile->start_wall_ns || profile->duration_ns ? KEEPS(DURATION) : 0;
	has |= profile->period ? KEEPS(PERIOD) : 0;
	has |= profile->stats.known ? KEEPS(STATISTICS) : 0;
	has |= profile->n_comments ? KEEPS(COMMENTS) : 0;
	has &= ~format->keeps;
	if (!(format->keeps & KEEPS(TYPES)))
		has |= lost_types(format, profile);
	has |= format->clamps && has_negatives(profile) ? LOST_NEGATIVES : 0;
	return has;
}

void losses_add_words(struct buf *out, uint32_t losses)
{
	static const char *const words[] = {
#define X(id, words) [PART_##id] = words,
		PROFILE_PARTS(X)
#undef X
		"values below zero",
	};
	bool any = false;

	for (int part = 0; part <= PROFILE_PART_COUNT; part++) {
		if (!(losses & 1u << part))
			continue;
		buf_addf(out, "%s%s", any ? ", " : "", words[part]);
		any = true;
	}
}
