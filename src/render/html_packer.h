/* SPDX-License-Identifier: Apache-2.0 */
/* render/html_packer.h
 *
 * The work between a profile and its block, shared by the files that write the block's sections
 * (html_pack.c, html_groups.c, html_lines.c, html_source.c) and by nobody else.
 */
#ifndef SONDE_RENDER_HTML_PACKER_H
#define SONDE_RENDER_HTML_PACKER_H

#include "analyze/places.h"
#include "analyze/threads.h"
#include "base/buf.h"
#include "model/profile.h"
#include "model/strings.h"
#include "render/flame.h"
#include "render/html_labels.h"
#include "render/html_tree.h"


struct packer {
	const struct profile *profile;
	const struct flame_options *options;
	struct buf *out;
	struct places places;
	struct threads threads;
	struct html_labels labels;
	struct html_tree tree;
	struct strings strings;		/* of the block, made harmless */
	uint32_t *rank_of;		/* place -> frame id of the block */
	uint32_t *place_of;		/* and back */
	uint32_t n_frames;
	uint32_t type;			/* what the order of frames and callees goes by */
	uint64_t scale[VALUE_TYPES_MAX];
	const struct packer *functions;	/* of a block of lines: whose functions' lines they are; threads and
					 * labels are its, too */
	struct buf scratch;
};

/* Its length and its bytes. */
void html_put_str(struct packer *p, struct str s);

/* The id of a string of the block, added when new. */
uint32_t html_intern(struct packer *p, struct str s);

/* One value of a sample. Nothing below zero can be as wide as a box: such values, which only
 * differences hold, count 0. */
uint64_t html_value_of(const struct profile *profile, uint32_t sample, uint32_t type);

/* Ranks the places that the tree has, the most used first, so that most ids take one byte. 0 or -ENOMEM. */
int html_rank_frames(struct packer *p);

/* Appends the tree. 0 or -ENOMEM. */
int html_put_tree(struct packer *p);

/* Appends who spent what where: what can be grouped by (not in a block of lines), and for each group its nodes and
 * their values. 0 or -ENOMEM. */
int html_put_groups(struct packer *p);

/* The block of lines, if the profile tells any: the same samples, with a node for each line of a function. 0 or
 * -ENOMEM. */
int html_put_lines(struct buf *out, const struct packer *functions);

/* Appends the source of the lines that cost something, and of those around them. 0 or -ENOMEM. */
int html_put_sources(struct packer *lines);

/* s with control characters as the pictures Unicode has for them, but for tabs where they are kept; lent by
 * `scratch`, which must not hold s. */
struct str html_without_controls(struct buf *scratch, struct str s, bool keep_tabs);

#endif
