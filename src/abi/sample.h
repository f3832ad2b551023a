/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* abi/sample.h
 *
 * What crosses between the kernel half (bpf/) and the host: samples through a ring buffer, what the
 * walker must know of each process through maps.
 */
#ifndef SONDE_ABI_SAMPLE_H
#define SONDE_ABI_SAMPLE_H

#include "abi/runtime.h"
#include "abi/unwind.h"

#define SAMPLE_USER_WORDS_MAX 32768u	/* a native frame is one word, an interpreted one two */
#define SAMPLE_KERNEL_FRAMES_MAX 128u
#define SAMPLE_COPY_MAX 131072u		/* bytes of stack in a copied sample */
#define SAMPLE_COPY_STEP 4096u
#define SAMPLE_COPY_HOLES 32u		/* pages that can be told to be missing */
#define SAMPLE_COPY_HOLES_END 0xf0000000u	/* the last four of them: the stack has ended */

#define SAMPLE_FAR_MAX 16384u		/* bytes of the stack before a change of stacks */
#define SAMPLE_FAR_HOPS 8

#define SAMPLE_PYTHON_WORDS_MAX 4096u	/* of interpreted frames beside a copied stack */

/* One frame of a walked stack: an address in the low 56 bits and flags above. */
#define SAMPLE_FRAME_PC(frame) ((frame) & 0x00ffffffffffffffull)
#define SAMPLE_FRAME_RETURN (1ull << 56)	/* a return address: look up the byte before */
#define SAMPLE_FRAME_GUESSED (1ull << 57)	/* found by a frame pointer, where no CFI was */

/* An interpreted frame of CPython: the address of its code object, then python_check() << 32 | the
 * instruction (f_lasti, or code units from 3.11 on). Address 0: none, and the second word is an enum
 * python_fault; PYTHON_FAULT_NONE there is no frame but the end of a run of the loop (only beside
 * copied stacks, whose native frames are found later, and only where a run has several frames). */
#define SAMPLE_FRAME_PYTHON (1ull << 58)

/* A frame of V8, two words: this | an address (V8_FAULT: 0), then check << 32 | enum v8_frame << 28 | place.
 * SAMPLE_FRAME_RETURN: the place is one that is returned to. */
#define SAMPLE_FRAME_V8 (1ull << 60)
#define SAMPLE_V8_KIND(word) ((uint32_t)(word) >> 28)
#define SAMPLE_V8_PLACE(word) ((uint32_t)(word) & SAMPLE_V8_PLACE_MAX)
#define SAMPLE_V8_PLACE_MAX 0x0fffffffu	/* in V8_INTERPRETED, V8_BASELINE: not known */

enum v8_frame {			/* the address is of ...; the check; the place */
	V8_FAULT,		/* nothing; 0; enum v8_fault */
	V8_INTERPRETED,		/* a SharedFunctionInfo; v8_check(); offset in the bytecode */
	V8_BASELINE,		/* the same; bytes into its baseline code */
	V8_FUNCTION,		/* the same: compiled, in other code than it has now; V8_FUNCTION_LATE or 0 */
	V8_OPTIMIZED,		/* a Code object; v8_code_check(); bytes into its instructions */
	V8_STUB,		/* an instruction of a frame that is no function's; 0; the frame's type */
	V8_WASM,		/* an instruction of WebAssembly; V8_WASM_CHECK(), V8_WASM_PLACE() of the frame's instance, or 0 */
	V8_AT,			/* no frame, but the instruction of the V8_FUNCTION that follows; v8_bytes_check(); 0 */
	V8_REGEXP,		/* a string: the regular expression whose code it is; v8_string_check(); 0.
				 * Address 0: it is not known which */
};

/* The address of the instance of a module, a multiple of 8, in two parts. */
#define V8_WASM_CHECK(instance) ((uint32_t)((instance) >> 31))
#define V8_WASM_PLACE(instance) ((uint32_t)((instance) >> 3) & SAMPLE_V8_PLACE_MAX)
#define V8_WASM_INSTANCE(word) ((uint64_t)(uint32_t)((word) >> 32) << 31 | (uint64_t)SAMPLE_V8_PLACE(word) << 3)

/* Memory was read later than the stack was copied: it is the frame's function only if that instruction is in
 * code of it. */
#define V8_FUNCTION_LATE 1u

/* A frame of HotSpot's: an address, then check << 32 | kind << 28 | place. */
#define SAMPLE_FRAME_JVM (1ull << 59)
#define SAMPLE_JVM_PLACE(second) ((uint32_t)(second) & 0x0fffffffu)
#define SAMPLE_JVM_KIND(second) ((uint32_t)(second) >> 28 & 15)
#define SAMPLE_JVM_CHECK(second) ((uint32_t)((second) >> 32))
#define SAMPLE_JVM_NO_PLACE 0x0fffffffu

enum jvm_frame {
	JVM_FAULT,		/* address 0; the place is an enum jvm_fault */
	JVM_INTERPRETED,	/* a Method; the place is a bytecode's index, or SAMPLE_JVM_NO_PLACE */
	JVM_COMPILED,		/* an nmethod (native wrappers too); place: from its code's begin */
	JVM_STUB,		/* another CodeBlob, likewise */
};

/* Why a walk ended. COMPLETE is the only one that reached the thread's first frame.
 * X(ENUM, "words for a person") */
#define WALK_ENDS(X)                                                            \
	X(COMPLETE, "complete")                                                 \
	X(NO_PROCESS, "process not known yet")                                  \
	X(NO_MAPPING, "no mapping holds the address")                           \
	X(NO_TABLE, "unwind rows not loaded yet")                               \
	X(NO_RULE, "no unwind information for the address")                     \
	X(UNSUPPORTED, "unwind information of a kind not supported")            \
	X(READ_FAULT, "stack memory could not be read")                         \
	X(BAD_PC, "return address that cannot be code")                         \
	X(NO_PROGRESS, "caller's frame not above its callee's")                 \
	X(FULL, "more frames than are kept")                                    \
	X(COPY_CUT, "stack deeper than its copy")                               \
	X(COMPAT, "32-bit process")                                             \
	X(NO_REGISTERS, "user registers could not be read")                     \
	X(GONE, "process ended before its code was read")

enum walk_end {
#define X(id, words) WALK_##id,
	WALK_ENDS(X)
#undef X
	WALK_END_COUNT
};

/* Why an event became no sample. Together with the recorded ones they add up to the events.
 * X(ENUM, "words for a person") */
#define DROP_REASONS(X)                                                         \
	X(RING_FULL, "ring buffer full")                                        \
	X(NO_SCRATCH, "no scratch memory for this CPU")                         \
	X(THREAD_GONE, "thread ended before it could be looked at") \
	X(TICK_LATE, "profiler came too late for the tick")

enum drop_reason {
#define X(id, words) DROP_##id,
	DROP_REASONS(X)
#undef X
	DROP_REASON_COUNT
};

enum sample_kind {
	SAMPLE_WALKED,	/* header, kernel frames, user frames */
	SAMPLE_COPIED,	/* struct sample_copy: the host walks it */
	SAMPLE_CODE,	/* struct sample_code: no sample, but what names some */
	SAMPLE_V8,	/* struct sample_v8: the same of V8's */
};

struct sample_hdr {
	uint64_t time_ns;	/* CLOCK_MONOTONIC */
	uint32_t tgid, tid;
	uint32_t generation;	/* of the mappings it was walked with; 0: none known */
	uint16_t cpu;
	uint16_t n_kernel, n_user;	/* frames and words, leaf first */
	uint8_t kind;		/* enum sample_kind */
	uint8_t end;		/* enum walk_end */
	uint8_t user_return;	/* the first user address is one a system call returns to */
	uint8_t kernel_thread;
	uint8_t gil;		/* enum sample_gil */
	uint8_t zero;
	uint32_t walk_ns;	/* what the user walk took; 0 unless measured */
	uint32_t stack_bytes;	/* SAMPLE_COPIED */
	char comm[16];		/* the thread's name */
	uint64_t activity;	/* Python: the outermost coroutine of the stack; Go: the goroutine's id;
				 * Java: the virtual thread's number; 0: none */
	uint64_t labels_at;	/* Go: address of the goroutine's labels; 0: none. Python, Java, V8: the thread
				 * pointer, which is how they tell their threads apart */
	uint32_t labels_check;	/* of them, as the kernel saw them */
	uint32_t holes;		/* SAMPLE_COPIED: bit n: page n of the stack was not in memory */
};

/* Whether the thread held its interpreter's lock. */
enum sample_gil { SAMPLE_GIL_UNKNOWN, SAMPLE_GIL_NOT_HELD, SAMPLE_GIL_HELD };

struct sample_walked {
	struct sample_hdr hdr;
	uint64_t frames[SAMPLE_KERNEL_FRAMES_MAX + SAMPLE_USER_WORDS_MAX];
};

struct sample_copy {
	struct sample_hdr hdr;
	uint64_t kernel[SAMPLE_KERNEL_FRAMES_MAX];
	uint64_t regs[UNWIND_REGS + 1];		/* enum unwind_reg; the last word is padding */
	/* Where the chain of frame pointers leaves the copied stack another one goes on, as where C
	 * has called a goroutine (0 bytes: it does not) */
	uint64_t far_at, far_bytes;
	/* hdr.stack_bytes from regs[UNWIND_RSP] up; far_bytes from far_at up; hdr.n_user words: all
	 * interpreted frames */
	uint8_t stack[SAMPLE_COPY_MAX + SAMPLE_FAR_MAX + SAMPLE_PYTHON_WORDS_MAX * 8];
};

/* A code object of CPython that a CPU has met for the first time, with what it names and its line
 * table: module code is often gone before the host could read it. Pieces of the process's memory, as
 * much as was read of each (0: it could not be), where a piece's room in `bytes` begins. */
enum sample_code_piece { CODE_OBJECT, CODE_FILE, CODE_NAME, CODE_TABLE, CODE_PIECES };

#define SAMPLE_CODE_OBJECT_BYTES 256u
#define SAMPLE_CODE_FILE_BYTES 320u
#define SAMPLE_CODE_NAME_BYTES 192u
#define SAMPLE_CODE_TABLE_BYTES 1280u

struct sample_code {
	struct sample_hdr hdr;
	uint64_t at[CODE_PIECES];	/* addresses; [CODE_OBJECT] is the code object's */
	uint32_t n[CODE_PIECES];
	uint8_t object[SAMPLE_CODE_OBJECT_BYTES];
	uint8_t file[SAMPLE_CODE_FILE_BYTES];
	uint8_t name[SAMPLE_CODE_NAME_BYTES];
	uint8_t table[SAMPLE_CODE_TABLE_BYTES];
};

/* A function or optimised code of V8 that a CPU has met for the first time: what names it, before V8
 * moves it. Pieces as above; a pointer that a piece was found by has lost its tag. */
#define SAMPLE_V8_PIECES(X) /* (name, bytes) */                                 \
	X(SHARED, shared, 88)                                                   \
	X(SCOPE, scope, 256)		/* SharedFunctionInfo's name or ScopeInfo */ \
	X(SCOPE_TAIL, scope_tail, 64)	/* what is behind the names of locals in it */ \
	X(NAME, name, 160)		/* a string that it has: the function's name, ... */ \
	X(INFERRED, inferred, 160)	/* ... and the inferred one */          \
	X(SCRIPT, script, 136)                                                  \
	X(SCRIPT_NAME, script_name, 320)                                        \
	X(NAME_FIRST, name_first, 320)	/* where that is made of others (joined, a part, ...): the first, ... */ \
	X(NAME_SECOND, name_second, 160)	/* ... and the second */        \
	X(BYTECODES, bytecodes, 80)	/* BytecodeArray's head */              \
	X(POSITIONS, positions, 1296)	/* its source position table */         \
	X(CODE, code, 128)		/* optimised or baseline Code */        \
	X(CODE_POSITIONS, code_positions, 1296)	/* its table of positions (baseline: of bytecode offsets) */ \
	X(DEOPT, deopt, 128)		/* optimised code's DeoptimizationData */

enum sample_v8_piece {
#define X(id, member, bytes) V8_##id,
	SAMPLE_V8_PIECES(X)
#undef X
	V8_PIECES
};

struct sample_v8 {
	struct sample_hdr hdr;
	uint64_t words[2];	/* of the frame that it was met in */
	uint64_t at[V8_PIECES];
	uint32_t n[V8_PIECES];
	uint32_t zero;
#define X(id, member, bytes) uint8_t member[bytes];
	SAMPLE_V8_PIECES(X)
#undef X
};

_Static_assert(sizeof(struct sample_v8) % 8 == 0, "ABI with BPF");
_Static_assert(sizeof(struct sample_hdr) == 80, "ABI with BPF");
_Static_assert(sizeof(struct sample_code) == 80 + 48 + 2048, "ABI with BPF");

/* An executable mapping, as the walker sees it. A process's entries are sorted and stand in one run
 * of the `mappings` array. */
struct walk_mapping {
	uint64_t start, end;	/* live addresses */
	uint64_t bias;		/* vaddr = address - bias */
	uint32_t table;		/* in `tables`; 0: run-time code, walked by frame pointer */
	uint32_t zero;
};

/* A process: which run of `mappings` is its own. The generation is new with every change, so that
 * what a CPU has cached for another one is never taken. */
struct walk_process {
	uint32_t first, count;
	uint32_t generation;
	uint32_t flags;		/* WALK_PROCESS_* */
	uint32_t runtime;	/* in `runtimes`; 0: none */
	uint32_t zero;
};

#define WALK_PROCESS_MISSES_KNOWN 1u	/* the host looked: unmapped addresses are really unmapped */
#define WALK_PROCESS_RUNTIME_AWAITED 2u	/* it has a runtime whose run-time code cannot be walked yet */

#define WALK_MAPPINGS_PER_PROCESS 4096u

/* Value of `targets`. */
#define TARGET_ON 1u
#define TARGET_AWAITS_EXEC 2u	/* our own child before it becomes the command */

/* Where the running kernel has the members we read, in bytes; set before load. (libbpf's CO-RE would find
 * them too, for 10 ms at every start: proc/kernelbtf.h.) */
struct kernel_offsets {
	uint32_t task_mm;	/* of struct task_struct: NULL for a kernel thread */
	uint32_t task_tgid;
	uint32_t task_fsbase;	/* of .thread: x86-64's thread pointer */
};

/* Who is sampled; set before load. */
enum target_mode { TARGET_ALL, TARGET_TGIDS, TARGET_CGROUP };

struct cpu_counters {		/* one per CPU */
	uint64_t events;	/* fired for the target */
	uint64_t recorded;	/* handed to the ring */
	uint64_t drops[DROP_REASON_COUNT];
	uint64_t copied;	/* of the recorded, those with a copied stack */
};

_Static_assert(sizeof(struct walk_mapping) == 32, "ABI with BPF");
_Static_assert(sizeof(struct walk_process) == 24, "ABI with BPF");

#endif
