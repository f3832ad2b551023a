// SPDX-License-Identifier: Apache-2.0
// page.mjs FILE.html...: opens flame graphs in headless Chromium without a GPU and prints what it
// measured, a line a file: first paint, usable, memory, zooming, search. Medians of ROUNDS (3). "CPU" is
// the main thread's own time (Chromium's thread clock), which other work on the machine does not touch.
import { resolve } from 'node:path';
import { statSync } from 'node:fs';
import { launch } from '../tests/page/chromium.mjs';

const ROUNDS = Number(process.env.ROUNDS || 3);
const SCALE = Number(process.env.SCALE || 1);

const sorted = (list) => [...list].sort((a, b) => a - b);
const median = (list) => sorted(list)[list.length >> 1];
const at = (list, part) => sorted(list)[Math.min(list.length - 1, Math.floor(list.length * part))];

/* In the page: zooms down the widest path and back, noting each frame's length and its drawing. */
async function zooms() {
	const { page } = window.sonde,
		{ stage } = page,
		pane = stage.panes[0],
		{ tree } = pane;
	const frames = [],
		draws = [];
	let last = performance.now(),
		seen = stage.draws,
		on = true;
	const note = (now) => {
		if (stage.draws !== seen) {
			frames.push(now - last);
			draws.push(stage.drawMs);
			seen = stage.draws;
		}
		last = now;
		if (on) requestAnimationFrame(note);
	};
	const settle = () =>
		new Promise((done) => {
			const wait = () =>
				stage.motion ? requestAnimationFrame(wait) : setTimeout(done, 30);

			requestAnimationFrame(wait);
		});

	requestAnimationFrame(note);
	for (let round = 0; round < 3; round++) {
		let node = 0;

		for (let depth = 0; depth < 8; depth++) {
			const lo = tree.first[node],
				hi = tree.first[node + 1];

			if (lo >= hi) break;
			node = lo + Math.min(round, hi - lo - 1);
			stage.zoom({ pane, node });
			await settle();
		}
		stage.zoom({ pane, node: 0 });
		await settle();
	}
	on = false;
	return { frames, draws };
}

/* In the page: milliseconds of one search, matching and marking included. */
function searches() {
	const { page } = window.sonde,
		times = [];

	for (const query of ['merge', '^lower', 'alloc.*7', 'nothing at all']) {
		const start = performance.now();

		page.search(query);
		page.stage.draw();
		times.push(performance.now() - start);
	}
	page.search('');
	return times;
}

async function open(file) {
	const browser = await launch('--enable-precise-memory-info', '--js-flags=--expose-gc');
	const page = await browser.newPage({
		viewport: { width: 1600, height: 900 },
		deviceScaleFactor: SCALE,
	});
	const result = {},
		session = await page.context().newCDPSession(page);
	const cpu = async () =>
		(await session.send('Performance.getMetrics')).metrics.find(
			({ name }) => name === 'TaskDuration',
		).value * 1000;

	await session.send('Performance.enable', { timeDomain: 'threadTicks' });
	await page.goto(`file://${resolve(file)}`, { timeout: 120000 });
	await page.waitForFunction(() => window.sonde?.ready, null, { timeout: 120000 });
	Object.assign(
		result,
		await page.evaluate(() => ({
			error: window.sonde.error,
			paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
			decoded: window.sonde.timing?.decoded - window.sonde.timing?.start,
			usable: window.sonde.timing?.usable,
			nodes: window.sonde.page?.profile.nodes.n,
		})),
	);
	result.cpu = await cpu();
	if (result.error) throw new Error(`${file}: ${result.error}`);
	await page.waitForTimeout(700);
	result.heap = await page.evaluate(() => {
		gc();
		return performance.memory.usedJSHeapSize / 2 ** 20;
	});
	const before = await cpu();

	result.zooms = await page.evaluate(zooms);
	result.frameCpu = ((await cpu()) - before) / result.zooms.draws.length;
	result.searches = await page.evaluate(searches);
	await browser.close();
	return result;
}

const row = (cells) =>
	console.log(
		cells
			.map((cell, i) => (i ? String(cell).padStart(11) : String(cell).padEnd(22)))
			.join(''),
	);

row([
	'file',
	'nodes',
	'MB',
	'paint ms',
	'decode ms',
	'usable ms',
	'usable CPU',
	'JS heap MB',
	'draw p50',
	'draw p95',
	'frame p50',
	'frame p95',
	'frame CPU',
	'search ms',
]);
for (const file of process.argv.slice(2)) {
	const rounds = [];

	for (let i = 0; i < ROUNDS; i++) rounds.push(await open(file));
	const of = (name) => median(rounds.map((round) => round[name]));
	const frames = rounds.flatMap((round) => round.zooms.frames),
		draws = rounds.flatMap((round) => round.zooms.draws);

	row([
		file.split('/').pop(),
		rounds[0].nodes,
		(statSync(file).size / 1e6).toFixed(1),
		Math.round(of('paint')),
		Math.round(of('decoded')),
		Math.round(of('usable')),
		Math.round(of('cpu')),
		of('heap').toFixed(1),
		median(draws).toFixed(1),
		at(draws, 0.95).toFixed(1),
		median(frames).toFixed(1),
		at(frames, 0.95).toFixed(1),
		of('frameCpu').toFixed(1),
		Math.max(...rounds.map((round) => median(round.searches))).toFixed(0),
	]);
}
