/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* bpf/copy.h
 *
 * What goes out of the timer program into the ring: records, and in them copies of the process's
 * memory.
 *
 *   send()            a record that is ready
 *   send_copy()       registers and stack, for the host to walk
 *   send_new_code()   a code object that a walk meets for the first time
 *   send_new_v8()     a function of V8's, the same
 *
 * Nothing is brought into memory here: what cannot be read at the tick is left out, and its length
 * says so.
 * Included behind walk/walk.h, whose struct walk it reads.
 */
#ifndef SONDE_BPF_COPY_H
#define SONDE_BPF_COPY_H

#include "abi/sample.h"
#include "bpf/maps.h"
#include "walk/walk.h"

static __always_inline uint32_t read_piece(void *out, uint32_t n, uint64_t at)
{
	uint64_t first = 4096 - (at & 4095);

	if (bpf_probe_read_user(out, n, (const void *)at) == 0)
		return n;
	/* the next page may never have been touched, and nothing is brought in here */
	barrier_var(first);
	if (first > n)
		first = n;
	return bpf_probe_read_user(out, first, (const void *)at) == 0 ? (uint32_t)first : 0;
}

/* Of the sample at hand, but with no frames. */
static __always_inline void begin_pieces(struct sample_hdr *hdr, const struct sample_walked *sample,
					 uint8_t kind)
{
	*hdr = sample->hdr;
	hdr->kind = kind;
	hdr->n_kernel = hdr->n_user = 0;
}

static __always_inline uint64_t code_field(const struct sample_code *r, uint64_t off)
{
	barrier_var(off);
	return *(const uint64_t *)(r->object + (off & (SAMPLE_CODE_OBJECT_BYTES - 8)));
}

/* The host gets all that it needs to name the code object, now. A global function, because the verifier
 * looks at each byte of a read and does that once here, instead of on every way to it. */
__noinline int send_new_code(uint64_t code)
{
	uint32_t cpu = bpf_get_smp_processor_id();
	const struct sample_walked *sample = bpf_map_lookup_elem(&samples, &cpu);
	const struct walk *w = bpf_map_lookup_elem(&walks, &cpu);
	struct sample_code *r = bpf_map_lookup_elem(&codes, &cpu);
	const struct walk_python *layout;

	if (!r || !w || !sample)
		return 0;
	layout = &w->python.layout;
	begin_pieces(&r->hdr, sample, SAMPLE_CODE);
	r->at[CODE_OBJECT] = code;
	r->n[CODE_OBJECT] = read_piece(r->object, sizeof(r->object), code);
	r->at[CODE_FILE] = code_field(r, layout->code_file);
	r->at[CODE_NAME] = code_field(r, layout->code_qualname != RUNTIME_NO_FIELD ?
					 layout->code_qualname : layout->code_name);
	r->at[CODE_TABLE] = code_field(r, layout->code_table);
	r->n[CODE_FILE] = read_piece(r->file, sizeof(r->file), r->at[CODE_FILE]);
	r->n[CODE_NAME] = read_piece(r->name, sizeof(r->name), r->at[CODE_NAME]);
	r->n[CODE_TABLE] = read_piece(r->table, sizeof(r->table), r->at[CODE_TABLE]);
	bpf_ringbuf_output(&ring, r, sizeof(*r), BPF_RB_NO_WAKEUP);
	return 0;
}

static __always_inline uint64_t v8_field(const uint8_t *object, uint64_t room, uint64_t off)
{
	barrier_var(off);
	if (off > room - 8 || (off & 7))
		return 0;
	return v8_untag(*(const uint64_t *)(object + off));
}

/* Where an object of V8's is. A collection under way leaves that in place of its map; others still refer to where it was,
 * and so does what is sent. */
static __always_inline uint64_t v8_now(uint64_t at)
{
	uint64_t head;

	if (!at || bpf_probe_read_user(&head, sizeof(head), (const void *)at))
		return 0;
	return head && !(head & 7) ? head : at;
}

static __always_inline uint32_t read_v8_piece(uint8_t *out, uint32_t n, uint64_t at)
{
	at = v8_now(at);
	return at ? read_piece(out, n, at) : 0;
}

/* What a scope has behind its locals (runtime/v8/functions.c has all of it): the strings that name the function. */
static __always_inline void copy_scope(struct sample_v8 *r, const struct walk_v8 *l)
{
	uint64_t flags = *(const uint64_t *)(r->scope + 8), n = *(const uint64_t *)(r->scope + 24) >> 32, off, i;

	if (!l->scope_flags_raw)
		flags >>= 32;
	if (n > 0xffff)
		n = 0;
	off = l->scope_first + (n + (l->scope_hashes_locals && n > V8_SCOPE_LOCALS ? 1 : n)) * 8;
	if (l->scope_module && (flags & 15) == l->scope_module)
		off += 8;
	r->at[V8_SCOPE_TAIL] = r->at[V8_SCOPE] + off;
	r->n[V8_SCOPE_TAIL] = read_piece(r->scope_tail, sizeof(r->scope_tail), v8_now(r->at[V8_SCOPE]) + off);
	i = (flags >> 10 & 1) * 8;
	if (l->scope_receiver && ((flags >> 7 & 3) == 1 || (flags >> 7 & 3) == 2))
		i += 8;
	r->at[V8_NAME] = r->at[V8_INFERRED] = 0;
	if (flags >> 12 & 3) {
		r->at[V8_NAME] = v8_field(r->scope_tail, sizeof(r->scope_tail), i);
		i += 16;
	}
	if (flags >> 14 & 1)
		r->at[V8_INFERRED] = v8_field(r->scope_tail, sizeof(r->scope_tail), i);
	r->n[V8_NAME] = read_v8_piece(r->name, sizeof(r->name), r->at[V8_NAME]);
	r->n[V8_INFERRED] = read_v8_piece(r->inferred, sizeof(r->inferred), r->at[V8_INFERRED]);
}

/* The same for a function of V8's, which w->v8 has found. The argument is of no use but that a global
 * function must not be folded into its caller. */
__noinline int send_new_v8(uint32_t unused)
{
	uint32_t cpu = bpf_get_smp_processor_id();
	const struct sample_walked *sample = bpf_map_lookup_elem(&samples, &cpu);
	struct walk *w = bpf_map_lookup_elem(&walks, &cpu);
	struct sample_v8 *r = bpf_map_lookup_elem(&functions, &cpu);
	const struct walk_v8_function *f;
	const struct walk_v8_state *v;

	if (!r || !w || !sample)
		return 0;
	v = &w->v8;
	f = walk_v8_at_hand(w);
	begin_pieces(&r->hdr, sample, SAMPLE_V8);
	r->words[0] = v->words[0];
	r->words[1] = v->words[1];
	r->at[V8_SHARED] = f->shared;
	r->at[V8_SCOPE] = v8_untag(f->name);
	r->at[V8_SCRIPT] = v8_untag(f->script);
	r->n[V8_SHARED] = read_v8_piece(r->shared, sizeof(r->shared), r->at[V8_SHARED]);
	r->n[V8_SCOPE] = read_v8_piece(r->scope, sizeof(r->scope), r->at[V8_SCOPE]);
	copy_scope(r, &v->layout);
	r->n[V8_SCRIPT] = read_v8_piece(r->script, sizeof(r->script), r->at[V8_SCRIPT]);
	r->at[V8_SCRIPT_NAME] = v8_field(r->script, sizeof(r->script), v->layout.script_name);
	r->n[V8_SCRIPT_NAME] = read_v8_piece(r->script_name, sizeof(r->script_name),
					  r->at[V8_SCRIPT_NAME]);
	r->at[V8_NAME_FIRST] = v8_field(r->script_name, sizeof(r->script_name), V8_STRING_FIRST);
	r->n[V8_NAME_FIRST] = read_v8_piece(r->name_first, sizeof(r->name_first), r->at[V8_NAME_FIRST]);
	r->at[V8_NAME_SECOND] = v8_field(r->script_name, sizeof(r->script_name), V8_STRING_SECOND);
	r->n[V8_NAME_SECOND] = read_v8_piece(r->name_second, sizeof(r->name_second), r->at[V8_NAME_SECOND]);
	r->at[V8_BYTECODES] = v8_untag(v->slots[1]);
	r->n[V8_BYTECODES] = read_v8_piece(r->bytecodes, sizeof(r->bytecodes), r->at[V8_BYTECODES]);
	r->at[V8_POSITIONS] = v8_field(r->bytecodes, sizeof(r->bytecodes),
				       v->layout.bytecodes_positions);
	r->n[V8_POSITIONS] = read_v8_piece(r->positions, sizeof(r->positions), r->at[V8_POSITIONS]);
	r->at[V8_CODE] = v->code;
	r->n[V8_CODE] = read_v8_piece(r->code, sizeof(r->code), v->code);
	r->at[V8_CODE_POSITIONS] = v8_field(r->code, sizeof(r->code), v->layout.code_positions);
	r->n[V8_CODE_POSITIONS] = read_v8_piece(r->code_positions, sizeof(r->code_positions),
					     r->at[V8_CODE_POSITIONS]);
	r->at[V8_DEOPT] = v8_field(r->code, sizeof(r->code), v->layout.code_deopt);
	r->n[V8_DEOPT] = read_v8_piece(r->deopt, sizeof(r->deopt), r->at[V8_DEOPT]);
	bpf_ringbuf_output(&ring, r, sizeof(*r), BPF_RB_NO_WAKEUP);
	return 0;
}

struct copy_loop {
	struct sample_copy *copy;
	uint64_t from;
};

/* One page of stack at a time. One that cannot be read may never have been written to (HotSpot's create_vm()
 * leaves whole pages of its frame alone); several are the stack's end. What changes from page to page lives in
 * the record: the verifier would follow it through all pages on the stack. */
static long copy_stack_page(uint32_t index, void *context)
{
	struct copy_loop *loop = context;
	uint64_t in_page = loop->from & (SAMPLE_COPY_STEP - 1);
	uint64_t at = index ? (uint64_t)index * SAMPLE_COPY_STEP - in_page : 0;
	uint64_t n = index ? SAMPLE_COPY_STEP : SAMPLE_COPY_STEP - in_page;
	uint32_t bit = index & (SAMPLE_COPY_HOLES - 1);

	barrier_var(n);
	n &= 2 * SAMPLE_COPY_STEP - 1;
	if (n > SAMPLE_COPY_STEP)
		return 1;
	barrier_var(at);
	if (at > SAMPLE_COPY_MAX - SAMPLE_COPY_STEP || at >= copy_bytes)
		return 1;
	if (bpf_probe_read_user(loop->copy->stack + at, n, (const void *)(loop->from + at))) {
		loop->copy->hdr.holes |= 1u << bit;
		return index >= SAMPLE_COPY_HOLES ||
		       loop->copy->hdr.holes << (SAMPLE_COPY_HOLES - 1 - bit) >= SAMPLE_COPY_HOLES_END;
	}
	loop->copy->hdr.stack_bytes = (uint32_t)(at + n);
	return 0;
}

/* How many bytes were added behind the n of the stack itself. The other stack may end soon. Global, as
 * send_new_code() is. */
__noinline int copy_far_stack(uint64_t n)
{
	uint32_t cpu = bpf_get_smp_processor_id();
	struct sample_copy *copy = bpf_map_lookup_elem(&copies, &cpu);
	uint64_t sp, fp;
	uint8_t *to;

	barrier_var(n);
	if (!copy || n > SAMPLE_COPY_MAX)
		return 0;
	sp = copy->regs[UNWIND_RSP];
	fp = copy->regs[UNWIND_RBP];
	to = copy->stack + n;
	for (int hop = 0; hop < SAMPLE_FAR_HOPS && fp - sp < n; hop++)
		if (bpf_probe_read_user(&fp, sizeof(fp), (const void *)fp))
			return 0;
	if (fp - sp < n || !fp || (fp & 7))
		return 0;
	copy->far_at = fp;
	if (bpf_probe_read_user(to, SAMPLE_FAR_MAX, (const void *)fp) == 0)
		return SAMPLE_FAR_MAX;
	if (bpf_probe_read_user(to, SAMPLE_FAR_MAX / 2, (const void *)fp) == 0)
		return SAMPLE_FAR_MAX / 2;
	return read_piece(to, SAMPLE_COPY_STEP, fp);
}

static __always_inline int send(struct cpu_counters *count, void *record, uint64_t n,
				uint64_t wake)
{
	if (bpf_ringbuf_output(&ring, record, n, wake) < 0) {
		count->drops[DROP_RING_FULL]++;
		return 0;
	}
	count->recorded++;
	return 0;
}

/* Hands over registers, which `copy` has, and stack, and n_python words of interpreted frames that `sample`
 * holds. */
static __always_inline int send_copy(struct cpu_counters *count, const struct sample_walked *sample,
				     struct sample_copy *copy, uint32_t n_python)
{
	struct copy_loop loop = { .copy = copy, .from = copy->regs[UNWIND_RSP] };
	uint64_t n, bytes, at = sample->hdr.n_kernel;

	copy->hdr = sample->hdr;
	copy->hdr.kind = SAMPLE_COPIED;
	copy->hdr.n_user = (uint16_t)n_python;
	copy->hdr.stack_bytes = copy->hdr.holes = 0;
	__builtin_memcpy(copy->kernel, sample->frames, sizeof(copy->kernel));
	bpf_loop(SAMPLE_COPY_MAX / SAMPLE_COPY_STEP + 1, copy_stack_page, &loop, 0);
	n = copy->hdr.stack_bytes;
	barrier_var(n);
	if (n > SAMPLE_COPY_MAX)
		n = SAMPLE_COPY_MAX;
	copy->far_bytes = (uint32_t)copy_far_stack(n);
	n += copy->far_bytes;
	barrier_var(n);
	if (n > SAMPLE_COPY_MAX + SAMPLE_FAR_MAX)
		n = SAMPLE_COPY_MAX + SAMPLE_FAR_MAX;
	bytes = (uint64_t)n_python * 8;
	barrier_var(bytes);
	barrier_var(at);
	if (bytes > SAMPLE_PYTHON_WORDS_MAX * 8 || at > SAMPLE_KERNEL_FRAMES_MAX ||
	    bpf_probe_read_kernel(copy->stack + n, bytes, sample->frames + at))
		bytes = copy->hdr.n_user = 0;
	n += bytes;
	count->copied++;
	/* copies are large and go on until the host has loaded what is missing: at once, please */
	return send(count, copy, __builtin_offsetof(struct sample_copy, stack) + n,
		    BPF_RB_FORCE_WAKEUP);
}

#endif
