/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/special.h"

#include <errno.h>
#include <string.h>

#include "base/bisect.h"
#include "elf/elf.h"
#include "unwind/cfi.h"
#include "unwind/unwind.h"

struct special {
	struct cfi *cfi;
	const struct elf *elf;
	struct unwind_rules *rules;
	uint32_t end_rule, signal_rule;
	uint32_t n;	/* ranges of CFI, sorted; what is added comes behind */
	uint64_t budget;	/* steps left for reading gaps: sections of hostile files overlap */
	bool unsorted;
	bool failed;	/* out of memory */
};

static void add_range(struct special *s, uint64_t start, uint64_t end, uint32_t rule)
{
	struct cfi *cfi = s->cfi;
	struct cfi_range range;

	if (start >= end || start < cfi->text_start || end > cfi->text_end ||
	    end - start > UINT32_MAX)
		return;
	range = (struct cfi_range){ .start = start, .size = (uint32_t)(end - start),
				    .rule = (uint16_t)rule };
	if (cfi_add_range(cfi, &range) < 0)
		s->failed = true;
	s->unsorted = true;
}

/* The last range of CFI that starts at or below vaddr; s->n when none does. */
static uint32_t range_below(const struct special *s, uint64_t vaddr)
{
	uint32_t before = BISECT(s->n, i, s->cfi->ranges[i].start <= vaddr);

	return before ? before - 1 : s->n;
}

static bool covered(const struct special *s, uint64_t vaddr)
{
	uint32_t i = range_below(s, vaddr);

	return i < s->n && vaddr < cfi_range_end(&s->cfi->ranges[i]);
}

/* Index of the bytes in s, or -1. (Most of what is searched is shorter than the table that memmem() makes
 * first: a quarter of the time that a file's rows take.) */
static ptrdiff_t find_bytes(struct str s, struct str bytes)
{
	const char *at = s.p, *end;

	if (s.n < bytes.n)
		return -1;
	for (end = s.p + s.n - bytes.n + 1; at < end; at++) {
		at = memchr(at, bytes.p[0], (size_t)(end - at));
		if (!at)
			return -1;
		if (!memcmp(at, bytes.p, bytes.n))
			return at - s.p;
	}
	return -1;
}

/* ---- The entry stub. ---- */

#define ENTRY_BYTES_MAX 64

/* The psABI has the process begin with rbp cleared, to mark the outermost frame; C libraries do
 * so in the stub's first instruction. ld.so's own stub is `mov %rsp,%rdi; call`. */
static bool is_entry_stub(struct str code)
{
	if (str_starts(code, STR("\xf3\x0f\x1e\xfa")))	/* endbr64 */
		code = str_skip(code, 4);
	return str_starts(code, STR("\x31\xed")) || str_starts(code, STR("\x48\x31\xed")) ||
	       str_starts(code, STR("\x48\x89\xe7\xe8"));
}

/* Behind the one call of the stub, which never returns: `call; hlt`, or after `and $-16,%rsp` as in
 * musl. Without either the stub takes all of ENTRY_BYTES_MAX. */
static uint64_t entry_stub_size(struct str code)
{
	ptrdiff_t align = find_bytes(code, STR("\x48\x83\xe4\xf0\xe8"));

	for (size_t i = 6; i < code.n; i++)
		if (code.p[i] == '\xf4' &&
		    (code.p[i - 5] == '\xe8' || memcmp(&code.p[i - 6], "\xff\x15", 2) == 0))
			return i + 1;
	if (align >= 0 && (size_t)align + 9 <= code.n)
		return (uint64_t)align + 9;
	return code.n;
}

static void add_entry(struct special *s)
{
	uint64_t entry = s->elf->entry;
	uint32_t i = range_below(s, entry);
	struct str code = { 0 };

	for (uint64_t size = ENTRY_BYTES_MAX; size >= 16 && !code.n; size -= 8)
		code = elf_bytes_at(s->elf, entry, size);
	if (!code.n || !is_entry_stub(code))
		return;
	if (i == s->n || entry >= cfi_range_end(&s->cfi->ranges[i]))
		add_range(s, entry, entry + entry_stub_size(code), s->end_rule);
	else if (s->cfi->ranges[i].start == entry && s->cfi->ranges[i].size <= 128)
		s->cfi->ranges[i].rule = (uint16_t)s->end_rule;	/* its CFI may not say so */
}

/* ---- Signal trampolines. ----
 *
 * A handler returns to the first instruction of the trampoline, and the walker looks a return
 * address up as pc - 1: the rule must begin one byte early. glibc's FDE does (it begins at a nop
 * before the label), others do not. */

static const struct str trampolines[] = {
	{ "\x48\xc7\xc0\x0f\x00\x00\x00\x0f\x05", 9 },	/* mov $15,%rax; syscall */
	{ "\xb8\x0f\x00\x00\x00\x0f\x05", 7 },		/* mov $15,%eax; syscall */
};

#define TRAMPOLINE_MIN 7
#define TRAMPOLINE_MAX 9
#define N_TRAMPOLINES (sizeof(trampolines) / sizeof(*trampolines))

/* The trampoline's size when one stands at vaddr, else 0. */
static uint64_t trampoline_at(const struct special *s, uint64_t vaddr)
{
	for (size_t i = 0; i < N_TRAMPOLINES; i++) {
		struct str code = elf_bytes_at(s->elf, vaddr, trampolines[i].n);

		if (code.n && str_eq(code, trampolines[i]))
			return trampolines[i].n;
	}
	return 0;
}

/* Functions of small size: Go describes its trampoline like any other, in .debug_frame. */
#define TRAMPOLINE_FUNCTION_MAX 32

static void mark_signal_ranges(struct special *s)
{
	for (uint32_t i = 0; i < s->n; i++) {
		struct cfi_range *range = &s->cfi->ranges[i];
		bool said = s->cfi->cies[range->cie].signal, early;

		if (!said && (!range->fallback ||
			      range->size > TRAMPOLINE_FUNCTION_MAX ||
			      !trampoline_at(s, range->start)))
			continue;
		early = trampoline_at(s, range->start + 1);
		range->rule = (uint16_t)s->signal_rule;
		if (!early && (trampoline_at(s, range->start) || !i ||
			       cfi_range_end(&s->cfi->ranges[i - 1]) < range->start) &&
		    range->start > s->cfi->text_start) {
			range->start--;
			range->size++;
			s->unsorted = true;
		}
	}
}

/* musl's clone(), in the new thread: xor %ebp,%ebp; pop %rdi; call *%r9. The thread's function
 * returns behind the call: that is where its stack ends. */
static const struct str thread_start = { "\x31\xed\x5f\x41\xff\xd1", 6 };

static void find_thread_start(struct special *s, uint64_t start, struct str gap)
{
	ptrdiff_t at = find_bytes(gap, thread_start);

	if (at >= 0)
		add_range(s, start + (uint64_t)at, start + (uint64_t)at + thread_start.n,
			  s->end_rule);
}

static void find_in_gap(struct special *s, uint64_t start, uint64_t end)
{
	struct str gap = elf_bytes_at(s->elf, start, end - start);

	if (gap.n > s->budget)
		return;
	s->budget -= gap.n;
	find_thread_start(s, start, gap);
	for (size_t i = 0; i < N_TRAMPOLINES; i++) {
		struct str rest = gap;
		ptrdiff_t at;

		while ((at = find_bytes(rest, trampolines[i])) >= 0) {
			uint64_t vaddr = start + (uint64_t)(rest.p - gap.p) + (uint64_t)at;

			add_range(s, vaddr - 1, vaddr + trampolines[i].n, s->signal_rule);
			rest = str_skip(rest, (size_t)at + trampolines[i].n);
		}
	}
}

/* Padding between functions is not read in big files: it would touch all of their text. A
 * trampoline may hide in it where a whole C library is linked in; such programs are small. */
#define SMALL_TEXT ((uint64_t)16 << 20)
#define BIG_TEXT_GAP_MIN 32

static void search_gaps(struct special *s, uint64_t at, uint64_t end)
{
	uint64_t text = s->cfi->text_end - s->cfi->text_start;
	uint64_t least = text <= SMALL_TEXT ? TRAMPOLINE_MIN : BIG_TEXT_GAP_MIN;
	uint32_t i = range_below(s, at);

	for (i = i == s->n ? 0 : i; i < s->n && s->cfi->ranges[i].start < end && s->budget; i++) {
		const struct cfi_range *range = &s->cfi->ranges[i];
		uint64_t start = range->start, range_end = cfi_range_end(range);

		s->budget--;
		if (start > at && start - at >= least)
			find_in_gap(s, at, start);
		if (range_end > at)
			at = range_end;
	}
	if (end > at && end - at >= least)
		find_in_gap(s, at, end);
}

/* By sections where there are any: an executable segment may hold all read-only data too. */
static void search_uncovered_code(struct special *s)
{
	for (uint32_t i = 0; i < s->elf->n_sections; i++) {
		const struct elf_section *section = &s->elf->sections[i];

		if (section->type == SHT_PROGBITS && (section->flags & SHF_EXECINSTR) &&
		    section->vaddr + section->size > section->vaddr)
			search_gaps(s, section->vaddr, section->vaddr + section->size);
	}
	for (uint32_t i = 0; !s->elf->n_sections && i < s->elf->n_segments; i++) {
		const struct elf_segment *segment = &s->elf->segments[i];

		if (segment->type == PT_LOAD && (segment->flags & PF_X) &&
		    segment->vaddr + segment->filesz > segment->vaddr)
			search_gaps(s, segment->vaddr,
						 segment->vaddr + segment->filesz);
	}
}

/* ---- PLTs without CFI: lld writes none. ---- */

static void add_plt(struct special *s, uint64_t start, uint64_t end)
{
	struct unwind_rule rule = { .kind = UNWIND_CFA, .cfa_off = 16, .cfa_base = UNWIND_RSP,
				    .ra_off = -8, .ra_reg = UNWIND_RIP };

	if (!str_starts(elf_bytes_at(s->elf, start, 2), STR("\xff\x35")))
		return;		/* its head does not push the link map: not a lazy one */
	/* The head is entered with a number pushed, and pushes once more. */
	add_range(s, start, start + 6, unwind_rules_add(s->rules, &rule));
	rule.cfa_off = 24;
	add_range(s, start + 6, start + 16, unwind_rules_add(s->rules, &rule));
	rule = (struct unwind_rule){ .kind = UNWIND_PLT, .cfa_off = 8, .cfa_add = 11,
				     .cfa_base = UNWIND_RSP, .ra_off = -8, .ra_reg = UNWIND_RIP };
	add_range(s, start + 16, end, unwind_rules_add(s->rules, &rule));
}

static void add_plts(struct special *s)
{
	static const struct unwind_rule jump = { .kind = UNWIND_CFA, .cfa_off = 8,
						 .cfa_base = UNWIND_RSP, .ra_off = -8,
						 .ra_reg = UNWIND_RIP };

	for (uint32_t i = 0; i < s->elf->n_sections; i++) {
		const struct elf_section *section = &s->elf->sections[i];
		uint64_t start = section->vaddr, end = start + section->size;

		if (!(section->flags & SHF_EXECINSTR) || end <= start ||
		    start < s->cfi->text_start || end > s->cfi->text_end ||
		    !str_starts(section->name, STR(".plt")) || covered(s, start) ||
		    covered(s, end - 1))
			continue;
		if (str_eq(section->name, STR(".plt")) && start % 16 == 0)
			add_plt(s, start, end);
		else
			add_range(s, start, end, unwind_rules_add(s->rules, &jump));
	}
}

/* ---- .init and .fini: pieces of crti.o and crtn.o, without CFI, calls between them. ---- */

static const struct str endbr = { "\xf3\x0f\x1e\xfa", 4 }, make_room = { "\x48\x83\xec\x08", 4 },
			leave_room = { "\x48\x83\xc4\x08\xc3", 5 };	/* sub, add $8,%rsp; ret */

#define INIT_MAX 4096	/* bytes: each piece between is one call */

static void add_init(struct special *s, uint64_t start, uint64_t end)
{
	struct unwind_rule rule = { .kind = UNWIND_CFA, .cfa_off = 8, .cfa_base = UNWIND_RSP,
				    .ra_off = -8, .ra_reg = UNWIND_RIP };
	uint64_t head = start;
	uint32_t bare;

	if (str_eq(elf_bytes_at(s->elf, head, endbr.n), endbr))
		head += endbr.n;
	if (end - start > INIT_MAX || end - head < make_room.n + leave_room.n ||
	    !str_eq(elf_bytes_at(s->elf, head, make_room.n), make_room) ||
	    !str_eq(elf_bytes_at(s->elf, end - leave_room.n, leave_room.n), leave_room))
		return;
	head += make_room.n;
	bare = unwind_rules_add(s->rules, &rule);
	add_range(s, start, head, bare);
	rule.cfa_off = 16;
	add_range(s, head, end - 1, unwind_rules_add(s->rules, &rule));
	add_range(s, end - 1, end, bare);
}

static void add_inits(struct special *s)
{
	for (uint32_t i = 0; i < s->elf->n_sections; i++) {
		const struct elf_section *section = &s->elf->sections[i];
		uint64_t start = section->vaddr, end = start + section->size;

		if ((section->flags & SHF_EXECINSTR) && end > start && start >= s->cfi->text_start &&
		    end <= s->cfi->text_end && !covered(s, start) && !covered(s, end - 1) &&
		    (str_eq(section->name, STR(".init")) || str_eq(section->name, STR(".fini"))))
			add_init(s, start, end);
	}
}

/* ---- The first frame of a makecontext() stack. ----
 *
 * glibc's __start_context is "returned" to by the function a context was made for; its FDE says
 * nothing, and so that a return address follows at rsp + 8, where none is. What resumes is another
 * stack. */

static const struct str start_context = {
	"\x48\x89\xdc\x48\x8b\x3c\x24\x48\x85\xff\x74\x08\xe8", 13
};	/* mov %rbx,%rsp; mov (%rsp),%rdi; test %rdi,%rdi; je; call (__start_context of x86_64) */

#define START_CONTEXT_MIN 24
#define START_CONTEXT_MAX 48	/* with a shadow stack's branch in front */

static void mark_start_context(struct special *s)
{
	if (s->cfi->text_end - s->cfi->text_start > SMALL_TEXT)
		return;		/* it would touch all of a big file's text, and no C library is */
	for (uint32_t i = 0; i < s->n; i++) {
		struct cfi_range *range = &s->cfi->ranges[i];
		struct str code;

		if (range->size < START_CONTEXT_MIN || range->size > START_CONTEXT_MAX)
			continue;
		code = elf_bytes_at(s->elf, range->start, range->size);
		if (find_bytes(code, start_context) < 0)
			continue;
		range->rule = (uint16_t)s->end_rule;
		/* Looked up one byte early; where padding stands that is nobody else's. */
		if (i && cfi_range_end(range - 1) < range->start) {
			range->start--;
			range->size++;
		}
	}
}

int special_add(struct cfi *cfi, const struct elf *elf, struct unwind_rules *rules)
{
	static const struct unwind_rule end = { .kind = UNWIND_END };
	static const struct unwind_rule signal = { .kind = UNWIND_SIGNAL };
	struct special s = { .cfi = cfi, .elf = elf, .rules = rules, .n = cfi->n,
			     .budget = (uint64_t)cfi->n * 2 + elf->bytes.n };

	s.end_rule = unwind_rules_add(rules, &end);
	s.signal_rule = unwind_rules_add(rules, &signal);
	mark_signal_ranges(&s);
	mark_start_context(&s);
	add_entry(&s);
	add_plts(&s);
	add_inits(&s);
	search_uncovered_code(&s);
	if (s.failed)
		return -ENOMEM;
	return s.unsorted ? cfi_sort(cfi) : 0;
}
