/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Walks over a made-up HotSpot (jvm_image_test.h). */
#include "base/test.h"
#include "walk/jvm_image_test.h"

static void check_jvm(const struct image_stack *s, uint32_t at, enum jvm_frame kind, uint64_t address, uint32_t place)
{
	CHECK(at + 1 < s->image.n);
	CHECK(s->image.words[at] & SAMPLE_FRAME_JVM);
	CHECK_EQ(SAMPLE_JVM_KIND(s->image.words[at + 1]), kind);
	CHECK_EQ(SAMPLE_FRAME_PC(s->image.words[at]), address);
	CHECK_EQ(SAMPLE_JVM_PLACE(s->image.words[at + 1]), place);
}

/* From word `at` on: the interpreted method, call_stub, C. */
static void check_outer(const struct image_stack *s, uint32_t at)
{
	check_jvm(s, at, JVM_INTERPRETED, s->method, 5);
	check_jvm(s, at + 2, JVM_STUB, s->stubs, 0x40);
	CHECK_EQ(s->image.n, at + 6);
	CHECK_EQ(SAMPLE_FRAME_PC(s->image.words[at + 4]), IMAGE_C_CALLER);
	CHECK_EQ(SAMPLE_FRAME_PC(s->image.words[at + 5]), IMAGE_C_ROOT);
}

TEST(compiled_interpreted_and_c_frames_follow_each_other)
{
	struct image_stack s;

	image_stack_begin(&s);
	CHECK_EQ(image_walk(&s.image), WALK_COMPLETE);
	check_jvm(&s, 0, JVM_COMPILED, s.caller, 0x30);
	CHECK(!(s.image.words[0] & SAMPLE_FRAME_RETURN));
	CHECK(s.image.words[2] & SAMPLE_FRAME_RETURN);
	check_outer(&s, 2);
}

TEST(stubs_of_an_aot_cache_have_names_of_their_own)
{
	struct image_stack s;

	image_stack_begin(&s);
	memcpy(image_at(&s.image, IMAGE_NAMES + 2 * 32, 32), "initial_blob (stub gen)", 24);
	CHECK_EQ(image_walk(&s.image), WALK_COMPLETE);
	check_outer(&s, 2);
}

TEST(edges_of_compiled_code_have_their_caller_where_their_instructions_say)
{
	static const struct edge {
		const char *bytes;
		uint32_t n, before, words;	/* words pushed: the return address, rbp */
	} edges[] = {
		{ "\x55", 1, 0, 1 },						/* push rbp */
		{ "\x55\x48\x8b\xec", 4, 1, 2 },				/* mov rbp, rsp behind it */
		{ "\x89\x84\x24\x00\xc0\xfe\xff", 7, 0, 1 },			/* the stack's bang */
		{ "\x5d", 1, 0, 2 },						/* pop rbp */
		{ "\xc3", 1, 0, 1 },						/* ret */
		{ "\x5d\x4d\x8b\x97\x08\x01\x00\x00", 8, 1, 1 },		/* 11: mov r10, [r15+n] */
		{ "\x41\x85\x02\xc3", 4, 0, 1 },				/* 11: test [r10], eax; ret */
		{ "\x49\x3b\xa7\x50\x04\x00\x00", 7, 0, 1 },			/* 17: cmp rsp, [r15+n] */
		{ "\x49\x3b\xa7\x50\x04\x00\x00\x0f\x87\x01\x00\x00\x00", 13, 7, 1 },	/* ja, behind it */
		{ "\x49\x3b\x67\x28\x0f\x87\x01\x00\x00\x00", 10, 4, 1 },		/* the short form */
		{ "\x4c\x8d\x15\x01\x00\x00\x00", 7, 0, 1 },			/* its slow way */
	};
	struct image_stack s;

	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
		uint64_t pc, sp;

		image_stack_begin(&s);
		pc = image_code(s.callee) + 0x100;
		image_put_code(&s, pc, edges[i].bytes, edges[i].n, edges[i].before);
		sp = s.sp - edges[i].words * 8;
		image_put(&s.image, s.sp - 8, image_code(s.caller) + 0x30, 8);
		image_put(&s.image, s.sp - 16, s.fp, 8);
		s.image.regs[UNWIND_RIP] = pc;
		s.image.regs[UNWIND_RSP] = sp;
		CHECK_EQ(image_walk(&s.image), WALK_COMPLETE);
		check_jvm(&s, 0, JVM_COMPILED, s.callee, 0x100);
		check_jvm(&s, 2, JVM_COMPILED, s.caller, 0x30);
		check_outer(&s, 4);
	}
}

/* leave; cmp [r15 + n], 0; jne; ret: after the first of them rbp is the caller's, and only the return address is left. */
TEST(the_wrapper_of_a_native_method_has_no_frame_where_rbp_is_not_at_its_beginning)
{
	struct image_stack s;
	uint64_t wrapper, pc;

	for (int stands = 0; stands < 2; stands++) {
		image_stack_begin(&s);
		wrapper = image_blob(&s.image, "native nmethod", 0x200, 6);
		pc = image_code(wrapper) + 0x100;
		image_put_code(&s, pc, "\xc9\x49\x83\x7f\x08\x00", 6, 1);
		image_put_code(&s, image_code(s.caller) + 0x30, "\xe8\x01\x02\x03\x04", 5, 5);
		image_put(&s.image, s.sp - 8, image_code(s.caller) + 0x30, 8);
		image_put(&s.image, s.sp - 16, s.fp, 8);
		s.image.regs[UNWIND_RIP] = pc;
		s.image.regs[UNWIND_RSP] = stands ? s.sp - 48 : s.sp - 8;
		s.image.regs[UNWIND_RBP] = stands ? s.sp - 16 : s.fp;
		/* what its size would find, left over by somebody else */
		image_put(&s.image, s.sp - 8 + 40, stands ? image_code(s.interpreter) + 0x50 : image_code(s.callee) + 8, 8);
		CHECK_EQ(image_walk(&s.image), WALK_COMPLETE);
		check_jvm(&s, 0, JVM_COMPILED, wrapper, 0x100);
		check_jvm(&s, 2, JVM_COMPILED, s.caller, 0x30);
		check_outer(&s, 4);
	}
}

TEST(a_frame_that_waits_to_be_given_up_has_its_own_address)
{
	struct image_stack s;

	image_stack_begin(&s);
	image_put(&s.image, s.caller + 80, IMAGE_CODE_AT + 0x1f0, 4);	/* the handler */
	image_put(&s.image, s.caller + 84, 8, 4);			/* where its address was put */
	image_put(&s.image, s.sp + 8, image_code(s.caller) + 0x77, 8);
	image_put(&s.image, s.sp - 8, image_code(s.caller) + 0x1f0, 8);
	s.image.regs[UNWIND_RSP] = s.sp - 6 * 8;
	s.image.regs[UNWIND_RIP] = image_code(s.callee) + 0x100;
	CHECK_EQ(image_walk(&s.image), WALK_COMPLETE);
	check_jvm(&s, 0, JVM_COMPILED, s.callee, 0x100);
	check_jvm(&s, 2, JVM_COMPILED, s.caller, 0x77);
	check_outer(&s, 4);
}

/* The barrier's stub: rbp and the cookie are pushed, and C has been called. */
TEST(the_cookie_of_an_entry_barrier_is_no_return_address)
{
	struct image_stack s;
	uint64_t fp;

	image_stack_begin(&s);
	fp = s.sp - 24;
	image_put(&s.image, fp, s.fp, 8);
	image_put(&s.image, fp + 8, ~0ull, 8);
	image_put(&s.image, fp + 16, image_code(s.caller) + 0x20, 8);
	image_put(&s.image, fp - 0x48, image_code(s.stubs) + 0x300, 8);
	s.image.regs[UNWIND_RIP] = IMAGE_C_CALLER;
	s.image.regs[UNWIND_RSP] = fp - 0x48;
	s.image.regs[UNWIND_RBP] = fp;
	image_put_code(&s, image_code(s.stubs) + 0x300, "\xe8\x01\x02\x03\x04", 5, 5);
	CHECK_EQ(image_walk(&s.image), WALK_COMPLETE);
	check_jvm(&s, 1, JVM_STUB, s.stubs, 0x300);
	check_jvm(&s, 3, JVM_COMPILED, s.caller, 0x20);
	check_outer(&s, 5);
}

/* rbx and r13 are what they are when a method is entered: the callee has left them so. */
TEST(a_return_to_the_interpreter_is_no_entry)
{
	struct image_stack s;

	image_stack_begin(&s);
	s.image.regs[UNWIND_RIP] = image_code(s.interpreter) + 0x50;
	s.image.regs[UNWIND_RSP] = s.sp + 32;
	s.image.regs[UNWIND_RBP] = s.fp;
	s.image.regs[UNWIND_R13] = s.sp + 40;
	s.image.regs[UNWIND_RBX] = image_method(&s.image, 1);
	CHECK_EQ(image_walk(&s.image), WALK_COMPLETE);
	check_outer(&s, 0);
}

TEST(a_method_that_is_entered_has_no_frame_yet)
{
	struct image_stack s;

	image_stack_begin(&s);
	s.image.regs[UNWIND_RIP] = image_code(s.interpreter) + 0x200;
	s.image.regs[UNWIND_RSP] = s.sp + 24;
	s.image.regs[UNWIND_RBP] = s.fp;
	s.image.regs[UNWIND_R13] = s.sp + 32;
	s.image.regs[UNWIND_RBX] = image_method(&s.image, 1);
	CHECK_EQ(image_walk(&s.image), WALK_COMPLETE);
	check_jvm(&s, 0, JVM_INTERPRETED, IMAGE_METHODS + IMAGE_METHOD_BYTES, 0);
	check_outer(&s, 2);
}

/* push rax; push rbp; mov rbp, rsp; push r13; push 0; mov r13, [rbx + n]; lea r13, [r13 + n]; push rbx: a copy of the stack has
 * nothing below sp, and what lies there is another's. */
TEST(a_frame_that_is_being_pushed_has_its_method_in_a_register)
{
	struct image_stack s;
	uint64_t other, fp;

	for (int step = 0; step < 3; step++) {
		image_stack_begin(&s);
		other = image_method(&s.image, 1);
		fp = s.sp - 0x100;
		image_interpreted(&s.image, fp, other, image_code(s.caller) + 0x30, s.sp, s.fp);
		s.image.regs[UNWIND_RIP] = image_code(s.interpreter) + 0x200;
		s.image.regs[UNWIND_RBP] = fp;
		s.image.regs[UNWIND_RBX] = s.method;
		s.image.regs[UNWIND_R13] = step ? image_bytecodes(s.method) : s.method + 0x40;
		s.image.regs[UNWIND_RSP] = fp - (step < 2 ? 16 : 24);
		if (step == 2) {
			image_put(&s.image, fp - 24, s.method, 8);
			s.image.copied_from = s.image.regs[UNWIND_RSP];
		}
		CHECK_EQ(image_walk(&s.image), WALK_COMPLETE);
		check_jvm(&s, 0, JVM_INTERPRETED, s.method, 0);
		check_jvm(&s, 2, JVM_COMPILED, s.caller, 0x30);
		check_outer(&s, 4);
	}
}

/* leave; mov byte [r15 + n], 0; pop r13; mov rsp, rbx; jmp r13: compiled code has called, rbp is of a frame further out. */
TEST(an_interpreted_frame_that_has_been_left_returns_to_what_is_on_top)
{
	struct image_stack s;

	image_stack_begin(&s);
	image_put_code(&s, image_code(s.caller) + 0x30, "\xe8\x01\x02\x03\x04", 5, 5);
	image_put(&s.image, s.sp - 32, image_code(s.caller) + 0x30, 8);
	s.image.regs[UNWIND_RIP] = image_code(s.interpreter) + 0x200;
	s.image.regs[UNWIND_RSP] = s.sp - 32;
	s.image.regs[UNWIND_RBP] = s.fp;
	s.image.regs[UNWIND_RBX] = s.sp;
	s.image.regs[UNWIND_R13] = image_bytecodes(image_method(&s.image, 1)) + 3;
	CHECK_EQ(image_walk(&s.image), WALK_COMPLETE);
	check_jvm(&s, 0, JVM_STUB, s.interpreter, 0x200);
	check_jvm(&s, 2, JVM_COMPILED, s.caller, 0x30);
	check_outer(&s, 4);
}

/* push -1; push rbp; mov rbp, rsp ... leave; add rsp, 8; ret */
TEST(the_stub_of_an_entry_barrier_has_no_frame_at_its_edges)
{
	static const struct { const char *bytes; uint32_t n, before, words; } at[] = {
		{ "\x55", 1, 0, 1 }, { "\x55\x48\x8b\xec", 4, 1, 2 }, { "\xc9\x48\x83\xc4\x08", 5, 1, 1 },
	};
	struct image_stack s;

	for (int i = 0; i < 3; i++) {
		image_stack_begin(&s);
		image_put_code(&s, image_code(s.stubs) + 0x300, at[i].bytes, at[i].n, at[i].before);
		image_put(&s.image, s.sp - 8, image_code(s.caller) + 0x20, 8);
		image_put(&s.image, s.sp - 16, ~0ull, 8);
		image_put(&s.image, s.sp - 24, s.fp, 8);
		s.image.regs[UNWIND_RIP] = image_code(s.stubs) + 0x300;
		s.image.regs[UNWIND_RSP] = s.sp - 8 - at[i].words * 8;
		s.image.regs[UNWIND_RBP] = s.fp;
		CHECK_EQ(image_walk(&s.image), WALK_COMPLETE);
		check_jvm(&s, 0, JVM_STUB, s.stubs, 0x300);
		check_jvm(&s, 2, JVM_COMPILED, s.caller, 0x20);
		check_outer(&s, 4);
	}
}

/* It saves all registers, r13 among them, which has its stack pointer: how far that is aligned is not told elsewhere. */
TEST(an_adapter_that_has_called_the_vm_is_left_by_the_registers_that_it_has_saved)
{
	struct image_stack s;
	uint64_t adapter, sp, saved;

	for (uint32_t i = 0; i < 3; i++) {
		uint32_t aligned = i & 1;

		image_stack_begin(&s);
		adapter = image_blob(&s.image, "I2C/C2I adapters", 0x200, 0);
		saved = s.sp - 8 - aligned * 8 - 18 * 8;	/* flags, a word to align them, the registers */
		sp = saved - 2688;
		image_put(&s.image, s.sp - 8, image_code(s.caller) + 0x30, 8);
		image_put(&s.image, saved + 2 * 8, s.sp - 8, 8);
		image_put(&s.image, saved + 15 * 8, image_code(s.caller) + 0x30, 8);
		image_put(&s.image, sp - 8, image_code(adapter) + 0x100, 8);
		s.image.regs[UNWIND_RIP] = IMAGE_C_CALLER;
		s.image.regs[UNWIND_RSP] = sp - 8;
		s.image.regs[UNWIND_RBP] = s.fp;	/* whose caller is not the adapter's */
		image_put_code(&s, image_code(s.caller) + 0x30, "\xe8\x01\x02\x03\x04", 5, 5);
		if (i == 2) {	/* back in the adapter, its registers not yet taken back */
			s.image.regs[UNWIND_RIP] = image_code(adapter) + 0x100;
			s.image.regs[UNWIND_RSP] = sp;
			s.image.regs[UNWIND_R13] = s.sp - 8;
		}
		CHECK_EQ(image_walk(&s.image), WALK_COMPLETE);
		if (i < 2)
			CHECK_EQ(SAMPLE_FRAME_PC(s.image.words[0]), IMAGE_C_CALLER);
		check_jvm(&s, i < 2, JVM_STUB, adapter, 0x100);
		check_jvm(&s, 2 + (i < 2), JVM_COMPILED, s.caller, 0x30);
		check_outer(&s, 4 + (i < 2));
	}
}

/* What the interpreter jumps back to compiled code by, and that code has left it where it was. */
TEST(a_return_from_compiled_code_is_no_end_of_the_frame)
{
	struct image_stack s;

	image_stack_begin(&s);
	s.image.regs[UNWIND_RIP] = image_code(s.interpreter) + 0x200;
	s.image.regs[UNWIND_RBP] = s.fp;
	s.image.regs[UNWIND_RSP] = s.fp - 0x48;
	s.image.regs[UNWIND_RBX] = s.fp - 0x100;	/* somewhere below */
	s.image.regs[UNWIND_R13] = image_code(s.caller) + 0x30;
	CHECK_EQ(image_walk(&s.image), WALK_COMPLETE);
	check_outer(&s, 0);
}

TEST(what_only_c_calls_returns_to_c)
{
	struct image_stack s;

	image_stack_begin(&s);
	s.image.regs[UNWIND_RIP] = image_code(s.for_c) + 0x20;
	s.image.regs[UNWIND_RSP] = s.sp;
	image_put(&s.image, s.sp, 0x1234, 8);
	image_put(&s.image, s.sp + 8, 0, 8);
	image_put(&s.image, s.sp + 16, IMAGE_C_CALLER, 8);
	image_put(&s.image, s.sp + 24, IMAGE_C_ROOT, 8);
	CHECK_EQ(image_walk(&s.image), WALK_COMPLETE);
	check_jvm(&s, 0, JVM_STUB, s.for_c, 0x20);
	CHECK_EQ(s.image.n, 4);
}

TEST(what_lies_on_top_of_a_stub_s_frame_is_no_return_address)
{
	struct image_stack s;
	uint64_t stub, sp;

	image_stack_begin(&s);
	stub = image_blob(&s.image, "nep_invoker_blob", 0x100, 12);
	sp = s.sp - 12 * 8;
	image_put(&s.image, sp, image_code(s.interpreter) + 0x50, 8);	/* of a call before */
	image_put(&s.image, sp + 10 * 8, 0x1234, 8);
	image_put(&s.image, sp + 11 * 8, image_code(s.caller) + 0x30, 8);
	s.image.regs[UNWIND_RIP] = image_code(stub) + 0x40;
	s.image.regs[UNWIND_RSP] = sp;
	s.image.regs[UNWIND_RBP] = sp + 10 * 8;
	CHECK_EQ(image_walk(&s.image), WALK_COMPLETE);
	check_jvm(&s, 0, JVM_STUB, stub, 0x40);
	check_jvm(&s, 2, JVM_COMPILED, s.caller, 0x30);
	check_outer(&s, 4);
}

TEST(what_c_calls_has_no_frame_at_its_edges)
{
	static const struct {
		const char *bytes;
		uint32_t n, before, words;
	} edges[] = {
		{ "\x55", 1, 0, 0 },			/* push rbp */
		{ "\x55\x48\x8b\xec", 4, 1, 1 },	/* mov rbp, rsp behind it */
		{ "\xc3", 1, 0, 0 },			/* ret */
	};
	struct image_stack s;

	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
		uint64_t stub, sp;

		image_stack_begin(&s);
		stub = image_blob(&s.image, "upcall_stub", 0x100, 12);
		sp = s.sp - 32 - edges[i].words * 8;
		image_put(&s.image, s.sp - 32, IMAGE_C_CALLER, 8);
		image_put(&s.image, s.sp - 24, IMAGE_C_ROOT, 8);
		image_put_code(&s, image_code(stub) + 0x40, edges[i].bytes, edges[i].n, edges[i].before);
		s.image.regs[UNWIND_RIP] = image_code(stub) + 0x40;
		s.image.regs[UNWIND_RSP] = sp;
		s.image.regs[UNWIND_RBP] = s.sp;	/* C's, a number as good as any */
		CHECK_EQ(image_walk(&s.image), WALK_COMPLETE);
		check_jvm(&s, 0, JVM_STUB, stub, 0x40);
		CHECK_EQ(s.image.n, 4);
		CHECK_EQ(SAMPLE_FRAME_PC(s.image.words[2]), IMAGE_C_CALLER);
	}
}

TEST(what_is_no_blob_is_a_frame_that_says_so)
{
	struct image_stack s;

	image_stack_begin(&s);
	s.image.regs[UNWIND_RIP] = IMAGE_CODE_END - 0x40;
	s.image.regs[UNWIND_RBP] = s.sp - 0x40;
	s.image.regs[UNWIND_RSP] = s.sp - 0x80;
	image_put(&s.image, s.sp - 0x40, s.fp, 8);
	image_put(&s.image, s.sp - 0x38, image_code(s.interpreter) + 0x50, 8);
	CHECK_EQ(image_walk(&s.image), WALK_COMPLETE);
	check_jvm(&s, 0, JVM_FAULT, 0, JVM_FAULT_NO_BLOB);
}

/* Walked twice, as the kernel half walks one tick after another; in between `change` may befall `caller`. */
static void walk_twice(struct image_stack *s, void (*change)(struct image_stack *s))
{
	struct walk_host *host = walk_host_new();

	CHECK(host);
	image_stack_begin(s);
	s->image.runtime.jvm.block_used = 4;
	image_put(&s->image, s->caller - 4, 1, 1);
	image_put(&s->image, s->interpreter - 4, 1, 1);
	image_put(&s->image, s->stubs - 4, 1, 1);
	CHECK_EQ(image_walk_with(&s->image, host), WALK_COMPLETE);
	/* what is known is not searched for in the segments */
	memset(image_at(&s->image, IMAGE_SEGMAP, 0x800), 0xff, 0x800);
	change(s);
	image_walk_with(&s->image, host);
	walk_host_free(host);
}

static void nothing(struct image_stack *s)
{
	(void)s;
}

static void throw_away(struct image_stack *s)
{
	image_put(&s->image, s->caller - 4, 0, 1);
}

static void make_a_stub_of(struct image_stack *s)
{
	image_put(&s->image, s->caller + 8, IMAGE_NAMES + 64, 8);
}

static void shorten(struct image_stack *s)
{
	image_put(&s->image, s->caller + 24, IMAGE_CODE_AT + 0x20, 4);
}

static void compile_again(struct image_stack *s)
{
	image_put(&s->image, s->caller + 72, 0x1234, 4);
}

TEST(a_blob_is_known_again_while_it_is_in_use_and_holds_the_address)
{
	static void (*const changes[])(struct image_stack *s) = { throw_away, make_a_stub_of, shorten };
	struct image_stack s;
	uint64_t check;

	walk_twice(&s, nothing);
	check_jvm(&s, 0, JVM_COMPILED, s.caller, 0x30);
	check_outer(&s, 2);
	check = s.image.words[1];
	walk_twice(&s, compile_again);
	check_jvm(&s, 0, JVM_COMPILED, s.caller, 0x30);
	CHECK(s.image.words[1] != check);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		walk_twice(&s, changes[i]);
		check_jvm(&s, 0, JVM_FAULT, 0, JVM_FAULT_NO_BLOB);
	}
}

static void check_chunk(const struct image_stack *s, uint32_t at)
{
	check_jvm(s, at, JVM_COMPILED, s->caller, 0x44);
	check_jvm(s, at + 2, JVM_INTERPRETED, s->method, 5);
	check_jvm(s, at + 4, JVM_COMPILED, s->callee, 0x55);
}

/* ---- virtual threads */

TEST(frames_of_a_virtual_thread_are_followed_onto_the_heap_and_back)
{
	struct image_thread v;

	image_thread_begin(&v);
	CHECK_EQ(image_walk(&v.s.image), WALK_COMPLETE);
	check_jvm(&v.s, 0, JVM_COMPILED, v.s.callee, 0x100);
	check_chunk(&v.s, 2);
	check_chunk(&v.s, 8);
	check_jvm(&v.s, 14, JVM_COMPILED, v.s.caller, 0x30);
	check_outer(&v.s, 16);
}

TEST(what_is_no_chunk_is_a_frame_that_says_so)
{
	struct image_thread v;

	image_thread_begin(&v);
	image_put(&v.s.image, IMAGE_CHUNK(0) + 8, IMAGE_KLASS + 8, 8);
	CHECK_EQ(image_walk(&v.s.image), WALK_COMPLETE);
	check_jvm(&v.s, 2, JVM_FAULT, 0, JVM_FAULT_FROZEN);
	check_jvm(&v.s, 4, JVM_COMPILED, v.s.caller, 0x30);
	check_outer(&v.s, 6);
}

TEST(rbp_need_not_lead_to_the_frame_that_entered_a_virtual_thread)
{
	struct image_thread v;

	image_thread_begin(&v);
	image_put(&v.s.image, v.entry_sp - 16, 0x1234, 8);
	CHECK_EQ(image_walk(&v.s.image), WALK_COMPLETE);
	check_chunk(&v.s, 2);
	check_chunk(&v.s, 8);
	check_jvm(&v.s, 14, JVM_COMPILED, v.s.caller, 0x30);
	check_outer(&v.s, 16);
	/* where its frames cannot be read */
	image_put(&v.s.image, IMAGE_CHUNK(0) + 8, IMAGE_KLASS + 8, 8);
	CHECK_EQ(image_walk(&v.s.image), WALK_COMPLETE);
	check_jvm(&v.s, 2, JVM_FAULT, 0, JVM_FAULT_FROZEN);
	check_jvm(&v.s, 4, JVM_COMPILED, v.s.caller, 0x30);
	check_outer(&v.s, 6);
}

TEST(chunks_without_frames_are_passed_over)
{
	struct image_thread v;

	image_thread_begin(&v);
	image_put(&v.s.image, IMAGE_CHUNK(0) + 24, 56, 4);
	CHECK_EQ(image_walk(&v.s.image), WALK_COMPLETE);
	check_chunk(&v.s, 2);
	check_jvm(&v.s, 8, JVM_COMPILED, v.s.caller, 0x30);
}

TEST(chunks_in_a_circle_end)
{
	struct image_thread v;

	image_thread_begin(&v);
	image_put_chunk(&v.s, 1, IMAGE_CHUNK(0), image_code(v.s.stubs) + 0x200);
	CHECK_EQ(image_walk(&v.s.image), WALK_FULL);
	image_put(&v.s.image, IMAGE_CHUNK(0) + 24, 56, 4);
	image_put(&v.s.image, IMAGE_CHUNK(1) + 24, 56, 4);
	CHECK_EQ(image_walk(&v.s.image), WALK_COMPLETE);
	check_jvm(&v.s, 2, JVM_FAULT, 0, JVM_FAULT_FROZEN);
}

TEST(coloured_references_are_followed)
{
	struct image_thread v;

	image_thread_begin(&v);
	image_put(&v.s.image, IMAGE_CONT + 16, IMAGE_CHUNK(0) << 14 | 1u << 13 | 0x3f0, 8);
	CHECK_EQ(image_walk(&v.s.image), WALK_COMPLETE);
	check_chunk(&v.s, 2);
}

TEST_MAIN(CASE(compiled_interpreted_and_c_frames_follow_each_other), CASE(stubs_of_an_aot_cache_have_names_of_their_own),
	  CASE(edges_of_compiled_code_have_their_caller_where_their_instructions_say),
	  CASE(the_wrapper_of_a_native_method_has_no_frame_where_rbp_is_not_at_its_beginning),
	  CASE(a_frame_that_waits_to_be_given_up_has_its_own_address),
	  CASE(the_cookie_of_an_entry_barrier_is_no_return_address),
	  CASE(a_return_to_the_interpreter_is_no_entry), CASE(a_method_that_is_entered_has_no_frame_yet),
	  CASE(a_frame_that_is_being_pushed_has_its_method_in_a_register),
	  CASE(a_return_from_compiled_code_is_no_end_of_the_frame),
	  CASE(an_interpreted_frame_that_has_been_left_returns_to_what_is_on_top),
	  CASE(the_stub_of_an_entry_barrier_has_no_frame_at_its_edges),
	  CASE(an_adapter_that_has_called_the_vm_is_left_by_the_registers_that_it_has_saved),
	  CASE(what_only_c_calls_returns_to_c),
	  CASE(what_lies_on_top_of_a_stub_s_frame_is_no_return_address),
	  CASE(what_c_calls_has_no_frame_at_its_edges), CASE(what_is_no_blob_is_a_frame_that_says_so),
	  CASE(a_blob_is_known_again_while_it_is_in_use_and_holds_the_address),
	  CASE(frames_of_a_virtual_thread_are_followed_onto_the_heap_and_back),
	  CASE(what_is_no_chunk_is_a_frame_that_says_so), CASE(chunks_without_frames_are_passed_over),
	  CASE(rbp_need_not_lead_to_the_frame_that_entered_a_virtual_thread),
	  CASE(chunks_in_a_circle_end), CASE(coloured_references_are_followed))
