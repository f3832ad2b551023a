/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* walk/v8_regexp.h
 *
 * Code of regular expressions: its frame tells no more than that it is some. What has called it keeps
 * the regular expression, or its data, in its own frame, in a word that is found by trying: it leads
 * to the code at work.
 *
 * Layouts: objects/js-regexp.h; where fields are: struct walk_v8 in abi/runtime.h.
 * Part of walk/v8.h; expects walk/v8_frame.h and enum walk_v8_piece.
 */
#ifndef SONDE_WALK_V8_REGEXP_H
#define SONDE_WALK_V8_REGEXP_H

/* Whether the frame stands in the code that a word of a regular expression's data leads to, in some versions (12.x)
 * by a wrapper, whose first field it is. */
WALK_INLINE bool walk_v8_in_regexp(struct walk *w, uint64_t at)
{
	struct walk_v8_code *c = &w->v8.regexp;
	uint64_t code = v8_untag(walk_v8_word(w, at));

	walk_v8_read_code(w, c, code);
	if (!c->address && code)
		walk_v8_read_code(w, c, v8_untag(walk_v8_word(w, code + 8)));
	return walk_v8_holds(w, c);
}

/* Whether the next word of the caller's frame leads to the regular expression whose code is at work: its words then. */
WALK_INLINE bool walk_v8_is_regexp(struct walk *w)
{
	const struct walk_v8 *l = &w->v8.layout;
	uint64_t word = w->v8.caller[w->v8.i_caller++ & (WALK_V8_CALLER_WORDS - 1)];
	uint64_t data = v8_untag(word), source;
	uint16_t type;

	if ((word & 3) != V8_TAG)
		return false;
	type = walk_v8_type(w, data);
	if (type == l->type_regexp)
		data = v8_untag(walk_v8_word(w, data + l->regexp_data));
	else if (type == RUNTIME_NO_FIELD || type != l->type_regexp_data)
		return false;
	if (!walk_v8_in_regexp(w, data + l->regexp_code) && !walk_v8_in_regexp(w, data + l->regexp_code + 8))
		return false;
	source = v8_untag(walk_v8_word(w, data + l->regexp_source));
	walk_v8_say(w, source, v8_string_check(walk_v8_word(w, source + V8_STRING_HEAD)), V8_REGEXP, 0);
	return true;
}

/* What has called the code of a regular expression keeps that in its frame, where is not told: a word of it
 * that leads to the code at work. */
WALK_INLINE void walk_v8_regexp(struct walk *w, void *out)
{
	struct walk_v8_state *v = &w->v8;
	uint64_t fp = w->regs[UNWIND_RBP];

	if (v->layout.frame_regexp)
		walk_v8_say(w, 0, 0, V8_REGEXP, 0);
	if ((fp & 7) || !walk_read_bytes(w, v->caller, sizeof(v->caller), fp + 16))
		return;
	v->i_caller = 0;
	for (uint32_t i = 0; i < WALK_V8_CALLER_WORDS; i++)
		if (walk_v8_call(w, out, WALK_V8_TRY_REGEXP))
			return;
}

/* Whether run-time code that is no function's may be a regular expression's. */
WALK_INLINE bool walk_v8_may_be_regexp(const struct walk *w)
{
	return w->v8.layout.type_regexp && SAMPLE_V8_KIND(w->v8.words[1]) == V8_STUB &&
	       SAMPLE_V8_PLACE(w->v8.words[1]) == w->v8.layout.frame_regexp;
}

#endif
