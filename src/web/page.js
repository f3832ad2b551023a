// SPDX-License-Identifier: Apache-2.0
// What the page shows and why: the view, the zoom, the search, what is hidden; no listening here.

import * as diff from 'sonde/diff';
import * as fragment from 'sonde/fragment';
import { makeGroupings, weighBy } from 'sonde/groups';
import { fillDetails, fillTip, make, showDiffLegend, showLegend, typeWords } from 'sonde/head';
import * as model from 'sonde/model';
import { LinesPanel } from 'sonde/linespanel';
import { amount, count, harmless, share } from 'sonde/names';
import { DIFF, GREY, KINDS, colourFrames, kindWords, palette } from 'sonde/palette';
import { Pane, Stage } from 'sonde/stage';
import { FunctionTable } from 'sonde/table';
import { ThreadPicker } from 'sonde/threads';
import { TimePanel } from 'sonde/timepanel';

const $ = (id) => document.getElementById(id);
const VIEWS = ['graph', 'inverted', 'sandwich', 'table'];
const CALLEES_MOST = 30;
const darkScheme = matchMedia('(prefers-color-scheme: dark)');

/* What the comparison said of a function. */
function verdictWords(row, number) {
	const q = `p ${diff.chance(number.q)}`;

	return {
		changed: row.changed === 'total' ? `changed with all it calls, ${q}` : `changed, ${q}`,
		follows: 'moved because of what changed',
		noise: `function within noise, ${q}`,
		untested: 'too few samples to tell',
	}[number.verdict];
}

export class Page {
	/* profiles: see profiles.js; loaded(): called whenever another one is shown. */
	constructor(profiles, loaded) {
		this.profiles = profiles;
		this.loaded = loaded;
		this.index = -1;
		this.view = 'graph';
		this.up = false;
		this.query = '';
		this.theme = '';
		this.stage = new Stage($('stage'), (frame) => this.nameOf(frame), {
			hover: (spot, event) => this.tip(spot, event),
			select: (spot) => this.describe(spot),
			zoom: () => this.zoomed(),
		});
		this.table = new FunctionTable(
			$('table'),
			{
				name: (frame) => this.nameOf(frame),
				module: (frame) => this.moduleOf(frame),
				location: (frame) => this.placeOf(frame),
				colour: (frame) => this.colours.fills[this.colourOf[frame]],
			},
			(frame, open) => this.chooseFunction(frame, open),
		);
		this.threads = new ThreadPicker($('threads-open'), $('threads'), (chosen) => {
			this.chosen = chosen;
			this.weighAgain();
		});
		this.time = new TimePanel(this);
		this.lines = new LinesPanel(this);
	}

	/* Another profile: what is known of the one before is forgotten. */
	load(profile, index) {
		profile.groupings ??= makeGroupings(profile);
		const { frames, strings } = profile;

		this.profile = profile;
		this.index = index;
		this.diff = diff.readDiff(profile);
		this.rowOf = this.table.rowOf = this.diff ? diff.rowFinder(this.diff, profile) : null;
		this.picture = 'diff';
		this.trees = null;
		this.names = new Map();
		this.colourOf = colourFrames(frames, strings);
		this.keys = new Map();
		this.type = this.defaultType;
		this.chosen = null;
		this.by = null;
		this.hidden = new Set();
		this.fn = 0;
		this.hit = null;
		this.found = null;
		this.at = -1;
		this.tipped = null;
		this.threads.setGroups(profile.groups);
		for (const type of profile.types) type.asked = profile.meta.unit;
		this.time.load(profile);
		this.lines.load();
		this.loaded(this);
	}

	/* Who spent what, in the time that is chosen. */
	get groups() {
		return this.time.chosen(this.profile.groups);
	}

	get defaultType() {
		return Number(this.profile.meta.type) || 0;
	}

	/* ---- words ---- */

	nameOf(frame) {
		let name = this.names.get(frame);

		if (name === undefined) {
			const { frames, strings } = this.profile;

			name = frame
				? harmless(strings[frames.name[frame]]).trim() || '[no name]'
				: 'all';
			this.names.set(frame, name);
		}
		return name;
	}

	moduleOf(frame) {
		const { frames, strings } = this.profile,
			path = strings[frames.module[frame]];

		return harmless(path.slice(path.lastIndexOf('/') + 1));
	}

	placeOf(frame) {
		const { frames, strings } = this.profile,
			file = strings[frames.file[frame]];

		return file
			? harmless(file) + (frames.line[frame] ? `:${frames.line[frame]}` : '')
			: '';
	}

	amount(value) {
		const { unit, scale, asked } = this.profile.types[this.type];

		if (this.isOfTwo(this.tree)) return '';

		return amount(value * scale, unit, asked);
	}

	/* Whether a tree is that of a difference, whose values are parts of the base's whole cost. */
	isOfTwo(tree) {
		return Boolean(tree && tree.now);
	}

	/* What both sides cost, for a reader: [words, share, amount]. */
	twoSides(base, now, self) {
		const { types } = this.profile,
			{ factor } = this.diff;
		const value = (part, side) => amount(part / factor[side], types[side].unit, types[side].asked);

		return [
			[self ? 'Base self' : 'Base', diff.percent(base), value(base, 0)],
			[self ? 'New self' : 'New', diff.percent(now), value(now, 1)],
			[
				self ? 'Change of self' : 'Change',
				`${diff.points(now - base)} points`,
				diff.ofItself(base, now),
			],
		];
	}

	/* A node for a reader. */
	story({ pane, node, when }) {
		const { tree } = pane,
			frame = tree.frame[node],
			total = tree.total[node];

		if (this.isOfTwo(tree)) return this.storyOfTwo(pane, node);
		const self =
			this.view === 'inverted' || pane.callers ? null : model.selfOf(tree, node);

		return {
			name: this.nameOf(frame),
			colour: this.colours.fills[this.colourOf[frame]],
			total: this.amount(total),
			totalShare: share(total, this.whole),
			self: self === null ? '' : this.amount(self),
			selfShare: self === null ? '–' : share(self, this.whole),
			ofParent:
				node && !pane.callers
					? share(total, tree.total[tree.parent[node]])
					: '',
			kind: frame ? kindWords(this.profile.frames.kind[frame]) : '',
			place: frame ? this.placeOf(frame) : '',
			module: frame ? this.moduleOf(frame) : '',
			verdict: when,
		};
	}

	/* The same of a difference. */
	storyOfTwo({ tree }, node) {
		const frame = tree.frame[node],
			[base, now] = diff.sidesOf(tree, node);
		const row = frame ? this.rowOf(frame) : null,
			number = row && (row.changed === 'self' ? row.self : row.total);
		const noise =
			tree.tint[node] === diff.SAME && base !== now ? 'this place is within noise' : '';

		return {
			name: this.nameOf(frame),
			colour: this.colours.fills[DIFF + tree.tint[node]],
			rows: this.twoSides(base, now),
			kind: frame ? kindWords(this.profile.frames.kind[frame]) : '',
			verdict: [row ? verdictWords(row, number) : '', noise].filter((text) => text).join('; '),
			place: frame ? this.placeOf(frame) : '',
			module: frame ? this.moduleOf(frame) : '',
		};
	}

	line(tree, node) {
		if (this.isOfTwo(tree)) {
			const [base, now] = diff.sidesOf(tree, node);

			return (
				`${this.nameOf(tree.frame[node])}: ${diff.percent(base)} to ${diff.percent(now)}, ` +
				`${diff.points(now - base)} points`
			);
		}
		return (
			`${this.nameOf(tree.frame[node])}: ${this.amount(tree.total[node])}, ` +
			`${share(tree.total[node], this.whole)}`
		);
	}

	/* ---- what is shown ---- */

	get whole() {
		return this.base.total[0];
	}

	get colours() {
		return palette(document.documentElement.dataset.theme === 'dark');
	}

	/* Weights changed: another type, other threads, other kinds left out. */
	weighAgain() {
		const { profile } = this,
			path = this.path();

		if (this.diff) {
			this.trees = this.trees || diff.threeTrees(profile, this.diff);
			this.type = this.picture === 'new' ? 1 : 0;
			this.base = this.trees[this.picture === 'all' ? 'diff' : this.picture];
		} else {
			this.base = this.by
				? weighBy(profile, this.groups, this.type, this.chosen, this.by)
				: model.weigh(profile, this.groups, this.type, this.chosen);
		}
		this.tree = this.hidden.size
			? this.tinted(
					model.without(
						this.base,
						profile.frames.kind,
						this.hidden,
						profile.frames.n,
					),
				)
			: this.base;
		this.sums = null;
		this.threads.weigh(
			this.groups.map((group) =>
				group.values[this.type].reduce((sum, value) => sum + value, 0),
			),
			profile.types[this.type],
		);
		this.showTitle();
		this.showView(path);
		this.searchAgain();
		this.time.weigh();
		this.lines.changed();
		$('wait').hidden = this.whole > 0;
		$('wait').textContent = this.time.range ? 'No samples in the chosen time.' : 'This profile holds no samples.';
		this.later();
	}

	/* Apart by something: by its id, '' for nothing, or what comes next. */
	groupBy(id) {
		const { groupings } = this.profile;

		if (this.diff) return;
		this.by =
			id === undefined
				? groupings[groupings.indexOf(this.by) + 1] || null
				: groupings.find((grouping) => grouping.id === id) || null;
		this.weighAgain();
		this.say(this.by ? `By ${this.by.words}` : 'All together');
	}

	showTitle() {
		const { meta, types } = this.profile,
			name = this.profiles.names[this.index];

		$('title').textContent = meta.title || `${typeWords(types[this.type])} profile`;
		document.title = (name ? `${name}: ` : '') + $('title').textContent;
		$('type').value = String(this.type);
		$('by').value = this.by ? this.by.id : '';
		$('by').classList.toggle('on', Boolean(this.by));
	}

	/* Another value type: by its number, or the next one. */
	measure(type = (this.type + 1) % this.profile.types.length) {
		if (this.diff || type === this.type) return;
		this.type = type;
		this.weighAgain();
	}

	/* A merged tree with its tints, where it is of two sides. */
	tinted(tree) {
		return this.isOfTwo(tree) ? diff.tint(this.diff, tree) : tree;
	}

	/* Totals by function, made when they are first asked for. */
	get totals() {
		if (!this.sums) this.sums = model.functionTotals(this.tree, this.profile.frames.n);
		return this.sums;
	}

	/* After the picture stands: what takes a moment more. */
	later() {
		clearTimeout(this.laterTimer);
		this.laterTimer = setTimeout(() => {
			this.showLegend();
			this.showTable();
		}, 30);
	}

	showLegend() {
		const { frames } = this.profile;

		if (this.isOfTwo(this.tree)) {
			showDiffLegend($('legend'), this.colours.fills.slice(DIFF), this.diff);
			return;
		}
		const sums = model.kindTotals(frames, this.totals.self, KINDS.length),
			seen = model.kindTotals(frames, this.totals.total, KINDS.length).map(Boolean);

		showLegend(
			$('legend'),
			sums,
			seen,
			this.whole,
			this.hidden,
			this.colours.fills,
			(kind) => {
				if (!this.hidden.delete(kind)) this.hidden.add(kind);
				this.weighAgain();
			},
		);
	}

	showTable() {
		if ($('table').hidden) return;
		this.table.show({
			totals: this.totals,
			whole: this.whole,
			hit: this.hit,
			...this.profile.types[this.type],
		});
		this.table.select(this.fn);
	}

	panes() {
		const n = this.profile.frames.n,
			{ tree } = this;

		if (this.view === 'inverted')
			return [new Pane(this.tinted(model.inverted(tree, n)), { up: this.up })];
		if (this.view === 'graph' && this.picture === 'all' && this.diff)
			return this.threePanes();
		if (this.view !== 'sandwich') return [new Pane(tree, { up: this.up })];
		const callers = new Pane(this.tinted(model.callersOf(tree, this.fn, n)), {
			up: true,
			bare: true,
		});

		callers.callers = true;
		return [callers, new Pane(this.tinted(model.calleesOf(tree, this.fn, n)))];
	}

	/* One above the other. The difference is what keys and the search go by. */
	threePanes() {
		const { trees, up } = this;

		return [
			new Pane(trees.diff, { up, caption: 'Difference' }),
			new Pane(trees.base, { up, caption: 'Base' }),
			new Pane(trees.new, { up, caption: 'New' }),
		];
	}

	showView(path = '') {
		const { view } = this;

		if (view === 'sandwich' && !this.fn && this.diff)
			this.fn = Math.max(0, this.colourOf.findIndex((colour, frame) => frame && this.rowOf(frame)?.changed));
		if (view === 'sandwich' && !this.fn)
			this.fn = this.totals.self.reduce(
				(best, value, frame, all) => (value > all[best] ? frame : best),
				1,
			);
		document.querySelectorAll('#views button').forEach((button) =>
			button.setAttribute('aria-pressed', String(button.dataset.view === view)),
		);
		document.querySelectorAll('#pictures button').forEach((button) =>
			button.setAttribute(
				'aria-pressed',
				String(button.dataset.picture === this.picture),
			),
		);
		document.querySelector('main').classList.toggle('both', view === 'sandwich');
		$('table').hidden = view !== 'table' && view !== 'sandwich';
		$('picture').hidden = view === 'table';
		$('flip').disabled = view === 'table' || view === 'sandwich';
		$('flip').textContent = this.up ? 'Root at top' : 'Root at bottom';
		const panes = this.panes();

		this.stage.show(panes, this.look(panes));
		const pane = this.stage.main;
		const node = fragment.follow(pane.tree, (frame) => this.keyOf(frame), path);

		if (node) {
			this.stage.picked = { pane, node };
			this.stage.zoom({ pane, node }, { jump: true });
		}
		this.heading();
		this.describe({ pane, node }, true);
		this.showTable();
		this.zoomed();
	}

	heading() {
		const box = $('heading'),
			{ view } = this;

		box.hidden = view !== 'sandwich' && !this.stage.panes.some((pane) => pane.tree.cut);
		box.replaceChildren();
		if (view === 'sandwich') {
			const places = model.placesOf(this.tree, this.fn).length;

			box.append(
				make('b', this.nameOf(this.fn).slice(0, 200)),
				` — callers above, callees below; ${places === 1 ? 'one call path' : `${count(places)} call paths merged`}`,
			);
		}
		if (this.stage.panes.some((pane) => pane.tree.cut))
			box.append(' — the deepest levels are left out: too many to merge');
	}

	look(panes = this.stage.panes) {
		const { colours, colourOf, hit } = this;

		for (const { tree } of panes)
			if (this.isOfTwo(tree))
				tree.shade = tree.tint.map((tint, node) =>
					hit && !hit[tree.frame[node]] ? GREY : DIFF + tint,
				);
		const group = hit
			? colourOf.map((colour, frame) => (hit[frame] ? colour : GREY))
			: colourOf;

		return { colours, group, hit };
	}

	/* Another picture of a diff, at the same place. */
	show(picture) {
		if (!this.diff || picture === this.picture) return;
		this.picture = picture;
		this.weighAgain();
	}

	go(view, fn) {
		if (fn) this.fn = fn;
		this.view = view;
		this.showView();
		this.findNodes();
		if (view !== 'table') $('stage').focus({ preventScroll: true });
	}

	chooseFunction(frame, open) {
		this.fn = frame;
		if (this.view === 'sandwich') {
			this.showView();
			this.findNodes();
		} else if (open) {
			this.go('sandwich', frame);
		} else {
			this.table.select(frame);
			this.describeFunction(frame);
		}
	}

	/* ---- what is pointed at and chosen ---- */

	/* Where a path leads; apart by label, within the first value where it leads furthest. */
	follow(tree, path) {
		const starts = [];
		let best = 0,
			most = -1;

		for (let i = tree.first[0]; this.by && i < tree.first[1]; i++) starts.push(i);
		for (const start of this.by ? starts : [0]) {
			const node = fragment.follow(tree, (frame) => this.keyOf(frame), path, start),
				length = model.stackOf(tree, node).length;

			if (length > most) [best, most] = [node, length];
		}
		return best;
	}

	/* Chooses a box of the flame graph by the path to it, and brings it into sight. */
	reveal(path) {
		if (this.view !== 'graph') this.go('graph');
		const pane = this.stage.main,
			spot = { pane, node: this.follow(pane.tree, path) };

		if (pane.node && !this.stage.boxOf(spot)) this.stage.zoom({ pane, node: 0 }, { jump: true });
		this.stage.pick(spot);
		this.stage.reveal(spot);
	}

	tip(spot, event) {
		const tip = $('tip');

		tip.hidden = !spot || !event || event.pointerType === 'touch';
		if (tip.hidden) return;
		if (
			!this.tipped ||
			this.tipped.node !== spot.node ||
			this.tipped.pane !== spot.pane
		)
			fillTip(tip, this.story(spot));
		this.tipped = spot;
		this.placeTip(event);
	}

	/* Words beside the pointer; '' for none. */
	tipOf(words, event) {
		const tip = $('tip');

		this.tipped = null;
		tip.hidden = !words || event.pointerType === 'touch';
		if (tip.hidden) return;
		tip.replaceChildren(make('div', words));
		this.placeTip(event);
	}

	placeTip(event) {
		const tip = $('tip'),
			x = event.clientX + 14,
			y = event.clientY + 18;
		const left = Math.min(x, innerWidth - tip.offsetWidth - 8);
		const top =
			y + tip.offsetHeight > innerHeight - 8
				? event.clientY - tip.offsetHeight - 10
				: y;

		tip.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`;
	}

	/* What a reader who sees this for the first time may want to know. */
	get hint() {
		if (this.view === 'table' || this.diff) return '';
		return this.view === 'inverted'
			? 'Functions by what they cost themselves, their callers below. A click zooms in.'
			: 'The wider a box, the more it cost with all it calls. A click zooms in.';
	}

	describe(spot, quiet) {
		const { pane, node } = spot,
			{ tree } = pane,
			frame = tree.frame[node];

		fillDetails($('details'), { ...this.story(spot), ...(node ? {} : { place: this.hint }) });
		for (const id of ['focus', 'alike', 'copy-name']) $(id).hidden = !frame;
		const callees = [];

		for (
			let i = tree.first[node];
			i < tree.first[node + 1] && callees.length < CALLEES_MOST;
			i++
		)
			if (tree.total[i] > 0) callees.push(i);
		this.lines.describe(frame);
		$('callees').hidden = !callees.length;
		$('callees').open = false;
		$('callees').querySelector('summary').textContent =
			pane.callers || (this.view === 'inverted' && node)
				? 'Callers ▴'
				: 'Calls ▴';
		$('callees')
			.querySelector('ul')
			.replaceChildren(...callees.map((callee) => this.callee(pane, callee)));
		if (!quiet)
			$('live').textContent = `${this.line(tree, node)}; calls ${
				callees.length === CALLEES_MOST
					? 'many functions'
					: `${callees.length} function${callees.length === 1 ? '' : 's'}`
			}`;
	}

	callee(pane, node) {
		const item = make('li'),
			button = make('button');

		button.type = 'button';
		const [base, now] = this.isOfTwo(pane.tree) ? diff.sidesOf(pane.tree, node) : [0, 0];

		button.append(
			make('span', this.nameOf(pane.tree.frame[node]).slice(0, 300)),
			make(
				'b',
				this.isOfTwo(pane.tree)
					? diff.points(now - base)
					: share(pane.tree.total[node], this.whole),
			),
		);
		button.addEventListener('click', () => {
			this.stage.pick({ pane, node });
			this.stage.reveal({ pane, node });
		});
		item.append(button);
		return item;
	}

	describeFunction(frame) {
		const { self, total, now } = this.totals;

		if (now) {
			const row = this.rowOf(frame);

			fillDetails($('details'), {
				name: this.nameOf(frame),
				colour: this.colours.fills[this.colourOf[frame]],
				rows: [
					...this.twoSides(
						...diff.clean(2 * total[frame] - now.total[frame], now.total[frame]),
					),
					...this.twoSides(
						...diff.clean(2 * self[frame] - now.self[frame], now.self[frame]),
						true,
					).slice(2),
				],
				kind: kindWords(this.profile.frames.kind[frame]),
				verdict: row ? verdictWords(row, row.changed === 'self' ? row.self : row.total) : '',
				place: this.placeOf(frame),
				module: this.moduleOf(frame),
			});
		} else fillDetails($('details'), {
			name: this.nameOf(frame),
			colour: this.colours.fills[this.colourOf[frame]],
			total: this.amount(total[frame]),
			totalShare: share(total[frame], this.whole),
			self: this.amount(self[frame]),
			selfShare: share(self[frame], this.whole),
			kind: kindWords(this.profile.frames.kind[frame]),
			place: this.placeOf(frame),
			module: this.moduleOf(frame),
		});
		for (const id of ['focus', 'alike', 'copy-name']) $(id).hidden = false;
		this.lines.describe(frame);
		$('callees').hidden = true;
		$('live').textContent =
			`${this.nameOf(frame)}: total ${share(total[frame], this.whole)}, ` +
			`self ${share(self[frame], this.whole)}`;
	}

	/* The function that "callers and callees", "copy name" and the like are about. */
	get current() {
		const spot = this.stage.picked;

		return this.view === 'table' ? this.fn : spot ? spot.pane.tree.frame[spot.node] : 0;
	}

	zoomed() {
		$('reset').disabled = this.stage.panes.every((pane) => pane.node === 0);
		this.remember();
	}

	get pane() {
		const { stage } = this;

		return (stage.picked && stage.picked.pane) || stage.main;
	}

	unzoom() {
		for (const pane of this.stage.panes)
			if (pane.node) this.stage.zoom({ pane, node: 0 });
		this.describe({ pane: this.pane, node: 0 });
		this.stage.picked = null;
		this.stage.outline();
	}

	/* ---- search ---- */

	search(text) {
		this.query = text;
		this.searchAgain();
		this.remember();
	}

	searchAgain() {
		const { frames } = this.profile,
			query = model.compileQuery(this.query);

		this.wrong = query && query.error;
		this.hit =
			query && !query.error
				? model.matchFrames(query, frames, this.profile.strings)
				: null;
		this.at = -1;
		this.stage.restyle(this.look());
		this.time.restyle();
		this.findNodes();
		this.showTable();
	}

	/* Matches of the tree in view; in a sandwich those of what is called. */
	findNodes() {
		const pane = this.stage.main;

		this.at = -1;
		this.found = this.hit ? model.search(pane.tree, this.hit) : null;
		if (!this.hit) this.share = 0;
		else if (pane.tree === this.tree) this.share = this.found.matched;
		else this.share = model.search(this.tree, this.hit).matched;
		this.showMatches();
	}

	showMatches() {
		const box = $('matched'),
			{ found } = this,
			any = Boolean(found && found.nodes.length);

		box.replaceChildren();
		box.classList.toggle('wrong', Boolean(this.wrong));
		$('query').setAttribute('aria-invalid', String(Boolean(this.wrong)));
		$('next').hidden = $('previous').hidden = !any || this.view === 'table';
		if (this.wrong) box.textContent = this.wrong;
		else if (found)
			box.append(
				make('b', share(this.share, this.whole)),
				' matched' +
					(any && this.view !== 'table'
						? ` · ${this.at < 0 ? '' : `${count(this.at + 1)} of `}${count(found.count)}`
						: ''),
			);
	}

	step(by) {
		const { found, stage } = this;

		if (!found || !found.nodes.length || this.view === 'table') return;
		const n = found.nodes.length;

		this.at = this.at < 0 ? (by > 0 ? 0 : n - 1) : (this.at + by + n) % n;
		const spot = {
			pane: stage.main,
			node: found.nodes[this.at],
		};

		if (spot.pane.node && !stage.boxOf(spot))
			stage.zoom({ pane: spot.pane, node: 0 }, { jump: true });
		stage.pick(spot);
		stage.reveal(spot);
		this.showMatches();
	}

	/* A sentence for eyes and for readers of screens. */
	say(text) {
		$('live').textContent = text;
		$('details').replaceChildren(make('b', text));
	}

	/* ---- the address ---- */

	keyOf(frame) {
		if (!this.keys.has(frame))
			this.keys.set(
				frame,
				fragment.frameKey(this.profile.frames, this.profile.strings, frame),
			);
		return this.keys.get(frame);
	}

	path() {
		const pane = this.stage.main;

		return pane
			? model
					.stackOf(pane.tree, pane.node)
					.map((node) => this.keyOf(pane.tree.frame[node]))
					.join('.')
			: '';
	}

	/* What is shown, as the address tells it. */
	get address() {
		const { profile, profiles, type } = this;

		return {
			profile: this.index > 0 ? profiles.names[this.index] : '',
			view: this.view === 'graph' ? '' : this.view,
			up: this.up ? '1' : '',
			theme: this.theme,
			q: this.query,
			picture: this.diff && this.picture !== 'diff' ? this.picture : '',
			type: this.diff || type === this.defaultType ? '' : profile.types[type].type,
			threads: this.threads.text,
			by: this.by ? this.by.id : '',
			hide: [...this.hidden].map((kind) => KINDS[kind].id).join(','),
			fn: this.view === 'sandwich' ? this.keyOf(this.fn) : '',
			path: this.path(),
			lines: this.lines.open ? this.keyOf(this.lines.frame) : '',
			...this.time.text,
		};
	}

	remember(address = this.address) {
		if (!this.restoring) history.replaceState(null, '', `#${fragment.write(address)}`);
	}

	/* The profile of that number, looked at in the same way. */
	async switchTo(index) {
		const { n, names } = this.profiles;

		if (index < 0 || index >= n || index === this.index) return;
		this.remember({ ...this.address, profile: names[index] });
		await this.restore();
		if (this.index === index) this.say(`Profile ${index + 1} of ${n}: ${names[index]}`);
	}

	/* A type by its name, or (older addresses) by its number. */
	typeCalled(text) {
		const { types } = this.profile,
			named = types.findIndex(({ type }) => type === text);

		return named >= 0 ? named : (types[text] ? Number(text) : this.defaultType);
	}

	/* Shows what the address says. */
	async restore() {
		const state = fragment.read(location.hash),
			index = this.profiles.indexOf(state.profile);

		if (index !== this.index) {
			const profile = await this.unpacked(index);

			if (!profile) return;
			this.load(profile, index);
		}
		this.apply(state);
	}

	/* null: overtaken by another choice, or damaged where another one is shown already. */
	async unpacked(index) {
		this.wanted = index;
		try {
			const profile = await this.profiles.get(index);

			return this.wanted === index ? profile : null;
		} catch (error) {
			if (this.index < 0) throw error;
			this.remember();
			$('profiles').value = String(this.index);
			this.say(`That profile cannot be read: ${error.message}`);
			return null;
		}
	}

	apply(state) {
		const { profile } = this;

		this.restoring = true;
		this.setTheme(['dark', 'light'].includes(state.theme) ? state.theme : '');
		this.view = VIEWS.includes(state.view) ? state.view : 'graph';
		this.up = state.up === '1';
		this.picture = diff.PICTURES.includes(state.picture) ? state.picture : 'diff';
		this.query = $('query').value = (state.q || '').slice(0, 2000);
		this.type = this.typeCalled(state.type);
		this.hidden = new Set(
			KINDS.map((kind, index) => index).filter((index) =>
				(state.hide || '').split(',').includes(KINDS[index].id),
			),
		);
		this.threads.text = state.threads;
		this.chosen = this.threads.chosen;
		this.by = profile.groupings.find(({ id }) => !this.diff && id === state.by) || null;
		this.fn = this.frameCalled(state.fn);
		this.time.restore(state);
		this.path = () => state.path || '';
		this.weighAgain();
		delete this.path;
		const lines = this.frameCalled(state.lines);

		if (this.lines.has(lines)) this.lines.openFor(lines);
		else this.lines.show(false);
		this.restoring = false;
	}

	/* By its hash in an address; 0 for none. */
	frameCalled(key) {
		const { n } = this.profile.frames;

		for (let frame = 1; key && frame < n; frame++) if (this.keyOf(frame) === key) return frame;
		return 0;
	}

	setTheme(theme) {
		this.theme = theme;
		document.documentElement.dataset.theme =
			theme || (darkScheme.matches ? 'dark' : 'light');
		if (this.base) {
			this.stage.restyle(this.look());
			this.time.restyle();
			this.showLegend();
			this.table.draw();
		}
	}
}
