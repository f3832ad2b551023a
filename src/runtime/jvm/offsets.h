/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/jvm/offsets.h
 *
 * Where HotSpot keeps what names a frame: offsets into its structures, of vmstructs.h.
 *
 *   Method -> ConstMethod -> ConstantPool -> InstanceKlass -> Symbol     names, source file, lines
 *   nmethod -> PcDesc, scopes, metadata                                  which method is inlined where
 *
 * What moved between versions is told by what is there, but for one thing: how numbers are packed.
 */
#ifndef SONDE_RUNTIME_JVM_OFFSETS_H
#define SONDE_RUNTIME_JVM_OFFSETS_H

#include "runtime/jvm/memory.h"

struct jvm_vmstructs;

#define JVM_NO_OFFSET UINT32_MAX
#define JVM_CONST_BYTES_MAX 64u		/* of a ConstMethod, without what follows it */
#define JVM_POOL_BYTES_MAX 128u
#define JVM_NMETHOD_BYTES_MAX 384u

struct jvm_offsets {
	uint32_t method_const;
	/* ConstMethod; its bytecodes follow, and its lines follow those */
	uint32_t const_bytes, const_pool, const_size, const_flags, const_code_size, const_name;
	uint32_t lines_flag;
	/* ConstantPool; its entries follow */
	uint32_t pool_bytes, pool_holder, pool_length;
	uint32_t pool_source, klass_source;	/* one of both: JVM_NO_OFFSET is the other */
	uint32_t klass_name;
	uint32_t symbol_length, symbol_body;
	/* CodeBlob */
	uint32_t blob_name, blob_size;
	uint32_t block_bytes, block_used;	/* what is before it in its heap */
	/* nmethod: all that is read at once, ... */
	uint32_t nmethod_bytes;
	uint32_t nmethod_method, nmethod_id, nmethod_level;
	/* ... and its tables: behind its code, or (immutable is there) beside it; its metadata still behind it in JDK 23
	 * and 24, beside it since (mutable is there) */
	uint32_t nmethod_pcs, nmethod_scopes, nmethod_metadata, nmethod_after_pcs;
	uint32_t nmethod_immutable, nmethod_immutable_size;
	uint32_t nmethod_mutable, nmethod_mutable_size, nmethod_relocation_size;
	uint32_t blob_code, blob_code_off;	/* of its code: the address, or (JDK 23 and later) the distance */
	uint32_t blob_data_off;		/* what is behind its code (JDK 23 and later) */
	uint32_t packed_base;	/* what every byte of a packed number (UNSIGNED5) has been raised by */
};

/* `bias` is that of the process whose memory it is. False when something is missing without which no method
 * has a name. */
bool jvm_offsets_find(struct jvm_offsets *ret_offsets, const struct jvm_vmstructs *structs, uint64_t bias,
		      const struct jvm_memory *memory);

#endif
