// SPDX-License-Identifier: Apache-2.0
// pagetime.mjs FILE.html: chooses ranges of time and draws the threads' lanes of a page in headless Chromium without a GPU,
// and prints medians and the worst in milliseconds.
import { resolve } from 'node:path';
import { launch } from '../tests/page/chromium.mjs';

/* In the page. Charts are made once: their time is that of all lanes together. */
async function measure() {
	const { page } = window.sonde,
		{ time } = page,
		{ line, lanes } = time,
		{ grid } = line;
	const { binned, rangeOfBins } = await import('sonde/time');
	const repeated = (n, work) => {
		const list = [];

		for (let i = 0; i < n; i++) {
			const start = performance.now();

			work(i);
			list.push(performance.now() - start);
		}
		list.sort((a, b) => a - b);
		return `${list[n >> 1].toFixed(1)} / ${list[n - 1].toFixed(1)} ms`;
	};
	const choose = (part) => (i) => {
		time.setRange(rangeOfBins(grid, i * 40, i * 40 + Math.floor(grid.bins * part)));
		page.weighAgain();
	};
	const said = [`half of the time ${repeated(15, choose(0.5))}`, `a tenth ${repeated(15, choose(0.1))}`];

	time.setRange(null);
	page.weighAgain();
	said.push(`bins of the heat map ${repeated(15, () => binned(page.profile.groups, page.type, null, grid))}`);
	said.push(`heat map drawn ${repeated(15, () => line.drawHeat(line.colours))}`);
	time.setMode('lanes');
	page.weighAgain();
	lanes.folded.clear();
	lanes.charts.clear();
	said.push(`all charts made ${repeated(1, () => lanes.lanes.forEach((lane) => lanes.chart(lane)))}`);
	lanes.layOut();
	said.push(
		`lanes drawn ${repeated(31, (i) => {
			const length = (lanes.home.to - lanes.home.from) / 1.3 ** i;

			lanes.window = { from: lanes.home.from + length / 3, to: lanes.home.from + length / 3 + length };
			lanes.draw();
		})}`,
	);
	return said;
}

const browser = await launch(),
	visit = await browser.newPage();

await visit.setViewportSize({ width: 1600, height: 900 });
await visit.goto(`file://${resolve(process.argv[2])}`);
await visit.waitForFunction(() => window.sonde?.ready);
const { timing } = await visit.evaluate(() => ({ timing: window.sonde.timing }));

console.log(`usable after ${(timing.usable - timing.start).toFixed(0)} ms; median / worst of`);
for (const words of await visit.evaluate(measure)) console.log(`  ${words}`);
await browser.close();
