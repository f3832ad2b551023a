/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/jvm/vmstructs.h
 *
 * What HotSpot tells of its own structures: libjvm exports tables for debuggers (gHotSpotVMStructs and
 * its like), from which every offset and every variable's place comes that is not a version's secret.
 *
 *   jvm_places_find()      of a file, once: where the tables and the shapes of their rows are
 *   jvm_vmstructs_read()   of a process that has it loaded: the rows hold pointers, which only the
 *                          dynamic linker fills in
 *   jvm_field() ...        look-ups
 *
 * What was read holds for the file: places of variables are kept as vaddrs (address - bias), so another
 * process with the same libjvm needs no second reading.
 * Memory: malloc's, jvm_vmstructs_fini() frees. The tables are hostile: strings and rows are capped.
 */
#ifndef SONDE_RUNTIME_JVM_VMSTRUCTS_H
#define SONDE_RUNTIME_JVM_VMSTRUCTS_H

#include "base/arena.h"
#include "base/hash.h"
#include "runtime/jvm/memory.h"

struct elf;

enum jvm_table { JVM_FIELDS, JVM_TYPES, JVM_INTS, JVM_LONGS, JVM_TABLES };

#define JVM_COLUMNS_MAX 6

/* vaddrs of variables: of a table's pointer, and of the numbers that tell the shape of its rows. */
struct jvm_places {
	struct jvm_vmtable {
		uint64_t rows, stride, columns[JVM_COLUMNS_MAX];
	} tables[JVM_TABLES];
};

struct jvm_vmstructs {
	struct jvm_vmentry *items;
	uint32_t n, cap;
	struct idindex index;
	struct arena arena;
};

/* False: no HotSpot. Cheap for other files (one look into the hash table of symbols). */
bool jvm_places_find(struct jvm_places *ret_places, struct elf *elf);

/* False when nothing can be read (yet), or what is there are no such tables. */
bool jvm_vmstructs_read(struct jvm_vmstructs *ret_structs, const struct jvm_places *places,
			uint64_t bias, jvm_read_fn read, void *context);
void jvm_vmstructs_fini(struct jvm_vmstructs *structs);

/* Each: false when the tables do not have it. The offset of a member; the vaddr of a static one; the
 * size of a type; an integer constant of either width. */
bool jvm_field(const struct jvm_vmstructs *structs, const char *type, const char *field,
	       uint32_t *ret_offset);
bool jvm_static(const struct jvm_vmstructs *structs, const char *type, const char *field,
		uint64_t *ret_vaddr);
bool jvm_type_size(const struct jvm_vmstructs *structs, const char *type, uint32_t *ret_size);
bool jvm_int(const struct jvm_vmstructs *structs, const char *name, int64_t *ret_value);

#endif
