/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: CPython's Include/funcobject.h, code.h, classobject.h, Objects/funcobject.c (staticmethod,
 * classmethod), Objects/descrobject.c (property), PEP 3155 (qualified names), of 3.6 to 3.10. */
#include "runtime/python/names.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/vec.h"
#include "runtime/python/dict.h"
#include "runtime/python/interpreters.h"

#define CODES_MAX 200000u	/* names kept of one process */
#define VISITS_MAX 20000u	/* objects looked at for one question ... */
#define VISITS_MAX_ALL 2000000u	/* ... and for all */
#define MODULES_MAX 20000u
#define DEPTH_MAX 12
#define TUPLE_MAX 4096u
#define NO_FILE 0		/* built in, or a __main__ that was typed, or given by -c */
#define AGAIN_NS ((uint64_t)2000000000)	/* before what was looked through is looked through again, then
					 * twice as long each time */
#define LOOKS_MAX 8

enum kind { KIND_OTHER, KIND_FUNCTION, KIND_TYPE, KIND_HOLDER, KIND_PROPERTY, KIND_CACHE, KIND_CODE };

struct named {
	uint64_t code;
	uint32_t check;
	struct str name;	/* in the arena */
};

struct module {
	uint64_t dict, file;	/* file: hash of __file__, or NO_FILE */
	uint64_t looked_ns, n_defined;	/* when, and how many names it had then */
	uint8_t looks;		/* each time it is longer until the next */
};

struct python_names {
	struct python_file file;
	uint64_t bias;
	struct python_shape shape;
	struct arena arena;
	struct named *items;	/* [0] is none */
	uint32_t n, cap;
	struct idindex index;	/* by code */
	struct module *modules;
	uint32_t n_modules, cap_modules;
	uint64_t listed_ns;
	uint64_t n_imported;	/* entries of sys.modules when they were listed */
	struct seen {
		uint64_t address;
	} *seen;		/* classes and functions, of this look; [0] is none */
	uint32_t n_seen, cap_seen;
	struct idindex seen_index;
	struct {
		uint64_t type;
		enum kind kind;
	} kinds[256];
	uint32_t visits_left, visits;
	struct python_memory memory;	/* of the question that is being answered */
	bool failed;
};

struct python_names *python_names_new(const struct python_file *file, uint64_t bias)
{
	struct python_names *names = calloc(1, sizeof(*names));

	if (!names)
		return NULL;
	names->file = *file;
	names->bias = bias;
	names->shape = python_file_shape(file);
	names->n = names->n_seen = 1;
	if (VEC_RESERVE(&names->items, &names->cap, 1) < 0 ||
	    VEC_RESERVE(&names->seen, &names->cap_seen, 1) < 0) {
		python_names_free(names);
		return NULL;
	}
	return names;
}

void python_names_free(struct python_names *names)
{
	if (!names)
		return;
	arena_fini(&names->arena);
	idindex_fini(&names->index);
	idindex_fini(&names->seen_index);
	free(names->items);
	free(names->modules);
	free(names->seen);
	free(names);
}

static uint64_t hash_address(uint64_t address)
{
	return hash_u64(address, 1);
}

static const struct named *find_named(const struct python_names *names, uint64_t code,
				      uint32_t check)
{
	uint32_t step = 0, id;

	while ((id = idindex_probe(&names->index, hash_address(code), &step)))
		if (names->items[id].code == code && names->items[id].check == check)
			return &names->items[id];
	return NULL;
}

static bool spend(struct python_names *names)
{
	if (!names->visits_left || names->failed)
		return false;
	names->visits_left--;
	names->visits++;
	return true;
}

/* Whether this one is looked at for the first time, and there is time for it. */
static bool visit(struct python_names *names, uint64_t address)
{
	uint32_t step = 0, id;

	if (!address || !spend(names))
		return false;
	while ((id = idindex_probe(&names->seen_index, hash_address(address), &step)))
		if (names->seen[id].address == address)
			return false;
	if (VEC_RESERVE(&names->seen, &names->cap_seen, (uint64_t)names->n_seen + 1) < 0 ||
	    idindex_add(&names->seen_index, hash_address(address), names->n_seen) < 0) {
		names->failed = true;
		return false;
	}
	names->seen[names->n_seen++].address = address;
	return true;
}

static void forget_visits(struct python_names *names)
{
	idindex_fini(&names->seen_index);
	names->seen_index = (struct idindex){ 0 };
	names->n_seen = 1;
}

/* ---- what an object is */

#define TYPE_NAME 24
#define TYPE_FLAGS 168
#define FLAG_TYPE_SUBCLASS (1u << 31)

static enum kind kind_of_type(const struct python_memory *memory, uint64_t type)
{
	static const struct {
		const char *name;
		enum kind kind;
	} known[] = {
		{ "function", KIND_FUNCTION }, { "code", KIND_CODE }, { "property", KIND_PROPERTY },
		{ "staticmethod", KIND_HOLDER }, { "classmethod", KIND_HOLDER },
		{ "cell", KIND_HOLDER }, { "functools._lru_cache_wrapper", KIND_CACHE },
	};
	char name[32] = "";
	uint64_t at = python_word(memory, type + TYPE_NAME);

	if (python_word(memory, type + TYPE_FLAGS) & FLAG_TYPE_SUBCLASS)
		return KIND_TYPE;
	/* the longest that matters has 28, and the shortest's end may be the end of a page */
	if (!at || (!python_read(memory, name, 30, at) && !python_read(memory, name, 9, at)))
		return KIND_OTHER;
	name[sizeof(name) - 1] = 0;
	for (unsigned i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(name, known[i].name) == 0)
			return known[i].kind;
	return KIND_OTHER;
}

static enum kind kind_of(struct python_names *names, uint64_t object)
{
	uint64_t type = python_word(&names->memory, object + 8);
	unsigned at = (unsigned)(hash_address(type) % 256);

	if (!type)
		return KIND_OTHER;
	if (names->kinds[at].type != type) {
		names->kinds[at].type = type;
		names->kinds[at].kind = kind_of_type(&names->memory, type);
	}
	return names->kinds[at].kind;
}

/* ---- code objects and what is defined in them */

#define CODE_BYTES 128
#define CODE_OPTIMIZED 1u	/* a function's; a class body and a module have it not */

static uint64_t word_in(const uint8_t *block, uint16_t at)
{
	uint64_t value;

	memcpy(&value, block + at, sizeof(value));
	return value;
}

static void add_named(struct python_names *names, uint64_t code, uint32_t check, struct str name)
{
	struct named item = { .code = code, .check = check };

	if (names->n >= CODES_MAX)
		return;
	item.name = arena_dup(&names->arena, name);
	if (!item.name.p ||
	    VEC_RESERVE(&names->items, &names->cap, (uint64_t)names->n + 1) < 0 ||
	    idindex_add(&names->index, hash_address(code), names->n) < 0) {
		names->failed = true;
		return;
	}
	names->items[names->n++] = item;
}

/* Whether the name is of this function: "A.b" of b. functools.wraps() gives a wrapper another's. */
static bool ends_with(struct str name, struct str last)
{
	return str_ends(name, last) &&
	       (name.n == last.n || name.p[name.n - last.n - 1] == '.');
}

static struct str inner_name(struct arena *arena, struct str outer, bool in_function,
			     struct str name)
{
	struct str between = in_function ? STR(".<locals>.") : STR(".");
	size_t n = outer.n ? outer.n + between.n + name.n : name.n;
	char *p = n < PYTHON_STRING_MAX ? arena_alloc(arena, n + 1) : NULL;

	if (!p)
		return (struct str){ 0 };
	if (outer.n) {
		memcpy(p, outer.p, outer.n);
		memcpy(p + outer.n, between.p, between.n);
	}
	memcpy(p + n - name.n, name.p, name.n);
	return str_over(p, n);
}

struct inside {
	struct str outer;	/* empty in a module */
	bool in_function;
};

static void look_at_code(struct python_names *names, uint64_t code, const struct inside *inside,
			 struct str whole, unsigned depth);

/* The code objects among its constants. */
static void look_at_constants(struct python_names *names, uint64_t tuple,
			      const struct inside *inside, unsigned depth)
{
	uint64_t n = python_word(&names->memory, tuple + 16), items[64];

	if (!tuple || n > TUPLE_MAX)
		return;
	for (uint64_t at = 0; at < n; at += 64) {
		uint64_t some = n - at < 64 ? n - at : 64;

		if (!python_read(&names->memory, items, some * 8, tuple + 24 + at * 8))
			return;
		for (uint64_t i = 0; i < some; i++)
			if (items[i] && kind_of(names, items[i]) == KIND_CODE)
				look_at_code(names, items[i], inside, (struct str){ 0 }, depth + 1);
	}
}

/* A code object that is known by its whole name, or by what it is defined in. */
static void look_at_code(struct python_names *names, uint64_t code, const struct inside *inside,
			 struct str whole, unsigned depth)
{
	const struct python_offsets *o = &names->file.offsets;
	struct arena scratch = { 0 };
	uint8_t block[CODE_BYTES];
	uint32_t first_line, flags, check;
	uint64_t file, name_at;
	struct str name;
	struct inside within;

	if (depth > DEPTH_MAX || !spend(names) ||
	    !python_read(&names->memory, block, sizeof(block), code) ||
	    !python_string(&names->memory, names->shape, word_in(block, o->code_name), &scratch,
			   &name))
		goto out;
	memcpy(&first_line, block + o->code_first_line, sizeof(first_line));
	memcpy(&flags, block + o->code_first_line - sizeof(flags), sizeof(flags));
	if (inside)
		whole = inner_name(&scratch, inside->outer, inside->in_function, name);
	file = word_in(block, o->code_file);
	name_at = word_in(block, o->code_name);
	check = python_check(first_line, python_strings_check(python_string_check(&names->memory, names->shape, file),
						       python_string_check(&names->memory, names->shape, name_at)),
			     file, name_at);
	if (str_eq(name, STR("<module>"))) {
		whole = (struct str){ 0 };
	} else if (!whole.n || !ends_with(whole, name) || find_named(names, code, check)) {
		goto out;	/* one that is named has been looked into */
	} else {
		add_named(names, code, check, whole);
	}
	within = (struct inside){ whole, flags & CODE_OPTIMIZED };
	look_at_constants(names, word_in(block, o->code_consts), &within, depth);
out:
	arena_fini(&scratch);
}

/* ---- functions, classes, modules */

static void look_at(struct python_names *names, uint64_t object, unsigned depth);

static void look_at_tuple(struct python_names *names, uint64_t tuple, unsigned depth)
{
	uint64_t n = tuple ? python_word(&names->memory, tuple + 16) : 0;

	for (uint64_t i = 0; i < n && n <= 256; i++)
		look_at(names, python_word(&names->memory, tuple + 24 + i * 8), depth + 1);
}

static void look_at_function(struct python_names *names, uint64_t function, unsigned depth)
{
	bool late = names->file.minor >= 10;
	struct arena scratch = { 0 };
	uint8_t block[112];
	struct str whole;

	if (python_read(&names->memory, block, sizeof(block), function) &&
	    python_string(&names->memory, names->shape, word_in(block, late ? 40 : 104), &scratch,
			  &whole)) {
		look_at_code(names, word_in(block, late ? 48 : 16), NULL, whole, depth);
		/* what a decorator keeps of the function that it wraps */
		look_at_tuple(names, word_in(block, late ? 72 : 48), depth);
	}
	arena_fini(&scratch);
}

static void look_at_dict(struct python_names *names, uint64_t address, unsigned depth)
{
	struct python_dict dict;
	uint64_t key, value;

	if (!python_dict_open(&dict, &names->memory, names->shape, address))
		return;
	while (names->visits_left && python_dict_next(&dict, &names->memory, &key, &value))
		look_at(names, value, depth + 1);
}

static void look_at(struct python_names *names, uint64_t object, unsigned depth)
{
	enum kind kind = object && depth <= DEPTH_MAX ? kind_of(names, object) : KIND_OTHER;

	if (kind == KIND_OTHER || kind == KIND_CODE || !visit(names, object))
		return;
	switch (kind) {
	case KIND_FUNCTION:
		look_at_function(names, object, depth);
		break;
	case KIND_TYPE:
		look_at_dict(names, python_word(&names->memory, object + 264), depth);
		break;
	case KIND_HOLDER:
		look_at(names, python_word(&names->memory, object + 16), depth + 1);
		break;
	case KIND_PROPERTY:
		for (unsigned i = 0; i < 3; i++)	/* get, set, delete */
			look_at(names, python_word(&names->memory, object + 16 + 8 * i), depth + 1);
		break;
	case KIND_CACHE:
		look_at(names, python_attribute(&names->memory, names->shape, object,
						STR("__wrapped__")), depth + 1);
		break;
	case KIND_CODE:
	case KIND_OTHER:
		break;
	}
}

static void list_module(struct python_names *names, uint64_t object)
{
	struct arena scratch = { 0 };
	uint64_t dict = python_word(&names->memory, object + 16), file;
	struct module module = { .dict = dict, .file = NO_FILE };
	struct str name;

	file = dict ? python_dict_find(&names->memory, names->shape, dict, STR("__file__")) : 0;
	if (file && python_string(&names->memory, names->shape, file, &scratch, &name))
		module.file = hash_str(name);
	if (dict && VEC_RESERVE(&names->modules, &names->cap_modules,
				(uint64_t)names->n_modules + 1) == 0)
		names->modules[names->n_modules++] = module;
	arena_fini(&scratch);
}

static void list_modules(struct python_names *names)
{
	uint64_t interp = python_first_interpreter(&names->file, names->bias, &names->memory);
	uint64_t key, value;

	names->n_modules = 0;
	for (uint32_t i = 0; interp && i < PYTHON_INTERPRETERS_MAX; i++) {
		uint64_t address = python_word(&names->memory,
					       interp + names->file.offsets.interp_modules);
		struct python_dict dict;

		if (python_dict_open(&dict, &names->memory, names->shape, address))
			while (names->n_modules < MODULES_MAX &&
			       python_dict_next(&dict, &names->memory, &key, &value))
				list_module(names, value);
		interp = python_word(&names->memory, interp + names->file.offsets.interp_next);
	}
}

/* The modules of that file. False when there are none. */
static bool look_through(struct python_names *names, uint64_t file, uint64_t now_ns)
{
	bool found = false;

	for (uint32_t i = 0; i < names->n_modules; i++) {
		struct module *module = &names->modules[i];
		uint64_t n;

		if (module->file != file)
			continue;
		found = true;
		/* one that is being imported has more each time */
		n = python_word(&names->memory, module->dict + 16);
		if (module->looks && n == module->n_defined &&
		    now_ns - module->looked_ns < AGAIN_NS << (module->looks - 1))
			continue;
		module->n_defined = n;
		module->looked_ns = now_ns;
		module->looks += module->looks < LOOKS_MAX;
		look_at_dict(names, module->dict, 0);
	}
	return found;
}

static uint64_t count_imported(const struct python_names *names)
{
	uint64_t interp = python_first_interpreter(&names->file, names->bias, &names->memory), n = 0;

	for (uint32_t i = 0; interp && i < PYTHON_INTERPRETERS_MAX; i++) {
		uint64_t modules = python_word(&names->memory,
					       interp + names->file.offsets.interp_modules);

		n += modules ? python_word(&names->memory, modules + 16) : 0;
		interp = python_word(&names->memory, interp + names->file.offsets.interp_next);
	}
	return n;
}

/* What was not imported from a file may have been made by exec() in a module that has none. */
static void look(struct python_names *names, uint64_t file, uint64_t now_ns)
{
	if (look_through(names, file, now_ns))
		return;
	if (!names->listed_ns || now_ns - names->listed_ns >= AGAIN_NS) {
		uint64_t n = count_imported(names);

		if (!names->listed_ns || n != names->n_imported)
			list_modules(names);
		names->n_imported = n;
		names->listed_ns = now_ns;
	}
	if (!look_through(names, file, now_ns))
		look_through(names, NO_FILE, now_ns);
}

struct str python_names_find(struct python_names *names, python_read_fn read, void *context,
			     uint64_t code, uint32_t check, struct str short_name, struct str code_file)
{
	static const struct inside module = { .in_function = false };
	const struct named *named = find_named(names, code, check);
	uint64_t now_ns = clock_mono_ns(), file = hash_str(code_file);

	if (named || names->file.minor > 10 || names->visits >= VISITS_MAX_ALL)
		return named ? named->name : (struct str){ 0 };
	names->memory = (struct python_memory){ read, context };
	names->visits_left = VISITS_MAX;
	names->failed = false;
	forget_visits(names);
	if (str_eq(short_name, STR("<module>"))) {
		look_at_code(names, code, &module, (struct str){ 0 }, 0);
		return (struct str){ 0 };
	}
	look(names, file, now_ns);
	named = find_named(names, code, check);
	return named ? named->name : (struct str){ 0 };
}
