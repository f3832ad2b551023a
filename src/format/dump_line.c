/* SPDX-License-Identifier: Apache-2.0 */
/* The lines below the one that begins a thread. */
#include "format/dump_line.h"

#include "format/dump_text.h"

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
	if (dump_skip(&rest, STR("java.lang.Thread.State: "))) {
		l->what = DUMP_STATE;
		l->state = str_cut(&rest, ' ');
		return;
	}
	if ((!dump_skip(&rest, STR("at ")) && !bare) || (group = last_group(rest)) < 1)
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

	if (!dump_skip(&rest, STR("    ")) || !rest.n || rest.p[0] == ' ' || (group = last_group(rest)) < 2)
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
	if (str_starts(rest, STR("0x")) && dump_cut_number(&rest, &l->address) && !rest.n) {
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
	if (!dump_skip(&rest, STR("  File ")) || !dump_cut_quoted(&rest, &l->file) ||
	    !dump_skip(&rest, STR(", line ")) || !dump_cut_number(&rest, &number) || !dump_skip(&rest, STR(" in ")))
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
		if (dump_skip(&tail, STR("at "))) {
			l->file = tail;
			cut_line_number(&l->file, &l->line);
		} else if (dump_skip(&tail, STR("from "))) {
			l->module = tail;
		}
	}
	group = last_group(text);
	if (group < 2)	/* a quoted parenthesis among the arguments, or none at all */
		group = dump_find(text, STR(" ("));
	l->name = group > 0 ? str_trim(str_head(text, (size_t)group)) : str_trim(text);
}

/* "f - /lib/libc.so.6", with "- 1" before it where activations are shown */
static void parse_eu_place(struct str text, struct dump_line *l)
{
	ptrdiff_t dash;

	text = str_trim(text);
	if (dump_skip(&text, STR("- 1")))
		text = str_trim(text);
	dash = dump_find(text, STR(" - /"));
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

	if (!dump_skip(&rest, STR("#"))) {
		rest = str_trim(line);
		if (!str_starts(line, STR("    ")))
			return;
		dump_skip(&rest, STR("at "));	/* gdb, where it broke the line */
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
	if (!dump_cut_number(&rest, &number) || !rest.n || rest.p[0] != ' ')
		return;
	l->what = DUMP_FRAME;
	l->is_first = number == 0;
	rest = str_trim(rest);
	l->has_address = str_starts(rest, STR("0x")) && dump_cut_number(&rest, &l->address);
	rest = str_trim(rest);
	if (l->has_address && !dump_skip(&rest, STR("in ")))
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
	if (dump_skip(&rest, STR("\t"))) {
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
	if (!dump_skip(&rest, STR("#\t")) || !dump_cut_number(&rest, &l->address) || !dump_skip(&rest, STR("\t")))
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
