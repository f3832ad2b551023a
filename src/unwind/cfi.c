/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/cfi.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/vec.h"
#include "unwind/memory.h"
#include "unwind/unwind.h"

#define NO_CIE UINT32_MAX

#define FDE_BYTES_MIN 24

/* Real ones take some twenty bytes. Hostile FDEs may each name another "CIE" in the middle of
 * entries: the cap keeps the sum of their lengths in bounds. */
#define CIE_BYTES_MAX 4096

static uint64_t pointer_value(struct cursor *c, uint8_t format)
{
	switch (format) {
	case CFI_PTR_ABS:
	case CFI_PTR_U8:
	case CFI_PTR_S8:
		return cursor_u64(c);
	case CFI_PTR_ULEB:
		return cursor_uleb(c);
	case CFI_PTR_SLEB:
		return (uint64_t)cursor_sleb(c);
	case CFI_PTR_U2:
		return cursor_u16(c);
	case CFI_PTR_S2:
		return (uint64_t)(int64_t)cursor_s16(c);
	case CFI_PTR_U4:
		return cursor_u32(c);
	case CFI_PTR_S4:
		return (uint64_t)(int64_t)cursor_s32(c);
	}
	cursor_fail(c);
	return 0;
}

uint64_t cfi_read_pointer(struct cursor *c, uint8_t encoding, const struct cfi_section *section)
{
	uint64_t at = section->vaddr + (uint64_t)((const char *)c->p - section->bytes.p);

	switch (encoding & CFI_PTR_BASE) {
	case 0:
		return pointer_value(c, encoding & CFI_PTR_FORMAT);
	case CFI_PTR_PCREL:
		return at + pointer_value(c, encoding & CFI_PTR_FORMAT);
	case CFI_PTR_TEXTREL:
		return section->text_base + pointer_value(c, encoding & CFI_PTR_FORMAT);
	case CFI_PTR_DATAREL:
		return section->data_base + pointer_value(c, encoding & CFI_PTR_FORMAT);
	case CFI_PTR_ALIGNED:
		cursor_skip(c, -at & 7);
		return cursor_u64(c);
	}
	cursor_fail(c);
	return 0;
}

/* The letters after 'z' (LSB 5.0, "Augmentation String Format"). */
static bool read_augmentation(struct cfi_cie *cie, struct str letters, struct cursor *data)
{
	for (size_t i = 0; i < letters.n; i++) {
		uint8_t encoding;

		switch (letters.p[i]) {
		case 'R':
			cie->fde_encoding = cursor_u8(data);
			break;
		case 'P':
			encoding = cursor_u8(data);
			if (encoding != CFI_PTR_OMIT)
				cfi_read_pointer(data, encoding & ~CFI_PTR_INDIRECT, cie->section);
			break;
		case 'L':
			cursor_u8(data);
			break;
		case 'S':
			cie->signal = true;
			break;
		case 'B':	/* aarch64: return addresses are signed with the B key */
		case 'G':	/* aarch64: tagged stack */
			break;
		default:
			return false;
		}
	}
	return !data->failed;
}

/* From the version byte on. False when damaged or of a kind we cannot use. */
static bool parse_cie(struct cfi_cie *cie, struct cursor *c)
{
	uint8_t version = cursor_u8(c), address_size = 8, segment_size = 0;
	struct str augmentation = cursor_cstr(c);
	uint64_t return_reg;

	if (c->failed || cursor_left(c) > CIE_BYTES_MAX ||
	    (version != 1 && version != 3 && version != 4))
		return false;
	if (str_eq(augmentation, STR("eh")))	/* gcc before 3.0 */
		cursor_u64(c);
	else if (augmentation.n && augmentation.p[0] != 'z')
		return false;
	if (version == 4) {
		address_size = cursor_u8(c);
		segment_size = cursor_u8(c);
	}
	cie->code_align = cursor_uleb(c);
	cie->data_align = cursor_sleb(c);
	return_reg = version == 1 ? cursor_u8(c) : cursor_uleb(c);
	if (c->failed || address_size != 8 || segment_size || return_reg != UNWIND_RIP)
		return false;
	if (augmentation.n && augmentation.p[0] == 'z') {
		struct cursor data;

		cie->has_sizes = true;
		data = cursor_sub(c, cursor_uleb(c));
		if (!read_augmentation(cie, str_skip(augmentation, 1), &data))
			return false;
	}
	cie->program = cursor_bytes(c, cursor_left(c));
	return !c->failed && cfi_run_cie(cie);
}

/* The length and CIE pointer every entry begins with. */
struct entry {
	struct cursor body;	/* after the CIE pointer */
	uint64_t off;
	uint64_t cie_off;
	bool is_cie;
};

/* False at a terminator, which linkers also leave in the middle, and at the damaged end. */
static bool read_entry(const struct cfi_section *section, struct cursor *c, struct entry *entry)
{
	uint64_t length, id, id_off, all_ones = UINT32_MAX;
	unsigned size = 4;

	entry->off = cursor_pos(c);
	length = cursor_u32(c);
	if (length == UINT32_MAX) {
		length = cursor_u64(c);
		size = 8;
		all_ones = UINT64_MAX;
	}
	if (!length || c->failed)
		return false;
	id_off = cursor_pos(c);
	entry->body = cursor_sub(c, length);
	id = cursor_uint(&entry->body, size);
	entry->is_cie = id == (section->debug_frame ? all_ones : 0);
	entry->cie_off = section->debug_frame ? id : id_off - id;
	return !entry->body.failed;
}

static int add_cie(struct cfi *cfi, const struct cfi_section *section, struct entry *entry,
		   struct unwind_stats *stats, uint32_t *ret_index)
{
	struct cfi_cie cie = { .section = section, .off = entry->off };
	int rc;

	cie.usable = parse_cie(&cie, &entry->body);
	stats->damaged += !cie.usable;
	rc = VEC_RESERVE(&cfi->cies, &cfi->cap_cies, (uint64_t)cfi->n_cies + 1);
	if (rc == 0)
		rc = idindex_add(&cfi->cies_by_off, hash_u64(cie.off, 0), cfi->n_cies + 1);
	if (rc < 0)
		return rc;
	cfi->cies[cfi->n_cies] = cie;
	*ret_index = cfi->n_cies++;
	return 0;
}

/* The CIE at off, parsed on first use: an FDE may come before its CIE. */
static int find_cie(struct cfi *cfi, const struct cfi_section *section, uint64_t off,
		    struct unwind_stats *stats, uint32_t *ret_index)
{
	uint64_t hash = hash_u64(off, 0);
	uint32_t step = 0, id;
	struct cursor c = cursor_over(section->bytes);
	struct entry entry;

	*ret_index = NO_CIE;
	while ((id = idindex_probe(&cfi->cies_by_off, hash, &step))) {
		if (cfi->cies[id - 1].off == off) {
			*ret_index = id - 1;
			return 0;
		}
	}
	cursor_seek(&c, off);
	if (c.failed || !read_entry(section, &c, &entry) || !entry.is_cie)
		return 0;
	return add_cie(cfi, section, &entry, stats, ret_index);
}

static bool parse_fde(struct cfi_range *range, const struct cfi_cie *cie, struct cursor *c)
{
	struct str program;
	uint64_t size;

	range->start = cfi_read_pointer(c, cie->fde_encoding, cie->section);
	size = pointer_value(c, cie->fde_encoding & CFI_PTR_FORMAT);
	if (cie->has_sizes)
		cursor_skip(c, cursor_uleb(c));
	program = cursor_bytes(c, cursor_left(c));
	range->program = program.p;
	range->program_n = (uint32_t)program.n;
	range->size = (uint32_t)size;
	return !c->failed && !(cie->fde_encoding & CFI_PTR_INDIRECT) && size <= UINT32_MAX &&
	       program.n <= UINT32_MAX;
}

/* No VEC_RESERVE(): zeroing what a big file will not use took a tenth of the whole build. */
static int reserve_ranges(struct cfi *cfi, uint64_t cap)
{
	struct cfi_range *ranges = NULL;

	if (cap <= UINT32_MAX)
		ranges = memory_resize(cfi->ranges, cap * sizeof(*ranges));
	if (!ranges)
		return -ENOMEM;
	cfi->ranges = ranges;
	cfi->cap = (uint32_t)cap;
	return 0;
}

int cfi_add_range(struct cfi *cfi, const struct cfi_range *range)
{
	if (cfi->n == cfi->cap && reserve_ranges(cfi, (uint64_t)cfi->cap * 2 + 16) < 0)
		return -ENOMEM;
	cfi->ranges[cfi->n++] = *range;
	return 0;
}

static int add_fde(struct cfi *cfi, const struct cfi_section *section, struct entry *entry,
		   uint32_t *last_cie, struct unwind_stats *stats)
{
	struct cfi_range range = { .fallback = section->debug_frame };
	int rc;

	if (*last_cie == NO_CIE || cfi->cies[*last_cie].off != entry->cie_off) {
		rc = find_cie(cfi, section, entry->cie_off, stats, last_cie);
		if (rc < 0)
			return rc;
	}
	range.cie = *last_cie;
	if (range.cie == NO_CIE || !cfi->cies[range.cie].usable ||
	    !parse_fde(&range, &cfi->cies[range.cie], &entry->body)) {
		stats->damaged++;
		return 0;
	}
	/* Functions that the linker threw away leave FDEs at 0 and of size 0. */
	if (!range.size || range.start < cfi->text_start || range.start >= cfi->text_end ||
	    range.size > cfi->text_end - range.start)
		return 0;
	stats->fdes++;
	return cfi_add_range(cfi, &range);
}

int cfi_read_section(struct cfi *cfi, const struct cfi_section *section, struct unwind_stats *stats)
{
	struct cursor c = cursor_over(section->bytes);
	uint32_t last_cie = NO_CIE;
	struct entry entry;
	int rc;

	idindex_fini(&cfi->cies_by_off);
	/* Room for as many as there can be, in practice; what is not touched costs nothing. */
	rc = reserve_ranges(cfi, cfi->n + section->bytes.n / FDE_BYTES_MIN + 16);
	while (rc == 0 && cursor_more(&c)) {
		if (!read_entry(section, &c, &entry))
			stats->damaged += c.failed;
		else if (!entry.is_cie)
			rc = add_fde(cfi, section, &entry, &last_cie, stats);
	}
	return rc;
}

void cfi_fini(struct cfi *cfi)
{
	free(cfi->cies);
	free(cfi->ranges);
	idindex_fini(&cfi->cies_by_off);
	*cfi = (struct cfi){ 0 };
}

struct sort_key {
	uint32_t start;		/* from text_start */
	uint32_t i;
};

#define DIGIT_BITS 11
#define DIGITS (1u << DIGIT_BITS)

static void sort_by_digit(const struct sort_key *in, struct sort_key *out, uint32_t n,
			  unsigned shift)
{
	uint32_t at[DIGITS] = { 0 };
	uint32_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		at[in[i].start >> shift & (DIGITS - 1)]++;
	for (uint32_t d = 0; d < DIGITS; d++) {
		uint32_t count = at[d];

		at[d] = sum;
		sum += count;
	}
	for (uint32_t i = 0; i < n; i++)
		out[at[in[i].start >> shift & (DIGITS - 1)]++] = in[i];
}

/* Moves each range to its place, cycle by cycle: a second copy of them all would cost more in page
 * faults than the sorting itself. */
static void permute(struct cfi_range *ranges, struct sort_key *keys, uint32_t n)
{
	for (uint32_t first = 0; first < n; first++) {
		struct cfi_range saved = ranges[first];
		uint32_t to = first;

		while (keys[to].i != first) {
			uint32_t from = keys[to].i;

			ranges[to] = ranges[from];
			keys[to].i = to;
			to = from;
		}
		ranges[to] = saved;
		keys[to].i = to;
	}
}

int cfi_sort(struct cfi *cfi)
{
	uint32_t n = cfi->n;
	struct sort_key *memory = malloc(((size_t)n * 2 + 1) * sizeof(*memory));
	struct sort_key *keys = memory, *other = memory + n, *swap;
	uint64_t span = cfi->text_end - cfi->text_start;

	if (!memory)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		keys[i] = (struct sort_key){
			.start = (uint32_t)(cfi->ranges[i].start - cfi->text_start), .i = i };
	for (unsigned shift = 0; shift < 32 && span >> shift; shift += DIGIT_BITS) {
		sort_by_digit(keys, other, n, shift);
		swap = keys;
		keys = other;
		other = swap;
	}
	permute(cfi->ranges, keys, n);
	free(memory);
	return 0;
}
