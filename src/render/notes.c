/* SPDX-License-Identifier: Apache-2.0 */
#include "render/notes.h"

#include "analyze/filter.h"
#include "analyze/threads.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/sum.h"
#include "model/profile.h"
#include "render/text.h"

struct str notes_next(const struct profile *profile, const char *key, uint32_t *at)
{
	while (*at < profile->n_comments) {
		struct str comment = strings_get(&profile->strings, profile->comments[(*at)++]);

		if (!str_starts(comment, STR("sonde: ")))
			continue;
		comment = str_skip(comment, 7);
		if (str_starts(comment, str_of(key)) && comment.n > strlen(key) &&
		    comment.p[strlen(key)] == ' ')
			return str_trim(str_skip(comment, strlen(key)));
	}
	return (struct str){ 0 };
}

/* One sentence; out of memory shows in the document that it was meant for. */
static void put(struct json *json, struct buf *text)
{
	json_str(json, buf_str(text));
	buf_clear(text);
}

static void put_lost(struct json *json, struct buf *text, const struct profile *profile)
{
	const struct profile_stats *stats = &profile->stats;
	uint64_t lost = profile_dropped(profile);

	if (!stats->known || !lost)
		return;
	buf_addf(text, "%llu of %llu events were lost", (unsigned long long)lost, (unsigned long long)stats->events);
	for (uint32_t i = 0; i < stats->n_drops; i++)
		buf_addf(text, "%s %.*s %llu", i ? "," : ":",
			 STR_ARG(strings_get(&profile->strings, stats->drops[i].reason)),
			 (unsigned long long)stats->drops[i].count);
	put(json, text);
}

static void put_quality(struct json *json, struct buf *text, const struct profile *profile)
{
	const struct profile_stats *stats = &profile->stats;

	if (!stats->known)
		return;
	if (stats->complete < stats->recorded) {
		buf_addf(text, "%llu of %llu stacks do not reach their thread's root",
			 (unsigned long long)(stats->recorded - stats->complete), (unsigned long long)stats->recorded);
		put(json, text);
	}
	if (stats->frames_named < stats->frames) {
		buf_addf(text, "%llu of %llu frames have no name",
			 (unsigned long long)(stats->frames - stats->frames_named), (unsigned long long)stats->frames);
		put(json, text);
	}
}

static bool is_named(const struct frames *frames, uint32_t id)
{
	return frames->frames[id].kind != FRAME_UNKNOWN && frame_name(frames, id).n;
}

/* Of what is shown: what innermost frames without a name cost. */
static void put_unnamed(struct json *json, struct buf *text, const struct profile *profile, const struct filter *filter,
			uint32_t type)
{
	int64_t total = kept_total(profile, filter, type), unnamed = 0;

	for (uint32_t i = 0; i < profile->n; i++)
		if (profile->stack[i] && filter_keeps(filter, i) &&
		    !is_named(&profile->frames, profile->tree.frame[profile->stack[i]]))
			sum_add(&unnamed, profile->values[(uint64_t)i * profile->n_types + type]);
	if (!unnamed || !total)
		return;
	buf_addf(text, "%.2f %% of the total is of innermost frames without a name",
		 100 * (double)unnamed / (double)total);
	put(json, text);
}

void notes_put_json(struct json *json, const struct profile *profile, const struct text_options *view, uint32_t type)
{
	struct buf text = { 0 };
	struct str note;

	json_key(json, "notes");
	json_open(json, '[');
	for (uint32_t at = 0; (note = notes_next(profile, "note", &at)).n;)
		json_str(json, note);
	put_lost(json, &text, profile);
	put_quality(json, &text, profile);
	put_unnamed(json, &text, profile, view->filter, type);
	note = notes_next(profile, "labels-left-out", &(uint32_t){ 0 });
	if (note.n) {
		buf_addf(&text, "%.*s labels beyond 256 in one sample were left out", STR_ARG(note));
		put(json, &text);
	}
	if (view->folded)
		json_str(json, STR("the language runtime's own frames are left out (--native keeps them)"));
	json_close(json, ']');
	json->out->failed |= text.failed;
	buf_fini(&text);
}
