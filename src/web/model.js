// SPDX-License-Identifier: Apache-2.0
// What the views ask of a profile: weights, totals by function, search, callers, hidden frames.
// Trees are level by level as data.js makes them (parents before children); no DOM here.
//
// A weighed tree has, for each node, total (what it and all it called cost) and x (where it begins
// when callees are laid side by side from their caller's left edge).

import { firstCallees } from 'sonde/data';

/* An array for sums up to `most`: small numbers where they fit, since memory is what takes time. */
function sums(n, most) {
	return most < 2 ** 32 ? new Uint32Array(n) : new Float64Array(n);
}

/* Callees side by side from their caller's left edge. */
export function place(tree) {
	const { n, parent, total } = tree,
		x = new total.constructor(n);

	for (let i = 2; i < n; i++)
		x[i] = parent[i] === parent[i - 1] ? x[i - 1] + total[i - 1] : x[parent[i]];
	tree.x = x;
	return tree;
}

/* The tree with the weights of the chosen groups (a Set of indexes, or null for all). */
export function weigh({ nodes, types }, groups, type, chosen) {
	const tree = { ...nodes, total: sums(nodes.n, types[type].total) };
	const { total } = tree;

	groups.forEach((group, index) => {
		if (chosen && !chosen.has(index)) return;
		const values = group.values[type];

		for (let i = 0; i < values.length; i++) total[group.nodes[i]] += values[i];
	});
	for (let i = tree.n - 1; i > 0; i--) total[tree.parent[i]] += total[i];
	return place(tree);
}

/* What a node cost by itself: its width less that of its callees, which stand side by side. */
export function selfOf(tree, node) {
	const lo = tree.first[node],
		hi = tree.first[node + 1];

	return lo < hi
		? tree.x[node] + tree.total[node] - tree.x[hi - 1] - tree.total[hi - 1]
		: tree.total[node];
}

/* The same of the new side's part, of a tree of two sides (diff.js). */
export function nowSelfOf(tree, node) {
	let self = tree.now[node];

	for (let i = tree.first[node]; i < tree.first[node + 1]; i++) self -= tree.now[i];
	return self;
}

/* Calls enter(node) and leave(node) depth first over what has weight, without recursion. enter()
 * returning false keeps out of a node's callees (leave is then called at once). */
export function walk(tree, top, enter, leave) {
	const { first, total, parent } = tree;
	let node = top;

	for (;;) {
		let next = -1;

		if (enter(node) !== false)
			for (let i = first[node]; i < first[node + 1]; i++)
				if (total[i] > 0) {
					next = i;
					break;
				}
		while (next < 0) {
			leave(node);
			if (node === top) return;
			for (let i = node + 1; i < first[parent[node] + 1]; i++)
				if (total[i] > 0) {
					next = i;
					break;
				}
			if (next < 0) node = parent[node];
		}
		node = next;
	}
}

/* self and total of each frame (and the new side's part of both); a frame counts once in a stack however often it recurs there. */
export function functionTotals(tree, nFrames) {
	const self = new Float64Array(nFrames),
		total = new Float64Array(nFrames),
		now = tree.now ? { self: self.slice(), total: total.slice() } : null;
	const open = new Uint32Array(nFrames);

	walk(
		tree,
		0,
		(node) => {
			const frame = tree.frame[node];

			self[frame] += selfOf(tree, node);
			if (now) now.self[frame] += nowSelfOf(tree, node);
			if (open[frame]++ === 0) {
				total[frame] += tree.total[node];
				if (now) now.total[frame] += tree.now[node];
			}
		},
		(node) => {
			open[tree.frame[node]]--;
		},
	);
	return { self, total, now };
}

/* Self time by kind of frame. */
export function kindTotals(frames, self, nKinds) {
	const sum = new Float64Array(nKinds);

	for (let i = 1; i < frames.n; i++) sum[frames.kind[i]] += self[i];
	return sum;
}

/* What a person typed -> { test(name) } or { error }. /x/ and plain text are both regular
 * expressions; case matters only when an upper-case letter was typed. */
export function compileQuery(text) {
	const framed = /^\/(.*)\/([a-z]*)$/s.exec(text);
	const source = framed ? framed[1] : text;

	if (!source) return null;
	try {
		const flags = framed
			? framed[2].replace(/[gy]/g, '')
			: /[A-Z]/.test(source)
				? ''
				: 'i';
		const expression = new RegExp(source, flags);

		return { test: (name) => expression.test(name) };
	} catch (error) {
		return { error: error.message.replace(/^Invalid regular expression: /, '') };
	}
}

/* Marks frames whose name, module or file matches. */
export function matchFrames(query, frames, strings) {
	const known = new Int8Array(strings.length),
		hit = new Uint8Array(frames.n);
	const test = (id) => {
		if (known[id] === 0) known[id] = query.test(strings[id]) ? 1 : -1;
		return known[id] > 0;
	};

	for (let i = 1; i < frames.n; i++) hit[i] = test(frames.name[i]) ? 1 : 0;
	return hit;
}

/* The largest `most` of the nodes, largest first. */
function largest(nodes, total, most) {
	let list = nodes;

	if (nodes.length > most) {
		const totals = Float64Array.from(nodes, (node) => total[node]).sort(),
			least = totals[totals.length - most];
		const more = nodes.filter((node) => total[node] > least),
			equal = nodes.filter((node) => total[node] === least);

		list = more.concat(equal.slice(0, most - more.length));
	}
	return Uint32Array.from(list).sort((a, b) => total[b] - total[a] || a - b);
}

const INSIDE = 1,
	MATCHES = 2;

/* What matches costs together (.matched: a match within a match counts once), and where to look: nodes
 * that match and whose callers do not, .count of them, the largest in .nodes, so that stepping through
 * them meets what matters first. */
export function search(tree, hit, most = 10000) {
	const { n, parent, frame, total } = tree;
	const mark = new Uint8Array(n),
		nodes = [];
	let matched = 0;

	for (let i = 1; i < n; i++) {
		const caller = mark[parent[i]];

		mark[i] = caller & INSIDE;
		if (!hit[frame[i]] || !(total[i] > 0)) continue;
		mark[i] = INSIDE | MATCHES;
		if (!(caller & INSIDE)) matched += total[i];
		if (!(caller & MATCHES)) nodes.push(i);
	}
	return { nodes: largest(nodes, total, most), count: nodes.length, matched };
}

/* Grows a merged tree level by level. Each of its nodes stands for a run of sources, (node, weight)
 * pairs of the tree below it; step(node, weight, nodes, weights) appends those one level further. Equal
 * frames under one merged node become one, largest first. Ends (.cut) once there are `most` nodes; what
 * weighs less than `least` is not followed further. Runs lie one after another in flat lists: an object
 * for each node is what would take the time. */
class Merger {
	constructor(tree, nFrames, most, least = 0) {
		this.tree = tree;
		this.slot = new Int32Array(nFrames).fill(-1);
		this.most = most;
		this.least = least;
		this.parent = [0];
		this.frame = [0];
		this.total = [0];
		this.paired = Boolean(tree.now); /* of two sides: see diff.js */
		this.now = [0];
		this.levels = [0, 1];
		this.cut = false;
	}

	child(owner, frame, total, now) {
		this.parent.push(owner);
		this.frame.push(frame);
		this.total.push(total);
		if (this.paired) this.now.push(now);
	}

	/* One merged node's emitted sources -> its children, and their runs at the end of `next`. */
	fold(owner, nodes, weights, nows, next) {
		const { tree, slot, least } = this,
			n = nodes.length;

		if (n === 1) {
			this.child(owner, tree.frame[nodes[0]], weights[0], nows[0]);
			if (weights[0] >= least) {
				next.nodes.push(nodes[0]);
				next.weights.push(weights[0]);
				if (this.paired) next.nows.push(nows[0]);
			}
			next.ends.push(next.nodes.length);
			return;
		}
		const frames = [],
			totals = [],
			parts = [],
			sizes = [];

		for (let i = 0; i < n; i++) {
			const frame = tree.frame[nodes[i]];
			let at = slot[frame];

			if (at < 0) {
				at = slot[frame] = frames.length;
				frames.push(frame);
				totals.push(0);
				parts.push(0);
				sizes.push(0);
			}
			totals[at] += weights[i];
			if (this.paired) parts[at] += nows[i];
			sizes[at]++;
		}
		const order = frames.map((frame, at) => at);

		order.sort((a, b) => totals[b] - totals[a] || frames[a] - frames[b]);
		let begin = next.nodes.length;

		for (const at of order) {
			this.child(owner, frames[at], totals[at], parts[at]);
			const size = totals[at] >= least ? sizes[at] : 0;

			sizes[at] = size ? begin : -1;
			begin += size;
			next.ends.push(begin);
		}
		for (let i = next.nodes.length; i < begin; i++) {
			next.nodes.push(0);
			next.weights.push(0);
			if (this.paired) next.nows.push(0);
		}
		for (let i = 0; i < n; i++) {
			const at = slot[tree.frame[nodes[i]]];

			if (sizes[at] < 0) continue;
			next.nodes[sizes[at]] = nodes[i];
			if (this.paired) next.nows[sizes[at]] = nows[i];
			next.weights[sizes[at]++] = weights[i];
		}
		for (const frame of frames) slot[frame] = -1;
	}

	run(seeds, step) {
		let level = {
				nodes: seeds.nodes,
				weights: seeds.weights,
				nows: seeds.nows,
				ends: [seeds.nodes.length],
			},
			id = 0;
		const nodes = [],
			weights = [],
			nows = [];

		if (this.paired) this.now[0] = seeds.nows.reduce((sum, now) => sum + now, 0);
		this.total[0] = seeds.weights.reduce((sum, weight) => sum + weight, 0);
		this.frame[0] = seeds.frame;
		while (level.ends.length && !this.cut) {
			const next = { nodes: [], weights: [], nows: [], ends: [] };
			let from = 0;

			for (const end of level.ends) {
				nodes.length = weights.length = nows.length = 0;
				for (; from < end; from++)
					step(
						level.nodes[from],
						level.weights[from],
						nodes,
						weights,
						this.paired ? level.nows[from] : 0,
						nows,
					);
				if (nodes.length) this.fold(id, nodes, weights, nows, next);
				id++;
			}
			if (next.ends.length) this.levels.push(this.parent.length);
			this.cut = this.parent.length > this.most;
			level = next;
		}
		return this.finish();
	}

	/* Widths are known already, so that a node may be wider than its callees. */
	finish() {
		const n = this.parent.length,
			levels = Uint32Array.from(this.levels);
		const tree = {
			n,
			levels,
			cut: this.cut,
			parent: Uint32Array.from(this.parent),
			frame: Uint32Array.from(this.frame),
			total: Float64Array.from(this.total),
		};

		if (this.paired) tree.now = Float64Array.from(this.now);
		tree.first = firstCallees(tree);
		return place(tree);
	}
}

/* More merged nodes than this are of no use to a reader and take seconds. */
const MERGED_MOST = 1000000;

/* The outermost nodes of a frame: those with no other call of it above them. */
export function placesOf(tree, frame) {
	const { n, parent } = tree,
		inside = new Uint8Array(n),
		nodes = [];

	for (let i = 1; i < n; i++) {
		if (inside[parent[i]]) {
			inside[i] = 1;
		} else if (tree.frame[i] === frame && tree.total[i] > 0) {
			inside[i] = 1;
			nodes.push(i);
		}
	}
	return nodes;
}

function rootSeeds(tree) {
	return {
		frame: 0,
		nodes: [0],
		weights: [tree.total[0]],
		nows: tree.now ? [tree.now[0]] : [],
	};
}

function seedsOf(tree, frame) {
	const nodes = placesOf(tree, frame);

	return {
		frame,
		nodes,
		weights: nodes.map((node) => tree.total[node]),
		nows: tree.now ? nodes.map((node) => tree.now[node]) : [],
	};
}

/* Who calls a function: all its call sites merged, callers growing from it. */
export function callersOf(tree, frame, nFrames) {
	return new Merger(tree, nFrames, MERGED_MOST).run(
		seedsOf(tree, frame),
		(node, weight, nodes, weights, now, nows) => {
			const caller = tree.parent[node];

			if (caller) {
				nodes.push(caller);
				weights.push(weight);
				nows.push(now);
			}
		},
	);
}

/* What a function calls: all its call sites merged. */
export function calleesOf(tree, frame, nFrames) {
	return new Merger(tree, nFrames, MERGED_MOST).run(
		seedsOf(tree, frame),
		(node, weight, nodes, weights, now, nows) => {
			for (let i = tree.first[node]; i < tree.first[node + 1]; i++)
				if (tree.total[i] > 0) {
					nodes.push(i);
					weights.push(tree.total[i]);
					if (tree.now) nows.push(tree.now[i]);
				}
		},
	);
}

/* The whole profile upside down: functions by what they cost themselves, callers growing from them.
 * Chains that no pixel would show (below 1/20,000 of all) end where they become so. */
export function inverted(tree, nFrames) {
	const seeds = rootSeeds(tree);
	const merger = new Merger(tree, nFrames, MERGED_MOST, tree.total[0] / 20000);
	let starts = true;

	return merger.run(seeds, (node, weight, nodes, weights, now, nows) => {
		if (starts) {
			starts = false;
			for (let i = 1; i < tree.n; i++) {
				const self = tree.total[i] > 0 ? selfOf(tree, i) : 0;

				if (self > 0) {
					nodes.push(i);
					weights.push(self);
					if (tree.now) nows.push(nowSelfOf(tree, i));
				}
			}
		} else if (tree.parent[node]) {
			nodes.push(tree.parent[node]);
			weights.push(weight);
			nows.push(now);
		}
	});
}

/* The tree without frames of some kinds: their callees move up to their callers, and what they cost
 * themselves becomes their callers' own. */
export function without(tree, kinds, hidden, nFrames) {
	const seeds = rootSeeds(tree);
	const { first, total, frame } = tree;

	return new Merger(tree, nFrames, 4 * MERGED_MOST).run(
		seeds,
		(node, weight, nodes, weights, now, nows) => {
			const todo = [node];

			while (todo.length) {
				const from = todo.pop();

				for (let i = first[from]; i < first[from + 1]; i++) {
					if (!(total[i] > 0)) continue;
					if (hidden.has(kinds[frame[i]])) {
						todo.push(i);
					} else {
						nodes.push(i);
						weights.push(total[i]);
						if (tree.now) nows.push(tree.now[i]);
					}
				}
			}
		},
	);
}

/* The stack of a node, outermost first, without the root. */
export function stackOf(tree, node) {
	const stack = [];

	for (let i = node; i > 0; i = tree.parent[i]) stack.push(i);
	return stack.reverse();
}
