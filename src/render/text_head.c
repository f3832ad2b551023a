/* SPDX-License-Identifier: Apache-2.0 */
#include <time.h>

#include "analyze/filter.h"
#include "analyze/threads.h"
#include "model/profile.h"
#include "render/amount.h"
#include "render/label.h"
#include "render/notes.h"
#include "render/page.h"

#define WORD 10 /* columns of a line's first word */
#define NOTES_MOST 8
#define NOTE_LINES 3

/* "sonde: KEY VALUE" comments worth telling, and how the line begins. */
static const struct {
	const char *key, *word;
} told[] = {
	{ "command", "Command" },
	{ "target", "Target" },
	{ "host", "Host" },
	{ "tier", "Tier" },
};

static void begin_line(struct page *page, const char *word)
{
	page_style(page, STYLE_DIM);
	page_put_left(page, str_of(word), WORD);
	page_style(page, STYLE_PLAIN);
}

static void add_duration(struct page *page)
{
	if (!page->profile->duration_ns)
		return;
	buf_add_str(page->out, STR(" in "));
	amount_add(page->out, (int64_t)(page->profile->duration_ns & INT64_MAX), STR("nanoseconds"),
		   page->options->unicode);
}

/* How many processors were busy says nothing over a time that a few samples fill. */
static bool is_long_enough(const struct page *page, int64_t total)
{
	uint64_t samples = samples_kept(page->profile, page->options->filter);

	return samples && (double)page->profile->duration_ns >= 10 * (double)total / (double)samples;
}

/* "12.3 s in 10.0 s, 1.23 CPUs busy" */
static void put_total(struct page *page)
{
	const struct profile *profile = page->profile;
	struct str title = amount_title(profile, page->type);
	int64_t total = kept_total(profile, page->options->filter, page->type);
	bool time = str_eq(page->unit, STR("nanoseconds"));

	if ((int)page->type == samples_type(profile))
		return; /* the next line says it */
	page_style(page, STYLE_DIM);
	page_put_left(page, title, title.n < WORD ? WORD : (uint32_t)label_columns(title, 40) + 2);
	page_style(page, STYLE_BOLD);
	amount_add_in(page->out, total, page->unit, page->options->unit, page->options->unicode);
	page_style(page, STYLE_PLAIN);
	add_duration(page);
	if (profile->duration_ns && time && total > 0 && is_long_enough(page, total) &&
	    str_eq(amount_title(profile, page->type), STR("CPU time")))
		buf_addf(page->out, ", %.2f CPUs busy",
			 (double)total / (double)profile->duration_ns);
	page_end_line(page);
}

/* " at 99 Hz", ", one per 512 KiB", ", one per 1,000 cycles"; nothing when each event is one. */
static void add_rate(struct page *page)
{
	const struct profile *profile = page->profile;
	struct str unit = strings_get(&profile->strings, profile->period_type.unit);
	bool counts = str_eq(unit, STR("count"));

	if (profile->period <= 0 || (counts && profile->period == 1))
		return;
	if (str_eq(unit, STR("nanoseconds"))) {
		buf_addf(page->out, " at %.4g Hz", 1e9 / (double)profile->period);
		return;
	}
	buf_add_str(page->out, STR(", one per "));
	amount_add(page->out, profile->period, unit, page->options->unicode);
	if (!counts)
		return;
	buf_add_u8(page->out, ' ');
	label_fit(page->out, strings_get(&profile->strings, profile->period_type.type), 30,
		  page->options->unicode);
}

static void add_share(struct page *page, uint64_t part, uint64_t whole, const char *of)
{
	if (!whole)
		return;
	buf_add_str(page->out, STR(", "));
	amount_add_percent(page->out, (int64_t)(part & INT64_MAX), (int64_t)(whole & INT64_MAX));
	buf_add_str(page->out, str_of(of));
}

static void put_samples(struct page *page)
{
	const struct profile *profile = page->profile;
	const struct profile_stats *stats = &profile->stats;

	/* without a count (Go's heap, mutex, goroutines) there are only rows */
	begin_line(page, samples_type(profile) < 0 ? "Stacks" : "Samples");
	page_style(page, STYLE_BOLD);
	amount_add_count(page->out, samples_kept(profile, NULL));
	page_style(page, STYLE_PLAIN);
	if ((int)page->type == samples_type(profile))
		add_duration(page);
	add_rate(page);
	if (stats->known) {
		add_share(page, stats->complete, stats->recorded, " % of stacks complete");
		add_share(page, stats->frames_named, stats->frames, " % of frames named");
		if (!profile_dropped(profile))
			buf_add_str(page->out, STR(", nothing lost"));
	}
	page_end_line(page);
}

static void put_lost(struct page *page)
{
	const struct profile_stats *stats = &page->profile->stats;
	uint64_t lost = profile_dropped(page->profile);

	if (!stats->known || !lost)
		return;
	page_style(page, STYLE_WARN);
	page_put_left(page, STR("Lost"), WORD);
	amount_add_count(page->out, lost);
	buf_add_str(page->out, STR(" of "));
	amount_add_count(page->out, stats->events);
	buf_add_str(page->out, STR(" events ("));
	amount_add_percent(page->out, (int64_t)(lost & INT64_MAX),
			   (int64_t)(stats->events & INT64_MAX));
	buf_add_str(page->out, STR(" %)"));
	for (uint32_t i = 0; i < stats->n_drops; i++) {
		buf_add_str(page->out, i ? STR(", ") : STR(": "));
		label_fit(page->out, strings_get(&page->profile->strings, stats->drops[i].reason),
			  page->width, page->options->unicode);
		buf_add_u8(page->out, ' ');
		amount_add_count(page->out, stats->drops[i].count);
	}
	page_style(page, STYLE_PLAIN);
	page_end_line(page);
}

static bool has_values(const struct profile *profile, uint32_t type)
{
	for (uint32_t i = 0; i < profile->n; i++)
		if (profile->values[(size_t)i * profile->n_types + type])
			return true;
	return false;
}

static void put_comments(struct page *page)
{
	for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++) {
		struct str value = notes_next(page->profile, told[i].key, &(uint32_t){ 0 });

		if (!value.n)
			continue;
		begin_line(page, told[i].word);
		label_fit(page->out, value, page->width - WORD, page->options->unicode);
		page_end_line(page);
	}
}

/* A sentence over at most NOTE_LINES lines; the last one is cut where that is not enough. */
static void put_sentence(struct page *page, struct str text)
{
	uint32_t room = page->width > 2 * WORD ? page->width - WORD : WORD;

	for (uint32_t line = 1; text.n; line++) {
		struct str rest = text, head = text;
		uint32_t columns = 0;

		while (line < NOTE_LINES && rest.n) {
			struct str word = str_cut(&rest, ' ');

			columns += (columns > 0) + label_columns(word, room);
			if (columns > room)
				break;
			head = str_over(text.p, (size_t)(word.p + word.n - text.p));
		}
		if (line > 1)
			page_put_left(page, STR(""), WORD);
		label_cut(page->out, head, room, page->options->unicode);
		page_end_line(page);
		text = str_trim(str_skip(text, head.n));
	}
}

static void put_notes(struct page *page)
{
	uint32_t n = 0, at = 0;
	struct str note;

	while ((note = notes_next(page->profile, "note", &at)).n)
		if (n++ < NOTES_MOST) {
			begin_line(page, "Note");
			put_sentence(page, note);
		}
	if (n > NOTES_MOST)
		page_put_more(page, n - NOTES_MOST, WORD);
}

static void put_when(struct page *page)
{
	time_t seconds = (time_t)(page->profile->start_wall_ns / 1000000000u);
	struct tm utc;
	char text[64];

	if (!seconds || !gmtime_r(&seconds, &utc) ||
	    !strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &utc))
		return;
	begin_line(page, "Taken");
	buf_add_str(page->out, str_of(text));
	page_end_line(page);
}

static void put_folded(struct page *page)
{
	if (!page->options->folded)
		return;
	begin_line(page, "Hidden");
	buf_add_str(page->out, STR("the language runtime's own frames (--native shows them)"));
	page_end_line(page);
}

static void put_filter(struct page *page)
{
	const struct text_options *options = page->options;
	bool keeps_all = !options->filter || !options->filter->keep;
	uint64_t kept, all;

	if (keeps_all && !options->filter_words)
		return;
	begin_line(page, "Filter");
	if (keeps_all) {	/* --hide, --show */
		label_fit(page->out, str_of(options->filter_words), page->width - WORD, options->unicode);
		page_end_line(page);
		return;
	}
	kept = samples_kept(page->profile, options->filter);
	all = samples_kept(page->profile, NULL);
	if (options->filter_words) {
		label_fit(page->out, str_of(options->filter_words), page->width - WORD,
			  options->unicode);
		buf_add_str(page->out, STR(": "));
	}
	amount_add_count(page->out, kept);
	buf_add_str(page->out, samples_type(page->profile) < 0 ? STR(" stacks kept (")
								: STR(" samples kept ("));
	amount_add_percent(page->out, (int64_t)(kept & INT64_MAX), (int64_t)(all & INT64_MAX));
	buf_add_str(page->out, kept ? STR(" % of all); shares are of these") : STR(" % of all)"));
	page_end_line(page);
}

/* What else can be asked for: "Also  alloc_space, wall (--type NAME shows it)". A count of the samples is in the line above,
 * and a type without any value is nothing to look at. */
static void put_other_types(struct page *page)
{
	const struct profile *profile = page->profile;
	struct buf names = { 0 };

	for (uint32_t i = 0; i < profile->n_types; i++) {
		if (i == page->type || (int)i == samples_type(profile) || !has_values(profile, i))
			continue;
		buf_add_str(&names, names.n ? STR(", ") : STR(""));
		buf_add_str(&names, profile_type_name(profile, i));
	}
	if (names.n) {
		begin_line(page, "Also");
		buf_add_str(&names, STR(" (--type NAME)"));
		put_sentence(page, buf_str(&names));
	}
	page->out->failed |= names.failed;
	buf_fini(&names);
}

void text_head_put(struct page *page)
{
	put_total(page);
	put_samples(page);
	put_other_types(page);
	put_lost(page);
	put_comments(page);
	put_when(page);
	put_notes(page);
	put_folded(page);
	put_filter(page);
}
