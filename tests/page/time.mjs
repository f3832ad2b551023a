// SPDX-License-Identifier: Apache-2.0
// The time axis, the heat map and the threads' lanes in headless Chromium, with real clicks, drags and keys.
//   time.mjs --list      prints the names of the tests
//   time.mjs FOLDER      runs them over the pages test_page_time.py put there; prints a JSON object
import assert from 'node:assert/strict';
import { Visit as Person, run } from './visit.mjs';

/* phases.html: 8 s of thread "worker", a sample each 10 ms: odd() in seconds 0-1, 2-3, ..., even() in the others; and of
 * "helper", which waits until 4 s and then samples of idle_work each 100 ms. A start of recording at 14:13:20 UTC.
 * recorded.html: a program recorded while it ran that goes from first_phase() to second_phase(). */
class Visit extends Person {
	static to(name, hash = '', more = {}) {
		return super.to(name, { hash, height: 800, ...more });
	}

	/* Until the picture of a choice stands. */
	settle() {
		return this.page.evaluate(
			() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 60)))),
		);
	}

	/* Where a bin of the heat map (or a time on the activity line) is in the window. */
	cell(seconds) {
		return this.page.evaluate((at) => {
			const { line } = window.sonde.page.time,
				{ grid } = line,
				box = line.heat.getBoundingClientRect();
			const bin = Math.floor((at * 1e9) / line.tickNs / grid.bin);

			return {
				x: box.left + line.xOf(grid.from + (Math.floor(bin / grid.rows) + 0.5) * grid.column),
				y: box.top + ((bin % grid.rows) + 0.5) * line.rowHeight,
			};
		}, seconds);
	}

	async drag(from, to, steps = 6) {
		await this.page.mouse.move(from.x, from.y);
		await this.page.mouse.down();
		await this.page.mouse.move(to.x, to.y, { steps });
		await this.page.mouse.up();
		await this.settle();
	}

	async click({ x, y }, options) {
		await this.page.mouse.click(x, y, options);
		await this.settle();
	}

	/* Functions of the flame graph with their totals, in samples. */
	functions() {
		return this.page.evaluate(() => {
			const { page } = window.sonde,
				{ total } = page.totals;

			return Object.fromEntries(
				[...total].flatMap((value, frame) => (frame && value > 0 ? [[page.nameOf(frame), value]] : [])),
			);
		});
	}

	laneBox(lane, name) {
		return this.page.evaluate(
			([index, wanted]) => {
				const { page } = window.sonde;
				const frame = [...Array(page.profile.frames.n).keys()].find((at) => at && page.nameOf(at) === wanted);

				return page.time.lanes.boxOf(index, frame);
			},
			[lane, name],
		);
	}

	lanes() {
		return this.page.evaluate(() => {
			const { lanes } = window.sonde.page.time;

			return { names: lanes.lanes.map(({ thread }) => thread.thread), window: { ...lanes.window }, home: { ...lanes.home }, open: lanes.lanes.map((lane) => !lanes.folded.has(lane.thread.key)) };
		});
	}
}

const middle = ({ x, y, width, height }) => ({ x: x + width / 2, y: y + height / 2 });

const cases = {
	'a click on a second of the heat map shows what ran in it, and only that': async () => {
		const visit = await Visit.to('phases', '#time=heat');

		assert.deepEqual(await visit.functions(), { main: 800, odd: 400, even: 400, idle_work: 40 });
		await visit.click(await visit.cell(3.3));
		assert.equal((await visit.state()).range, '3s..4s');
		assert.deepEqual(await visit.functions(), { main: 100, odd: 100 });
		await visit.click(await visit.cell(2.9));
		assert.deepEqual(await visit.functions(), { main: 100, even: 100 });
		assert.deepEqual(visit.problems, []);
	},
	'a drag over the heat map chooses from cell to cell, both with it, in either direction': async () => {
		const visit = await Visit.to('phases', '#time=heat');

		await visit.drag(await visit.cell(1.51), await visit.cell(2.49));
		assert.equal((await visit.state()).range, '1.5s..2.5s');
		assert.deepEqual(await visit.functions(), { main: 100, odd: 50, even: 50 });
		await visit.drag(await visit.cell(2.49), await visit.cell(1.51));
		assert.equal((await visit.state()).range, '1.5s..2.5s');
		await visit.page.keyboard.down('Shift');
		await visit.click(await visit.cell(5.01));
		await visit.page.keyboard.up('Shift');
		assert.equal((await visit.state()).range, '2.48s..5.02s');
	},
	'a drag over the activity line chooses too, and table, threads and shares follow': async () => {
		const visit = await Visit.to('phases', '#view=table');

		await visit.drag(await visit.onLine(6.001), await visit.onLine(7.99));
		assert.match((await visit.state()).range, /^6s\.\./);
		await visit.page.waitForTimeout(120);
		const rows = await visit.text('#table tbody');

		assert.match(rows, /even/);
		assert.match(rows, /idle_work/);
		await visit.page.click('#threads-open');
		assert.match(await visit.text('#threads'), /helper/);
		await visit.key('Escape');
		await visit.drag(await visit.onLine(0.001), await visit.onLine(0.99));
		await visit.page.waitForTimeout(120);
		assert.doesNotMatch(await visit.text('#table tbody'), /odd|idle_work/);
	},
	'what is chosen is said, with the time of day and the command that shows the same': async () => {
		const visit = await Visit.to('phases', '#time=heat');

		await visit.click(await visit.cell(3.5));
		const words = await visit.text('#range');

		assert.match(words, /3\.00 s to 4\.00 s, 14:13:23\.00 to 14:13:24\.00 UTC: 11\.9 % of all/);
		assert.match(words, /sonde report --time 3s\.\.4s FILE/);
		await visit.page.click('#range-clear');
		await visit.settle();
		assert.equal((await visit.state()).range, '');
		assert.match(await visit.text('#range'), /All of the time/);
		assert.equal((await visit.functions()).main, 800);
	},
	'keys choose: arrows move, Shift and an arrow choose, Enter takes the second, Escape shows all': async () => {
		const visit = await Visit.to('phases', '#time=heat');

		await visit.page.focus('#heat');
		await visit.key('ArrowRight');
		await visit.key('ArrowRight');
		await visit.key('ArrowDown');
		assert.match(await visit.text('#live'), /^2\.02 s .*20(\.0)? ms in 20(\.0)? ms/);
		await visit.key('Enter');
		assert.equal((await visit.state()).range, '2s..3s');
		await visit.key('Shift+ArrowRight');
		assert.equal((await visit.state()).range, '2.02s..3.04s');
		await visit.key('Shift+ArrowDown');
		assert.equal((await visit.state()).range, '2.02s..3.06s');
		assert.deepEqual(await visit.functions(), { main: 104, odd: 6, even: 98 });
		await visit.key('Escape');
		assert.equal((await visit.state()).range, '');
		assert.equal(await visit.page.evaluate(() => document.activeElement.id), 'heat');
	},
	'the address holds the range and what the axis shows': async () => {
		const visit = await Visit.to('phases', '#time=heat&range=3s..4s');

		assert.deepEqual(await visit.functions(), { main: 100, odd: 100 });
		await visit.click(await visit.cell(4.5));
		const hash = await visit.page.evaluate(() => location.hash);

		assert.match(hash, /time=heat/);
		assert.match(hash, /range=4s\.\.5s/);
		const again = await Visit.to('phases', hash);

		assert.deepEqual(await again.functions(), { main: 100, even: 100, idle_work: 10 });
		const wrong = await Visit.to('phases', '#time=zzz&range=9..x');

		assert.equal((await wrong.state()).range, '');
		assert.deepEqual(wrong.problems, []);
	},
	'a time when nothing ran says so, and Escape leads back': async () => {
		const visit = await Visit.to('phases', '#range=100s..200s');

		assert.match(await visit.text('#wait'), /No samples in the chosen time/);
		await visit.page.focus('#stage');
		await visit.key('Escape');
		assert.equal((await visit.functions()).main, 800);
		assert.equal(await visit.page.isVisible('#wait'), false);
		assert.deepEqual(visit.problems, []);
	},
	'keys 5 and 6 show the heat map and the lanes, and take them away again': async () => {
		const visit = await Visit.to('phases');

		assert.equal(await visit.page.isVisible('#activity'), true);
		await visit.key('5');
		assert.equal(await visit.page.isVisible('#heat'), true);
		await visit.key('6');
		assert.deepEqual([await visit.page.isVisible('#heat'), await visit.page.isVisible('#lanes')], [false, true]);
		await visit.key('6');
		assert.equal(await visit.page.isVisible('#lanes'), false);
	},
	'lanes stand by cost, and a box shows what ran and how long': async () => {
		const visit = await Visit.to('phases', '#time=lanes');

		assert.deepEqual((await visit.lanes()).names, ['worker', 'helper']);
		const at = middle(await visit.laneBox(0, 'odd'));

		await visit.page.mouse.move(at.x, at.y);
		await visit.settle();
		const tip = await visit.text('#tip');

		assert.match(tip, /^odd/);
		assert.match(tip, /1\.00 s \(14:13:21\.00 UTC\), for 1 s/);
		/* a second of samples of one function is one box as wide as that second */
		const box = await visit.laneBox(0, 'odd'),
			line = [await visit.onLine(1), await visit.onLine(2)];

		assert.ok(Math.abs(box.x - line[0].x) < 3 && Math.abs(box.width - (line[1].x - line[0].x)) < 3);
		assert.deepEqual(visit.problems, []);
	},
	'a click on a box of a lane shows that function in the flame graph': async () => {
		const visit = await Visit.to('phases', '#time=lanes&view=table');

		await visit.click(middle(await visit.laneBox(0, 'even')));
		assert.equal((await visit.state()).view, 'graph');
		assert.match(await visit.text('#details'), /^even/);
	},
	'frames of hidden kinds are in no lane, and come back': async () => {
		const visit = await Visit.to('kinds', '#time=lanes');

		assert.ok(await visit.laneBox(0, 'sys_read'));
		const deep = await visit.page.evaluate(() => window.sonde.page.time.lanes.lanes[0].rows);

		await visit.page.click('#legend button[data-kind=library]');
		await visit.settle();
		assert.equal(await visit.laneBox(0, 'read'), null);
		assert.equal(await visit.page.evaluate(() => window.sonde.page.time.lanes.lanes[0].rows), deep - 1);
		const box = await visit.laneBox(0, 'sys_read');

		assert.ok(Math.abs(box.y - (await visit.laneBox(0, 'main')).y - 20) < 1, 'it stands below its caller');
		await visit.click(middle(box));
		assert.match(await visit.text('#details'), /sys_read/);
		await visit.page.click('#legend button[data-kind=library]');
		await visit.settle();
		assert.ok(await visit.laneBox(0, 'read'));
		const again = await Visit.to('kinds', '#time=lanes&hide=library');

		assert.equal(await again.laneBox(0, 'read'), null);
		assert.deepEqual([...visit.problems, ...again.problems], []);
	},
	'lanes zoom and pan by wheel, drag and keys': async () => {
		const visit = await Visit.to('phases', '#time=lanes');
		const at = middle(await visit.laneBox(0, 'odd'));

		await visit.page.mouse.dblclick(at.x, at.y);
		await visit.settle();
		let { window, home } = await visit.lanes();

		assert.ok(window.to - window.from < (home.to - home.from) / 5);
		const before = window.from;

		await visit.drag(at, { x: at.x - 200, y: at.y });
		({ window } = await visit.lanes());
		assert.ok(window.from > before);
		await visit.page.focus('#lanes');
		await visit.key('ArrowLeft');
		const after = (await visit.lanes()).window;

		assert.ok(after.from < window.from);
		await visit.key('+');
		assert.ok((await visit.lanes()).window.to - (await visit.lanes()).window.from < after.to - after.from);
		await visit.page.keyboard.down('Control');
		await visit.page.mouse.move(at.x, at.y);
		await visit.page.mouse.wheel(0, 300);
		await visit.page.keyboard.up('Control');
		await visit.settle();
		await visit.key('0');
		({ window } = await visit.lanes());
		assert.deepEqual(window, home);
	},
	'a lane opens and closes, by its title and by keys': async () => {
		const visit = await Visit.to('phases', '#time=lanes');
		const box = await visit.page.locator('#lanes').boundingBox();

		assert.deepEqual((await visit.lanes()).open, [true, true]);
		await visit.click({ x: box.x + 60, y: box.y + 10 });
		assert.deepEqual((await visit.lanes()).open, [false, true]);
		await visit.page.focus('#lanes');
		await visit.key('ArrowDown');
		assert.match(await visit.text('#live'), /^helper/);
		await visit.key('Enter');
		assert.deepEqual((await visit.lanes()).open, [false, false]);
	},
	'apart by label, lanes and ranges go on, and a box leads below the value it is in': async () => {
		const visit = await Visit.to('phases', '#time=lanes&by=thread&range=3s..4s');

		assert.equal((await visit.functions()).odd, 100);
		await visit.page.mouse.move(...Object.values(middle(await visit.laneBox(0, 'odd'))));
		await visit.settle();
		assert.match(await visit.text('#tip'), /^odd: 1\.00 s/);
		await visit.click(middle(await visit.laneBox(0, 'odd')));
		assert.match(await visit.text('#details'), /^odd/);
		assert.deepEqual(visit.problems, []);
	},
	'keys go from box to box of a lane, and Space shows the function': async () => {
		const visit = await Visit.to('phases', '#time=lanes');

		await visit.page.focus('#lanes');
		await visit.key('Shift+ArrowRight');
		assert.match(await visit.text('#details'), /^main: 0\.00 s .*for 8 s/);
		await visit.key('Shift+ArrowDown');
		assert.match(await visit.text('#live'), /^even: 0\.00 s .*for 1 s/);
		await visit.key('Shift+ArrowRight');
		assert.match(await visit.text('#live'), /^odd: 1\.00 s/);
		await visit.key('Shift+ArrowDown');
		assert.match(await visit.text('#live'), /^odd: 1\.00 s/);
		await visit.key('Shift+ArrowUp');
		assert.match(await visit.text('#live'), /^main/);
		await visit.key('Shift+ArrowDown');
		await visit.key('Space');
		assert.match(await visit.text('#details'), /^even/);
		assert.deepEqual(visit.problems, []);
	},
	'lanes are those of the chosen threads, whenever they were chosen': async () => {
		const visit = await Visit.to('phases', '#threads=10.11');

		await visit.key('6');
		assert.deepEqual((await visit.lanes()).names, ['helper']);
		await visit.key('6');
		await visit.page.click('#threads-open');
		await visit.page.click('#threads .bar button');
		await visit.key('Escape');
		await visit.page.focus('#stage');
		await visit.key('6');
		assert.deepEqual((await visit.lanes()).names, ['worker', 'helper']);
		assert.deepEqual(visit.problems, []);
	},
	'without times the page says how to get them': async () => {
		const visit = await Visit.to('untimed');

		assert.equal(await visit.page.isVisible('#time'), false);
		await visit.page.click('#no-times');
		assert.match(await visit.text('#details'), /sonde record/);
		assert.deepEqual(visit.problems, []);
	},
	'a program that was recorded shows each of its phases alone': async () => {
		const visit = await Visit.to('recorded', '#time=heat');
		const [from, to] = await visit.page.evaluate(() => {
			const { page } = window.sonde,
				of = (name) => [...Array(page.profile.frames.n).keys()].find((at) => at && page.nameOf(at).includes(name));
			const times = { first_phase: [], second_phase: [] };

			for (const group of page.profile.groups)
				group.rowNodes.forEach((node, row) => {
					for (let at = node; at; at = page.profile.nodes.parent[at])
						for (const name of Object.keys(times))
							if (page.profile.nodes.frame[at] === of(name)) times[name].push((group.ticks[row] * page.profile.tickNs) / 1e9);
				});
			return [Math.max(...times.first_phase), Math.min(...times.second_phase)];
		});

		assert.ok(from < to, 'the phases follow each other');
		await visit.drag(await visit.cell(to + 0.06), await visit.cell(to + 0.9));
		const after = await visit.functions();

		assert.ok(Object.keys(after).some((name) => name.includes('second_phase')), JSON.stringify(after));
		assert.ok(!Object.keys(after).some((name) => name.includes('first_phase')), JSON.stringify(after));
		await visit.drag(await visit.cell(Math.max(0, from - 0.9)), await visit.cell(from - 0.06));
		const before = await visit.functions();

		assert.ok(Object.keys(before).some((name) => name.includes('first_phase')), JSON.stringify(before));
		assert.ok(!Object.keys(before).some((name) => name.includes('second_phase')), JSON.stringify(before));
		assert.deepEqual(visit.problems, []);
	},
	'dark and narrow, nothing is wider than the window': async () => {
		for (const mode of ['heat', 'lanes']) {
			const visit = await Visit.to('phases', `#time=${mode}&range=3s..4s`, { width: 400, height: 760, scheme: 'dark' });

			assert.ok(await visit.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
			assert.ok((await visit.page.locator('#stage').boundingBox()).height > 60);
			assert.deepEqual(visit.problems, []);
		}
	},
};

await run(cases);
