/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "base/err.h"
#include "base/file.h"
#include "format/gzip.h"
#include "format/pprof.h"
#include "format/pprof_locations.h"
#include "format/pprof_notes.h"
#include "format/pprof_path.h"
#include "format/proto.h"
#include "format/proto_strings.h"
#include "model/profile.h"

/* Samples are most of a file. Once codes and labels are prepared they need nothing that changes, so
 * that two threads can encode them. */
#define ROWS_FOR_TWO 20000
#define SAMPLE_BYTES 32	/* without its locations, mostly */
#define AHEAD 16	/* rows that are asked of memory before they are written */

struct encoder {
	const struct writer *w;
	uint32_t begin, end;		/* places in w->order */
	struct pprof_path path;
	struct buf out;
	struct buf message, line;	/* being put together */
};

struct writer {
	const struct profile *profile;
	struct proto_strings strings;
	struct buf out, functions, comments;
	struct buf message, line;	/* being put together */
	uint32_t *function_id, n_functions;	/* model's function -> id in the file */
	uint32_t *mapping_id;		/* model's module -> id in the file */
	struct pprof_locations locations;
	struct pprof_code *codes;
	uint32_t *order;		/* rows as they are written; NULL: as they are */
	struct buf labels;		/* every set, as the fields of a sample */
	size_t *label_end;		/* set -> its end there */
	uint32_t time_key, time_unit;	/* in the file */
};

static void writer_fini(struct writer *w)
{
	struct buf *bufs[] = { &w->out, &w->functions, &w->comments, &w->message,
			       &w->line, &w->labels };

	for (size_t i = 0; i < sizeof(bufs) / sizeof(bufs[0]); i++)
		buf_fini(bufs[i]);
	proto_strings_fini(&w->strings);
	free(w->function_id);
	free(w->mapping_id);
	free(w->codes);
	free(w->order);
	free(w->label_end);
	pprof_locations_fini(&w->locations);
}

static bool failed(const struct writer *w)
{
	return w->out.failed || w->strings.bytes.failed || w->functions.failed || w->comments.failed ||
	       w->message.failed || w->line.failed || w->labels.failed;
}

static void add_type(struct writer *w, uint32_t field, const struct value_type *type)
{
	buf_clear(&w->message);
	proto_add_uint(&w->message, PPROF_TYPE_TYPE, proto_strings_at(&w->strings, type->type));
	proto_add_uint(&w->message, PPROF_TYPE_UNIT, proto_strings_at(&w->strings, type->unit));
	proto_add_bytes(&w->out, field, buf_str(&w->message));
}

static void add_label(struct writer *w, struct buf *to, const struct label *label)
{
	buf_clear(&w->line);
	proto_add_uint(&w->line, PPROF_LABEL_KEY, proto_strings_at(&w->strings, label->key));
	proto_add_uint(&w->line, PPROF_LABEL_STR, proto_strings_at(&w->strings, label->str));
	proto_add_uint(&w->line, PPROF_LABEL_NUM, (uint64_t)label->num);
	proto_add_uint(&w->line, PPROF_LABEL_UNIT, proto_strings_at(&w->strings, label->unit));
	proto_add_bytes(to, PPROF_SAMPLE_LABEL, buf_str(&w->line));
}

static int prepare_labels(struct writer *w)
{
	const struct labels *labels = &w->profile->labels;

	w->label_end = calloc((size_t)labels->n + 1, sizeof(*w->label_end));
	if (!w->label_end)
		return -ENOMEM;
	for (uint32_t set = 1; set < labels->n; set++) {
		uint32_t n;
		const struct label *items = labels_get(labels, set, &n);

		for (uint32_t i = 0; i < n; i++)
			add_label(w, &w->labels, &items[i]);
		w->label_end[set] = w->labels.n;
	}
	if (w->profile->time_ns) {
		w->time_key = proto_strings_add(&w->strings, STR(PPROF_TIME_LABEL));
		w->time_unit = proto_strings_add(&w->strings, STR("nanoseconds"));
	}
	return 0;
}

/* Rows without times are written by their stacks: neighbours have most of their callers in common,
 * which takes less time here, less room in the file, and less time to read. A counting sort by 16 bits
 * and then by the other 16; rows of one stack keep their order. */
static int prepare_order(struct writer *w)
{
	const struct profile *profile = w->profile;
	uint32_t *from, *to;

	if (profile->time_ns)
		return 0;
	w->order = malloc(((size_t)profile->n + 1) * sizeof(*w->order));
	from = malloc(((size_t)profile->n + 1) * sizeof(*from));
	if (!w->order || !from) {
		free(from);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < profile->n; i++)
		w->order[i] = i;
	for (unsigned shift = 0; shift < 32; shift += 16) {
		uint32_t first[65537] = { 0 };

		to = from;
		from = w->order;
		w->order = to;
		for (uint32_t i = 0; i < profile->n; i++)
			first[(profile->stack[from[i]] >> shift & 0xffff) + 1]++;
		for (uint32_t i = 0; i < 65536; i++)
			first[i + 1] += first[i];
		for (uint32_t i = 0; i < profile->n; i++)
			to[first[profile->stack[from[i]] >> shift & 0xffff]++] = from[i];
	}
	free(from);
	return 0;
}

/* The label of a row's time, as a field of its sample. */
static struct str time_label(struct encoder *e, uint64_t time_ns)
{
	buf_clear(&e->line);
	buf_clear(&e->message);
	proto_add_uint(&e->line, PPROF_LABEL_KEY, e->w->time_key);
	proto_add_uint(&e->line, PPROF_LABEL_NUM, time_ns);
	proto_add_uint(&e->line, PPROF_LABEL_UNIT, e->w->time_unit);
	proto_add_bytes(&e->message, PPROF_SAMPLE_LABEL, buf_str(&e->line));
	e->out.failed |= e->line.failed || e->message.failed;
	return buf_str(&e->message);
}

static struct str labels_of(const struct writer *w, uint32_t set)
{
	return set ? str_over(w->labels.p + w->label_end[set - 1], w->label_end[set] - w->label_end[set - 1]) :
		     (struct str){ 0 };
}

/* Sizes first: a file is mostly samples, and each is put together where it stays. */
static void add_sample(struct encoder *e, uint32_t i)
{
	const struct profile *profile = e->w->profile;
	const int64_t *values = profile->values + (size_t)i * profile->n_types;
	struct str ids = { 0 }, labels = labels_of(e->w, profile->label_set[i]), time = { 0 };
	size_t n_values = 0, n;

	if (!pprof_path_go(&e->path, profile->stack[i], &ids))
		e->out.failed = true;
	if (profile->time_ns)
		time = time_label(e, profile->time_ns[i]);
	for (uint32_t t = 0; t < profile->n_types; t++)
		n_values += uleb_size((uint64_t)values[t]);
	n = (ids.n ? proto_bytes_size(PPROF_SAMPLE_LOCATION, ids.n) : 0) +
	    proto_bytes_size(PPROF_SAMPLE_VALUE, n_values) + labels.n + time.n;
	if (!buf_reserve(&e->out, proto_bytes_size(PPROF_SAMPLE, n)))
		return;
	proto_add_head(&e->out, PPROF_SAMPLE, n);
	if (ids.n)
		proto_add_bytes(&e->out, PPROF_SAMPLE_LOCATION, ids);
	proto_add_head(&e->out, PPROF_SAMPLE_VALUE, n_values);
	for (uint32_t t = 0; t < profile->n_types; t++)
		buf_add_uleb(&e->out, (uint64_t)values[t]);
	buf_add_str(&e->out, labels);
	buf_add_str(&e->out, time);
}

static void *add_samples(void *arg)
{
	struct encoder *e = arg;
	const struct profile *profile = e->w->profile;
	const uint32_t *order = e->w->order;

	for (uint32_t i = e->begin; i < e->end && !e->out.failed; i++) {
		if (order && i + AHEAD < e->end) {
			__builtin_prefetch(&profile->stack[order[i + AHEAD]]);
			__builtin_prefetch(&profile->label_set[order[i + AHEAD]]);
			__builtin_prefetch(&profile->values[(size_t)order[i + AHEAD] * profile->n_types]);
		}
		add_sample(e, order ? order[i] : i);
	}
	return NULL;
}

static void encoder_finish(struct writer *w, struct encoder *e)
{
	w->out.failed |= e->out.failed;
	buf_add_str(&w->out, buf_str(&e->out));
	buf_fini(&e->out);
	buf_fini(&e->message);
	buf_fini(&e->line);
	pprof_path_fini(&e->path);
}

/* About what all samples take, rather more: growing in steps would copy them, room that is not used costs nothing. */
static size_t samples_size(const struct writer *w)
{
	const struct pprof_locations *l = &w->locations;
	size_t n = (size_t)w->profile->n * SAMPLE_BYTES;

	for (uint32_t i = 0; i < l->n; i++)
		n += l->uses[l->order[i]] * w->codes[l->order[i]].n;
	return n;
}

static void add_all_samples(struct writer *w)
{
	uint32_t n = w->profile->n, half = n < ROWS_FOR_TWO ? n : n / 2;
	struct pprof_path path = { .parent = w->profile->tree.parent,
				   .locations = &w->locations, .codes = w->codes };
	struct encoder here = { .w = w, .begin = 0, .end = half, .path = path, .out = w->out };
	struct encoder beside = { .w = w, .begin = half, .end = n, .path = path };
	pthread_t thread;
	size_t size = samples_size(w);
	bool threaded;

	w->out = (struct buf){ 0 };
	buf_reserve(&here.out, size);
	if (half < n)
		buf_reserve(&beside.out, size / 2);
	threaded = half < n && !pthread_create(&thread, NULL, add_samples, &beside);
	add_samples(&here);
	if (threaded)
		pthread_join(thread, NULL);
	else
		add_samples(&beside);
	w->out = here.out;	/* moved back */
	here.out = (struct buf){ 0 };
	encoder_finish(w, &here);
	encoder_finish(w, &beside);
}

static uint32_t function_id(struct writer *w, uint32_t function)
{
	const struct function *f = &w->profile->frames.functions[function];

	if (w->function_id[function])
		return w->function_id[function];
	w->function_id[function] = ++w->n_functions;
	buf_clear(&w->line);
	proto_add_uint(&w->line, PPROF_FUNCTION_ID, w->n_functions);
	proto_add_uint(&w->line, PPROF_FUNCTION_NAME, proto_strings_at(&w->strings, f->name));
	proto_add_uint(&w->line, PPROF_FUNCTION_SYSTEM_NAME,
		       proto_strings_at(&w->strings, f->system_name ? f->system_name : f->name));
	proto_add_uint(&w->line, PPROF_FUNCTION_FILE, proto_strings_at(&w->strings, f->file));
	proto_add_uint(&w->line, PPROF_FUNCTION_START_LINE, f->start_line);
	proto_add_bytes(&w->functions, PPROF_FUNCTION, buf_str(&w->line));
	return w->n_functions;
}

static void add_location(struct writer *w, struct buf *to, uint32_t id)
{
	const struct stacktree *chains = &w->locations.chains;
	const struct frame *frames = w->profile->frames.frames;
	uint32_t chain = w->locations.order[id - 1];
	const struct frame *frame = &frames[chains->frame[chain]];
	bool named = frame->function || frame->line || chains->parent[chain];

	buf_clear(&w->message);
	proto_add_uint(&w->message, PPROF_LOCATION_ID, id);
	proto_add_uint(&w->message, PPROF_LOCATION_MAPPING, w->mapping_id[frame->module]);
	proto_add_uint(&w->message, PPROF_LOCATION_ADDRESS, frame->address);
	for (; named && chain; chain = chains->parent[chain]) {
		/* pprof refuses a line without a function: "none" becomes one without a name */
		uint32_t function = function_id(w, frames[chains->frame[chain]].function);

		frame = &frames[chains->frame[chain]];
		buf_clear(&w->line);
		proto_add_uint(&w->line, PPROF_LINE_FUNCTION, function);
		proto_add_uint(&w->line, PPROF_LINE_LINE, frame->line);
		proto_add_uint(&w->line, PPROF_LINE_COLUMN, frame->column);
		proto_add_bytes(&w->message, PPROF_LOCATION_LINE, buf_str(&w->line));
	}
	proto_add_bytes(to, PPROF_LOCATION, buf_str(&w->message));
}

/* pprof takes the first mapping for the program: what is no file, like the kernel, goes last. */
static void number_mappings(struct writer *w)
{
	const struct frames *frames = &w->profile->frames;
	uint32_t n = 0;

	for (int pass = 0; pass < 2; pass++)
		for (uint32_t i = 1; i < frames->n_modules; i++)
			if (str_starts(strings_get(frames->strings, frames->modules[i].path),
				       STR("[")) == (pass == 1))
				w->mapping_id[i] = ++n;
}

enum { HAS_FUNCTIONS = 1, HAS_INLINES = 2 };

static void add_mapping(struct writer *w, uint32_t module, uint8_t has)
{
	const struct module *m = &w->profile->frames.modules[module];
	bool named = has & HAS_FUNCTIONS;

	buf_clear(&w->message);
	proto_add_uint(&w->message, PPROF_MAPPING_ID, w->mapping_id[module]);
	proto_add_uint(&w->message, PPROF_MAPPING_START, m->start);
	proto_add_uint(&w->message, PPROF_MAPPING_LIMIT, m->limit);
	proto_add_uint(&w->message, PPROF_MAPPING_OFFSET, m->offset);
	proto_add_uint(&w->message, PPROF_MAPPING_FILE, proto_strings_at(&w->strings, m->path));
	proto_add_uint(&w->message, PPROF_MAPPING_BUILD_ID, proto_strings_at(&w->strings, m->build_id));
	/* unless all three are set, pprof names the whole mapping again, from files as they are now */
	proto_add_uint(&w->message, PPROF_MAPPING_HAS_FUNCTIONS, named);
	proto_add_uint(&w->message, PPROF_MAPPING_HAS_FILES, named);
	proto_add_uint(&w->message, PPROF_MAPPING_HAS_LINES, named);
	proto_add_uint(&w->message, PPROF_MAPPING_HAS_INLINES, !!(has & HAS_INLINES));
	proto_add_bytes(&w->out, PPROF_MAPPING, buf_str(&w->message));
}

static int add_mappings(struct writer *w)
{
	const struct frames *frames = &w->profile->frames;
	uint8_t *has = calloc((size_t)frames->n_modules + 1, 1);
	uint32_t *by_id = calloc((size_t)frames->n_modules + 1, sizeof(*by_id));

	for (uint32_t i = 0; has && by_id && i < w->locations.n; i++) {
		uint32_t chain = w->locations.order[i];
		const struct frame *frame = &frames->frames[w->locations.chains.frame[chain]];

		has[frame->module] |= (frame->function ? HAS_FUNCTIONS : 0) |
				      (w->locations.chains.parent[chain] ? HAS_INLINES : 0);
	}
	for (uint32_t i = 1; has && by_id && i < frames->n_modules; i++)
		by_id[w->mapping_id[i]] = i;
	for (uint32_t id = 1; has && by_id && id < frames->n_modules; id++)
		add_mapping(w, by_id[id], has[by_id[id]]);
	free(has);
	free(by_id);
	return has && by_id ? 0 : -ENOMEM;
}

static void add_comment(void *ctx, struct str text)
{
	struct writer *w = ctx;

	buf_add_uleb(&w->comments, proto_strings_add(&w->strings, text));
}

/* "sonde: kind native 813-90000": locations are numbered by kind, so each kind is one range. */
static void add_kinds(struct writer *w)
{
	const struct pprof_locations *l = &w->locations;
	const struct frame *frames = w->profile->frames.frames;
	uint64_t sum = 0;
	char text[96];

	for (uint32_t i = 0, end; i < l->n; i = end) {
		uint8_t kind = frames[l->chains.frame[l->order[i]]].kind;

		for (end = i + 1; end < l->n; end++)
			if (frames[l->chains.frame[l->order[end]]].kind != kind)
				break;
		snprintf(text, sizeof(text), end == i + 1 ? "sonde: kind %s %u" : "sonde: kind %s %u-%u",
			 frame_kind_name(kind), i + 1, end);
		add_comment(w, str_of(text));
	}
	if (!l->n)
		return;
	for (uint32_t i = 0; i < l->n; i++) {
		uint32_t frame = l->chains.frame[l->order[i]];

		sum += pprof_location_sum(i + 1, frames[frame].address,
					  frame_name(&w->profile->frames, frame));
	}
	snprintf(text, sizeof(text), "sonde: locations %llx", (unsigned long long)sum);
	add_comment(w, str_of(text));
}

static void add_tail(struct writer *w)
{
	const struct profile *profile = w->profile;
	struct buf *out = &w->out;

	proto_add_uint(out, PPROF_DROP_FRAMES, proto_strings_at(&w->strings, profile->drop_frames));
	proto_add_uint(out, PPROF_KEEP_FRAMES, proto_strings_at(&w->strings, profile->keep_frames));
	proto_add_uint(out, PPROF_TIME, profile->start_wall_ns);
	proto_add_uint(out, PPROF_DURATION, profile->duration_ns);
	if (profile->period_type.type || profile->period_type.unit)
		add_type(w, PPROF_PERIOD_TYPE, &profile->period_type);
	proto_add_uint(out, PPROF_PERIOD, (uint64_t)profile->period);
	for (uint32_t i = 0; i < profile->n_comments; i++)
		buf_add_uleb(&w->comments, proto_strings_at(&w->strings, profile->comments[i]));
	pprof_notes_make(profile, add_comment, w);
	add_kinds(w);
	if (w->comments.n)
		proto_add_bytes(out, PPROF_COMMENT, buf_str(&w->comments));
	if (profile->default_type < profile->n_types)
		proto_add_uint(out, PPROF_DEFAULT_TYPE,
			       proto_strings_at(&w->strings, profile->types[profile->default_type].type));
	proto_add_uint(out, PPROF_DOC_URL, proto_strings_at(&w->strings, profile->doc_url));
	buf_add_str(out, buf_str(&w->strings.bytes));
}

static int write_all(struct writer *w)
{
	const struct profile *profile = w->profile;
	struct buf locations = { 0 };

	for (uint32_t t = 0; t < profile->n_types; t++)
		add_type(w, PPROF_SAMPLE_TYPE, &profile->types[t]);
	number_mappings(w);
	w->codes = pprof_codes_of(&w->locations);
	if (!w->codes || prepare_labels(w) < 0 || prepare_order(w) < 0)
		return -ENOMEM;
	add_all_samples(w);
	if (add_mappings(w) < 0)
		return -ENOMEM;
	for (uint32_t id = 1; id <= w->locations.n; id++)
		add_location(w, &locations, id);
	buf_add_str(&w->out, buf_str(&locations));
	buf_add_str(&w->out, buf_str(&w->functions));
	add_tail(w);
	w->out.failed |= locations.failed;
	buf_fini(&locations);
	return failed(w) ? -ENOMEM : 0;
}

static int writer_init(struct writer *w, const struct profile *profile)
{
	*w = (struct writer){ .profile = profile };
	w->function_id = calloc((size_t)profile->frames.n_functions + 1, sizeof(*w->function_id));
	w->mapping_id = calloc((size_t)profile->frames.n_modules + 1, sizeof(*w->mapping_id));
	if (proto_strings_init(&w->strings, &profile->strings, PPROF_STRING) < 0 || !w->function_id || !w->mapping_id)
		return -ENOMEM;
	return pprof_locations_init(&w->locations, profile);
}

static int write_pprof(const struct profile *profile, struct new_file *file, bool gzip,
		       struct err *err)
{
	struct writer w;
	int rc = writer_init(&w, profile);

	if (rc == 0)
		rc = write_all(&w);
	if (rc == 0)
		rc = gzip ? gzip_write(file, buf_str(&w.out), err) :
			    new_file_write(file, buf_str(&w.out), err);
	writer_fini(&w);
	return rc;
}

int pprof_write(const struct profile *profile, struct new_file *file, struct err *err)
{
	return write_pprof(profile, file, true, err);
}

int pprof_write_plain(const struct profile *profile, struct new_file *file, struct err *err)
{
	return write_pprof(profile, file, false, err);
}
