/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* walk/jvm_blob.h
 *
 * The CodeBlob that holds an address of HotSpot's code: by the segment map of its heap, one hop for
 * each 254 segments, or as it was found the last time, if it still is the same. Left in w->jvm: where
 * it is, where its code begins, how its name does (which tells the kind), and its first bytes, of
 * which the others read fields.
 *
 * Layouts: memory/heap.hpp (HeapBlock, the segment map), code/codeBlob.hpp; offsets are the library's
 * own, told by its vmStructs (struct walk_jvm in abi/runtime.h).
 * Part of walk/jvm.h, the first; expects what walk/walk.h has before that.
 */
#ifndef SONDE_WALK_JVM_BLOB_H
#define SONDE_WALK_JVM_BLOB_H

#define WALK_JVM_NATIVE 0x6974616eu	/* "nati"ve nmethod */
#define WALK_JVM_ADAPTER 0x2f433249u	/* "I2C/"C2I adapters */
#define WALK_JVM_FPU_WORDS 336u	/* room that push_CPU_state leaves for the vector registers, below the others */
#define WALK_JVM_STUB_ROUTINES 0x62757453u	/* "Stub": among them are a few that C calls too */

#define WALK_JVM_HOPS 48	/* of 254 segments each: 1.5 MB of one blob */

WALK_INLINE uint64_t walk_jvm_u64(const struct walk_jvm_state *j, uint64_t off)
{
	barrier_var(off);
	return off <= WALK_JVM_BLOB_BYTES - 8 && !(off & 7) ? *(const uint64_t *)(j->bytes + 8 + off) : 0;
}

WALK_INLINE uint32_t walk_jvm_u32(const struct walk_jvm_state *j, uint64_t off)
{
	barrier_var(off);
	return off <= WALK_JVM_BLOB_BYTES - 4 && !(off & 3) ? *(const uint32_t *)(j->bytes + 8 + off) : 0;
}

WALK_INLINE uint16_t walk_jvm_u16(const struct walk_jvm_state *j, uint64_t off)
{
	barrier_var(off);
	return off <= WALK_JVM_BLOB_BYTES - 2 && !(off & 1) ? *(const uint16_t *)(j->bytes + 8 + off) : 0;
}

WALK_INLINE bool walk_jvm_holds(const struct walk *w, uint64_t pc)
{
	return pc - w->jvm.low < w->jvm.high - w->jvm.low;
}

/* Reads a blob's first bytes, and tells of them where its code is. */
WALK_INLINE bool walk_jvm_read_blob(struct walk *w, uint64_t blob)
{
	struct walk_jvm_state *j = &w->jvm;
	const struct walk_jvm *layout = &j->layout;
	uint32_t n = layout->blob_bytes + 8u;

	j->blob = blob;
	barrier_var(n);
	if (n > sizeof(j->bytes) || !walk_read_object(w, j->bytes, n, blob - 8))
		return false;
	j->code = layout->code_offsets ? blob + walk_jvm_u32(j, layout->blob_code) :
					 walk_jvm_u64(j, layout->blob_code);
	j->name = walk_jvm_u64(j, layout->blob_name);
	return true;
}

WALK_INLINE bool walk_jvm_blob_holds(const struct walk_jvm_state *j, uint64_t pc)
{
	return pc >= j->code && pc - j->blob < walk_jvm_u32(j, j->layout.blob_size);
}

WALK_INLINE struct walk_jvm_known *walk_jvm_known_at(struct walk_jvm_state *j, uint32_t at)
{
	barrier_var(at);
	return &j->known[at & (WALK_JVM_KNOWN - 1)];
}

WALK_INLINE bool walk_jvm_is_known(struct walk_jvm_state *j, uint32_t at, uint64_t pc)
{
	const struct walk_jvm_known *known = walk_jvm_known_at(j, at);

	return known->pc == pc && known->key == j->key;
}

WALK_INLINE uint32_t walk_jvm_slot(const struct walk_jvm_state *j, uint64_t pc)
{
	return (uint32_t)(pc ^ pc >> 10 ^ j->key) & (WALK_JVM_KNOWN - 1);
}

/* The blob that held the address when it was last looked up, if it still does: it is in use, of the same kind, and
 * whatever it is now has been read. */
WALK_INLINE bool walk_jvm_find_known(struct walk *w, uint64_t pc)
{
	struct walk_jvm_state *j = &w->jvm;
	const struct walk_jvm_known *known;
	uint32_t used = (8u - j->layout.block_used) * 8;	/* bits of the word before it */

	if (!j->key || !j->layout.block_used)
		return false;
	if (!walk_jvm_is_known(j, ++j->at, pc)) {
		j->at = j->known_slots[walk_jvm_slot(j, pc)];
		if (!walk_jvm_is_known(j, j->at, pc))
			return false;
	}
	known = walk_jvm_known_at(j, j->at);
	if (!walk_jvm_read_blob(w, known->blob) || (*(const uint64_t *)j->bytes >> (used & 56) & 0xff) != 1 || j->name != known->name ||
	    !walk_jvm_blob_holds(j, pc))
		return false;
	j->name_head = known->name_head;
	return true;
}

WALK_INLINE void walk_jvm_know(struct walk_jvm_state *j, uint64_t pc)
{
	struct walk_jvm_known *known;

	j->at = j->made++ & (WALK_JVM_KNOWN - 1);
	j->known_slots[walk_jvm_slot(j, pc)] = (uint16_t)j->at;
	known = walk_jvm_known_at(j, j->at);
	known->pc = pc;
	known->key = j->key;
	known->blob = j->blob;
	known->name = j->name;
	known->name_head = (uint32_t)j->name_head;
	known->noted = 0;
}

/* The blob that holds the address: left in w->jvm, with its first bytes. */
WALK_INLINE enum jvm_fault walk_jvm_find_blob(struct walk *w, uint64_t pc)
{
	struct walk_jvm_state *j = &w->jvm;
	const struct walk_jvm *layout = &j->layout;
	uint64_t low = 0, segmap = 0;
	uint8_t back = 1;

	if (walk_jvm_find_known(w, pc))
		return JVM_FAULT_NONE;
	for (uint32_t i = 0; i < JVM_HEAPS_MAX; i++) {
		if (pc - layout->heaps[i].low < layout->heaps[i].high - layout->heaps[i].low) {
			low = layout->heaps[i].low;
			segmap = layout->heaps[i].segmap;
		}
	}
	if (!low)
		return JVM_FAULT_NO_BLOB;
	j->segment = (pc - low) >> (layout->segment_bits & 31);
	for (int i = 0; i < WALK_JVM_HOPS && back; i++) {
		if (!walk_read_object(w, &back, 1, segmap + j->segment))
			return JVM_FAULT_BLOB_FAULT;
		if (back == 0xff || back > j->segment)
			return JVM_FAULT_NO_BLOB;
		j->segment -= back;
	}
	if (back || !walk_jvm_read_blob(w, low + (j->segment << (layout->segment_bits & 31)) + layout->block_bytes))
		return JVM_FAULT_BLOB_FAULT;
	if (!walk_jvm_blob_holds(j, pc) || !walk_read_object(w, &j->name_head, 8, j->name))
		return JVM_FAULT_NO_BLOB;
	walk_jvm_know(j, pc);
	return JVM_FAULT_NONE;
}

#endif
