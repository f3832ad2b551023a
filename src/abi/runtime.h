/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* abi/runtime.h
 *
 * What the walker must know of a language runtime in one address space: where its structures are and
 * how they are laid out. Found by runtime/, read by walk/, in the kernel and on the host.
 *
 * An interpreter's loop is an ordinary native frame; its unwind rows are marked (UNWIND_MARK_PYTHON in
 * abi/unwind.h), and at such a frame the walk also takes the interpreted frames that this run of the
 * loop is working on. docs/python.md and docs/go.md have the layouts.
 */
#ifndef SONDE_ABI_RUNTIME_H
#define SONDE_ABI_RUNTIME_H

#ifndef __bpf__
#include <stdbool.h>
#include <stdint.h>
#else
#include "abi/bpf_types.h"
#endif

#define RUNTIME_NO_FIELD 0xffffu	/* a structure that lacks the field */

/* How the frames of one run of CPython's loop are told from those of the run that called it. */
enum python_segment {
	PYTHON_SEGMENT_EACH,	/* <= 3.10: one frame each */
	PYTHON_SEGMENT_ENTRY,	/* 3.11: up to the one whose is_entry byte is set */
	PYTHON_SEGMENT_SHIM,	/* >= 3.12: up to one that C owns, which is no function */
};

/* Where a frame's instruction is told. */
enum python_instr {
	PYTHON_INSTR_INDEX,	/* <= 3.10: an int, f_lasti, taken as it is */
	PYTHON_INSTR_POINTER,	/* >= 3.11: a pointer; code units after the code's start */
};

/* CPython in one address space. Offsets are bytes into the structure that the name begins with. */
struct walk_python {
	uint64_t key_at;	/* address of the thread-specific-data key (an int); 0: `key` is it */
	uint64_t gil_at;	/* <= 3.11: address of the pointer to the thread state that holds the
				 * GIL; 0: not known this way */
	uint64_t interpreters_at;	/* <= 3.11: address of the pointer to the first interpreter, which
				 * begins with a pointer to the next; 0: later versions */
	uint32_t interp_gil;	/* >= 3.12: in PyInterpreterState, of the pointer to the GIL; 0: none */
	int32_t key;
	uint16_t gil_holder, gil_locked;	/* in the GIL's structure (>= 3.12) */
	uint16_t tsd_at;	/* from the thread pointer (fs base) */
	uint8_t tsd_indirect;	/* 1: a pointer to the slots is there (musl); 0: the slots (glibc) */
	uint8_t tsd_stride, tsd_value;	/* of a slot; of the value in it */
	uint8_t tsd_keys;	/* slots that can be reached so */
	uint8_t minor;		/* of 3.MINOR */
	uint8_t segment;	/* enum python_segment */
	uint8_t instr;		/* enum python_instr */
	uint8_t shim_owner;	/* this owner and above it are C's (3 from 3.12 on) */
	uint8_t free_threaded;
	uint8_t frame_bytes;	/* of a frame to read at once: all fields below are in them; <= 128 */
	uint16_t tstate_interp;
	uint16_t tstate_frame;	/* the innermost frame ... */
	uint16_t cframe_frame;	/* ... or (3.11, 3.12) a _PyCFrame with it at this offset; else NO_FIELD */
	uint16_t frame_previous, frame_code, frame_instr;
	uint16_t frame_owner;	/* a byte (owner, or is_entry); NO_FIELD <= 3.10 */
	uint16_t frame_coroutine;	/* <= 3.10: f_gen; NO_FIELD from 3.11 on ... */
	uint16_t coroutine_frame;	/* ... where the frame is inside its generator, at this offset */
	uint16_t frame_tlbc;	/* free-threaded 3.14: int index of the thread's own bytecode; else NO_FIELD */
	uint16_t code_tlbc;	/* the same: of the pointer to the array of copies (size, then pointers) */
	uint16_t code_start;	/* of the bytecode */
	uint16_t code_first_line;	/* the three that make up the check: python_check() */
	uint16_t code_file, code_name;
	uint16_t code_qualname;	/* NO_FIELD <= 3.10 */
	uint16_t code_table;	/* of the line table */
	uint16_t object_bytes;	/* of what begins every object: 16; 32 when free-threaded */
	uint8_t tasks;		/* 1: asyncio is there: who reads the samples wants to know of coroutines soon */
	uint8_t zero;
	uint16_t tstate_thread;	/* its thread pointer (thread_id) */
};

/* From 3.12 on each code object has a number of its own (co_version), so far behind its first line. Before, the
 * first characters of its strings are looked at: its file's, and those of the name that is shown (PyASCIIObject). */
#define PYTHON_VERSION_MINOR 12u
#define PYTHON_VERSION_OFF 24u
#define PYTHON_TEXT_WORDS 12u		/* length, hash, state, one more; up to 64 characters if it is ASCII */
#define PYTHON_TEXT_ASCII (1u << 6)	/* in the state */
#define PYTHON_TEXT_PAGE 4096u

/* How much of a string is looked at, from its length on: no byte of another page, which may not be there. */
static inline uint32_t python_text_bytes(uint64_t at)
{
	uint32_t left = PYTHON_TEXT_PAGE - (uint32_t)(at & (PYTHON_TEXT_PAGE - 1));

	return left < PYTHON_TEXT_WORDS * 8 ? left : PYTHON_TEXT_WORDS * 8;
}

/* What an ASCII string's characters come to; 0 for others. What could not be read is zero. */
static inline uint32_t python_text_check(const uint64_t text[PYTHON_TEXT_WORDS])
{
	uint64_t n = text[0], h = n;

	if (!((uint32_t)text[2] & PYTHON_TEXT_ASCII))
		return 0;
	for (uint32_t i = 0; i < PYTHON_TEXT_WORDS - 4; i++) {
		uint64_t word = text[4 + i];

		if (n < 8 * (i + 1))
			word &= n > 8 * i ? (1ull << (8 * (n - 8 * i) & 63)) - 1 : 0;
		h = (h ^ word) * 0x9e3779b97f4a7c15ull;
	}
	return (uint32_t)(h >> 32);
}

static inline uint32_t python_strings_check(uint32_t file, uint32_t name)
{
	return file ^ (name << 13 | name >> 19);
}

/* What the kernel saw of a code object, so that the host can tell another one at the same address: a program that
 * makes and drops functions has the next one where the last was, its file's and its name's string too. `own`: its
 * number, or python_strings_check(). */
static inline uint32_t python_check(uint32_t first_line, uint32_t own, uint64_t file, uint64_t name)
{
	uint64_t h = (file ^ (name << 17 | name >> 47)) * 0x9e3779b97f4a7c15ull +
		     (first_line | (uint64_t)own << 32);

	h ^= h >> 29;
	h *= 0x9e3779b97f4a7c15ull;

	return (uint32_t)(h >> 32) ^ (uint32_t)h;
}

/* Why there is no interpreted frame where there should be one. X(ENUM, "words for a person") */
#define PYTHON_FAULTS(X)                                                        \
	X(NONE, "")                                                             \
	X(NO_STATE, "no interpreter state for the thread")                      \
	X(STATE_FAULT, "interpreter state could not be read")                   \
	X(FRAME_FAULT, "frame could not be read")                               \
	X(CODE_FAULT, "code object could not be read")                          \
	X(CHANGED, "code object changed before it was read")                    \
	X(GONE, "process ended before its code object was read")                \
	X(WHICH_STATE, "several interpreters, and the thread held no lock that tells which") \
	X(NOT_CODE, "not a code object")                                        \
	X(UNKNOWN_YET, "interpreter not known yet when it was sampled")         \
	X(TIER, "interpreted frames are not read in this tier")

enum python_fault {
#define X(id, words) PYTHON_FAULT_##id,
	PYTHON_FAULTS(X)
#undef X
	PYTHON_FAULT_COUNT
};

/* How a goroutine's pprof labels are kept (runtime/pprof/label.go). */
enum go_labels {
	GO_LABELS_NONE,		/* not known */
	GO_LABELS_MAP,		/* <= 1.23: a pointer to a map[string]string */
	GO_LABELS_SLICE,	/* >= 1.24: to a slice of (key, value) */
};

/* Go in one address space: where a thread's goroutine is and what is known of it. Offsets are bytes
 * into the structure that the name begins with (g: a goroutine, m: a thread). */
struct walk_go {
	int64_t g_tls;		/* from the thread pointer (fs base) */
	uint16_t g_m, m_curg;
	uint16_t g_sched_sp, g_sched_pc, g_sched_bp;
	uint16_t g_goid, g_labels;	/* NO_FIELD: not known */
	uint16_t labels;	/* enum go_labels */
};

#define GO_LABEL_HEAD 3u	/* words at the labels' address: all of a slice, the head of a map */
#define GO_LABEL_FIRST 4u	/* words of the first label (slice) or the first bucket (map) */

/* What the kernel saw of a goroutine's labels, so that the host can tell others at the same address. */
static inline uint32_t go_labels_check(const uint64_t head[GO_LABEL_HEAD],
				       const uint64_t first[GO_LABEL_FIRST])
{
	uint64_t h = head[0] * 0x9e3779b97f4a7c15ull;

	h = (h ^ h >> 29 ^ head[1]) * 0x9e3779b97f4a7c15ull;
	h = (h ^ h >> 29 ^ head[2]) * 0x9e3779b97f4a7c15ull;
	h = (h ^ h >> 29 ^ first[0]) * 0x9e3779b97f4a7c15ull;
	h = (h ^ h >> 29 ^ first[1]) * 0x9e3779b97f4a7c15ull;
	h = (h ^ h >> 29 ^ first[2]) * 0x9e3779b97f4a7c15ull;
	h = (h ^ h >> 29 ^ first[3]) * 0x9e3779b97f4a7c15ull;
	return (uint32_t)(h >> 32);
}

/* V8 in one address space. Offsets are bytes into the object that the name begins with, from the object's
 * own address: the tag, 1, is taken off. docs/nodejs.md has the layouts. */
struct walk_v8 {
	uint64_t dispatch_group_at;	/* address of the pointer to the isolate group, whose dispatch table
				 * tells a function's code; 0: the function does */
	uint32_t dispatch_table;	/* in the group, of the table's address */
	uint16_t type_function, type_function_last;	/* instance types: JSFunction and what derives from it */
	uint16_t type_shared, type_code, type_bytecodes;
	uint16_t map_type;	/* of the instance type, two bytes */
	uint16_t function_shared;
	uint16_t function_code;	/* a pointer; with a dispatch table a handle, four bytes */
	uint16_t shared_data;	/* code, bytecode, or a builtin's number */
	uint16_t shared_name, shared_script, shared_literal;
	uint16_t script_id, script_name;
	uint16_t code_start;	/* of the pointer to the instructions, or (code_inline) of themselves */
	uint16_t code_size, code_flags;
	uint16_t code_deopt, code_positions;
	uint16_t bytecodes_data, bytecodes_positions;
	uint16_t frame_wasm;	/* a frame's type: WebAssembly */
	uint16_t type_baseline_data;	/* Node 16: stands between a function and its baseline code; else NO_FIELD */
	uint16_t frame_regexp;	/* a frame's type: code of a regular expression; 0: its frames have none */
	uint16_t type_regexp;	/* JSRegExp; 0: not known */
	uint16_t type_regexp_data;	/* of its data, where they have one of their own; else NO_FIELD */
	uint16_t regexp_data, regexp_source;	/* in a JSRegExp; in its data */
	uint16_t regexp_code;	/* in its data: one for strings of one byte a character, and one of two */
	uint16_t scope_first;	/* of what names a scope's locals, of which it has as many words, and once more */
	uint8_t scope_flags_raw;	/* the second word is its flags; else a number */
	uint8_t scope_hashes_locals;	/* the names of more than V8_SCOPE_LOCALS are in one word */
	uint8_t scope_receiver;	/* a word for it before the function's name */
	uint8_t scope_module;	/* the type of scope that has a word more before the locals; 0: none has */
	uint8_t code_inline;
	uint8_t kind_mask, kind_baseline;	/* of code_flags; one less: a copy of the interpreter's entry */
	uint8_t zero[5];
};

#define V8_TAG 1u		/* a pointer to an object of the heap has it */
/* The object that a word refers to; 0 when the word is a number. */
static inline uint64_t v8_untag(uint64_t word)
{
	return word & V8_TAG ? word & ~3ull : 0;	/* bit 1: a weak reference */
}

#define V8_HANDLE_SHIFT 8u	/* a dispatch handle is the entry's number above this many bits */
#define V8_ENTRY_CODE_SHIFT 16u	/* the second word of an entry is code above the number of parameters */

static inline uint64_t v8_mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 29;
}

/* What the kernel saw of a function, so that the host can tell another one at the same address: its
 * script's number and its own number in it, and the pointers to what names both (words as read). */
static inline uint32_t v8_check(uint64_t script_id, uint32_t literal_id, uint64_t script, uint64_t name)
{
	return (uint32_t)(v8_mix(v8_mix(v8_mix(v8_mix(0, script_id), literal_id), script), name) >> 32);
}

/* The same of optimised code of that function. */
static inline uint32_t v8_code_check(uint32_t function_check, uint32_t size, uint64_t deopt,
				     uint64_t positions)
{
	return (uint32_t)(v8_mix(v8_mix(v8_mix(function_check, size), deopt), positions) >> 32);
}

/* The same of a string: its hash and its length, as read. */
static inline uint32_t v8_string_check(uint64_t word)
{
	return (uint32_t)(v8_mix(v8_mix(0, word), 1) >> 32);
}

#define V8_SCOPE_LOCALS 75u	/* that a scope names one by one: kScopeInfoMaxInlinedLocalNamesSize */
#define V8_STRING_HEAD 8u	/* where that word is */
#define V8_STRING_FIRST 16u	/* where a string that is made of others has the first, or the one that it stands for, ... */
#define V8_STRING_SECOND 24u	/* ... and the second */

/* The code around an instruction, from this many bytes before it on. */
#define V8_BYTES_BEFORE 16u
#define V8_BYTES_WORDS 4u

/* The same of that: never 0, which says that it could not be read. */
static inline uint32_t v8_bytes_check(const uint64_t words[V8_BYTES_WORDS])
{
	return (uint32_t)(v8_mix(v8_mix(v8_mix(v8_mix(0, words[0]), words[1]), words[2]), words[3]) >> 32) | 1;
}

/* Why a JavaScript frame has no function. X(ENUM, "words for a person") */
#define V8_FAULTS(X)                                                            \
	X(NONE, "")                                                             \
	X(FRAME_FAULT, "frame could not be read")                               \
	X(NOT_FUNCTION, "not a function where the frame has its own")           \
	X(FUNCTION_FAULT, "function could not be read")                         \
	X(CHANGED, "function changed before it was read")                       \
	X(GONE, "process ended before its function was read")                   \
	X(NO_LAYOUT, "V8's layout not known yet when it was sampled")

enum v8_fault {
#define X(id, words) V8_FAULT_##id,
	V8_FAULTS(X)
#undef X
	V8_FAULT_COUNT
};

#define JVM_HEAPS_MAX 4u

/* HotSpot in one address space: where it keeps the code that it makes, and how it describes it. All of it
 * is what the library says of itself (vmStructs). Offsets are bytes into the structure that the name
 * begins with (blob: CodeBlob, whose largest kind is an nmethod; const: ConstMethod). */
struct walk_jvm {
	struct jvm_heap {
		uint64_t low, high;	/* all that is reserved for it */
		uint64_t segmap;	/* a byte a segment: how many back its blob begins, 0xff: free */
	} heaps[JVM_HEAPS_MAX];
	uint64_t call_stub_at;	/* address of the pointer to where the call to Java returns to; 0: none */
	uint64_t virtual_klass;	/* java.lang.VirtualThread; 0: not known */
	uint64_t chunk_klass;	/* the class of what holds a virtual thread's frames on the heap; 0: not known */
	uint64_t oop_base;	/* a reference of four bytes is shifted and added to it */
	uint32_t chunk_narrow, virtual_narrow;	/* the classes as an object's head may have them */
	uint8_t n_heaps;
	uint8_t segment_bits;	/* log2 of the bytes of a segment */
	uint8_t block_bytes;	/* before each blob */
	uint8_t code_offsets;	/* 1: where code begins are offsets (>= 23), 0: pointers */
	uint8_t complete_bytes;	/* of blob_complete: 2 or 4 */
	uint8_t entry_bytes;	/* of nmethod_entry: 2 (from the code's begin) or 8 (a pointer) */
	uint16_t blob_bytes;	/* of a blob to read at once: all fields below are in them */
	uint16_t blob_name, blob_size, blob_code, blob_frame, blob_complete;
	uint16_t nmethod_method, nmethod_id, nmethod_entry;
	uint16_t nmethod_deopt, nmethod_deopt_mh;	/* NO_FIELD: none */
	uint16_t nmethod_orig_pc;
	uint16_t method_const;
	uint16_t const_size, const_code_size;
	uint16_t const_bytes;	/* of a ConstMethod: the bytecodes follow */
	uint16_t cont_tail, cont_target, chunk_parent;	/* references */
	uint16_t thread_number;			/* eight bytes */
	uint16_t chunk_sp, chunk_bottom;	/* words from where its stack begins, ... */
	uint16_t chunk_stack;			/* ... which is here */
	uint8_t oop_bytes, oop_shift;		/* of a reference: 4 or 8 */
	uint8_t block_used;	/* which byte before a blob is 1 while it is in use, at most the eighth; 0: not known */
	uint8_t zero;
};

/* What the kernel saw of an object, so that the host can tell another one at the same address. Of a method:
 * its ConstMethod and the eight bytes around that one's size; of an nmethod: its method and its compilation's
 * number; of another blob: its name and nothing. */
static inline uint32_t jvm_check(uint64_t first, uint64_t second)
{
	uint64_t h = (first ^ (second << 17 | second >> 47)) * 0x9e3779b97f4a7c15ull;

	h ^= h >> 29;
	return (uint32_t)(h >> 32) ^ (uint32_t)h;
}

/* Why there is no Java frame where there should be one. X(ENUM, "words for a person") */
#define JVM_FAULTS(X)                                                           \
	X(NONE, "")                                                             \
	X(NO_BLOB, "no code blob holds the address")                            \
	X(BLOB_FAULT, "code blob could not be read")                            \
	X(METHOD_FAULT, "method could not be read")                             \
	X(NOT_METHOD, "not a method")                                           \
	X(CHANGED, "method changed before it was read")                         \
	X(GONE, "process ended before its method was read")                     \
	X(FROZEN, "frames of the virtual thread on the heap could not be read")

enum jvm_fault {
#define X(id, words) JVM_FAULT_##id,
	JVM_FAULTS(X)
#undef X
	JVM_FAULT_COUNT
};

enum runtime_kind { RUNTIME_NONE, RUNTIME_PYTHON, RUNTIME_GO, RUNTIME_V8, RUNTIME_JVM };

#define RUNTIME_BIT(kind) (1u << (kind))
#define RUNTIME_ALL (RUNTIME_BIT(RUNTIME_PYTHON) | RUNTIME_BIT(RUNTIME_GO) | RUNTIME_BIT(RUNTIME_V8) | \
		     RUNTIME_BIT(RUNTIME_JVM))

struct walk_runtime {
	uint32_t kind;		/* enum runtime_kind */
	uint32_t zero;
	union {
		struct walk_python python;
		struct walk_go go;
		struct walk_v8 v8;
		struct walk_jvm jvm;
	};
};

#define WALK_RUNTIMES_MAX 4096u		/* address spaces with a runtime, at one time */

_Static_assert(sizeof(struct walk_python) == 88, "ABI with BPF");
_Static_assert(sizeof(struct walk_v8) <= 96, "ABI with BPF");
_Static_assert(sizeof(struct walk_jvm) == 192, "ABI with BPF");
_Static_assert(sizeof(struct walk_runtime) == 200, "ABI with BPF");

#endif
