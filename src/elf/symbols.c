/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts: System V gABI, "Symbol Table". */
#include "elf/symbols.h"

#include <errno.h>
#include <stdlib.h>

#include "base/bisect.h"
#include "base/cursor.h"
#include "base/err.h"
#include "base/vec.h"
#include "elf/elf.h"
#include "elf/plt.h"

#define NAME_MAX_BYTES ((size_t)64 << 10)
#define OUTER_STEPS 64		/* real nests are one or two deep */

/* A symbol on its way in. Names are read only of those that stay. */
struct raw {
	uint64_t vaddr, size;
	uint64_t limit;		/* end of its section */
	uint32_t name;		/* offset in its table's names */
	uint8_t table;		/* 0 .symtab, 1 .dynsym */
	uint8_t rank;		/* lower is better */
};

struct table {
	struct str symbols, names, wide_indexes;
};

struct loader {
	struct elf *elf;
	struct table tables[2];
	struct raw *raws;
	uint32_t n, cap;
	uint64_t name_budget;	/* a hostile table may name one long string a million times */
};

/* Sized before unsized, global before weak before local, functions before labels. */
static uint8_t rank_of(uint8_t info, uint64_t size)
{
	uint8_t rank = size ? 0 : 8;
	uint8_t bind = ELF64_ST_BIND(info);

	rank += bind == STB_LOCAL ? 4 : bind == STB_WEAK ? 2 : 0;
	return rank + (ELF64_ST_TYPE(info) == STT_NOTYPE);
}

/* The section of symbol number i, or NULL when it is in none that holds code. */
static const struct elf_section *code_section(const struct loader *l, const struct table *table,
					      uint64_t i, uint32_t index)
{
	const struct elf_section *section;

	if (index == SHN_XINDEX) {
		struct cursor c = cursor_over(table->wide_indexes);

		cursor_seek(&c, i * 4);
		index = cursor_u32(&c);
	} else if (index >= SHN_LORESERVE) {
		return NULL;
	}
	if (index == SHN_UNDEF || index >= l->elf->n_sections)
		return NULL;
	section = &l->elf->sections[index];
	return section->flags & SHF_EXECINSTR ? section : NULL;
}

static int read_table(struct loader *l, uint8_t which)
{
	const struct table *table = &l->tables[which];
	struct cursor c = cursor_over(table->symbols);

	for (uint64_t i = 0; cursor_left(&c) >= sizeof(Elf64_Sym); i++) {
		uint32_t name = cursor_u32(&c);
		uint8_t info = cursor_u8(&c);
		const struct elf_section *section;
		uint16_t index;
		uint64_t vaddr, size, into;
		uint8_t type = ELF64_ST_TYPE(info);

		cursor_skip(&c, 1);
		index = cursor_u16(&c);
		vaddr = cursor_u64(&c);
		size = cursor_u64(&c);
		if (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE)
			continue;
		section = code_section(l, table, i, index);
		if (!section || vaddr < section->vaddr)
			continue;
		into = vaddr - section->vaddr;
		if (into >= section->size || section->size > UINT64_MAX - section->vaddr ||
		    name >= table->names.n || !table->names.p[name])
			continue;
		if (VEC_RESERVE(&l->raws, &l->cap, l->n + 1) < 0)
			return -ENOMEM;
		if (size > section->size - into)
			size = section->size - into;
		l->raws[l->n++] = (struct raw){ vaddr, size, section->vaddr + section->size, name,
						which, rank_of(info, size) };
	}
	return 0;
}

/* Least significant byte first; bytes that all addresses share cost one look. */
static int sort_raws(struct raw *raws, uint32_t n)
{
	struct raw *to = n ? malloc(n * sizeof(*to)) : NULL, *from = raws, *other;

	if (n && !to)
		return -ENOMEM;
	other = to;
	for (unsigned shift = 0; shift < 64 && n; shift += 8) {
		uint32_t start[257] = { 0 };
		struct raw *swap = from;

		for (uint32_t i = 0; i < n; i++)
			start[1 + (uint8_t)(from[i].vaddr >> shift)]++;
		if (start[1 + (uint8_t)(from[0].vaddr >> shift)] == n)
			continue;
		for (unsigned b = 1; b < 257; b++)
			start[b] += start[b - 1];
		for (uint32_t i = 0; i < n; i++)
			to[start[(uint8_t)(from[i].vaddr >> shift)]++] = from[i];
		from = to;
		to = swap;
	}
	if (from != raws)
		memcpy(raws, from, n * sizeof(*raws));
	free(other);
	return 0;
}

/* Up to its version ("memcpy@@GLIBC_2.14"). Empty when it is damaged. */
static struct str name_of(struct loader *l, const struct raw *raw)
{
	struct str names = l->tables[raw->table].names;
	struct cursor c = cursor_over(str_head(str_skip(names, raw->name), NAME_MAX_BYTES));
	struct str name = cursor_cstr(&c);
	ptrdiff_t at;

	if (name.n > l->name_budget)
		return (struct str){ 0 };
	l->name_budget -= name.n;
	at = str_find(name, '@');
	return at > 0 ? str_head(name, (size_t)at) : name;
}

/* $x, $d, $x.7: where code and data begin, no functions (ELF for AArch64, "Mapping symbols"). */
static bool is_mapping_symbol(const struct elf *elf, struct str name)
{
	return elf->machine == EM_AARCH64 && name.n >= 2 && name.p[0] == '$' &&
	       (name.p[1] == 'x' || name.p[1] == 'd') && (name.n == 2 || name.p[2] == '.');
}

static size_t underscores(struct str name)
{
	size_t n = 0;

	while (n < name.n && name.p[n] == '_')
		n++;
	return n;
}

static bool better_name(struct str a, struct str b)
{
	size_t ua = underscores(a), ub = underscores(b);

	if (ua != ub)
		return ua < ub;
	if (a.n != b.n)
		return a.n < b.n;
	return str_compare(a, b) < 0;
}

/* The best of raws[from .. to), which share an address. NULL when none has a name. */
static const struct raw *best_alias(struct loader *l, uint32_t from, uint32_t to,
				    struct str *ret_name)
{
	const struct raw *best = NULL;

	for (uint32_t i = from; i < to; i++) {
		const struct raw *raw = &l->raws[i];
		struct str name;

		if (best && raw->rank > best->rank)
			continue;
		name = name_of(l, raw);
		if (!name.n || is_mapping_symbol(l->elf, name))
			continue;
		if (best && raw->rank == best->rank && !better_name(name, *ret_name))
			continue;
		best = raw;
		*ret_name = name;
	}
	return best;
}

/* Turns sorted raws into items. An unsized symbol inside a sized one before it is a label there. */
static int keep_best(struct symbols *symbols, struct loader *l)
{
	uint64_t sized_end = 0;
	struct symbol *open = NULL;	/* the item whose end the next one decides */
	uint64_t open_limit = 0;

	symbols->items = malloc((l->n ? l->n : 1) * sizeof(*symbols->items));
	if (!symbols->items)
		return -ENOMEM;
	for (uint32_t i = 0, next; i < l->n; i = next) {
		const struct raw *best;
		struct symbol *item = &symbols->items[symbols->n];
		uint64_t vaddr = l->raws[i].vaddr;

		for (next = i + 1; next < l->n && l->raws[next].vaddr == vaddr;)
			next++;
		best = best_alias(l, i, next, &item->name);
		if (!best || (!best->size && vaddr < sized_end))
			continue;
		if (open)
			open->size = (vaddr < open_limit ? vaddr : open_limit) - open->vaddr;
		open = best->size ? NULL : item;
		open_limit = best->limit;
		item->vaddr = vaddr;
		item->size = best->size;
		if (vaddr + best->size > sized_end)
			sized_end = vaddr + best->size;
		symbols->n++;
	}
	if (open)
		open->size = open_limit - open->vaddr;
	return 0;
}

static struct str plt_name(struct symbols *symbols, struct elf *elf, const struct plt_entry *entry)
{
	struct str target = entry->target, suffix = STR("@plt");
	const struct symbol *resolver;
	char *p;

	if (!target.n) {
		resolver = symbols_find(symbols, entry->resolver_vaddr);
		if (!resolver)
			return (struct str){ 0 };
		target = resolver->name;
	}
	p = arena_alloc(&elf->arena, target.n + suffix.n);
	if (!p)
		return (struct str){ 0 };
	memcpy(p, target.p, target.n);
	memcpy(p + target.n, suffix.p, suffix.n);
	return (struct str){ p, target.n + suffix.n };
}

static int compare_symbols(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return (x->vaddr > y->vaddr) - (x->vaddr < y->vaddr);
}

/* Real symbols win over an entry at the same address; the merge runs from the back, in place. */
static void merge_plt(struct symbols *symbols, struct symbol *plt, uint32_t n_plt)
{
	uint32_t a = symbols->n, b = n_plt, to = symbols->n + n_plt, n = 0;
	struct symbol *items = symbols->items;

	qsort(plt, n_plt, sizeof(*plt), compare_symbols);
	while (b) {
		if (a && items[a - 1].vaddr >= plt[b - 1].vaddr)
			items[--to] = items[--a];
		else
			items[--to] = plt[--b];
	}
	for (uint32_t i = 0; i < symbols->n + n_plt; i++)
		if (!n || items[i].vaddr != items[n - 1].vaddr)
			items[n++] = items[i];
	symbols->n = n;
}

static int add_plt(struct symbols *symbols, struct elf *elf)
{
	struct plt_entries entries;
	struct symbol *plt = NULL, *items;
	uint32_t n = 0;
	int rc = plt_entries_read(&entries, elf);

	if (rc < 0 || !entries.n)
		goto out;
	rc = -ENOMEM;
	plt = malloc(entries.n * sizeof(*plt));
	items = realloc(symbols->items, ((size_t)symbols->n + entries.n) * sizeof(*items));
	if (items)
		symbols->items = items;
	if (!plt || !items)
		goto out;
	for (uint32_t i = 0; i < entries.n; i++) {
		const struct plt_entry *entry = &entries.items[i];
		struct symbol symbol = { entry->vaddr, entry->size,
					 plt_name(symbols, elf, entry) };

		if (symbol.name.n)
			plt[n++] = symbol;
	}
	merge_plt(symbols, plt, n);
	rc = 0;
out:
	free(plt);
	free(entries.items);
	return rc;
}

static uint64_t end_of(const struct symbol *symbol)
{
	return symbol->vaddr + symbol->size;
}

/* One forward pass: the chain from i - 1 holds the open symbols with ever later ends. */
static int link_outer(struct symbols *symbols)
{
	uint32_t *outer = calloc(symbols->n ? symbols->n : 1, sizeof(*outer));

	symbols->outer = outer;
	if (!outer)
		return -ENOMEM;
	for (uint32_t i = 1; i < symbols->n; i++) {
		uint32_t at = i;	/* + 1: the item before */

		while (at && end_of(&symbols->items[at - 1]) <= end_of(&symbols->items[i]))
			at = outer[at - 1];
		outer[i] = at;
	}
	return 0;
}

static void find_table(struct loader *l, uint8_t which, struct str name, uint32_t type)
{
	struct elf *elf = l->elf;
	struct table *table = &l->tables[which];
	const struct elf_section *section = elf_find_section(elf, name);
	uint32_t index;

	if (!section || section->type != type || section->link >= elf->n_sections)
		return;
	if (elf_section_data(elf, section, &table->symbols, NULL) < 0 ||
	    elf_section_data(elf, &elf->sections[section->link], &table->names, NULL) < 0)
		table->symbols = (struct str){ 0 };
	index = (uint32_t)(section - elf->sections);
	for (uint32_t i = 1; i < elf->n_sections; i++)
		if (elf->sections[i].type == SHT_SYMTAB_SHNDX && elf->sections[i].link == index)
			(void)!elf_section_data(elf, &elf->sections[i], &table->wide_indexes, NULL);
}

int symbols_load(struct symbols *symbols, struct elf *elf, struct err *err)
{
	struct loader l = { .elf = elf };
	int rc;

	*symbols = (struct symbols){ 0 };
	l.name_budget = ((uint64_t)16 << 20) + 8 * (uint64_t)elf->bytes.n;
	find_table(&l, 0, STR(".symtab"), SHT_SYMTAB);
	find_table(&l, 1, STR(".dynsym"), SHT_DYNSYM);
	symbols->dynamic_only = !l.tables[0].symbols.n;
	rc = read_table(&l, 0);
	if (rc == 0)
		rc = read_table(&l, 1);
	if (rc == 0)
		rc = sort_raws(l.raws, l.n);
	if (rc == 0)
		rc = keep_best(symbols, &l);
	if (rc == 0)
		rc = link_outer(symbols);	/* for the resolvers' names */
	if (rc == 0)
		rc = add_plt(symbols, elf);
	if (rc == 0) {
		free(symbols->outer);
		rc = link_outer(symbols);
	}
	free(l.raws);
	if (rc < 0) {
		symbols_fini(symbols);
		err_set(err, "not enough memory for a symbol table");
	}
	return rc;
}

void symbols_fini(struct symbols *symbols)
{
	free(symbols->items);
	free(symbols->outer);
	*symbols = (struct symbols){ 0 };
}

const struct symbol *symbols_find(const struct symbols *symbols, uint64_t vaddr)
{
	uint32_t before = BISECT(symbols->n, i, symbols->items[i].vaddr <= vaddr);

	for (uint32_t step = 0; before && step < OUTER_STEPS; step++) {
		const struct symbol *symbol = &symbols->items[before - 1];

		if (vaddr - symbol->vaddr < symbol->size)
			return symbol;
		before = symbols->outer[before - 1];
	}
	return NULL;
}
