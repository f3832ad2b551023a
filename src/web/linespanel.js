// SPDX-License-Identifier: Apache-2.0
// The panel of a function's source lines, below the picture. It follows the function that is chosen, and the threads,
// the time and the kinds.

import { make } from 'sonde/head';
import { HERE, MISSING, NO_ROOM, NO_SOURCE, YOUNGER, rowsOf, weighLines } from 'sonde/lines';
import { count, harmless, share } from 'sonde/names';

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

		return Boolean(frame && !page.diff && (frames.file[frame] || frames.line[frame]) && page.profiles.hasLines(page.index));
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
		this.sums ??= weighLines(this.data, page.profile, {
			type: page.type,
			chosen: page.chosen,
			range: page.time.range,
			hidden: page.hidden,
		});
		this.fill(rowsOf(this.data, this.sums, frame));
	}

	tell(text) {
		$('lines-note').textContent = text;
		$('lines-note').hidden = !text;
	}

	fill({ rows, file, best }) {
		const [body] = $('lines').querySelector('table').tBodies;
		const most = best < 0 ? 1 : Math.max(...rows.map(({ self }) => self)) || 1;
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
		$('live').textContent =
			`Lines of ${this.page.nameOf(this.frame)}: line ${rows[best].line} cost most, self ` +
			`${share(rows[best].self, this.page.whole)}, total ${share(rows[best].total, this.page.whole)}`;
	}

	hasAny() {
		const { of, line } = this.data.frames;

		return of.some((frame, i) => frame === this.frame && line[i]);
	}

	row({ line, self, total, text, gap }, most, best) {
		const { page } = this,
			row = make('tr', undefined, [gap ? 'gap' : '', best ? 'best' : '', total > 0 ? '' : 'beside'].filter((name) => name).join(' '));

		for (const value of [self, total]) {
			const cell = make('td', undefined, 'number');

			if (value > 0) {
				cell.append(make('span', page.amount(value), 'amount'), make('span', share(value, page.whole)));
				cell.title = page.amount(value);
			}
			row.append(cell);
		}
		if (self > 0) {
			const bar = make('span', undefined, 'bar');

			bar.style.width = `${(100 * self) / most}%`;
			row.cells[0].append(bar);
		}
		const number = make('th', line ? String(line) : '?', 'line');

		number.scope = 'row';
		row.append(number, make('td', text === undefined ? '' : harmless(text), 'source'));
		return row;
	}
}
