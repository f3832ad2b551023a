// SPDX-License-Identifier: Apache-2.0
// What a page says in words: what was sampled and what was lost, the legend, help, a frame's story.

import { amount, count, share } from 'sonde/names';
import { KINDS } from 'sonde/palette';

export function make(tag, text, className) {
	const node = document.createElement(tag);

	if (text !== undefined) node.textContent = text;
	if (className) node.className = className;
	return node;
}

const TITLES = {
	cpu: 'CPU time',
	'cpu-clock': 'CPU time',
	'task-clock': 'CPU time',
	samples: 'Samples',
	time: 'Time',
	wall: 'Wall time',
	off_cpu: 'Off-CPU time',
	alloc_space: 'Allocated memory',
	inuse_space: 'Memory in use',
	alloc_objects: 'Allocations',
	inuse_objects: 'Objects in use',
	contentions: 'Contentions',
	delay: 'Waiting time',
	goroutine: 'Goroutines',
	threadcreate: 'Threads created',
};

export function typeWords({ type }) {
	return TITLES[type] || type || 'Value';
}

function clock(ns) {
	return ns ? amount(ns, 'nanoseconds') : '';
}

function diffFacts(diff) {
	const side = (words, { samples, total, runs }) => [
		`${diff.unit === 'count' ? '' : `${amount(total, diff.unit)}, `}${count(samples)} samples` +
			(runs > 1 ? ` in ${runs} runs` : ''),
		words,
	];
	const noise =
		diff.noise.basis === 'runs'
			? `run to run, ${diff.noise.ratio.toFixed(1)} × sampling`
			: `one run a side, ${diff.noise.ratio.toFixed(1)} × sampling`;

	return [side('base', diff.base), side('new', diff.new), [noise, 'noise (variance)']];
}

/* Facts of the head: [value, words]. */
function factsOf({ meta }) {
	const facts = [];

	if (meta.diff) return diffFacts(JSON.parse(meta.diff));
	/* the page's title says it, too, unless it was given one */
	if (meta.what && meta.what !== meta.title) facts.push([meta.what, '']);
	/* without a count (Go's heap, mutex, goroutines) there are only rows */
	const thing = meta.counted === '0' ? 'stack' : 'sample';

	facts.push([count(Number(meta.samples)), meta.samples === '1' ? thing : `${thing}s`]);
	if (Number(meta.duration_ns))
		facts.push([
			clock(Number(meta.duration_ns)),
			/^[0-9]/.test(meta.rate || '') ? `at ${meta.rate}` : meta.rate || 'long',
		]);
	else if (meta.rate) facts.push([meta.rate, '']);
	if (meta.filter) facts.push([meta.filter, 'filter']);
	if (Number(meta.recorded))
		facts.push([
			share(Number(meta.complete), Number(meta.recorded)),
			'complete stacks',
		]);
	if (Number(meta.frames))
		facts.push([share(Number(meta.frames_named), Number(meta.frames)), 'frames named']);
	if (meta.tier) facts.push([meta.tier, 'tier']);
	if (Number(meta.negative)) facts.push(['', 'values below zero are not drawn']);
	if (Number(meta.folded))
		facts.push(['', 'runtime’s own frames hidden: --native shows them']);
	return facts;
}

function lossWords({ meta, drops }) {
	const lost = drops.reduce((sum, drop) => sum + drop.count, 0),
		events = Number(meta.events);

	if (lost)
		return {
			warn: true,
			text: `${share(lost, events)} lost`,
			more: `: ${count(lost)} of ${count(events)} events`,
		};
	const cut = Number(meta.recorded) - Number(meta.complete);

	if (cut > 0 && cut > 0.005 * Number(meta.recorded))
		return { warn: true, text: `${count(cut)} stacks cut short` };
	return events ? { warn: false, text: 'No event lost' } : null;
}

/* Fills the page's first line. */
export function showFacts(profile) {
	const { meta } = profile,
		list = document.getElementById('facts');
	const badge = document.getElementById('loss'),
		loss = lossWords(profile);

	list.replaceChildren(
		...factsOf(profile).map(([value, words]) => {
			const pair = make('div');

			pair.title = `${value} ${words}`.trim();
			pair.append(make('dt', words), make('dd', value));
			return pair;
		}),
	);
	badge.hidden = !loss;
	if (loss) {
		badge.replaceChildren(
			`${loss.warn ? '⚠' : '✓'} ${loss.text}`,
			make('span', loss.more || '', 'long'),
		);
		badge.classList.toggle('warn', loss.warn);
		badge.title = 'About this profile';
	}
}

/* The legend, largest first. sums: self by kind; seen: of which kinds there is a frame at all, if only as a caller;
 * toggled(kind) hides or shows one. */
export function showLegend(box, sums, seen, whole, hidden, fills, toggled) {
	const kinds = KINDS.map((kind, index) => ({ ...kind, index, sum: sums[index] }))
		.filter(({ index }) => seen[index] || hidden.has(index))
		.sort((a, b) => b.sum - a.sum);
	const buttons = kinds.map(({ words, index, sum }) => {
		const button = make('button'),
			swatch = make('i', undefined, 'swatch');

		button.type = 'button';
		button.setAttribute('aria-pressed', String(hidden.has(index)));
		button.dataset.kind = KINDS[index].id;
		button.title = hidden.has(index)
			? 'Hidden: press to show these frames again'
			: 'Share of self time or cost. Press to hide these frames: what they cost then counts for their callers';
		swatch.style.background = fills[index * 3];
		button.append(
			swatch,
			make('span', words),
			make('small', hidden.has(index) ? 'hidden' : share(sum, whole)),
		);
		button.addEventListener('click', () => toggled(index));
		return button;
	});

	box.replaceChildren(...buttons);
}

const DIFF_KEYS = [
	['d b w a', 'difference, base, new, all three at once (zoomed together)'],
];

const DIFF_READING = [
	'Red got more, blue got less, the darker the more (5, 15, 40, 100 %); grey is what did not change, or by no more than noise. A box has the width of both sides on average, so that what is new (with an edge) and what is gone (with a broken edge) can be seen.',
	'Percentages are parts of what the base cost altogether. The sentence at the top names what changed beyond noise.',
];

/* The legend of a difference. */
export function showDiffLegend(box, fills, diff) {
	const add = (words, numbers, className) => {
		const span = make('span', undefined, 'tints');

		for (const number of numbers) {
			const swatch = make('i', undefined, `swatch ${className || ''}`);

			swatch.style.background = fills[number];
			span.append(swatch);
		}
		span.append(words);
		return span;
	};
	const less = diff.unit.endsWith('seconds') ? 'faster' : 'less',
		more = diff.unit.endsWith('seconds') ? 'slower' : 'more';

	box.replaceChildren(
		add(less, [8, 7, 6, 5]),
		add('within noise', [0]),
		add(more, [1, 2, 3, 4]),
		add('new', [9], 'new'),
		add('gone', [10], 'gone'),
	);
}

const KEYS = [
	['/', 'search: a name or a regular expression (/x/i for flags)'],
	['n', 'next match, the widest first; N the one before'],
	['← ↑ ↓ →', 'move from box to box'],
	['Enter', 'zoom to the box; a click does the same'],
	['Backspace', 'zoom out by one caller'],
	['Esc', 'close, or show everything, or end the search'],
	['i', 'inverted: functions by self, callers growing from them'],
	['c', 'callers and callees of the chosen function, call sites merged'],
	['f', 'flip: root at the bottom or at the top'],
	['1 2 3 4', 'flame graph, inverted, sandwich, table'],
	['5 6', 'heat map, thread lanes (where samples have times)'],
	['v', 'the next thing that was counted: CPU time, samples, bytes, ...'],
	['g', 'grouped: a box at the root for each process, thread, value of a label; again for the next'],
	['l', 'what each source line of the chosen function cost'],
	['y', 'copy the zoomed part as folded stacks'],
	['s', 'save this picture as SVG'],
	['t', 'dark or light'],
	['?', 'this page'],
];

const SEVERAL_KEYS = [[', .', 'the profile before, the next one']];

const READING = [
	'Each box is a function; the boxes below it (flipped: above it) are what it called. A box is as wide as its share of what was measured, so look for wide boxes with little under them.',
	'Left to right is not time: callees are sorted, the widest first. Time has an axis of its own above the picture, where samples have times: click a second or drag over a part of it to see that alone.',
	'Total is a function with all it called, self is the function alone. In the table a function counts once for each sample, however often it recurs in the stack.',
	'Colours are kinds of code, named in the legend. Press a kind there to leave its frames out. Shades within a colour mean nothing; they keep neighbours apart.',
];

function pairs(list) {
	const box = make('dl');

	for (const [term, words] of list) {
		const dt = make('dt');

		if (term instanceof Node) dt.append(term);
		else dt.textContent = term;
		box.append(dt, make('dd', words));
	}
	return box;
}

/* Everything that is known of how the profile was taken. */
function aboutOf({ meta, drops, types, groups, frames, nodes }) {
	const rows = [];
	const add = (term, words) => words && rows.push([term, words]);

	add('Sampled', meta.what);
	add('Machine', meta.host);
	add(
		'Taken',
		Number(meta.start_wall_ns)
			? new Date(Number(meta.start_wall_ns) / 1e6)
					.toISOString()
					.replace('T', ' ')
					.replace(/\.\d+Z/, ' UTC')
			: '',
	);
	add('Duration', clock(Number(meta.duration_ns)));
	add('Rate', meta.rate);
	add('Method', meta.tier);
	if (Number(meta.folded))
		add('Hidden', 'the language runtime’s own frames; sonde flame --native shows them');
	add('Measured', types.map((type) => `${type.type} (${type.unit})`).join(', '));
	add('Size', `${count(frames.n - 1)} functions, ${count(nodes.n - 1)} call paths`);
	const threads = new Set(groups.map(({ pid, tid, thread }) => `${pid} ${tid} ${thread}`)).size;

	add('Threads', threads > 1 ? count(threads) : '');
	for (const key of (meta.keys_left_out || '').split('\n'))
		add(
			'Not to be grouped by',
			key && `${key}, which has too many values for a page; sonde flame --by KEY groups by it`,
		);
	if (Number(meta.events)) {
		add(
			'Events',
			`${count(Number(meta.events))} = ${count(Number(meta.recorded))} recorded` +
				drops
					.map((drop) => ` + ${count(drop.count)} ${drop.reason}`)
					.join(''),
		);
		add(
			'Complete stacks',
			`${share(Number(meta.complete), Number(meta.recorded))} reach their thread's root`,
		);
		add('Named frames', share(Number(meta.frames_named), Number(meta.frames)));
	}
	for (const line of (meta.comments || '').split('\n')) add('Note', line);
	add('Written by', `Sonde ${meta.version}`);
	return rows;
}

export function fillHelp(dialog, profile, several) {
	const about = make('h3', 'About this profile');
	const title = make('h2', 'How to read this page'),
		close = make('button', '✕', 'plain close');

	about.id = 'about';
	title.id = 'help-title';
	close.type = 'button';
	close.setAttribute('aria-label', 'Close');
	close.addEventListener('click', () => dialog.close());
	dialog.replaceChildren(
		close,
		title,
		...(profile.meta.diff ? DIFF_READING : []).map((text) => make('p', text)),
		...READING.map((text) => make('p', text)),
		make('h3', 'Keys'),
		pairs(
			[
				...KEYS,
				...(several ? SEVERAL_KEYS : []),
				...(profile.meta.diff ? DIFF_KEYS : []),
			].map(([key, words]) => {
				const keys = make('span');

				for (const one of key.split(' '))
					keys.append(make('kbd', one), ' ');
				return [keys, words];
			}),
		),
		about,
		pairs(aboutOf(profile)),
	);
}

/* The box beside the pointer. */
export function fillTip(tip, story) {
	const table = make('table');

	for (const [words, part, value] of story.rows || [
		['Total', story.totalShare, story.total],
		['Self', story.selfShare, story.self],
	]) {
		const row = table.insertRow();

		row.append(make('th', words), make('td', part, 'share'), make('td', value));
	}
	if (story.ofParent)
		table.insertRow().append(
			make('th', 'Of caller'),
			make('td', story.ofParent, 'share'),
			make('td', ''),
		);
	const where = make('div', undefined, 'where'),
		swatch = make('i', undefined, 'swatch');

	swatch.style.background = story.colour;
	where.append(
		swatch,
		[story.kind, story.place, story.module].filter((text) => text).join('  ·  '),
	);
	tip.replaceChildren(
		make('div', story.name, 'name'),
		table,
		...(story.verdict ? [make('div', story.verdict, 'verdict')] : []),
		...(story.kind || story.place ? [where] : []),
	);
}

/* The same in the line at the foot. */
export function fillDetails(box, story) {
	const name = make('span', undefined, 'name'),
		swatch = make('i', undefined, 'swatch');
	const value = (words, part, amountText) => {
		const span = make('span', `${words} `);

		span.append(make('b', part), amountText ? ` ${amountText}` : '');
		return span;
	};

	swatch.style.background = story.colour;
	name.append(swatch, story.name.slice(0, 1000));
	name.title = story.name.slice(0, 5000);
	box.replaceChildren(
		name,
		...(story.rows || [
			['Total', story.totalShare, story.total],
			['Self', story.selfShare, story.self],
		]).map(([words, part, text]) => value(words, part, text)),
		...(story.verdict ? [make('span', story.verdict, 'verdict')] : []),
		make(
			'span',
			[story.kind, story.place, story.module]
				.filter((text) => text)
				.join('  ·  '),
			'place',
		),
	);
}
