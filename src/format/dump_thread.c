/* SPDX-License-Identifier: Apache-2.0 */
/* The lines that begin a thread, or a process, in a dump of stacks. */
#include "format/dump_line.h"

#include "format/dump_text.h"

/* "main" #1 prio=5 os_prio=0 tid=0x00007fba nid=0x1920 waiting on condition  [0x0]; the name may hold quotes,
 * JDK 21 has #1 [6432] as well. */
static bool parse_java(struct str line, struct dump_thread *t)
{
	ptrdiff_t nid = dump_find(line, STR(" nid=")), tid = dump_find(line, STR(" tid=")), end;
	struct str rest = line;

	if (!line.n || line.p[0] != '"' || (nid < 0 && tid < 0 && dump_find(line, STR(" prio=")) < 0))
		return false;
	t->name = str_skip(str_head(line, (size_t)(nid >= 0 ? nid : tid >= 0 ? tid : (ptrdiff_t)line.n)),
			   1);
	end = str_rfind(t->name, '"');
	if (end < 0)
		return false;
	t->name.n = (size_t)end;
	if (nid >= 0) {
		rest = str_skip(line, (size_t)nid + 5);
		t->has_tid = dump_cut_number(&rest, &t->tid);
	}
	t->tool = DUMP_JAVA;
	return true;
}

/* #21 "name" virtual TIMED_WAITING 2026-11-28T...: the number is the JVM's own; JDK 21 to 23 do not tell the state */
static bool parse_java_file(struct str line, struct dump_thread *t)
{
	struct str rest = line;
	uint64_t number;

	if (!dump_skip(&rest, STR("#")) || !dump_cut_number(&rest, &number) || !dump_skip(&rest, STR(" ")) || !dump_cut_quoted(&rest, &t->name))
		return false;
	t->has_vthread = dump_skip(&rest, STR(" virtual"));
	t->vthread = number;
	if (dump_skip(&rest, STR(" ")))
		t->state = str_cut(&rest, ' ');
	t->tool = DUMP_JAVA;
	return true;
}

/* Thread 6725 (active+gil): "spin (x)" */
static bool parse_py_spy(struct str line, struct dump_thread *t)
{
	struct str rest = line;
	ptrdiff_t close;

	if (!dump_skip(&rest, STR("Thread ")))
		return false;
	t->has_tid = dump_cut_number(&rest, &t->tid);
	if (!t->has_tid || !dump_skip(&rest, STR(" (")) || (close = str_find(rest, ')')) < 0)
		return false;
	t->state = str_head(rest, (size_t)close);
	if (!str_starts(t->state, STR("active")) && !str_starts(t->state, STR("idle")))
		return false;
	t->holds_gil = str_ends(t->state, STR("+gil"));
	t->state = str_cut(&t->state, '+');
	rest = str_skip(rest, (size_t)close + 1);
	if (dump_skip(&rest, STR(": \"")) && rest.n && rest.p[rest.n - 1] == '"')
		t->name = str_head(rest, rest.n - 1);
	t->tool = DUMP_PY_SPY;
	return true;
}

/* Current thread 0x00007f6b72e5bb80 [name] (most recent call first): */
static bool parse_faulthandler(struct str line, struct dump_thread *t)
{
	struct str rest = line;

	if ((!dump_skip(&rest, STR("Thread 0x")) && !dump_skip(&rest, STR("Current thread 0x"))) ||
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

	if (!dump_skip(&rest, STR("Thread ")) || !dump_cut_number(&rest, &number) || !dump_skip(&rest, STR(" (")) ||
	    !str_ends(str_trim(rest), STR(":")))
		return false;
	lwp = dump_find(rest, STR("LWP "));
	if (lwp >= 0) {
		rest = str_skip(rest, (size_t)lwp + 4);
		t->has_tid = dump_cut_number(&rest, &t->tid);
	} else if (!dump_skip(&rest, STR("process "))) {
		return false;
	} else {
		t->has_tid = dump_cut_number(&rest, &t->tid);
	}
	if (dump_skip(&rest, STR(") \"")) && (lwp = str_rfind(rest, '"')) >= 0)
		t->name = str_head(rest, (size_t)lwp);
	t->tool = DUMP_NATIVE;
	return true;
}

/* TID 6665: */
static bool parse_eu_stack(struct str line, struct dump_thread *t)
{
	struct str rest = line;

	if (!dump_skip(&rest, STR("TID ")) || !dump_cut_number(&rest, &t->tid) || !dump_skip(&rest, STR(":")))
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

	if (!dump_skip(&rest, STR("goroutine ")) || !dump_cut_number(&rest, &t->goroutine) ||
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

	if (!line.n || !dump_is_digit(line.p[0]) || !dump_cut_number(&rest, &t->count) ||
	    !dump_skip(&rest, STR(" @ 0x")))
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

	if (dump_skip(&rest, STR("Process ")))
		return dump_cut_number(&rest, ret_pid) && dump_skip(&rest, STR(": "));
	return dump_skip(&rest, STR("PID ")) && dump_cut_number(&rest, ret_pid) && dump_skip(&rest, STR(" - process"));
}
