/* SPDX-License-Identifier: Apache-2.0 */
/* format/jfr_made_test.h - flight recordings put together for tests */
#ifndef SONDE_FORMAT_JFR_MADE_TEST_H
#define SONDE_FORMAT_JFR_MADE_TEST_H

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "format/jfr.h"

/* A file in the making: a chunk whose types, constants and events are put together here. */
enum { LONG = 1, INT, STRING, SYMBOL, CLASS, METHOD, FRAME_TYPE, FRAME, STACK, THREAD, STATE, SAMPLE, ENTER, SETTING };

static inline void made_varint(struct buf *out, uint64_t v)
{
	buf_add_uleb(out, v);
}

static inline void made_text(struct buf *out, const char *s)
{
	buf_add_u8(out, 3);
	made_varint(out, strlen(s));
	buf_add_str(out, str_of(s));
}

/* Work.main calls Work$$Lambda/0x1f.run; thread 7 is "main" (4711). What a chunk has otherwise: */
struct made {
	const char *main, *type;	/* the method's name, the frames' type; NULL: "main", "Interpreted" */
	bool without_run;		/* the method is in the stack, but not among the methods */
	bool is_typed_first;		/* a frame's fields are in another order */
};

struct made_words {
	const char *items[128];
	uint32_t n;
};

static inline uint32_t made_word(struct made_words *words, const char *s)
{
	uint32_t i = 0;

	while (i < words->n && strcmp(words->items[i], s))
		i++;
	if (i == words->n)
		words->items[words->n++] = strdup(s);
	return i;
}

static inline void made_attribute(struct buf *out, struct made_words *words, const char *key, const char *value)
{
	made_varint(out, made_word(words, key));
	made_varint(out, made_word(words, value));
}

struct made_field {
	const char *name;
	int type;
	bool constant, array;
};

static inline void made_type(struct buf *out, struct made_words *words, const char *name, int id, const struct made_field *fields,
		 uint32_t n)
{
	char number[12];

	snprintf(number, sizeof(number), "%d", id);
	made_varint(out, made_word(words, "class"));
	made_varint(out, 2);
	made_attribute(out, words, "name", name);
	made_attribute(out, words, "id", number);
	made_varint(out, n);
	for (uint32_t i = 0; i < n; i++) {
		snprintf(number, sizeof(number), "%d", fields[i].type);
		made_varint(out, made_word(words, "field"));
		made_varint(out, 2u + fields[i].constant + fields[i].array);
		made_attribute(out, words, "name", fields[i].name);
		made_attribute(out, words, "class", number);
		if (fields[i].constant)
			made_attribute(out, words, "constantPool", "true");
		if (fields[i].array)
			made_attribute(out, words, "dimension", "1");
		made_varint(out, 0);
	}
}

#define TYPE(name, id, ...) \
	made_type(&tree, words, name, id, (struct made_field[]){ __VA_ARGS__ }, \
	     sizeof((struct made_field[]){ __VA_ARGS__ }) / sizeof(struct made_field))

static inline struct buf made_types(const struct made *made, struct made_words *words)
{
	struct buf tree = { 0 };

	made_varint(&tree, made_word(words, "root"));
	made_varint(&tree, 0);
	made_varint(&tree, 1);
	made_varint(&tree, made_word(words, "metadata"));
	made_varint(&tree, 0);
	made_varint(&tree, 14);
	made_type(&tree, words, "long", LONG, NULL, 0);
	made_type(&tree, words, "int", INT, NULL, 0);
	made_type(&tree, words, "java.lang.String", STRING, NULL, 0);
	TYPE("jdk.types.Symbol", SYMBOL, { "string", STRING, false, false });
	TYPE("java.lang.Class", CLASS, { "name", SYMBOL, true, false }, { "modifiers", INT, false, false });
	TYPE("jdk.types.Method", METHOD, { "type", CLASS, true, false }, { "name", SYMBOL, true, false });
	TYPE("jdk.types.FrameType", FRAME_TYPE, { "description", STRING, false, false });
	if (made->is_typed_first)
		TYPE("jdk.types.StackFrame", FRAME, { "type", FRAME_TYPE, true, false },
		     { "lineNumber", INT, false, false }, { "method", METHOD, true, false });
	else
		TYPE("jdk.types.StackFrame", FRAME, { "method", METHOD, true, false },
		     { "lineNumber", INT, false, false }, { "type", FRAME_TYPE, true, false });
	TYPE("jdk.types.StackTrace", STACK, { "truncated", INT, false, false }, { "frames", FRAME, false, true });
	TYPE("java.lang.Thread", THREAD, { "osName", STRING, false, false }, { "osThreadId", LONG, false, false },
	     { "javaName", STRING, false, false });
	TYPE("jdk.types.ThreadState", STATE, { "name", STRING, false, false });
	TYPE("jdk.ExecutionSample", SAMPLE, { "startTime", LONG, false, false }, { "sampledThread", THREAD, true, false },
	     { "stackTrace", STACK, true, false }, { "state", STATE, true, false });
	TYPE("jdk.JavaMonitorEnter", ENTER, { "startTime", LONG, false, false }, { "duration", LONG, false, false },
	     { "eventThread", THREAD, true, false }, { "stackTrace", STACK, true, false },
	     { "monitorClass", CLASS, true, false });
	TYPE("jdk.ActiveSetting", SETTING, { "startTime", LONG, false, false }, { "id", LONG, false, false },
	     { "name", STRING, false, false }, { "value", STRING, false, false });
	return tree;
}

static inline struct buf made_description(const struct made *made)
{
	struct made_words words = { 0 };
	struct buf tree = made_types(made, &words), out = { 0 };

	made_varint(&out, 0);
	made_varint(&out, 0);
	made_varint(&out, 0);
	made_varint(&out, 1);
	made_varint(&out, words.n);
	for (uint32_t i = 0; i < words.n; i++) {
		made_text(&out, words.items[i]);
		free((void *)words.items[i]);
	}
	buf_add_str(&out, buf_str(&tree));
	buf_fini(&tree);
	return out;
}

static inline struct buf made_constants(const struct made *made)
{
	const char *const symbols[] = { "pkg/Work", "pkg/Work$$Lambda/0x1f", made->main ? made->main : "main", "run",
					"[Ljava/lang/Object;" };
	struct buf out = { 0 };

	made_varint(&out, 1);		/* type */
	made_varint(&out, 0);
	made_varint(&out, 0);
	made_varint(&out, 0);		/* delta */
	buf_add_u8(&out, 0);
	made_varint(&out, 7);
	made_varint(&out, SYMBOL);
	made_varint(&out, 5);
	for (uint32_t i = 0; i < 5; i++) {
		made_varint(&out, 10 + i);
		made_text(&out, symbols[i]);
	}
	made_varint(&out, CLASS);
	made_varint(&out, 3);
	for (uint32_t i = 0; i < 3; i++) {
		made_varint(&out, 20 + i);
		made_varint(&out, i == 2 ? 14 : 10 + i);
		made_varint(&out, 0);
	}
	made_varint(&out, METHOD);
	made_varint(&out, made->without_run ? 1 : 2);
	for (uint32_t i = 0; i < (made->without_run ? 1 : 2); i++) {
		made_varint(&out, 30 + i);
		made_varint(&out, 20 + i);
		made_varint(&out, 12 + i);
	}
	made_varint(&out, FRAME_TYPE);
	made_varint(&out, 1);
	made_varint(&out, 1);
	made_text(&out, made->type ? made->type : "Interpreted");
	made_varint(&out, STACK);
	made_varint(&out, 1);
	made_varint(&out, 40);
	made_varint(&out, 0);
	made_varint(&out, 2);
	for (uint32_t i = 2; i-- > 0;) {
		made_varint(&out, made->is_typed_first ? 1 : 30 + i);
		made_varint(&out, 5 + i);
		made_varint(&out, made->is_typed_first ? 30 + i : 1);
	}
	made_varint(&out, THREAD);
	made_varint(&out, 1);
	made_varint(&out, 7);
	made_text(&out, "os");
	made_varint(&out, 4711);
	made_text(&out, "main");
	made_varint(&out, STATE);
	made_varint(&out, 1);
	made_varint(&out, 2);
	buf_add_u8(&out, 5);		/* Latin-1 */
	made_varint(&out, 1);
	buf_add_u8(&out, 0xe9);
	return out;
}

/* Its size in front, itself counted. */
static inline void made_sized(struct buf *out, struct buf *body)
{
	made_varint(out, body->n + (body->n < 126 ? 1 : body->n < 16381 ? 2 : 3));
	buf_add_str(out, buf_str(body));
	buf_fini(body);
}

static inline void made_numbers(struct buf *out, uint32_t n, const uint64_t *values)
{
	struct buf body = { 0 };

	for (uint32_t i = 0; i < n; i++)
		made_varint(&body, values[i]);
	made_sized(out, &body);
}

static inline void made_big_endian(struct buf *out, uint64_t v, int bytes)
{
	while (bytes--)
		buf_add_u8(out, (uint8_t)(v >> bytes * 8));
}

static inline struct buf made_chunk(const struct made *made)
{
	struct buf body = { 0 }, out = { 0 }, part = made_description(made);
	uint64_t checkpoint, metadata;

	made_numbers(&body, 5, (uint64_t[]){ SAMPLE, 1000, 7, 40, 2 });
	made_numbers(&body, 5, (uint64_t[]){ SAMPLE, 3000, 7, 40, 2 });
	made_numbers(&body, 6, (uint64_t[]){ ENTER, 2000, 500, 7, 40, 22 });
	{
		struct buf setting = { 0 };

		made_varint(&setting, SETTING);
		made_varint(&setting, 0);
		made_varint(&setting, SAMPLE);
		made_text(&setting, "period");
		made_text(&setting, "20 ms");
		made_sized(&body, &setting);
	}
	metadata = 68 + body.n;
	made_sized(&body, &part);
	checkpoint = 68 + body.n;
	part = made_constants(made);
	made_sized(&body, &part);
	buf_add(&out, "FLR\0\0\2\0\1", 8);
	made_big_endian(&out, 68 + body.n, 8);
	made_big_endian(&out, checkpoint, 8);
	made_big_endian(&out, metadata, 8);
	made_big_endian(&out, 1700000000000000000ull, 8);
	made_big_endian(&out, 1000000, 8);
	made_big_endian(&out, 0, 8);			/* ticks at the start, and in a second */
	made_big_endian(&out, 1000000000, 8);
	made_big_endian(&out, 1, 4);
	buf_add_str(&out, buf_str(&body));
	buf_fini(&body);
	return out;
}

static inline struct buf made_file(void)
{
	return made_chunk(&(struct made){ 0 });
}

#endif
