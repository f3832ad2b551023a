/* SPDX-License-Identifier: Apache-2.0 */
/* format/dump_line.h
 *
 * The lines of stack dumps, as the tools print them that stop a process and show its threads. Which tool it
 * was is seen in the line that begins a thread, and decides how the lines below are read.
 *
 *   jstack, SIGQUIT to a JVM   "main" #1 prio=5 ... nid=0x1920 ...    at a.B.c(mod@17/B.java:12)
 *   jcmd Thread.dump_to_file   #21 "x" virtual WAITING ...           at a/b.C.d(C.java:12), before JDK 24 without "at"
 *   py-spy dump                Thread 6665 (idle): "MainThread"           f (app.py:4)
 *   Python's faulthandler      Thread 0x7f6b (most recent call first):  File "app.py", line 4 in f
 *   gdb's bt, gstack           Thread 2 (Thread 0x7f6b (LWP 6725) "x"):  #1  0x55 in f (a=1) at f.c:2
 *   eu-stack                   TID 6665:                                #0  0x7f6b f - /lib/libc.so.6
 *   Go: panic, SIGQUIT         goroutine 19 [sleep]:                    main.f(0x1) \n\t/a.go:4 +0x30
 *   Go: goroutine?debug=1      3 @ 0x4429 0x47cd                        #\t0x4c\tmain.f+0xb0\t/a.go:8
 *
 * Parsing borrows from the line. The lines that begin a thread are dump_thread.c's, those below dump_line.c's.
 */
#ifndef SONDE_FORMAT_DUMP_LINE_H
#define SONDE_FORMAT_DUMP_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum dump_tool {
	DUMP_NONE, DUMP_JAVA, DUMP_PY_SPY, DUMP_FAULTHANDLER, DUMP_NATIVE, DUMP_GO, DUMP_GO_COUNTS,
};

struct dump_thread {
	enum dump_tool tool;
	struct str name, state;
	bool has_tid, has_goroutine, has_vthread, holds_gil;
	uint64_t tid, goroutine, vthread;
	uint64_t count;		/* threads that have this stack */
};

/* Whether the line begins a thread. */
bool dump_thread_parse(struct str line, struct dump_thread *ret_thread);

/* "Process 6665: python3 app.py", "PID 6665 - process": whose threads follow. */
bool dump_process_parse(struct str line, uint64_t *ret_pid);

enum dump_what {
	DUMP_OTHER,	/* nothing that matters */
	DUMP_FRAME,
	DUMP_SOURCE,	/* file and line of the frame before it */
	DUMP_STATE,	/* of the thread */
	DUMP_END,	/* the thread's frames are over */
};

struct dump_line {
	enum dump_what what;
	struct str name, file, module, state;
	uint32_t line, column;
	bool is_first;		/* innermost: a new stack, if one was open */
	bool inlined;		/* into the next one */
	bool inlines;		/* the frame before it was inlined into this one */
	bool has_address, unknown, python, java;
	uint64_t address;
};

void dump_line_parse(enum dump_tool tool, struct str line, struct dump_line *ret_line);

#endif
