/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/file.h"
#include "format/otlp.h"
#include "format/pprof_locations.h"
#include "format/proto.h"
#include "format/proto_strings.h"
#include "model/profile.h"

struct writer {
	const struct profile *profile;
	struct pprof_locations locations;
	struct proto_strings strings;
	struct buf attributes, mappings, functions, places, stacks;	/* the dictionary's other tables */
	struct buf one, two, three;		/* being put together, each inside the next */
	uint32_t *stack_at, n_stacks;		/* model's stack -> index there; 0: not yet */
	uint32_t *kind_at;			/* frame kind -> attribute; 0: not yet */
	uint32_t n_attributes;
	struct buf labels;			/* every set, as a packed list of attributes */
	size_t *label_end;
};

/* An attribute's value is text, or (of no text) a number. */
static uint32_t add_attribute(struct writer *w, uint32_t key, struct str text, int64_t number, uint32_t unit)
{
	buf_clear(&w->one);
	if (text.n) {
		proto_add_bytes(&w->one, OTLP_ANY_STRING, text);
	} else {
		proto_add_tag(&w->one, OTLP_ANY_INT, PROTO_VARINT);	/* a zero too: it is not "nothing" */
		buf_add_uleb(&w->one, (uint64_t)number);
	}
	buf_clear(&w->two);
	proto_add_uint(&w->two, OTLP_ATTRIBUTE_KEY, key);
	proto_add_bytes(&w->two, OTLP_ATTRIBUTE_VALUE, buf_str(&w->one));
	proto_add_uint(&w->two, OTLP_ATTRIBUTE_UNIT, unit);
	proto_add_bytes(&w->attributes, OTLP_ATTRIBUTES, buf_str(&w->two));
	return w->n_attributes++;
}

static uint32_t key_at(struct writer *w, uint32_t key)
{
	struct str name = strings_get(&w->profile->strings, key);

	for (size_t i = 0; otlp_names[i].ours; i++)
		if (str_eq(name, str_of(otlp_names[i].ours)))
			return proto_strings_add(&w->strings, str_of(otlp_names[i].theirs));
	return proto_strings_at(&w->strings, key);
}

static int add_labels(struct writer *w)
{
	const struct labels *labels = &w->profile->labels;

	w->label_end = calloc((size_t)labels->n + 1, sizeof(*w->label_end));
	if (!w->label_end)
		return -ENOMEM;
	for (uint32_t set = 1; set < labels->n; set++) {
		uint32_t n;
		const struct label *items = labels_get(labels, set, &n);

		for (uint32_t i = 0; i < n; i++)
			buf_add_uleb(&w->labels, add_attribute(w, key_at(w, items[i].key),
				strings_get(&w->profile->strings, items[i].str), items[i].num,
				proto_strings_at(&w->strings, items[i].unit)));
		w->label_end[set] = w->labels.n;
	}
	return 0;
}

static uint32_t kind_at(struct writer *w, enum frame_kind kind)
{
	if (!w->kind_at[kind])
		w->kind_at[kind] = add_attribute(w, proto_strings_add(&w->strings, STR(OTLP_FRAME_KIND)),
						 str_of(frame_kind_name(kind)), 0, 0);
	return w->kind_at[kind];
}

static void add_mappings(struct writer *w)
{
	const struct frames *frames = &w->profile->frames;

	for (uint32_t i = 0; i < frames->n_modules; i++) {
		const struct module *m = &frames->modules[i];
		uint32_t build_id = 0;

		if (m->build_id)
			build_id = add_attribute(w, proto_strings_add(&w->strings, STR(OTLP_BUILD_ID)),
						 strings_get(&w->profile->strings, m->build_id), 0, 0);
		buf_clear(&w->one);
		proto_add_uint(&w->one, OTLP_MAPPING_START, m->start);
		proto_add_uint(&w->one, OTLP_MAPPING_LIMIT, m->limit);
		proto_add_uint(&w->one, OTLP_MAPPING_OFFSET, m->offset);
		proto_add_uint(&w->one, OTLP_MAPPING_FILE, proto_strings_at(&w->strings, m->path));
		if (build_id) {
			buf_clear(&w->two);
			buf_add_uleb(&w->two, build_id);
			proto_add_bytes(&w->one, OTLP_MAPPING_ATTRIBUTES, buf_str(&w->two));
		}
		proto_add_bytes(&w->mappings, OTLP_MAPPINGS, buf_str(&w->one));
	}
}

static void add_functions(struct writer *w)
{
	const struct frames *frames = &w->profile->frames;

	for (uint32_t i = 0; i < frames->n_functions; i++) {
		const struct function *f = &frames->functions[i];

		buf_clear(&w->one);
		proto_add_uint(&w->one, OTLP_FUNCTION_NAME, proto_strings_at(&w->strings, f->name));
		proto_add_uint(&w->one, OTLP_FUNCTION_SYSTEM_NAME, proto_strings_at(&w->strings, f->system_name));
		proto_add_uint(&w->one, OTLP_FUNCTION_FILE, proto_strings_at(&w->strings, f->file));
		proto_add_uint(&w->one, OTLP_FUNCTION_START_LINE, f->start_line);
		proto_add_bytes(&w->functions, OTLP_FUNCTIONS, buf_str(&w->one));
	}
}

static void add_line(struct writer *w, const struct frame *frame)
{
	buf_clear(&w->two);
	proto_add_uint(&w->two, OTLP_LINE_FUNCTION, frame->function);
	proto_add_uint(&w->two, OTLP_LINE_LINE, frame->line);
	proto_add_uint(&w->two, OTLP_LINE_COLUMN, frame->column);
	proto_add_bytes(&w->three, OTLP_LOCATION_LINES, buf_str(&w->two));
}

/* Index 0 is none; a location of Sonde's numbering has its id as its index. */
static void add_locations(struct writer *w)
{
	const struct stacktree *chains = &w->locations.chains;
	const struct frame *frames = w->profile->frames.frames;

	proto_add_bytes(&w->places, OTLP_LOCATIONS, (struct str){ 0 });
	for (uint32_t i = 0; i < w->locations.n; i++) {
		uint32_t chain = w->locations.order[i];
		const struct frame *frame = &frames[chains->frame[chain]];
		uint32_t kind = kind_at(w, frame->kind);

		buf_clear(&w->three);
		proto_add_uint(&w->three, OTLP_LOCATION_MAPPING, frame->module);
		proto_add_uint(&w->three, OTLP_LOCATION_ADDRESS, frame->address);
		if (frame->function || frame->line || chains->parent[chain])
			for (; chain; chain = chains->parent[chain])
				add_line(w, &frames[chains->frame[chain]]);
		buf_clear(&w->two);
		buf_add_uleb(&w->two, kind);
		proto_add_bytes(&w->three, OTLP_LOCATION_ATTRIBUTES, buf_str(&w->two));
		proto_add_bytes(&w->places, OTLP_LOCATIONS, buf_str(&w->three));
	}
}

/* The stack's locations, innermost first: a chain of inlined frames is one of them. */
static uint32_t stack_at(struct writer *w, uint32_t stack)
{
	const struct stacktree *tree = &w->profile->tree, *chains = &w->locations.chains;

	if (!stack || w->stack_at[stack])
		return w->stack_at[stack];
	buf_clear(&w->one);
	for (uint32_t at = stack; at;) {
		uint32_t chain = w->locations.chain_of[at];

		buf_add_uleb(&w->one, w->locations.id_of[chain]);
		for (; chain && at; chain = chains->parent[chain])
			at = tree->parent[at];
	}
	buf_clear(&w->two);
	proto_add_bytes(&w->two, OTLP_STACK_LOCATIONS, buf_str(&w->one));
	proto_add_bytes(&w->stacks, OTLP_STACKS, buf_str(&w->two));
	w->stack_at[stack] = w->n_stacks++;
	return w->stack_at[stack];
}

static void add_sample(struct writer *w, struct buf *to, uint32_t row, uint32_t type)
{
	const struct profile *p = w->profile;
	uint32_t set = p->label_set[row], stack = stack_at(w, p->stack[row]);
	int64_t value = profile_value(p, row, type);

	if (!value)
		return;
	buf_clear(&w->two);
	proto_add_uint(&w->two, OTLP_STACK, stack);
	if (set)
		proto_add_bytes(&w->two, OTLP_SAMPLE_ATTRIBUTES,
				str_over(w->labels.p + w->label_end[set - 1],
					 w->label_end[set] - w->label_end[set - 1]));
	buf_clear(&w->one);
	buf_add_uleb(&w->one, (uint64_t)value);
	proto_add_bytes(&w->two, OTLP_VALUES, buf_str(&w->one));
	if (p->time_ns) {
		uint64_t time = p->start_wall_ns + p->time_ns[row];

		proto_add_bytes(&w->two, OTLP_TIMESTAMPS, str_over(&time, sizeof(time)));
	}
	proto_add_bytes(to, OTLP_SAMPLES, buf_str(&w->two));
}

static void add_type(struct writer *w, struct buf *to, uint32_t field, const struct value_type *type)
{
	buf_clear(&w->one);
	proto_add_uint(&w->one, OTLP_TYPE, proto_strings_at(&w->strings, type->type));
	proto_add_uint(&w->one, OTLP_UNIT, proto_strings_at(&w->strings, type->unit));
	proto_add_bytes(to, field, buf_str(&w->one));
}

/* A message Profile has one type of values. Its id must be sixteen bytes, not all zero, and the same for
 * the same profile. */
static void add_profile(struct writer *w, struct buf *to, uint32_t type)
{
	const struct profile *p = w->profile;
	struct buf body = { 0 };
	uint64_t id[2] = { 0x536f6e6465ull << 24 | type, p->start_wall_ns ^ (uint64_t)profile_total(p, type) };

	add_type(w, &body, OTLP_SAMPLE_TYPE, &p->types[type]);
	for (uint32_t i = 0; i < p->n; i++)
		add_sample(w, &body, i, type);
	if (p->start_wall_ns) {
		proto_add_tag(&body, OTLP_TIME, PROTO_FIXED64);
		buf_add(&body, &p->start_wall_ns, sizeof(p->start_wall_ns));
	}
	proto_add_uint(&body, OTLP_DURATION, p->duration_ns);
	proto_add_bytes(&body, OTLP_PROFILE_ID, str_over(id, sizeof(id)));
	proto_add_bytes(to, OTLP_PROFILES, buf_str(&body));
	to->failed |= body.failed;
	buf_fini(&body);
}

static int prepare(struct writer *w)
{
	const struct profile *p = w->profile;

	w->stack_at = calloc((size_t)p->tree.n + 1, sizeof(*w->stack_at));
	w->kind_at = calloc(FRAME_KIND_COUNT, sizeof(*w->kind_at));
	if (proto_strings_init(&w->strings, &p->strings, OTLP_STRINGS) < 0 || !w->stack_at || !w->kind_at ||
	    pprof_locations_init(&w->locations, p) < 0)
		return -ENOMEM;
	proto_add_bytes(&w->attributes, OTLP_ATTRIBUTES, (struct str){ 0 });
	w->n_attributes = 1;
	proto_add_bytes(&w->stacks, OTLP_STACKS, (struct str){ 0 });
	w->n_stacks = 1;
	add_mappings(w);
	add_functions(w);
	add_locations(w);
	return add_labels(w);
}

static int write_message(struct new_file *file, uint32_t number, const struct buf *const *parts, size_t n,
			 struct err *err)
{
	struct buf head = { 0 };
	size_t bytes = 0;
	int rc;

	for (size_t i = 0; i < n; i++)
		bytes += parts[i]->n;
	proto_add_tag(&head, number, PROTO_BYTES);
	buf_add_uleb(&head, bytes);
	rc = new_file_write(file, buf_str(&head), err);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = new_file_write(file, buf_str(parts[i]), err);
	buf_fini(&head);
	return rc;
}

static int write_file(struct writer *w, struct new_file *file, struct err *err)
{
	const struct buf *const tables[] = { &w->mappings, &w->places, &w->functions, &w->strings.bytes,
					     &w->attributes, &w->stacks };
	struct buf scope = { 0 }, resource = { 0 };
	const struct buf *const whole[] = { &resource };
	bool failed;
	int rc = 0;

	for (uint32_t k = 0; k < w->profile->n_types; k++) {	/* the one that views show comes first */
		uint32_t first = w->profile->default_type;

		add_profile(w, &scope, k == 0 ? first : k <= first ? k - 1 : k);
	}
	proto_add_bytes(&resource, OTLP_SCOPE_PROFILES, buf_str(&scope));
	failed = scope.failed || resource.failed || w->labels.failed || w->one.failed || w->two.failed ||
		 w->three.failed;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		failed |= tables[i]->failed;
	if (failed)
		rc = -ENOMEM;
	if (rc == 0)
		rc = write_message(file, OTLP_RESOURCE_PROFILES, whole, 1, err);
	if (rc == 0)
		rc = write_message(file, OTLP_DICTIONARY, tables, sizeof(tables) / sizeof(tables[0]), err);
	buf_fini(&scope);
	buf_fini(&resource);
	return rc;
}

int otlp_write(const struct profile *profile, struct new_file *file, struct err *err)
{
	struct writer w = { .profile = profile };
	struct buf *bufs[] = { &w.attributes, &w.mappings, &w.functions, &w.places, &w.stacks,
			       &w.one, &w.two, &w.three, &w.labels };
	int rc = prepare(&w);

	if (rc == 0)
		rc = write_file(&w, file, err);
	for (size_t i = 0; i < sizeof(bufs) / sizeof(bufs[0]); i++)
		buf_fini(bufs[i]);
	proto_strings_fini(&w.strings);
	free(w.stack_at);
	free(w.kind_at);
	free(w.label_end);
	pprof_locations_fini(&w.locations);
	return rc;
}
