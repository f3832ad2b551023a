/* SPDX-License-Identifier: Apache-2.0 */
/* Names as HotSpot's runtime/vmStructs.cpp has them. */
#include "runtime/jvm/offsets.h"

#include "runtime/jvm/vmstructs.h"

#define PACKED_FROM_ONE 20	/* JDK-8292758: a packed number has no zero byte any more */

struct wanted {
	const char *type, *field;
	size_t off;	/* into struct jvm_offsets */
};

#define FIELD(member) offsetof(struct jvm_offsets, member)

/* Without these there are no names. */
static const struct wanted needed[] = {
	{ "Method", "_constMethod", FIELD(method_const) },
	{ "ConstMethod", "_constants", FIELD(const_pool) },
	{ "ConstMethod", "_constMethod_size", FIELD(const_size) },
	{ "ConstMethod", "_code_size", FIELD(const_code_size) },
	{ "ConstMethod", "_name_index", FIELD(const_name) },
	{ "ConstantPool", "_pool_holder", FIELD(pool_holder) },
	{ "ConstantPool", "_length", FIELD(pool_length) },
	{ "Klass", "_name", FIELD(klass_name) },
	{ "Symbol", "_length", FIELD(symbol_length) },
	{ "Symbol", "_body", FIELD(symbol_body) },
	{ "CodeBlob", "_name", FIELD(blob_name) },
	{ "CodeBlob", "_size", FIELD(blob_size) },
	{ "HeapBlock::Header", "_used", FIELD(block_used) },
	{ "nmethod", "_compile_id", FIELD(nmethod_id) },
	{ "nmethod", "_comp_level", FIELD(nmethod_level) },
};

/* Without these there are names, but no files, or no lines, or no inlined calls. Of several rows for a member
 * the last one that there is holds. */
static const struct wanted optional[] = {
	{ "ConstMethod", "_flags", FIELD(const_flags) },
	{ "ConstMethod", "_flags._flags", FIELD(const_flags) },
	{ "ConstantPool", "_source_file_name_index", FIELD(pool_source) },
	{ "InstanceKlass", "_source_file_name_index", FIELD(klass_source) },
	{ "CompiledMethod", "_method", FIELD(nmethod_method) },
	{ "nmethod", "_method", FIELD(nmethod_method) },
	{ "nmethod", "_scopes_pcs_offset", FIELD(nmethod_pcs) },
	{ "CompiledMethod", "_scopes_data_begin", FIELD(nmethod_scopes) },
	{ "nmethod", "_scopes_data_offset", FIELD(nmethod_scopes) },
	{ "nmethod", "_metadata_offset", FIELD(nmethod_metadata) },
	{ "nmethod", "_dependencies_offset", FIELD(nmethod_after_pcs) },
	{ "nmethod", "_immutable_data", FIELD(nmethod_immutable) },
	{ "nmethod", "_immutable_data_size", FIELD(nmethod_immutable_size) },
	{ "CodeBlob", "_code_begin", FIELD(blob_code) },
	{ "CodeBlob", "_code_offset", FIELD(blob_code_off) },
	{ "CodeBlob", "_data_offset", FIELD(blob_data_off) },
	{ "CodeBlob", "_mutable_data", FIELD(nmethod_mutable) },
	{ "CodeBlob", "_mutable_data_size", FIELD(nmethod_mutable_size) },
	{ "CodeBlob", "_relocation_size", FIELD(nmethod_relocation_size) },
};

static bool find(struct jvm_offsets *offsets, const struct jvm_vmstructs *structs,
		 const struct wanted *wanted)
{
	uint32_t *member = (uint32_t *)((char *)offsets + wanted->off);

	return jvm_field(structs, wanted->type, wanted->field, member);
}

static bool find_sizes(struct jvm_offsets *offsets, const struct jvm_vmstructs *structs)
{
	return jvm_type_size(structs, "ConstMethod", &offsets->const_bytes) &&
	       offsets->const_bytes <= JVM_CONST_BYTES_MAX &&
	       jvm_type_size(structs, "ConstantPool", &offsets->pool_bytes) &&
	       offsets->pool_bytes <= JVM_POOL_BYTES_MAX && offsets->pool_bytes % 8 == 0 &&
	       jvm_type_size(structs, "HeapBlock", &offsets->block_bytes) &&
	       offsets->block_used < offsets->block_bytes &&
	       jvm_type_size(structs, "nmethod", &offsets->nmethod_bytes) &&
	       offsets->nmethod_bytes <= JVM_NMETHOD_BYTES_MAX;
}

/* What does not tell how numbers are packed has no lines and no inlined calls. False: not yet. */
static bool find_packing(struct jvm_offsets *offsets, const struct jvm_vmstructs *structs, uint64_t bias,
			 const struct jvm_memory *memory)
{
	uint64_t version;
	uint32_t major;
	int64_t flag;

	if (!jvm_static(structs, "Abstract_VM_Version", "_vm_major_version", &version)) {
		offsets->nmethod_pcs = JVM_NO_OFFSET;
		return true;
	}
	if (!jvm_read_u32(memory, version + bias, &major) || !major)
		return false;
	offsets->packed_base = major >= PACKED_FROM_ONE;
	if (jvm_int(structs, "ConstMethodFlags::_misc_has_linenumber_table", &flag) ||
	    jvm_int(structs, "ConstMethod::_has_linenumber_table", &flag))
		offsets->lines_flag = (uint32_t)flag;
	return true;
}

bool jvm_offsets_find(struct jvm_offsets *ret_offsets, const struct jvm_vmstructs *structs, uint64_t bias,
		      const struct jvm_memory *memory)
{
	struct jvm_offsets offsets = { 0 };

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!find(&offsets, structs, &needed[i]))
			return false;
	for (size_t i = 0; i < sizeof(optional) / sizeof(optional[0]); i++)
		*(uint32_t *)((char *)&offsets + optional[i].off) = JVM_NO_OFFSET;
	for (size_t i = 0; i < sizeof(optional) / sizeof(optional[0]); i++)
		(void)find(&offsets, structs, &optional[i]);
	if (!find_sizes(&offsets, structs) || offsets.nmethod_method == JVM_NO_OFFSET)
		return false;
	if (!find_packing(&offsets, structs, bias, memory))
		return false;
	*ret_offsets = offsets;
	return true;
}
