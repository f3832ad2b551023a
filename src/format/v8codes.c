/* SPDX-License-Identifier: Apache-2.0 */
#include "format/v8codes.h"

#include "base/vec.h"

#define PAGE_BITS 12
#define LINKS_MAX (64u << 20)

void v8codes_fini(struct v8codes *codes)
{
	free(codes->codes);
	free(codes->links);
	free(codes->pages);
	idindex_fini(&codes->index);
}

static struct v8code_page *find_page(const struct v8codes *codes, uint64_t number)
{
	uint64_t hash = hash_u64(number, 0);
	uint32_t step = 0, id;

	while ((id = idindex_probe(&codes->index, hash, &step)))
		if (codes->pages[id].number == number)
			return &codes->pages[id];
	return NULL;
}

static struct v8code_page *get_page(struct v8codes *codes, uint64_t number)
{
	struct v8code_page *page = find_page(codes, number);
	uint32_t id = codes->n_pages ? codes->n_pages : 1;

	if (page)
		return page;
	if (VEC_RESERVE(&codes->pages, &codes->cap_pages, (uint64_t)id + 1) < 0 ||
	    idindex_add(&codes->index, hash_u64(number, 0), id) < 0)
		return NULL;
	codes->n_pages = id + 1;
	codes->pages[id] = (struct v8code_page){ .number = number };
	return &codes->pages[id];
}

static bool overlap(const struct v8code *a, const struct v8code *b)
{
	return a->start < b->start ? b->start - a->start < a->bytes : a->start - b->start < b->bytes;
}

/* Takes those out of the page's list that have gone, or whose place the new code takes. */
static void clear(struct v8codes *codes, struct v8code_page *page, const struct v8code *code)
{
	uint32_t *at = &page->first;

	while (*at) {
		struct v8code_link *link = &codes->links[*at];
		struct v8code *old = &codes->codes[link->code];

		old->gone |= overlap(old, code);
		if (old->gone)
			*at = link->next;
		else
			at = &link->next;
	}
}

static bool link_page(struct v8codes *codes, uint64_t number, uint32_t code)
{
	struct v8code_page *page = get_page(codes, number);
	uint32_t id = codes->n_links ? codes->n_links : 1;

	if (!page || id == LINKS_MAX ||
	    VEC_RESERVE(&codes->links, &codes->cap_links, (uint64_t)id + 1) < 0)
		return false;
	clear(codes, page, &codes->codes[code]);
	codes->links[id] = (struct v8code_link){ code, page->first };
	page->first = id;
	codes->n_links = id + 1;
	return true;
}

void v8codes_add(struct v8codes *codes, uint64_t start, uint32_t bytes, uint32_t frame)
{
	uint32_t id = codes->n_codes ? codes->n_codes : 1;

	if (!bytes || bytes > UINT64_MAX - start || codes->failed)
		return;
	if (VEC_RESERVE(&codes->codes, &codes->cap_codes, (uint64_t)id + 1) < 0) {
		codes->failed = true;
		return;
	}
	codes->codes[id] = (struct v8code){ .start = start, .bytes = bytes, .frame = frame };
	codes->n_codes = id + 1;
	for (uint64_t page = start >> PAGE_BITS; page <= (start + bytes - 1) >> PAGE_BITS; page++) {
		if (!link_page(codes, page, id)) {
			codes->failed = true;
			return;
		}
	}
}

static struct v8code *find(const struct v8codes *codes, uint64_t address)
{
	const struct v8code_page *page = find_page(codes, address >> PAGE_BITS);

	for (uint32_t at = page ? page->first : 0; at; at = codes->links[at].next) {
		struct v8code *code = &codes->codes[codes->links[at].code];

		if (!code->gone && address >= code->start && address - code->start < code->bytes)
			return code;
	}
	return NULL;
}

void v8codes_remove(struct v8codes *codes, uint64_t start)
{
	struct v8code *code = find(codes, start);

	if (code && code->start == start)
		code->gone = true;
}

void v8codes_move(struct v8codes *codes, uint64_t from, uint64_t to)
{
	struct v8code *code = find(codes, from);

	if (!code || code->start != from || from == to)
		return;
	code->gone = true;
	v8codes_add(codes, to, code->bytes, code->frame);
}

uint32_t v8codes_find(const struct v8codes *codes, uint64_t address)
{
	const struct v8code *code = find(codes, address);

	return code ? code->frame : 0;
}
