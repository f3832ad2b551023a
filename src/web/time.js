// SPDX-License-Identifier: Apache-2.0
// When samples were taken: what a range of time holds. Ranges are { from, to } in ticks (see data.js),
// `to` is not in them. No DOM here.

/* The first of ascending numbers that is not below `least`. */
export function lowerBound(numbers, least) {
	let lo = 0,
		hi = numbers.length;

	while (lo < hi) {
		const middle = (lo + hi) >> 1;

		if (numbers[middle] < least) lo = middle + 1;
		else hi = middle;
	}
	return lo;
}

/* The groups as they are within a range: nodes and values of its samples, a node as often as it was seen. Views
 * of the same memory, so that a choice costs nothing until it is summed. */
export function during(groups, range) {
	if (!range) return groups;
	return groups.map((group) => {
		const lo = lowerBound(group.ticks, range.from),
			hi = lowerBound(group.ticks, range.to);

		return {
			...group,
			nodes: group.rowNodes.subarray(lo, hi),
			values: group.rowValues.map((column) => column.subarray(lo, hi)),
		};
	});
}

/* ---- the axis ---- */

const SECOND = 1e9;
const COARSER = [10 * SECOND, 60 * SECOND, 600 * SECOND, 3600 * SECOND, 86400 * SECOND];
const COLUMNS_MOST = 600;
const COLUMNS_LEAST = 4;
const ROWS = [50, 25, 20, 10, 5, 2, 1];

/* How time is cut: columns of a second (of a power of ten below for what is short, of minutes for what is
 * long), each into rows; all in ticks. Bins are whole ticks, so that a choice of bins is exact.
 *   from             where the first column begins
 *   column, bin      their lengths; rows = column / bin
 *   columns, bins    how many */
export function gridOf(groups, tickNs, durationNs) {
	let first = Infinity,
		last = 0;

	for (const { ticks } of groups) {
		if (!ticks.length) continue;
		first = Math.min(first, ticks[0]);
		last = Math.max(last, ticks[ticks.length - 1]);
	}
	const duration = durationNs / tickNs;
	/* what only the end of a recording was kept of should not be a speck on an empty axis */
	const begin = first > last / 2 ? first : 0;
	const end = Math.max(last + 1, begin === 0 && duration < 100 * last ? duration : 0);
	const length = (end - begin) * tickNs;
	let columnNs = SECOND;

	while (length < COLUMNS_LEAST * columnNs && columnNs > tickNs) columnNs /= 10;
	for (const coarser of COARSER) if (length > COLUMNS_MOST * columnNs) columnNs = coarser;
	const column = Math.max(1, Math.round(columnNs / tickNs));
	const rows = ROWS.find((n) => column % n === 0);
	const from = Math.floor(begin / column) * column;
	const columns = Math.max(1, Math.ceil((end - from) / column));

	return { from, column, bin: column / rows, rows, columns, bins: columns * rows, tickNs };
}

/* What was spent in each bin, by the chosen groups (a Set of indexes, or null for all). */
export function binned(groups, type, chosen, grid) {
	const sums = new Float64Array(grid.bins),
		{ from, bin } = grid;

	groups.forEach(({ ticks, rowValues }, index) => {
		if (chosen && !chosen.has(index)) return;
		const values = rowValues[type];

		for (let i = 0; i < ticks.length; i++)
			sums[Math.floor((ticks[i] - from) / bin)] += values[i];
	});
	return sums;
}

/* The bins [a, b] in either order -> a range. */
export function rangeOfBins(grid, a, b) {
	return {
		from: grid.from + Math.min(a, b) * grid.bin,
		to: grid.from + (Math.max(a, b) + 1) * grid.bin,
	};
}

/* The bin a tick is in, of those there are. */
export function binOf(grid, tick) {
	return Math.max(0, Math.min(grid.bins - 1, Math.floor((tick - grid.from) / grid.bin)));
}

/* ---- words ---- */

/* Nanoseconds as `sonde report --time` takes them: "2.5s". */
export function seconds(ns) {
	return `${(ns / SECOND).toFixed(9).replace(/\.?0+$/, '')}s`;
}

/* "2.5s..4s", "..4s". */
export function rangeText({ from, to }, tickNs) {
	return `${from > 0 ? seconds(from * tickNs) : ''}..${seconds(to * tickNs)}`;
}

const UNITS = { '': SECOND, s: SECOND, ms: 1e6, m: 60 * SECOND, h: 3600 * SECOND };

function nanoseconds(text) {
	const parts = /^(\d+(?:\.\d*)?|\.\d+)(s|ms|m|h|)$/.exec(text);

	return parts ? Number(parts[1]) * UNITS[parts[2]] : NaN;
}

/* The other way; null for what is no range. */
export function rangeFrom(text, tickNs) {
	const [begin, end, more] = String(text).split('..');
	const from = begin ? Math.round(nanoseconds(begin) / tickNs) : 0,
		to = end ? Math.round(nanoseconds(end) / tickNs) : 2 ** 32;

	return end !== undefined && more === undefined && from >= 0 && to > from ? { from, to } : null;
}

/* "2.5 s", with as many digits as `stepNs` needs. */
export function offsetWords(ns, stepNs) {
	const digits = Math.max(0, Math.min(9, -Math.floor(Math.log10(stepNs / SECOND) + 1e-9)));

	return `${(ns / SECOND).toFixed(digits)} s`;
}

/* The time of day in UTC, as a report's head says it: "14:03:07.5". */
export function clockWords(startNs, ns, stepNs) {
	const at = new Date((startNs + ns) / 1e6),
		whole = at.toISOString().slice(11, 19);
	const digits = Math.max(0, Math.min(3, -Math.floor(Math.log10(stepNs / SECOND) + 1e-9)));

	return digits ? `${whole}.${at.toISOString().slice(20, 20 + digits)}` : whole;
}

/* Where labels stand on an axis: multiples of 1, 2 or 5 times a power of ten, at least `least` apart. */
export function labelStep(least) {
	const power = 10 ** Math.floor(Math.log10(least));

	return [1, 2, 5, 10].map((n) => n * power).find((step) => step >= least);
}
