/* SPDX-License-Identifier: Apache-2.0 */
#include "symbol/sourcepath.h"

#include "base/test.h"

TEST(a_directory_and_a_file_become_one_path)
{
	static const struct {
		const char *dir, *file, *wanted;
	} rows[] = {
		{ "/src/app", "main.c", "/src/app/main.c" },
		{ "/src/app/", "./main.c", "/src/app/main.c" },
		{ "/src/./app", "sub//x.c", "/src/app/sub/x.c" },
		{ "/src/app", "../lib/x.c", "/src/app/../lib/x.c" },
		{ "/src", "/usr/include/stdio.h", "/usr/include/stdio.h" },
		{ ".", "main.c", "main.c" },
		{ "", "./main.c", "main.c" },
		{ "src", "main.c", "src/main.c" },
		{ "/", "main.c", "/main.c" },
		{ "", "wasm://wasm/1a2b", "wasm://wasm/1a2b" },
		{ "/src", "a://b", "/src/a:/b" },
		{ "/src/app", "<built-in>", "/src/app/<built-in>" },
	};
	struct buf out = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		buf_clear(&out);
		source_path_join(str_of(rows[i].dir), str_of(rows[i].file), &out);
		CHECK_STR(buf_str(&out), rows[i].wanted);
	}
	buf_fini(&out);
}

TEST_MAIN(CASE(a_directory_and_a_file_become_one_path))
