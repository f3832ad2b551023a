// SPDX-License-Identifier: Apache-2.0
// Two sides of one tree: widths, changes and what of them is noise. No DOM here.
//
// A page of a diff holds two value types, the base's and the new side's, over one tree. Costs are told as
// parts of the base's whole cost (with shares both sides add up to 1). The tree of the difference is as wide
// as both sides on average, so that what is gone and what is new have a place; tree.now keeps the new side's
// part, from which the base's follows: base = 2 * total - now.

import { place, weigh } from 'sonde/model';

/* As in src/analyze/diffgraph.c: from which ratio on each tint begins, and how many standard errors a change
 * must have to have one at all. */
const STEPS = [1.05, 1.15, 1.4, 2];
const LEAST_Z = 2.5;

/* Numbers of tints, in the order of palette.js. */
export const SAME = 0,
	MORE = 1,
	LESS = 5,
	NEW = 9,
	GONE = 10;

export const PICTURES = ['diff', 'base', 'new', 'all'];

/* What the page was given with the profile, or null: then it is no diff. */
export function readDiff({ meta }) {
	if (!meta.diff) return null;
	const diff = JSON.parse(meta.diff),
		{ base } = diff,
		now = diff.new;
	const scale = base.norm / (base.total * now.norm);

	diff.factor = [1 / base.total, scale];
	diff.spread = [base.weight / base.total, now.weight * scale];
	diff.rows = diff.functions || diff.lines || []; /* numbers of whole stacks are no function's */
	return diff;
}

/* How many standard errors lie between two costs: see diff_variance() in src/analyze/diffcases.c. */
export function errorsBetween(diff, base, now) {
	const [a, b] = diff.spread,
		pooled = (base / a + now / b) / (1 / a + 1 / b);
	const shape = diff.per === 'total' ? pooled * (1 - pooled) : pooled;

	return shape > 0 ? (now - base) / Math.sqrt(diff.noise.ratio * shape * (a + b)) : 0;
}

export function tintOf(diff, base, now) {
	if (base === now || Math.abs(errorsBetween(diff, base, now)) < LEAST_Z) return SAME;
	if (!(base > 0)) return NEW;
	if (!(now > 0)) return GONE;
	const ratio = now > base ? now / base : base / now,
		step = STEPS.filter((least) => ratio >= least).length;

	return step ? (now > base ? MORE : LESS) + step - 1 : SAME;
}

/* Rounding may leave next to nothing where there is nothing, or no difference. */
const NOTHING = 1e-9;

/* [base, now] of a node, as parts of the base's whole cost. */
export function sidesOf(tree, node) {
	const now = tree.now[node],
		base = 2 * tree.total[node] - now;

	return clean(base, now);
}

export function clean(base, now) {
	if (Math.abs(now - base) < NOTHING) return now < NOTHING ? [0, 0] : [now, now];
	return [base < NOTHING ? 0 : base, now < NOTHING ? 0 : now];
}

/* The tint of each node: those of a merged tree are made anew. */
export function tint(diff, tree) {
	tree.tint = new Uint8Array(tree.n);
	for (let i = 0; i < tree.n; i++) tree.tint[i] = tintOf(diff, ...sidesOf(tree, i));
	return tree;
}

/* { diff, base, new }: three trees over the same nodes. */
export function threeTrees(profile, diff) {
	const [base, now] = [0, 1].map((type) => weigh(profile, profile.groups, type, null));
	const [a, b] = [0, 1].map((side) => diff.factor[side] * profile.types[side].scale);
	const tree = { ...profile.nodes, total: new Float64Array(base.n), now: new Float64Array(base.n) };

	for (let i = 0; i < tree.n; i++) {
		tree.now[i] = now.total[i] * b;
		tree.total[i] = (base.total[i] * a + tree.now[i]) / 2;
	}
	return { diff: tint(diff, place(tree)), base, new: now };
}

/* The row of a frame among those that were compared, or undefined. */
export function rowFinder(diff, { frames, strings }) {
	const rows = new Map(
		diff.rows.map((row) => [`${row.name}\n${row.module}\n${row.file}\n${row.line}`, row]),
	);

	return (frame) =>
		rows.get(
			`${strings[frames.name[frame]]}\n${strings[frames.module[frame]]}\n` +
				`${strings[frames.file[frame]]}\n${frames.line[frame]}`,
		);
}

/* "+1.23" points, "12.34 %", "+12.3 %" */
export function points(part) {
	const text = (100 * Math.abs(part)).toFixed(2);

	return (part < 0 ? '−' : '+') + text;
}

export function percent(part) {
	return part > 0 && part < 0.00005 ? '<0.01 %' : `${(100 * part).toFixed(2)} %`;
}

export function ofItself(base, now) {
	if (!(base > 0)) return now > 0 ? 'new' : '';
	if (!(now > 0)) return 'gone';
	const change = 100 * (now / base - 1);

	return `${change < 0 ? '−' : '+'}${Math.abs(change).toFixed(Math.abs(change) < 100 ? 1 : 0)} %`;
}

/* What a row is about: what is named or may be chance of it, with all it calls or by itself. */
export function numberOf({ changed, self, total }) {
	return changed === 'total' || (!changed && total.verdict === 'within' && self.verdict !== 'within') ? total : self;
}

/* As the terminal's table has it. */
export function chanceOrWord({ verdict, q }) {
	return verdict === 'within' || verdict === 'follows' ? verdict : chance(q);
}

export function chance(q) {
	if (q === null || q === undefined) return '–';
	return q < 0.0001 ? '<0.0001' : q.toFixed(q < 0.01 ? 4 : 2);
}
