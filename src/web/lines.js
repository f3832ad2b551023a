// SPDX-License-Identifier: Apache-2.0
// What each source line of a function cost: of the threads, the time and the kinds that are chosen. No DOM here.
//
// lines: see decodeLines() in data.js. It is a profile of its own, whose frames are lines of functions, and is weighed as
// the other one is.

import { functionTotals, weigh, without } from 'sonde/model';
import { during } from 'sonde/time';

const AROUND = 3; /* as many lines without any cost are shown beside one that has some */

/* What became of a source file: render/html_source.c numbers them. */
export const HERE = 0,
	MISSING = 1,
	YOUNGER = 2,
	NO_SOURCE = 3,
	NO_ROOM = 4;

/* What each line cost by itself and with what it called, once a sample: .self and .total by its frames. range: in ticks of
 * the profile, or null. */
export function weighLines(lines, { types, frames, tickNs }, { type, chosen, range, hidden }) {
	const scale = lines.tickNs ? tickNs / lines.tickNs : 1;
	const within = range && { from: Math.round(range.from * scale), to: Math.round(range.to * scale) };
	const { n, of } = lines.frames;
	let tree = weigh({ nodes: lines.nodes, types }, during(lines.groups, within), type, chosen);

	if (hidden.size)
		tree = without(
			tree,
			of.map((frame) => frames.kind[frame]),
			hidden,
			n,
		);
	return functionTotals(tree, n);
}

/* The same of both sides of a diff, as parts of the base's whole cost: .self and .total are of both on average, .now is the
 * new side's. */
export function weighSides(lines, profile, diff, hidden) {
	const [base, now] = [0, 1].map((side) => {
		const { self, total } = weighLines(lines, profile, { type: side, chosen: null, range: null, hidden }),
			factor = diff.factor[side] * profile.types[side].scale;

		return { self: self.map((value) => value * factor), total: total.map((value) => value * factor) };
	});

	return {
		self: now.self.map((value, i) => (value + base.self[i]) / 2),
		total: now.total.map((value, i) => (value + base.total[i]) / 2),
		now,
	};
}

/* How much a row matters: what it cost; of two sides, how much that changed. */
function weightOf({ self, total, now }) {
	return now ? [Math.abs(now.self - self), Math.abs(now.total - total)] : [self, total];
}

function isHeavier(row, other) {
	const [self, total] = weightOf(row),
		[otherSelf, otherTotal] = weightOf(other);

	return self > otherSelf || (self === otherSelf && total > otherTotal);
}

/* A function's frames among the lines, in the order of its lines; those of unknown lines first. */
function framesOf({ frames }, frame) {
	const list = [];

	for (let i = 1; i < frames.n; i++) if (frames.of[i] === frame) list.push(i);
	return list.sort((a, b) => frames.line[a] - frames.line[b]);
}

/* The source file of a function: its number, 0 for none. */
function sourceOf({ frames }, list) {
	const i = list.find((at) => frames.source[at]);

	return i === undefined ? 0 : frames.source[i];
}

/* The lines of a function that cost something, in order, and those around them as far as their text is known:
 *   { line, self, total, text, gap }      self and total 0: only beside one; gap: lines before it are left out
 * and of two sides .now = { self, total }, too. .file is its source (see decodeLines()), or null; .best is the row that cost
 * most by itself, or changed most; -1 for none. */
export function rowsOf(lines, sums, frame) {
	const list = framesOf(lines, frame),
		file = lines.sources[sourceOf(lines, list) - 1] || null,
		text = new Map(file ? Array.from(file.line, (line, i) => [line, file.text[i]]) : []);
	const rows = new Map();
	const add = (line) => {
		const row = { line, self: 0, total: 0, text: text.get(line) };

		if (sums.now) row.now = { self: 0, total: 0 };
		rows.set(line, row);
	};

	for (const i of list) {
		const line = lines.frames.line[i];

		if (!(sums.total[i] > 0)) continue;
		if (line)
			for (let at = Math.max(1, line - AROUND); at <= line + AROUND; at++)
				if (text.has(at) && !rows.has(at)) add(at);
		if (!rows.has(line)) add(line);
		const row = rows.get(line);

		row.self += sums.self[i];
		row.total += sums.total[i];
		if (!row.now) continue;
		row.now.self += sums.now.self[i];
		row.now.total += sums.now.total[i];
	}
	const sorted = [...rows.values()].sort((a, b) => a.line - b.line);
	let best = -1;

	sorted.forEach((row, i) => {
		row.gap = i > 0 && sorted[i - 1].line > 0 && row.line > sorted[i - 1].line + 1;
		if (row.total > 0 && (best < 0 || isHeavier(row, sorted[best]))) best = i;
	});
	return { rows: sorted, file, best };
}
