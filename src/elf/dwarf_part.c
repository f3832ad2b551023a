/* SPDX-License-Identifier: Apache-2.0 */
/* Reading no more of a compressed .debug_info than the queries need.
 *
 * Distributions compress their debug files, and a section's bytes can only be had from its start. Of
 * most files a profile holds few functions: every program has been called by __libc_start_main, whose
 * unit begins at byte 10,307 of the 5.8 MB of glibc. So .debug_aranges says which unit is the last one
 * needed, and the rest is not decompressed: 15 ms less for each recording.
 *
 * The first units of a file are answered for in the same way whether or not others follow, as long as
 * every query has a function in one of them and none of these refers to what is missing. If that does
 * not hold, all is read (dwarf->whole) and asked again. */
#include <errno.h>
#include <stdlib.h>

#include "base/bisect.h"
#include "base/cursor.h"
#include "elf/dwarf_internal.h"

#define SIZE_MIN 16384u	/* of .debug_info, compressed: less is not worth it */
#define OTHERS_MIN 65536u	/* of the sections that are as long a part of the whole, roughly */
#define SHARE_MAX 3	/* a third: zlib, which can stop, is half as fast as libdeflate, which cannot */

bool dwarf_part_possible(const struct elf *elf)
{
	const struct elf_section *info = elf_find_section(elf, STR(".debug_info"));

	return info && (info->flags & SHF_COMPRESSED) && info->size >= SIZE_MIN &&
	       elf_find_section(elf, STR(".debug_aranges")) &&
	       !elf_find_section(elf, STR(".gnu_debugaltlink"));
}

struct search {
	const uint64_t *vaddrs;
	uint32_t n, n_held;
	bool *held;	/* per query: by the tuples of a unit */
	uint64_t steps;
};

static uint32_t first_query(const struct search *s, uint64_t lo)
{
	return BISECT(s->n, i, s->vaddrs[i] < lo);
}

/* Whether the set's unit holds a query. */
static bool mark_held(struct search *s, struct aranges_set *set)
{
	uint64_t lo, hi;
	bool any = false;

	while (dwarf_aranges_next(set, &lo, &hi)) {
		for (uint32_t q = first_query(s, lo); q < s->n && s->vaddrs[q] < hi && s->steps;
		     q++, s->steps--) {
			s->n_held += !s->held[q];
			s->held[q] = true;
			any = true;
		}
	}
	return any;
}

/* Where the unit behind the last one needed begins. False when not all queries are in such units, or
 * nothing follows. */
static bool find_end(struct search *s, struct str aranges, uint64_t *ret_end)
{
	struct cursor c = cursor_over(aranges);
	struct aranges_set set;
	uint64_t last = 0, end = UINT64_MAX;

	while (dwarf_aranges_set(&c, &set))
		if (mark_held(s, &set) && set.unit > last)
			last = set.unit;
	if (s->n_held < s->n || !s->steps)
		return false;
	for (c = cursor_over(aranges); dwarf_aranges_set(&c, &set);)
		if (set.unit > last && set.unit < end)
			end = set.unit;
	*ret_end = end;
	return end != UINT64_MAX;
}

/* Abbreviations and line tables stand in the order of the units: three times the share of .debug_info
 * will do, and where it does not, whoever reads them says so. */
static void load_others(struct dwarf *dwarf, uint64_t end)
{
	struct elf *elf = dwarf->main.elf;
	const struct {
		struct str name;
		struct str *data;
	} others[] = {
		{ STR(".debug_abbrev"), &dwarf->main.sections.abbrev },
		{ STR(".debug_line"), &dwarf->main.sections.line },
	};
	uint64_t all = elf_section_bytes(elf, STR(".debug_info"));	/* at least SHARE_MAX * end */

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		uint64_t bytes = elf_section_bytes(elf, others[i].name);

		if (bytes > UINT32_MAX)	/* as `end` is not: their product fits */
			continue;
		/* failing, it is read as a whole with the rest */
		(void)!elf_section_head(elf, others[i].name, bytes * end / all * 3 + OTHERS_MIN,
					SHARE_MAX, others[i].data);
	}
}

bool dwarf_part_load(struct dwarf *dwarf, const uint64_t *vaddrs, uint32_t n)
{
	struct search s = { .vaddrs = vaddrs, .n = n, .steps = (uint64_t)n * 64 + 1000000,
			    .held = calloc(n ? n : 1, sizeof(*s.held)) };
	struct dwarf_sections *sections = &dwarf->main.sections;
	bool found = false;
	uint64_t end;

	if (s.held && n && elf_section_by_name(dwarf->main.elf, STR(".debug_aranges"),
					       &sections->aranges, NULL) == 0)
		found = find_end(&s, sections->aranges, &end) &&
			elf_section_head(dwarf->main.elf, STR(".debug_info"), end, SHARE_MAX,
					 &sections->info) == 0;
	free(s.held);
	if (found)
		load_others(dwarf, end);
	dwarf->main.cut = found;
	return found;
}

bool dwarf_part_enough(const struct dwarf *dwarf)
{
	for (uint32_t q = 0; q < dwarf->queries.n; q++)
		if (!dwarf->queries.leaf[q])
			return false;
	return !dwarf->main.ran_over;
}
