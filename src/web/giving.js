// SPDX-License-Identifier: Apache-2.0
// What the page gives away: to the clipboard, and to a file.

import { folded, svg } from 'sonde/export';
import { make } from 'sonde/head';
import { count } from 'sonde/names';

const SVG_PX = 1200;

/* what: said of it once it is copied, "the name". */
export async function copy(page, text, what) {
	let done = true;

	try {
		await navigator.clipboard.writeText(text);
	} catch {
		const area = make('textarea'); /* where the clipboard is not granted to files */

		area.value = text;
		document.body.append(area);
		area.select();
		done = document.execCommand('copy');
		area.remove();
	}
	page.say(done ? `Copied ${what}.` : 'This browser does not let the page copy.');
}

/* The zoomed part as folded stacks. */
export function copyFolded(page) {
	const { pane, profile } = page;
	const callers = pane.callers || page.view === 'inverted';
	const text = callers
		? null
		: folded(
				pane.tree,
				pane.node,
				(frame) => page.nameOf(frame),
				profile.types[page.type].scale,
			);

	page.lastCopy = text;
	if (text === null)
		page.say(
			'Too much to copy (or not a tree of calls): zoom into a part of the flame graph.',
		);
	else copy(page, text, `${count(text.split('\n').length - 1)} folded stacks`);
}

/* The picture as it stands. */
export function save(page) {
	const { stage } = page;

	if (page.view === 'table') return;
	const text = svg(stage.panes, SVG_PX, page.look(), {
		title: `${document.title}, ${page.amount(page.whole)}`,
		labels: stage.painter.labels,
		describe: (tree, node) => page.line(tree, node),
	});
	const link = make('a');

	link.href = URL.createObjectURL(new Blob([text], { type: 'image/svg+xml' }));
	link.download = 'flame.svg';
	link.click();
	setTimeout(() => URL.revokeObjectURL(link.href), 10000);
	page.say('Saved flame.svg.');
}
