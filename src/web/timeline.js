// SPDX-License-Identifier: Apache-2.0
// The time axis above the picture: an activity line over the whole recording and, when asked for, a heat map
// (columns of seconds, rows of parts of a second). Pointer and keys choose a range; what becomes of it is the
// page's business.

import { make } from 'sonde/head';
import { amount, share } from 'sonde/names';
import {
	binOf,
	binned,
	clockWords,
	gridOf,
	labelStep,
	offsetWords,
	rangeOfBins,
	rangeText,
} from 'sonde/time';

export const GUTTER = 46; /* CSS pixels left of every axis, for what its rows are */
const LINE = 34;
const AXIS = 18;
const HEAT = 150;
const LABEL_WIDTH = 118;
const SHADES = 256;

/* Shades of a cell from nothing to the most there is: darker is more on white, brighter on black. */
const RAMPS = {
	light: ['#ffffff', '#fbd9c6', '#ee8670', '#b3261a', '#4a0a05'],
	dark: ['#14171c', '#4a2620', '#a33f33', '#ff7d66', '#ffe9df'],
};

function channels(colour) {
	return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}

/* 256 pixels of a ramp, and the same ones nearer to the background: what is not chosen. */
function ramp(stops) {
	const pixels = new Uint32Array(2 * SHADES),
		back = channels(stops[0]);

	for (let i = 0; i < SHADES; i++) {
		const at = (i / (SHADES - 1)) * (stops.length - 1),
			step = Math.min(stops.length - 2, Math.floor(at));
		const a = channels(stops[step]),
			b = channels(stops[step + 1]);
		const mixed = a.map((value, c) => value + (b[c] - value) * (at - step));

		[1, 0.28].forEach((part, quiet) => {
			const [r, g, b8] = mixed.map((value, c) => Math.round(back[c] + (value - back[c]) * part));

			pixels[quiet * SHADES + i] = (0xff000000 | (b8 << 16) | (g << 8) | r) >>> 0;
		});
	}
	return pixels;
}

const PIXELS = { light: ramp(RAMPS.light), dark: ramp(RAMPS.dark) };

/* A canvas as large as its element, in device pixels; drawing is in CSS pixels. */
export function fitCanvas(canvas, width, height) {
	const ratio = devicePixelRatio || 1,
		context = canvas.getContext('2d');

	canvas.width = Math.max(1, Math.round(width * ratio));
	canvas.height = Math.max(1, Math.round(height * ratio));
	canvas.style.height = `${height}px`;
	context.setTransform(ratio, 0, 0, ratio, 0, 0);
	return context;
}

export class Timeline {
	/* told: { range(range or null, live), pointed(words, event, or none for a key) } */
	constructor(activity, heat, told) {
		Object.assign(this, { activity, heat, told, grid: null, sums: null, range: null });
		this.cursor = 0; /* the bin that keys move */
		this.anchor = 0; /* where a choice began */
		this.dragging = null;
		this.cells = document.createElement('canvas');
		for (const element of [activity, heat]) this.listen(element);
		new ResizeObserver(() => this.draw()).observe(activity);
		new ResizeObserver(() => this.draw()).observe(heat);
	}

	load({ groups, tickNs, meta }) {
		this.tickNs = tickNs;
		this.startNs = Number(meta.start_wall_ns) || 0;
		this.grid = tickNs ? gridOf(groups, tickNs, Number(meta.duration_ns) || 0) : null;
		this.range = null;
		this.window = null;
		this.cursor = this.anchor = 0;
	}

	/* Weights, threads or colours changed. */
	weigh(profile, type, chosen) {
		this.type = profile.types[type];
		this.sums = binned(profile.groups, type, chosen, this.grid);
		this.most = this.sums.reduce((most, value) => Math.max(most, value), 0);
		this.draw();
	}

	show(range) {
		this.range = range;
		this.draw();
	}

	/* Which part the lanes show, marked on the activity line; null for all. */
	mark(window) {
		this.window = window;
		this.draw();
	}

	/* ---- where things are ---- */

	get from() {
		return this.grid.from;
	}

	get length() {
		return this.grid.columns * this.grid.column;
	}

	get width() {
		return Math.max(1, this.activity.clientWidth - GUTTER);
	}

	xOf(tick) {
		return GUTTER + ((tick - this.from) / this.length) * this.width;
	}

	get rowHeight() {
		return Math.max(2, Math.floor(HEAT / this.grid.rows));
	}

	/* The bin under the pointer. On the activity line it is the one that begins nearest to it. */
	binAt(element, event) {
		const box = element.getBoundingClientRect(),
			{ grid } = this;
		const part = (event.clientX - box.left - GUTTER) / this.width;

		if (element === this.activity) return binOf(grid, this.from + part * this.length);
		const column = Math.max(0, Math.min(grid.columns - 1, Math.floor(part * grid.columns)));
		const row = Math.floor((event.clientY - box.top) / this.rowHeight);

		return column * grid.rows + Math.max(0, Math.min(grid.rows - 1, row));
	}

	columnOf(bin) {
		const first = bin - (bin % this.grid.rows);

		return rangeOfBins(this.grid, first, first + this.grid.rows - 1);
	}

	/* ---- words ---- */

	at(tick, stepTicks) {
		const ns = tick * this.tickNs,
			step = stepTicks * this.tickNs;

		return (
			offsetWords(ns, step) +
			(this.startNs ? ` (${clockWords(this.startNs, ns, step)} UTC)` : '')
		);
	}

	binWords(bin) {
		const { from, to } = rangeOfBins(this.grid, bin, bin),
			{ scale, unit, asked } = this.type;

		return (
			`${this.at(from, this.grid.bin)}: ${amount(this.sums[bin] * scale, unit, asked)} in ` +
			amount((to - from) * this.tickNs, 'nanoseconds')
		);
	}

	/* What is chosen, for a reader: [words, command]. */
	rangeWords(range, part, whole) {
		const { from, to } = this.clamped(range),
			step = this.grid.bin;
		const clock = this.startNs
			? `, ${clockWords(this.startNs, from * this.tickNs, step * this.tickNs)} to ` +
				`${clockWords(this.startNs, to * this.tickNs, step * this.tickNs)} UTC`
			: '';

		return [
			`${offsetWords(from * this.tickNs, step * this.tickNs)} to ` +
				`${offsetWords(to * this.tickNs, step * this.tickNs)}${clock}: ` +
				`${share(part, whole)} of all`,
			`sonde report --time ${rangeText({ from, to }, this.tickNs)}`,
		];
	}

	/* A range as far as there is an axis. */
	clamped({ from, to }) {
		return { from: Math.max(from, 0), to: Math.min(to, this.from + this.length) };
	}

	/* ---- choosing ---- */

	listen(element) {
		element.addEventListener('pointerdown', (event) => this.press(element, event));
		element.addEventListener('pointermove', (event) => this.move(element, event));
		element.addEventListener('pointerup', (event) => this.release(element, event));
		element.addEventListener('pointercancel', () => (this.dragging = null));
		element.addEventListener('pointerleave', (event) => this.told.pointed('', event));
		element.addEventListener('keydown', (event) => this.key(event));
		element.addEventListener('focus', () => this.draw());
		element.addEventListener('blur', () => this.draw());
	}

	press(element, event) {
		if (event.button !== 0 || !this.grid) return;
		const bin = this.binAt(element, event);

		element.setPointerCapture(event.pointerId);
		if (!event.shiftKey) this.anchor = bin;
		this.cursor = bin;
		this.dragging = { x: event.clientX, y: event.clientY, moved: event.shiftKey };
		if (event.shiftKey) this.choose(true);
	}

	move(element, event) {
		if (!this.grid) return;
		const bin = this.binAt(element, event);

		this.told.pointed(this.binWords(bin), event);
		if (!this.dragging) return;
		/* a hand that trembles is no drag */
		if (Math.hypot(event.clientX - this.dragging.x, event.clientY - this.dragging.y) >= 4)
			this.dragging.moved = true;
		if (!this.dragging.moved || bin === this.cursor) return;
		this.cursor = bin;
		this.choose(true);
	}

	release(element, event) {
		const { dragging } = this;

		this.dragging = null;
		if (!dragging) return;
		if (dragging.moved) this.choose(false);
		else this.told.range(this.columnOf(this.binAt(element, event)), false);
	}

	choose(live) {
		this.told.range(rangeOfBins(this.grid, this.anchor, this.cursor), live);
	}

	key(event) {
		const { grid } = this,
			step = { ArrowUp: -1, ArrowDown: 1, ArrowLeft: -grid.rows, ArrowRight: grid.rows }[event.key];

		if (event.ctrlKey || event.metaKey || event.altKey) return;
		if (step) {
			const cursor = this.cursor + step;

			if (cursor >= 0 && cursor < grid.bins) this.cursor = cursor;
			if (event.shiftKey) this.choose(false);
			else this.anchor = this.cursor;
			this.told.pointed(this.binWords(this.cursor));
			this.draw();
		} else if (event.key === 'Enter' || event.key === ' ') {
			if (this.anchor === this.cursor) this.told.range(this.columnOf(this.cursor), false);
			else this.choose(false);
		} else if (event.key === 'Escape' && this.range) this.told.range(null, false);
		else return;
		event.preventDefault();
		event.stopPropagation();
	}

	/* ---- drawing ---- */

	get theme() {
		return document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light';
	}

	get colours() {
		const style = getComputedStyle(document.documentElement);
		const names = ['back', 'text', 'quiet', 'line', 'accent', 'press'];

		return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
	}

	draw() {
		if (!this.grid || !this.sums || !this.activity.clientWidth) return;
		this.drawLine(this.colours);
		if (this.heat.clientWidth) this.drawHeat(this.colours);
	}

	/* The height of the activity line at each pixel. */
	heights() {
		const { grid, sums } = this,
			n = Math.max(1, Math.round(this.width));
		const heights = new Float64Array(n);
		let most = 0;

		for (let x = 0; x < n; x++) {
			const a = Math.floor((x / n) * grid.bins),
				b = Math.max(a + 1, Math.floor(((x + 1) / n) * grid.bins));
			let sum = 0;

			for (let i = a; i < b; i++) sum += sums[i];
			heights[x] = sum / (b - a);
		}
		/* single samples in short bins say little: smoothed over a few pixels */
		const smooth = heights.map((_, x) => {
			let sum = 0;

			for (let i = Math.max(0, x - 3); i <= Math.min(n - 1, x + 3); i++) sum += heights[i];
			return sum / 7;
		});

		for (const height of smooth) most = Math.max(most, height);
		return smooth.map((height) => (most ? height / most : 0));
	}

	drawLine(colours) {
		const context = fitCanvas(this.activity.querySelector('canvas'), this.activity.clientWidth, LINE + AXIS);
		const heights = this.heights(),
			scale = this.width / heights.length;

		context.fillStyle = colours.back;
		context.fillRect(0, 0, this.activity.clientWidth, LINE + AXIS);
		context.fillStyle = colours.accent;
		context.globalAlpha = 0.55;
		context.beginPath();
		context.moveTo(GUTTER, LINE);
		heights.forEach((height, x) => context.lineTo(GUTTER + (x + 0.5) * scale, LINE - height * (LINE - 4)));
		context.lineTo(GUTTER + this.width, LINE);
		context.fill();
		context.globalAlpha = 1;
		if (this.range) this.drawChoice(context, colours);
		if (this.window) {
			const left = this.xOf(this.window.from),
				right = this.xOf(this.window.to);

			context.strokeStyle = colours.text;
			context.strokeRect(left + 0.5, 0.5, Math.max(2, right - left - 1), LINE - 1);
		}
		this.drawAxis(context, colours);
		if (document.activeElement === this.activity)
			this.outline(context, this.xOf(this.grid.from + this.cursor * this.grid.bin) - 1, 0, 3, LINE, colours.text);
	}

	drawChoice(context, colours) {
		const { from, to } = this.clamped(this.range),
			left = this.xOf(from),
			right = Math.max(left + 2, this.xOf(to));

		context.fillStyle = colours.back;
		context.globalAlpha = 0.72;
		context.fillRect(GUTTER, 0, left - GUTTER, LINE);
		context.fillRect(right, 0, GUTTER + this.width - right, LINE);
		context.globalAlpha = 1;
		context.fillStyle = colours.accent;
		context.fillRect(left - 1, 0, 2, LINE);
		context.fillRect(right - 1, 0, 2, LINE);
	}

	drawAxis(context, colours) {
		const perPixel = (this.length * this.tickNs) / this.width,
			step = labelStep(perPixel * LABEL_WIDTH);
		const end = (this.from + this.length) * this.tickNs;

		context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
		context.textBaseline = 'middle';
		context.fillStyle = colours.line;
		context.fillRect(GUTTER, LINE, this.width, 1);
		for (let ns = Math.ceil((this.from * this.tickNs) / step) * step; ns <= end; ns += step) {
			const x = this.xOf(ns / this.tickNs),
				words = offsetWords(ns, step);

			context.fillStyle = colours.line;
			context.fillRect(x, LINE, 1, 4);
			if (x + 40 > GUTTER + this.width) continue;
			context.fillStyle = colours.text;
			context.fillText(words, x + 3, LINE + AXIS / 2 + 1);
			if (this.startNs && x + LABEL_WIDTH < GUTTER + this.width + 20) {
				const width = context.measureText(words).width;

				context.fillStyle = colours.quiet;
				context.fillText(clockWords(this.startNs, ns, step), x + 9 + width, LINE + AXIS / 2 + 1);
			}
		}
	}

	/* One pixel for each cell, stretched. */
	drawHeat(colours) {
		const { grid, sums, most, range, cells } = this,
			height = this.rowHeight * grid.rows;
		const context = fitCanvas(this.heat.querySelector('canvas'), this.heat.clientWidth, height + 1);
		const pixels = PIXELS[this.theme];

		cells.width = grid.columns;
		cells.height = grid.rows;
		const image = cells.getContext('2d').createImageData(grid.columns, grid.rows),
			into = new Uint32Array(image.data.buffer);

		for (let bin = 0; bin < grid.bins; bin++) {
			const tick = grid.from + bin * grid.bin,
				quiet = range && (tick < range.from || tick >= range.to);
			/* a single sample must be seen beside a hundred */
			const shade = sums[bin] ? 24 + Math.round((SHADES - 25) * Math.sqrt(sums[bin] / most)) : 0;

			into[(bin % grid.rows) * grid.columns + Math.floor(bin / grid.rows)] =
				pixels[(quiet ? SHADES : 0) + shade];
		}
		cells.getContext('2d').putImageData(image, 0, 0);
		context.fillStyle = colours.back;
		context.fillRect(0, 0, this.heat.clientWidth, height + 1);
		context.imageSmoothingEnabled = false;
		context.drawImage(cells, 0, 0, grid.columns, grid.rows, GUTTER, 0, this.width, height);
		context.fillStyle = colours.line;
		context.fillRect(GUTTER, height, this.width, 1);
		this.drawRows(context, colours);
		if (range) {
			const { from, to } = this.clamped(range);

			for (const bin of [binOf(grid, from), binOf(grid, to - 1)]) this.outlineCell(context, bin, colours.accent);
		}
		if (document.activeElement === this.heat) this.outlineCell(context, this.cursor, colours.text);
	}

	drawRows(context, colours) {
		const { grid } = this,
			columnNs = grid.column * this.tickNs;

		context.font = `10px ${getComputedStyle(document.body).fontFamily}`;
		context.textAlign = 'right';
		context.fillStyle = colours.quiet;
		[0, 0.5, 1].forEach((part, at) => {
			context.textBaseline = ['top', 'middle', 'bottom'][at];
			context.fillText(
				part ? amount(part * columnNs, 'nanoseconds') : '0',
				GUTTER - 5,
				part * grid.rows * this.rowHeight + [4, 0, -3][at] /* clear of the ring around what has the focus */,
			);
		});
		context.textAlign = 'left';
	}

	outlineCell(context, bin, colour) {
		const { grid } = this,
			wide = this.width / grid.columns;

		this.outline(
			context,
			GUTTER + Math.floor(bin / grid.rows) * wide - 1,
			(bin % grid.rows) * this.rowHeight - 1,
			Math.max(4, wide + 2),
			this.rowHeight + 2,
			colour,
		);
	}

	outline(context, x, y, width, height, colour) {
		context.strokeStyle = colour;
		context.lineWidth = 2;
		context.strokeRect(x, y, width, height);
		context.lineWidth = 1;
	}
}

/* What is said of a choice, with the command that makes the same one. */
export function fillRange(box, [words, command]) {
	box.replaceChildren(make('b', words), '  ', make('code', `${command} FILE`));
	box.title = 'The command shows the same on a terminal';
}
