/* SPDX-License-Identifier: Apache-2.0 */
/* elf/dwarf_internal.h
 *
 * What the files of the DWARF resolver share; nobody else includes it.
 *
 *   dwarf_file     sections and unit headers of one file: the binary, dwz's file, a .dwo, a .dwp
 *   unit           one compile or partial unit; what is costly to read is read on first need
 *   queries        the addresses asked for, and per address what was found
 *   worker         one thread: takes units off a list, walks their DIEs, runs their line programs
 *
 *   dwarf_open      headers                               dwarf.c, dwarf_unit.c, dwarf_split.c
 *   dwarf_resolve   attach: which unit holds a query      dwarf_attach.c (.debug_aranges, roots)
 *                   walk: leaf[q], innermost call         dwarf_walk.c
 *                   lines: row[q]                         dwarf_rows.c over dwarf_line.c
 *                   names of the calls that were hit      dwarf_function.c
 *                   chains into frames                    dwarf.c
 *
 * Threads: a unit's DIEs are walked by one worker, but any worker may need its abbreviations, root
 * and file names (calls inlined across units). Those are built in the worker's own arena and
 * published by compare-and-swap; the loser of a race wastes its copy and uses the winner's. So
 * nothing is locked. Every byte read is checked against the end of its section; what a damaged
 * file could make us repeat is paid from a budget.
 */
#ifndef SONDE_ELF_DWARF_INTERNAL_H
#define SONDE_ELF_DWARF_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/cursor.h"
#include "base/hash.h"
#include "base/str.h"
#include "elf/dwarf_const.h"
#include "elf/elf.h"

#define DWARF_NONE UINT64_MAX		/* an offset or base that is absent */
#define DWARF_HOPS_MAX 16		/* abstract_origin and specification followed for a name */
#define DWARF_UNITS_MAX 2000000		/* unit headers kept of one file */
#define DWARF_DWOS_MAX 20000		/* .dwo files mapped at once */
#define DWARF_WORKERS_MAX 4
#define DWARF_ROUNDS_MAX 4		/* further units tried for a query */
#define DWARF_SLACK 65536		/* steps that no sane unit needs, see the budgets */

struct dwarf_sections {
	struct str info, abbrev, line, str, line_str, str_offsets, addr, ranges, rnglists, aranges;
	struct str cu_index;		/* of a .dwp */
};

struct dwarf_file {
	struct elf *elf;		/* borrowed, or &own */
	struct elf own;
	struct dwarf_sections sections;
	struct unit *units;		/* sorted by off; type units are left out */
	uint32_t n_units, cap_units;
	bool cut;			/* of some sections there is only the beginning ... */
	_Atomic bool ran_over;		/* ... and somebody wanted more */
	struct dwarf_file *alt;		/* dwz's, for the _alt and _sup forms; may be NULL */
	struct dwarf_file *before;	/* list of the files a worker opened */
};

struct unit {
	struct dwarf_file *file;
	uint64_t off, end, die;		/* header, end, first DIE: offsets in .debug_info */
	uint64_t abbrev_off;
	uint64_t dwo_id;		/* DWARF 5's, from the header */
	uint64_t str_offsets_base;	/* what the file's kind implies; the root may say another */
	uint64_t rnglists_base;
	uint8_t version, addr_size, offset_size, type;
	bool split;			/* in a .dwo or .dwp */
	bool dwo_sought;
	uint32_t owned, first_owned;	/* queries it was given in this round, and the first */
	struct unit *skeleton;		/* of a split unit */
	struct unit *dwo;		/* of a skeleton, once found */
	_Atomic(struct abbrevs *) abbrevs;
	_Atomic(struct unit_root *) root;
	_Atomic(struct line_header *) lines;
};

/* One attribute value, as the form has it; dwarf_form.c turns it into what it means. */
struct value {
	uint16_t form;		/* 0: absent */
	uint64_t u;		/* number, index or offset; the length of a string or block */
	const uint8_t *p;	/* inline string or block */
};

struct unit_root {
	uint16_t tag;
	bool has_children, has_low;
	uint64_t low_pc, high_pc;	/* high_pc 0: absent */
	uint64_t dwo_id;
	struct value ranges;
	uint64_t addr_base, gnu_ranges_base, rnglists_base, str_offsets_base;
	uint64_t line_off;		/* DWARF_NONE: no line program */
	struct str name, comp_dir, dwo_name;
};

/* ---- abbreviations */

enum step_op {
	STEP_END,
	STEP_FIXED,		/* n bytes */
	STEP_LEB,
	STEP_CSTR,
	STEP_BLOCK,		/* a length of n bytes (0: ULEB), then as many */
	STEP_INDIRECT,
	STEP_LOW8, STEP_LOW,	/* captures; n is the form */
	STEP_HIGH4, STEP_HIGH8, STEP_HIGH,
	STEP_RANGES4, STEP_RANGES,
	STEP_SIBLING4, STEP_SIBLING,
};

struct step {
	uint8_t op, n;
};

struct attr_spec {
	uint16_t name, form;
	int32_t implicit;	/* DW_FORM_implicit_const, clamped */
	int8_t size;		/* of the form; negative: it varies */
	bool describes;		/* dwarf_function.c wants it */
};

enum abbrev_kind {
	ABBREV_PLAIN,		/* read over without captures; its children come next */
	ABBREV_LEAPABLE,	/* its children hold no code, and a sibling says where they end */
	ABBREV_LEAPABLE_CODE,	/* the same, but GCC nests local functions in such trees */
	ABBREV_FUNCTION,	/* DW_TAG_subprogram with addresses */
	ABBREV_INLINED,		/* DW_TAG_inlined_subroutine with addresses or children */
	ABBREV_BAD,		/* a form we do not know: the unit ends here */
};

struct abbrev {
	uint64_t code;
	uint32_t steps, specs;	/* indices */
	uint16_t tag, n_specs;
	uint16_t lead;		/* fixed bytes before the first step */
	uint8_t kind;
	bool has_children;
	bool fixed;		/* the lead is all there is */
	bool slow;		/* the captures need dwarf_read_specs() (indirect, implicit_const) */
};

struct abbrevs {
	uint64_t off;
	uint8_t addr_size, offset_size;
	bool old_ref_addr;	/* DWARF 2: ref_addr is as wide as an address */
	bool has_code;		/* some function in here may have addresses */
	const struct dwarf_file *file;
	struct abbrev *items;	/* in order of declaration; usually items[code - 1] */
	struct step *steps;
	struct attr_spec *specs;
	uint32_t n, n_steps, n_specs;
	uint32_t cap, cap_steps, cap_specs;
	struct idindex by_code;	/* only when the codes are not 1, 2, 3 ... */
	struct abbrevs *next;		/* all of a worker's */
};

/* ---- line tables */

struct line_file {
	const struct str *dir;	/* already joined to the compilation directory */
	struct str name;
};

struct line_header {
	const struct dwarf_file *file;
	uint64_t off;			/* in .debug_line */
	struct str comp_dir;
	struct str program;
	struct str *dirs;		/* joined; files point here */
	uint64_t n_dirs;
	struct line_file *files;
	uint64_t n_files;
	uint8_t version, addr_size, min_inst, max_ops, line_range, opcode_base;
	int8_t line_base;
	uint8_t operands[256];	/* of standard opcodes */
};

struct line_row {
	const struct line_file *file;	/* NULL: unknown */
	uint64_t start;			/* vaddr of the row */
	uint32_t line, column;
};

/* ---- results of a walk */

struct function {
	const uint8_t *die;	/* its key */
	struct str name;
	const struct line_file *decl_file;
	uint32_t decl_line;
};

/* One call that holds a query: a subprogram, or a subroutine inlined into `caller`. */
struct call {
	struct call *caller;	/* NULL: a subprogram */
	struct call *next;	/* all of this unit's */
	const uint8_t *die;
	const struct function *function;
	const struct line_file *file;	/* of the call site, in the caller */
	uint32_t line, column;
};

enum coverage {		/* how a unit's addresses are known */
	COVERED_NOT,	/* only by its functions */
	COVERED_ARANGES,
	COVERED_ROOT,
};

struct overlap {
	uint32_t query, unit;
};

struct queries {
	const uint64_t *vaddrs;
	uint32_t n;
	uint64_t base;			/* vaddrs[0] */
	unsigned shift;			/* bucket b: queries from base + (b << shift) */
	uint32_t n_buckets;
	uint32_t *bucket;		/* [n_buckets + 1] first query of each */
	uint32_t *owner;		/* unit + 1 that holds it; 0: none found */
	struct call **leaf;		/* innermost call; written by the owner's worker only */
	struct line_row *row;
	uint64_t *behind;		/* end of a function that ends before the query, if it was
					 * seen and no other query lies between; else 0 */
	struct overlap *overlaps;	/* further units that claim a query */
	uint32_t n_overlaps, cap_overlaps;
	uint64_t n_claims, max_claims;	/* a damaged file may claim everything for every unit */
};

#define CACHE_SLOTS 64	/* tables used last, shared by units with the same offset */

struct worker {
	struct dwarf *dwarf;
	struct arena keep;		/* until dwarf_close(): abbreviations, roots, file names */
	struct arena temp;		/* until the end of dwarf_resolve() */
	struct idindex function_ids;	/* by DIE address, in keep */
	struct function **functions;
	uint32_t n_functions, cap_functions;
	struct abbrevs *abbrev_cache[CACHE_SLOTS];
	struct line_header *line_cache[CACHE_SLOTS];
	struct abbrevs *all_abbrevs;	/* for freeing */
	struct dwarf_file *others;	/* .dwo, .dwp and dwz files it opened */
	/* What one dwarf_resolve() may read, in bytes and range list entries: tables that many
	 * units share are paid for each time, and sane files stay far below. */
	int64_t abbrev_budget, line_budget, range_budget;
	int rc;				/* -ENOMEM ends the run */
};

struct dwarf {
	struct dwarf_file main;
	struct dwarf_file *dwp;
	char *path;			/* of the main file */
	uint64_t text_lo;		/* lowest executable address: below it are removed functions */
	struct worker workers[DWARF_WORKERS_MAX];
	struct queries queries;
	uint8_t *covered;		/* per unit: enum coverage */
	_Atomic uint32_t n_dwos;
	bool deferred;			/* nothing is read before there are queries: dwarf_part.c */
	bool prepared;			/* it has been read for some, with: */
	int prepared_rc;
	struct dwarf *whole;		/* what answers instead, when a part was not enough */
};

/* ---- dwarf_part.c */

/* Whether so little of the file may do that it is worth waiting for the queries. */
bool dwarf_part_possible(const struct elf *elf);

/* Reads .debug_info as far as these queries need. False: all of it is to be read. */
bool dwarf_part_load(struct dwarf *dwarf, const uint64_t *vaddrs, uint32_t n);

/* Says that a section ended too early. Of a damaged file that is no news. */
static inline void dwarf_ran_over(struct dwarf_file *file)
{
	if (file->cut)
		file->ran_over = true;
}

/* Whether the queries' answers are those that all of the file would give. */
bool dwarf_part_enough(const struct dwarf *dwarf);

/* ---- dwarf_attach.c */

/* One unit's tuples in .debug_aranges. */
struct aranges_set {
	uint64_t unit;		/* its offset */
	unsigned addr_size;
	struct cursor tuples;
};

/* The next set; false at the end. One that we cannot read has no tuples. */
bool dwarf_aranges_set(struct cursor *c, struct aranges_set *ret_set);
bool dwarf_aranges_next(struct aranges_set *set, uint64_t *ret_lo, uint64_t *ret_hi);

/* ---- dwarf_form.c */

/* Bytes that a form of fixed size takes, or -1. old_ref_addr: DWARF 2. */
int dwarf_form_size(uint16_t form, unsigned addr_size, unsigned offset_size, bool old_ref_addr);

/* Reads one value of that form; indirect forms are followed once. False on an unknown form or
 * a short read (the cursor has then failed). */
bool dwarf_read_form(const struct unit *unit, struct cursor *c, uint16_t form, int32_t implicit,
		     struct value *ret_value);

/* The value as a string (empty when it is none or damaged), lent by the file's sections. */
struct str dwarf_value_str(const struct unit *unit, uint64_t str_offsets_base,
			   const struct value *value);

/* The value as an address. addr_base: where the unit's part of .debug_addr begins. */
bool dwarf_value_addr(const struct unit *unit, uint64_t addr_base, const struct value *value,
		      uint64_t *ret_vaddr);

/* Entry `index` of the unit's address table (.debug_addr). */
bool dwarf_indexed_addr(const struct unit *unit, uint64_t addr_base, uint64_t index,
			uint64_t *ret_vaddr);

/* Where the unit's address table is: its own root says it, or its skeleton's. */
uint64_t dwarf_addr_base(struct worker *worker, struct unit *unit);

/* Which DIE a reference means: its unit, or NULL. */
struct unit *dwarf_value_ref(struct unit *unit, const struct value *value, uint64_t *ret_off);

/* NUL-terminated bytes at an offset; empty when out of bounds or unterminated. */
struct str dwarf_cstr_at(struct str section, uint64_t off);

/* ---- dwarf_abbrev.c */

/* The unit's abbreviations, compiled; NULL when damaged or out of memory. */
const struct abbrevs *dwarf_abbrevs_load(struct worker *worker, struct unit *unit);

static inline const struct abbrevs *dwarf_abbrevs(struct worker *worker, struct unit *unit)
{
	const struct abbrevs *abbrevs = atomic_load_explicit(&unit->abbrevs, memory_order_acquire);

	return abbrevs ? abbrevs : dwarf_abbrevs_load(worker, unit);
}

const struct abbrev *dwarf_abbrev_sparse(const struct abbrevs *abbrevs, uint64_t code);
void dwarf_abbrevs_fini(struct abbrevs *abbrevs);

static inline const struct abbrev *dwarf_abbrev(const struct abbrevs *abbrevs, uint64_t code)
{
	if (code - 1 < abbrevs->n && abbrevs->items[code - 1].code == code)
		return &abbrevs->items[code - 1];
	return dwarf_abbrev_sparse(abbrevs, code);
}

/* ---- dwarf_unit.c */

/* Reads all unit headers of file->sections.info. 0 or -ENOMEM; what follows damage is left out. */
int dwarf_units_load(struct dwarf_file *file, bool split);

/* The unit whose bytes hold that offset, or NULL. */
struct unit *dwarf_unit_at(struct dwarf_file *file, uint64_t off);

/* Parses one unit header at off into *ret_unit; false at damage. *ret_next is the next header. */
bool dwarf_unit_header(struct dwarf_file *file, uint64_t off, struct unit *ret_unit,
		       uint64_t *ret_next);

/* The root DIE, read without compiling the abbreviations. NULL when damaged. */
const struct unit_root *dwarf_root_load(struct worker *worker, struct unit *unit);

static inline const struct unit_root *dwarf_root(struct worker *worker, struct unit *unit)
{
	const struct unit_root *root = atomic_load_explicit(&unit->root, memory_order_acquire);

	return root && root->tag ? root : dwarf_root_load(worker, unit);
}

/* Takes the sections out of file->elf: .debug_x, or .debug_x.dwo of a split file. One that cannot
 * be decompressed stays empty. */
void dwarf_sections_load(struct dwarf_file *file, bool split);

/* ---- dwarf_split.c */

/* The unit that has the DIEs of `unit`: itself, or the one in its .dwo or .dwp. */
struct unit *dwarf_unit_with_dies(struct worker *worker, struct unit *unit);

/* Finds and opens dwz's file, if the main file names one, and the .dwp beside the main file. Their
 * absence is no error. 0 or -ENOMEM. */
int dwarf_alt_open(struct dwarf *dwarf);
int dwarf_dwp_open(struct dwarf *dwarf);

void dwarf_file_fini(struct dwarf_file *file);

/* ---- dwarf_ranges.c */

/* A running range list: for (range_list_open(...); range_list_next(&list, &lo, &hi);) */
struct range_list {
	struct cursor c;
	struct worker *worker;
	struct unit *unit;	/* for indexed addresses */
	uint64_t base, addr_base;
	bool v5;
};

bool range_list_open(struct range_list *list, struct worker *worker, struct unit *unit,
		     const struct value *ranges);
bool range_list_next(struct range_list *list, uint64_t *ret_lo, uint64_t *ret_hi);

/* ---- dwarf_attach.c */

int queries_init(struct queries *queries, const uint64_t *vaddrs, uint32_t n);
void queries_fini(struct queries *queries);

/* Gives every query the unit that holds it, by .debug_aranges and by the roots of units that have
 * no aranges. 0 or -ENOMEM. */
int dwarf_attach(struct dwarf *dwarf);

/* For queries without a unit: searches the functions of units whose root has no addresses. Only
 * those queries have an owner then. 0 or -ENOMEM. */
int dwarf_attach_rootless(struct dwarf *dwarf);

/* Gives queries that no function was found for to their next unit; only those have an owner
 * then. False when there are none. */
bool dwarf_attach_overlaps(struct dwarf *dwarf);

/* Index of the first query >= vaddr (n when there is none). */
static inline uint32_t queries_first(const struct queries *queries, uint64_t vaddr)
{
	uint64_t b;
	uint32_t at, end;

	if (vaddr <= queries->base)
		return 0;
	b = (vaddr - queries->base) >> queries->shift;
	if (b >= queries->n_buckets)
		return queries->n;
	at = queries->bucket[b];
	end = queries->bucket[b + 1];
	while (at < end) {
		uint32_t middle = at + (end - at) / 2;

		if (queries->vaddrs[middle] < vaddr)
			at = middle + 1;
		else
			end = middle;
	}
	return at;
}

/* ---- dwarf_walk.c */

/* Finds the innermost call of every query the unit (its number + 1 is `owner`) was given, and
 * resolves the calls' names. */
void dwarf_walk(struct worker *worker, struct unit *unit, uint32_t owner);

/* Calls `found(ctx, lo, hi)` for every function of the unit. */
void dwarf_walk_functions(struct worker *worker, struct unit *unit,
			  void (*found)(void *ctx, uint64_t lo, uint64_t hi), void *ctx);

/* ---- dwarf_function.c */

/* Fills in the call's function and call site. `unit` has its DIE. */
void dwarf_call_name(struct worker *worker, struct unit *unit, struct call *call);

/* ---- dwarf_line.c, dwarf_rows.c */

/* The unit's line table header with its files; NULL when it has none or it is damaged. */
const struct line_header *dwarf_lines(struct worker *worker, struct unit *unit);

/* File `index` as a DWARF attribute or a row gives it, or NULL. */
const struct line_file *dwarf_line_file(const struct line_header *lines, uint64_t index);

/* Runs the unit's line program and fills in the rows of the queries it owns. */
void dwarf_rows(struct worker *worker, struct unit *unit, uint32_t owner);

/* Takes n from a budget; false when it is used up. */
static inline bool dwarf_spend(int64_t *budget, uint64_t n)
{
	if (*budget < 0 || n > (uint64_t)*budget)
		return false;
	*budget -= (int64_t)n;
	return true;
}

#endif
