// SPDX-License-Identifier: Apache-2.0
// What a view gives away: folded stacks of a subtree, and the picture as SVG. No DOM here.

import { ROW, colourOf } from 'sonde/draw';
import { selfOf, stackOf, walk } from 'sonde/model';
import { Boxes, sweepLevel } from 'sonde/sweep';

/* A copy larger than this is of no use in a clipboard and takes the browser down. */
const FOLDED_MAX = 64 << 20;

/* ';' parts frames, and a line ends a stack. */
function foldedName(name) {
	return name.replace(/;/g, ':').replace(/[\r\n]/g, ' ') || '[unknown]';
}

/* "main;parse;lex 12" for each stack through `top` that cost something by itself; null when it
 * would be too long. */
export function folded(tree, top, nameOf, scale) {
	const names = stackOf(tree, top)
		.slice(0, -1)
		.map((node) => foldedName(nameOf(tree.frame[node])));
	const lines = [];
	let length = 0;

	walk(
		tree,
		top,
		(node) => {
			if (node) names.push(foldedName(nameOf(tree.frame[node])));
			const self = selfOf(tree, node);

			if (self > 0 && node && length < FOLDED_MAX) {
				lines.push(`${names.join(';')} ${self * scale}`);
				length += lines[lines.length - 1].length;
			}
			return length < FOLDED_MAX;
		},
		(node) => {
			if (node) names.pop();
		},
	);
	return length < FOLDED_MAX ? lines.join('\n') + '\n' : null;
}

const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/* Text that XML 1.0 allows. */
function xml(text) {
	return text
		.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
		.replace(/[&<>"]/g, (c) => ESCAPES[c]);
}

/* The panes as they stand, whole height, `width` pixels wide. */
export function svg(panes, width, look, { title, labels, describe }) {
	const height = panes.reduce((sum, pane) => sum + pane.height, 0) + 2 * ROW;
	const out = [
		`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
			`viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12">`,
		`<rect width="100%" height="100%" fill="${look.colours.back}"/>`,
		`<text x="4" y="16" font-weight="600" fill="${look.colours.text}">${xml(title)}</text>`,
	];
	let top = 1.5 * ROW;

	for (const pane of panes) {
		drawPane(out, pane, top, width, look, labels, describe);
		top += pane.height;
	}
	out.push('</svg>\n');
	return out.join('\n');
}

function drawPane(out, pane, top, width, look, labels, describe) {
	const { tree } = pane,
		boxes = new Boxes(),
		scale = width / (pane.to - pane.from || 1);
	const view = { from: pane.from, scale, width, group: look.group };

	for (let row = 0; row < pane.rows; row++) {
		const level = pane.levelOf(row),
			y = top + pane.yOf(row) - pane.top;

		if (level >= 0 && level <= pane.level) boxes.add(0, width, y, pane.path[level], 0);
		else if (level >= 0) sweepLevel(tree, boxes, ...pane.rangeOf(level), y, view);
	}
	for (let i = 0; i < boxes.n; i++) {
		const frame = tree.frame[boxes.node[i]],
			wide = boxes.right[i] - boxes.left[i];
		const text = wide < 22 ? '' : labels.fit(frame, wide - 8);

		out.push(
			`<g><title>${xml(describe(tree, boxes.node[i]))}</title>` +
				`<rect x="${boxes.left[i]}" y="${boxes.row[i]}" width="${Math.max(wide - (wide > 2 ? 1 : 0), 1)}" ` +
				`height="${ROW - 1}" fill="${look.colours.fills[colourOf(tree, look.group, boxes.node[i])]}"/>` +
				(text
					? `<text x="${boxes.left[i] + 4}" y="${boxes.row[i] + 14}" ` +
						`fill="${look.colours.text}">${xml(text)}</text>`
					: '') +
				'</g>',
		);
	}
}
