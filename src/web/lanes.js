// SPDX-License-Identifier: Apache-2.0
// Thread lanes: for each thread its samples in time order as a flame chart, one below the other, the costliest
// first. A closed lane is one row, of what ran innermost. Charts are made when their lane comes into sight.

import { chartOf, depthsOf, spanOf, threadsOf, withoutKinds } from 'sonde/chart';
import { ROW, Painter } from 'sonde/draw';
import { amount, share } from 'sonde/names';
import { GREY } from 'sonde/palette';
import { Boxes, beyond, nodeAt, sweepLevel } from 'sonde/sweep';
import { GUTTER } from 'sonde/timeline';

const HEAD = 22; /* CSS pixels of a lane's title */
const SPACE = 6;
const OPEN_AT_FIRST = 3;
const ZOOM_STEP = 1.5;

export class Lanes {
	/* told: { box(spot or null, event, or none for a key), open(node), window({ from, to } or null), lane(words) };
	 * a spot is { lane, chart, box, node }. */
	constructor(element, nameOf, told) {
		this.element = element;
		this.content = element.querySelector('.content');
		this.told = told;
		this.painter = new Painter(element.querySelector('canvas'), nameOf);
		this.boxes = new Boxes();
		this.lanes = [];
		this.current = 0;
		new ResizeObserver(() => this.layOut()).observe(element);
		this.listen();
	}

	load(profile, grid) {
		this.profile = profile;
		this.grid = grid;
		this.shape = null; /* nodes and their depths, without those of hidden kinds */
		this.hidden = '';
		this.threads = threadsOf(profile.groups);
		this.charts = new Map();
		this.folded = null;
		this.home = grid ? { from: grid.from, to: grid.from + grid.columns * grid.column } : null;
		this.window = this.home;
		this.lanes = [];
		this.current = 0;
		this.picked = null; /* the spot that keys led to */
	}

	/* Which threads, and what they cost: `sums` of every group; hidden: kinds whose frames are left out. */
	weigh(sums, chosen, type, look, hidden) {
		Object.assign(this, { look, type });
		this.leaveOut(hidden);
		this.picked = null;
		this.lanes = this.threads
			.map((thread) => ({
				thread,
				value: thread.members.reduce((sum, index) => sum + (!chosen || chosen.has(index) ? sums[index] : 0), 0),
				seen: thread.members.some((index) => !chosen || chosen.has(index)),
			}))
			.filter(({ seen, value }) => seen && value > 0)
			.sort((a, b) => b.value - a.value);
		this.whole = this.lanes.reduce((sum, { value }) => sum + value, 0);
		if (!this.folded) this.folded = new Set(this.lanes.slice(OPEN_AT_FIRST).map(({ thread }) => thread.key));
		this.current = Math.min(this.current, Math.max(0, this.lanes.length - 1));
		this.layOut();
	}

	leaveOut(hidden) {
		const key = [...hidden].sort().join();

		if (key === this.hidden) return;
		this.hidden = key;
		this.kinds = new Set(hidden);
		this.shape = null;
		this.charts.clear();
		for (const thread of this.threads) thread.deepest = 0;
	}

	/* Made when a lane comes into sight. */
	shaped() {
		const { nodes, frames } = this.profile;

		this.shape ??= this.hidden
			? withoutKinds(nodes, frames.kind, this.kinds)
			: { nodes, depth: depthsOf(nodes) };
		return this.shape;
	}

	restyle(look) {
		this.look = look;
		this.draw();
	}

	show(range) {
		this.range = range;
		this.draw();
	}

	/* ---- where things are ---- */

	get width() {
		return Math.max(1, this.element.clientWidth - GUTTER);
	}

	chart({ thread }) {
		const { profile } = this,
			{ nodes, depth } = this.shaped();

		if (!this.charts.has(thread.key))
			this.charts.set(
				thread.key,
				chartOf(
					thread.members.map((index) => profile.groups[index]),
					nodes,
					depth,
					(ticks) => spanOf(profile.types, profile.tickNs, profile.meta.rate, ticks),
				),
			);
		return this.charts.get(thread.key);
	}

	/* How many rows an open lane has is known without its chart: as deep as its deepest node. */
	rowsOf(lane) {
		if (this.folded.has(lane.thread.key)) return 1;
		if (!lane.thread.deepest) {
			const { nodes, depth } = this.shaped();

			lane.thread.deepest = 1;
			for (const index of lane.thread.members)
				for (const node of this.profile.groups[index].nodes)
					lane.thread.deepest = Math.max(lane.thread.deepest, depth[nodes.shown ? nodes.shown[node] : node]);
		}
		return lane.thread.deepest;
	}

	layOut() {
		const { clientWidth, clientHeight } = this.element;
		let top = 0;

		if (!this.home || !clientWidth) return;
		for (const lane of this.lanes) {
			lane.top = top;
			lane.rows = this.rowsOf(lane);
			top += HEAD + lane.rows * ROW + SPACE;
		}
		this.content.style.height = `${Math.max(top, clientHeight)}px`;
		this.painter.resize(clientWidth, clientHeight, devicePixelRatio || 1);
		this.draw();
	}

	request() {
		if (!this.asked)
			this.asked = requestAnimationFrame(() => {
				this.asked = 0;
				this.draw();
			});
	}

	/* Shows another part of the axis, within what there is. */
	lookAt(from, to) {
		const { home } = this,
			whole = home.to - home.from;
		const length = Math.max(4, Math.min(to - from, whole));
		const begin = Math.max(home.from, Math.min(from, home.to - length));

		this.window = { from: begin, to: begin + length };
		this.told.window(length >= whole ? null : this.window);
		this.request();
	}

	pan(part) {
		const { from, to } = this.window,
			by = (to - from) * part;

		this.lookAt(from + by, to + by);
	}

	/* In or out around a tick. */
	zoom(factor, around = (this.window.from + this.window.to) / 2) {
		const { from, to } = this.window;

		this.lookAt(around - (around - from) / factor, around + (to - around) / factor);
	}

	tickAt(event) {
		const x = event.clientX - this.element.getBoundingClientRect().left - GUTTER;

		return this.window.from + (x / this.width) * (this.window.to - this.window.from);
	}

	laneAt(event) {
		const y = event.clientY - this.element.getBoundingClientRect().top + this.element.scrollTop;
		const index = this.lanes.findIndex((lane) => y >= lane.top && y < lane.top + HEAD + lane.rows * ROW);

		return index < 0 ? null : { index, lane: this.lanes[index], y: y - this.lanes[index].top };
	}

	/* What is at a point of the window: a spot, or null. */
	spotAt(event) {
		const at = this.laneAt(event);

		if (!at || at.y < HEAD) return null;
		const chart = this.chart(at.lane),
			level = this.levelOf(at.lane, Math.floor((at.y - HEAD) / ROW));
		const unit = (this.window.to - this.window.from) / this.width;

		if (level + 1 >= chart.levels.length) return null;
		const box = nodeAt(chart, chart.levels[level], chart.levels[level + 1], this.tickAt(event), unit);

		return box < 0 ? null : { lane: at.lane, chart, box, node: chart.node[box] };
	}

	levelOf(lane, row) {
		return this.folded.has(lane.thread.key) ? 0 : row + 1;
	}

	/* Where a function's first box of an open lane is in the window: what tests click. */
	boxOf(laneIndex, frame) {
		const lane = this.lanes[laneIndex],
			chart = this.chart(lane),
			at = this.element.getBoundingClientRect();
		const scale = this.width / (this.window.to - this.window.from);

		for (let row = 0; row < lane.rows; row++) {
			const level = this.levelOf(lane, row);

			for (let i = chart.levels[level]; i < (chart.levels[level + 1] ?? 0); i++)
				if (chart.frame[i] === frame && chart.total[i] * scale >= 4)
					return {
						x: at.left + GUTTER + (chart.x[i] - this.window.from) * scale,
						y: at.top + lane.top + HEAD + row * ROW - this.element.scrollTop,
						width: chart.total[i] * scale,
						height: ROW,
					};
		}
		return null;
	}

	/* ---- listening ---- */

	listen() {
		const { element } = this;

		element.addEventListener('scroll', () => this.scrolled(), { passive: true });
		element.addEventListener('pointerdown', (event) => this.press(event));
		element.addEventListener('pointermove', (event) => this.move(event));
		element.addEventListener('pointerup', (event) => this.release(event));
		element.addEventListener('pointercancel', () => (this.held = null));
		element.addEventListener('pointerleave', () => this.told.box(null));
		element.addEventListener('dblclick', (event) => this.zoomTo(this.spotAt(event)));
		element.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
		element.addEventListener('keydown', (event) => this.key(event));
		element.addEventListener('focus', () => this.draw());
		element.addEventListener('blur', () => this.draw());
	}

	/* What the pointer was over is gone. */
	scrolled() {
		this.told.box(null);
		this.request();
	}

	wheel(event) {
		if (event.ctrlKey) this.zoom(event.deltaY < 0 ? ZOOM_STEP : 1 / ZOOM_STEP, this.tickAt(event));
		else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))
			this.pan((event.deltaX || event.deltaY) / this.width);
		else return;
		event.preventDefault();
	}

	press(event) {
		if (event.button !== 0 || !this.home) return;
		this.held = { x: event.clientX, y: event.clientY, window: this.window, top: this.element.scrollTop, moved: false };
	}

	move(event) {
		const { held } = this;

		if (!held) {
			this.told.box(this.spotAt(event), event);
			return;
		}
		if (Math.hypot(event.clientX - held.x, event.clientY - held.y) >= 4 && !held.moved) {
			held.moved = true;
			this.element.setPointerCapture(event.pointerId);
			this.told.box(null);
		}
		if (!held.moved) return;
		const { from, to } = held.window,
			by = ((held.x - event.clientX) / this.width) * (to - from);

		this.element.scrollTop = held.top + held.y - event.clientY;
		this.lookAt(from + by, to + by);
	}

	release(event) {
		const { held } = this,
			at = this.laneAt(event);

		this.held = null;
		if (!held || held.moved || !at) return;
		this.current = at.index;
		if (at.y < HEAD) {
			this.fold(at.lane);
			return;
		}
		const spot = this.spotAt(event);

		if (spot) this.told.open(spot.node);
	}

	zoomTo(spot) {
		if (!spot) return;
		const { x, total } = spot.chart,
			side = total[spot.box] * 0.05;

		this.lookAt(x[spot.box] - side, x[spot.box] + total[spot.box] + side);
	}

	fold(lane) {
		if (!this.folded.delete(lane.thread.key)) this.folded.add(lane.thread.key);
		this.picked = null;
		this.layOut();
	}

	/* The box that a key leads to from the picked one, in the lane one is at. */
	neighbour(key) {
		const lane = this.lanes[this.current],
			chart = this.chart(lane),
			first = this.levelOf(lane, 0),
			last = Math.min(this.levelOf(lane, lane.rows - 1), chart.levels.length - 2);
		const at = this.picked?.lane === lane ? this.picked : null;
		const level = at ? at.level + ({ ArrowUp: -1, ArrowDown: 1 }[key] || 0) : first;

		if (level < first || level > last) return at;
		const lo = chart.levels[level],
			hi = chart.levels[level + 1];
		let box;

		if (!at) box = Math.min(beyond(chart, lo, hi, this.window.from), hi - 1);
		else if (level === at.level) box = Math.max(lo, Math.min(hi - 1, at.box + (key === 'ArrowLeft' ? -1 : 1)));
		else box = nodeAt(chart, lo, hi, chart.x[at.box], chart.total[at.box]);
		return box < 0 ? at : { lane, chart, level, box, node: chart.node[box] };
	}

	/* Where the picked box's row begins in the content. */
	topOf({ lane, level }) {
		return lane.top + HEAD + (level - this.levelOf(lane, 0)) * ROW;
	}

	pick(spot) {
		const { element, window } = this;

		if (!spot) return;
		this.picked = spot;
		const from = spot.chart.x[spot.box],
			half = (window.to - window.from) / 2,
			top = this.topOf(spot);

		if (from < window.from || from >= window.to) this.lookAt(from - half, from + half);
		if (top < element.scrollTop || top + ROW > element.scrollTop + element.clientHeight)
			element.scrollTop = top - element.clientHeight / 2;
		this.told.box(spot);
		this.request();
	}

	key(event) {
		const steps = event.shiftKey && event.key.startsWith('Arrow') && this.lanes.length > 0;
		const act = steps ? () => this.pick(this.neighbour(event.key)) : {
			ArrowLeft: () => this.pan(-0.15),
			ArrowRight: () => this.pan(0.15),
			ArrowUp: () => this.goTo(this.current - 1),
			ArrowDown: () => this.goTo(this.current + 1),
			'+': () => this.zoom(ZOOM_STEP),
			'=': () => this.zoom(ZOOM_STEP),
			'-': () => this.zoom(1 / ZOOM_STEP),
			0: () => this.lookAt(this.home.from, this.home.to),
			Enter: () => this.lanes.length && this.fold(this.lanes[this.current]),
			' ': () => this.picked && this.told.open(this.picked.node),
		}[event.key];
		const zoomed = this.home && this.window.to - this.window.from < this.home.to - this.home.from;

		if (event.ctrlKey || event.metaKey || event.altKey) return;
		if (event.key === 'Escape' && zoomed) this.lookAt(this.home.from, this.home.to);
		else if (act) act();
		else return;
		event.preventDefault();
		event.stopPropagation();
	}

	goTo(index) {
		if (!this.lanes[index]) return;
		this.current = index;
		const { top } = this.lanes[index],
			{ element } = this;

		if (top < element.scrollTop || top + HEAD + ROW > element.scrollTop + element.clientHeight)
			element.scrollTop = top;
		this.told.lane(`${this.words(this.lanes[index])}, ${this.folded.has(this.lanes[index].thread.key) ? 'closed' : 'open'}`);
		this.request();
	}

	/* ---- drawing ---- */

	words({ thread, value }) {
		const { scale, unit, asked } = this.type;
		const name = thread.thread || (thread.tid < 0 ? 'unknown thread' : 'thread'),
			process = thread.process && thread.process !== thread.thread ? ` of ${thread.process}` : '';

		return (
			`${name}${thread.tid < 0 ? '' : ` ${thread.tid}`}${process}, ` +
			`${share(value, this.whole)}, ${amount(value * scale, unit, asked)}`
		);
	}

	draw() {
		const { painter, look, element } = this;

		if (!this.home || !look || !element.clientWidth) return;
		const started = performance.now(),
			top = element.scrollTop;

		painter.clear(look.colours);
		const seen = this.lanes.filter(
			(lane) => lane.top + HEAD + lane.rows * ROW >= top && lane.top <= top + element.clientHeight,
		);

		for (const lane of seen) this.drawLane(lane, lane.top - top);
		this.drawRange();
		for (const lane of seen) this.drawTitle(lane, lane.top - top);
		if (this.picked && seen.includes(this.picked.lane)) this.outline(this.picked);
		this.drawMs = performance.now() - started;
	}

	drawLane(lane, top) {
		const { painter, boxes, look } = this,
			{ ratio } = painter,
			chart = this.chart(lane),
			gutter = Math.round(GUTTER * ratio);
		const width = painter.canvas.width - gutter;
		const view = {
			from: this.window.from,
			scale: width / (this.window.to - this.window.from),
			width,
			group: look.group,
			faint: look.hit ? GREY : -1,
		};

		boxes.n = 0;
		for (let row = 0; row < lane.rows; row++) {
			const level = this.levelOf(lane, row),
				y = top + HEAD + row * ROW;

			if (y < -ROW || y > this.element.clientHeight || level + 1 >= chart.levels.length) continue;
			sweepLevel(chart, boxes, chart.levels[level], chart.levels[level + 1], Math.round(y * ratio), view);
		}
		for (let i = 0; i < boxes.n; i++) {
			boxes.left[i] += gutter;
			boxes.right[i] += gutter;
		}
		painter.boxes(boxes, chart, look.colours, look.group, look.hit);
	}

	drawTitle(lane, top) {
		const { painter, look } = this,
			{ context, ratio, labels } = painter,
			folded = this.folded.has(lane.thread.key);

		context.setTransform(ratio, 0, 0, ratio, 0, 0);
		context.font = lane === this.lanes[this.current] && document.activeElement === this.element ? `700 ${labels.font}` : labels.font;
		context.textBaseline = 'middle';
		context.fillStyle = look.colours.text;
		context.fillText(`${folded ? '▸' : '▾'} ${this.words(lane)}`, 8, top + HEAD / 2 + 1);
		context.setTransform(1, 0, 0, 1, 0, 0);
	}

	outline(spot) {
		const { context, ratio } = this.painter,
			{ chart, box } = spot,
			scale = this.width / (this.window.to - this.window.from);
		const left = GUTTER + (chart.x[box] - this.window.from) * scale,
			right = left + chart.total[box] * scale;

		if (right < GUTTER) return;
		context.setTransform(ratio, 0, 0, ratio, 0, 0);
		context.strokeStyle = this.look.colours.mark;
		context.lineWidth = 2;
		context.strokeRect(
			Math.max(GUTTER, left),
			this.topOf(spot) - this.element.scrollTop,
			Math.max(3, right - Math.max(GUTTER, left)),
			ROW - 1,
		);
		context.setTransform(1, 0, 0, 1, 0, 0);
	}

	/* What is not chosen is paler. */
	drawRange() {
		const { painter, range, element } = this,
			{ context, ratio } = painter;

		if (!range) return;
		const x = (tick) =>
			GUTTER + ((Math.max(this.window.from, Math.min(this.window.to, tick)) - this.window.from) / (this.window.to - this.window.from)) * this.width;

		context.setTransform(ratio, 0, 0, ratio, 0, 0);
		context.fillStyle = this.look.colours.back;
		context.globalAlpha = 0.6;
		context.fillRect(GUTTER, 0, x(range.from) - GUTTER, element.clientHeight);
		context.fillRect(x(range.to), 0, GUTTER + this.width - x(range.to), element.clientHeight);
		context.globalAlpha = 1;
		context.setTransform(1, 0, 0, 1, 0, 0);
	}
}
