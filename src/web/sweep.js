// SPDX-License-Identifier: Apache-2.0
// Which boxes of a weighed tree are to be drawn in a window, and which one is at a point. No DOM.
//
// A level's nodes are sorted by x, so its left edge is found by halving. Boxes of a pixel and more
// are kept; narrower ones are jumped over pixel by pixel and joined into strips while their colour
// stays the same. So the work depends on the pixels, not on the size of the profile.

/* Boxes of one drawing, in columns that are used again for the next. */
export class Boxes {
	constructor() {
		this.n = 0;
		this.grow(4096);
	}

	grow(size) {
		for (const [name, Column] of [
			['left', Int32Array],
			['right', Int32Array],
			['row', Int32Array],
			['node', Uint32Array],
			['strip', Uint8Array],
		]) {
			const column = new Column(size);

			if (this[name]) column.set(this[name]);
			this[name] = column;
		}
	}

	add(left, right, row, node, strip) {
		if (this.n === this.left.length) this.grow(this.n * 2);
		this.left[this.n] = left;
		this.right[this.n] = right;
		this.row[this.n] = row;
		this.node[this.n] = node;
		this.strip[this.n++] = strip;
	}
}

/* The first node of [lo, hi) that reaches beyond `edge`, found by doubling steps, then halving. */
export function beyond(tree, lo, hi, edge) {
	const { x, total } = tree;
	let step = 1;

	while (lo < hi && x[lo] + total[lo] <= edge) {
		if (lo + step >= hi || x[lo + step] + total[lo + step] > edge) {
			hi = Math.min(hi, lo + step);
			lo++;
			break;
		}
		lo += step;
		step *= 2;
	}
	while (lo < hi) {
		const middle = (lo + hi) >>> 1;

		if (x[middle] + total[middle] > edge) hi = middle;
		else lo = middle + 1;
	}
	return lo;
}

const SALIENT_MOST = 256; /* nodes of one pixel that are looked at */

/* The first node of [seed, end) that is not faint, or seed. */
function salient({ frame, shade }, group, faint, seed, end) {
	for (let i = seed; i < end && i < seed + SALIENT_MOST; i++)
		if ((shade ? shade[i] : group[frame[i]]) !== faint) return i;
	return seed;
}

/* Adds what is visible of the nodes [lo, hi) of one level. The window is `width` pixels from `from`,
 * `scale` pixels to a unit. group[frame[i]] says what may be joined; boxes narrower than `grain` pixels
 * are (a coarse grain is quicker, while everything moves). A strip that holds others than the group
 * `faint` shows one of those: what a search found must not drown among what it left aside. */
export function sweepLevel(
	tree,
	boxes,
	lo,
	hi,
	row,
	{ from, scale, width, group, grain = 1, faint = -1 },
) {
	const { x, total, frame, shade } = tree;
	let i = beyond(tree, lo, hi, from),
		end = 0;

	while (i < hi) {
		const left = (x[i] - from) * scale,
			right = left + total[i] * scale;

		if (left >= width) break;
		if (right - left >= grain) {
			const a = Math.max(Math.round(left), end, 0),
				b = Math.min(Math.round(right), width);

			if (b > a) {
				boxes.add(a, b, row, i, 0);
				end = b;
			}
			i++;
			continue;
		}
		const start = Math.max(Math.floor(left), end),
			colour = shade ? shade[i] : group[frame[i]];
		let stop = start + grain,
			seed = i;

		i = beyond(tree, i + 1, hi, from + stop / scale);
		if (colour === faint) seed = salient(tree, group, faint, seed, i);
		while (
			colour !== faint &&
			i < hi &&
			total[i] * scale < grain &&
			(shade ? shade[i] : group[frame[i]]) === colour &&
			(x[i] - from) * scale < stop + 1 &&
			stop < width
		) {
			stop += grain;
			i = beyond(tree, i + 1, hi, from + stop / scale);
		}
		if (start < width) boxes.add(start, Math.min(stop, width), row, seed, 1);
		end = stop;
	}
}

/* The node of level [lo, hi) that covers x, or the nearest within `slack` units; -1 for none. */
export function nodeAt(tree, lo, hi, x, slack) {
	const i = beyond(tree, lo, hi, x);

	if (i < hi && tree.x[i] <= x && tree.total[i] > 0) return i;
	if (i < hi && tree.x[i] - x <= slack && tree.total[i] > 0) return i;
	const before = i - 1;

	if (
		before >= lo &&
		tree.total[before] > 0 &&
		x - tree.x[before] - tree.total[before] <= slack
	)
		return before;
	return -1;
}

/* The level a node stands on. */
export function levelOf(tree, node) {
	let lo = 0,
		hi = tree.levels.length - 1;

	while (lo + 1 < hi) {
		const middle = (lo + hi) >>> 1;

		if (tree.levels[middle] <= node) lo = middle;
		else hi = middle;
	}
	return lo;
}

/* Levels below `node` that hold something called from it: how deep the drawing will be. */
export function depthBelow(tree, node) {
	let lo = node,
		hi = node + 1,
		depth = 0;

	for (;;) {
		lo = tree.first[lo];
		hi = tree.first[hi];
		while (lo < hi && !(tree.total[lo] > 0)) lo++;
		if (lo >= hi) return depth;
		depth++;
	}
}
