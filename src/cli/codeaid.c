/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/codeaid.h"

#include <fcntl.h>
#include <linux/perf_event.h>
#include <asm/perf_regs.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/expected.h"
#include "cli/namer.h"
#include "collect/images.h"
#include "collect/recorded.h"
#include "format/code_aid.h"

#define SPACES 64u
#define KALLSYMS_HEAD ((size_t)1 << 20)	/* the kernel's own begin is among its first symbols, mostly the first */

/* The mappings of a space as walk/ has them, for as long as its generation. */
struct known_space {
	uint32_t generation, n, cap;
	struct walk_mapping *mappings;
};

struct aid {
	struct recorded *recorded;
	struct mapped_file notes;	/* of the running kernel */
	struct known_space spaces[SPACES];
};

static const char *const cut_words[WALK_END_COUNT] = {
#define X(id, words) [WALK_##id] = words,
	WALK_ENDS(X)
#undef X
};

static void *aid_open(void)
{
	struct aid *aid = calloc(1, sizeof(*aid));

	if (!aid)
		return NULL;
	aid->recorded = recorded_new();
	if (!aid->recorded) {
		free(aid);
		return NULL;
	}
	return aid;
}

static void aid_close(void *context)
{
	struct aid *aid = context;

	recorded_free(aid->recorded);
	mapped_file_close(&aid->notes);
	for (uint32_t i = 0; i < SPACES; i++)
		free(aid->spaces[i].mappings);
	free(aid);
}

static uint32_t aid_file(void *context, const struct code_query *query, struct str *ret_build_id,
			 const char **ret_trouble)
{
	struct aid *aid = context;
	struct image_query image = { .path = query->path, .inode = query->inode,
				     .build_id = (const uint8_t *)query->build_id.p,
				     .build_id_n = (uint8_t)query->build_id.n };

	return recorded_file(aid->recorded, &image, query->recorded_ns, ret_build_id, ret_trouble);
}

static bool aid_bias(void *context, uint32_t image, uint64_t start, uint64_t off, uint64_t *ret_bias)
{
	return recorded_bias(((struct aid *)context)->recorded, image, start, off, ret_bias);
}

/* Whether a line "ffffffff81000000 T _text" is among the whole ones, which *text then is past. */
static bool take_symbol(struct str *text, struct str symbol, uint64_t address)
{
	while (str_find(*text, '\n') >= 0) {
		struct str line = str_cut(text, '\n'), word = str_cut(&line, ' ');
		uint64_t value;

		if (str_eq(str_skip(line, 2), symbol) && str_parse_u64(word, 16, &value) == 0 &&
		    value && value == address)
			return true;
	}
	return false;
}

/* Whether the kernel has that function at that address. Its list is made as it is read: no more than that. */
static bool has_symbol(struct str symbol, uint64_t address)
{
	int fd = open("/proc/kallsyms", O_RDONLY | O_CLOEXEC);
	char *text = malloc(KALLSYMS_HEAD);
	size_t n = 0;
	ssize_t got = fd >= 0 && text ? 1 : 0;
	bool found = false;
	struct str rest = str_over(text, 0);

	while (got > 0 && n < KALLSYMS_HEAD && !found) {
		got = read(fd, text + n, KALLSYMS_HEAD - n);
		n += got > 0 ? (size_t)got : 0;
		rest.n = n - (size_t)(rest.p - text);
		found = take_symbol(&rest, symbol, address);
	}
	free(text);
	if (fd >= 0)
		close(fd);
	return found;
}

/* By its build id. Without one by all that was recorded of it: where it lies is drawn at each boot. */
static bool aid_kernel(void *context, const struct code_kernel *kernel, struct str *ret_build_id)
{
	struct aid *aid = context;
	struct utsname here;
	struct str running;

	running = namer_running_kernel(&aid->notes);
	if (!running.n)
		return false;
	if (kernel->build_id.n ? !str_eq(kernel->build_id, running) :
	    uname(&here) < 0 || !str_eq(kernel->release, str_of(here.release)) ||
	    !str_eq(kernel->hostname, str_of(here.nodename)) || !kernel->symbol.n ||
	    !has_symbol(kernel->symbol, kernel->address))
		return false;
	*ret_build_id = running;
	return true;
}

static void aid_expect_kernel(void *context)
{
	(void)context;	/* it is told before it is closed, and asked for afterwards */
	expected_kernel();
}

static void aid_expect_file(void *context, struct str path, struct str build_id, const uint64_t *vaddrs,
			    uint32_t n)
{
	(void)context;	/* likewise */
	expected_file(path, build_id, vaddrs, n);
}

/* NULL: out of memory. */
static const struct known_space *space_of(struct aid *aid, const struct code_stack *stack)
{
	struct known_space *space = &aid->spaces[stack->generation % SPACES];

	if (space->generation == stack->generation && space->mappings)
		return space;
	if (!space->mappings || space->cap < stack->n_maps) {
		struct walk_mapping *grown = realloc(space->mappings,
						     ((size_t)stack->n_maps + 1) * sizeof(*grown));

		if (!grown)
			return NULL;
		space->mappings = grown;
		space->cap = stack->n_maps;
	}
	space->generation = stack->generation;
	space->n = stack->n_maps;
	for (uint32_t i = 0; i < space->n; i++)
		space->mappings[i] = (struct walk_mapping){ .start = stack->maps[i].start,
							    .end = stack->maps[i].end,
							    .bias = stack->maps[i].bias,
							    .table = stack->maps[i].image };
	return space;
}

/* asm/perf_regs.h -> abi/unwind.h */
static void take_regs(const uint64_t *from, uint64_t *regs)
{
	static const uint8_t order[UNWIND_REGS] = {
		[UNWIND_RAX] = PERF_REG_X86_AX, [UNWIND_RDX] = PERF_REG_X86_DX,
		[UNWIND_RCX] = PERF_REG_X86_CX, [UNWIND_RBX] = PERF_REG_X86_BX,
		[UNWIND_RSI] = PERF_REG_X86_SI, [UNWIND_RDI] = PERF_REG_X86_DI,
		[UNWIND_RBP] = PERF_REG_X86_BP, [UNWIND_RSP] = PERF_REG_X86_SP,
		[UNWIND_R8] = PERF_REG_X86_R8, [UNWIND_R9] = PERF_REG_X86_R9,
		[UNWIND_R10] = PERF_REG_X86_R10, [UNWIND_R11] = PERF_REG_X86_R11,
		[UNWIND_R12] = PERF_REG_X86_R12, [UNWIND_R13] = PERF_REG_X86_R13,
		[UNWIND_R14] = PERF_REG_X86_R14, [UNWIND_R15] = PERF_REG_X86_R15,
		[UNWIND_RIP] = PERF_REG_X86_IP,
	};

	for (uint32_t i = 0; i < UNWIND_REGS; i++)
		regs[i] = from[order[i]];
}

static uint32_t aid_walk(void *context, const struct code_stack *stack, uint64_t *addresses, uint32_t max,
			 const char **ret_cut)
{
	struct aid *aid = context;
	const struct known_space *space = stack->n_maps ? space_of(aid, stack) : NULL;
	uint64_t regs[UNWIND_REGS + 1] = { 0 };
	enum walk_end end;
	uint32_t n = 0;

	take_regs(stack->regs, regs);
	end = recorded_walk(aid->recorded, space ? space->mappings : NULL,
			    space && space->n < WALK_MAPPINGS_PER_PROCESS ? space->n :
			    space ? WALK_MAPPINGS_PER_PROCESS : 0,
			    stack->generation, regs, stack->bytes, addresses, max, &n);
	for (uint32_t i = 0; i < n; i++)
		addresses[i] = SAMPLE_FRAME_PC(addresses[i]) - !!(addresses[i] & SAMPLE_FRAME_RETURN);
	if (end == WALK_READ_FAULT && stack->full)
		end = WALK_COPY_CUT;
	*ret_cut = end == WALK_COMPLETE ? NULL : cut_words[end];
	return n;
}

const struct code_aid codeaid = {
	.open = aid_open, .close = aid_close, .file = aid_file, .bias = aid_bias,
	.kernel = aid_kernel, .expect_kernel = aid_expect_kernel, .expect_file = aid_expect_file,
	.walk = aid_walk,
};
