// SPDX-License-Identifier: Apache-2.0
// What stands above the picture when a profile says when its samples were taken: the time axis, and below it
// nothing more, the heat map or the threads' lanes; the chosen range in words. Ties them to the page.

import { copy } from 'sonde/giving';
import { Lanes } from 'sonde/lanes';
import { stackOf } from 'sonde/model';
import { during, rangeFrom, rangeText } from 'sonde/time';
import { amount } from 'sonde/names';
import { Timeline, fillRange } from 'sonde/timeline';

const $ = (id) => document.getElementById(id);
export const MODES = ['line', 'heat', 'lanes'];
const LIVE_MS = 70; /* a picture that takes longer waits until the hand lets go */

export const WITHOUT_TIMES =
	'This profile does not say when its samples were taken. "sonde record" keeps that (of up to 1,000,000 samples, ' +
	'unless --no-times is given); folded stacks cannot hold it.';

const FINE_NS = 1e6; /* ticks are longer only where there are too many samples for these (render/html_times.c) */

function stepWords(tickNs) {
	return tickNs > FINE_NS ? `, in steps of ${tickNs < 1e9 ? `${tickNs / 1e6} ms` : `${tickNs / 1e9} s`}` : '';
}

export class TimePanel {
	constructor(page) {
		this.page = page;
		this.mode = 'line';
		this.range = null;
		this.line = new Timeline($('activity'), $('heat'), {
			range: (range, live) => this.choose(range, live),
			pointed: (words, event) => this.pointed(words, event),
		});
		this.lanes = new Lanes($('lanes'), (frame) => page.nameOf(frame), {
			box: (spot, event) => this.tip(spot, event),
			open: (node) => this.open(node),
			window: (window) => this.line.mark(this.mode === 'lanes' ? window : null),
			lane: (words) => this.pointed(words),
		});
		document.querySelectorAll('#time-modes button').forEach((button) =>
			button.addEventListener('click', () => {
				this.setMode(button.dataset.time);
				page.remember();
			}),
		);
		$('range-clear').addEventListener('click', () => this.choose(null));
		$('range-zoom').addEventListener('click', () => this.lanes.lookAt(this.range.from, this.range.to));
		$('range-copy').addEventListener('click', () =>
			copy(page, $('range').querySelector('code').textContent, 'the command'),
		);
		$('no-times').addEventListener('click', () => page.say(WITHOUT_TIMES));
	}

	get known() {
		return this.page.profile.tickNs > 0 && !this.page.diff;
	}

	load(profile) {
		this.range = null;
		this.groups = null;
		this.line.load(profile);
		this.lanes.load(profile, this.line.grid);
		$('time').hidden = !this.known;
		$('no-times').hidden = this.known || Boolean(this.page.diff);
		this.setMode(this.mode);
	}

	/* The groups as far as they are chosen by time. */
	chosen(groups) {
		if (!this.known || !this.range) return groups;
		if (this.groups?.of !== groups) this.groups = { of: groups, list: during(groups, this.range) };
		return this.groups.list;
	}

	setMode(mode) {
		this.mode = MODES.includes(mode) ? mode : 'line';
		document.querySelectorAll('#time-modes button').forEach((button) =>
			button.setAttribute('aria-pressed', String(button.dataset.time === this.mode)),
		);
		$('heat').hidden = this.mode !== 'heat';
		$('lanes').hidden = this.mode !== 'lanes';
		$('range-zoom').hidden = !this.range || this.mode !== 'lanes';
		this.line.mark(null);
		if (!this.known) return;
		this.line.draw();
		if (this.mode !== 'lanes') return;
		this.weighLanes();
		this.lanes.lookAt(this.lanes.window.from, this.lanes.window.to);
	}

	/* A key of the page: shows a mode, or only the line again. */
	toggle(mode) {
		if (!this.known) {
			this.page.say(WITHOUT_TIMES);
			return;
		}
		this.setMode(this.mode === mode ? 'line' : mode);
		this.page.remember();
		if (this.mode !== 'line') $(this.mode).focus({ preventScroll: true });
	}

	/* While a hand still moves (live), pictures that are quick follow it. */
	choose(range, live = false) {
		this.setRange(range);
		if (live && this.slow) return;
		cancelAnimationFrame(this.asked);
		this.asked = requestAnimationFrame(() => {
			const started = performance.now();

			this.page.weighAgain();
			this.weighMs = performance.now() - started;
			this.slow = this.weighMs > LIVE_MS;
		});
	}

	setRange(range) {
		this.range = range;
		this.groups = null;
		this.line.show(range);
		this.lanes.show(range);
	}

	/* Weights, threads, type or colours changed. */
	weigh() {
		const { page } = this,
			{ profile, type, chosen } = page;

		if (!this.known) return;
		this.line.weigh(profile, type, chosen);
		if (this.mode === 'lanes') this.weighLanes();
		this.say();
	}

	/* Lanes stand by what they cost in all of the time, so that a choice does not move them. */
	weighLanes() {
		const { page } = this,
			{ profile, type, chosen } = page;

		this.lanes.weigh(
			profile.groups.map((group) => group.values[type].reduce((sum, value) => sum + value, 0)),
			chosen,
			profile.types[type],
			page.look([]),
			page.hidden,
		);
	}

	restyle() {
		if (!this.known) return;
		this.line.draw();
		this.lanes.restyle(this.page.look([]));
	}

	say() {
		const { range, page } = this;

		for (const id of ['range-copy', 'range-clear']) $(id).hidden = !range;
		$('range-zoom').hidden = !range || this.mode !== 'lanes';
		if (!range) {
			$('range').textContent = 'All of the time' + stepWords(page.profile.tickNs) +
				'. Drag over a part of it to see that alone.';
			return;
		}
		const all = this.line.sums.reduce((sum, value) => sum + value, 0);

		fillRange($('range'), this.line.rangeWords(range, page.whole, all));
	}

	/* What is at the pointer; without one, what keys led to. */
	pointed(words, event) {
		if (event) this.page.tipOf(words, event);
		else $('live').textContent = words;
	}

	tip(spot, event) {
		if (!spot) {
			this.page.tip(null);
			return;
		}
		const { chart, box, node } = spot,
			length = chart.total[box] * this.page.profile.tickNs;

		const step = Math.max(1, 10 ** Math.floor(Math.log10(Math.max(1, chart.total[box] / 100))));
		const when = `${this.line.at(chart.x[box], step)}, for ${amount(length, 'nanoseconds')}`;

		if (event && this.page.by) this.page.tipOf(`${this.page.nameOf(chart.frame[box])}: ${when}`, event);
		else if (event) this.page.tip({ pane: { tree: this.page.base }, node, when }, event);
		else this.page.say(`${this.page.nameOf(chart.frame[box])}: ${when}`);
	}

	/* The function of a lane's box, in the flame graph. */
	open(node) {
		const { page } = this,
			{ nodes, frames } = page.profile,
			path = stackOf(nodes, node)
				.filter((at) => !page.hidden.has(frames.kind[nodes.frame[at]]))
				.map((at) => page.keyOf(nodes.frame[at]))
				.join('.');

		page.reveal(path);
	}

	/* ---- the address ---- */

	get text() {
		return {
			time: this.known && this.mode !== 'line' ? this.mode : '',
			range: this.known && this.range ? rangeText(this.line.clamped(this.range), this.page.profile.tickNs) : '',
		};
	}

	restore({ time, range }) {
		this.setMode(time);
		this.setRange(this.known && range ? rangeFrom(range, this.page.profile.tickNs) : null);
	}
}

