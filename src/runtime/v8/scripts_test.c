/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/v8/scripts.h"

#include "base/test.h"
#include "runtime/v8/image_test.h"

#define STRING_MAP 0x10000u
#define SCRIPT_MAP 0x10100u
#define SCRIPT 0x2000u

static struct buf image;
static struct v8_objects objects;

static void add_string(uint64_t at, const char *text)
{
	uint64_t map = STRING_MAP + 1;
	uint32_t length = (uint32_t)strlen(text);
	uint8_t object[128] = { 0 };

	memcpy(object, &map, 8);
	memcpy(object + 12, &length, 4);
	memcpy(object + 16, text, length);
	image_add(&image, at, object, 16 + length);
}

/* A script of id 7, whose name and sourceURL are those strings (NULL: none). */
static struct v8_script script_of(struct v8_scripts *scripts, const char *name, const char *url)
{
	uint64_t words[16] = { SCRIPT_MAP + 1 };
	struct v8_memory memory = { image_read, NULL, &objects, NULL };
	struct str bytes;
	uint32_t id;

	buf_clear(&image);
	CHECK(v8_objects_of(&objects, 13, 6, image_lookup, NULL));
	image_add_map(&image, STRING_MAP, 40);
	image_add_map(&image, SCRIPT_MAP, objects.type_script);
	add_string(0x3000, "let a;\nlet b;");
	add_string(0x4000, name ? name : "");
	add_string(0x5000, url ? url : "");
	words[objects.script_source / 8] = 0x3001;
	words[objects.script_name / 8] = name ? 0x4001 : 0;
	words[objects.script_url / 8] = url ? 0x5001 : 0;
	words[objects.script_id / 8] = (uint64_t)7 << 32;
	image_add(&image, SCRIPT, words, sizeof(words));
	bytes = buf_str(&image);
	memory.context = &bytes;
	id = v8_scripts_read(scripts, &memory, (struct v8_owner){ .process = 1 }, SCRIPT);
	CHECK(id);
	return scripts->items[id];
}

static void check_name(const char *name, const char *url, const char *wanted)
{
	struct v8_scripts scripts = { 0 };

	CHECK_STR(script_of(&scripts, name, url).name, wanted);
	v8_scripts_fini(&scripts);
}

TEST(a_script_is_called_what_its_text_says_else_what_v8_says)
{
	check_name("/srv/app.js", NULL, "/srv/app.js");
	check_name("/srv/app.js", "made.js", "made.js");
	check_name(NULL, "made.js", "made.js");
	check_name(NULL, NULL, "[eval]");
	check_name("", "", "[eval]");
}

TEST(the_url_of_a_file_becomes_its_path)
{
	check_name("file:///srv/app.mjs", NULL, "/srv/app.mjs");
	check_name("file:///srv/my%20app%2fx.mjs", NULL, "/srv/my app/x.mjs");
	check_name("file:///srv/100%.mjs", NULL, "/srv/100%.mjs");
	check_name("file:///a%0", NULL, "/a%0");
	check_name("file:///a%00b%zz", NULL, "/a%00b%zz");
	check_name("file://host/x", NULL, "file://host/x");
	check_name("file://", NULL, "file://");
	check_name("node:fs", NULL, "node:fs");
}

TEST(lines_are_those_of_the_text)
{
	struct v8_scripts scripts = { 0 };
	struct v8_script script = script_of(&scripts, "a.js", NULL);
	uint32_t line, column;

	v8_script_place(&script, 11, &line, &column);
	CHECK(line == 2 && column == 5);
	v8_script_place(&script, 99, &line, &column);
	CHECK(!line && !column);
	v8_scripts_fini(&scripts);
}

TEST_MAIN(CASE(a_script_is_called_what_its_text_says_else_what_v8_says),
	  CASE(the_url_of_a_file_becomes_its_path), CASE(lines_are_those_of_the_text))
