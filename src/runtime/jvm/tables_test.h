/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/jvm/tables_test.h
 *
 * For tests: the tables that HotSpot describes itself with (vmstructs.h), made in an image.
 *
 *   TABLES_VARIABLES   one word for each variable: a table's address, its stride, where its columns are
 */
#ifndef SONDE_RUNTIME_JVM_TABLES_TEST_H
#define SONDE_RUNTIME_JVM_TABLES_TEST_H

#include "runtime/jvm/image_test.h"
#include "runtime/jvm/vmstructs.h"

#define TABLES_VARIABLES 0x900000ull
#define TABLES_ROWS 0x910000ull		/* a table every 64 KiB */
#define TABLES_STRINGS 0x980000ull
#define TABLES_STRIDE 48u

struct table_row {
	enum jvm_table table;
	const char *type, *field;	/* field NULL: not of this table */
	bool is_static;
	uint64_t value;
};

struct tables {
	struct buf rows[JVM_TABLES], strings;
	struct jvm_places places;
};

static inline uint64_t tables_string(struct tables *tables, const char *text)
{
	uint64_t at = TABLES_STRINGS + tables->strings.n;

	buf_add(&tables->strings, text, strlen(text) + 1);
	return at;
}

/* Columns: fields: type, name, static?, offset, address; types: name, size; numbers: name, value. */
static inline void tables_add(struct tables *tables, const struct table_row *row)
{
	uint64_t cells[TABLES_STRIDE / 8] = { tables_string(tables, row->type) };

	if (row->table == JVM_FIELDS) {
		cells[1] = tables_string(tables, row->field);
		cells[2] = row->is_static;
		cells[row->is_static ? 4 : 3] = row->value;
	} else {
		cells[1] = row->value;
	}
	buf_add(&tables->rows[row->table], cells, sizeof(cells));
}

/* Puts all into the image. Strings are read by the page: they get whole ones. */
static inline void tables_finish(struct tables *tables, struct buf *image)
{
	static const uint8_t zero[4096];
	static const unsigned columns[] = { 5, 2, 2, 2 };
	uint64_t at = TABLES_VARIABLES;

	for (int t = 0; t < JVM_TABLES; t++) {
		struct jvm_vmtable *place = &tables->places.tables[t];
		uint64_t rows = TABLES_ROWS + t * 0x10000ull;

		place->rows = at;
		image_add_u64(image, at, rows);
		place->stride = at += 8;
		image_add_u64(image, at, TABLES_STRIDE);
		for (unsigned i = 0; i < columns[t]; i++) {
			place->columns[i] = at += 8;
			image_add_u64(image, at, i * 8);
		}
		at += 8;
		buf_add(&tables->rows[t], zero, TABLES_STRIDE);
		buf_add(&tables->rows[t], zero, 4096 - tables->rows[t].n % 4096);
		image_add(image, rows, tables->rows[t].p, tables->rows[t].n);
		buf_fini(&tables->rows[t]);
	}
	buf_add(&tables->strings, zero, 4096 - tables->strings.n % 4096);
	image_add(image, TABLES_STRINGS, tables->strings.p, tables->strings.n);
	buf_fini(&tables->strings);
}

#endif
