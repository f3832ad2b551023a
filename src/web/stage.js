// SPDX-License-Identifier: Apache-2.0
// Where boxes are seen: one canvas over one or two panes, scrolling, zooming, the pointer.
//
// A pane is a weighed tree drawn downwards or upwards, with a window of it in view. Only zooming,
// scrolling and resizing draw; hovering and selecting move two outlines.

import { ROW, Painter } from 'sonde/draw';
import { GREY } from 'sonde/palette';
import { Boxes, depthBelow, levelOf, nodeAt, sweepLevel } from 'sonde/sweep';

const KEEP = 2; /* nearest callers that stay in sight above a zoomed box */
const ZOOM_MS = 180;
const CAPTION = 1.5 * ROW;
const still = matchMedia('(prefers-reduced-motion: reduce)');

/* One tree in view. `bare` leaves its root's row out (another pane shows that). */
export class Pane {
	constructor(tree, { up = false, bare = false, caption = '' } = {}) {
		Object.assign(this, { tree, up, bare, caption, expanded: false, top: 0 });
		this.zoom(0);
	}

	zoom(node) {
		const { tree } = this;

		this.node = node;
		this.level = levelOf(tree, node);
		this.from = tree.x[node];
		this.to = tree.x[node] + tree.total[node];
		this.path = [];
		for (let i = node; this.path.unshift(i), i > 0;) i = tree.parent[i];
		this.depth = depthBelow(tree, node);
		this.ranges = [];
		for (let lo = node, hi = node + 1, d = 0; d <= this.depth; d++) {
			this.ranges.push([lo, hi]);
			lo = tree.first[lo];
			hi = tree.first[hi];
		}
	}

	/* Callers in between that one row stands for. */
	get hidden() {
		const between = this.level - 1 - KEEP;

		return this.expanded || between < 2 ? 0 : between;
	}

	get rows() {
		return this.rowOf(this.level + this.depth) + 1;
	}

	rowOf(level) {
		const { hidden } = this,
			skip = this.bare ? 1 : 0;

		if (!hidden || level === 0) return level - skip;
		return level <= hidden ? 1 - skip : level - hidden + 1 - skip;
	}

	/* The level shown in a row; -1 for the row that stands for hidden callers. */
	levelOf(row) {
		const { hidden } = this,
			at = row + (this.bare ? 1 : 0);

		if (!hidden || at === 0) return at;
		return at === 1 ? -1 : at + hidden - 1;
	}

	/* Between the pane's top and its boxes. */
	get above() {
		return this.caption ? CAPTION : 0;
	}

	get height() {
		return Math.max(0, this.rows) * ROW + this.above;
	}

	/* Top edge of a row in the content, and back. */
	yOf(row) {
		return this.top + this.above + (this.up ? this.rows - 1 - row : row) * ROW;
	}

	rowAt(y) {
		const at = Math.floor((y - this.top - this.above) / ROW);

		return this.up ? this.rows - 1 - at : at;
	}

	rangeOf(level) {
		return level < this.level
			? [this.path[level], this.path[level] + 1]
			: this.ranges[level - this.level] || [0, 0];
	}
}

export class Stage {
	/* element: the scrolling box. told: { hover(spot, event), select(spot), zoom(spot), leave() },
	 * where a spot is { pane, node }. */
	constructor(element, nameOf, told) {
		this.element = element;
		this.told = told;
		this.content = element.querySelector('.content');
		this.canvas = element.querySelector('canvas');
		this.outlines = {
			hover: element.querySelector('.hover'),
			pick: element.querySelector('.pick'),
		};
		this.painter = new Painter(this.canvas, nameOf);
		this.boxes = new Boxes();
		this.panes = [];
		this.picked = null;
		this.hovered = null;
		this.motion = null;
		this.listen();
	}

	listen() {
		const { element } = this;

		new ResizeObserver(() => this.layOut()).observe(element);
		element.addEventListener('scroll', () => this.request(), { passive: true });
		element.addEventListener('pointermove', (event) => this.point(event));
		element.addEventListener('pointerleave', () => this.hover(null));
		element.addEventListener('click', (event) => this.click(event));
	}

	/* What to draw from now on. group: the colour number of each frame; hit: see Painter.boxes(). */
	show(panes, look) {
		this.panes = panes;
		this.look = look;
		this.motion = null;
		this.picked = null;
		this.hover(null);
		this.layOut();
		this.element.scrollTop = this.home();
	}

	/* Colours or matches changed, boxes did not. */
	restyle(look) {
		this.look = look;
		this.request();
	}

	get width() {
		return this.element.clientWidth;
	}

	layOut() {
		const { clientWidth, clientHeight } = this.element;
		let height = 0;

		if (!this.panes.length || !clientWidth) return;
		for (const pane of this.panes) {
			pane.top = height;
			height += pane.height;
		}
		if (height < clientHeight && this.panes.length === 1 && this.panes[0].up)
			this.panes[0].top = clientHeight - height;
		this.content.style.height = `${Math.max(height, clientHeight)}px`;
		this.painter.resize(clientWidth, clientHeight, devicePixelRatio || 1);
		this.outline();
		this.draw();
	}

	/* Where scrolling starts: at the root's end, or where two panes meet. */
	home() {
		const room = this.element.clientHeight;

		if (this.linked) return 0;
		if (this.panes.length > 1) return Math.max(0, this.panes[1].top - room / 2);
		return this.panes[0] && this.panes[0].up ? this.content.offsetHeight : 0;
	}

	request() {
		if (!this.asked)
			this.asked = requestAnimationFrame(() => {
				this.asked = 0;
				this.draw();
			});
	}

	/* The pane's window, part of the way to where it goes. */
	windowOf(pane, now) {
		const { motion } = this;

		if (!motion || motion.pane !== pane)
			return { from: pane.from, to: pane.to, shift: 0, moving: false };
		const t = Math.min(1, (now - motion.start) / ZOOM_MS),
			eased = 1 - (1 - t) ** 3;

		if (t >= 1) {
			this.motion = null;
			return { from: pane.from, to: pane.to, shift: 0, moving: false };
		}
		/* Zooming in, the edges must not reach their places linearly: widths differ by orders. */
		const wide = Math.exp(
			Math.log(motion.to - motion.from) * (1 - eased) +
				Math.log(pane.to - pane.from) * eased,
		);
		const before = motion.to - motion.from,
			after = pane.to - pane.from;
		const part = before === after ? eased : (wide - before) / (after - before);

		return {
			from: motion.from + (pane.from - motion.from) * part,
			to: 0,
			wide,
			shift: motion.shift * (1 - eased),
			moving: true,
		};
	}

	draw() {
		const { painter, look } = this;

		if (!this.panes.length || !look || !this.painter.pixels) return; /* not in sight since the page opened */
		const started = performance.now();

		painter.clear(look.colours);
		for (const pane of this.panes) this.drawPane(pane, this.windowOf(pane, started));
		this.drawMs = performance.now() - started;
		this.draws = (this.draws || 0) + 1;
		if (this.motion) this.request();
	}

	drawPane(pane, { from, to, wide, shift, moving }) {
		const { painter, boxes, look } = this,
			{ tree } = pane,
			{ ratio } = painter;
		const width = painter.canvas.width,
			scale = width / (wide || to - from || 1);
		const view = {
			from,
			scale,
			width,
			group: look.group,
			grain: moving ? 2 : 1,
			faint: look.hit ? GREY : -1,
		};
		const top = pane.top - this.element.scrollTop + shift,
			room = this.element.clientHeight;

		if (pane.caption) painter.caption(pane.caption, top, look.colours);
		boxes.n = 0;
		for (let row = 0; row < pane.rows; row++) {
			const y = top + pane.yOf(row) - pane.top,
				level = pane.levelOf(row);

			if (y < -ROW || y >= room) continue;
			const device = Math.round(y * ratio);

			if (level < 0) painter.note(this.noteOf(pane), device, look.colours);
			else if (moving)
				sweepLevel(
					tree,
					boxes,
					tree.levels[level],
					tree.levels[level + 1],
					device,
					view,
				);
			else if (level <= pane.level)
				boxes.add(0, width, device, pane.path[level], 0);
			else sweepLevel(tree, boxes, ...pane.rangeOf(level), device, view);
		}
		painter.boxes(boxes, tree, look.colours, look.group, look.hit);
	}

	noteOf(pane) {
		return `⋯ ${pane.hidden} more callers, click to see them`;
	}

	/* The box of a node in content pixels, or null when it is not in the window. */
	boxOf({ pane, node }) {
		const { tree } = pane,
			level = levelOf(tree, node),
			scale = this.width / (pane.to - pane.from);

		if (
			(pane.bare && level === 0) ||
			(pane.hidden && level > 0 && level <= pane.hidden)
		)
			return null;
		if (level < pane.level && pane.path[level] !== node) return null;
		const left = Math.max(0, (tree.x[node] - pane.from) * scale);
		const right = Math.min(
			this.width,
			(tree.x[node] + tree.total[node] - pane.from) * scale,
		);

		return right < left || level > pane.level + pane.depth
			? null
			: {
					left,
					top: pane.yOf(pane.rowOf(level)),
					width: right - left,
					height: ROW,
				};
	}

	/* What is at a point of the content: { pane, node }, { pane, note: true } or null. */
	spotAt(x, y) {
		for (const pane of this.panes) {
			if (y < pane.top + pane.above || y >= pane.top + pane.height) continue;
			const level = pane.levelOf(pane.rowAt(y));

			if (level < 0) return { pane, note: true };
			const unit = (pane.to - pane.from) / this.width;
			const node = nodeAt(
				pane.tree,
				...pane.rangeOf(level),
				pane.from + x * unit,
				unit,
			);

			return node < 0 ? null : { pane, node };
		}
		return null;
	}

	spotOf(event) {
		const box = this.element.getBoundingClientRect();

		return this.spotAt(
			event.clientX - box.left,
			event.clientY - box.top + this.element.scrollTop,
		);
	}

	point(event) {
		if (!this.motion) this.hover(this.spotOf(event), event);
	}

	hover(spot, event) {
		this.element.classList.toggle('over', Boolean(spot));
		this.hovered = spot && !spot.note ? spot : null;
		this.outline();
		this.told.hover(this.hovered, event);
	}

	click(event) {
		const spot = this.spotOf(event);

		if (!spot) return;
		if (spot.note) {
			spot.pane.expanded = true;
			this.layOut();
		} else {
			this.pick(spot);
			this.zoom(spot);
		}
	}

	pick(spot) {
		this.picked = spot;
		this.outline();
		this.told.select(spot);
	}

	outline() {
		for (const [which, spot] of [
			['hover', this.hovered],
			['pick', this.picked],
		]) {
			const style = this.outlines[which].style,
				box = spot && this.boxOf(spot);

			style.display = box ? 'block' : 'none';
			if (box) {
				style.transform = `translate(${box.left}px, ${box.top}px)`;
				style.width = `${Math.max(2, box.width)}px`;
			}
		}
	}

	/* Makes a node the whole width, moving there unless motion is unwelcome. */
	zoom(spot, { jump = false } = {}) {
		const { pane, node } = spot,
			before = { from: pane.from, to: pane.to };
		const old = this.boxOf(spot),
			oldTop = old ? old.top - this.element.scrollTop : 0;

		pane.expanded = false;
		pane.zoom(node);
		if (this.linked) this.follow(pane, node);
		this.motion = null;
		this.hover(null);
		this.layOut();
		this.element.scrollTop = this.linked
			? pane.top
			: this.panes.length > 1
				? Math.min(this.home(), pane.up ? pane.height : Infinity)
				: this.home();
		if (
			!jump &&
			!still.matches &&
			old &&
			before.to > before.from &&
			pane.to > pane.from
		) {
			const now = this.boxOf(spot);
			const shift = now ? oldTop - (now.top - this.element.scrollTop) : 0;

			this.motion = { pane, ...before, shift, start: performance.now() };
		}
		this.outline();
		this.request();
		this.told.zoom(spot);
	}

	/* The other pictures of the same nodes go where one goes, as far as they have something there. */
	follow(pane, node) {
		for (const other of this.panes) {
			let at = node;

			while (at && !(other.tree.total[at] > 0)) at = other.tree.parent[at];
			if (other !== pane) {
				other.expanded = false;
				other.zoom(at);
			}
		}
	}

	/* The pane that keys, the search and the address are about. */
	get main() {
		return this.panes[this.linked ? 0 : this.panes.length - 1];
	}

	/* Panes show the same nodes: zooming one zooms all. */
	get linked() {
		return this.panes.length > 2;
	}

	/* Brings a node into sight, zooming to it where its box would be too narrow to see. */
	reveal(spot) {
		const box = this.boxOf(spot),
			{ element } = this;

		if (!box || box.width < 24) this.zoom(spot);
		const now = this.boxOf(spot);

		if (
			now &&
			(now.top < element.scrollTop ||
				now.top + ROW > element.scrollTop + element.clientHeight)
		)
			element.scrollTop = now.top - element.clientHeight / 2;
		this.outline();
	}

	/* The node a key leads to from the picked one; the same one at an end. */
	neighbour(direction) {
		const spot = this.picked || { pane: this.main, node: 0 };
		const { pane, node } = spot,
			{ tree } = pane;
		const away = pane.up ? 'ArrowUp' : 'ArrowDown',
			home = pane.up ? 'ArrowDown' : 'ArrowUp';

		if (direction === home) return { pane, node: node ? tree.parent[node] : 0 };
		if (direction === away) return { pane, node: widest(tree, node) };
		const level = levelOf(tree, node),
			step = direction === 'ArrowLeft' ? -1 : 1;
		const lo = level <= pane.level ? pane.path[level] : pane.rangeOf(level)[0];
		const hi = level <= pane.level ? lo + 1 : pane.rangeOf(level)[1];

		for (let i = node + step; i >= lo && i < hi; i += step)
			if (tree.total[i] > 0) return { pane, node: i };
		return spot;
	}
}

function widest(tree, node) {
	let best = node,
		most = 0;

	for (let i = tree.first[node]; i < tree.first[node + 1]; i++)
		if (tree.total[i] > most) {
			most = tree.total[i];
			best = i;
		}
	return best;
}
