// SPDX-License-Identifier: Apache-2.0
// diff.mjs FILE: the page of a diff in headless Chromium, with real clicks and keys. FILE is made by
// test_diff.py: f7 costs twice as much, "fresh" is new, "old" is gone.
// Exits 0, or 1 after saying what failed.
import assert from 'node:assert/strict';
import { launch } from './chromium.mjs';

const browser = await launch();
const context = await browser.newContext({
	viewport: { width: 1300, height: 800 },
	reducedMotion: 'reduce',
});
const page = await context.newPage();
const problems = [];

page.on('pageerror', (error) => problems.push(error.stack));
page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
page.on(
	'request',
	(request) => /^(file|data):/.test(request.url()) || problems.push(request.url()),
);

const open = async (fragment = '') => {
	await page.goto('about:blank');
	await page.goto(`file://${process.argv[2]}${fragment}`);
	await page.waitForFunction(() => window.sonde && window.sonde.ready);
	assert.equal(await page.evaluate(() => window.sonde.error), undefined);
};
const state = () => page.evaluate(() => window.sonde.state());
const box = (path, pane) => page.evaluate(([a, b]) => window.sonde.box(a, b), [path, pane]);
const middle = async (path, pane) => {
	const { x, y, width, height } = await box(path, pane);
	return [x + width / 2, y + height / 2];
};
const click = async (path, pane) => page.mouse.click(...(await middle(path, pane)));
const text = (id) => page.locator(id).innerText();
/* The colour of a box beside its label, as the palette has it: red, blue or grey. */
const hue = async (path, pane) => {
	const { x, y, width } = await box(path, pane);
	const at = await page.locator('#stage').boundingBox();
	const [r, g, b] = await page.evaluate(
		([left, top]) => [
			...document
				.querySelector('#stage canvas')
				.getContext('2d')
				.getImageData(left * devicePixelRatio, top * devicePixelRatio, 1, 1).data,
		],
		[x - at.x + width / 2, y - at.y + 4],
	);
	return r - b > 20 ? 'red' : b - r > 20 ? 'blue' : 'grey';
};
const F7 = ['main', 'parse', 'f7'];

/* The head says the sentence; the picture is the difference, and its colours say what changed. */
await open();
assert.match(await text('#title'), /fresh\(\) is new \(.*f7\(\) got 8\d % ± \d+ more in share, old\(\) is gone/);
assert.match(await text('#facts'), /base\s+10,520 samples\s+new\s+11,126 samples\s+noise.*sampling/s);
assert.equal((await state()).picture, 'diff');
assert.equal(await hue(F7), 'red');
assert.equal(await hue(['main', 'fresh']), 'red');
assert.equal(await hue(['main', 'old']), 'blue');
assert.equal(await hue(['main', 'parse', 'f3']), 'grey');

/* What the pointer is on is told with both sides. */
await page.mouse.move(...(await middle(F7)));
assert.match(await text('#tip'), /f7\s+Base\s+4\.\d+ %.*New\s+9\.\d+ %.*Change\s+\+[34]\.\d+ points\s+\+8\d\.\d %/s);
assert.match(await text('#tip'), /changed, p <0\.0001/);
await page.mouse.move(...(await middle(['main', 'old'])));
assert.match(await text('#tip'), /gone/);

/* All three stand one above the other and zoom together. */
await page.click('[data-picture="all"]');
assert.equal((await state()).picture, 'all');
for (const pane of [0, 1, 2]) assert.ok(await box(F7, pane), `f7 in picture ${pane}`);
const widths = [];
for (const pane of [0, 1, 2]) widths.push((await box(F7, pane)).width);
assert.ok(widths[1] < widths[0] && widths[0] < widths[2], widths.join());
await click(['main', 'parse'], 1);
for (const pane of [0, 1, 2])
	assert.ok((await box(['main', 'parse'], pane)).width > 1200, `parse fills picture ${pane}`);
assert.deepEqual((await state()).path, ['main', 'parse']);
/* one side has nothing there: it shows the nearest caller */
await page.keyboard.press('Escape');
await click(['main', 'fresh'], 0);
assert.ok((await box(['main', 'fresh'], 2)).width > 1200);
assert.ok((await box(['main'], 1)).width > 1200);

/* Keys: pictures, zoom, search, inverted; the address keeps it all. */
await page.keyboard.press('Escape');
await page.keyboard.press('b');
assert.equal((await state()).picture, 'base');
assert.equal((await box(['main', 'old'])) !== null, true);
await page.keyboard.press('w');
assert.equal((await state()).picture, 'new');
await page.keyboard.press('d');
await page.keyboard.press('/');
await page.keyboard.type('f7');
await page.keyboard.press('Enter');
assert.equal((await state()).matches, 1);
assert.equal(await hue(['main', 'parse', 'f3']), 'grey');
await page.keyboard.press('Escape');
await page.keyboard.press('i');
assert.equal((await state()).view, 'inverted');
assert.equal(await hue(['f7']), 'red');
assert.equal(await hue(['old']), 'blue');
await page.keyboard.press('a');
await page.keyboard.press('1');
await click(['main', 'parse'], 0);
const address = await page.evaluate(() => location.hash);
assert.match(address, /picture=all/);
await open(address);
assert.deepEqual([(await state()).picture, (await state()).path], ['all', ['main', 'parse']]);

/* The table: what changed most first, by a click by p. */
await page.keyboard.press('d');
await page.keyboard.press('4');
const row = (n) => page.locator('#table tbody tr[data-frame]').nth(n).innerText();
assert.match(await row(0), /\+4\.\d+\s+0\.00 %\s+4\.\d+ %\s+\+4\.\d+\s+<0\.0001\s+fresh/);
assert.doesNotMatch(await text('#table tbody'), /[-−]0\.00 %/);
const places = (selector) =>
	page.$$eval(selector, (cells) => cells.map((cell) => Math.round(cell.getBoundingClientRect().right)).slice(0, 8));
assert.deepEqual(await places('#table thead th'), await places('#table tbody tr[data-frame]:nth-of-type(2) td'), 'cells below their heads');
await page.click('#table th.q button');
assert.match(await row(0), /<0\.0001/);
await page.click('#table th.base button');
assert.doesNotMatch(await row(0), /fresh/);
await page.click('#table th.change button');
await page.locator('#table tbody tr[data-frame]', { hasText: 'fresh' }).dblclick();
await page.waitForTimeout(100);
assert.deepEqual(problems, []);
assert.equal((await state()).view, 'sandwich');
assert.equal((await state()).fn, 'fresh');

/* Base and new alone have the columns of any profile; so have both themes their colours. */
await page.keyboard.press('w');
await page.keyboard.press('4');
assert.match(await text('#table thead'), /Self.*Total/s);
await page.keyboard.press('d');
await page.keyboard.press('1');
await page.keyboard.press('t');
assert.equal((await state()).theme, 'dark');
assert.deepEqual([await hue(F7), await hue(['main', 'old'])], ['red', 'blue']);

/* What is saved is a picture with those colours. */
const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('s')]);
const saved = await (await import('node:fs/promises')).readFile(await download.path(), 'utf8');
assert.match(saved, /#c2382a[^]*f7|f7[^]*#c2382a/);
assert.deepEqual(problems, []);
await browser.close();
