/* SPDX-License-Identifier: Apache-2.0 */
#include "format/stackdump.h"

#include <errno.h>

#include "base/test.h"
#include "format/folded.h"
#include "format/format.h"
#include "format/memory_test.h"

static void read_text(struct profile *p, const char *text)
{
	struct err err = { 0 };

	profile_init(p);
	CHECK(stackdump_detect(str_of(text)));
	if (format_read_bytes(p, str_of(text), "x.txt", &err) < 0)
		fail_msg("%s", err.text);
}

static void check_folded(const struct profile *p, const char *wanted)
{
	struct buf out = written(p, folded_write);

	CHECK_STR(buf_str(&out), wanted);
	buf_fini(&out);
}

static const struct label *label_of(const struct profile *p, uint32_t row, const char *key)
{
	static const struct label none = { 0 };
	const struct label *label = labels_find(&p->labels, p->label_set[row],
						strings_find(&p->strings, str_of(key)));

	return label ? label : &none;
}

static void check_label(const struct profile *p, uint32_t row, const char *key, const char *wanted)
{
	CHECK_STR(strings_get(&p->strings, label_of(p, row, key)->str), wanted);
}

static const struct frame *innermost(const struct profile *p, uint32_t row)
{
	return &p->frames.frames[p->tree.frame[p->stack[row]]];
}

static void check_source(const struct profile *p, const struct frame *f, const char *file, uint32_t line)
{
	CHECK_STR(strings_get(&p->strings, p->frames.functions[f->function].file), file);
	CHECK_EQ(f->line, line);
}

static void check_module(const struct profile *p, const struct frame *f, const char *wanted)
{
	CHECK_STR(strings_get(&p->strings, p->frames.modules[f->module].path), wanted);
}

TEST(jstack)
{
	struct profile p;

	read_text(&p, "2026-11-27 19:43:22\nFull thread dump OpenJDK 64-Bit Server VM (17.0.15+6 mixed mode):\n\n"
		  "\"pool \"1\" #2\" #12 prio=5 os_prio=0 cpu=354.42ms tid=0x00007fba nid=0x1920 waiting on "
		  "condition  [0x00007fba9e7fd000]\n"
		  "   java.lang.Thread.State: TIMED_WAITING (sleeping)\n"
		  "\tat java.lang.Thread.sleep(java.base@17.0.15/Native Method)\n"
		  "\t- waiting on <0x000000069dc008e0> (a java.lang.ref.ReferenceQueue$Lock)\n"
		  "\tat T.deep(T.java:7)\n"
		  "\tat T$$Lambda$203/0x00007fba18144208.run(Unknown Source)\n\n"
		  "\"main\" #1 [6432] prio=5 tid=0x00007fbb nid=6433 runnable\n"
		  "   java.lang.Thread.State: RUNNABLE\n"
		  "\tat java.base/java.lang.Object.wait(Object.java:338)\n\n"
		  "\"GC Thread#0\" os_prio=0 cpu=1.0ms tid=0x00007fbc nid=0x1921 runnable\n\n"
		  "JNI global refs: 13, weak refs: 0\n");
	CHECK_EQ(p.n, 2);
	check_folded(&p, "T$$Lambda$203/0x00007fba18144208.run;T.deep;java.lang.Thread.sleep 1\n"
		     "java.lang.Object.wait 1\n");
	check_label(&p, 0, "thread", "pool \"1\" #2");
	check_label(&p, 0, "state", "TIMED_WAITING");
	CHECK_EQ(label_of(&p, 0, "tid")->num, 0x1920);
	check_label(&p, 1, "thread", "main");
	CHECK_EQ(label_of(&p, 1, "tid")->num, 6433);
	check_module(&p, innermost(&p, 0), "java.base@17.0.15");
	check_module(&p, innermost(&p, 1), "java.base");
	check_source(&p, innermost(&p, 1), "Object.java", 338);
	CHECK_EQ(innermost(&p, 0)->kind, FRAME_NATIVE);
	CHECK_STR(strings_get(&p.strings, p.comments[0]),
		  "sonde: note 1 threads have no stack in the dumps and are left out");
	profile_fini(&p);
}

TEST(what_a_jvm_dumps_to_a_file)
{
	static const char *const texts[] = {
		"27061\n2026-11-28T12:41:47Z\n21.0.8+9-LTS\n\n#1 \"main\"\n      java.base/java.lang.Thread.sleep0(Native Method)\n"
			"      T.deep(T.java:7)\n\n#21 \"\" virtual\n      T.deep(T.java:9)\n\n#11 \"Signal Dispatcher\"\n\n",
		"15319\n2026-11-28T12:42:16Z\n25.0.2+10-LTS\n\n#1 \"main\" TIMED_WAITING 2026-11-28T12:42:16Z\n"
			"    at java.base/java.lang.Thread.sleep0(Native Method)\n    - waiting on <java.lang.Object@1794d431>\n"
			"    at T.deep(T.java:7)\n\n#21 \"\" virtual RUNNABLE 2026-11-28T12:42:16Z\n    at T.deep(T.java:9)\n\n"
			"#11 \"Signal Dispatcher\" RUNNABLE 2026-11-28T12:42:16Z\n\n",
	};

	for (int i = 0; i < 2; i++) {
		struct profile p;

		read_text(&p, texts[i]);
		check_folded(&p, "T.deep 1\nT.deep;java.lang.Thread.sleep0 1\n");
		CHECK_EQ(p.n, 2);
		CHECK_EQ(p.n_comments, 1);	/* one thread has no stack */
		check_label(&p, 0, "thread", "main");
		check_label(&p, 0, "state", i ? "TIMED_WAITING" : "");
		CHECK_EQ(label_of(&p, 0, "vthread")->num, 0);
		CHECK_EQ(label_of(&p, 1, "vthread")->num, 21);
		check_module(&p, innermost(&p, 0), "java.base");
		check_source(&p, innermost(&p, 1), "T.java", 9);
		profile_fini(&p);
	}
}

TEST(py_spy)
{
	struct profile p;

	read_text(&p, "Process 6665: /usr/bin/python3 t.py\nPython v3.11.7 (/usr/bin/python3.11)\n\n"
		  "Thread 6665 (idle): \"MainThread\"\n    clock_nanosleep (libc.so.6)\n    waits (t.py:4)\n"
		  "        Arguments:\n            n: <f (a.py:1)>\n    <module> (t.py:10)\n"
		  "    0x7f6b7264524a (libc.so.6)\n"
		  "Thread 6725 (active+gil): \"spin (x)\"\n    spin (t.py:3)\n");
	check_folded(&p, "[libc.so.6];<module>;waits;clock_nanosleep 1\nspin 1\n");
	check_label(&p, 0, "state", "idle");
	check_label(&p, 0, "gil", "");
	check_label(&p, 1, "state", "active");
	check_label(&p, 1, "gil", "held");
	check_label(&p, 1, "thread", "spin (x)");
	CHECK_EQ(label_of(&p, 1, "pid")->num, 6665);
	CHECK_EQ(label_of(&p, 1, "tid")->num, 6725);
	check_module(&p, innermost(&p, 0), "libc.so.6");
	check_source(&p, innermost(&p, 1), "t.py", 3);
	CHECK_EQ(innermost(&p, 1)->kind, FRAME_INTERPRETED);
	profile_fini(&p);
}

TEST(faulthandler)
{
	struct profile p;

	read_text(&p, "Fatal Python error: Aborted\n\nThread 0x00007f6b720116c0 (most recent call first):\n"
		  "  File \"/app/t.py\", line 3 in spin\n  File \"/app/t.py\", line 9 in <module>\n\n"
		  "Current thread 0x00007f6b72e5bb80 (most recent call first):\n"
		  "  File \"/app/t.py\", line 7 in deep\n\nExtension modules: numpy\n");
	check_folded(&p, "<module>;spin 1\ndeep 1\n");
	check_source(&p, innermost(&p, 0), "/app/t.py", 3);
	profile_fini(&p);
}

TEST(gdb)
{
	struct profile p;

	read_text(&p, "[New LWP 6725]\n\n"
		  "Thread 2 (Thread 0x7f6b720116c0 (LWP 6725) \"wor ker\"):\n"
		  "#0  std::function<void (int)>::operator()(int) const (this=0x1, __args#0=2) at "
		  "/usr/include/c++/12/bits/f.h:591\n"
		  "#1  0x00007f6b72940660 in (anonymous namespace)::run (f=0x5 <g(int)>, s=0x7 \":)\") at r.cc:64\n"
		  "#2  outer (a=<optimized out>)\n    at o.cc:12\n"
		  "#3  <signal handler called>\n"
		  "#4  0x00007f6b726a71f5 in ?? () from /usr/lib/libc.so.6\n"
		  "#5  0x00007f6b726a71f6 in start_thread () from /usr/lib/libpthread.so.0\n\n"
		  "Thread 1 (process 6665):\n#0  0x00007f6b726ed545 in main () at m.c:4\n"
		  "Backtrace stopped: previous frame inner to this frame (corrupt stack?)\n");
	check_folded(&p, "start_thread;[libc.so.6];<signal handler called>;outer;(anonymous namespace)::run;"
		     "std::function<void (int)>::operator()(int) const 1\nmain 1\n");
	check_label(&p, 0, "thread", "wor ker");
	CHECK_EQ(label_of(&p, 0, "tid")->num, 6725);
	CHECK_EQ(label_of(&p, 1, "tid")->num, 6665);
	check_source(&p, innermost(&p, 0), "/usr/include/c++/12/bits/f.h", 591);
	{
		const struct frame *run = &p.frames.frames[p.tree.frame[p.tree.parent[p.stack[0]]]];

		CHECK_EQ(run->inlined, 1);
		check_source(&p, run, "r.cc", 64);
		run = &p.frames.frames[p.tree.frame[p.tree.parent[p.tree.parent[p.stack[0]]]]];
		CHECK_EQ(run->inlined, 0);
		check_source(&p, run, "o.cc", 12);
	}
	profile_fini(&p);
}

TEST(backtraces_of_gdb_without_a_thread_are_samples_too)
{
	struct profile p;

	read_text(&p, "#0  0x1 in f () at a.c:1\n#1  0x2 in main () at a.c:9\n"
		  "#0  0x1 in f () at a.c:1\n#1  0x2 in main () at a.c:9\n");
	check_folded(&p, "main;f 2\n");
	profile_fini(&p);
}

TEST(eu_stack)
{
	struct profile p;

	read_text(&p, "PID 6665 - process\nTID 6665:\n"
		  "#0  0x00007f6b726ed545     __clock_nanosleep - /usr/lib/libc.so.6\n"
		  "    ../sysdeps/unix/clock_nanosleep.c:48:7\n"
		  "#1  0x00007f6b72b15ada - 1 pysleep\n"
		  "#2  0x00007f6b72b15adb\n"
		  "TID 6666:\n#0  0x00007f6b72b15adb - /usr/lib/libx.so\n");
	check_folded(&p, "[unknown];pysleep;__clock_nanosleep 1\n[libx.so] 1\n");
	CHECK_EQ(label_of(&p, 1, "pid")->num, 6665);
	check_source(&p, innermost(&p, 0), "../sysdeps/unix/clock_nanosleep.c", 48);
	CHECK_EQ(innermost(&p, 0)->column, 7);
	CHECK_EQ(innermost(&p, 0)->kind, FRAME_LIBRARY);
	CHECK_EQ(innermost(&p, 1)->address, 0x00007f6b72b15adb);
	profile_fini(&p);
}

TEST(go)
{
	struct profile p;

	read_text(&p, "2026/11/27 19:00:00 listening\npanic: oh: no\n\n"
		  "goroutine 19 [chan receive, 5 minutes, locked to thread]:\n"
		  "main.(*T).hold(...)\n\t/src/g.go:4\n"
		  "main.run(0x0?, {0xc000012, 0x3})\n\t/src/g.go:8 +0x1b\n"
		  "...additional frames elided...\n"
		  "created by main.main in goroutine 1\n\t/src/g.go:6 +0x54\n\n"
		  "goroutine 1 gp=0xc000002380 m=0 mp=0x5581a0 [running]:\nmain.main()\n\t/src/g.go:7 +0x15b\n\n"
		  "rax    0x0\n");
	check_folded(&p, "...additional frames elided...;main.run;main.(*T).hold 1\nmain.main 1\n");
	CHECK_EQ(label_of(&p, 0, "goroutine")->num, 19);
	check_label(&p, 0, "state", "chan receive");
	check_label(&p, 1, "state", "running");
	CHECK_EQ(innermost(&p, 0)->inlined, 1);
	check_source(&p, innermost(&p, 0), "/src/g.go", 4);
	profile_fini(&p);
}

TEST(goroutines_that_go_has_counted)
{
	struct profile p;

	read_text(&p, "goroutine profile: total 5\n3 @ 0x442931 0x47cd5d\n"
		  "#\t0x4c6f70\truntime/pprof.(*Profile).WriteTo+0xb0\t/go/pprof.go:851\n"
		  "#\t0x4c6da4\tmain.main+0x44\t\t\t/src/g.go:784\n\n2 @ 0x47d96e\n"
		  "#\t0x4d96d8\tmain.f+0x18\t/src/g.go:6\n\n0 @ 0x47d96e\n#\t0x4d96d8\tmain.g+0x18\t/src/g.go:9\n\n");
	check_folded(&p, "main.main;runtime/pprof.(*Profile).WriteTo 3\nmain.f 2\n");
	CHECK_EQ(p.n, 2);
	check_source(&p, innermost(&p, 0), "/go/pprof.go", 851);
	profile_fini(&p);
	read_text(&p, "threadcreate profile: total 5\n5 @ 0x0 0x0\n#\t0x0\n\n");
	CHECK_EQ(profile_total(&p, 0), 5);
	check_folded(&p, "[no stack] 5\n");
	profile_fini(&p);
}

TEST(dumps_pile_up)
{
	struct profile p;

	read_text(&p, "Thread 1 (idle): \"a\"\n    f (t.py:4)\nThread 1 (idle): \"a\"\n    f (t.py:4)\n"
		  "Thread 1 (active): \"a\"\n    g (t.py:4)\n");
	CHECK_EQ(p.n, 2);
	check_folded(&p, "f 2\ng 1\n");
	profile_fini(&p);
}

TEST(what_holds_no_stack_is_refused)
{
	struct profile p;
	struct err err = { 0 };

	profile_init(&p);
	CHECK_EQ(format_read_bytes(&p, STR("Full thread dump of nothing\n"), "x", &err), -EBADMSG);
	CHECK_STR(str_of(err.text), "x looks like a stack dump, but there is no stack in it");
	profile_fini(&p);
	CHECK(!stackdump_detect(STR("main;f 1\n#0 a comment\n\"quoted\";f 3\nThread 1 (x) 4\n")));
}

TEST_MAIN(CASE(jstack), CASE(what_a_jvm_dumps_to_a_file), CASE(py_spy), CASE(faulthandler), CASE(gdb),
	  CASE(backtraces_of_gdb_without_a_thread_are_samples_too), CASE(eu_stack), CASE(go),
	  CASE(goroutines_that_go_has_counted), CASE(dumps_pile_up),
	  CASE(what_holds_no_stack_is_refused))
