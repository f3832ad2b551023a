/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/jvm/fields.h
 *
 * Where a class has put a field in its objects: HotSpot decides that when it loads the class, and keeps it beside
 * the class: as rows of 16-bit words (JDK 11, 17), or as packed numbers (21 and later).
 */
#ifndef SONDE_RUNTIME_JVM_FIELDS_H
#define SONDE_RUNTIME_JVM_FIELDS_H

#include "base/str.h"
#include "runtime/jvm/memory.h"
#include "runtime/jvm/offsets.h"

struct jvm_vmstructs;

/* The offset of a field that the class itself declares; false when it has none of that name and type
 * ("Ljava/lang/String;"), or its description cannot be read. */
bool jvm_field_offset(const struct jvm_memory *memory, const struct jvm_vmstructs *structs,
		      const struct jvm_offsets *o, uint64_t klass, struct str name, struct str type,
		      uint32_t *ret_offset);

#endif
