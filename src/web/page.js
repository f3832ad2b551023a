// SPDX-License-Identifier: Apache-2.0
// What the page shows and why: the view, the zoom, the search, what is hidden; no listening here.
//
// Its other parts, one upon the other: pagewords.js, pagedetails.js, pagesearch.js, pageaddress.js.

import * as diff from 'sonde/diff';
import * as fragment from 'sonde/fragment';
import { makeGroupings, weighBy } from 'sonde/groups';
import { make, showDiffLegend, showLegend, typeWords } from 'sonde/head';
import { LinesPanel } from 'sonde/linespanel';
import * as model from 'sonde/model';
import { count } from 'sonde/names';
import { PageAddress } from 'sonde/pageaddress';
import { DIFF, GREY, KINDS, colourFrames } from 'sonde/palette';
import { Pane, Stage } from 'sonde/stage';
import { FunctionTable } from 'sonde/table';
import { ThreadPicker } from 'sonde/threads';
import { TimePanel } from 'sonde/timepanel';

const $ = (id) => document.getElementById(id);
const darkScheme = matchMedia('(prefers-color-scheme: dark)');

export class Page extends PageAddress {
	/* profiles: see profiles.js; loaded(): called whenever another one is shown. */
	constructor(profiles, loaded) {
		super();
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

	zoomed() {
		$('reset').disabled = this.stage.panes.every((pane) => pane.node === 0);
		this.remember();
	}

	unzoom() {
		for (const pane of this.stage.panes)
			if (pane.node) this.stage.zoom({ pane, node: 0 });
		this.describe({ pane: this.pane, node: 0 });
		this.stage.picked = null;
		this.stage.outline();
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
			if (this.diff && this.lines.open) this.lines.draw();
		}
	}
}
