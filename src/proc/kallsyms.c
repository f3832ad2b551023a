/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/kallsyms.h"

#include <errno.h>
#include <stdlib.h>

#include "base/bisect.h"
#include "base/err.h"
#include "base/file.h"

/* No kernel function is as long: what lies further behind the last symbol of the kernel or of a
 * module is in a gap, not in that function. */
#define FUNCTION_BYTES_MAX ((uint64_t)1 << 20)

/* How good a name is for an address that has several: higher wins, the first among equals. */
enum { RANK_LOCAL, RANK_WEAK, RANK_GLOBAL };

struct symbol {
	uint64_t address;
	uint32_t name, module;	/* offsets into text */
	uint32_t rank;
	uint32_t underscores;	/* aliases made by macros (__pi_, __se_sys_) begin with more */
};

struct parser {
	const char *p, *end;
	char *text;		/* holds every name and its NUL: never more bytes than the input */
	size_t text_n;
	struct symbol *symbols;
	uint32_t n, cap;
	uint32_t module;	/* of the line before, most often of this one too */
	struct str module_name;
	uint32_t lines;
	bool addresses_seen, unsorted;
};

static int rank_of_type(char type)
{
	switch (type) {
	case 'T':
		return RANK_GLOBAL;
	case 'W':
	case 'w':
		return RANK_WEAK;
	case 't':
		return RANK_LOCAL;
	default:
		return -1;
	}
}

/* Digits of either case; anything else is 16 or more. */
static unsigned hex_digit(char c)
{
	unsigned digit = (unsigned)(unsigned char)c - '0';

	if (digit < 10)
		return digit;
	digit = ((unsigned)(unsigned char)c | 0x20) - 'a';
	return digit < 6 ? digit + 10 : 16;
}

static bool parse_hex(const char **p, const char *end, uint64_t *ret_value)
{
	const char *start = *p;
	uint64_t value = 0;

	while (*p < end && hex_digit(**p) < 16)
		value = value << 4 | hex_digit(*(*p)++);
	*ret_value = value;
	return *p > start && *p - start <= 16;
}

static uint32_t add_text(struct parser *parser, struct str s)
{
	uint32_t at = (uint32_t)parser->text_n;

	memcpy(parser->text + at, s.p, s.n);
	parser->text[at + s.n] = '\0';
	parser->text_n += s.n + 1;
	return at;
}

/* "\t[ext4]" behind a name: the module's name without brackets, or empty. */
static struct str module_of(struct str rest)
{
	rest = str_trim(rest);
	if (rest.n < 2 || rest.p[0] != '[' || rest.p[rest.n - 1] != ']')
		return (struct str){ 0 };
	return (struct str){ rest.p + 1, rest.n - 2 };
}

static uint32_t intern_module(struct parser *parser, struct str name)
{
	if (!name.n)
		return 0;
	if (!str_eq(name, parser->module_name)) {
		parser->module_name = name;
		parser->module = add_text(parser, name);
	}
	return parser->module;
}

static uint32_t leading_underscores(struct str name)
{
	uint32_t n = 0;

	while (n < name.n && name.p[n] == '_')
		n++;
	return n;
}

static int add_symbol(struct parser *parser, uint64_t address, int rank, struct str name,
		      struct str rest)
{
	struct symbol *symbol;

	if (parser->n == parser->cap) {
		/* Grown without zeroing, for there are 200,000 of them: not vec_reserve(). */
		uint32_t cap = parser->cap ? parser->cap * 2 : 4096;
		struct symbol *fresh = cap ? reallocarray(parser->symbols, cap, sizeof(*fresh))
					   : NULL;

		if (!fresh)
			return -ENOMEM;
		parser->symbols = fresh;
		parser->cap = cap;
	}
	symbol = &parser->symbols[parser->n];
	*symbol = (struct symbol){ .address = address,
				   .name = add_text(parser, name),
				   .module = intern_module(parser, module_of(rest)),
				   .rank = (uint32_t)rank,
				   .underscores = leading_underscores(name) };
	if (parser->n && symbol[-1].address > address)
		parser->unsorted = true;
	parser->n++;
	return 0;
}

/* One line, "ffffffff81000000 T name[\t[module]]". 0, -EBADMSG or -ENOMEM. */
static int parse_line(struct parser *parser, const char *p, const char *end)
{
	struct str name;
	uint64_t address;
	int rank;
	char type;

	if (!parse_hex(&p, end, &address) || end - p < 4 || p[0] != ' ' || p[2] != ' ')
		return -EBADMSG;
	type = p[1];
	p += 3;
	rank = rank_of_type(type);
	if (address)
		parser->addresses_seen = true;
	if (rank < 0 || !address)
		return 0;
	name.p = p;
	while (p < end && *p != '\t' && *p != ' ')
		p++;
	name.n = (size_t)(p - name.p);
	return add_symbol(parser, address, rank, name, str_over(p, (size_t)(end - p)));
}

static int parse_lines(struct parser *parser, struct err *err)
{
	while (parser->p < parser->end) {
		const char *line = parser->p;
		const char *nl = memchr(line, '\n', (size_t)(parser->end - line));
		const char *end = nl ? nl : parser->end;
		int rc;

		parser->p = nl ? nl + 1 : end;
		parser->lines++;
		if (end == line)
			continue;
		rc = parse_line(parser, line, end);
		if (rc == -EBADMSG)
			return err_fail(err, rc,
					"kernel symbols, line %u: expected 'address type name'",
					parser->lines);
		if (rc < 0)
			return err_fail(err, rc, "kernel symbols: out of memory");
	}
	return 0;
}

static int compare_symbols(const void *a, const void *b)
{
	const struct symbol *left = a, *right = b;

	if (left->address != right->address)
		return left->address < right->address ? -1 : 1;
	return (left->name > right->name) - (left->name < right->name);
}

static bool names_better(const struct symbol *a, const struct symbol *b)
{
	if (a->rank != b->rank)
		return a->rank > b->rank;
	return a->underscores < b->underscores;
}

/* The symbols, in order and one an address, become columns. */
static int make_columns(struct kallsyms *kallsyms, const struct parser *parser)
{
	const struct symbol *last = NULL;
	uint32_t n = 0, cap = parser->n ? parser->n : 1;

	kallsyms->addresses = malloc(cap * sizeof(*kallsyms->addresses));
	kallsyms->names = malloc(cap * sizeof(*kallsyms->names));
	kallsyms->modules = malloc(cap * sizeof(*kallsyms->modules));
	if (!kallsyms->addresses || !kallsyms->names || !kallsyms->modules)
		return -ENOMEM;
	for (uint32_t i = 0; i < parser->n; i++) {
		const struct symbol *symbol = &parser->symbols[i];

		if (last && last->address == symbol->address) {
			if (!names_better(symbol, last))
				continue;
			n--;
		}
		kallsyms->addresses[n] = symbol->address;
		kallsyms->names[n] = symbol->name;
		kallsyms->modules[n] = symbol->module;
		last = symbol;
		n++;
	}
	kallsyms->n = n;
	return 0;
}

int kallsyms_parse(struct kallsyms *kallsyms, struct str text, struct err *err)
{
	struct parser parser = { .p = text.p, .end = text.n ? text.p + text.n : text.p };
	int rc;

	*kallsyms = (struct kallsyms){ 0 };
	if (text.n > UINT32_MAX - 2)
		return err_fail(err, -EFBIG, "kernel symbols: more than 4 GiB of text");
	/* A name and its NUL take the bytes of the name and of the space before it; a module's
	 * those of its name and a bracket; the first byte is the empty name. */
	parser.text = malloc(text.n + 2);
	if (!parser.text)
		return err_fail(err, -ENOMEM, "kernel symbols: out of memory");
	parser.text[parser.text_n++] = '\0';
	rc = parse_lines(&parser, err);
	if (rc < 0)
		goto out;
	if (parser.unsorted)
		qsort(parser.symbols, parser.n, sizeof(*parser.symbols), compare_symbols);
	kallsyms->text = parser.text;
	kallsyms->hidden = parser.lines && !parser.addresses_seen;
	parser.text = NULL;
	rc = make_columns(kallsyms, &parser);
	if (rc < 0) {
		kallsyms_fini(kallsyms);
		err_set(err, "kernel symbols: out of memory");
	}
out:
	free(parser.symbols);
	free(parser.text);
	return rc;
}

int kallsyms_load(struct kallsyms *kallsyms, struct err *err)
{
	struct mapped_file file = { 0 };
	int rc;

	*kallsyms = (struct kallsyms){ 0 };
	rc = mapped_file_open(&file, "/proc/kallsyms", err);
	if (rc < 0)
		return rc;
	rc = kallsyms_parse(kallsyms, mapped_file_view(&file), err);
	mapped_file_close(&file);
	return rc;
}

void kallsyms_fini(struct kallsyms *kallsyms)
{
	free(kallsyms->addresses);
	free(kallsyms->names);
	free(kallsyms->modules);
	free(kallsyms->text);
	*kallsyms = (struct kallsyms){ 0 };
}

/* The number of symbols at or below address. */
static uint32_t count_below(const struct kallsyms *kallsyms, uint64_t address)
{
	return BISECT(kallsyms->n, i, kallsyms->addresses[i] <= address);
}

bool kallsyms_find(const struct kallsyms *kallsyms, uint64_t address, struct str *ret_name,
		   struct str *ret_module)
{
	uint32_t i = count_below(kallsyms, address);

	if (!i || address - kallsyms->addresses[i - 1] >= FUNCTION_BYTES_MAX)
		return false;
	i--;
	*ret_name = str_of(kallsyms->text + kallsyms->names[i]);
	*ret_module = str_of(kallsyms->text + kallsyms->modules[i]);
	return true;
}
