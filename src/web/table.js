// SPDX-License-Identifier: Apache-2.0
// All functions as a real table: sorted by a click on a heading, filtered by the search. Only the
// rows in sight exist; aria-rowcount tells how many there are.

import * as diff from 'sonde/diff';
import { amount, count, share } from 'sonde/names';

const ROW_PX = 26,
	MORE = 12;
const COLUMNS = [
	{
		key: 'self',
		words: 'Self',
		title: 'Spent in the function itself',
		number: true,
		down: true,
	},
	{
		key: 'total',
		words: 'Total',
		title: 'Spent in the function and all it called',
		number: true,
		down: true,
	},
	{ key: 'name', words: 'Function' },
	{ key: 'module', words: 'Module' },
	{ key: 'location', words: 'File' },
];

/* Of a difference: parts of the base's whole cost. */
const DIFF_COLUMNS = [
	{ key: 'change', words: 'Change', title: 'Points, of the function itself', number: true, down: true },
	{ key: 'base', words: 'Base', title: 'Spent in the function itself', number: true, down: true },
	{ key: 'now', words: 'New', title: 'Spent in the function itself', number: true, down: true },
	{ key: 'called', words: 'With callees', title: 'Points, of it and all it called', number: true, down: true },
	{ key: 'q', words: 'p', title: 'How likely that is where nothing changed, corrected', number: true },
	...COLUMNS.slice(2),
];

function element(tag, text, className) {
	const node = document.createElement(tag);

	if (text !== undefined) node.textContent = text;
	if (className) node.className = className;
	return node;
}

export class FunctionTable {
	/* texts: { name(frame), module(frame), location(frame), colour(frame) }; chosen(frame, open). */
	constructor(box, texts, chosen) {
		Object.assign(this, {
			box,
			rowOf: null /* of a difference: the row of a frame */,
			columns: [],
			texts,
			chosen,
			key: 'self',
			down: true,
			rows: [],
			selected: 0,
		});
		this.table = element('table');
		this.table.setAttribute('aria-label', 'Functions');
		this.head = this.table.createTHead().insertRow();
		this.body = this.table.createTBody();
		this.setColumns(COLUMNS);
		box.append(this.table);
		box.addEventListener('scroll', () => this.draw(), { passive: true });
		new ResizeObserver(() => this.draw()).observe(box);
		/* Not 'dblclick': the first click has drawn the rows anew, and then there may be none. */
		this.body.addEventListener('click', (event) => this.click(event, event.detail > 1));
		this.body.addEventListener('keydown', (event) => this.keydown(event));
	}

	setColumns(columns) {
		this.columns = columns;
		this.key = columns[0].key;
		this.down = true;
		this.head.replaceChildren();
		for (const column of columns) this.addHeading(column);
	}

	addHeading(column) {
		const cell = element('th', undefined, column.number ? `number ${column.key}` : column.key);
		const button = element('button', column.words);

		cell.scope = 'col';
		button.type = 'button';
		button.title = column.title || '';
		button.addEventListener('click', () => {
			this.down = this.key === column.key ? !this.down : Boolean(column.down);
			this.key = column.key;
			this.sort();
		});
		cell.append(button);
		this.head.append(cell);
		column.cell = cell;
		column.button = button;
	}

	/* totals: see model.functionTotals(); whole: what shares are of; hit: marks frames, or null. */
	show({ totals, whole, unit, scale, asked, hit }) {
		const columns = totals.now ? DIFF_COLUMNS : COLUMNS;

		Object.assign(this, { totals, whole, unit, scale, asked });
		if (columns !== this.columns) this.setColumns(columns);
		this.table.classList.toggle('two', Boolean(totals.now));
		this.values = totals.now ? this.valuesOfTwo(totals) : totals;
		this.rows = [];
		for (let frame = 1; frame < totals.total.length; frame++)
			if (totals.total[frame] > 0 && (!hit || hit[frame])) this.rows.push(frame);
		this.largest = { self: 0, total: 0 };
		for (const frame of this.rows)
			for (const key of ['self', 'total'])
				this.largest[key] = Math.max(this.largest[key], totals[key][frame]);
		this.sort();
	}

	/* Columns of a difference. Changes are sorted by their size. */
	valuesOfTwo({ self, total, now }) {
		const n = self.length,
			values = {};

		for (const key of ['base', 'now', 'change', 'called', 'q']) values[key] = new Float64Array(n);
		for (let frame = 1; frame < n; frame++) {
			const row = this.rowOf(frame),
				number = row && diff.numberOf(row);

			[values.base[frame], values.now[frame]] = diff.clean(
				2 * self[frame] - now.self[frame],
				now.self[frame],
			);
			values.change[frame] = values.now[frame] - values.base[frame];
			values.called[frame] = 2 * (now.total[frame] - total[frame]);
			values.q[frame] = number && number.q !== null ? number.q : 2;
		}
		return values;
	}

	sort() {
		const { key, totals, texts, values } = this,
			sign = this.down ? -1 : 1;

		if (this.columns === DIFF_COLUMNS && values[key]) {
			const column = values[key];

			this.rows.sort(
				(a, b) =>
					sign * (Math.abs(column[a]) - Math.abs(column[b])) ||
					Math.abs(values.change[b]) - Math.abs(values.change[a]) ||
					a - b,
			);
		} else if (key === 'self' || key === 'total') {
			const first = totals[key],
				second = totals[key === 'self' ? 'total' : 'self'];

			this.rows.sort(
				(a, b) =>
					sign * (first[a] - first[b] || second[a] - second[b]) ||
					a - b,
			);
		} else {
			const text = new Map(this.rows.map((frame) => [frame, texts[key](frame)]));
			const order = new Intl.Collator('en', { numeric: true }).compare;

			this.rows.sort((a, b) => sign * order(text.get(a), text.get(b)) || a - b);
		}
		for (const column of this.columns) {
			const on = column.key === key;

			column.cell.setAttribute(
				'aria-sort',
				on ? (this.down ? 'descending' : 'ascending') : 'none',
			);
			column.button.textContent =
				column.words + (on ? (this.down ? ' ↓' : ' ↑') : '');
		}
		this.table.setAttribute('aria-rowcount', this.rows.length + 1);
		this.box.scrollTop = 0;
		this.draw();
	}

	select(frame) {
		this.selected = frame;
		this.draw();
	}

	draw() {
		if (!this.totals || this.box.hidden) return;
		const first = Math.max(0, Math.floor(this.box.scrollTop / ROW_PX) - MORE);
		const last = Math.min(
			this.rows.length,
			Math.ceil((this.box.scrollTop + this.box.clientHeight) / ROW_PX) + MORE,
		);
		const rows = [this.space(first)];

		for (let i = first; i < last; i++) rows.push(this.row(this.rows[i], i));
		rows.push(this.space(this.rows.length - last));
		if (!this.rows.length) rows.push(this.empty());
		const focused = this.body.contains(document.activeElement);

		this.body.replaceChildren(...rows);
		if (focused)
			(this.body.querySelector('[aria-selected="true"]') || rows[1])?.focus({
				preventScroll: true,
			});
	}

	empty() {
		const row = element('tr'),
			cell = element('td', 'No function matches.', 'none');

		cell.colSpan = this.columns.length - 2;
		row.append(cell);
		return row;
	}

	space(n) {
		const row = element('tr', undefined, 'space'),
			cell = element('td');

		row.setAttribute('aria-hidden', 'true');
		cell.colSpan = this.columns.length - 2; /* the others may not be shown */
		cell.style.height = `${n * ROW_PX}px`;
		row.append(cell);
		return row;
	}

	row(frame, index) {
		const { totals, whole, texts } = this,
			row = element('tr');

		row.dataset.frame = frame;
		row.tabIndex = frame === this.selected || (!this.selected && index === 0) ? 0 : -1;
		row.setAttribute('aria-rowindex', index + 2);
		row.setAttribute('aria-selected', String(frame === this.selected));
		if (this.columns === DIFF_COLUMNS) row.append(...this.cellsOfTwo(frame));
		for (const key of this.columns === DIFF_COLUMNS ? [] : ['self', 'total']) {
			const cell = element('td', undefined, 'number'),
				bar = element('span', undefined, 'bar');

			bar.style.width = `${(100 * totals[key][frame]) / (this.largest[key] || 1)}%`;
			cell.append(
				element(
					'span',
					amount(totals[key][frame] * this.scale, this.unit, this.asked),
					'amount',
				),
				element('span', share(totals[key][frame], whole)),
				bar,
			);
			row.append(cell);
		}
		const name = element('td'),
			swatch = element('i', undefined, 'swatch');

		swatch.style.background = texts.colour(frame);
		name.append(swatch, element('bdi', texts.name(frame).slice(0, 400)));
		name.title = texts.name(frame).slice(0, 2000);
		row.append(name);
		for (const key of ['module', 'location']) {
			const cell = element('td', undefined, `quietly ${key}`);

			cell.append(element('bdi', texts[key](frame)));
			cell.title = texts[key](frame);
			row.append(cell);
		}
		return row;
	}

	cellsOfTwo(frame) {
		const { values } = this,
			row = this.rowOf(frame);
		const texts = {
			change: diff.points(values.change[frame]),
			base: diff.percent(values.base[frame]),
			now: diff.percent(values.now[frame]),
			called: diff.points(values.called[frame]),
			q: row ? diff.chanceOrWord(diff.numberOf(row)) : '–',
		};

		return Object.entries(texts).map(([key, text]) => {
			const measure = key === 'called' ? 'total' : 'self';
			const named = row && row.changed === measure && /change|called/.test(key);
			const way = values[key][frame] > 0 ? 'up' : 'down';

			return element('td', text, `number ${key} ${named ? way : ''}`);
		});
	}

	frameOf(event) {
		const row = event.target.closest('tr[data-frame]');

		return row ? Number(row.dataset.frame) : 0;
	}

	click(event, open) {
		const frame = this.frameOf(event);

		if (frame) this.chosen(frame, open);
	}

	keydown(event) {
		const at = this.rows.indexOf(this.frameOf(event));
		const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 20, PageUp: -20 }[event.key];

		if (event.key === 'Enter' && at >= 0) {
			this.chosen(this.rows[at], true);
		} else if (step && at >= 0) {
			const next = Math.max(0, Math.min(this.rows.length - 1, at + step)),
				top = next * ROW_PX;

			if (
				top < this.box.scrollTop ||
				top > this.box.scrollTop + this.box.clientHeight - 3 * ROW_PX
			)
				this.box.scrollTop = top - this.box.clientHeight / 2;
			this.chosen(this.rows[next], false);
		} else {
			return;
		}
		event.preventDefault();
		event.stopPropagation();
	}

	get words() {
		return `${count(this.rows.length)} functions`;
	}
}
