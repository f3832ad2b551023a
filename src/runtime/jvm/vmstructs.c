/* SPDX-License-Identifier: Apache-2.0 */
/* Source: HotSpot's runtime/vmStructs.hpp, whose comments say that debuggers read the tables like this. */
#include "runtime/jvm/vmstructs.h"

#include <stdlib.h>

#include "base/cursor.h"
#include "base/str.h"
#include "base/vec.h"
#include "elf/elf.h"
#include "elf/lookup.h"

#define ROWS_MAX 16384u
#define ROW_BYTES_MAX 256u
#define NAME_BYTES_MAX 128u	/* longer ones are never asked for */
#define PAGE 4096u
#define PAGES 64u

enum entry_kind { ENTRY_FIELD, ENTRY_STATIC, ENTRY_TYPE, ENTRY_CONSTANT };

struct jvm_vmentry {
	struct str type, name;
	uint64_t value;
	enum entry_kind kind;
};

/* The variables' names: what all have in common is the table's prefix. */
static const struct {
	const char *rows, *stride, *columns[JVM_COLUMNS_MAX];
} names[JVM_TABLES] = {
	[JVM_FIELDS] = { "gHotSpotVMStructs", "gHotSpotVMStructEntryArrayStride",
			 { "gHotSpotVMStructEntryTypeNameOffset",
			   "gHotSpotVMStructEntryFieldNameOffset",
			   "gHotSpotVMStructEntryIsStaticOffset",
			   "gHotSpotVMStructEntryOffsetOffset",
			   "gHotSpotVMStructEntryAddressOffset" } },
	[JVM_TYPES] = { "gHotSpotVMTypes", "gHotSpotVMTypeEntryArrayStride",
			{ "gHotSpotVMTypeEntryTypeNameOffset", "gHotSpotVMTypeEntrySizeOffset" } },
	[JVM_INTS] = { "gHotSpotVMIntConstants", "gHotSpotVMIntConstantEntryArrayStride",
		       { "gHotSpotVMIntConstantEntryNameOffset",
			 "gHotSpotVMIntConstantEntryValueOffset" } },
	[JVM_LONGS] = { "gHotSpotVMLongConstants", "gHotSpotVMLongConstantEntryArrayStride",
			{ "gHotSpotVMLongConstantEntryNameOffset",
			  "gHotSpotVMLongConstantEntryValueOffset" } },
};

static bool find(struct elf *elf, const char *name, uint64_t *ret_vaddr)
{
	struct elf_symbol symbol;

	if (!elf_lookup(elf, str_of(name), &symbol))
		return false;
	*ret_vaddr = symbol.vaddr;
	return true;
}

bool jvm_places_find(struct jvm_places *ret_places, struct elf *elf)
{
	struct jvm_places places = { 0 };

	for (int t = 0; t < JVM_TABLES; t++) {
		struct jvm_vmtable *place = &places.tables[t];

		if (!find(elf, names[t].rows, &place->rows) ||
		    !find(elf, names[t].stride, &place->stride))
			return false;
		for (int i = 0; i < JVM_COLUMNS_MAX && names[t].columns[i]; i++)
			if (!find(elf, names[t].columns[i], &place->columns[i]))
				return false;
	}
	*ret_places = places;
	return true;
}

/* The strings lie together: read by the page, each page once. */
struct reader {
	struct jvm_memory memory;
	uint64_t tags[PAGES];	/* page's address + 1; 0: empty */
	uint8_t pages[PAGES][PAGE];
};

static const uint8_t *page_of(struct reader *reader, uint64_t address)
{
	uint64_t base = address & ~(uint64_t)(PAGE - 1);
	unsigned slot = base / PAGE % PAGES;

	if (reader->tags[slot] != base + 1) {
		reader->tags[slot] = 0;
		if (!jvm_read(&reader->memory, reader->pages[slot], PAGE, base))
			return NULL;
		reader->tags[slot] = base + 1;
	}
	return reader->pages[slot];
}

/* False when it cannot be read, which *ret_readable tells, or is longer than any that is asked for. */
static bool read_name(struct reader *reader, uint64_t address, char out[NAME_BYTES_MAX],
		      size_t *ret_n, bool *ret_readable)
{
	for (size_t n = 0; n < NAME_BYTES_MAX; n++) {
		const uint8_t *page = page_of(reader, address + n);

		*ret_readable = page;
		if (!page)
			return false;
		out[n] = (char)page[(address + n) % PAGE];
		if (!out[n]) {
			*ret_n = n;
			return true;
		}
	}
	return false;
}

static uint64_t hash_of(struct str type, struct str name, enum entry_kind kind)
{
	return hash_u64(hash_u64(hash_str(type), hash_str(name)), kind);
}

static const struct jvm_vmentry *find_entry(const struct jvm_vmstructs *structs, struct str type,
					    struct str name, enum entry_kind kind)
{
	uint32_t step = 0, id;

	while ((id = idindex_probe(&structs->index, hash_of(type, name, kind), &step))) {
		const struct jvm_vmentry *entry = &structs->items[id - 1];

		if (entry->kind == kind && str_eq(entry->type, type) && str_eq(entry->name, name))
			return entry;
	}
	return NULL;
}

static bool add_entry(struct jvm_vmstructs *structs, struct jvm_vmentry entry)
{
	uint64_t hash = hash_of(entry.type, entry.name, entry.kind);

	if (find_entry(structs, entry.type, entry.name, entry.kind))
		return true;
	entry.type = arena_dup(&structs->arena, entry.type);
	entry.name = arena_dup(&structs->arena, entry.name);
	if (!entry.type.p || !entry.name.p ||
	    VEC_RESERVE(&structs->items, &structs->cap, (uint64_t)structs->n + 1) < 0 ||
	    idindex_add(&structs->index, hash, structs->n + 1) < 0)
		return false;
	structs->items[structs->n++] = entry;
	return true;
}

static uint64_t cell(const uint8_t *row, uint64_t stride, uint64_t column, unsigned size)
{
	struct cursor c = cursor_over(str_over(row, stride));

	cursor_seek(&c, column);
	return cursor_uint(&c, size);
}

/* One row, whose name pointer is known not to be NULL. False: the loader has not relocated it yet (its names cannot be
 * read then: what has been read of the table is not all of it), or out of memory. */
static bool take_row(struct jvm_vmstructs *structs, struct reader *reader, enum jvm_table table,
		     const uint8_t *row, uint64_t stride, const uint64_t *columns, uint64_t bias)
{
	char type[NAME_BYTES_MAX], name[NAME_BYTES_MAX];
	struct jvm_vmentry entry = { .kind = ENTRY_CONSTANT };
	bool readable;
	size_t n;

	if (!read_name(reader, cell(row, stride, columns[0], 8), type, &n, &readable))
		return readable;	/* none that we know */
	entry.type = str_over(type, n);
	switch (table) {
	case JVM_FIELDS:
		if (!read_name(reader, cell(row, stride, columns[1], 8), name, &n, &readable))
			return readable;
		entry.name = str_over(name, n);
		entry.kind = cell(row, stride, columns[2], 4) ? ENTRY_STATIC : ENTRY_FIELD;
		entry.value = entry.kind == ENTRY_STATIC ? cell(row, stride, columns[4], 8) - bias :
							   cell(row, stride, columns[3], 8);
		break;
	case JVM_TYPES:
		entry.kind = ENTRY_TYPE;
		entry.value = cell(row, stride, columns[1], 8);
		break;
	case JVM_INTS:
		entry.value = (uint64_t)(int64_t)(int32_t)cell(row, stride, columns[1], 4);
		break;
	case JVM_LONGS:
	case JVM_TABLES:
		entry.value = cell(row, stride, columns[1], 8);
		break;
	}
	return add_entry(structs, entry);
}

static bool read_table(struct jvm_vmstructs *structs, struct reader *reader, enum jvm_table table,
		       const struct jvm_vmtable *place, uint64_t bias)
{
	uint64_t rows, stride, columns[JVM_COLUMNS_MAX] = { 0 };
	uint8_t row[ROW_BYTES_MAX];

	if (!jvm_read_u64(&reader->memory, place->rows + bias, &rows) || !rows ||
	    !jvm_read_u64(&reader->memory, place->stride + bias, &stride) || stride < 8 ||
	    stride > sizeof(row))
		return false;
	for (int i = 0; i < JVM_COLUMNS_MAX && place->columns[i]; i++)
		if (!jvm_read_u64(&reader->memory, place->columns[i] + bias, &columns[i]) ||
		    columns[i] > stride - 4)
			return false;
	for (uint32_t n = 0; n < ROWS_MAX; n++) {
		for (uint64_t i = 0; i < stride; i++) {
			const uint8_t *page = page_of(reader, rows + n * stride + i);

			if (!page)
				return false;
			row[i] = page[(rows + n * stride + i) % PAGE];
		}
		if (!cell(row, stride, columns[0], 8))
			return true;
		if (!take_row(structs, reader, table, row, stride, columns, bias))
			return false;
	}
	return false;
}

bool jvm_vmstructs_read(struct jvm_vmstructs *ret_structs, const struct jvm_places *places,
			uint64_t bias, jvm_read_fn read, void *context)
{
	struct jvm_vmstructs structs = { 0 };
	struct reader *reader = calloc(1, sizeof(*reader));
	bool whole = reader;

	for (int t = 0; whole && t < JVM_TABLES; t++) {
		reader->memory = (struct jvm_memory){ read, context };
		whole = read_table(&structs, reader, (enum jvm_table)t, &places->tables[t], bias);
	}
	free(reader);
	if (!whole || !structs.n) {
		jvm_vmstructs_fini(&structs);
		return false;
	}
	*ret_structs = structs;
	return true;
}

void jvm_vmstructs_fini(struct jvm_vmstructs *structs)
{
	free(structs->items);
	idindex_fini(&structs->index);
	arena_fini(&structs->arena);
	*structs = (struct jvm_vmstructs){ 0 };
}

bool jvm_field(const struct jvm_vmstructs *structs, const char *type, const char *field,
	       uint32_t *ret_offset)
{
	const struct jvm_vmentry *entry = find_entry(structs, str_of(type), str_of(field),
						     ENTRY_FIELD);

	if (!entry || entry->value > 65535)	/* HotSpot's largest structures have a few KiB */
		return false;
	*ret_offset = (uint32_t)entry->value;
	return true;
}

bool jvm_static(const struct jvm_vmstructs *structs, const char *type, const char *field,
		uint64_t *ret_vaddr)
{
	const struct jvm_vmentry *entry = find_entry(structs, str_of(type), str_of(field),
						     ENTRY_STATIC);

	if (!entry)
		return false;
	*ret_vaddr = entry->value;
	return true;
}

bool jvm_type_size(const struct jvm_vmstructs *structs, const char *type, uint32_t *ret_size)
{
	const struct jvm_vmentry *entry = find_entry(structs, str_of(type), (struct str){ 0 },
						     ENTRY_TYPE);

	if (!entry || entry->value > 65535)
		return false;
	*ret_size = (uint32_t)entry->value;
	return true;
}

bool jvm_int(const struct jvm_vmstructs *structs, const char *name, int64_t *ret_value)
{
	const struct jvm_vmentry *entry = find_entry(structs, str_of(name), (struct str){ 0 },
						     ENTRY_CONSTANT);

	if (!entry)
		return false;
	*ret_value = (int64_t)entry->value;
	return true;
}
