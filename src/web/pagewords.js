// SPDX-License-Identifier: Apache-2.0
// What the page calls things: names, places, amounts, and what is told of a box.

import * as diff from 'sonde/diff';
import * as model from 'sonde/model';
import { amount, harmless, share } from 'sonde/names';
import { DIFF, kindWords, palette } from 'sonde/palette';

/* What the comparison said of a function. */
export function verdictWords(row, number) {
	const q = `p ${diff.chance(number.q)}`;

	return {
		changed: row.changed === 'total' ? `changed with all it calls, ${q}` : `changed, ${q}`,
		follows: 'moved because of what changed',
		within: `within what two runs of one program may differ by, ${q}`,
		noise: `function within noise, ${q}`,
		untested: 'too few samples to tell',
	}[number.verdict];
}

export class PageWords {
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
			number = row && diff.numberOf(row);
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

	get whole() {
		return this.base.total[0];
	}

	get colours() {
		return palette(document.documentElement.dataset.theme === 'dark');
	}
}
