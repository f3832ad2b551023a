// SPDX-License-Identifier: Apache-2.0
// svg.mjs FILE: the SVG flame graph of test_svg.py in headless Chromium, with real clicks and keys.
// Exits 0, or 1 after saying what failed.
import assert from 'node:assert/strict';
import { launch } from './chromium.mjs';

const browser = await launch();
const page = await browser.newPage({ viewport: { width: 1000, height: 600 } });
const problems = [];

page.on('pageerror', (error) => problems.push(error.stack));
page.on('request', (request) => request.url().startsWith('file:') || problems.push(request.url()));
await page.goto(`file://${process.argv[2]}`);

const text = (id) => page.evaluate((name) => document.getElementById(name).textContent, id);
const box = (name) =>
	page.evaluate((wanted) => {
		for (const group of document.querySelectorAll('.b')) {
			if (group.querySelector('title').textContent.split('\n')[0] !== wanted)
				continue;
			const { x, y, width, height } = group
				.querySelector('rect')
				.getBoundingClientRect();
			const label = group.querySelector('text');

			return {
				x,
				y,
				width,
				height,
				hidden: group.classList.contains('hidden'),
				up: group.classList.contains('up'),
				hit: group.classList.contains('hit'),
				label: label ? label.textContent : '',
			};
		}
		return null;
	}, name);
const middle = async (name) => {
	const { x, y, width, height } = await box(name);
	return [x + width / 2, y + height / 2];
};
const near = (got, wanted, what) =>
	assert.ok(Math.abs(got - wanted) < 1.5, `${what}: ${got}, not ${wanted}`);

try {
	// it fills the window, and callees stand on their callers
	const room = 1000 - 24;
	near((await box('all')).width, room, 'the width of all');
	near((await box('parse')).width, room * 0.6, 'the width of parse');
	assert.ok((await box('parse')).y < (await box('main')).y);

	// the pointer names what it is on
	await page.mouse.move(...(await middle('parse')));
	assert.match(await text('details'), /^parse · total 60\.0 % \(6\) · self 10\.0 % \(1\)/);

	// a click makes a box as wide as the window; its callers stay, others go
	await page.mouse.click(...(await middle('parse')));
	near((await box('parse')).width, room, 'the width of parse, zoomed');
	near((await box('lex')).width, (room * 5) / 6, 'the width of lex, zoomed');
	assert.ok((await box('main')).up && !(await box('main')).hidden);
	assert.ok((await box('emit<T>')).hidden);
	assert.match(page.url(), /#zoom=\d+$/);

	// a link brings it back, and so does the button
	await page.reload();
	near((await box('parse')).width, room, 'the width of parse, recalled');
	await page.click('#reset');
	near((await box('parse')).width, room * 0.6, 'the width of parse, reset');

	// Ctrl-F searches with regular expressions; a match inside a match counts once
	await page.keyboard.press('Control+f');
	await page.keyboard.type('^(parse|lex)$');
	assert.equal(await text('matched'), 'Matched: 60.0% in 2 boxes');
	assert.ok((await box('lex')).hit && !(await box('main')).hit);
	await page.keyboard.type('('); // no expression yet: nothing changes, nothing breaks
	assert.equal(await text('matched'), 'Matched: 60.0% in 2 boxes');
	await page.keyboard.press('Escape');
	assert.equal(await text('matched'), '');
	assert.equal((await box('lex')).hit, false);
	await page.click('#search');
	await page.keyboard.type('emit<');
	assert.equal(await text('matched'), 'Matched: 40.0% in 1 boxes');
	await page.keyboard.press('Escape');

	// a narrower window draws anew
	await page.setViewportSize({ width: 500, height: 600 });
	await page.waitForTimeout(100);
	near((await box('all')).width, 500 - 24, 'the width of all in a narrow window');

	// light and dark
	const fill = () =>
		page.evaluate(() => getComputedStyle(document.getElementById('back')).fill);
	const light = await fill();
	await page.emulateMedia({ colorScheme: 'dark' });
	assert.notEqual(await fill(), light);
	assert.deepEqual(problems, []);
} catch (error) {
	console.error(error.message, problems);
	process.exitCode = 1;
} finally {
	await browser.close();
}
