// SPDX-License-Identifier: Apache-2.0
// A view as the part of an address after '#': what a person can copy, keep and send.
//
//   #view=sandwich&theme=dark&q=malloc&path=1x2y3z.4a5b6c     see docs/flamegraph.md
//
// A path names frames by a short hash of what they are, so that it also leads to the same place in
// another recording of the same program. No DOM here.

const KEYS = ['profile', 'view', 'up', 'theme', 'q', 'type', 'threads', 'by', 'hide', 'fn', 'path', 'time', 'range', 'picture', 'lines'];

export function write(state) {
	return KEYS.filter((key) => state[key])
		.map((key) => `${key}=${encodeURIComponent(state[key])}`)
		.join('&');
}

/* Unknown keys and broken escapes are passed over. */
export function read(text) {
	const state = {};

	for (const part of text.replace(/^#/, '').split('&')) {
		const at = part.indexOf('='),
			key = part.slice(0, at);

		if (!KEYS.includes(key)) continue;
		try {
			state[key] = decodeURIComponent(part.slice(at + 1));
		} catch {
			/* a hand-made address: the rest of it still counts */
		}
	}
	return state;
}

/* FNV-1a over what tells a frame from others. */
export function frameKey(frames, strings, frame) {
	const text =
		`${strings[frames.name[frame]]}\n${strings[frames.module[frame]]}\n` +
		`${frames.kind[frame]}\n${frames.line[frame]}`;
	let h = 2166136261;

	for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
	return (h >>> 0).toString(36);
}

/* The node a path leads to from a node, as far as it can be followed. */
export function follow(tree, keyOf, path, from = 0) {
	let node = from;

	for (const key of path ? path.split('.') : []) {
		let next = 0;

		for (let i = tree.first[node]; i < tree.first[node + 1] && !next; i++)
			if (keyOf(tree.frame[i]) === key && tree.total[i] > 0) next = i;
		if (!next) break;
		node = next;
	}
	return node;
}
