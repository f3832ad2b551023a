// SPDX-License-Identifier: Apache-2.0
// The page's address: what is shown as a text, and back.

import * as diff from 'sonde/diff';
import * as fragment from 'sonde/fragment';
import * as model from 'sonde/model';
import { PageSearch } from 'sonde/pagesearch';
import { KINDS } from 'sonde/palette';

const $ = (id) => document.getElementById(id);
const VIEWS = ['graph', 'inverted', 'sandwich', 'table'];

export class PageAddress extends PageSearch {
	keyOf(frame) {
		if (!this.keys.has(frame))
			this.keys.set(
				frame,
				fragment.frameKey(this.profile.frames, this.profile.strings, frame),
			);
		return this.keys.get(frame);
	}

	path() {
		const pane = this.stage.main;

		return pane
			? model
					.stackOf(pane.tree, pane.node)
					.map((node) => this.keyOf(pane.tree.frame[node]))
					.join('.')
			: '';
	}

	/* What is shown, as the address tells it. */
	get address() {
		const { profile, profiles, type } = this;

		return {
			profile: this.index > 0 ? profiles.names[this.index] : '',
			view: this.view === 'graph' ? '' : this.view,
			up: this.up ? '1' : '',
			theme: this.theme,
			q: this.query,
			picture: this.diff && this.picture !== 'diff' ? this.picture : '',
			type: this.diff || type === this.defaultType ? '' : profile.types[type].type,
			threads: this.threads.text,
			by: this.by ? this.by.id : '',
			hide: [...this.hidden].map((kind) => KINDS[kind].id).join(','),
			fn: this.view === 'sandwich' ? this.keyOf(this.fn) : '',
			path: this.path(),
			lines: this.lines.open ? this.keyOf(this.lines.frame) : '',
			...this.time.text,
		};
	}

	remember(address = this.address) {
		if (!this.restoring) history.replaceState(null, '', `#${fragment.write(address)}`);
	}

	/* The profile of that number, looked at in the same way. */
	async switchTo(index) {
		const { n, names } = this.profiles;

		if (index < 0 || index >= n || index === this.index) return;
		this.remember({ ...this.address, profile: names[index] });
		await this.restore();
		if (this.index === index) this.say(`Profile ${index + 1} of ${n}: ${names[index]}`);
	}

	/* A type by its name, or (older addresses) by its number. */
	typeCalled(text) {
		const { types } = this.profile,
			named = types.findIndex(({ type }) => type === text);

		return named >= 0 ? named : (types[text] ? Number(text) : this.defaultType);
	}

	/* Shows what the address says. */
	async restore() {
		const state = fragment.read(location.hash),
			index = this.profiles.indexOf(state.profile);

		if (index !== this.index) {
			const profile = await this.unpacked(index);

			if (!profile) return;
			this.load(profile, index);
		}
		this.apply(state);
	}

	/* null: overtaken by another choice, or damaged where another one is shown already. */
	async unpacked(index) {
		this.wanted = index;
		try {
			const profile = await this.profiles.get(index);

			return this.wanted === index ? profile : null;
		} catch (error) {
			if (this.index < 0) throw error;
			this.remember();
			$('profiles').value = String(this.index);
			this.say(`That profile cannot be read: ${error.message}`);
			return null;
		}
	}

	apply(state) {
		const { profile } = this;

		this.restoring = true;
		this.setTheme(['dark', 'light'].includes(state.theme) ? state.theme : '');
		this.view = VIEWS.includes(state.view) ? state.view : 'graph';
		this.up = state.up === '1';
		this.picture = diff.PICTURES.includes(state.picture) ? state.picture : 'diff';
		this.query = $('query').value = (state.q || '').slice(0, 2000);
		this.type = this.typeCalled(state.type);
		this.hidden = new Set(
			KINDS.map((kind, index) => index).filter((index) =>
				(state.hide || '').split(',').includes(KINDS[index].id),
			),
		);
		this.threads.text = state.threads;
		this.chosen = this.threads.chosen;
		this.by = profile.groupings.find(({ id }) => !this.diff && id === state.by) || null;
		this.fn = this.frameCalled(state.fn);
		this.time.restore(state);
		this.path = () => state.path || '';
		this.weighAgain();
		delete this.path;
		const lines = this.frameCalled(state.lines);

		if (this.lines.has(lines)) this.lines.openFor(lines);
		else this.lines.show(false);
		this.restoring = false;
	}

	/* By its hash in an address; 0 for none. */
	frameCalled(key) {
		const { n } = this.profile.frames;

		for (let frame = 1; key && frame < n; frame++) if (this.keyOf(frame) === key) return frame;
		return 0;
	}

	/* Where a path leads; apart by label, within the first value where it leads furthest. */
	follow(tree, path) {
		const starts = [];
		let best = 0,
			most = -1;

		for (let i = tree.first[0]; this.by && i < tree.first[1]; i++) starts.push(i);
		for (const start of this.by ? starts : [0]) {
			const node = fragment.follow(tree, (frame) => this.keyOf(frame), path, start),
				length = model.stackOf(tree, node).length;

			if (length > most) [best, most] = [node, length];
		}
		return best;
	}

	/* Chooses a box of the flame graph by the path to it, and brings it into sight. */
	reveal(path) {
		if (this.view !== 'graph') this.go('graph');
		const pane = this.stage.main,
			spot = { pane, node: this.follow(pane.tree, path) };

		if (pane.node && !this.stage.boxOf(spot)) this.stage.zoom({ pane, node: 0 }, { jump: true });
		this.stage.pick(spot);
		this.stage.reveal(spot);
	}
}
