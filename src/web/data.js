// SPDX-License-Identifier: Apache-2.0
// The packed profile of a page -> columns. The layout is described in docs/flamegraph.md and written
// by src/render/html_pack.c. No DOM here.

const MAGIC = 'SONDEFG1';
const LINES_MAGIC = 'SONDELN1';

/* Base64 text -> bytes, also in browsers from before 2025. A loop: Uint8Array.from() with a function takes 25 times
 * as long. */
function bytesOf(text) {
	if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
	const raw = atob(text.trim()),
		bytes = new Uint8Array(raw.length);

	for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
	return bytes;
}

/* Base64 text of a deflate-raw stream -> its bytes. */
export async function unpack(text) {
	const stream = new Blob([bytesOf(text)])
		.stream()
		.pipeThrough(new DecompressionStream('deflate-raw'));

	return new Uint8Array(await new Response(stream).arrayBuffer());
}

/* Reads unsigned LEB128 numbers and strings; past the end everything throws. */
class Reader {
	constructor(bytes) {
		this.bytes = bytes;
		this.at = 0;
		this.text = new TextDecoder();
	}

	number() {
		let value = 0,
			scale = 1,
			byte;

		do {
			if (this.at >= this.bytes.length)
				throw new RangeError('the data block ends too early');
			byte = this.bytes[this.at++];
			value += (byte & 127) * scale;
			scale *= 128;
		} while (byte > 127);
		return value;
	}

	string() {
		return this.slice(this.number());
	}

	slice(n) {
		if (n > this.bytes.length - this.at)
			throw new RangeError('the data block ends too early');
		this.at += n;
		return this.text.decode(this.bytes.subarray(this.at - n, this.at));
	}

	/* Fills a typed array. Most numbers are one byte long. */
	column(into) {
		const { bytes } = this,
			end = bytes.length;
		let at = this.at;

		for (let i = 0; i < into.length; i++) {
			const byte = bytes[at];

			if (byte < 128) {
				into[i] = byte;
				at++;
			} else {
				this.at = at;
				into[i] = this.number();
				at = this.at;
			}
		}
		if (at > end) throw new RangeError('the data block ends too early');
		this.at = at;
		return into;
	}
}

function readStrings(reader) {
	const n = reader.number(),
		list = reader.slice(reader.number()).split('\n');

	if (list.length !== n) throw new RangeError('the table of strings is damaged');
	return list;
}

function readFrames(reader) {
	const n = reader.number();

	return {
		n,
		name: reader.column(new Uint32Array(n)),
		kind: reader.column(new Uint8Array(n)),
		module: reader.column(new Uint32Array(n)),
		file: reader.column(new Uint32Array(n)),
		line: reader.column(new Uint32Array(n)),
	};
}

/* Where node i (depth first) stands once nodes are ordered by depth. */
function placeNodes(reader, levels, nodes) {
	const n = nodes.n,
		depth = levels.length - 2;
	const pops = reader.column(nodes.n < 2 ? new Uint8Array(0) : new Uint32Array(n - 1));
	const frames = reader.column(new Uint32Array(n - 1));
	const next = levels.slice(),
		last = new Uint32Array(depth + 2);
	const place = new Uint32Array(n);
	let at = 0;

	next[0] = 1;
	for (let i = 1; i < n; i++) {
		at += 1 - pops[i - 1];
		if (!(at > 0 && at <= depth) || next[at] >= levels[at + 1])
			throw new RangeError('the tree is damaged');
		const id = next[at]++;

		place[i] = id;
		last[at] = id;
		nodes.parent[id] = last[at - 1];
		nodes.frame[id] = frames[i - 1];
	}
	return place;
}

/* The tree, level by level: within a level callees of one caller stand together, in callers' order.
 *   levels[d] .. levels[d + 1]   the nodes d calls deep (0 is the root)
 *   first[i] .. first[i + 1]     the callees of node i */
function readTree(reader) {
	const depth = reader.number();
	const counts = reader.column(new Uint32Array(depth));
	const levels = new Uint32Array(depth + 1);

	for (let d = 0; d < depth; d++) levels[d + 1] = levels[d] + counts[d];
	const n = levels[depth];
	const nodes = { n, levels, parent: new Uint32Array(n), frame: new Uint32Array(n) };
	const place = placeNodes(reader, levels, nodes);

	nodes.first = firstCallees(nodes);
	return { nodes, place };
}

export function firstCallees({ n, levels, parent }) {
	const first = new Uint32Array(n + 1);
	let at = 1;

	for (let id = 0; id < n; id++) {
		first[id] = at;
		while (at < n && parent[at] === id) at++;
	}
	first[n] = n;
	return first;
}

/* A column of one number. */
function columnOf(n, value) {
	const Kind = value < 256 ? Uint8Array : value < 2 ** 32 ? Uint32Array : Float64Array;

	return new Kind(n).fill(value);
}

/* A group's samples in time order: .ticks ascending, .rowNodes, and .rowValues, a column for each type. */
function readRows(reader, group, nTypes) {
	const n = reader.number(),
		ticks = reader.column(new Uint32Array(n)),
		rowNodes = reader.column(new Uint32Array(n)),
		rowValues = [];

	for (let i = 1; i < n; i++) ticks[i] += ticks[i - 1];
	for (let i = 0; i < n; i++) {
		if (rowNodes[i] >= group.nodes.length) throw new RangeError('the times are damaged');
		rowNodes[i] = group.nodes[rowNodes[i]];
	}
	for (let t = 0; t < nTypes; t++) {
		const wide = n ? reader.number() : 1;

		rowValues.push(
			wide
				? reader.column(new (wide > 1 ? Float64Array : Uint32Array)(n))
				: columnOf(n, reader.number()),
		);
	}
	Object.assign(group, { ticks, rowNodes, rowValues });
}

/* What samples can be grouped by: value v of a key is .values[v - 1], one more than there are stands for the
 * .others that are not told apart, 0 for none. */
function readKeys(reader, strings) {
	const keys = [];

	for (let left = reader.number(); left > 0; left--) {
		const name = strings[reader.number()],
			values = reader.column(new Uint32Array(reader.number()));

		keys.push({
			name,
			values: Array.from(values, (id) => strings[id]),
			others: reader.number(),
		});
	}
	return keys;
}

/* What a group spent where, into it: node ids with one column of values for each type, and its rows. */
function readSpent(reader, group, nTypes, place, tickNs) {
	let at = 0;

	group.nodes = reader.column(new Uint32Array(reader.number()));
	group.values = [];
	for (let i = 0; i < group.nodes.length; i++) {
		at += group.nodes[i];
		group.nodes[i] = place[at];
	}
	for (let t = 0; t < nTypes; t++) {
		const wide = reader.number();

		group.values.push(
			reader.column(
				wide
					? new Float64Array(group.nodes.length)
					: new Uint32Array(group.nodes.length),
			),
		);
	}
	if (tickNs) readRows(reader, group, nTypes);
}

/* Who ran, with which labels (a value for each key), and what each spent where. */
function readGroups(reader, strings, nTypes, place, tickNs, nKeys) {
	const groups = [];

	for (let left = reader.number(); left > 0; left--) {
		const group = {
			pid: reader.number() - 1,
			process: strings[reader.number()],
			tid: reader.number() - 1,
			thread: strings[reader.number()],
			labels: reader.column(new Uint32Array(nKeys)),
		};

		readSpent(reader, group, nTypes, place, tickNs);
		groups.push(group);
	}
	return groups;
}

/* Everything the page knows. Throws where the bytes make no sense. */
export function decode(bytes) {
	const reader = new Reader(bytes);

	if (reader.slice(8) !== MAGIC) throw new RangeError('this is not a packed profile');
	const meta = {};

	for (let left = reader.number(); left > 0; left--) meta[reader.string()] = reader.string();
	const drops = [];

	for (let left = reader.number(); left > 0; left--)
		drops.push({ reason: reader.string(), count: reader.number() });
	const types = [];

	for (let left = reader.number(); left > 0; left--)
		types.push({
			type: reader.string(),
			unit: reader.string(),
			scale: reader.number(),
			total: reader.number(),
		});
	const strings = readStrings(reader);
	const frames = readFrames(reader);
	const { nodes, place } = readTree(reader);
	const tickNs = reader.number();
	const keys = readKeys(reader, strings);
	const groups = readGroups(reader, strings, types.length, place, tickNs, keys.length);
	return { meta, drops, types, strings, frames, nodes, keys, groups, tickNs };
}

/* The text of lines, by file: .line ascending and .text of each; .state is of render/html_source.c. */
function readSources(reader) {
	const sources = [];

	for (let left = reader.number(); left > 0; left--) {
		const state = reader.number(),
			line = reader.column(new Uint32Array(reader.number())),
			text = reader.string().split('\n');

		for (let i = 1; i < line.length; i++) line[i] += line[i - 1];
		if (text.length < line.length) throw new RangeError('the source lines are damaged');
		sources.push({ state, line, text });
	}
	return sources;
}

/* What each line cost, of a profile with `nTypes` value types; its groups are in the profile's order. Frames are of
 * a function (.of, a frame of the profile) and a line; .source is the number of the line's file, 0 for none. */
export function decodeLines(bytes, nTypes) {
	const reader = new Reader(bytes);

	if (reader.slice(8) !== LINES_MAGIC) throw new RangeError('these are no packed lines');
	if (reader.number()) return { crowded: true };
	const n = reader.number();
	const frames = { n, of: reader.column(new Uint32Array(n)), line: reader.column(new Uint32Array(n)) };
	const { nodes, place } = readTree(reader);
	const tickNs = reader.number(),
		groups = [];

	for (let left = reader.number(); left > 0; left--) {
		const group = {};

		readSpent(reader, group, nTypes, place, tickNs);
		groups.push(group);
	}
	const looked = reader.number() > 0,
		sources = readSources(reader);

	frames.source = new Uint32Array(n);
	reader.column(frames.source.subarray(1));
	return { crowded: false, frames, nodes, groups, tickNs, looked, sources };
}
