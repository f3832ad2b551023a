/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* walk/go.h
 *
 * From one stack to another, where Go's run-time has changed stacks. Part of walk/walk.h.
 */
#ifndef SONDE_WALK_GO_H
#define SONDE_WALK_GO_H

#define WALK_GO_STACK_HIGH 8	/* struct g begins with its stack's two ends (runtime2.go) */

WALK_INLINE bool walk_go_word(struct walk *w, uint64_t at, uint64_t *ret_word)
{
	return !(at & 7) && walk_read_bytes(w, ret_word, 8, at);
}

/* The caller's frame is at a canonical frame address that was found. */
WALK_INLINE enum walk_next walk_go_to(struct walk *w, const struct unwind_rule *rule, uint64_t cfa)
{
	uint64_t caller, fp = w->regs[UNWIND_RBP];

	if (!walk_read(w, cfa - 8, &caller) ||
	    !walk_saved(w, rule->saves & 15, cfa, fp, rule->fp_off, &fp))
		return walk_stop(w, WALK_READ_FAULT);
	walk_to_caller(w, caller, cfa, fp);
	return WALK_CONTINUE;
}

/* asmcgocall keeps no pointer into the goroutine's stack, which may be moved meanwhile, but how far it is
 * from the stack's end. */
WALK_INLINE enum walk_next walk_go_by_depth(struct walk *w, const struct unwind_rule *rule)
{
	uint64_t at = w->regs[UNWIND_RSP] + (uint64_t)(int64_t)rule->cfa_off, depth, g, high;

	if (!walk_go_word(w, at, &depth) || !walk_go_word(w, at + 8, &g) ||
	    !walk_go_word(w, g + WALK_GO_STACK_HIGH, &high))
		return walk_stop(w, WALK_READ_FAULT);
	return walk_go_to(w, rule, high - depth + (uint64_t)(int64_t)rule->cfa_add);
}

/* Go's layout in this process; 0: not known. */
WALK_INLINE const struct walk_go *walk_go_layout(struct walk *w)
{
	const struct walk_runtime *runtime = walk_runtime_at(w, w->process.runtime);

	return runtime && runtime->kind == RUNTIME_GO ? &runtime->go : 0;
}

/* The goroutine that the thread works for, also while it runs on a stack of its own. False on a fault; 0
 * when it works for none. */
WALK_INLINE bool walk_go_current(struct walk *w, const struct walk_go *go, uint64_t *ret_g)
{
	uint64_t g, m;

	*ret_g = 0;
	if (!w->thread_pointer || !walk_go_word(w, w->thread_pointer + (uint64_t)go->g_tls, &g))
		return false;
	if (!g)
		return true;	/* a thread of C's */
	return walk_go_word(w, g + go->g_m, &m) && walk_go_word(w, m + go->m_curg, ret_g);
}

/* The thread goes on where the goroutine has saved that it stopped. */
WALK_INLINE enum walk_next walk_go_by_sched(struct walk *w, const struct unwind_rule *rule)
{
	const struct walk_go *go = walk_go_layout(w);
	uint64_t g, sp, pc;

	if (!go)
		return walk_stop(w, WALK_UNSUPPORTED);
	if (!walk_go_current(w, go, &g))
		return walk_stop(w, WALK_READ_FAULT);
	if (!g)		/* it has been given up: nobody waits for this */
		return walk_stop(w, WALK_COMPLETE);
	if (!walk_go_word(w, g + go->g_sched_sp, &sp) ||
	    !walk_go_word(w, g + go->g_sched_bp, &w->regs[UNWIND_RBP]))
		return walk_stop(w, WALK_READ_FAULT);
	if (rule->kind == UNWIND_GO_SYSTEMSTACK)
		return walk_go_to(w, rule, sp + (uint64_t)(int64_t)rule->cfa_off);
	if (!walk_go_word(w, g + go->g_sched_pc, &pc))
		return walk_stop(w, WALK_READ_FAULT);
	walk_to_caller(w, pc, sp, w->regs[UNWIND_RBP]);
	return WALK_CONTINUE;
}

WALK_INLINE enum walk_next walk_by_go(struct walk *w, const struct unwind_rule *rule)
{
	uint64_t base;

	if (rule->kind == UNWIND_GO_DEPTH)
		return walk_go_by_depth(w, rule);
	if (rule->kind == UNWIND_GO_SYSTEMSTACK || rule->kind == UNWIND_GO_MORESTACK)
		return walk_go_by_sched(w, rule);
	if (rule->kind != UNWIND_SWITCH || !walk_base(w, rule->cfa_base, &base))
		return walk_stop(w, WALK_UNSUPPORTED);
	return walk_go_to(w, rule, base + (uint64_t)(int64_t)rule->cfa_off);
}

/* The number of the thread's goroutine, and where its labels are. */
WALK_INLINE void walk_go_activity(struct walk *w, struct sample_hdr *hdr)
{
	const struct walk_go *go = walk_go_layout(w);
	uint64_t g, at, head[GO_LABEL_HEAD], first[GO_LABEL_FIRST];
	bool is_map;

	if (!go || go->g_goid == RUNTIME_NO_FIELD || !walk_go_current(w, go, &g) || !g)
		return;
	walk_go_word(w, g + go->g_goid, &hdr->activity);
	if (go->g_labels == RUNTIME_NO_FIELD || !walk_go_word(w, g + go->g_labels, &at) || !at)
		return;
	is_map = go->labels == GO_LABELS_MAP;
	if (is_map && !walk_go_word(w, at, &at))	/* labels point to the variable that is a map */
		return;
	if (!walk_read_bytes(w, head, sizeof(head), at) ||
	    !walk_read_bytes(w, first, sizeof(first), is_map ? head[2] : head[0]))
		return;
	hdr->labels_at = at;
	hdr->labels_check = go_labels_check(head, first);
}

#endif
