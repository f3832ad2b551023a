/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/lookup.h"

#include <string.h>

#include "base/cursor.h"
#include "elf/elf.h"

#define NAME_BYTES_MAX 512
#define CHAIN_MAX 4096			/* symbols of one hash bucket; real ones are a few */
#define NAMES_BYTES_MAX ((size_t)64 << 20)	/* searched for a name that is in no hash table */

struct table {
	struct str symbols, names;
};

static bool find_table(struct elf *elf, struct str section_name, struct table *table)
{
	const struct elf_section *section = elf_find_section(elf, section_name);

	*table = (struct table){ 0 };
	return section && section->link < elf->n_sections &&
	       elf_section_data(elf, section, &table->symbols, NULL) == 0 &&
	       elf_section_data(elf, &elf->sections[section->link], &table->names, NULL) == 0 &&
	       table->symbols.n && table->names.n;
}

static struct str name_at(const struct table *table, uint32_t offset)
{
	struct cursor c = cursor_over(str_head(str_skip(table->names, offset), NAME_BYTES_MAX));

	return cursor_cstr(&c);
}

/* False past the end, and for one that is only wanted from elsewhere. */
static bool read_symbol(const struct table *table, uint64_t i, struct elf_symbol *ret_symbol)
{
	struct cursor c = cursor_over(table->symbols);
	uint16_t section;
	uint32_t name;

	cursor_seek(&c, i * sizeof(Elf64_Sym));
	name = cursor_u32(&c);
	ret_symbol->type = ELF64_ST_TYPE(cursor_u8(&c));
	cursor_skip(&c, 1);
	section = cursor_u16(&c);
	ret_symbol->vaddr = cursor_u64(&c);
	ret_symbol->size = cursor_u64(&c);
	if (c.failed || section == SHN_UNDEF || name >= table->names.n)
		return false;
	ret_symbol->name = name_at(table, name);
	return true;
}

static uint32_t gnu_hash(struct str name)
{
	uint32_t hash = 5381;

	for (size_t i = 0; i < name.n; i++)
		hash = hash * 33 + (uint8_t)name.p[i];
	return hash;
}

static uint32_t u32_at(struct str data, uint64_t index)
{
	struct cursor c = cursor_over(data);

	cursor_seek(&c, index > UINT32_MAX ? UINT64_MAX : index * 4);
	return cursor_u32(&c);
}

static bool find_by_hash(const struct table *table, struct str data, struct str name,
			 struct elf_symbol *ret_symbol)
{
	uint32_t hash = gnu_hash(name), i, check;
	uint64_t n_buckets = u32_at(data, 0), first = u32_at(data, 1);
	uint64_t buckets = 4 + (uint64_t)u32_at(data, 2) * 2, chains = buckets + n_buckets;

	if (!n_buckets)
		return false;
	i = u32_at(data, buckets + hash % n_buckets);
	if (i < first || !i)
		return false;
	for (uint32_t step = 0; step < CHAIN_MAX; step++, i++) {
		check = u32_at(data, chains + (i - first));
		if ((check | 1) == (hash | 1) && read_symbol(table, i, ret_symbol) &&
		    str_eq(ret_symbol->name, name))
			return true;
		if (check & 1)
			break;
	}
	return false;
}

struct search {
	struct str name;
	struct elf_symbol *ret_symbol;
	bool found;
};

static bool see_exact(void *context, const struct elf_symbol *symbol)
{
	struct search *search = context;

	search->found = str_eq(symbol->name, search->name);
	if (search->found)
		*search->ret_symbol = *symbol;
	return !search->found;
}

static void each_of(const struct table *table, struct str prefix,
		    bool (*see)(void *context, const struct elf_symbol *symbol), void *context)
{
	struct str names = str_head(table->names, NAMES_BYTES_MAX);
	uint64_t n = table->symbols.n / sizeof(Elf64_Sym);
	struct elf_symbol symbol;

	if (!str_contains(names, prefix))
		return;
	for (uint64_t i = 0; i < n; i++) {
		uint32_t name = u32_at(table->symbols, i * (sizeof(Elf64_Sym) / 4));

		/* most are told apart by their first byte */
		if (!str_starts(str_skip(table->names, name), prefix) ||
		    !read_symbol(table, i, &symbol))
			continue;
		if (!see(context, &symbol))
			return;
	}
}

bool elf_lookup(struct elf *elf, struct str name, struct elf_symbol *ret_symbol)
{
	struct search search = { .name = name, .ret_symbol = ret_symbol };
	struct str hashes = { 0 };
	struct elf_symbol symbol;
	struct table table;

	if (find_table(elf, STR(".dynsym"), &table)) {
		if (elf_section_by_name(elf, STR(".gnu.hash"), &hashes, NULL) == 0 && hashes.n) {
			if (find_by_hash(&table, hashes, name, &symbol)) {
				*ret_symbol = symbol;
				return true;
			}
		} else {
			each_of(&table, name, see_exact, &search);
		}
	}
	if (!search.found && find_table(elf, STR(".symtab"), &table))
		each_of(&table, name, see_exact, &search);
	return search.found;
}

void elf_lookup_each(struct elf *elf, struct str prefix,
		     bool (*see)(void *context, const struct elf_symbol *symbol), void *context)
{
	struct table table;

	if (find_table(elf, STR(".symtab"), &table))
		each_of(&table, prefix, see, context);
}
