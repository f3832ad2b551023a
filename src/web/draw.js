// SPDX-License-Identifier: Apache-2.0
// Boxes -> canvas. Edges lie on device pixels. Narrow boxes, of which there may be one for each pixel,
// are written as pixels of a picture one pixel high for each row, which is then stretched; so the
// number of drawing calls stays small. Wide ones are filled, grouped by colour. Label widths are kept.

import { cutMiddle, shorten } from 'sonde/names';
import { GONE } from 'sonde/diff';
import { DIFF, GREY } from 'sonde/palette';

export const ROW = 20; /* CSS pixels */
const FONT_PX = 12;
const PAD = 4;
const LABEL_MIN = 22; /* a box narrower than this has no room for letters */
const NARROW = 3; /* CSS pixels; too narrow for a gap beside it */

/* How labels are fitted into widths: all in CSS pixels. */
export class Labels {
	constructor(context, nameOf) {
		this.context = context;
		this.nameOf = nameOf;
		this.forms = new Map();
		this.ascii = new Float32Array(128);
		this.setFont();
	}

	/* After fonts changed, widths are stale. */
	setFont() {
		const family = getComputedStyle(document.documentElement).fontFamily;

		this.font = `${FONT_PX}px ${family || 'sans-serif'}`;
		this.context.font = this.font;
		for (let c = 32; c < 127; c++)
			this.ascii[c] = this.context.measureText(String.fromCharCode(c)).width;
		this.forms.clear();
	}

	width(text) {
		let sum = 0;

		for (let i = 0; i < text.length; i++) {
			const c = text.charCodeAt(i);

			if (c >= 127) return this.context.measureText(text).width;
			sum += this.ascii[c];
		}
		return sum;
	}

	formsOf(frame) {
		let forms = this.forms.get(frame);

		if (!forms) {
			forms = shorten(this.nameOf(frame)).map((text) => ({
				text,
				width: text.length > 600 ? 1e9 : this.width(text),
			}));
			this.forms.set(frame, forms);
		}
		return forms;
	}

	/* The longest way to write the frame's name that fits, or ''. */
	fit(frame, room) {
		const forms = this.formsOf(frame);

		for (const form of forms) if (form.width <= room) return form.text;
		const { text } = forms[forms.length - 1];
		let chars = Math.min(Math.floor(room / 5), text.length);
		let cut = cutMiddle(text, chars);

		while (cut && this.width(cut) > room) cut = cutMiddle(text, --chars);
		return cut;
	}
}

/* A node's colour number: its own where the tree has shades (of a diff), else that of its frame. */
export function colourOf(tree, group, node) {
	return tree.shade ? tree.shade[node] : group[tree.frame[node]];
}

/* A canvas that boxes are drawn on. All boxes come in device pixels, rows as their top edge. */
export class Painter {
	constructor(canvas, nameOf) {
		this.canvas = canvas;
		this.context = canvas.getContext('2d', { alpha: false });
		this.labels = new Labels(this.context, nameOf);
		this.order = new Uint32Array(4096);
		this.ratio = 1;
		this.spikes = document.createElement('canvas');
		this.spikesContext = this.spikes.getContext('2d', { willReadFrequently: true });
		this.pixels = null;
	}

	/* Sets the size in CSS pixels; true when it changed. */
	resize(width, height, ratio) {
		const w = Math.max(1, Math.round(width * ratio)),
			h = Math.max(1, Math.round(height * ratio));

		if (this.canvas.width === w && this.canvas.height === h && this.ratio === ratio)
			return false;
		this.canvas.width = w;
		this.canvas.height = h;
		this.canvas.style.width = `${width}px`;
		this.canvas.style.height = `${height}px`;
		this.ratio = ratio;
		this.spikes.width = w;
		this.spikes.height = Math.ceil(height / ROW) + 3;
		this.image = this.spikesContext.createImageData(w, this.spikes.height);
		this.pixels = new Uint32Array(this.image.data.buffer);
		return true;
	}

	clear(colours) {
		this.context.setTransform(1, 0, 0, 1, 0, 0);
		this.context.fillStyle = colours.back;
		this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
	}

	/* Draws the narrow boxes and returns how many wide ones are left, their indexes in this.order. */
	narrow(boxes, tree, colours, group) {
		const { context, pixels, spikes, ratio } = this,
			width = spikes.width;
		const limit = Math.round(NARROW * ratio),
			tops = [];
		let wide = 0,
			slot = -1,
			row = NaN,
			any = false;

		if (this.order.length < boxes.n) this.order = new Uint32Array(boxes.n * 2);
		pixels.fill(0);
		for (let i = 0; i < boxes.n; i++) {
			if (!boxes.strip[i] && boxes.right[i] - boxes.left[i] >= limit) {
				this.order[wide++] = i;
				continue;
			}
			if (boxes.row[i] !== row) {
				row = boxes.row[i];
				tops[++slot] = row;
			}
			if (slot < spikes.height)
				pixels.fill(
					colours.pixels[colourOf(tree, group, boxes.node[i])],
					slot * width + boxes.left[i],
					slot * width + boxes.right[i],
				);
			any = true;
		}
		if (any) {
			this.spikesContext.putImageData(this.image, 0, 0, 0, 0, width, slot + 1);
			context.imageSmoothingEnabled = false;
			tops.forEach((top, at) =>
				context.drawImage(
					spikes,
					0,
					at,
					width,
					1,
					0,
					top,
					width,
					Math.round(ROW * ratio),
				),
			);
		}
		return wide;
	}

	/* Draws boxes of a tree; group is the colour number of each frame, hit (or null) marks the frames
	 * that a search found. */
	boxes(boxes, tree, colours, group, hit) {
		const { context, ratio } = this,
			gap = Math.round(ratio);
		const height = Math.round(ROW * ratio) - gap;
		const wide = this.narrow(boxes, tree, colours, group);
		const runs = colours.fills.map(() => []);

		for (let k = 0; k < wide; k++)
			runs[colourOf(tree, group, boxes.node[this.order[k]])].push(this.order[k]);
		runs.forEach((run, colour) => {
			context.fillStyle = colours.fills[colour];
			for (const i of run)
				context.fillRect(
					boxes.left[i],
					boxes.row[i],
					boxes.right[i] - boxes.left[i] - gap,
					height,
				);
		});
		this.edge(runs, boxes, colours, height);
		if (hit) this.underline(wide, boxes, tree, colours, hit, height);
		this.write(wide, boxes, tree, colours, hit);
	}

	/* What is new has an edge, what is gone a broken one: colour alone would not tell everybody. */
	edge(runs, boxes, colours, height) {
		const { context, ratio } = this,
			thick = Math.max(1, Math.round(1.5 * ratio));

		for (const [colour, stroke] of Object.entries(colours.edges)) {
			context.strokeStyle = stroke;
			context.lineWidth = thick;
			context.setLineDash(Number(colour) === DIFF + GONE ? [4 * ratio, 3 * ratio] : []);
			for (const i of runs[colour])
				context.strokeRect(
					boxes.left[i] + thick / 2,
					boxes.row[i] + thick / 2,
					boxes.right[i] - boxes.left[i] - Math.round(ratio) - thick,
					height - thick,
				);
		}
		context.setLineDash([]);
	}

	underline(wide, boxes, tree, colours, hit, height) {
		const { context, ratio } = this,
			thick = Math.max(2, Math.round(2 * ratio));

		context.fillStyle = colours.mark;
		for (let k = 0; k < wide; k++) {
			const i = this.order[k];

			if (hit[tree.frame[boxes.node[i]]])
				context.fillRect(
					boxes.left[i],
					boxes.row[i] + height - thick,
					boxes.right[i] - boxes.left[i] - Math.round(ratio),
					thick,
				);
		}
	}

	write(wide, boxes, tree, colours, hit) {
		const { context, ratio, labels } = this;

		context.setTransform(ratio, 0, 0, ratio, 0, 0);
		context.font = labels.font;
		context.textBaseline = 'middle';
		context.direction = 'ltr';
		for (let faint = 0; faint < (hit ? 2 : 1); faint++) {
			context.fillStyle = faint ? colours.faint : colours.text;
			for (let k = 0; k < wide; k++) {
				const i = this.order[k],
					room = (boxes.right[i] - boxes.left[i]) / ratio;

				if (room < LABEL_MIN) continue;
				const frame = tree.frame[boxes.node[i]];

				if (hit && (hit[frame] ? 0 : 1) !== faint) continue;
				const text = labels.fit(frame, room - 2 * PAD);

				if (text)
					context.fillText(
						text,
						boxes.left[i] / ratio + PAD,
						boxes.row[i] / ratio + ROW / 2,
					);
			}
		}
		context.setTransform(1, 0, 0, 1, 0, 0);
	}

	/* What the pane below is of. */
	caption(text, top, colours) {
		const { context, ratio, labels } = this;

		context.setTransform(ratio, 0, 0, ratio, 0, 0);
		context.font = `600 ${labels.font}`;
		context.textBaseline = 'middle';
		context.fillStyle = colours.text;
		context.fillText(text, PAD, top + ROW / 2 + 2);
		context.setTransform(1, 0, 0, 1, 0, 0);
	}

	/* A row of words instead of a box. */
	note(text, top, colours) {
		const { context, ratio, labels } = this;

		context.setTransform(ratio, 0, 0, ratio, 0, 0);
		context.fillStyle = colours.fills[GREY];
		context.fillRect(0, top / ratio, this.canvas.width / ratio, ROW - 1);
		context.font = labels.font;
		context.textBaseline = 'middle';
		context.fillStyle = colours.text;
		context.fillText(text, PAD, top / ratio + ROW / 2);
		context.setTransform(1, 0, 0, 1, 0, 0);
	}
}
