// SPDX-License-Identifier: Apache-2.0
// Which processes and threads are looked at: a list to search and tick.

import { threadsOf } from 'sonde/chart';
import { processWords, threadWords } from 'sonde/groups';
import { amount, share } from 'sonde/names';

const SHOWN_MOST = 400;

/* threads -> [{ words, value, threads }], largest first. */
function processesOf(threads) {
	const processes = new Map();

	for (const thread of threads) {
		const words = processWords(thread);

		if (!processes.has(words)) processes.set(words, { words, value: 0, threads: [] });
		processes.get(words).value += thread.value;
		processes.get(words).threads.push(thread);
	}
	for (const process of processes.values()) process.threads.sort((a, b) => b.value - a.value);
	return [...processes.values()].sort((a, b) => b.value - a.value);
}

export class ThreadPicker {
	/* changed(chosen): a Set of group indexes, or null for all. */
	constructor(button, box, changed) {
		Object.assign(this, { button, box, groups: [], threads: [], changed, chosen: null });
		this.search = document.createElement('input');
		this.search.type = 'search';
		this.search.placeholder = 'Search processes and threads';
		this.search.setAttribute('aria-label', this.search.placeholder);
		this.all = document.createElement('button');
		this.all.type = 'button';
		this.all.textContent = 'All';
		this.list = document.createElement('ul');
		this.more = document.createElement('p');
		const bar = document.createElement('div');

		bar.className = 'bar';
		bar.append(this.search, this.all);
		box.append(bar, this.list, this.more);
		button.addEventListener('click', () => this.toggle());
		this.search.addEventListener('input', () => this.draw());
		this.all.addEventListener('click', () => this.choose(null));
		this.list.addEventListener('change', (event) => this.tick(event.target));
		document.addEventListener('pointerdown', (event) => {
			if (
				!box.hidden &&
				!box.contains(event.target) &&
				!button.contains(event.target)
			)
				this.close();
		});
	}

	/* Those of another profile. */
	setGroups(groups) {
		this.groups = groups;
		this.threads = threadsOf(groups);
		this.button.hidden = this.threads.length < 2;
		this.search.value = '';
		this.close();
		this.choose(null, true);
	}

	/* What each group cost, in the type looked at. */
	/* type: what is counted. */
	weigh(values, type) {
		this.type = type;
		for (const thread of this.threads)
			thread.value = thread.members.reduce((sum, index) => sum + values[index], 0);
		if (!this.box.hidden) this.draw();
	}

	toggle() {
		if (!this.box.hidden) {
			this.close();
			return;
		}
		const at = this.button.getBoundingClientRect();

		this.box.hidden = false;
		this.box.style.top = `${at.bottom + 6}px`;
		this.box.style.left = `${Math.max(8, Math.min(at.left, innerWidth - this.box.offsetWidth - 8))}px`;
		this.button.setAttribute('aria-expanded', 'true');
		this.draw();
		this.search.focus();
	}

	/* True when there was something to close. */
	close() {
		if (this.box.hidden) return false;
		this.box.hidden = true;
		this.button.setAttribute('aria-expanded', 'false');
		this.button.focus();
		return true;
	}

	item(words, value, members, className) {
		const item = document.createElement('li'),
			label = document.createElement('label');
		const tick = document.createElement('input'),
			name = document.createElement('span');
		const cost = document.createElement('em');
		const on = members.filter((index) => !this.chosen || this.chosen.has(index)).length;

		item.className = className;
		tick.type = 'checkbox';
		tick.checked = this.chosen !== null && on === members.length;
		tick.indeterminate = this.chosen !== null && on > 0 && on < members.length;
		tick.members = members;
		name.textContent = words;
		cost.textContent = `${share(value, this.whole)} · ${amount(value * this.type.scale, this.type.unit, this.type.asked)}`;
		label.append(tick, name, cost);
		item.append(label);
		return item;
	}

	draw() {
		const want = this.search.value.toLowerCase(),
			items = [];
		let left = 0;

		this.whole = this.threads.reduce((sum, { value }) => sum + value, 0);
		for (const process of processesOf(this.threads)) {
			const named = process.words.toLowerCase().includes(want);
			const threads = process.threads.filter(
				(thread) => named || threadWords(thread).toLowerCase().includes(want),
			);

			if (!threads.length) continue;
			if (items.length >= SHOWN_MOST) {
				left += threads.length;
				continue;
			}
			items.push(
				this.item(
					process.words,
					process.value,
					process.threads.flatMap(({ members }) => members),
					'process',
				),
			);
			if (process.threads.length > 1 || process.threads[0].tid >= 0)
				for (const thread of threads)
					items.push(
						this.item(threadWords(thread), thread.value, thread.members, 'thread'),
					);
		}
		this.list.replaceChildren(...items.slice(0, SHOWN_MOST));
		left += Math.max(0, items.length - SHOWN_MOST);
		this.more.hidden = items.length > 0 && left === 0;
		this.more.textContent = items.length
			? `${left} more: search to see them.`
			: 'None of that name.';
	}

	/* The first tick leaves only what was ticked; unticking the last one shows all again. */
	tick(box) {
		const chosen = new Set(this.chosen || []);

		for (const index of box.members)
			if (box.checked) chosen.add(index);
			else chosen.delete(index);
		this.choose(chosen.size ? chosen : null);
	}

	choose(chosen, silent) {
		this.chosen = chosen && chosen.size < this.groups.length ? chosen : null;
		this.label();
		if (!this.box.hidden) this.draw();
		if (!silent) this.changed(this.chosen);
	}

	/* Threads of which something is chosen. */
	get ticked() {
		return this.threads.filter(({ members }) => this.chosen?.has(members[0]));
	}

	label() {
		const { button, chosen, threads, ticked } = this;
		const processes = new Set(ticked.map(processWords));

		button.classList.toggle('on', Boolean(chosen));
		if (!chosen) button.textContent = `All threads (${threads.length}) ▾`;
		else if (ticked.length === 1) button.textContent = `${threadWords(ticked[0])} ▾`;
		else if (processes.size === 1)
			button.textContent = `${[...processes][0]}, ${ticked.length} threads ▾`;
		else button.textContent = `${ticked.length} of ${threads.length} threads ▾`;
	}

	/* As text for an address: "pid.tid,pid.tid", and back. */
	get text() {
		return this.ticked.map(({ pid, tid }) => `${pid}.${tid}`).join(',');
	}

	set text(text) {
		const wanted = new Set((text || '').split(',')),
			chosen = new Set();

		this.groups.forEach(({ pid, tid }, index) => {
			if (wanted.has(`${pid}.${tid}`)) chosen.add(index);
		});
		this.choose(chosen.size ? chosen : null, true);
	}
}
