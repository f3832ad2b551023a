/* SPDX-License-Identifier: Apache-2.0 */
/* Functions while V8 moves what they are of. */
#include "runtime/v8/functions.h"

#include "base/test.h"
#include "runtime/v8/image_test.h"

#define SHARED_MAP 0x10000u
#define STRING_MAP 0x10100u
#define ODDBALL_MAP 0x10200u
#define SHARED 0x2000u
#define NAME 0x3000u
#define SCRIPT 0x4000u

static struct buf image;
static struct v8_objects objects;

static unsigned major = 13, minor = 6;
static uint32_t flags;

/* A function of that name (NULL: it has none); where its script stands is an object with that first word. */
static bool read_function(const char *name, uint64_t script_head, struct arena *arena, struct v8_function *ret_function)
{
	uint64_t words[16] = { SHARED_MAP + 1 }, text[16] = { STRING_MAP + 1 };
	struct v8_scripts scripts = { 0 };
	struct v8_classes classes = { 0 };
	struct v8_memory memory = { image_read, NULL, &objects, NULL };
	struct str bytes;
	bool is_one;

	buf_clear(&image);
	CHECK(v8_objects_of(&objects, major, minor, image_lookup, NULL));
	image_add_map(&image, SHARED_MAP, objects.type_shared);
	image_add_map(&image, STRING_MAP, 40);
	image_add_map(&image, ODDBALL_MAP, 131);
	words[objects.shared_name / 8] = name ? NAME + 1 : 0;
	words[objects.shared_script / 8] = SCRIPT + 1;
	memcpy((char *)words + objects.shared_flags, &flags, sizeof(flags));
	image_add(&image, SHARED, words, sizeof(words));
	text[1] = (uint64_t)(name ? strlen(name) : 0) << 32;
	memcpy(&text[2], name ? name : "", name ? strlen(name) : 0);
	image_add(&image, NAME, text, sizeof(text));
	image_add(&image, SCRIPT, &script_head, sizeof(script_head));
	bytes = buf_str(&image);
	memory.context = &bytes;
	is_one = v8_function_read(&memory, SHARED, &scripts, &classes, (struct v8_owner){ .process = 1 }, arena, ret_function);
	v8_scripts_fini(&scripts);
	v8_classes_fini(&classes);
	return is_one;
}

TEST(a_function_without_a_name_whose_script_is_being_moved_is_not_called_anonymous)
{
	struct v8_function function = { 0 };
	struct arena arena = { 0 };

	/* where an object is moved its new address is in place of its map */
	CHECK(!read_function(NULL, 0x5000, &arena, &function));
	CHECK(read_function("leaf", 0x5000, &arena, &function));
	CHECK_STR(function.name, "leaf");
	/* V8's own have none: undefined stands there */
	CHECK(read_function(NULL, ODDBALL_MAP + 1, &arena, &function));
	CHECK_STR(function.name, "(anonymous)");
	arena_fini(&arena);
	buf_fini(&image);
}

TEST(what_runs_the_fields_of_a_class_is_named_by_its_kind)
{
	static const struct {
		unsigned major, minor;
		uint32_t kind;
		const char *name;
	} rows[] = {
		{ 11, 3, 24, "Class" },
		{ 12, 4, 24, "<instance_members_initializer>" },
		{ 14, 1, 24, "<instance_members_initializer>" },
		{ 14, 1, 25, "<static_initializer>" },
		{ 14, 1, 26, "Class" },
		{ 14, 6, 23, "Class" },
		{ 14, 6, 24, "<instance_members_initializer>" },
		{ 14, 6, 25, "<instance_members_initializer>" },
		{ 14, 6, 26, "<static_initializer>" },
		{ 14, 6, 27, "<static_initializer>" },
		{ 14, 6, 28, "Class" },
	};
	struct v8_function function;
	struct arena arena = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		major = rows[i].major;
		minor = rows[i].minor;
		flags = rows[i].kind | 1u << 9;
		CHECK(read_function("Class", ODDBALL_MAP + 1, &arena, &function));
		CHECK_STR(function.name, rows[i].name);
	}
	arena_fini(&arena);
	buf_fini(&image);
}

/* As a V8 that no longer tells that number. */
static bool lookup_less(void *context, const char *name, int32_t *ret_value)
{
	return strcmp(name, context) != 0 && image_lookup(NULL, name, ret_value);
}

TEST(a_v8_that_lacks_a_needed_number_or_is_of_no_known_age_is_refused)
{
	static const char *const needed[] = {
		"FirstNonstringType", "type_JSFunction__JS_FUNCTION_TYPE", "type_Script__SCRIPT_TYPE", "type_ScopeInfo__SCOPE_INFO_TYPE",
		"type_SharedFunctionInfo__SHARED_FUNCTION_INFO_TYPE", "type_Code__CODE_TYPE", "class_JSFunction__shared__SharedFunctionInfo",
	};
	struct v8_objects o;

	CHECK(v8_objects_of(&o, 14, 6, lookup_less, (void *)(uintptr_t)"none of them"));
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		CHECK(!v8_objects_of(&o, 14, 6, lookup_less, (void *)(uintptr_t)needed[i]));
	CHECK(!v8_objects_of(&o, 21, 0, image_lookup, NULL));
	CHECK(!v8_objects_of(&o, 8, 9, image_lookup, NULL));
}

TEST_MAIN(CASE(a_v8_that_lacks_a_needed_number_or_is_of_no_known_age_is_refused), CASE(what_runs_the_fields_of_a_class_is_named_by_its_kind),
	  CASE(a_function_without_a_name_whose_script_is_being_moved_is_not_called_anonymous))
