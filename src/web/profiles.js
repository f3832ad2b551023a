// SPDX-License-Identifier: Apache-2.0
// The profiles that a page holds: each is unpacked when it is first looked at.

import { decode, decodeLines, unpack } from 'sonde/data';

export class Profiles {
	/* holders: the elements with the packed profiles; names: one of them, or null for a single profile; lines: those with
	 * what each line cost, empty where a profile tells no lines. */
	static async of(holders, names, lines) {
		const profiles = new Profiles();

		profiles.lines = [...lines];

		profiles.holders = [...holders].filter((holder) => holder !== names);
		profiles.names = names
			? new TextDecoder().decode(await unpack(names.textContent)).split('\n')
			: [''];
		profiles.known = [];
		return profiles;
	}

	get n() {
		return this.names.length;
	}

	/* The first one, where none is called so. */
	indexOf(name) {
		return Math.max(0, this.names.indexOf(name));
	}

	async get(index) {
		if (!this.known[index]) {
			const holder = this.holders[index];

			if (!holder) throw new RangeError('a profile is missing');
			this.known[index] = decode(await unpack(holder.textContent));
			holder.remove(); /* the text is as large as the rest together */
		}
		return this.known[index];
	}

	/* Whether a profile tells lines. */
	hasLines(index) {
		const holder = this.lines[index];

		return Boolean(this.known[index]?.lines || (holder && holder.textContent));
	}

	/* What each line of a known profile cost: unpacked when it is first asked for. */
	async linesOf(index) {
		const profile = this.known[index],
			holder = this.lines[index];

		profile.lines ??= unpack(holder.textContent).then((bytes) => {
			holder.remove();
			return decodeLines(bytes, profile.types.length);
		});
		return profile.lines;
	}
}
