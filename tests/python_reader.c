/* SPDX-License-Identifier: Apache-2.0 */
/* tests/python_reader.c - what runtime/python/ reads, printed for tests/test_python_reader.py.
 *
 *   python_reader detect FILE...	a line for each: "3.MINOR loops START-END..." or "no interpreter"
 *   python_reader lines		stdin: "minor first_line -table_hex step line,line,..." lines
 *   python_reader stacks PID		"thread ID" and "NAME:LINE FILE" lines, innermost first
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "elf/elf.h"
#include "proc/process.h"
#include "runtime/python/codes.h"
#include "runtime/python/lines.h"
#include "runtime/python/python.h"

#define FRAMES_MAX 2000

struct target {
	pid_t pid;
	struct python_file file;
	uint64_t bias;
	struct walk_python walk;
};

static bool read_target(void *context, void *out, size_t n, uint64_t address)
{
	struct target *target = context;

	return process_read(target->pid, address, out, n) == (ssize_t)n;
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

static uint64_t word_at(struct target *target, uint64_t address)
{
	uint64_t value = 0;

	return read_target(target, &value, sizeof(value), address) ? value : 0;
}

static bool is_shim(struct target *target, uint64_t frame)
{
	uint8_t owner = 0;

	if (target->walk.segment != PYTHON_SEGMENT_SHIM)
		return false;
	read_target(target, &owner, 1, frame + target->walk.frame_owner);
	return owner >= target->walk.shim_owner;
}

static int32_t instr_of(struct target *target, uint64_t frame, uint64_t code)
{
	const struct walk_python *w = &target->walk;
	int32_t index = -1;

	if (w->instr == PYTHON_INSTR_INDEX) {
		read_target(target, &index, sizeof(index), frame + w->frame_instr);
		return index;
	}
	return (int32_t)((int64_t)(word_at(target, frame + w->frame_instr) - code -
				   w->code_start) >> 1);
}

static void print_frame(struct target *target, struct python_codes *codes, uint64_t frame)
{
	const struct walk_python *w = &target->walk;
	uint64_t code = word_at(target, frame + w->frame_code) & ~(uint64_t)7;
	enum python_fault fault;
	struct python_place place;
	uint32_t first = 0, id;

	read_target(target, &first, sizeof(first), code + w->code_first_line);
	id = python_codes_read(codes, w, read_target, target, code,
			       python_check(first, word_at(target, code + w->code_file),
					    word_at(target, code + w->code_name)),
			       &fault);
	if (python_codes_place(codes, id, instr_of(target, frame, code), &place))
		printf("%.*s:%u %.*s\n", STR_ARG(place.name), place.line, STR_ARG(place.file));
	else
		printf("fault %u\n", fault);
}

static void print_stack(struct target *target, struct python_codes *codes, uint64_t tstate)
{
	const struct walk_python *w = &target->walk;
	uint64_t frame = word_at(target, tstate + w->tstate_frame);

	if (w->cframe_frame != RUNTIME_NO_FIELD)
		frame = word_at(target, frame + w->cframe_frame);
	for (int i = 0; frame && i < FRAMES_MAX; i++) {
		if (!is_shim(target, frame))
			print_frame(target, codes, frame);
		frame = word_at(target, frame + w->frame_previous);
	}
}

/* The thread's state is found the way that the walker finds it: by the key, from the thread pointer. */
static uint64_t state_by_key(struct target *target, uint64_t thread)
{
	const struct walk_python *w = &target->walk;
	uint64_t slots = thread + w->tsd_at;
	int32_t key = w->key;

	if (w->key_at)
		read_target(target, &key, sizeof(key), w->key_at);
	if (w->tsd_indirect)
		slots = word_at(target, slots);
	if (key < 0 || key >= w->tsd_keys)
		return 0;
	return word_at(target, slots + (uint64_t)key * w->tsd_stride + w->tsd_value);
}

static int print_stacks(pid_t pid)
{
	struct python_codes *codes = python_codes_new();
	struct target target = { .pid = pid };
	const struct python_offsets *o = &target.file.offsets;
	uint64_t interp, tstate;

	if (!codes || !find_interpreter(&target) ||
	    !python_layout(&target.file, target.bias, read_target, &target, &target.walk)) {
		printf("no interpreter\n");
		return 1;
	}
	interp = target.file.minor == 6 ?
			 word_at(&target, target.file.interpreters + target.bias) :
			 word_at(&target, target.file.runtime + target.bias +
						  o->runtime_interpreters);
	for (; interp; interp = word_at(&target, interp + o->interp_next)) {
		tstate = word_at(&target, interp + o->interp_threads);
		for (; tstate; tstate = word_at(&target, tstate + o->tstate_next)) {
			uint64_t thread = word_at(&target, tstate + o->tstate_thread);

			printf("thread %lu%s\n", thread,
			       state_by_key(&target, thread) == tstate ? "" : " without its key");
			print_stack(&target, codes, tstate);
		}
	}
	python_codes_free(codes);
	return 0;
}

int main(int argc, char **argv)
{
	int rc = 0;

	if (argc >= 2 && strcmp(argv[1], "lines") == 0)
		return compare_lines();
	if (argc == 3 && strcmp(argv[1], "stacks") == 0)
		return print_stacks(atoi(argv[2]));
	if (argc >= 3 && strcmp(argv[1], "detect") == 0) {
		for (int i = 2; i < argc; i++)
			rc |= detect(argv[i]);
		return rc;
	}
	fprintf(stderr, "python_reader detect FILE... | lines | stacks PID\n");
	return 2;
}
