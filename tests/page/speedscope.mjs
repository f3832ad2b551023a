// SPDX-License-Identifier: Apache-2.0
// speedscope.mjs FILE...: has speedscope's importers read each, and prints as JSON what its sandwich view's
// table then says: {FILE: {title, rows: [[self, total, name], ...]}}.
import { dirname, join } from 'node:path';
import { bed, launch } from './chromium.mjs';

const release = join(dirname(bed.resolve('speedscope/package.json')), 'dist/release');
const browser = await launch('--enable-unsafe-swiftshader');
const told = {};

async function look(file) {
	const page = await browser.newPage({ viewport: { width: 1600, height: 1200 } });

	await page.goto(`file://${release}/index.html`);
	await page.waitForSelector('input[type=file]', { state: 'attached' });
	await page.setInputFiles('input[type=file]', file);
	await page.waitForFunction(() => document.title !== 'speedscope', null, { timeout: 60000, polling: 50 });
	await page.keyboard.press('3');
	await page.waitForSelector('table tr td', { timeout: 60000 });
	const rows = await page.$$eval('table tr', (list) =>
		list.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent)).filter((row) => row.length),
	);
	const title = await page.title();

	await page.close();
	return { title, rows };
}

try {
	for (const file of process.argv.slice(2)) told[file] = await look(file);
	console.log(JSON.stringify(told));
} finally {
	await browser.close();
}
