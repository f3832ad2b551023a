// SPDX-License-Identifier: Apache-2.0
// A thread's samples in time order as a flame chart: like a flame graph, but from left to right is time.
// No DOM here.
//
// A chart has the columns of a weighed tree (x, total, frame, levels), so that sweep.js finds what is visible
// and what is at a point; x and total are ticks. node is the node of the profile's tree.

const UNIT_NS = { nanoseconds: 1, microseconds: 1e3, milliseconds: 1e6, seconds: 1e9 };

/* How many calls deep each node is. */
export function depthsOf({ n, levels }) {
	const depth = new Uint32Array(n);

	for (let d = 0; d + 1 < levels.length; d++) depth.fill(d, levels[d], levels[d + 1]);
	return depth;
}

/* The nodes as they are without frames of hidden kinds: parents and depths of what is left, and in .shown for each node
 * the one that it counts for, itself or the nearest caller that is left. */
export function withoutKinds(nodes, kinds, hidden) {
	const { n, parent, frame } = nodes,
		up = new Uint32Array(n),
		shown = new Uint32Array(n),
		depth = new Uint32Array(n);

	for (let i = 1; i < n; i++) {
		up[i] = shown[parent[i]];
		shown[i] = hidden.has(kinds[frame[i]]) ? up[i] : i;
		depth[i] = depth[up[i]] + 1;
	}
	return { nodes: { n, parent: up, frame, shown }, depth };
}

/* Threads with their groups (indexes), in the order of `groups`: some groups are parts of a thread. */
export function threadsOf(groups) {
	const threads = new Map();

	groups.forEach((group, index) => {
		const key = [group.pid, group.tid, group.process, group.thread].join('\n');

		if (!threads.has(key)) threads.set(key, { ...group, key, members: [] });
		threads.get(key).members.push(index);
	});
	return [...threads.values()];
}

/* How many ticks of its thread a sample stands for: what it counted if that is time, else the period, else
 * what mostly lies between two samples. Returns (values of each type, row) -> ticks. */
export function spanOf(types, tickNs, rate, ticks) {
	const timed = types.findIndex(({ unit }) => UNIT_NS[unit]);

	if (timed >= 0) {
		const perValue = (types[timed].scale * UNIT_NS[types[timed].unit]) / tickNs;

		return (values, row) => values[timed][row] * perValue;
	}
	const hertz = /^([\d.]+) Hz$/.exec(rate || '');

	if (hertz) return () => 1e9 / Number(hertz[1]) / tickNs;
	const gaps = [];

	for (let i = 1; i < ticks.length; i++) if (ticks[i] > ticks[i - 1]) gaps.push(ticks[i] - ticks[i - 1]);
	gaps.sort((a, b) => a - b);
	return () => gaps[gaps.length >> 1] || 1;
}

/* The rows of several groups as one list in time order. */
function rowsOf(groups) {
	if (groups.length === 1) {
		const [{ ticks, rowNodes, rowValues }] = groups;

		return { ticks, nodes: rowNodes, values: rowValues };
	}
	const order = [];

	groups.forEach(({ ticks }, group) => ticks.forEach((tick, row) => order.push([tick, group, row])));
	order.sort((a, b) => a[0] - b[0]);
	return {
		ticks: Uint32Array.from(order, ([tick]) => tick),
		nodes: Uint32Array.from(order, ([, group, row]) => groups[group].rowNodes[row]),
		values: groups[0].rowValues.map((column, type) =>
			Float64Array.from(order, ([, group, row]) => groups[group].rowValues[type][row]),
		),
	};
}

/* Boxes of one level while they are found. */
class Level {
	constructor() {
		this.x = [];
		this.end = [];
		this.node = [];
	}

	add(x, end, node) {
		this.x.push(x);
		this.end.push(end);
		this.node.push(node);
	}
}

/* Calls each(from, to, node) for every sample in turn: to the next one, when that is near, or as long as it
 * stands for. Samples of one tick (binned ones) share what there is. */
function eachSample({ ticks, nodes, values }, span, each) {
	const n = ticks.length;

	for (let i = 0; i < n; ) {
		let end = i,
			length = 0;

		for (; end < n && ticks[end] === ticks[i]; end++) length += span(values, end);
		length = Math.max(length, 1);
		const gap = end < n ? ticks[end] - ticks[i] : Infinity;
		const width = gap < 2 * length ? gap : length,
			part = width / (end - i);

		for (let row = i; row < end; row++)
			each(
				ticks[i] + (row - i) * part,
				row + 1 < end ? ticks[i] + (row + 1 - i) * part : ticks[i] + width,
				nodes[row],
			);
		i = end;
	}
}

function finish(levels, frame) {
	const n = levels.reduce((sum, level) => sum + level.x.length, 0);
	const chart = {
		n,
		x: new Float64Array(n),
		total: new Float64Array(n),
		node: new Uint32Array(n),
		frame: new Uint32Array(n),
		levels: new Uint32Array(levels.length + 1),
	};
	let at = 0;

	levels.forEach((level, d) => {
		for (let i = 0; i < level.x.length; i++, at++) {
			chart.x[at] = level.x[i];
			chart.total[at] = level.end[i] - level.x[i];
			chart.node[at] = level.node[i];
			chart.frame[at] = frame[level.node[i]];
		}
		chart.levels[d + 1] = at;
	});
	return chart;
}

/* The chart of some groups (of one thread) over the profile's nodes. Consecutive samples whose stacks begin
 * alike are one box as far as they do. Level 0 is not the root but what runs innermost: a line that says it
 * all when there is no room for more. */
export function chartOf(groups, { parent, frame, shown }, depth, spanFor) {
	const rows = rowsOf(groups),
		span = spanFor(rows.ticks);
	const levels = [new Level()],
		open = [],
		since = [];
	let deep = 0, /* levels that are open */
		leaf = -1,
		leafSince = 0,
		before = -1;
	const close = (to, end) => {
		for (; deep > to; deep--) levels[deep].add(since[deep], end, open[deep]);
	};

	eachSample(rows, span, (from, to, sampled) => {
		const goesOn = from <= before,
			node = shown ? shown[sampled] : sampled;
		let at = node,
			common = depth[node];

		while (common > 0 && !(goesOn && common <= deep && open[common] === at)) {
			at = parent[at];
			common--;
		}
		close(common, before);
		at = node;
		for (let d = depth[node]; d > common; d--, at = parent[at]) {
			while (levels.length <= d) levels.push(new Level());
			open[d] = at;
			since[d] = from;
		}
		deep = depth[node];
		if (leaf >= 0 && !(goesOn && leaf === node)) {
			levels[0].add(leafSince, before, leaf);
			leaf = -1;
		}
		if (leaf < 0) {
			leaf = node;
			leafSince = from;
		}
		before = to;
	});
	close(0, before);
	if (leaf >= 0) levels[0].add(leafSince, before, leaf);
	return finish(levels, frame);
}
