// SPDX-License-Identifier: Apache-2.0
// The search: what matches, and the way from one match to the next.

import { make } from 'sonde/head';
import * as model from 'sonde/model';
import { count, share } from 'sonde/names';
import { PageDetails } from 'sonde/pagedetails';

const $ = (id) => document.getElementById(id);

export class PageSearch extends PageDetails {
	search(text) {
		this.query = text;
		this.searchAgain();
		this.remember();
	}

	searchAgain() {
		const { frames } = this.profile,
			query = model.compileQuery(this.query);

		this.wrong = query && query.error;
		this.hit =
			query && !query.error
				? model.matchFrames(query, frames, this.profile.strings)
				: null;
		this.at = -1;
		this.stage.restyle(this.look());
		this.time.restyle();
		this.findNodes();
		this.showTable();
	}

	/* Matches of the tree in view; in a sandwich those of what is called. */
	findNodes() {
		const pane = this.stage.main;

		this.at = -1;
		this.found = this.hit ? model.search(pane.tree, this.hit) : null;
		if (!this.hit) this.share = 0;
		else if (pane.tree === this.tree) this.share = this.found.matched;
		else this.share = model.search(this.tree, this.hit).matched;
		this.showMatches();
	}

	showMatches() {
		const box = $('matched'),
			{ found } = this,
			any = Boolean(found && found.nodes.length);

		box.replaceChildren();
		box.classList.toggle('wrong', Boolean(this.wrong));
		$('query').setAttribute('aria-invalid', String(Boolean(this.wrong)));
		$('next').hidden = $('previous').hidden = !any || this.view === 'table';
		if (this.wrong) box.textContent = this.wrong;
		else if (found)
			box.append(
				make('b', share(this.share, this.whole)),
				' matched' +
					(any && this.view !== 'table'
						? ` · ${this.at < 0 ? '' : `${count(this.at + 1)} of `}${count(found.count)}`
						: ''),
			);
	}

	step(by) {
		const { found, stage } = this;

		if (!found || !found.nodes.length || this.view === 'table') return;
		const n = found.nodes.length;

		this.at = this.at < 0 ? (by > 0 ? 0 : n - 1) : (this.at + by + n) % n;
		const spot = {
			pane: stage.main,
			node: found.nodes[this.at],
		};

		if (spot.pane.node && !stage.boxOf(spot))
			stage.zoom({ pane: spot.pane, node: 0 }, { jump: true });
		stage.pick(spot);
		stage.reveal(spot);
		this.showMatches();
	}
}
