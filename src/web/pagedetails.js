// SPDX-License-Identifier: Apache-2.0
// What is pointed at and chosen: the words beside the pointer and the line of details below the picture.

import * as diff from 'sonde/diff';
import { fillDetails, fillTip, make } from 'sonde/head';
import { share } from 'sonde/names';
import { PageWords, verdictWords } from 'sonde/pagewords';
import { kindWords } from 'sonde/palette';

const $ = (id) => document.getElementById(id);
const CALLEES_MOST = 30;

export class PageDetails extends PageWords {
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
				verdict: row ? verdictWords(row, diff.numberOf(row)) : '',
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

	get pane() {
		const { stage } = this;

		return (stage.picked && stage.picked.pane) || stage.main;
	}

	/* A sentence for eyes and for readers of screens. */
	say(text) {
		$('live').textContent = text;
		$('details').replaceChildren(make('b', text));
	}
}
