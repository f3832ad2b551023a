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
