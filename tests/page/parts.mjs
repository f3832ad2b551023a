// SPDX-License-Identifier: Apache-2.0
// The page's parts that need no browser: node --import ./modules.mjs --test parts.mjs
import assert from 'node:assert/strict';
import test from 'node:test';

import * as two from 'sonde/diff';
import * as fragment from 'sonde/fragment';
import { makeGroupings, weighBy } from 'sonde/groups';
import * as model from 'sonde/model';
import { amount, cutMiddle, harmless, share, shorten } from 'sonde/names';
import { Boxes, beyond, depthBelow, levelOf, nodeAt, sweepLevel } from 'sonde/sweep';
import { firstCallees } from 'sonde/data';
import * as chart from 'sonde/chart';
import * as time from 'sonde/time';

/* [parent, frame, self] rows, ordered by level -> a weighed tree. */
function treeOf(rows) {
	const n = rows.length,
		parent = Uint32Array.from(rows, (row) => row[0]),
		levels = [0];
	const depth = [];

	for (let i = 0; i < n; i++) {
		depth[i] = i ? depth[parent[i]] + 1 : 0;
		if (i && depth[i] !== depth[i - 1]) levels.push(i);
	}
	levels.push(n);
	const nodes = {
		n,
		parent,
		frame: Uint32Array.from(rows, (row) => row[1]),
		levels: Uint32Array.from(levels),
	};

	nodes.first = firstCallees(nodes);
	const self = rows.map((row) => row[2]);

	return model.weigh(
		{ nodes, types: [{ total: self.reduce((a, b) => a + b) }] },
		[
			{
				nodes: Uint32Array.from(rows, (row, i) => i),
				values: [Uint32Array.from(self)],
			},
		],
		0,
		null,
	);
}

/* all > main(1) > parse(2) > lex(3), main > emit(4), start(5) > parse > parse > lex */
const TREE = treeOf([
	[0, 0, 0],
	[0, 1, 0],
	[0, 5, 1],
	[1, 2, 2],
	[1, 4, 5],
	[2, 2, 0],
	[3, 3, 4],
	[5, 2, 0],
	[7, 3, 3],
]);

test('a node is as wide as what it and its callees cost, and callees stand side by side', () => {
	assert.deepEqual([...TREE.total], [15, 11, 4, 6, 5, 3, 4, 3, 3]);
	assert.deepEqual([...TREE.x], [0, 0, 11, 0, 6, 11, 0, 11, 11]);
	assert.deepEqual(
		TREE.total.map((_, i) => model.selfOf(TREE, i)).join(),
		'0,0,1,2,5,0,4,0,3',
	);
});

test('a function counts once in a stack however often it recurs', () => {
	const { self, total } = model.functionTotals(TREE, 6);

	assert.deepEqual([...total], [15, 11, 9, 7, 5, 4]);
	assert.deepEqual([...self], [0, 0, 2, 7, 5, 1]);
});

test('search sums the outermost matches only, and lists the widest first', () => {
	const hit = Uint8Array.from([0, 0, 1, 1, 0, 0]),
		{ nodes, count, matched } = model.search(TREE, hit);

	assert.equal(matched, 9);
	assert.deepEqual([...nodes], [3, 5]);
	assert.equal(count, 2);
	assert.deepEqual([...model.search(TREE, hit, 1).nodes], [3]);
	assert.equal(model.search(TREE, hit, 1).count, 2);
});

/* 1 > 2 > 1 > 1, where 1 matches. */
test('a match below another is listed too, unless it is called by it', () => {
	const tree = {
		n: 5,
		parent: Uint32Array.from([0, 0, 1, 2, 3]),
		frame: Uint32Array.from([0, 1, 2, 1, 1]),
		total: Float64Array.from([9, 8, 7, 6, 5]),
	};
	const { nodes, count, matched } = model.search(tree, Uint8Array.from([0, 1, 0]));

	assert.equal(matched, 8);
	assert.equal(count, 2);
	assert.deepEqual([...nodes], [1, 3]);
});

test('callers of a function are merged over all its call sites', () => {
	const tree = model.callersOf(TREE, 3, 6);

	assert.deepEqual([...tree.frame], [3, 2, 1, 2, 5]);
	assert.deepEqual([...tree.total], [7, 7, 4, 3, 3]);
});

test('callees of a function are merged, recursion stays visible', () => {
	const tree = model.calleesOf(TREE, 2, 6);

	assert.deepEqual([...tree.frame], [2, 3, 2, 3]);
	assert.deepEqual([...tree.total], [9, 4, 3, 3]);
	assert.equal(model.selfOf(tree, 0), 2);
});

test('the inverted tree begins with functions by their own cost', () => {
	const tree = model.inverted(TREE, 6);

	assert.equal(tree.total[0], 15);
	assert.deepEqual([...tree.frame.slice(1, 5)], [3, 4, 2, 5]);
	assert.deepEqual([...tree.total.slice(1, 5)], [7, 5, 2, 1]);
});

test('frames of a hidden kind leave what they cost to their callers', () => {
	const kinds = Uint8Array.from([0, 1, 9, 1, 1, 1]),
		tree = model.without(TREE, kinds, new Set([9]), 6);

	assert.deepEqual([...tree.frame], [0, 1, 5, 4, 3, 3]);
	assert.deepEqual([...tree.total], [15, 11, 4, 5, 4, 3]);
	assert.equal(model.selfOf(tree, 1), 2);
});

/* A level of n boxes of the given widths, with frames all of one colour. */
function row(widths) {
	const tree = treeOf([[0, 0, 0], ...widths.map((width, i) => [0, i + 1, width])]);

	return { tree, group: new Uint8Array(widths.length + 1) };
}

function swept(widths, from, to, width) {
	const { tree, group } = row(widths),
		boxes = new Boxes();

	sweepLevel(tree, boxes, 1, tree.n, 0, { from, scale: width / (to - from), width, group });
	return Array.from({ length: boxes.n }, (_, i) => [
		boxes.left[i],
		boxes.right[i],
		boxes.node[i],
		boxes.strip[i],
	]);
}

test('boxes of a pixel and more are drawn between whole pixels', () => {
	assert.deepEqual(swept([5, 3, 2], 0, 10, 100), [
		[0, 50, 1, 0],
		[50, 80, 2, 0],
		[80, 100, 3, 0],
	]);
});

test('a window shows only what is in it, cut at its edges', () => {
	assert.deepEqual(swept([5, 3, 2], 6, 8, 100), [[0, 100, 2, 0]]);
	assert.deepEqual(swept([5, 3, 2], 4, 6, 100), [
		[0, 50, 1, 0],
		[50, 100, 2, 0],
	]);
});

test('boxes narrower than a pixel are joined, and none vanishes', () => {
	assert.deepEqual(swept(Array(1000).fill(1), 0, 1000, 10), [[0, 10, 1, 1]]);
	assert.deepEqual(swept([999999, 1], 0, 1000000, 100), [[0, 100, 1, 0]]);
	assert.deepEqual(swept([1, 999999], 0, 1000000, 100), [
		[0, 1, 1, 1],
		[1, 100, 2, 0],
	]);
});

test('what a search found is seen among thousands of boxes that it left aside', () => {
	const { tree, group } = row(Array(1000).fill(1)),
		boxes = new Boxes();

	group.fill(7);
	group[555] = 3;
	sweepLevel(tree, boxes, 1, tree.n, 0, {
		from: 0,
		scale: 10 / 1000,
		width: 10,
		group,
		faint: 7,
	});
	assert.equal(boxes.n, 10);
	assert.deepEqual(
		[...boxes.node.slice(0, 10)].filter((node) => group[tree.frame[node]] === 3),
		[555],
	);
});

test('the work of a level depends on pixels, not on boxes', () => {
	const { tree, group } = row(Array(100000).fill(1)),
		boxes = new Boxes();
	let reads = 0;
	const x = new Proxy(tree.x, { get: (target, key) => (reads++, target[key]) });

	sweepLevel({ ...tree, x }, boxes, 1, tree.n, 0, {
		from: 0,
		scale: 100 / 100000,
		width: 100,
		group,
	});
	assert.ok(reads < 100 * 60, `${reads} reads`);
	assert.equal(boxes.right[boxes.n - 1], 100);
});

test('every pixel of a full row is drawn once, whatever the widths', () => {
	let seed = 7;
	const random = (n) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % n;

	for (let round = 0; round < 200; round++) {
		const widths = Array.from(
			{ length: 1 + random(80) },
			() => 1 + random(random(4) ? 10 : 5000),
		);
		let end = 0;

		for (const [left, right] of swept(
			widths,
			0,
			widths.reduce((a, b) => a + b),
			64,
		)) {
			assert.equal(left, end);
			assert.ok(right > left);
			end = right;
		}
		assert.equal(end, 64);
	}
});

test('the box at a point is found, and a near one where boxes are thin', () => {
	const { tree } = row([5, 0, 3, 2]);

	assert.equal(nodeAt(tree, 1, 5, 0, 0), 1);
	assert.equal(nodeAt(tree, 1, 5, 5.5, 0), 3);
	assert.equal(nodeAt(tree, 1, 5, 10.4, 0.5), 4);
	assert.equal(nodeAt(tree, 1, 5, 11, 0.5), -1);
	assert.equal(beyond(tree, 1, 5, 4.9), 1);
});

test('levels and depths are found', () => {
	assert.equal(levelOf(TREE, 0), 0);
	assert.equal(levelOf(TREE, 2), 1);
	assert.equal(levelOf(TREE, 8), 4);
	assert.equal(depthBelow(TREE, 0), 4);
	assert.equal(depthBelow(TREE, 1), 2);
	assert.equal(depthBelow(TREE, 8), 0);
});

for (const [name, ...forms] of [
	[
		'std::vector<int, std::allocator<int>>::push_back(int const&)',
		'std::vector::push_back',
		'vector::push_back',
		'push_back',
	],
	['io/netty/channel/nio/NioEventLoop.run', 'NioEventLoop.run', 'run'],
	['deflate_slow.part.13'],
	['ns::work.constprop.0', 'work.constprop.0'],
	['operator<<(std::ostream&, Foo const&)', 'operator<<'],
	[
		'core::ptr::drop_in_place<alloc::vec::Vec<u8>>',
		'core::ptr::drop_in_place',
		'ptr::drop_in_place',
		'drop_in_place',
	],
	['<listcomp>'],
	['app.py:Shop.price', 'Shop.price', 'price'],
	['app.py:<module>', '<module>'],
	['app.py:work.<locals>.<genexpr>', 'work.<locals>.<genexpr>', 'work.<genexpr>', '<genexpr>'],
	['<frozen os>:_Environ.get', '_Environ.get', 'get'],
	['github.com/a/b.(*T).Run', '(*T).Run', 'Run'],
	['node::(anonymous namespace)::Work(void*)', 'node::Work', 'Work'],
	['(anonymous namespace)::f(long)', 'f'],
	['(anonymous app.js:12:5)'],
	['RegExp: (ab)*c/d.e'],
	['naïve::größe'],
	['[unknown]'],
])
	test(`"${name}" is shortened where it says least`, () =>
		assert.deepEqual(shorten(name), [name, ...forms]));

test('names of thousands of characters are left to be cut in the middle', () => {
	const name = 'a<'.repeat(2500);

	assert.deepEqual(shorten(name), [name]);
	assert.equal(cutMiddle('abcdefghij', 7), 'abc…hij');
	assert.equal(cutMiddle('abcdefghij', 4), '');
});

test('marks that turn the direction of writing are made visible', () => {
	assert.equal(harmless('a\u202ecod\u2066'), 'a\ufffdcod\ufffd');
});

test('numbers are said in a unit a person reads', () => {
	assert.equal(amount(1234567, 'nanoseconds'), '1.23 ms');
	assert.equal(amount(0, 'nanoseconds'), '0');
	assert.equal(amount(1536, 'bytes'), '1.50 KiB');
	assert.equal(amount(90e9, 'nanoseconds'), '90 s');
	assert.equal(amount(999.6e6, 'nanoseconds'), '1.00 s');
	assert.equal(amount(99.96e6, 'nanoseconds'), '100 ms');
	assert.equal(amount(999.4e6, 'nanoseconds'), '999 ms');
	assert.equal(amount(3, 'milliseconds'), '3 ms');
	assert.equal(amount(3, 'megabytes'), '3 MiB');
	assert.equal(amount(12, 'allocations'), '12 allocations');
	/* as --unit of the report has it: test_views.py */
	assert.equal(amount(10000000, 'nanoseconds', 'ms'), '10.0 ms');
	assert.equal(amount(8765433, 'nanoseconds', 'us'), '8,765 µs');
	assert.equal(amount(8765433, 'nanoseconds', 's'), '0.00877 s');
	assert.equal(amount(8765433, 'nanoseconds', 'ns'), '8,765,433 ns');
	assert.equal(amount(8765433, 'bytes', 'MiB'), '8.36 MiB');
	assert.equal(amount(0, 'bytes', 'MiB'), '0');
	assert.equal(amount(8765433, 'count', 'ms'), '8,765,433');
	assert.equal(amount(1234567, 'count'), '1,234,567');
	assert.equal(share(1, 3), '33.3 %');
	assert.equal(share(1, 1000000), '<0.01 %');
	assert.equal(share(0, 0), '0 %');
	assert.equal(share(99996, 100000), '>99.9 %');
	assert.equal(share(7, 7), '100 %');
});

test('a query is a regular expression; case matters once a capital is typed', () => {
	assert.equal(model.compileQuery(''), null);
	assert.ok(model.compileQuery('read').test('vfs_Read'));
	assert.ok(!model.compileQuery('Read').test('vfs_read'));
	assert.ok(model.compileQuery('/READ/i').test('vfs_read'));
	assert.ok(model.compileQuery('^a.*z$').test('abcz'));
	assert.match(model.compileQuery('(').error, /\(/);
});

test('an address keeps a view, and survives a broken one', () => {
	const state = { view: 'table', q: 'a&b=c#d%', path: 'x.y' };

	assert.deepEqual(fragment.read(fragment.write(state)), state);
	assert.deepEqual(fragment.read('#q=%E0%A4%A&view=graph&evil=1'), { view: 'graph' });
});

/* ---- two sides ---- */

const TWO = {
	meta: {
		diff: JSON.stringify({
			per: 'total',
			base: { total: 1000, norm: 1000, weight: 1 },
			new: { total: 2000, norm: 2000, weight: 2 },
			noise: { ratio: 1 },
			functions: [{ name: 'hot', module: 'app', file: '', line: 0, changed: 'self' }],
		}),
	},
	types: [
		{ type: 'base', unit: 'count', scale: 1, total: 1000 },
		{ type: 'new', unit: 'count', scale: 1, total: 2000 },
	],
	strings: ['', 'main', 'hot', 'cold', 'gone', 'app'],
	frames: {
		n: 5,
		name: [0, 1, 2, 3, 4],
		kind: [0, 2, 2, 2, 2],
		module: [0, 5, 5, 5, 5],
		file: [0, 0, 0, 0, 0],
		line: [0, 0, 0, 0, 0],
	},
	/* all -> main -> hot, cold, gone */
	nodes: {
		n: 5,
		levels: Uint32Array.from([0, 1, 2, 5]),
		parent: Uint32Array.from([0, 0, 1, 1, 1]),
		frame: Uint32Array.from([0, 1, 2, 3, 4]),
		first: Uint32Array.from([1, 2, 5, 5, 5, 5]),
	},
	groups: [
		{
			nodes: Uint32Array.from([2, 3, 4]),
			values: [Uint32Array.from([300, 500, 200]), Uint32Array.from([1000, 1000, 0])],
		},
	],
};

test('the tree of a difference is as wide as both sides on average', () => {
	const diff = two.readDiff(TWO),
		{ diff: tree, base, new: now } = two.threeTrees(TWO, diff);

	assert.deepEqual(
		[...tree.total].map((part) => Number(part.toFixed(6))),
		[1, 1, 0.4, 0.5, 0.1],
	);
	assert.deepEqual([base.total[2], now.total[2]], [300, 1000]);
	assert.deepEqual(two.sidesOf(tree, 2).map((part) => Number(part.toFixed(6))), [0.3, 0.5]);
	assert.deepEqual([...tree.tint], [two.SAME, two.SAME, two.MORE + 2, two.SAME, two.GONE]);
});

test('a tint needs more than noise', () => {
	const diff = two.readDiff(TWO);

	/* p (1 - p) (1 / 1000 + 1 / 1000), of both sides together */
	assert.ok(Math.abs(two.errorsBetween(diff, 0.3, 0.5) - 0.2 / Math.sqrt(0.4 * 0.6 * 0.002)) < 1e-9);
	assert.equal(two.tintOf(diff, 0.3, 0.33), two.SAME);
	assert.equal(two.tintOf(diff, 0.3, 0.37), two.MORE + 1);
	assert.equal(two.tintOf(diff, 0.5, 0.2), two.LESS + 3);
	assert.equal(two.tintOf({ ...diff, noise: { ratio: 100 } }, 0.3, 0.37), two.SAME);
	assert.equal(two.tintOf(diff, 0, 0.1), two.NEW);
});

test('merged trees keep both sides apart', () => {
	const diff = two.readDiff(TWO),
		tree = model.inverted(two.threeTrees(TWO, diff).diff, 5);
	const hot = [...tree.frame].indexOf(2);

	assert.ok(Math.abs(tree.now[hot] - 0.5) < 1e-12 && Math.abs(tree.total[hot] - 0.4) < 1e-12);
	assert.equal(tree.frame[tree.first[hot]], 1);
	assert.ok(Math.abs(tree.now[tree.first[hot]] - 0.5) < 1e-12);
	const { self, now } = model.functionTotals(two.threeTrees(TWO, diff).diff, 5);

	assert.deepEqual([now.self[2], now.self[4]], [0.5, 0]);
	assert.ok(Math.abs(self[4] - 0.1) < 1e-12);
	assert.equal(two.rowFinder(diff, TWO)(2).changed, 'self');
	assert.equal(two.rowFinder(diff, TWO)(3), undefined);
});

test('changes are written with their signs', () => {
	assert.deepEqual([two.points(0.0123), two.points(-0.5), two.points(0)], ['+1.23', '−50.00', '+0.00']);
	assert.deepEqual([two.percent(0.00001), two.percent(0), two.percent(0.5)], ['<0.01 %', '0.00 %', '50.00 %']);
	assert.deepEqual([two.ofItself(0, 1), two.ofItself(1, 0), two.ofItself(2, 3), two.ofItself(1, 5)], ['new', 'gone', '+50.0 %', '+400 %']);
	assert.deepEqual([two.chance(null), two.chance(1e-9), two.chance(0.004), two.chance(0.5)], ['–', '<0.0001', '0.0040', '0.50']);
});

/* Two threads with rows at ticks 0 ... 90, nodes 1 and 2 by turns. */
const TIMED = [0, 5].map((start) => ({
	nodes: Uint32Array.from([1, 2]),
	values: [Uint32Array.from([15, 10]), Uint32Array.from([150, 100])],
	ticks: Uint32Array.from([0, 20, 40, 60, 85], (tick) => tick + start),
	rowNodes: Uint32Array.from([1, 2, 1, 2, 1]),
	rowValues: [Uint8Array.from([5, 5, 5, 5, 5]), Uint32Array.from([50, 50, 50, 50, 50])],
}));

test('a range of time holds its first tick and not its last', () => {
	const groups = time.during(TIMED, { from: 20, to: 65 });

	assert.deepEqual(groups.map((group) => [...group.nodes]), [[2, 1, 2], [2, 1]]);
	assert.deepEqual([...groups[1].values[1]], [50, 50]);
	assert.equal(time.during(TIMED, null), TIMED);
	assert.deepEqual(time.during(TIMED, { from: 91, to: 99 }).map((group) => group.nodes.length), [0, 0]);
});

test('columns are seconds, and bins whole ticks', () => {
	const grid = time.gridOf([{ ticks: Uint32Array.from([0, 9500]) }], 1e6, 12.3e9);

	assert.deepEqual([grid.column, grid.bin, grid.rows, grid.columns], [1000, 20, 50, 13]);
	const short = time.gridOf([{ ticks: Uint32Array.from([0, 9500]) }], 1e4, 0);

	assert.deepEqual([short.column * 1e4, short.bin * 1e4, short.columns], [1e7, 2e5, 10]);
	const long = time.gridOf([{ ticks: Uint32Array.from([0, 4000]) }], 1e9, 0);

	assert.deepEqual([long.column, long.bin, long.columns], [10, 1, 401]);
	const late = time.gridOf([{ ticks: Uint32Array.from([90500, 99000]) }], 1e6, 100e9);

	assert.deepEqual([late.from, late.columns], [90000, 10]);
});

test('bins hold all that the chosen threads spent', () => {
	const grid = { from: 0, bin: 30, rows: 1, columns: 4, bins: 4, column: 30, tickNs: 1 };

	assert.deepEqual([...time.binned(TIMED, 0, null, grid)], [20, 10, 15, 5]);
	assert.deepEqual([...time.binned(TIMED, 0, new Set([1]), grid)], [10, 5, 5, 5]);
	const range = time.rangeOfBins(grid, 2, 1);

	assert.deepEqual(range, { from: 30, to: 90 });
	assert.equal(time.during(TIMED, range).flatMap((group) => [...group.values[0]]).reduce((a, b) => a + b), 25);
});

test('ranges are written as the command line takes them, and read again', () => {
	assert.equal(time.rangeText({ from: 2500, to: 4000 }, 1e6), '2.5s..4s');
	assert.equal(time.rangeText({ from: 0, to: 20 }, 1e6), '..0.02s');
	for (const range of [{ from: 2500, to: 4000 }, { from: 0, to: 20 }, { from: 1, to: 3600000 }])
		assert.deepEqual(time.rangeFrom(time.rangeText(range, 1e6), 1e6), range);
	assert.deepEqual(time.rangeFrom('500ms..1m', 1e6), { from: 500, to: 60000 });
	assert.equal(time.rangeFrom('2s..', 1e6).to, 2 ** 32);
	for (const wrong of ['', '4s', '4s..2s', 'a..b', '-1s..2s', '1s..2s..3s']) assert.equal(time.rangeFrom(wrong, 1e6), null);
	assert.equal(time.clockWords(1.79e18, 7.5e9, 1e8), '14:13:27.5');
	assert.equal(time.offsetWords(2.5e9, 2e7), '2.50 s');
	assert.deepEqual([time.labelStep(3), time.labelStep(0.15), time.labelStep(7)], [5, 0.2, 10]);
});

/* all > main(1) > parse(2) > lex(3), main > emit(4) */
const CALLS = { n: 5, levels: [0, 1, 2, 4, 5], parent: [0, 0, 1, 1, 2], frame: [0, 1, 2, 4, 3] };

test('consecutive samples with a common beginning are one box as far as it goes', () => {
	const rows = {
		ticks: Uint32Array.from([0, 10, 20, 30, 100]),
		rowNodes: Uint32Array.from([4, 2, 3, 3, 4]),
		rowValues: [Uint32Array.from([10, 10, 10, 10, 10])],
	};
	const types = [{ unit: 'nanoseconds', scale: 1 }];
	const made = chart.chartOf([rows], CALLS, chart.depthsOf(CALLS), (ticks) => chart.spanOf(types, 1, '', ticks));
	const boxes = (d) =>
		Array.from({ length: made.levels[d + 1] - made.levels[d] }, (_, i) => made.levels[d] + i).map((i) => [made.frame[i], made.x[i], made.x[i] + made.total[i]]);

	assert.deepEqual(boxes(1), [[1, 0, 40], [1, 100, 110]]);
	assert.deepEqual(boxes(2), [[2, 0, 20], [4, 20, 40], [2, 100, 110]]);
	assert.deepEqual(boxes(3), [[3, 0, 10], [3, 100, 110]]);
	assert.deepEqual(boxes(0), [[3, 0, 10], [2, 10, 20], [4, 20, 40], [3, 100, 110]]);
});

test('without hidden kinds a box is as long as what is left of its stack goes on', () => {
	const rows = {
		ticks: Uint32Array.from([0, 10, 20, 30]),
		rowNodes: Uint32Array.from([4, 2, 3, 4]),
		rowValues: [Uint32Array.from([10, 10, 10, 10])],
	};
	/* parse is hidden: lex stands below main */
	const { nodes, depth } = chart.withoutKinds(CALLS, [0, 0, 3, 0, 0], new Set([3]));

	assert.deepEqual([...nodes.shown], [0, 1, 1, 3, 4]);
	assert.deepEqual([...depth], [0, 1, 2, 2, 2]);
	const made = chart.chartOf([rows], nodes, depth, () => () => 10);
	const boxes = (d) =>
		Array.from({ length: made.levels[d + 1] - made.levels[d] }, (_, i) => made.levels[d] + i).map((i) => [made.frame[i], made.x[i], made.x[i] + made.total[i]]);

	assert.deepEqual(boxes(1), [[1, 0, 40]]);
	assert.deepEqual(boxes(2), [[3, 0, 10], [4, 20, 30], [3, 30, 40]]);
	assert.equal(made.levels.length, 4);
});

test('samples of one tick share its time, and parts of a thread are put together', () => {
	const half = (ticks, nodes) => ({ pid: 1, tid: 2, process: 'p', thread: 't', ticks: Uint32Array.from(ticks), rowNodes: Uint32Array.from(nodes), rowValues: [Uint32Array.from(ticks, () => 1)] });
	const groups = [half([0, 10], [3, 3]), half([0, 20], [4, 4])];
	const [thread, ...more] = chart.threadsOf(groups);

	assert.deepEqual([thread.members, more.length], [[0, 1], 0]);
	const made = chart.chartOf(groups, CALLS, chart.depthsOf(CALLS), (ticks) => chart.spanOf([{ unit: 'count' }], 1e6, '100 Hz', ticks));

	assert.deepEqual([...made.frame.slice(0, made.levels[1])], [4, 3, 4, 3].slice(0, made.levels[1]));
	assert.deepEqual([...made.x.slice(0, made.levels[1])], [0, 5, 10, 20]);
});

/* Groups [thread, tenant, [[node, value], ...]] over TREE's nodes, as data.js makes them. */
function labelledProfile(rows, values, others = 0) {
	return {
		nodes: TREE,
		types: [{ total: 100 }],
		strings: ['', 'main', 'parse', 'lex', 'emit', 'start'],
		frames: Object.fromEntries([
			['n', 6],
			...['name', 'module', 'file', 'line'].map((key) => [key, Uint32Array.from([0, 1, 2, 3, 4, 5])]),
			['kind', new Uint8Array(6)],
		]),
		keys: [{ name: 'tenant', values, others }],
		groups: rows.map(([tid, tenant, entries]) => ({
			pid: 1,
			process: 'app',
			tid,
			thread: 'worker',
			labels: Uint32Array.of(tenant),
			nodes: Uint32Array.from(entries, ([node]) => node),
			values: [Uint32Array.from(entries, ([, value]) => value)],
		})),
	};
}

test('a grouping puts a box for each value at the root, the costliest first', () => {
	const profile = labelledProfile(
		[
			[7, 1, [[3, 2], [6, 1]]],
			[7, 0, [[4, 5], [0, 1]]],
			[8, 1, [[6, 4]]],
		],
		['acme'],
	);
	const groupings = makeGroupings(profile);

	/* both threads have one name, which is a choice less than threads: one box */
	assert.deepEqual(
		groupings.map(({ id }) => id),
		['thread', 'label.tenant'],
	);
	const tenant = groupings.find(({ id }) => id === 'label.tenant');
	const tree = weighBy(profile, profile.groups, 0, null, tenant);
	const words = (node) => profile.strings[profile.frames.name[tree.frame[node]]];
	const lines = [];

	for (let i = 1; i < tree.n; i++)
		lines.push(`${words(tree.parent[i])}>${words(i)} ${tree.total[i]} ${tree.x[i]}`);
	assert.equal(tree.total[0], 13);
	assert.deepEqual(lines, [
		'>[tenant acme] 7 0',
		'>[no tenant] 6 7',
		'[tenant acme]>main 7 0',
		'[no tenant]>main 5 7',
		'main>parse 7 0',
		'main>emit 5 7',
		'parse>lex 5 0',
	]);
	assert.deepEqual([...tree.levels], [0, 1, 3, 5, 7, 8]);
	for (let i = 1; i < tree.n; i++) assert.ok(tree.parent[i] < i);
	assert.deepEqual([...tree.first], [...firstCallees(tree)]);
});

test('a grouping counts chosen groups only, and a profile without threads has none', () => {
	const profile = labelledProfile([[7, 1, [[3, 2]]], [8, 2, [[4, 5]]]], ['acme'], 3);
	const groupings = makeGroupings(profile),
		tenant = groupings.at(-1);
	const tree = weighBy(profile, profile.groups, 0, new Set([1]), tenant);

	assert.equal(tree.total[0], 5);
	assert.equal(
		profile.strings[profile.frames.name[tree.frame[1]]],
		'[3 other values of tenant]',
	);
	const plain = labelledProfile([[7, 1, [[3, 2]]]], []);

	plain.keys = [];
	assert.deepEqual(makeGroupings(plain), []);
	assert.equal(plain.frames.n, 6);
});
