/* SPDX-License-Identifier: Apache-2.0 */
#include "symbol/demangle.h"

#include <libiberty/demangle.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>

#include "symbol/rust_v0.h"

#define OPTIONS (DMGL_PARAMS | DMGL_ANSI)

/* libiberty recurses along a name, and refuses C++ names above half its recursion limit, however
 * flat. Longer ones (template libraries are full of them) go without the limit, on a stack where it
 * cannot matter: reading recurses at most once a byte, printing stops at depth 1,024 of its own
 * accord, and the tables that it puts there take at most 30 MB. */
#define CXX_LIMITED_MAX (DEMANGLE_RECURSION_LIMIT / 2)
#define CXX_MANGLED_MAX 4096
#define LONG_NAME_STACK ((size_t)256 << 20)

/* D's demangler builds its text in memory and cannot be stopped. Each back reference may repeat
 * what its target says, so n of them multiply a text at most 3^(n/3) times: 28 of them 30,000
 * times. */
#define D_MANGLED_MAX 2048
#define D_BACK_REFERENCES_MAX 28

struct output {
	struct buf *buf;
	jmp_buf too_long;
};

/* Stops a text without end. libiberty keeps no memory between two pieces of text but while it
 * prints an identifier (Rust's punycode), so only a piece of punctuation is a safe place to leave
 * from. */
static void add_piece(const char *p, size_t n, void *arg)
{
	struct output *out = arg;
	bool full = n > DEMANGLED_MAX - out->buf->n;

	if (!full)
		buf_add(out->buf, p, n);
	if ((full || out->buf->failed) && n && strchr(" :<>,()[]{}&*;=-", p[0]))
		longjmp(out->too_long, 1);
}

typedef int callback_demangler(const char *name, int options, demangle_callbackref callback,
			       void *arg);

static bool demangle_by(callback_demangler *demangler, const char *name, int options,
			struct buf *out)
{
	struct output output = { .buf = out };

	buf_clear(out);
	if (setjmp(output.too_long) || !demangler(name, options, add_piece, &output) ||
	    out->failed)
		buf_clear(out);
	return out->n > 0;
}

struct long_name {
	const char *name;
	struct buf *out;
};

static void *demangle_without_limit(void *arg)
{
	struct long_name *l = arg;

	demangle_by(cplus_demangle_v3_callback, l->name, OPTIONS | DMGL_NO_RECURSE_LIMIT, l->out);
	return NULL;
}

static bool demangle_cxx(const char *name, size_t n, struct buf *out)
{
	struct long_name l = { name, out };
	pthread_attr_t attributes;
	pthread_t thread;
	int rc;

	if (n <= CXX_LIMITED_MAX)
		return demangle_by(cplus_demangle_v3_callback, name, OPTIONS, out);
	if (n > CXX_MANGLED_MAX || pthread_attr_init(&attributes))
		return false;
	rc = pthread_attr_setstacksize(&attributes, LONG_NAME_STACK);
	if (rc == 0)
		rc = pthread_create(&thread, &attributes, demangle_without_limit, &l);
	if (rc == 0)
		pthread_join(thread, NULL);
	pthread_attr_destroy(&attributes);
	return out->n > 0;
}

static bool demangle_d(const char *name, struct buf *out)
{
	size_t references = 0, n = strlen(name);
	char *text;

	for (size_t i = 0; i < n; i++)
		references += name[i] == 'Q';
	if (n > D_MANGLED_MAX || references > D_BACK_REFERENCES_MAX)
		return false;
	text = dlang_demangle(name, OPTIONS);
	if (text && strlen(text) <= DEMANGLED_MAX)
		buf_add(out, text, strlen(text));
	free(text);
	return out->n > 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* ThinLTO renames local functions to "name.llvm.1234567": nothing that a reader wants to see. */
static struct str without_llvm_suffix(struct str name)
{
	size_t n = name.n;

	while (n && is_digit(name.p[n - 1]))
		n--;
	if (n < name.n && str_ends(str_head(name, n), STR(".llvm.")))
		return str_head(name, n - 6);
	return name;
}

bool is_mangled(struct str name)
{
	if (name.n < 3 || name.p[0] != '_')
		return false;
	switch (name.p[1]) {
	case 'Z':
	case 'R':
		return true;
	case 'D':
		return is_digit(name.p[2]) || str_eq(name, STR("_Dmain"));
	default:
		return false;
	}
}

bool demangle(struct str name, struct buf *out)
{
	char text[MANGLED_MAX + 1];

	buf_clear(out);
	if (!is_mangled(name) || name.n > MANGLED_MAX || memchr(name.p, 0, name.n))
		return false;
	name = without_llvm_suffix(name);
	memcpy(text, name.p, name.n);
	text[name.n] = 0;
	if (text[1] == 'D')
		return demangle_d(text, out);
	if (text[1] == 'R' && !rust_v0_is_sound(text, name.n))
		return false;
	/* Legacy Rust names are C++ names with a hash at the end: Rust's reader knows them, and gives
	 * up at once on others. */
	if (demangle_by(rust_demangle_callback, text, OPTIONS, out))
		return true;
	return text[1] != 'R' && demangle_cxx(text, name.n, out);
}
