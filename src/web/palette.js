// SPDX-License-Identifier: Apache-2.0
// Colours by kind of frame. Kinds differ in lightness too, so that they stay apart for colour-blind
// readers; within a kind three close shades, picked by module and name, separate neighbours.

/* In the order of enum frame_kind (src/model/frames.h). */
export const KINDS = [
	{ id: 'none', words: 'Kind not recorded', light: '#f0b890', dark: '#8e5147' },
	{ id: 'kernel', words: 'Kernel', light: '#f58b96', dark: '#8d0936' },
	{ id: 'native', words: 'Native code', light: '#d09f5d', dark: '#a2690a' },
	{ id: 'library', words: 'System library', light: '#edcc66', dark: '#586010' },
	{ id: 'jit', words: 'JIT compiled', light: '#4abba9', dark: '#197f6a' },
	{ id: 'c1', words: 'JIT: C1', light: '#c3dc78', dark: '#55701a' },
	{ id: 'c2', words: 'JIT: C2', light: '#6cbf6f', dark: '#1f7a33' },
	{ id: 'sparkplug', words: 'JIT: Sparkplug', light: '#c3dc78', dark: '#55701a' },
	{ id: 'maglev', words: 'JIT: Maglev', light: '#98cf80', dark: '#3a7526' },
	{ id: 'turbofan', words: 'JIT: TurboFan', light: '#6cbf6f', dark: '#1f7a33' },
	{ id: 'interpreted', words: 'Interpreted', light: '#7dc9ff', dark: '#003d7d' },
	{ id: 'runtime', words: 'Runtime / GC', light: '#b89ed9', dark: '#765f9c' },
	{ id: 'unknown', words: 'Unknown, the name says why', light: '#d2d5da', dark: '#3d4857' },
];

export const GROUP = KINDS.length; /* of the boxes that a grouping puts at the root */

export function kindWords(kind) {
	return kind === GROUP ? '' : KINDS[kind].words;
}

export const SHADES = 3;
export const GREY = KINDS.length * SHADES; /* what a search left aside */
export const ROOT = GREY + 1;
export const DIFF = ROOT + 1; /* the first of a diff's: in the order of diff.js, as in svg.css */

const TINTS = {
	light: ['#e3e5e9', '#fbdcd3', '#f6b5a4', '#ee8670', '#e0573f', '#d8e6f8', '#aecdf2', '#7aaee8', '#4a8fdd', '#e0573f', '#4a8fdd'],
	dark: ['#3a3e46', '#5b3a36', '#7d3f37', '#a33f33', '#c2382a', '#2f4258', '#2c547e', '#2467a5', '#1d76c4', '#c2382a', '#1d76c4'],
};

function mix(colour, other, part) {
	const channel = (text, at) => parseInt(text.slice(at, at + 2), 16);

	return (
		'#' +
		[1, 3, 5]
			.map((at) =>
				Math.round(
					channel(colour, at) * (1 - part) +
						channel(other, at) * part,
				)
					.toString(16)
					.padStart(2, '0'),
			)
			.join('')
	);
}

/* As a canvas keeps it, on the little-endian machines that browsers run on. */
function toPixel(colour) {
	return (
		(0xff000000 |
			(parseInt(colour.slice(5, 7), 16) << 16) |
			(parseInt(colour.slice(3, 5), 16) << 8) |
			parseInt(colour.slice(1, 3), 16)) >>>
		0
	);
}

/* The fill of each colour number, and the other colours of a drawing. */
export function palette(dark) {
	const fills = [];

	for (const kind of KINDS)
		fills.push(
			kind[dark ? 'dark' : 'light'],
			mix(
				kind[dark ? 'dark' : 'light'],
				dark ? '#000000' : '#ffffff',
				dark ? 0.08 : 0.14,
			),
			mix(
				kind[dark ? 'dark' : 'light'],
				dark ? '#000000' : '#ffffff',
				dark ? 0.16 : 0.28,
			),
		);
	fills.push(dark ? '#262a31' : '#e9ebef', dark ? '#5a6678' : '#c3cad6');
	fills.push(...TINTS[dark ? 'dark' : 'light']);
	return {
		fills,
		pixels: Uint32Array.from(fills, toPixel),
		text: dark ? '#ffffff' : '#1a1a1a',
		faint: dark ? '#8b93a1' : '#727a87',
		mark: dark ? '#ffffff' : '#101418',
		back: dark ? '#14171c' : '#ffffff',
		edges: { [DIFF + 9]: dark ? '#ffc9bd' : '#7a1608', [DIFF + 10]: dark ? '#b9d6fb' : '#123f78' },
	};
}

function hash(text) {
	let h = 2166136261;

	for (let i = 0; i < text.length && i < 64; i++)
		h = Math.imul(h ^ text.charCodeAt(i), 16777619);
	return (h ^ (h >>> 15)) >>> 0;
}

/* The colour number of each frame. */
export function colourFrames(frames, strings) {
	const colours = new Uint8Array(frames.n),
		known = new Int8Array(strings.length).fill(-1);

	for (let i = 0; i < frames.n; i++) {
		const name = frames.name[i];

		if (known[name] < 0) known[name] = hash(strings[name]) % SHADES;
		colours[i] =
			frames.kind[i] === GROUP
				? ROOT
				: Math.min(frames.kind[i], KINDS.length - 1) * SHADES + known[name];
	}
	colours[0] = ROOT;
	return colours;
}
