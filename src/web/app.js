// SPDX-License-Identifier: Apache-2.0
// The flame graph page: reads the profile, then passes clicks and keys on to the Page.

import { copy, copyFolded, save } from 'sonde/giving';
import { fillHelp, showFacts, typeWords } from 'sonde/head';
import { stackOf } from 'sonde/model';
import { harmless } from 'sonde/names';
import { Page } from 'sonde/page';
import { Profiles } from 'sonde/profiles';

const $ = (id) => document.getElementById(id);
const SEARCH_WAIT_MS = 120; /* typing on must not wait for a search of millions of nodes */
const darkScheme = matchMedia('(prefers-color-scheme: dark)');

function wireButtons(page) {
	const on = (id, act) => $(id).addEventListener('click', act);

	document.querySelectorAll('#views button').forEach((button) =>
		button.addEventListener('click', () =>
			page.go(
				button.dataset.view,
				button.dataset.view === 'sandwich' ? page.current : 0,
			),
		),
	);
	document.querySelectorAll('#pictures button').forEach((button) =>
		button.addEventListener('click', () => page.show(button.dataset.picture)),
	);
	on('flip', () => act.f(page));
	on('reset', () => page.unzoom());
	on('theme', () => act.t(page));
	on('help-open', () => $('help').showModal());
	on('next', () => page.step(1));
	on('previous', () => page.step(-1));
	on('copy', () => copyFolded(page));
	on('save', () => save(page));
	on('focus', () => page.go('sandwich', page.current));
	on('copy-name', () => copy(page, page.nameOf(page.current), 'the name'));
	on('alike', () => {
		$('query').value = page
			.nameOf(page.current)
			.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
			.replace(/^.*$/s, '^$&$')
			.slice(0, 2000);
		page.search($('query').value);
	});
	$('type').addEventListener('change', () => page.measure(Number($('type').value)));
	$('by').addEventListener('change', () => page.groupBy($('by').value));
	$('profiles').addEventListener('change', () => page.switchTo(Number($('profiles').value)));
	on('loss', () => {
		$('help').showModal();
		$('about').scrollIntoView();
	});
	$('help').addEventListener('click', (event) => event.target === $('help') && $('help').close());
	let timer = 0;

	$('query').addEventListener('input', () => {
		clearTimeout(timer);
		timer = setTimeout(() => page.search($('query').value), SEARCH_WAIT_MS);
	});
	$('query').addEventListener('keydown', (event) => {
		if (event.key === 'Enter') {
			clearTimeout(timer);
			if (page.query !== $('query').value) page.search($('query').value);
			page.step(event.shiftKey ? -1 : 1);
		} else if (event.key === 'Escape') {
			$('query').value = '';
			page.search('');
			$('stage').focus({ preventScroll: true });
		}
	});
	darkScheme.addEventListener('change', () => page.setTheme(page.theme));
	addEventListener('hashchange', () => page.restore());
}

/* What keys do when no field has the focus. */
const act = {
	'/': () => $('query').select() || $('query').focus(),
	n: (page) => page.step(1),
	N: (page) => page.step(-1),
	i: (page) => page.go(page.view === 'inverted' ? 'graph' : 'inverted'),
	c: (page) => page.go('sandwich', page.current),
	f: (page) => {
		page.up = !page.up;
		page.showView(page.path());
	},
	t: (page) => {
		page.setTheme(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark');
		page.remember();
	},
	y: (page) => copyFolded(page),
	s: (page) => save(page),
	'?': () => $('help').showModal(),
	d: (page) => page.show('diff'),
	b: (page) => page.show('base'),
	w: (page) => page.show('new'),
	a: (page) => page.show('all'),
	v: (page) => page.measure(),
	g: (page) => page.groupBy(),
	l: (page) => page.lines.toggle(),
	',': (page) => page.switchTo(page.index - 1),
	'.': (page) => page.switchTo(page.index + 1),
	1: (page) => page.go('graph'),
	2: (page) => page.go('inverted'),
	3: (page) => page.go('sandwich', page.current),
	4: (page) => page.go('table'),
	5: (page) => page.time.toggle('heat'),
	6: (page) => page.time.toggle('lanes'),
	Escape: (page) => {
		if (page.threads.close()) return;
		if (page.lines.close()) return;
		if (!$('reset').disabled) page.unzoom();
		else if (page.query) page.search(($('query').value = ''));
		else if (page.time.range) page.time.choose(null);
	},
	Enter: (page) => page.stage.picked && page.stage.zoom(page.stage.picked),
	Backspace: ({ pane, stage }) => {
		const spot = { pane, node: pane.node ? pane.tree.parent[pane.node] : 0 };

		stage.zoom(spot);
		stage.pick(spot);
	},
};

for (const key of ['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight'])
	act[key] = ({ stage, view }) => {
		if (view === 'table') return;
		const spot = stage.neighbour(key);

		stage.pick(spot);
		stage.reveal(spot);
	};

function wireKeys(page) {
	addEventListener('keydown', (event) => {
		const { target } = event,
			field = target.closest('input, select, textarea, dialog');
		const scrolling = target.closest('#lines-rows') && /^(Arrow|Page|Home|End| )/.test(event.key);
		const pressing =
			target.closest('button, summary') &&
			(event.key === 'Enter' || event.key === ' ');

		if (
			event.ctrlKey ||
			event.metaKey ||
			event.altKey ||
			pressing ||
			scrolling ||
			(field && event.key !== 'Escape') ||
			$('help').open ||
			target.id === 'query' ||
			!Object.hasOwn(act, event.key)
		)
			return;
		event.preventDefault();
		act[event.key](page);
	});
}

/* What tests and the curious may use from outside. */
function hook(page, timing) {
	const spotOf = (names, which) => {
		const pane = (which === undefined ? page.stage.main : page.stage.panes[which]);
		let node = 0;

		for (const name of names) {
			let next = -1;

			for (
				let i = pane.tree.first[node];
				i < pane.tree.first[node + 1] && next < 0;
				i++
			)
				if (
					pane.tree.total[i] > 0 &&
					page.nameOf(pane.tree.frame[i]) === name
				)
					next = i;
			if (next < 0) return null;
			node = next;
		}
		return { pane, node };
	};

	window.sonde = {
		ready: true,
		timing,
		page,
		state: () => ({
			view: page.view,
			picture: page.picture,
			up: page.up,
			query: page.query,
			profile: page.profiles.names[page.index],
			type: page.type,
			hidden: [...page.hidden],
			threads: page.threads.text,
			by: page.by ? page.by.id : '',
			theme: document.documentElement.dataset.theme,
			path: stackOf(page.pane.tree, page.pane.node).map((node) =>
				page.nameOf(page.pane.tree.frame[node]),
			),
			fn: page.fn ? page.nameOf(page.fn) : '',
			lines: page.lines.open ? page.nameOf(page.lines.frame) : '',
			matched: page.hit ? page.share / page.whole : null,
			range: page.time.text.range,
			time: page.time.mode,
			matches: page.found ? page.found.count : 0,
			match: page.at,
			whole: page.whole,
			draws: page.stage.draws,
			drawMs: page.stage.drawMs,
			moving: Boolean(page.stage.motion),
		}),
		/* The node at a point of the window. */
		at: (x, y) => {
			const spot = page.stage.spotOf({ clientX: x, clientY: y });

			return spot && !spot.note
				? {
						...page.story(spot),
						path: stackOf(spot.pane.tree, spot.node).map(
							(node) =>
								page.nameOf(
									spot.pane.tree.frame[node],
								),
						),
					}
				: spot;
		},
		/* Where the box of a path of names is in the window, or null. */
		box: (names, which) => {
			const spot = spotOf(names, which),
				box = spot && page.stage.boxOf(spot);
			const at = $('stage').getBoundingClientRect();

			return (
				box && {
					x: at.left + box.left,
					y: at.top + box.top - $('stage').scrollTop,
					width: box.width,
					height: box.height,
				}
			);
		},
		zoom: (names, which) => page.stage.zoom(spotOf(names, which)),
	};
}

/* What a profile brings with it: the words of the head, the menus, the help. */
function introduce(page) {
	const { profile, profiles } = page;

	$('pictures').hidden = !page.diff;
	document.body.classList.toggle('diff', Boolean(page.diff));
	$('profiles').value = String(page.index);
	$('type').replaceChildren(
		...profile.types.map((type, index) => new Option(typeWords(type), index)),
	);
	$('type').hidden = profile.types.length < 2 || Boolean(page.diff);
	$('by').replaceChildren(
		new Option('Not grouped', ''),
		...profile.groupings.map(({ id, words }) => new Option(`By ${harmless(words)}`, id)),
	);
	$('by').hidden = !profile.groupings.length || Boolean(page.diff);
	showFacts(profile);
	fillHelp($('help'), profile, profiles.n > 1);
}

async function start() {
	const timing = { start: performance.now() };
	const profiles = await Profiles.of(document.querySelectorAll('.packed'), $('names'), document.querySelectorAll('script.lines'));

	$('profiles').append(...profiles.names.map((name, index) => new Option(harmless(name), index)));
	$('profiles').hidden = profiles.n < 2;
	document.documentElement.dataset.theme = darkScheme.matches ? 'dark' : 'light';
	const page = new Page(profiles, (loaded) => {
		timing.decoded = performance.now();
		introduce(loaded);
	});

	wireButtons(page);
	wireKeys(page);
	await page.restore();
	timing.usable = performance.now();
	hook(page, timing);
	$('stage').focus({ preventScroll: true });
}

start().catch((error) => {
	$('wait').textContent =
		`This page cannot be read: ${error.message}. It may have been cut short when it was ` +
		'copied; write it again with "sonde flame".';
	window.sonde = { ready: true, error: String(error) };
});
