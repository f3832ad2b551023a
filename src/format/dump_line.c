/* SPDX-License-Identifier: Apache-2.0 */
#include "format/dump_line.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool skip(struct str *s, struct str prefix)
{
	if (!str_starts(*s, prefix))
		return false;
	*s = str_skip(*s, prefix.n);
	return true;
}

/* Cuts decimal digits, or "0x" and hexadecimal ones, off the front. */
static bool cut_number(struct str *s, uint64_t *ret_value)
{
	bool hex = str_starts(*s, STR("0x"));
	struct str digits = str_skip(*s, hex ? 2 : 0);
	size_t n = 0;

	while (n < digits.n && (is_digit(digits.p[n]) ||
				(hex && ((digits.p[n] >= 'a' && digits.p[n] <= 'f') ||
					 (digits.p[n] >= 'A' && digits.p[n] <= 'F')))))
		n++;
	if (str_parse_u64(str_head(digits, n), hex ? 16 : 10, ret_value) < 0)
		return false;
	*s = str_skip(digits, n);
	return true;
}

static ptrdiff_t find(struct str s, struct str needle)
{
	const char *at = s.n ? memmem(s.p, s.n, needle.p, needle.n) : NULL;

	return at ? at - s.p : -1;
}

/* "app.py:12" or "app.c:12:7" at the end: the file stays in *text. */
static bool cut_line_number(struct str *text, uint32_t *ret_line)
{
	ptrdiff_t colon = str_rfind(*text, ':');
	uint64_t line;

	if (colon <= 0 || str_parse_u64(str_skip(*text, (size_t)colon + 1), 10, &line) < 0)
		return false;
	*ret_line = line > INT32_MAX ? 0 : (uint32_t)line;
	text->n = (size_t)colon;
	return true;
}

/* Where the group in parentheses that ends the text begins; -1: none does. */
static ptrdiff_t last_group(struct str text)
{
	size_t depth = 0;

	if (!text.n || text.p[text.n - 1] != ')')
		return -1;
	for (size_t i = text.n; i-- > 0;) {
		depth += text.p[i] == ')';
		if (text.p[i] == '(' && --depth == 0)
			return (ptrdiff_t)i;
	}
	return -1;
}

static bool cut_quoted(struct str *s, struct str *ret_name)
{
	ptrdiff_t end;

	if (!skip(s, STR("\"")) || (end = str_find(*s, '"')) < 0)
		return false;
	*ret_name = str_head(*s, (size_t)end);
	*s = str_skip(*s, (size_t)end + 1);
	return true;
}

/* "main" #1 prio=5 os_prio=0 tid=0x00007fba nid=0x1920 waiting on condition  [0x0]; the name may hold quotes,
 * JDK 21 has #1 [6432] as well. */
static bool parse_java(struct str line, struct dump_thread *t)
{
	ptrdiff_t nid = find(line, STR(" nid=")), tid = find(line, STR(" tid=")), end;
	struct str rest = line;

	if (!line.n || line.p[0] != '"' || (nid < 0 && tid < 0 && find(line, STR(" prio=")) < 0))
		return false;
	t->name = str_skip(str_head(line, (size_t)(nid >= 0 ? nid : tid >= 0 ? tid : (ptrdiff_t)line.n)),
			   1);
	end = str_rfind(t->name, '"');
	if (end < 0)
		return false;
	t->name.n = (size_t)end;
	if (nid >= 0) {
		rest = str_skip(line, (size_t)nid + 5);
		t->has_tid = cut_number(&rest, &t->tid);
	}
	t->tool = DUMP_JAVA;
	return true;
}

/* #21 "name" virtual TIMED_WAITING 2026-11-28T...: the number is the JVM's own; JDK 21 to 23 do not tell the state */
static bool parse_java_file(struct str line, struct dump_thread *t)
{
	struct str rest = line;
	uint64_t number;

	if (!skip(&rest, STR("#")) || !cut_number(&rest, &number) || !skip(&rest, STR(" ")) || !cut_quoted(&rest, &t->name))
		return false;
	t->has_vthread = skip(&rest, STR(" virtual"));
	t->vthread = number;
	if (skip(&rest, STR(" ")))
		t->state = str_cut(&rest, ' ');
	t->tool = DUMP_JAVA;
	return true;
}

/* Thread 6725 (active+gil): "spin (x)" */
static bool parse_py_spy(struct str line, struct dump_thread *t)
{
	struct str rest = line;
	ptrdiff_t close;

	if (!skip(&rest, STR("Thread ")))
		return false;
	t->has_tid = cut_number(&rest, &t->tid);
	if (!t->has_tid || !skip(&rest, STR(" (")) || (close = str_find(rest, ')')) < 0)
		return false;
	t->state = str_head(rest, (size_t)close);
	if (!str_starts(t->state, STR("active")) && !str_starts(t->state, STR("idle")))
		return false;
	t->holds_gil = str_ends(t->state, STR("+gil"));
	t->state = str_cut(&t->state, '+');
	rest = str_skip(rest, (size_t)close + 1);
	if (skip(&rest, STR(": \"")) && rest.n && rest.p[rest.n - 1] == '"')
		t->name = str_head(rest, rest.n - 1);
	t->tool = DUMP_PY_SPY;
	return true;
}

/* Current thread 0x00007f6b72e5bb80 [name] (most recent call first): */
static bool parse_faulthandler(struct str line, struct dump_thread *t)
{
	struct str rest = line;

	if ((!skip(&rest, STR("Thread 0x")) && !skip(&rest, STR("Current thread 0x"))) ||
	    !str_ends(rest, STR("(most recent call first):")))
		return false;
	t->tool = DUMP_FAULTHANDLER;
	return true;
}

/* Thread 2 (Thread 0x7f6b720116c0 (LWP 6725) "python3"):   Thread 1 (LWP 6725):   Thread 2 (process 6725): */
static bool parse_gdb(struct str line, struct dump_thread *t)
{
	struct str rest = line;
	uint64_t number;
	ptrdiff_t lwp;

	if (!skip(&rest, STR("Thread ")) || !cut_number(&rest, &number) || !skip(&rest, STR(" (")) ||
	    !str_ends(str_trim(rest), STR(":")))
		return false;
	lwp = find(rest, STR("LWP "));
	if (lwp >= 0) {
		rest = str_skip(rest, (size_t)lwp + 4);
		t->has_tid = cut_number(&rest, &t->tid);
	} else if (!skip(&rest, STR("process "))) {
		return false;
	} else {
		t->has_tid = cut_number(&rest, &t->tid);
	}
	if (skip(&rest, STR(") \"")) && (lwp = str_rfind(rest, '"')) >= 0)
		t->name = str_head(rest, (size_t)lwp);
	t->tool = DUMP_NATIVE;
	return true;
}

/* TID 6665: */
static bool parse_eu_stack(struct str line, struct dump_thread *t)
{
	struct str rest = line;

	if (!skip(&rest, STR("TID ")) || !cut_number(&rest, &t->tid) || !skip(&rest, STR(":")))
		return false;
	t->has_tid = true;
	t->tool = DUMP_NATIVE;
	return true;
}

/* goroutine 19 [chan receive, 5 minutes]:   goroutine 19 gp=0xc000002380 m=0 mp=0x56 [running]: */
static bool parse_go(struct str line, struct dump_thread *t)
{
	struct str rest = line;
	ptrdiff_t open;

	if (!skip(&rest, STR("goroutine ")) || !cut_number(&rest, &t->goroutine) ||
	    (open = str_find(rest, '[')) < 1 || !str_ends(rest, STR("]:")))
		return false;
	t->state = (struct str){ rest.p + open + 1, rest.n - (size_t)open - 3 };
	t->state = str_cut(&t->state, ',');
	t->has_goroutine = true;
	t->tool = DUMP_GO;
	return true;
}

/* 3 @ 0x442931 0x47cd5d */
static bool parse_go_counts(struct str line, struct dump_thread *t)
{
	struct str rest = line;

	if (!line.n || !is_digit(line.p[0]) || !cut_number(&rest, &t->count) ||
	    !skip(&rest, STR(" @ 0x")))
		return false;
	t->tool = DUMP_GO_COUNTS;
	return true;
}

bool dump_thread_parse(struct str line, struct dump_thread *ret_thread)
{
	static bool (*const parsers[])(struct str, struct dump_thread *) = {
		parse_java, parse_java_file, parse_py_spy, parse_faulthandler, parse_gdb, parse_eu_stack, parse_go,
		parse_go_counts,
	};

	if (!line.n || !strchr("\"#TCg0123456789", line.p[0]) || !line.p[0])
		return false;
	for (size_t i = 0; i < sizeof(parsers) / sizeof(parsers[0]); i++) {
		struct dump_thread thread = { .count = 1 };

		if (parsers[i](line, &thread)) {
			*ret_thread = thread;
			return true;
		}
	}
	return false;
}

bool dump_process_parse(struct str line, uint64_t *ret_pid)
{
	struct str rest = line;

	if (skip(&rest, STR("Process ")))
		return cut_number(&rest, ret_pid) && skip(&rest, STR(": "));
	return skip(&rest, STR("PID ")) && cut_number(&rest, ret_pid) && skip(&rest, STR(" - process"));
}

/* at java.lang.Thread.sleep(java.base@17.0.15/Native Method)   at java.base/java.lang.Thread.sleep(X.java:3), and without
 * "at " six columns from the left */
static void parse_java_line(struct str line, struct dump_line *l)
{
	bool bare = str_starts(line, STR("      ")) && line.n > 6 && !strchr(" -\t", line.p[6]);
	struct str rest = line;
	ptrdiff_t group, slash;

	if (!line.n) {
		l->what = DUMP_END;
		return;
	}
	rest = str_trim(rest);
	if (skip(&rest, STR("java.lang.Thread.State: "))) {
		l->what = DUMP_STATE;
		l->state = str_cut(&rest, ' ');
		return;
	}
	if ((!skip(&rest, STR("at ")) && !bare) || (group = last_group(rest)) < 1)
		return;
	l->what = DUMP_FRAME;
	l->java = true;
	l->name = str_head(rest, (size_t)group);
	l->file = (struct str){ rest.p + group + 1, rest.n - (size_t)group - 2 };
	slash = str_find(l->file, '/');
	if (slash >= 0) {
		l->module = str_head(l->file, (size_t)slash);
		l->file = str_skip(l->file, (size_t)slash + 1);
	} else if ((slash = str_rfind(l->name, '/')) > 0) {
		/* in exceptions the module stands in front, "app//a.B.c" with its loader; a lambda's class has a
		 * slash of its own, behind a '$' */
		if (str_find(str_head(l->name, (size_t)slash), '$') < 0) {
			l->module = str_head(l->name, (size_t)slash);
			l->name = str_skip(l->name, (size_t)slash + 1);
		}
	}
	if (!cut_line_number(&l->file, &l->line) && !str_ends(l->file, STR(".java"))) {
		l->java = !str_eq(l->file, STR("Native Method"));
		l->file = (struct str){ 0 };	/* "Native Method", "Unknown Source" */
	}
}

/* "    f (app.py:4)", natively "    read (libc.so.6)"; what is deeper are arguments and locals */
static void parse_py_spy_line(struct str line, struct dump_line *l)
{
	struct str rest = line, where;
	ptrdiff_t group;

	if (!skip(&rest, STR("    ")) || !rest.n || rest.p[0] == ' ' || (group = last_group(rest)) < 2)
		return;
	l->what = DUMP_FRAME;
	l->name = str_trim(str_head(rest, (size_t)group));
	where = (struct str){ rest.p + group + 1, rest.n - (size_t)group - 2 };
	if (cut_line_number(&where, &l->line) || str_ends(where, STR(".py"))) {
		l->file = where;
		l->python = true;
	} else {
		l->module = where;
	}
	rest = l->name;
	if (str_starts(rest, STR("0x")) && cut_number(&rest, &l->address) && !rest.n) {
		l->has_address = l->unknown = true;
		l->name = rest;
	}
}

/*   File "app.py", line 4 in f */
static void parse_faulthandler_line(struct str line, struct dump_line *l)
{
	struct str rest = line;
	uint64_t number;

	if (!line.n)
		l->what = DUMP_END;
	if (!skip(&rest, STR("  File ")) || !cut_quoted(&rest, &l->file) ||
	    !skip(&rest, STR(", line ")) || !cut_number(&rest, &number) || !skip(&rest, STR(" in ")))
		return;
	l->what = DUMP_FRAME;
	l->line = number > INT32_MAX ? 0 : (uint32_t)number;
	l->name = rest;
	l->python = true;
}

/* "f (a=1) at f.c:2", "?? () from /lib/libc.so.6", "<signal handler called>" */
static void parse_gdb_place(struct str text, struct dump_line *l)
{
	ptrdiff_t at = -1, group;

	for (size_t i = text.n; i-- > 1 && at < 0;)
		if (text.p[i - 1] == ')' && (str_starts(str_skip(text, i), STR(" at ")) ||
					     str_starts(str_skip(text, i), STR(" from "))))
			at = (ptrdiff_t)i;
	if (at >= 0) {
		struct str tail = str_skip(text, (size_t)at + 1);

		text = str_head(text, (size_t)at);
		if (skip(&tail, STR("at "))) {
			l->file = tail;
			cut_line_number(&l->file, &l->line);
		} else if (skip(&tail, STR("from "))) {
			l->module = tail;
		}
	}
	group = last_group(text);
	if (group < 2)	/* a quoted parenthesis among the arguments, or none at all */
		group = find(text, STR(" ("));
	l->name = group > 0 ? str_trim(str_head(text, (size_t)group)) : str_trim(text);
}

/* "f - /lib/libc.so.6", with "- 1" before it where activations are shown */
static void parse_eu_place(struct str text, struct dump_line *l)
{
	ptrdiff_t dash;

	text = str_trim(text);
	if (skip(&text, STR("- 1")))
		text = str_trim(text);
	dash = find(text, STR(" - /"));
	if (dash < 0 && str_starts(text, STR("- /")))
		dash = 0;
	if (dash >= 0) {
		l->module = str_trim(str_skip(text, (size_t)dash + (dash ? 3 : 2)));
		text = str_head(text, (size_t)dash);
	}
	l->name = str_trim(text);
}

/* "#1  0x55 in f (a=1) at f.c:2" of gdb, "#1  0x55 f" and "    f.c:2:7" of eu-stack */
static void parse_native_line(struct str line, struct dump_line *l)
{
	struct str rest = line;
	uint64_t number;

	if (!skip(&rest, STR("#"))) {
		rest = str_trim(line);
		if (!str_starts(line, STR("    ")))
			return;
		skip(&rest, STR("at "));	/* gdb, where it broke the line */
		l->file = rest;
		if (cut_line_number(&l->file, &l->line)) {
			l->what = DUMP_SOURCE;
			if (cut_line_number(&l->file, &l->column)) {
				uint32_t column = l->line;

				l->line = l->column;
				l->column = column;
			}
		}
		return;
	}
	if (!cut_number(&rest, &number) || !rest.n || rest.p[0] != ' ')
		return;
	l->what = DUMP_FRAME;
	l->is_first = number == 0;
	rest = str_trim(rest);
	l->has_address = str_starts(rest, STR("0x")) && cut_number(&rest, &l->address);
	rest = str_trim(rest);
	if (l->has_address && !skip(&rest, STR("in ")))
		parse_eu_place(rest, l);
	else
		parse_gdb_place(rest, l);
	l->inlines = !l->has_address && number && !str_starts(l->name, STR("<"));
	if (!l->name.n || str_eq(l->name, STR("??"))) {
		l->name = (struct str){ 0 };
		l->unknown = true;
	}
}

/* main.(*T).hold(0x0?, {0xc000})  \n  "\t/src/a.go:4 +0x30"; "(...)" where it was inlined */
static void parse_go_line(struct str line, struct dump_line *l)
{
	struct str rest = line;
	ptrdiff_t group;

	if (!line.n) {
		l->what = DUMP_END;
		return;
	}
	if (skip(&rest, STR("\t"))) {
		l->file = str_cut(&rest, ' ');
		if (cut_line_number(&l->file, &l->line))
			l->what = DUMP_SOURCE;
		return;
	}
	if (str_starts(line, STR("created by ")))
		return;
	if (str_starts(line, STR("...")) && str_ends(line, STR(" frames elided..."))) {
		l->what = DUMP_FRAME;
		l->name = line;
		l->unknown = true;
		return;
	}
	group = last_group(line);
	if (group < 1)
		return;
	l->what = DUMP_FRAME;
	l->name = str_head(line, (size_t)group);
	l->inlined = str_ends(line, STR("(...)"));
}

/* #<tab>0x4c6f70<tab>main.f+0xb0<tab><tab>/src/a.go:8 */
static void parse_go_counts_line(struct str line, struct dump_line *l)
{
	struct str rest = line;
	size_t n;

	if (!line.n)
		l->what = DUMP_END;
	if (!skip(&rest, STR("#\t")) || !cut_number(&rest, &l->address) || !skip(&rest, STR("\t")))
		return;
	l->what = DUMP_FRAME;
	l->name = str_cut(&rest, '\t');
	for (n = l->name.n; n && l->name.p[n - 1] != '+'; n--)
		;
	if (n > 1 && str_starts(str_skip(l->name, n), STR("0x")))
		l->name.n = n - 1;
	l->file = str_trim(rest);
	if (!cut_line_number(&l->file, &l->line))
		l->file = (struct str){ 0 };
}

void dump_line_parse(enum dump_tool tool, struct str line, struct dump_line *ret_line)
{
	*ret_line = (struct dump_line){ 0 };
	switch (tool) {
	case DUMP_NONE:
		if (str_starts(line, STR("#")))		/* gdb's bt says nothing of the thread */
			parse_native_line(line, ret_line);
		break;
	case DUMP_JAVA:
		parse_java_line(line, ret_line);
		break;
	case DUMP_PY_SPY:
		parse_py_spy_line(line, ret_line);
		break;
	case DUMP_FAULTHANDLER:
		parse_faulthandler_line(line, ret_line);
		break;
	case DUMP_NATIVE:
		parse_native_line(line, ret_line);
		break;
	case DUMP_GO:
		parse_go_line(line, ret_line);
		break;
	case DUMP_GO_COUNTS:
		parse_go_counts_line(line, ret_line);
		break;
	}
}
