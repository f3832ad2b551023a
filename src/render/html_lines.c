/* SPDX-License-Identifier: Apache-2.0 */
/* The page's block of lines: what each source line of each function cost, when and in which thread. It is made as the block
 * of functions is, over a tree that has a node for each line. The page unpacks it when somebody asks for lines. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/profile.h"
#include "render/html_packer.h"

#define MAGIC STR("SONDELN1")
#define LINES_MOST 500000u	/* a profile with more has none in its page */
#define NODES_MOST 4000000u

static bool any_line(const struct profile *profile)
{
	for (uint32_t i = 0; i < profile->frames.n_frames; i++)
		if (profile->frames.frames[i].line)
			return true;
	return false;
}

/* Two columns: the function of each frame, as the other block numbers them, and its line. */
static int put_frames(struct packer *p)
{
	const struct packer *of = p->functions;
	uint32_t *function = calloc((size_t)p->places.n + 1, sizeof(*function));

	if (!function)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->profile->frames.n_frames; i++)
		function[p->places.of_frame[i]] = of->rank_of[of->places.of_frame[i]];
	buf_add_uleb(p->out, p->n_frames);
	for (uint32_t i = 0; i < p->n_frames; i++)
		buf_add_uleb(p->out, i ? function[p->place_of[i]] : 0);
	for (uint32_t i = 0; i < p->n_frames; i++)
		buf_add_uleb(p->out, i ? p->places.items[p->place_of[i]].line : 0);
	free(function);
	return 0;
}

static int put_all(struct packer *p)
{
	bool crowded = p->n_frames > LINES_MOST || p->tree.n > NODES_MOST;
	int rc;

	buf_add_str(p->out, MAGIC);
	buf_add_uleb(p->out, crowded);
	if (crowded)
		return 0;
	rc = put_frames(p);
	if (rc == 0)
		rc = html_put_tree(p);
	if (rc == 0)
		rc = html_put_groups(p);
	return rc == 0 ? html_put_sources(p) : rc;
}

int html_put_lines(struct buf *out, const struct packer *functions)
{
	struct packer p = { .profile = functions->profile, .options = functions->options, .out = out,
			    .threads = functions->threads, .labels = functions->labels,
			    .type = functions->type, .functions = functions };
	int rc;

	if (p.options->granularity != BY_FUNCTION || !any_line(p.profile))
		return 0;
	memcpy(p.scale, functions->scale, sizeof(p.scale));
	rc = places_init(&p.places, p.profile, BY_LINE, NULL);
	if (rc == 0)
		rc = html_tree_init(&p.tree, p.profile, &p.places, p.options->filter, p.type, NULL);
	if (rc == 0)
		rc = html_rank_frames(&p);
	if (rc == 0)
		rc = put_all(&p);
	if (p.scratch.failed)
		rc = -ENOMEM;
	places_fini(&p.places);
	html_tree_fini(&p.tree);
	buf_fini(&p.scratch);
	free(p.rank_of);
	free(p.place_of);
	return rc;
}
