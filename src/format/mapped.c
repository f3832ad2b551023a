/* SPDX-License-Identifier: Apache-2.0 */
#include "format/mapped.h"

#include "base/bisect.h"
#include "base/vec.h"
#include "format/module_kind.h"
#include "model/profile.h"

void mapped_fini(struct mapped *mapped)
{
	free(mapped->items);
}

static struct str next_word(struct str *rest)
{
	*rest = str_trim(*rest);
	return str_cut(rest, ' ');
}

static bool is_allocator(struct str path)
{
	struct str name = str_basename(path);

	return str_starts(name, STR("libjemalloc")) || str_starts(name, STR("libtcmalloc"));
}

/* "5599860bd000-5599860be000 r-xp 00001000 00:00 10011293    /usr/bin/app" */
static void read_line(struct mapped *mapped, struct str line)
{
	struct str rest = line, range = next_word(&rest), rights = next_word(&rest), from = str_cut(&range, '-');
	struct profile *profile = mapped->profile;
	struct module module = { 0 };

	if (rights.n < 3 || rights.p[2] != 'x' || str_parse_u64(from, 16, &module.start) < 0 ||
	    str_parse_u64(range, 16, &module.limit) < 0 || module.limit <= module.start ||
	    str_parse_u64(next_word(&rest), 16, &module.offset) < 0)
		return;
	next_word(&rest);	/* device */
	next_word(&rest);	/* inode */
	rest = str_trim(rest);
	if (!rest.n)
		return;
	module.path = strings_add(&profile->strings, rest);
	if (VEC_RESERVE(&mapped->items, &mapped->cap, (uint64_t)mapped->n + 1) < 0) {
		mapped->failed = true;
		return;
	}
	mapped->items[mapped->n++] = (struct mapping){
		.start = module.start, .limit = module.limit, .kind = (uint8_t)module_kind(rest),
		.module = frames_add_module(&profile->frames, &module), .allocator = is_allocator(rest) };
}

static int by_start(const void *left, const void *right)
{
	const struct mapping *a = left, *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

void mapped_read(struct mapped *mapped, struct str text)
{
	while (text.p && !mapped->failed)
		read_line(mapped, str_cut(&text, '\n'));
	if (mapped->n)
		qsort(mapped->items, mapped->n, sizeof(*mapped->items), by_start);
}

static const struct mapping *find(const struct mapped *mapped, uint64_t address)
{
	uint32_t before = BISECT(mapped->n, i, mapped->items[i].start <= address);

	return before && address < mapped->items[before - 1].limit ? &mapped->items[before - 1] : NULL;
}

uint32_t mapped_frame(const struct mapped *mapped, uint64_t address)
{
	const struct mapping *mapping = find(mapped, address);
	struct frame frame = { .address = address, .kind = FRAME_NATIVE };

	if (mapping) {
		frame.module = mapping->module;
		frame.kind = mapping->kind;
	}
	return frames_add(&mapped->profile->frames, &frame);
}

bool mapped_in_allocator(const struct mapped *mapped, uint64_t address)
{
	const struct mapping *mapping = find(mapped, address);

	return mapping && mapping->allocator;
}
