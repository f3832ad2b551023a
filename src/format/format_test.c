/* SPDX-License-Identifier: Apache-2.0 */
#include "format/format.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <unistd.h>
#include <zstd.h>

#include "base/file.h"
#include "base/test.h"
#include "format/folded.h"
#include "format/input.h"
#include "format/memory_test.h"
#include "format/wrap.h"

static struct buf gzipped(const char *text)
{
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
	struct buf out = { 0 };

	buf_reserve(&out, strlen(text) + 100);
	out.n = libdeflate_gzip_compress(c, text, strlen(text), out.p, out.cap);
	libdeflate_free_compressor(c);
	return out;
}

static struct buf zstded(const char *text)
{
	struct buf out = { 0 };

	buf_reserve(&out, ZSTD_compressBound(strlen(text)));
	out.n = ZSTD_compress(out.p, out.cap, text, strlen(text), 3);
	return out;
}

static int64_t total_of(struct str bytes)
{
	struct profile p;
	struct err err = { 0 };
	int64_t total;

	profile_init(&p);
	if (format_read_bytes(&p, bytes, "bytes", &err) < 0)
		fail_msg("%s", err.text);
	total = profile_total(&p, 0);
	profile_fini(&p);
	return total;
}

static void check_refused(struct str bytes, const char *part)
{
	struct profile p;
	struct err err = { 0 };

	profile_init(&p);
	CHECK_EQ(format_read_bytes(&p, bytes, "x", &err), -EBADMSG);
	if (!strstr(err.text, part))
		fail_msg("got \"%s\", wanted it to say \"%s\"", err.text, part);
	profile_fini(&p);
}

TEST(gzip_and_zstd_are_unwrapped_whatever_the_name)
{
	struct buf a = gzipped("main;f 3\n"), b = gzipped("main;g 4\n"), c = zstded("main;h 5\n");

	CHECK_EQ(total_of(buf_str(&a)), 3);
	CHECK_EQ(total_of(buf_str(&c)), 5);
	buf_add_str(&a, buf_str(&b));		/* members follow each other */
	CHECK_EQ(total_of(buf_str(&a)), 7);
	buf_add(&a, "\0\0\0\0", 4);		/* padded */
	CHECK_EQ(total_of(buf_str(&a)), 7);
	buf_add_str(&c, buf_str(&c));
	CHECK_EQ(total_of(buf_str(&c)), 10);
	buf_fini(&a);
	buf_fini(&b);
	buf_fini(&c);
}

TEST(a_wrapped_pprof_file_of_several_members_is_read)
{
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(1);
	struct profile p;
	int64_t one = 1;
	struct buf text, gz = { 0 }, zstd = { 0 };
	size_t half;

	profile_init(&p);
	profile_add_type(&p, STR("samples"), STR("count"));
	profile_add(&p, stacktree_push(&p.tree, 0, test_frame(&p, "f", "/bin/x", 1, false,
							      FRAME_NATIVE)), 0, &one);
	text = written(&p, format_named(STR("pb"))->write);
	half = text.n / 2;
	buf_reserve(&gz, 4096);
	gz.n = libdeflate_gzip_compress(c, text.p, half, gz.p, gz.cap);
	gz.n += libdeflate_gzip_compress(c, text.p + half, text.n - half, gz.p + gz.n,
					 gz.cap - gz.n);
	CHECK_EQ(total_of(buf_str(&gz)), 1);
	buf_reserve(&zstd, ZSTD_compressBound(text.n));
	zstd.n = ZSTD_compress(zstd.p, zstd.cap, text.p, text.n, 3);
	CHECK_EQ(total_of(buf_str(&zstd)), 1);
	libdeflate_free_compressor(c);
	buf_fini(&gz);
	buf_fini(&zstd);
	buf_fini(&text);
	profile_fini(&p);
}

TEST(truncated_and_corrupt_wrapping_says_so)
{
	struct buf gz = gzipped("main;f 3\nmain;g 4\n"), zstd = zstded("main;f 3\nmain;g 4\n");

	check_refused(str_head(buf_str(&gz), gz.n - 9), "the gzip data breaks off after");
	check_refused(str_head(buf_str(&zstd), zstd.n - 3), "the zstd data breaks off after");
	gz.p[gz.n - 6] ^= 1;	/* the check sum */
	check_refused(buf_str(&gz), "the gzip data is corrupt near byte");
	zstd.p[5] ^= 0x55;
	check_refused(buf_str(&zstd), "the zstd data");
	buf_fini(&gz);
	buf_fini(&zstd);
}

TEST(what_is_no_profile_is_refused)
{
	check_refused(STR(""), "x is empty");
	check_refused(STR("\x01\x02\x03\0"), "in no format that Sonde reads");
	check_refused(STR("import json\n"), "in no format that Sonde reads");
	check_refused(STR("{\"json\": true}\n"), "in no format");
}

TEST(what_people_take_for_a_profile_is_called_by_its_name)
{
	struct buf once, twice = { 0 };

	check_refused(STR("\x7f" "ELF\x02\x01\x01\0\0\0\0\0"), "x is a program, library or core");
	check_refused(STR("\xfd" "7zXZ\0\0"), "unpack it first (xz -d)");
	check_refused(STR("BZh91AY&SY"), "unpack it first (bzip2 -d)");
	check_refused(STR("\xff\xfe" "a\0;\0"), "write it as UTF-8");
	check_refused(STR("\n <?xml version=\"1.0\"?><svg/>\n"), "written and not read");
	check_refused(STR("<!doctype html>\n"), "x is a page");
	check_refused(STR("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[]}"), "a list of trace events");
	check_refused(STR("{\"libs\":[{\"name\":\"x\",\"breakpadId\":\"0\"}]}"), "a raw profile of Firefox");
	check_refused(STR("go 1.26 trace\0\0\0"), "a trace of Go's scheduler");
	check_refused(STR("File: app\nType: cpu\nTime: 2026-11-28\n 110ms 33% 33% 110ms 33% main.fib\n"), "x is what pprof prints");
	check_refused(STR("[<0>] futex_do_wait+0x46/0x90\n"), "of /proc/PID/stack");
	check_refused(STR("[\n {\n \"pid\": 1,\n \"os_thread_id\": 1 }]\n"), "without --json is read");
	check_refused(STR("x: 1.2 %\nmain;f 3\n"), "x:1: expected 'frame;frame;frame count', found 'x: 1.2 %'; and it is in no other format");
	check_refused(STR("main;f 3\nx: 1.2 %\n"), "x:2: expected 'frame;frame;frame count', found 'x: 1.2 %'");
	/* and what only begins alike is still read */
	CHECK_EQ(total_of(STR("File: ;b 2\n")), 2);
	CHECK_EQ(total_of(STR("<html_escape>;b 2\n") ), 2);
	CHECK_EQ(total_of(STR("BZhash;b 2\n")), 2);
	once = gzipped("main;f 3\n");
	buf_reserve(&twice, ZSTD_compressBound(once.n));
	twice.n = ZSTD_compress(twice.p, twice.cap, once.p, once.n, 3);
	check_refused(buf_str(&twice), "packed twice: unpack it once (gzip -d)");
	buf_fini(&once);
	buf_fini(&twice);
}

TEST(a_mark_before_utf8_is_no_name)
{
	struct buf packed = gzipped("\xef\xbb\xbf" "a;b 2\na 3\n");
	struct profile p;

	for (int wrapped = 0; wrapped < 2; wrapped++) {
		profile_init(&p);
		CHECK_EQ(format_read_bytes(&p, wrapped ? buf_str(&packed) : STR("\xef\xbb\xbf" "a;b 2\na 3\n"), "x", NULL), 0);
		CHECK_EQ(p.tree.n, 3);	/* the root, a, b */
		profile_fini(&p);
	}
	buf_fini(&packed);
	CHECK_EQ(total_of(STR("\xef\xbb\xbf" "{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\"shared\":{\"frames\":"
			      "[{\"name\":\"a\"}]},\"profiles\":[{\"type\":\"sampled\",\"name\":\"x\",\"unit\":\"none\",\"samples\":[[0]],"
			      "\"weights\":[4]}]}")), 4);
}

/* What is written is what is read, for each ending; the name of a format of its own is not taken apart. */
TEST(a_name_may_ask_for_gzip_or_zstd)
{
	static const struct {
		const char *name;
		unsigned char first;
	} files[] = { { "x.folded.gz", 0x1f }, { "x.folded.zst", 0x28 }, { "x.pb.zst", 0x28 }, { "x.pb.gz", 0x1f },
		      { "x.folded", 'm' } };
	char dir[] = "/tmp/format_test.XXXXXX", path[64];
	struct profile p, q;
	struct str stem;
	int64_t one = 1;

	CHECK(mkdtemp(dir));
	profile_init(&p);
	profile_add_type(&p, STR("samples"), STR("count"));
	profile_add(&p, stacktree_push(&p.tree, 0, test_frame(&p, "main", "", 0, false, FRAME_NATIVE)), 0, &one);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct mapped_file file;

		snprintf(path, sizeof(path), "%s/%s", dir, files[i].name);
		CHECK_EQ(format_write(&p, path, NULL, NULL), 0);
		CHECK_EQ(mapped_file_open(&file, path, NULL), 0);
		CHECK_EQ((unsigned char)file.p[0], files[i].first);
		mapped_file_close(&file);
		profile_init(&q);
		CHECK_EQ(format_read(&q, path, NULL), 0);
		CHECK_EQ(profile_total(&q, 0), 1);
		profile_fini(&q);
		unlink(path);
	}
	rmdir(dir);
	profile_fini(&p);
	CHECK_EQ(format_wrapping("a.pb.gz", &stem), WRAPPING_NONE);
	CHECK_EQ(format_wrapping("a.html.gz", &stem), WRAPPING_GZIP);
	CHECK_STR(stem, "a.html");
	CHECK(!format_for_path("a.gz"));
}

TEST(long_text_and_short_are_wrapped_alike)
{
	char path[] = "/tmp/format_test.XXXXXX.gz";
	struct buf text = { 0 };
	struct input input;
	struct str read;
	int fd = mkstemps(path, 3);

	CHECK(fd >= 0);
	for (int i = 0; i < 200000; i++)
		buf_addf(&text, "%d;%d 1\n", i, i * 7919 % 1000003);
	for (size_t n = text.n; ; n = 0) {
		CHECK_EQ(wrap_write_whole(path, true, str_head(buf_str(&text), n), NULL), 0);
		CHECK_EQ(input_open(&input, path, NULL), 0);
		CHECK_EQ(input_whole(&input, &read, NULL), 0);
		CHECK_EQ(read.n, n);
		CHECK(!n || !memcmp(read.p, text.p, n));
		input_close(&input);
		if (!n)
			break;
	}
	close(fd);
	unlink(path);
	buf_fini(&text);
}

TEST(a_long_stream_of_little_is_read_in_little_memory)
{
	struct input input;
	struct buf text = { 0 }, gz;
	char chunk[4096];
	size_t n = 0;
	ssize_t got;

	for (int i = 0; i < 1 << 20; i++)
		buf_add(&text, "a;b 1\n", 6);
	buf_add_u8(&text, '\0');
	gz = gzipped(text.p);
	CHECK(gz.n < text.n / 100);
	CHECK_EQ(input_open_bytes(&input, buf_str(&gz), "x", NULL), 0);
	CHECK_EQ(input_head(&input).n, INPUT_HEAD_MAX);
	while ((got = input_read(&input, chunk, sizeof(chunk), NULL)) > 0)
		n += (size_t)got;
	CHECK_EQ(n, text.n - 1);
	CHECK_EQ(input.whole.cap, 0);
	input_close(&input);
	CHECK_EQ(total_of(buf_str(&gz)), 1 << 20);
	buf_fini(&gz);
	buf_fini(&text);
}

TEST(a_pipe_is_read_to_its_end)
{
	struct profile p;
	struct buf gz = gzipped("main;f 3\n");
	char path[64];
	int fds[2];

	CHECK_EQ(pipe(fds), 0);
	CHECK_EQ(write(fds[1], gz.p, gz.n), (ssize_t)gz.n);
	close(fds[1]);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
	profile_init(&p);
	CHECK_EQ(format_read(&p, path, NULL), 0);
	CHECK_EQ(profile_total(&p, 0), 3);
	profile_fini(&p);
	close(fds[0]);
	buf_fini(&gz);
}

TEST(the_ending_names_the_format)
{
	CHECK_STR(str_of(format_for_path("a.pb.gz")->name), "pprof");
	CHECK_STR(str_of(format_for_path("a.pb")->name), "pb");
	CHECK_STR(str_of(format_for_path("a/b.folded")->name), "folded");
	CHECK_STR(str_of(format_for_path("b.txt")->name), "folded");
	CHECK(!format_for_path("b.svg"));
	CHECK(!format_named(STR("jfrx")));
}

static void fill(struct profile *p)
{
	int64_t one = 1;

	profile_init(p);
	profile_add_type(p, STR("samples"), STR("count"));
	for (uint32_t i = 1; i < 1000; i++)
		profile_add(p, stacktree_push(&p->tree, i - 1, test_frame(p, "f", NULL, i, false,
									  FRAME_NATIVE)), 0, &one);
}

static int entries(const char *path)
{
	DIR *dir = opendir(path);
	int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

TEST(what_cannot_be_written_leaves_nothing_behind)
{
	char dir[] = "/tmp/format-test-XXXXXX", path[64];
	struct profile p;
	struct err err = { 0 };

	CHECK(mkdtemp(dir));
	fill(&p);
	CHECK_EQ(format_write(&p, "/dev/full", "folded", &err), -ENOSPC);
	CHECK(strstr(err.text, "/dev/full: No space left"));
	err = (struct err){ 0 };
	CHECK_EQ(format_write(&p, "/dev/full", "pprof", &err), -ENOSPC);
	err = (struct err){ 0 };
	CHECK_EQ(format_write(&p, "/nowhere/x.pb.gz", NULL, &err), -ENOENT);
	CHECK(strstr(err.text, "/nowhere/x.pb.gz"));
	err = (struct err){ 0 };
	snprintf(path, sizeof(path), "%s/x.svg", dir);
	CHECK_EQ(format_write(&p, path, NULL, &err), -EINVAL);
	CHECK(strstr(err.text, "cannot tell a format"));
	CHECK_EQ(format_write(&p, path, "jfr", NULL), -EINVAL);
	CHECK_EQ(entries(dir), 0);
	snprintf(path, sizeof(path), "%s/x.pb.gz", dir);
	CHECK_EQ(format_write(&p, path, NULL, NULL), 0);
	CHECK_EQ(entries(dir), 1);
	profile_fini(&p);
	unlink(path);
	rmdir(dir);
}

TEST(several_files_become_one_profile)
{
	char dir[] = "/tmp/format-test-XXXXXX", path[64];
	const char *paths[] = { path, path, path };
	const char *broken[] = { path, "/nowhere" };
	struct profile p;
	struct err err = { 0 };

	CHECK(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/x.pb.gz", dir);
	fill(&p);
	CHECK_EQ(format_write(&p, path, NULL, NULL), 0);
	profile_fini(&p);
	profile_init(&p);
	CHECK_EQ(format_read_all(&p, paths, 3, NULL, NULL), 0);
	CHECK_EQ(p.n, 999);
	CHECK_EQ(profile_total(&p, 0), 3 * 999);
	profile_fini(&p);
	profile_init(&p);
	CHECK_EQ(format_read_all(&p, broken, 2, NULL, &err), -ENOENT);
	CHECK(strstr(err.text, "cannot open /nowhere"));
	profile_fini(&p);
	unlink(path);
	rmdir(dir);
}

/* One of a hundred: some stacks of its own, some that others have too. */
static void fill_some(struct profile *p, uint32_t k)
{
	profile_init(p);
	profile_add_type(p, STR("samples"), STR("count"));
	for (uint32_t i = 0; i < 40; i++) {
		int64_t value = 1 + i + k;
		uint32_t caller = test_frame(p, "f", NULL, (i * 7 + k) % 11 + 1, false, FRAME_NATIVE);
		uint32_t stack = stacktree_push(&p->tree, 0, caller);

		stack = stacktree_push(&p->tree, stack, test_frame(p, "g", NULL, i % (k + 3) + 1, false,
								   FRAME_NATIVE));
		profile_add(p, stack, 0, &value);
	}
}

static bool same_stack(const struct stacktree *a, uint32_t x, const struct stacktree *b, uint32_t y)
{
	for (; x && y && a->frame[x] == b->frame[y]; x = a->parent[x])
		y = b->parent[y];
	return !x && !y;
}

TEST(many_files_become_what_merging_one_by_one_gives)
{
	char dir[] = "/tmp/format-test-XXXXXX", names[13][64];
	const char *paths[13];
	struct profile all, one, read;

	CHECK(mkdtemp(dir));
	profile_init(&all);
	for (uint32_t k = 0; k < 13; k++) {
		snprintf(names[k], sizeof(names[k]), "%s/%u.pb", dir, k);
		paths[k] = names[k];
		fill_some(&one, k);
		CHECK_EQ(format_write(&one, names[k], NULL, NULL), 0);
		profile_fini(&one);
		profile_init(&one);
		CHECK_EQ(format_read(&one, names[k], NULL), 0);
		CHECK_EQ(profile_merge(&all, &one), 0);
		profile_fini(&one);
	}
	profile_init(&read);
	CHECK_EQ(format_read_all(&read, paths, 13, NULL, NULL), 0);
	CHECK_EQ(read.tree.n, all.tree.n);
	CHECK_EQ(read.n, all.n);
	for (uint32_t i = 0; i < read.n; i++)	/* stacks may be numbered otherwise */
		CHECK(same_stack(&read.tree, read.stack[i], &all.tree, all.stack[i]));
	CHECK(!memcmp(read.values, all.values, all.n * sizeof(int64_t)));
	profile_fini(&read);
	profile_fini(&all);
	for (uint32_t k = 0; k < 13; k++)
		unlink(names[k]);
	rmdir(dir);
}

TEST_MAIN(CASE(gzip_and_zstd_are_unwrapped_whatever_the_name),
	  CASE(a_wrapped_pprof_file_of_several_members_is_read),
	  CASE(truncated_and_corrupt_wrapping_says_so),
	  CASE(what_is_no_profile_is_refused), CASE(what_people_take_for_a_profile_is_called_by_its_name),
	  CASE(a_mark_before_utf8_is_no_name), CASE(a_name_may_ask_for_gzip_or_zstd), CASE(long_text_and_short_are_wrapped_alike),
	  CASE(a_long_stream_of_little_is_read_in_little_memory),
	  CASE(a_pipe_is_read_to_its_end),
	  CASE(the_ending_names_the_format),
	  CASE(what_cannot_be_written_leaves_nothing_behind),
	  CASE(several_files_become_one_profile),
	  CASE(many_files_become_what_merging_one_by_one_gives))
