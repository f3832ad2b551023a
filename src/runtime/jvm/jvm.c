/* SPDX-License-Identifier: Apache-2.0 */
/* Names as HotSpot's runtime/vmStructs.cpp has them. What moved between versions is told by what is there, never
 * by a version. */
#include "runtime/jvm/jvm.h"

#include <stdlib.h>
#include <string.h>

#include "elf/elf.h"
#include "runtime/jvm/chunks.h"
#include "runtime/jvm/offsets.h"

#define BLOB_BYTES_MAX 384u	/* WALK_JVM_BLOB_BYTES */
#define CONST_BYTES_MAX 64u	/* WALK_JVM_CONST_BYTES */
#define HEAPS_LISTED_MAX 16u

/* Where the lists of code heaps are; offsets. */
struct heap_fields {
	uint32_t array_n, array_items;
	uint32_t heap_memory, heap_segmap, heap_bits;
	uint32_t space_low_boundary, space_high_boundary, space_low;
};

struct jvm_self {
	bool read, understood;
	struct jvm_vmstructs structs;
	struct walk_jvm layout;		/* but for what is the process's own */
	struct heap_fields fields;
	bool nameable;
	struct jvm_offsets offsets;
	uint64_t heaps, call_stub;	/* vaddrs of variables */
};

bool jvm_file_init(struct jvm_file *ret_file, const struct jvm_places *places)
{
	struct jvm_self *self = calloc(1, sizeof(*self));

	if (!self)
		return false;
	*ret_file = (struct jvm_file){ *places, self };
	return true;
}

bool jvm_detect(struct jvm_file *ret_file, struct elf *elf)
{
	struct jvm_places places = { 0 };

	return jvm_places_find(&places, elf) && jvm_file_init(ret_file, &places);
}

bool jvm_is_launcher(struct elf *elf)
{
	static const struct str library = { "\0libjli.so", sizeof("\0libjli.so") };
	struct str names;

	return elf_section_by_name(elf, STR(".dynstr"), &names, NULL) == 0 && names.n &&
	       memmem(names.p, names.n, library.p, library.n);
}

bool jvm_comes_later(const struct jvm_file *file)
{
	return !file->self->read || file->self->understood;
}

void jvm_file_fini(struct jvm_file *file)
{
	if (file->self)
		jvm_vmstructs_fini(&file->self->structs);
	free(file->self);
	file->self = NULL;
}

const struct jvm_vmstructs *jvm_file_structs(const struct jvm_file *file, uint64_t bias, jvm_read_fn read,
					     void *context)
{
	struct jvm_self *self = file->self;

	if (!self->read)
		self->read = jvm_vmstructs_read(&self->structs, &file->places, bias, read, context);
	return self->read ? &self->structs : NULL;
}

const struct jvm_offsets *jvm_file_offsets(const struct jvm_file *file, uint64_t bias, jvm_read_fn read,
					   void *context)
{
	struct jvm_memory memory = { read, context };
	struct jvm_self *self = file->self;

	if (!self->nameable)
		self->nameable = jvm_file_structs(file, bias, read, context) &&
				 jvm_offsets_find(&self->offsets, &self->structs, bias, &memory);
	return self->nameable ? &self->offsets : NULL;
}

/* ---- what holds for the file */

/* The first of the names that there is; false when none is. */
static bool find_field(const struct jvm_vmstructs *structs, const char *const names[][2], unsigned n,
		       uint32_t *ret_offset)
{
	for (unsigned i = 0; i < n; i++)
		if (jvm_field(structs, names[i][0], names[i][1], ret_offset))
			return true;
	return false;
}

static bool find_heap_fields(struct jvm_self *self)
{
	static const char *const lengths[][2] = {
		{ "GrowableArrayBase", "_len" }, { "GenericGrowableArray", "_len" },
	};
	const struct jvm_vmstructs *s = &self->structs;
	struct heap_fields *f = &self->fields;

	return find_field(s, lengths, 2, &f->array_n) &&
	       jvm_field(s, "GrowableArray<int>", "_data", &f->array_items) &&
	       jvm_field(s, "CodeHeap", "_memory", &f->heap_memory) &&
	       jvm_field(s, "CodeHeap", "_segmap", &f->heap_segmap) &&
	       jvm_field(s, "CodeHeap", "_log2_segment_size", &f->heap_bits) &&
	       jvm_field(s, "VirtualSpace", "_low_boundary", &f->space_low_boundary) &&
	       jvm_field(s, "VirtualSpace", "_high_boundary", &f->space_high_boundary) &&
	       jvm_field(s, "VirtualSpace", "_low", &f->space_low) &&
	       jvm_static(s, "CodeCache", "_heaps", &self->heaps);
}

/* Stores an offset of `bytes` bytes into a blob, and sees to it that they are read. */
static bool set_blob_field(struct walk_jvm *jvm, uint16_t *field, uint32_t offset, uint32_t bytes)
{
	if (offset > BLOB_BYTES_MAX - bytes || offset % bytes)
		return false;
	*field = (uint16_t)offset;
	if (jvm->blob_bytes < ((offset + bytes + 7) & ~7u))
		jvm->blob_bytes = (uint16_t)((offset + bytes + 7) & ~7u);
	return true;
}

static bool find_blob_fields(struct jvm_self *self)
{
	const struct jvm_vmstructs *s = &self->structs;
	struct walk_jvm *jvm = &self->layout;
	uint32_t name, size, code, frame, complete, header;

	if (!jvm_field(s, "CodeBlob", "_name", &name) || !jvm_field(s, "CodeBlob", "_size", &size) ||
	    !jvm_field(s, "CodeBlob", "_frame_size", &frame) ||
	    !jvm_field(s, "CodeBlob", "_frame_complete_offset", &complete))
		return false;
	jvm->code_offsets = !jvm_field(s, "CodeBlob", "_code_begin", &code);
	if (jvm->code_offsets && !jvm_field(s, "CodeBlob", "_code_offset", &code))
		return false;
	/* an int once, a short beside another one later */
	jvm->complete_bytes = 4;
	if (jvm_field(s, "CodeBlob", "_header_size", &header) &&
	    (header + 2 == complete || complete + 2 == header))
		jvm->complete_bytes = 2;
	return set_blob_field(jvm, &jvm->blob_name, name, 8) &&
	       set_blob_field(jvm, &jvm->blob_size, size, 4) &&
	       set_blob_field(jvm, &jvm->blob_frame, frame, 4) &&
	       set_blob_field(jvm, &jvm->blob_complete, complete, jvm->complete_bytes) &&
	       set_blob_field(jvm, &jvm->blob_code, code, jvm->code_offsets ? 4 : 8);
}

static bool find_nmethod_fields(struct jvm_self *self)
{
	static const char *const methods[][2] = {
		{ "nmethod", "_method" }, { "CompiledMethod", "_method" },
	};
	static const char *const deopts[2][2][2] = {
		{ { "CompiledMethod", "_deopt_handler_begin" }, { "nmethod", "_deopt_handler_begin" } },
		{ { "nmethod", "_deopt_handler_offset" }, { "nmethod", "_deopt_handler_entry_offset" } },
	};
	static const char *const deopts_mh[2][2][2] = {
		{ { "CompiledMethod", "_deopt_mh_handler_begin" },
		  { "nmethod", "_deopt_mh_handler_begin" } },
		{ { "nmethod", "_deopt_mh_handler_offset" }, { "nmethod", "_deopt_mh_handler_offset" } },
	};
	const struct jvm_vmstructs *s = &self->structs;
	struct walk_jvm *jvm = &self->layout;
	uint32_t method, id, entry, deopt, orig_pc, bytes = jvm->code_offsets ? 4 : 8;

	if (!find_field(s, methods, 2, &method) || !jvm_field(s, "nmethod", "_compile_id", &id) ||
	    !jvm_field(s, "nmethod", "_orig_pc_offset", &orig_pc))
		return false;
	jvm->entry_bytes = 8;
	if (!jvm_field(s, "nmethod", "_verified_entry_point", &entry)) {
		jvm->entry_bytes = 2;
		if (!jvm_field(s, "nmethod", "_verified_entry_offset", &entry))
			return false;
	}
	jvm->nmethod_deopt = jvm->nmethod_deopt_mh = RUNTIME_NO_FIELD;
	if (find_field(s, deopts[jvm->code_offsets], 2, &deopt) &&
	    !set_blob_field(jvm, &jvm->nmethod_deopt, deopt, bytes))
		return false;
	if (find_field(s, deopts_mh[jvm->code_offsets], 2, &deopt) &&
	    !set_blob_field(jvm, &jvm->nmethod_deopt_mh, deopt, bytes))
		return false;
	return set_blob_field(jvm, &jvm->nmethod_method, method, 8) &&
	       set_blob_field(jvm, &jvm->nmethod_id, id, 4) &&
	       set_blob_field(jvm, &jvm->nmethod_entry, entry, jvm->entry_bytes) &&
	       set_blob_field(jvm, &jvm->nmethod_orig_pc, orig_pc, 4);
}

static bool find_method_fields(struct jvm_self *self)
{
	const struct jvm_vmstructs *s = &self->structs;
	struct walk_jvm *jvm = &self->layout;
	uint32_t pointer, size, code_size, bytes;

	if (!jvm_field(s, "Method", "_constMethod", &pointer) || pointer > UINT16_MAX || pointer % 8 ||
	    !jvm_field(s, "ConstMethod", "_constMethod_size", &size) || size % 4 ||
	    size > CONST_BYTES_MAX - 8 || !jvm_field(s, "ConstMethod", "_code_size", &code_size) ||
	    code_size % 2 || code_size > CONST_BYTES_MAX - 2 ||
	    !jvm_type_size(s, "ConstMethod", &bytes) || bytes > UINT16_MAX)
		return false;
	jvm->method_const = (uint16_t)pointer;
	jvm->const_size = (uint16_t)size;
	jvm->const_code_size = (uint16_t)code_size;
	jvm->const_bytes = (uint16_t)bytes;
	return true;
}

static bool understand(struct jvm_self *self)
{
	uint32_t block, used;

	if (!find_heap_fields(self) || !find_blob_fields(self) || !find_nmethod_fields(self) ||
	    !find_method_fields(self) || !jvm_type_size(&self->structs, "HeapBlock", &block) ||
	    !block || block > UINT8_MAX)
		return false;
	self->layout.block_bytes = (uint8_t)block;
	if (jvm_field(&self->structs, "HeapBlock::Header", "_used", &used) && used < block && block - used <= 8)
		self->layout.block_used = (uint8_t)(block - used);
	return jvm_static(&self->structs, "StubRoutines", "_call_stub_return_address", &self->call_stub);
}

/* ---- what is the process's own */

static bool add_heap(struct walk_jvm *jvm, const struct heap_fields *f, const struct jvm_memory *memory,
		     uint64_t heap)
{
	struct jvm_heap found = {
		.low = jvm_word(memory, heap + f->heap_memory + f->space_low_boundary),
		.high = jvm_word(memory, heap + f->heap_memory + f->space_high_boundary),
		.segmap = jvm_word(memory, heap + f->heap_segmap + f->space_low),
	};
	uint32_t bits = 0;

	if (jvm_read_u32(memory, heap + f->heap_bits, &bits) && !bits)
		return true;	/* one that is a file's (JDK 11's jaotc), with CFI or without */
	/* the list has a heap before it is made */
	if (!bits || bits > 16 || found.low >= found.high || !found.segmap ||
	    (jvm->segment_bits && jvm->segment_bits != bits) || jvm->n_heaps == JVM_HEAPS_MAX)
		return false;
	jvm->segment_bits = (uint8_t)bits;
	jvm->heaps[jvm->n_heaps++] = found;
	return true;
}

bool jvm_layout(const struct jvm_file *file, uint64_t bias, jvm_read_fn read, void *context,
		struct walk_jvm *ret_jvm)
{
	struct jvm_memory memory = { read, context };
	struct jvm_self *self = file->self;
	struct walk_jvm jvm;
	uint64_t heaps, items;
	uint32_t n;

	if (!read || !jvm_file_structs(file, bias, read, context))
		return false;
	if (!self->understood)
		self->understood = understand(self);
	if (!self->understood)
		return false;
	jvm = self->layout;
	jvm.call_stub_at = self->call_stub + bias;
	heaps = jvm_word(&memory, self->heaps + bias);
	items = heaps ? jvm_word(&memory, heaps + self->fields.array_items) : 0;
	if (!items || !jvm_read_u32(&memory, heaps + self->fields.array_n, &n) || n > HEAPS_LISTED_MAX)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (!add_heap(&jvm, &self->fields, &memory, jvm_word(&memory, items + i * 8ull)))
			return false;
	if (!jvm.n_heaps)
		return false;
	jvm_chunks_find(&jvm, file, bias, &memory);
	*ret_jvm = jvm;
	return true;
}
