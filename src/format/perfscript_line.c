/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perfscript_line.h"

#include "format/perfevents.h"

#define ADDRESS_WIDTH 16	/* perf pads addresses to it, */
#define TID_WIDTH 5		/* a thread's number, */
#define PERIOD_WIDTH 10		/* and a period */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct str trim_left(struct str s)
{
	size_t n = 0;

	while (n < s.n && is_space(s.p[n]))
		n++;
	return str_skip(s, n);
}

static struct str trim_right(struct str s)
{
	while (s.n && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

/* Cuts the first word off. */
static struct str cut_word(struct str *rest)
{
	struct str s = trim_left(*rest), word = s;

	word.n = 0;
	while (word.n < s.n && !is_space(s.p[word.n]))
		word.n++;
	*rest = str_skip(s, word.n);
	return word;
}

/* Cuts the last word off. */
static struct str cut_last_word(struct str *rest)
{
	struct str s = trim_right(*rest), word;
	size_t at = s.n;

	while (at && !is_space(s.p[at - 1]))
		at--;
	word = str_skip(s, at);
	*rest = trim_right(str_head(s, at));
	return word;
}

/* "12345.678901" or with nine digits: seconds. */
static bool parse_time(struct str text, uint64_t *ret_ns)
{
	ptrdiff_t dot = str_find(text, '.');
	uint64_t seconds, part;
	size_t digits;

	if (dot <= 0)
		return false;
	digits = text.n - (size_t)dot - 1;
	if ((digits != 6 && digits != 9) ||
	    str_parse_u64(str_head(text, (size_t)dot), 10, &seconds) < 0 || seconds > 9000000000u ||
	    str_parse_u64(str_skip(text, (size_t)dot + 1), 10, &part) < 0)
		return false;
	*ret_ns = seconds * 1000000000u + (digits == 6 ? part * 1000 : part);
	return true;
}

/* Splits the line at its first word "seconds.fraction:". */
static bool split_at_time(struct str line, struct perf_head *head, struct str *ret_rest)
{
	size_t at = 0;

	while (at < line.n) {
		const char *colon = memchr(line.p + at, ':', line.n - at);
		size_t end, start;

		if (!colon)
			return false;
		end = start = (size_t)(colon - line.p);
		at = end + 1;
		while (start && (is_digit(line.p[start - 1]) || line.p[start - 1] == '.'))
			start--;
		if ((at < line.n && !is_space(line.p[at])) ||
		    (start && !is_space(line.p[start - 1])) ||
		    !parse_time((struct str){ line.p + start, end - start }, &head->time_ns))
			continue;
		head->has_time = true;
		head->who = str_head(line, start);
		*ret_rest = str_skip(line, at);
		return true;
	}
	return false;
}

static bool is_number(struct str word)
{
	for (size_t i = 0; i < word.n; i++)
		if (!is_digit(word.p[i]))
			return false;
	return word.n > 0;
}

/* "1234/1240", either of them "-1" where perf did not know. */
static bool is_pid_and_tid(struct str word)
{
	ptrdiff_t slash = str_find(word, '/');
	struct str pid, tid;

	if (slash <= 0)
		return false;
	pid = str_head(word, (size_t)slash);
	tid = str_skip(word, (size_t)slash + 1);
	return (is_number(pid) || str_eq(pid, STR("-1"))) &&
	       (is_number(tid) || str_eq(tid, STR("-1")));
}

static bool is_cpu(struct str word)
{
	return word.n > 2 && word.p[0] == '[' && word.p[word.n - 1] == ']' &&
	       is_number((struct str){ word.p + 1, word.n - 2 });
}

/* Without a time: behind "[cpu]", or else behind the first word that is a thread's number. Where numbers follow each
 * other, the first are the end of the thread's name ("pool 1  6112"), which their widths tell. */
static bool split_at_thread(struct str line, struct perf_head *head, struct str *ret_rest)
{
	struct str rest = line, after = { 0 };
	bool found = false;

	for (;;) {
		size_t before = rest.n, width;
		struct str word = cut_word(&rest);
		bool sure = is_cpu(word) || is_pid_and_tid(word);

		width = before - rest.n;
		if (!word.n || (found && !sure && (!is_number(word) || width > PERIOD_WIDTH)))
			break;
		if (!sure && (!is_number(word) || (before < line.n && width <= TID_WIDTH)))
			continue;
		found = true;
		after = rest;
		if (is_cpu(word))
			break;
	}
	if (!found)
		return false;
	head->who = str_head(line, line.n - after.n);
	*ret_rest = after;
	return true;
}

/* "period event: rest" */
static void parse_event(struct str text, struct perf_head *head)
{
	struct str rest = text, word = cut_word(&rest);
	size_t end = 0;

	/* an address may look like a number, but is padded to its width */
	if (is_number(word) && text.n - rest.n < ADDRESS_WIDTH &&
	    str_parse_u64(word, 10, &head->period) == 0) {
		head->has_period = true;
		text = rest;
	}
	head->rest = text;	/* with its padding, by which a frame's address is known */
	text = trim_left(text);
	while (end < text.n && !(text.p[end] == ':' && (end + 1 == text.n || is_space(text.p[end + 1]))))
		end++;
	if (end == text.n || !end)
		return;
	head->event = perfevents_plain_name(str_head(text, end));
	head->rest = str_skip(text, end + 1);
}

/* Without what follows thread and cpu: flags, a date (-F misc, tod). */
static struct str who_of(struct str text)
{
	struct str rest = text = str_trim(text);

	for (int i = 0; i < 4; i++) {
		struct str before = rest, word = cut_last_word(&rest);

		if (is_cpu(word) || is_pid_and_tid(word) || is_number(word))
			return before;
	}
	return text;
}

bool perf_head_parse(struct str line, struct perf_head *ret_head)
{
	struct perf_head head = { 0 };
	struct perf_frame frame;
	struct str rest;

	line = trim_right(line);
	if (!split_at_time(line, &head, &rest) && !split_at_thread(line, &head, &rest))
		return false;
	head.who = who_of(head.who);
	parse_event(rest, &head);
	/* other lines hold numbers as well */
	if (!head.has_time && !head.event.n && head.rest.n && !perf_frame_in_head(head.rest, &frame))
		return false;
	*ret_head = head;
	return true;
}

bool perf_head_parse_bare(struct str line, struct str next, struct perf_head *ret_head)
{
	struct perf_head head = { 0 };
	struct str event = line, words = trim_right(line);
	struct perf_frame frame;

	/* perf ends each field with a blank */
	if (line.n <= words.n || !words.n || next.n < ADDRESS_WIDTH || next.p[0] != '\t' ||
	    !perf_frame_parse(next, &frame))
		return false;
	if (words.p[words.n - 1] == ':') {
		event = cut_last_word(&words);
		head.event = perfevents_plain_name(str_head(event, event.n - 1));
	}
	head.who = str_head(line, words.n ? words.n + 1 : 0);
	*ret_head = head;
	return true;
}

void perf_who_parse(struct str who, struct perf_who *ret_who)
{
	struct str rest = who, word;

	*ret_who = (struct perf_who){ 0 };
	if (who.n && is_space(who.p[who.n - 1])) {
		ret_who->comm = str_trim(who);
		return;
	}
	for (;;) {
		struct str before = rest;

		word = cut_last_word(&rest);
		if (!word.n) {
			ret_who->comm = before;
			return;
		}
		if (is_cpu(word)) {
			ret_who->has_cpu = str_parse_u64((struct str){ word.p + 1, word.n - 2 }, 10,
							 &ret_who->cpu) == 0;
		} else if (is_pid_and_tid(word)) {
			size_t slash = (size_t)str_find(word, '/');

			ret_who->has_pid = str_parse_u64(str_head(word, slash), 10,
							 &ret_who->pid) == 0;
			ret_who->has_tid = str_parse_u64(str_skip(word, slash + 1), 10,
							 &ret_who->tid) == 0;
			break;
		} else if (is_number(word) && rest.n && before.n - rest.n <= TID_WIDTH) {	/* "pool 1" */
			ret_who->comm = before;
			return;
		} else if (is_number(word)) {
			ret_who->has_tid = str_parse_u64(word, 10, &ret_who->tid) == 0;
			break;
		} else if (!rest.n) {
			ret_who->comm = before;
			return;
		}
		/* else: "--show-..." fields like a date or "K"; what is left of them is the thread */
	}
	ret_who->comm = rest;
}

/* Where the group in parentheses that ends the text begins, with a space before it; -1: none. */
static ptrdiff_t last_group(struct str text)
{
	size_t depth = 0;

	if (!text.n || text.p[text.n - 1] != ')')
		return -1;
	for (size_t i = text.n; i-- > 0;) {
		if (text.p[i] == ')')
			depth++;
		if (text.p[i] == '(' && --depth == 0)
			return i && text.p[i - 1] == ' ' ? (ptrdiff_t)i : -1;
	}
	return -1;
}

/* Cuts "+0x1f" off the end. */
static struct str without_offset(struct str name)
{
	size_t n = name.n;

	while (n && is_hex(name.p[n - 1]))
		n--;
	if (n < name.n && n > 3 && name.p[n - 1] == 'x' && name.p[n - 2] == '0' &&
	    name.p[n - 3] == '+')
		return str_head(name, n - 3);
	return name;
}

static bool is_unknown(struct str name)
{
	/* "[unknown]", or "[0x1234]" where addresses stand in for names */
	return !name.n || str_eq(name, STR("[unknown]")) ||
	       (str_starts(name, STR("[0x")) && name.p[name.n - 1] == ']');
}

static bool cut_suffix(struct str *text, struct str suffix)
{
	if (!str_ends(*text, suffix))
		return false;
	*text = trim_right(str_head(*text, text->n - suffix.n));
	return true;
}

/* "symbol+0x1f (module)" */
static void parse_place(struct str text, struct perf_frame *frame)
{
	ptrdiff_t group;

	text = trim_right(text);
	if (cut_suffix(&text, STR("(inlined)")))
		frame->inlined = true;
	group = last_group(text);
	if (group >= 0) {
		frame->module = without_offset((struct str){ text.p + group + 1,
							     text.n - (size_t)group - 2 });
		if (str_eq(frame->module, STR("[unknown]")) || str_eq(frame->module, STR("inlined")))
			frame->module = (struct str){ 0 };
		text = trim_right(str_head(text, (size_t)group));
	}
	text = without_offset(trim_left(text));
	if (!is_unknown(text))
		frame->name = text;
	else
		frame->unknown = text.n || group >= 0;
}

/* "  file.c:12", "file.c:12 (discriminator 3)"; "??:0" and "libc.so.6[1f0]" are not known. */
static void parse_source(struct str text, struct perf_frame *frame)
{
	ptrdiff_t colon;
	size_t digits = 0;
	uint64_t line;

	text = str_trim(text);
	if (cut_suffix(&text, STR("(inlined)")))
		frame->inlined = true;
	colon = str_rfind(text, ':');
	if (colon <= 0 || text.p[0] == '?')
		return;
	while ((size_t)colon + 1 + digits < text.n && is_digit(text.p[(size_t)colon + 1 + digits]))
		digits++;
	if (str_parse_u64(str_head(str_skip(text, (size_t)colon + 1), digits), 10, &line) < 0 || !line ||
	    line > INT32_MAX)
		return;
	frame->file = str_head(text, (size_t)colon);
	frame->line = (uint32_t)line;
}

/* Cuts "  401136" off the front. */
static bool cut_address(struct str *text, uint64_t *ret_address)
{
	struct str rest = trim_left(*text);
	size_t n = 0;

	while (n < rest.n && is_hex(rest.p[n]))
		n++;
	if (!n || n > ADDRESS_WIDTH || (n < rest.n && !is_space(rest.p[n])) ||
	    str_parse_u64(str_head(rest, n), 16, ret_address) < 0)
		return false;
	*text = str_skip(rest, n);
	return true;
}

bool perf_frame_parse(struct str line, struct perf_frame *ret_frame)
{
	struct perf_frame frame = { .has_address = line.n && is_space(line.p[0]) };
	ptrdiff_t newline = str_find(line, '\n');
	struct str text = newline >= 0 ? str_head(line, (size_t)newline) : line;

	if (frame.has_address ? !cut_address(&text, &frame.address) : !text.n)
		return false;
	parse_place(text, &frame);
	if (newline >= 0)
		parse_source(str_skip(line, (size_t)newline + 1), &frame);
	*ret_frame = frame;
	return true;
}

bool perf_frame_in_head(struct str rest, struct perf_frame *ret_frame)
{
	struct str frame = { 0 };
	uint64_t address;

	/* the last of the padded numbers: -F addr, data_src and others come before the ip */
	for (struct str text = rest; text.n;) {
		struct str before = text;

		if (!cut_address(&text, &address) ||
		    before.n - text.n < ADDRESS_WIDTH)
			break;
		frame = before;
	}
	return frame.n && perf_frame_parse(frame, ret_frame);
}
