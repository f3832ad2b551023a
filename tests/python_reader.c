/* SPDX-License-Identifier: Apache-2.0 */
/* tests/python_reader.c - what runtime/python/ reads, printed for tests/test_python_reader.py.
 *
 *   python_reader detect FILE...	a line for each: "3.MINOR loops START-END..." or "no interpreter"
 *   python_reader lines		stdin: "minor first_line -table_hex step line,line,..." lines
 *   python_reader stacks PID [IMAGE]	"thread ID" and "NAME:LINE FILE" lines, innermost first;
 *				IMAGE receives all that was read (runtime/python/image_test.h)
 *   python_reader offsets MINOR t|-	"FIELD OFFSET" lines
 *   python_reader threads PID [IMAGE]	"PTHREAD TID NAME" lines
 *   python_reader tasks PID COROUTINE [IMAGE]	"TASK QUALNAME" lines, who waits below
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "elf/elf.h"
#include "proc/process.h"
#include "runtime/python/codes.h"
#include "runtime/python/image_test.h"
#include "runtime/python/lines.h"
#include "runtime/python/python.h"
#include "runtime/python/tasks.h"
#include "runtime/python/threads.h"

struct target {
	pid_t pid;
	struct python_file file;
	uint64_t bias;
	struct buf image;	/* what was read */
};

static bool read_target(void *context, void *out, size_t n, uint64_t address)
{
	struct target *target = context;
	bool whole = process_read(target->pid, address, out, n) == (ssize_t)n;

	if (whole && !image_has(buf_str(&target->image), address, out, n))
		image_add(&target->image, address, out, n);
	return whole;
}

/* ---- detect */

static int detect(const char *path)
{
	struct err err = { 0 };
	struct python_file file;
	struct elf elf;

	if (elf_open(&elf, path, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	if (python_detect(&file, &elf)) {
		printf("3.%u%s loops", file.minor, file.free_threaded ? "t" : "");
		for (uint32_t i = 0; i < file.n_loops; i++)
			printf(" %lx-%lx", file.loops[i].start, file.loops[i].end);
		printf("\n");
	} else {
		printf("no interpreter\n");
	}
	elf_close(&elf);
	return 0;
}

/* ---- lines */

static size_t unhex(char *hex)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		char two[3] = { hex[2 * i], hex[2 * i + 1], 0 };

		hex[i] = (char)strtoul(two, NULL, 16);
	}
	return n;
}

static int compare_lines(void)
{
	unsigned long codes = 0, instrs = 0, wrong = 0;
	size_t cap = 0;
	char *line = NULL;

	while (getline(&line, &cap, stdin) > 0) {
		char *save, *word = strtok_r(line, " \n", &save);
		unsigned minor = (unsigned)atoi(word);
		uint32_t first = (uint32_t)atoi(strtok_r(NULL, " \n", &save)), want;
		char *table = strtok_r(NULL, " \n", &save) + 1;	/* after a "-" */
		size_t n = unhex(table);
		int step = atoi(strtok_r(NULL, " \n", &save)), instr = 0;

		codes++;
		for (word = strtok_r(NULL, ",\n", &save); word;
		     word = strtok_r(NULL, ",\n", &save), instr += step) {
			uint32_t got = python_line_of(minor, str_over(table, n), first, instr);

			want = (uint32_t)atoi(word);
			instrs++;
			if (got != want && wrong++ < 10)
				printf("code %lu at %d: got %u, wanted %u\n", codes, instr, got,
				       want);
		}
	}
	free(line);
	printf("%lu codes, %lu instructions, %lu wrong\n", codes, instrs, wrong);
	return wrong != 0;
}

/* ---- stacks */

static bool find_interpreter(struct target *target)
{
	char path[64], line[4096 + 128];
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", target->pid);
	maps = fopen(path, "r");
	while (maps && fgets(line, sizeof(line), maps)) {
		unsigned long start, end, off, inode;
		char perms[8], name[4096] = "", whole[4200];
		uint64_t vaddr;
		struct elf elf;

		if (sscanf(line, "%lx-%lx %7s %lx %*s %lu %4095[^\n]", &start, &end, perms, &off,
			   &inode, name) < 6 || !strchr(perms, 'x') || name[0] != '/')
			continue;
		snprintf(whole, sizeof(whole), "/proc/%d/root%s", target->pid, name);
		if (elf_open(&elf, whole, NULL) < 0)
			continue;
		if (python_detect(&target->file, &elf) &&
		    elf_code_vaddr_of_off(&elf, off, &vaddr)) {
			target->bias = start - vaddr;
			elf_close(&elf);
			fclose(maps);
			return true;
		}
		elf_close(&elf);
	}
	if (maps)
		fclose(maps);
	return false;
}

static void show_thread(void *context, uint64_t thread, bool by_key)
{
	(void)context;
	printf("thread %lu%s\n", thread, by_key ? "" : " without its key");
}

static void show_frame(void *context, const struct python_place *place, enum python_fault fault)
{
	(void)context;
	if (place)
		printf("%.*s:%u %.*s\n", STR_ARG(place->name), place->line, STR_ARG(place->file));
	else
		printf("fault %u\n", fault);
}

/* Ends the target; what was read of it goes to the file, when one is wanted. */
static int finish(struct target *target, const char *image_path)
{
	struct buf whole = { 0 };
	struct err err = { 0 };
	int rc = 0;

	if (image_path) {
		image_write(&whole, &target->file, target->bias, buf_str(&target->image));
		rc = file_write_whole(image_path, buf_str(&whole), &err) < 0;
	}
	buf_fini(&whole);
	buf_fini(&target->image);
	return rc;
}

static int print_stacks(pid_t pid, const char *image_path)
{
	struct stacks stacks = { .thread = show_thread, .frame = show_frame };
	struct target target = { .pid = pid };
	int rc = 0;

	stacks.read = read_target;
	stacks.context = &target;
	stacks.codes = python_codes_new();
	if (!stacks.codes || !find_interpreter(&target) ||
	    !stacks_walk(&stacks, &target.file, target.bias)) {
		printf("no interpreter\n");
		rc = 1;
	}
	rc |= finish(&target, rc ? NULL : image_path);
	python_codes_free(stacks.codes);
	return rc;
}

/* ---- threads */

static bool show_name(void *seer, const struct python_thread *thread)
{
	(void)seer;
	printf("%lu %lu %.*s\n", thread->pthread, thread->tid, STR_ARG(thread->name));
	return true;
}

static int print_threads(pid_t pid, const char *image_path)
{
	struct target target = { .pid = pid };
	struct arena arena = { 0 };

	if (!find_interpreter(&target)) {
		printf("no interpreter\n");
		return 1;
	}
	python_thread_names(&target.file, target.bias, read_target, &target, &arena, show_name, NULL);
	arena_fini(&arena);
	return finish(&target, image_path);
}

/* ---- tasks */

static int print_tasks(pid_t pid, uint64_t coroutine, const char *image_path)
{
	struct python_task chain[PYTHON_CHAIN_MAX];
	struct target target = { .pid = pid };
	struct arena arena = { 0 };
	uint32_t n;

	if (!find_interpreter(&target)) {
		printf("no interpreter\n");
		return 1;
	}
	n = python_task_chain(&target.file, target.bias, read_target, &target, coroutine, &arena,
			      chain);
	for (uint32_t i = 0; i < n; i++)
		printf("%.*s %.*s\n", STR_ARG(chain[i].name), STR_ARG(chain[i].qualname));
	arena_fini(&arena);
	return finish(&target, image_path);
}

/* ---- offsets */

static int print_offsets(unsigned minor, bool free_threaded)
{
	struct python_offsets o;

	if (!python_offsets_of(&o, minor, free_threaded))
		return 1;
#define SAY(field) printf(#field " %u\n", o.field)
	SAY(object_bytes);
	SAY(runtime_interpreters);
	SAY(runtime_key);
	SAY(runtime_holder);
	SAY(interp_next);
	SAY(interp_threads);
	SAY(interp_modules);
	SAY(interp_gil);
	SAY(gil_holder);
	SAY(gil_locked);
	SAY(tstate_next);
	SAY(tstate_interp);
	SAY(tstate_frame);
	SAY(tstate_thread);
	SAY(tstate_native);
	SAY(cframe_frame);
	SAY(frame_previous);
	SAY(frame_code);
	SAY(frame_instr);
	SAY(frame_owner);
	SAY(frame_coroutine);
	SAY(frame_tlbc);
	SAY(coroutine_frame);
	SAY(code_first_line);
	SAY(code_consts);
	SAY(code_file);
	SAY(code_name);
	SAY(code_qualname);
	SAY(code_table);
	SAY(code_start);
	SAY(code_tlbc);
	SAY(tuple_items);
	SAY(string_ascii);
	SAY(string_compact);
#undef SAY
	return 0;
}

int main(int argc, char **argv)
{
	int rc = 0;

	if (argc >= 2 && strcmp(argv[1], "lines") == 0)
		return compare_lines();
	if (argc >= 3 && strcmp(argv[1], "stacks") == 0)
		return print_stacks(atoi(argv[2]), argc > 3 ? argv[3] : NULL);
	if (argc >= 3 && strcmp(argv[1], "threads") == 0)
		return print_threads(atoi(argv[2]), argc > 3 ? argv[3] : NULL);
	if (argc >= 4 && strcmp(argv[1], "tasks") == 0)
		return print_tasks(atoi(argv[2]), strtoull(argv[3], NULL, 10),
				   argc > 4 ? argv[4] : NULL);
	if (argc == 4 && strcmp(argv[1], "offsets") == 0)
		return print_offsets((unsigned)atoi(argv[2]), argv[3][0] == 't');
	if (argc >= 3 && strcmp(argv[1], "detect") == 0) {
		for (int i = 2; i < argc; i++)
			rc |= detect(argv[i]);
		return rc;
	}
	fprintf(stderr, "python_reader detect FILE... | lines | stacks PID [IMAGE] | threads PID | tasks PID COROUTINE | offsets MINOR t|-\n");
	return 2;
}
