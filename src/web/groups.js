// SPDX-License-Identifier: Apache-2.0
// Apart by label: what a profile can be grouped by, and its tree with a box for each value at the root.
// No DOM here.
//
// The boxes are frames like all others, of the kind GROUP, so that search, zoom, table and address know
// nothing of them. They are made once for each profile, for all it can be grouped by.

import { firstCallees } from 'sonde/data';
import { place } from 'sonde/model';
import { GROUP } from 'sonde/palette';

const BOXES_MOST = 100; /* the others share one */
const NODES_MOST = 6e6; /* of all boxes together: what comes then shares one, too */

export function threadWords(group) {
	return (
		`${group.thread || (group.tid < 0 ? 'unknown thread' : 'thread')}` +
		(group.tid < 0 ? '' : ` ${group.tid}`)
	);
}

export function processWords(group) {
	return (
		`${group.process || (group.pid < 0 ? 'unknown process' : 'process')}` +
		(group.pid < 0 ? '' : ` ${group.pid}`)
	);
}

/* Groups numbered by what wordsOf() says of them, in their order: the costliest come first. */
function numbered(groups, id, words, wordsOf) {
	const numbers = new Map(),
		of = new Uint32Array(groups.length);

	groups.forEach((group, index) => {
		const text = wordsOf(group);

		if (!numbers.has(text)) numbers.set(text, numbers.size);
		of[index] = Math.min(numbers.get(text), BOXES_MOST);
	});
	const values = [...numbers.keys()],
		rest = values.length - BOXES_MOST;

	return {
		id,
		words,
		of,
		names: values.slice(0, BOXES_MOST).map((text) => `[${words} ${text}]`),
		rest: `[${Math.max(0, rest)} other values of ${words}]`,
		n: values.length,
	};
}

function labelled(groups, { name, values, others }, at) {
	const n = values.length;

	return {
		id: `label.${name}`,
		words: name,
		/* names: values, then none; others behind them */
		of: Uint32Array.from(groups, ({ labels }) => {
			const value = labels[at];

			return value === 0 ? n : value <= n ? value - 1 : n + 1;
		}),
		names: [...values.map((text) => `[${name} ${text}]`), `[no ${name}]`],
		rest: `[${others} other values of ${name}]`,
		n: n + 1,
	};
}

/* What the profile can be grouped by: { id, words, of: the value of each group, frames: of each value, and
 * last that of all others }. Appends these frames and their names to the profile. */
export function makeGroupings(profile) {
	const { groups, keys, frames, strings } = profile;
	const groupings = [
		numbered(groups, 'process', 'process', processWords),
		numbered(groups, 'thread', 'thread', threadWords),
		numbered(groups, 'name', 'thread name', ({ thread }) => thread || 'unknown'),
	];

	if (groupings[2].n === groupings[1].n) groupings.pop();
	const all = [
		...groupings.filter(({ n }) => n > 1),
		...keys.map((key, at) => labelled(groups, key, at)),
	];
	const names = all.flatMap((grouping) => [...grouping.names, grouping.rest]);
	const grown = { n: frames.n + names.length };

	for (const column of ['name', 'kind', 'module', 'file', 'line']) {
		grown[column] = new frames[column].constructor(grown.n);
		grown[column].set(frames[column]);
	}
	let frame = frames.n;

	for (const grouping of all) {
		grouping.frames = Uint32Array.from([...grouping.names, grouping.rest], (name) => {
			grown.name[frame] = strings.push(name) - 1;
			grown.kind[frame] = GROUP;
			return frame++;
		});
	}
	profile.frames = grown;
	return all;
}

/* The nodes that some groups have, callers before callees, with what each costs. `seen` and `sum` have a zero
 * for each node, and are left so. */
function branchOf(nodes, groups, type, seen, sum) {
	const { n, parent } = nodes,
		list = [];

	for (const group of groups) {
		const values = group.values[type];

		for (let i = 0; i < values.length; i++) {
			if (!(values[i] > 0)) continue;
			let node = group.nodes[i];

			sum[node] += values[i];
			for (; !seen[node]; node = parent[node]) {
				seen[node] = 1;
				list.push(node);
			}
		}
	}
	let ids;

	if (list.length < n / 8) {
		ids = Uint32Array.from(list).sort();
	} else {
		ids = new Uint32Array(list.length);
		for (let node = 0, at = 0; node < n; node++) if (seen[node]) ids[at++] = node;
	}
	const totals = new Float64Array(ids.length);

	for (let i = ids.length; i-- > 0;) {
		const node = ids[i];

		totals[i] = sum[node];
		if (node) sum[parent[node]] += sum[node];
		sum[node] = seen[node] = 0;
	}
	return { ids, totals };
}

/* What each value costs, costliest first, as the groups that have it. */
function valuesOf(groups, type, chosen, grouping) {
	const values = new Map();

	groups.forEach((group, index) => {
		if (chosen && !chosen.has(index)) return;
		const number = Math.min(grouping.of[index], grouping.frames.length - 1);

		if (!values.has(number)) values.set(number, { number, total: 0, groups: [] });
		const value = values.get(number);

		value.groups.push(group);
		for (const one of group.values[type]) value.total += one;
	});
	return [...values.values()].sort((a, b) => b.total - a.total || a.number - b.number);
}

function branchesOf(nodes, groups, type, chosen, grouping) {
	const seen = new Uint8Array(nodes.n),
		sum = new Float64Array(nodes.n);
	const branches = [],
		values = valuesOf(groups, type, chosen, grouping);
	const last = grouping.frames.length - 1;
	let room = NODES_MOST;

	while (values.length) {
		const value = values.shift(),
			crowded = room <= 0 && values.length > 0;
		const members = crowded ? [value, ...values.splice(0)].flatMap((one) => one.groups) : value.groups;
		const branch = branchOf(nodes, members, type, seen, sum);

		if (!branch.ids.length) continue;
		branch.frame = grouping.frames[crowded ? last : value.number];
		room -= branch.ids.length;
		branches.push(branch);
	}
	return branches;
}

/* How many nodes of each branch are on each level, added up: .levels of the whole tree. */
function layOut(nodes, branches) {
	const depth = nodes.levels.length - 1,
		levels = new Uint32Array(depth + 2);

	levels[1] = 1;
	for (const branch of branches) {
		branch.from = new Uint32Array(depth);
		for (let d = 0, at = 0; d < depth; d++) {
			const begin = at;

			while (at < branch.ids.length && branch.ids[at] < nodes.levels[d + 1]) at++;
			branch.from[d] = at - begin;
		}
	}
	for (let d = 0; d < depth; d++) {
		let at = levels[d + 1];

		for (const branch of branches) {
			const n = branch.from[d];

			branch.from[d] = at;
			at += n;
		}
		levels[d + 2] = at;
	}
	let used = depth + 2;

	while (used > 2 && levels[used - 1] === levels[used - 2]) used--;
	return levels.slice(0, used);
}

/* The weighed tree (see model.js) of the chosen groups, with a node for each value of the grouping below the
 * root. */
export function weighBy({ nodes, types }, groups, type, chosen, grouping) {
	const branches = branchesOf(nodes, groups, type, chosen, grouping);
	const levels = layOut(nodes, branches),
		n = levels[levels.length - 1];
	const Sum = types[type].total < 2 ** 32 ? Uint32Array : Float64Array;
	const tree = {
		n,
		levels,
		parent: new Uint32Array(n),
		frame: new Uint32Array(n),
		total: new Sum(n),
	};
	const renamed = new Uint32Array(nodes.n);

	for (const { ids, totals, frame, from } of branches) {
		let level = 0;

		for (let i = 0; i < ids.length; i++) {
			const node = ids[i];

			while (node >= nodes.levels[level + 1]) level++;
			const id = from[level]++;

			renamed[node] = id;
			tree.parent[id] = node ? renamed[nodes.parent[node]] : 0;
			tree.frame[id] = node ? nodes.frame[node] : frame;
			tree.total[id] = totals[i];
		}
		tree.total[0] += totals[0];
	}
	tree.first = firstCallees(tree);
	return place(tree);
}
