/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: ECMA-262, 12 (lexical grammar) and 15.7 (class definitions). */
#include "runtime/v8/classes.h"

#include <stdlib.h>
#include <string.h>

#include "base/bisect.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "runtime/v8/strings.h"

#define DEPTH_MAX 1024u		/* of brackets */
#define WORD_MAX 64u		/* characters of a name; of a longer one no class is called */
#define MEMBERS_MAX (1u << 20)

/* What the next character is in. */
enum mode { CODE, WORD, SLASH, LINE_COMMENT, BLOCK_COMMENT, TEXT, TEMPLATE, PATTERN };

/* How far a class's head has come. */
enum head { NO_HEAD, HEAD_CLASS, HEAD_NAMED, HEAD_EXTENDS };

enum before { BEFORE_OPERATOR, BEFORE_VALUE, BEFORE_CONDITION, BEFORE_DOT };	/* the token before */

struct bracket {
	uint8_t what;		/* ( [ { ` or $ (in a template) */
	bool is_class, is_block;
	bool is_condition;	/* of if, while, for, with: what comes behind it is a statement */
	enum head head;		/* of a class that begins directly in it */
	uint32_t class, head_class;	/* whose body it is, and that of the head; 0: without a name */
};

struct lexer {
	struct v8_members *members;
	struct arena *arena;
	struct bracket stack[DEPTH_MAX];
	uint32_t depth;		/* of the stack; [0] is the text */
	uint32_t at;
	enum mode mode;
	enum before before;
	uint32_t previous, last;	/* the character before, and the one that is no blank and in no comment */
	uint32_t before_word;	/* .last, where a word begins */
	uint32_t quote;
	bool escaped, in_set;	/* in a text or pattern; in [...] of a pattern */
	enum before before_sign;	/* of + or - */
	uint32_t word[WORD_MAX], n_word;
	uint32_t name[WORD_MAX], n_name;	/* what stands before the last "=" */
	bool name_waits;	/* that is a name */
	bool word_is_name;	/* the last word stands behind no point */
	bool escape_seen;	/* the character before was one that a \ stands before */
	bool failed;
};

void v8_members_fini(struct v8_members *members)
{
	free(members->at);
	free(members->names);
	free(members->classes);
	*members = (struct v8_members){ 0 };
}

void v8_classes_fini(struct v8_classes *classes)
{
	for (uint32_t i = 0; i < classes->cap; i++)
		v8_members_fini(&classes->items[i]);
	free(classes->items);
	*classes = (struct v8_classes){ 0 };
}

static bool is_word(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' || c == '#' ||
	       c == '\\' || (c >= 0x80 && c != 0x2028 && c != 0x2029 && c != 0xa0 && c != 0xfeff);
}

static bool ends_line(uint32_t c)
{
	return c == '\n' || c == '\r' || c == 0x2028 || c == 0x2029;
}

static bool word_is(const struct lexer *l, const char *word)
{
	uint32_t n = 0;

	while (word[n] && n < l->n_word && l->word[n] == (uint8_t)word[n])
		n++;
	return !word[n] && n == l->n_word;
}

static bool word_is_one_of(const struct lexer *l, const char *const words[], unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (word_is(l, words[i]))
			return true;
	return false;
}

/* A word as a class's name; 0 where it can be none. */
static uint32_t add_class(struct lexer *l, const uint32_t *word, uint32_t n_word)
{
	struct v8_members *m = l->members;
	char text[WORD_MAX * 4];
	size_t n = 0;

	if (n_word >= WORD_MAX)
		return 0;
	for (uint32_t i = 0; i < n_word; i++) {
		if (word[i] == '\\' || (word[i] >= 0xd800 && word[i] < 0xe000))
			return 0;
		n += utf8_put(text + n, word[i]);
	}
	if (m->n_classes >= MEMBERS_MAX || VEC_RESERVE(&m->classes, &m->cap_classes, (uint64_t)m->n_classes + 2) < 0)
		return 0;
	if (!m->n_classes)
		m->classes[m->n_classes++] = (struct str){ 0 };
	m->classes[m->n_classes] = arena_dup(l->arena, str_over(text, n));
	return m->n_classes++;
}

static void add_member(struct lexer *l, uint32_t class)
{
	struct v8_members *m = l->members;

	if (m->n >= MEMBERS_MAX || VEC_RESERVE(&m->at, &m->cap_at, (uint64_t)m->n + 1) < 0 ||
	    VEC_RESERVE(&m->names, &m->cap_names, (uint64_t)m->n + 1) < 0)
		return;
	m->at[m->n] = l->at;
	m->names[m->n++] = class;
}

static void end_word(struct lexer *l)
{
	static const char *const operators[] = { "return", "typeof", "instanceof", "in", "of", "new", "delete", "void", "throw",
						 "case", "await", "yield", "extends" };
	static const char *const conditions[] = { "if", "while", "for", "with", "do", "else" };
	struct bracket *in = &l->stack[l->depth];
	bool after_dot = l->before == BEFORE_DOT;

	l->word_is_name = !after_dot;
	l->mode = CODE;
	l->before = BEFORE_VALUE;
	if (after_dot || (in->is_class && l->before_word != '=' && !in->head))	/* a member may have any word's name */
		return;
	if (in->head == HEAD_CLASS && !word_is(l, "extends")) {
		in->head_class = add_class(l, l->word, l->n_word);
		in->head = HEAD_NAMED;
		return;
	}
	if (in->head == HEAD_CLASS || in->head == HEAD_NAMED)
		in->head = word_is(l, "extends") ? HEAD_EXTENDS : NO_HEAD;
	if (word_is(l, "class")) {
		in->head = HEAD_CLASS;
		in->head_class = l->before_word == '=' && l->name_waits ? add_class(l, l->name, l->n_name) : 0;
	}
	if (word_is_one_of(l, operators, sizeof(operators) / sizeof(operators[0])))
		l->before = BEFORE_OPERATOR;
	else if (word_is_one_of(l, conditions, sizeof(conditions) / sizeof(conditions[0])))
		l->before = BEFORE_CONDITION;
}

static void open_bracket(struct lexer *l, uint32_t c)
{
	struct bracket *in = &l->stack[l->depth];
	bool value = l->before == BEFORE_VALUE || l->before == BEFORE_CONDITION;
	struct bracket opened = { .what = (uint8_t)c };

	if (c == '(' && in->is_class && value && !in->head)
		add_member(l, in->class);
	opened.is_condition = c == '(' && l->before == BEFORE_CONDITION;
	if (c == '{') {
		opened.is_class = in->head && (in->head != HEAD_EXTENDS || l->before == BEFORE_VALUE);
		opened.class = opened.is_class ? in->head_class : 0;
		/* behind ")", "=>", a word, or a statement's end: not where a value is wanted */
		opened.is_block = value || !l->last || (l->last < 0x80 && strchr(")>;{}", (int)l->last));
		if (opened.is_class)
			in->head = NO_HEAD;
	}
	if (in->head == HEAD_CLASS || in->head == HEAD_NAMED)
		in->head = NO_HEAD;	/* a member that is called "class" */
	if (l->depth + 1 >= DEPTH_MAX) {
		l->failed = true;
		return;
	}
	l->stack[++l->depth] = opened;
	l->before = BEFORE_OPERATOR;
}

static void close_bracket(struct lexer *l, uint32_t c)
{
	static const char opening[] = "([{$", closing[] = ")]}}";
	const struct bracket *in = &l->stack[l->depth];
	const char *which = memchr(opening, in->what, 4);

	if (!l->depth || !which || closing[which - opening] != (char)c) {
		l->failed = true;	/* it was misread, or is no JavaScript */
		return;
	}
	l->before = in->is_condition || (c == '}' && in->is_block && !in->is_class) ? BEFORE_OPERATOR : BEFORE_VALUE;
	if (in->what == '$')
		l->mode = TEMPLATE;
	l->depth--;
}

static void sign(struct lexer *l, uint32_t c)
{
	if (l->previous == c) {		/* i++ / 2 */
		l->before = l->before_sign;
		return;
	}
	l->before_sign = l->before;
	l->before = BEFORE_OPERATOR;
}

/* "Name = class {": one without a name of its own is called so. Asked where "=" is met; most are no class's. */
static bool may_name_class(const struct lexer *l)
{
	return l->word_is_name && is_word(l->last) && l->before == BEFORE_VALUE && l->word[0] != '#';
}

static void operate(struct lexer *l, uint32_t c)
{
	struct bracket *in = &l->stack[l->depth];

	if (c == '=') {
		l->name_waits = may_name_class(l);
		if (l->name_waits) {
			memcpy(l->name, l->word, sizeof(l->name));
			l->n_name = l->n_word;
		}
	}
	if (in->head == HEAD_CLASS || in->head == HEAD_NAMED || c == ';')
		in->head = NO_HEAD;
	/* (a number with a point at its end is no matter here) */
	l->before = c == '.' && l->last != '.' ? BEFORE_DOT : BEFORE_OPERATOR;
}

static void see_code(struct lexer *l, uint32_t c)
{
	if (is_word(c)) {
		l->mode = WORD;
		l->n_word = 0;
		l->before_word = l->last;
	} else if (c == '/') {
		l->mode = SLASH;
	} else if (c == '"' || c == '\'') {
		l->mode = TEXT;
		l->quote = c;
	} else if (c == '`') {
		open_bracket(l, '`');
		l->mode = TEMPLATE;
	} else if (c == '(' || c == '[' || c == '{') {
		open_bracket(l, c);
	} else if (c == ')' || c == ']' || c == '}') {
		close_bracket(l, c);
	} else if (c == '+' || c == '-') {
		sign(l, c);
	} else if (c > ' ' && c < 0x80) {
		operate(l, c);
	}
}

static void see_text(struct lexer *l, uint32_t c)
{
	if (l->escaped) {
		l->escaped = false;
	} else if (c == '\\') {
		l->escaped = true;
	} else if (c == l->quote || (c == '\n' && l->previous != '\r')) {
		l->mode = CODE;
		l->before = BEFORE_VALUE;
	}
}

static void see_template(struct lexer *l, uint32_t c)
{
	if (l->escaped) {
		l->escaped = false;
		l->escape_seen = true;
	} else if (c == '\\') {
		l->escaped = true;
	} else if (c == '`') {
		l->mode = CODE;
		l->before = BEFORE_VALUE;
		l->depth--;
	} else if (c == '{' && l->previous == '$') {
		l->mode = CODE;
		open_bracket(l, '$');
	}
}

static void see_pattern(struct lexer *l, uint32_t c)
{
	if (l->escaped) {
		l->escaped = false;
	} else if (c == '\\') {
		l->escaped = true;
	} else if (c == '[') {
		l->in_set = true;
	} else if (c == ']') {
		l->in_set = false;
	} else if ((c == '/' && !l->in_set) || ends_line(c)) {
		l->mode = CODE;
		l->before = BEFORE_VALUE;
	}
}

/* False: the character is the first of another token. */
static bool see_slash(struct lexer *l, uint32_t c)
{
	l->mode = CODE;
	if (c == '/' || c == '*') {
		l->mode = c == '/' ? LINE_COMMENT : BLOCK_COMMENT;
		l->quote = 0;
	} else if (l->before == BEFORE_OPERATOR || l->before == BEFORE_CONDITION) {
		l->mode = PATTERN;
		l->escaped = l->in_set = false;
		see_pattern(l, c);
	} else {
		operate(l, '/');
		return false;
	}
	return true;
}

static void see_character(struct lexer *l, uint32_t c)
{
	if (l->mode == WORD && is_word(c)) {
		if (l->n_word < WORD_MAX)
			l->word[l->n_word++] = c;
		return;
	}
	if (l->mode == WORD)
		end_word(l);
	if (l->mode == SLASH && see_slash(l, c))
		return;
	switch (l->mode) {
	case WORD:
	case SLASH:
	case CODE:
		see_code(l, c);
		if (l->mode == WORD)
			l->word[l->n_word++] = c;
		break;
	case LINE_COMMENT:
		if (ends_line(c))
			l->mode = CODE;
		return;		/* what is before a comment counts */
	case BLOCK_COMMENT:
		if (c == '/' && l->quote == '*')
			l->mode = CODE;
		l->quote = c;
		return;
	case TEXT:
		see_text(l, c);
		break;
	case TEMPLATE:
		see_template(l, c);
		break;
	case PATTERN:
		see_pattern(l, c);
		break;
	}
	if (c > ' ' && l->mode != SLASH)
		l->last = c;
}

static bool see_characters(void *seer, const void *characters, uint32_t n, unsigned width)
{
	struct lexer *l = seer;
	const uint8_t *narrow = characters;
	const uint16_t *wide = characters;

	for (uint32_t i = 0; i < n && !l->failed; i++, l->at++) {
		uint32_t c = width == 1 ? narrow[i] : wide[i];

		l->escape_seen = false;
		see_character(l, c);
		l->previous = l->escape_seen ? 0 : c;
	}
	return true;	/* what was found before it failed holds */
}

bool v8_members_read(const struct v8_memory *memory, uint64_t source, struct arena *arena, struct v8_members *members)
{
	struct lexer *l = calloc(1, sizeof(*l));
	bool ok;

	if (!l)
		return false;
	l->members = members;
	l->arena = arena;
	ok = v8_string_scan(memory, source, 0, UINT32_MAX, see_characters, l);
	free(l);
	if (!ok)
		v8_members_fini(members);
	members->read = ok;
	return ok;
}

struct str v8_members_class(const struct v8_members *members, uint32_t at)
{
	uint32_t i = BISECT(members->n, k, members->at[k] < at);

	if (i >= members->n || members->at[i] != at || !members->names[i])
		return (struct str){ 0 };
	return members->classes[members->names[i]];
}
