// SPDX-License-Identifier: Apache-2.0
// The panel of a function's source lines, below the picture. It follows the function that is chosen, and the threads,
// the time and the kinds.

import { clean, percent, points, tintOf } from 'sonde/diff';
import { make } from 'sonde/head';
import { HERE, MISSING, NO_ROOM, NO_SOURCE, YOUNGER, rowsOf, weighLines, weighSides } from 'sonde/lines';
import { count, harmless, share } from 'sonde/names';
import { DIFF } from 'sonde/palette';

const $ = (id) => document.getElementById(id);
const ROWS_MOST = 2000;

const NO_LINES = 'No source line of this function is known: its program has no line numbers (built without -g).';
const CROWDED = 'This profile has more lines than a page holds. “sonde report --list” shows them.';
const NO_COST = 'Nothing of this function is in what is chosen.';
const LEFT_OUT = 'The page was written without source text (--no-source).';
const SAID = {
	[HERE]: '',
	[MISSING]: 'No text: the source file was not on the machine that wrote this page (--source DIR says where it is).',
	[YOUNGER]: 'No text: the source file was written after the profile was taken, so its lines may be others now.',
	[NO_SOURCE]: 'No text: the file is not source by its name.',
	[NO_ROOM]: 'Some text is left out: a page holds 1 MiB of source, of the costliest lines first.',
};

/* Of a page of two sides: a bar is not as long as it can be for less of all. */
const LEAST_BAR = 0.001;

/* [words, what they mean] of the columns of numbers. */
const COLUMNS = [
	['Self', 'Spent in the line itself'],
	['Total', 'Spent in the line and all it called'],
];
const COLUMNS_OF_TWO = ['Self', 'Total'].flatMap((word, i) => [
	[`Base ${word.toLowerCase()}`, COLUMNS[i][1], 'side'],
	[`New ${word.toLowerCase()}`, COLUMNS[i][1], 'side'],
	[`Change of ${word.toLowerCase()}`, `${COLUMNS[i][1]}: the change in points`],
]);

export class LinesPanel {
	constructor(page) {
		Object.assign(this, { page, open: false, frame: 0, at: 0, sums: null });
		$('lines-open').addEventListener('click', () => this.toggle());
		$('lines-close').addEventListener('click', () => this.close());
	}

	/* Another profile: what was open is not of it. */
	load() {
		this.data = null;
		this.frame = this.at = 0;
		this.show(false);
	}

	/* Whether lines of a function may be known. */
	has(frame) {
		const { page } = this,
			{ frames } = page.profile;

		return Boolean(frame && (frames.file[frame] || frames.line[frame]) && page.profiles.hasLines(page.index));
	}

	/* Another function is chosen (0: none, then the last one stays). */
	describe(frame) {
		this.at = frame;
		$('lines-open').hidden = !this.has(frame) && !this.open;
		if (!this.open || !frame || frame === this.frame) return;
		this.frame = frame;
		this.draw();
	}

	/* Threads, time, kinds, value type or unit changed. */
	changed() {
		this.sums = null;
		if (this.open) this.draw();
	}

	show(open) {
		this.open = open;
		$('lines').hidden = !open;
		$('lines-open').setAttribute('aria-expanded', String(open));
		document.body.classList.toggle('lined', open);
	}

	toggle() {
		if (this.open) this.close();
		else if (this.has(this.at)) this.openFor(this.at, true);
		else this.page.say(this.at ? NO_LINES : 'Choose a function first: a click, or the arrow keys.');
	}

	openFor(frame, focused = false) {
		this.frame = frame;
		this.show(true);
		this.page.remember();
		this.draw().then(() => {
			if (focused && this.open) $('lines-rows').focus({ preventScroll: true });
		});
	}

	/* True when it was open. */
	close() {
		const was = this.open,
			focused = $('lines').contains(document.activeElement) || document.activeElement === $('lines-open');

		this.show(false);
		if (!was) return false;
		this.describe(this.at);
		this.page.remember();
		if (focused) $('stage').focus({ preventScroll: true });
		return true;
	}

	/* What is shown is of these, in words; '' for everything. */
	get part() {
		const { page } = this;

		return [
			page.chosen ? $('threads-open').textContent : '',
			page.time.range ? page.time.text.range.replace('..', ' to ') : '',
			page.hidden.size ? 'without hidden kinds' : '',
		]
			.filter((text) => text)
			.join(', ');
	}

	async draw() {
		const { page, frame } = this,
			{ index } = page;
		const { tBodies } = $('lines').querySelector('table');

		$('lines-title').textContent = page.nameOf(frame).slice(0, 300);
		$('lines-title').title = page.nameOf(frame).slice(0, 2000);
		$('lines-place').textContent = page.placeOf(frame);
		$('lines-part').textContent = this.part && `Of ${this.part}`;
		try {
			this.data ??= await page.profiles.linesOf(index);
		} catch (error) {
			tBodies[0].replaceChildren();
			this.tell(`The lines cannot be read: ${error.message}.`);
			return;
		}
		/* overtaken by another choice while the lines were unpacked */
		if (!this.open || index !== page.index || frame !== this.frame) return;
		if (this.data.crowded) {
			this.tell(CROWDED);
			return;
		}
		this.sums ??= page.isOfTwo(page.tree)
			? weighSides(this.data, page.profile, page.diff, page.hidden)
			: weighLines(this.data, page.profile, {
					type: page.type,
					chosen: page.chosen,
					range: page.time.range,
					hidden: page.hidden,
				});
		this.head(this.sums.now ? COLUMNS_OF_TWO : COLUMNS);
		this.fill(rowsOf(this.data, this.sums, frame));
	}

	tell(text) {
		$('lines-note').textContent = text;
		$('lines-note').hidden = !text;
	}

	head(columns) {
		const [row] = $('lines').querySelector('thead').rows;

		while (row.cells.length > 2) row.deleteCell(0);
		row.prepend(
			...columns.map(([words, title, side]) => {
				const cell = make('th', words, side ? 'number side' : 'number');

				return Object.assign(cell, { scope: 'col', title });
			}),
		);
	}

	fill({ rows, file, best }) {
		const [body] = $('lines').querySelector('table').tBodies;
		const most = best < 0 ? 1 : rows.reduce((largest, row) => Math.max(largest, this.barOf(row)), rows[best].now ? LEAST_BAR : 0) || 1;
		const known = rows.some(({ line }) => line);

		body.replaceChildren(...rows.slice(0, ROWS_MOST).map((row, i) => this.row(row, most, i === best)));
		if (!rows.length) this.tell(this.hasAny() ? NO_COST : NO_LINES);
		else if (!known) this.tell(NO_LINES);
		else if (!this.data.looked) this.tell(LEFT_OUT);
		else if (rows.length > ROWS_MOST) this.tell(`${count(rows.length - ROWS_MOST)} more lines are left out.`);
		else this.tell(file ? SAID[file.state] || '' : SAID[MISSING]);
		$('lines-rows').scrollTop = 0;
		const row = body.rows[best];

		if (!row) return;
		$('lines-rows').scrollTop = row.offsetTop - $('lines-rows').clientHeight / 2;
		$('live').textContent = `Lines of ${this.page.nameOf(this.frame)}: line ${rows[best].line} ${this.words(rows[best])}`;
	}

	words({ self, total, now }) {
		const { whole } = this.page;

		if (!now) return `cost most, self ${share(self, whole)}, total ${share(total, whole)}`;
		const [base, fresh] = sides(self, now.self);

		return `changed most, self ${percent(base)} to ${percent(fresh)}, ${points(fresh - base)} points`;
	}

	/* How long a row's bar is. */
	barOf({ self, now }) {
		return now ? Math.abs(now.self - self) : self;
	}

	hasAny() {
		const { of, line } = this.data.frames;

		return of.some((frame, i) => frame === this.frame && line[i]);
	}

	row(line, most, best) {
		const row = make(
			'tr',
			undefined,
			[line.gap ? 'gap' : '', best ? 'best' : '', line.total > 0 ? '' : 'beside'].filter((name) => name).join(' '),
		);
		const number = make('th', line.line ? String(line.line) : '?', 'line');

		row.append(...(line.now ? this.numbersOfTwo(line, most) : this.numbers(line, most)));
		number.scope = 'row';
		row.append(number, make('td', line.text === undefined ? '' : harmless(line.text), 'source'));
		return row;
	}

	numbers({ self, total }, most) {
		const { page } = this;
		const cells = [self, total].map((value) => {
			const cell = make('td', undefined, 'number');

			if (value > 0) {
				cell.append(make('span', page.amount(value), 'amount'), make('span', share(value, page.whole)));
				cell.title = page.amount(value);
			}
			return cell;
		});

		if (self > 0) cells[0].append(bar(self / most));
		return cells;
	}

	/* Base, new and change, by itself and with all it called. The bar is as red or blue as a box would be. */
	numbersOfTwo(line, most) {
		const { page } = this;

		return ['self', 'total'].flatMap((measure) => {
			const [base, now] = sides(line[measure], line.now[measure]);
			const cells = [base > 0 ? percent(base) : '', now > 0 ? percent(now) : '', base !== now ? points(now - base) : ''].map(
				(words, i) => {
					const cell = make('td', undefined, i < 2 ? 'number side' : 'number');

					cell.append(make('span', words));
					return cell;
				},
			);
			const tint = tintOf(page.diff, base, now);

			if (measure === 'self' && base !== now) {
				const part = bar(this.barOf(line) / most);

				part.style.background = page.colours.fills[DIFF + tint];
				cells[2].prepend(part);
				cells[2].classList.add('tinted');
			}
			cells[2].title = base === now ? '' : tint ? 'more than noise, by itself' : 'within noise';
			return cells;
		});
	}
}

function bar(part) {
	const span = make('span', undefined, 'bar');

	span.style.width = `${100 * part}%`;
	return span;
}

/* [base, new] of their average and the new one. */
function sides(average, now) {
	return clean(2 * average - now, now);
}
