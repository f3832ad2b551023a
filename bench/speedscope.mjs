// SPDX-License-Identifier: Apache-2.0
// speedscope.mjs FILE.folded: how long speedscope, in the same browser, takes until it shows the file.
import { dirname, join } from 'node:path';
import { bed, launch } from '../tests/page/chromium.mjs';

let release;

try {
	release = join(dirname(bed.resolve('speedscope/package.json')), 'dist/release');
} catch {
	console.log('speedscope: skipped, it is not installed (npm i speedscope in the test bed)');
	process.exit(0);
}
const browser = await launch('--enable-unsafe-swiftshader');
const page = await browser.newPage({ viewport: { width: 1600, height: 900 } });

try {
	await page.goto(`file://${release}/index.html`);
	await page.waitForSelector('input[type=file]', { state: 'attached' });
	const start = performance.now();

	await page.setInputFiles('input[type=file]', process.argv[2]);
	await page.waitForFunction(() => document.title !== 'speedscope', null, {
		timeout: 120000,
		polling: 100,
	});
	console.log(
		`speedscope: ${((performance.now() - start) / 1000).toFixed(2)} s until it shows the file`,
	);
} catch (error) {
	console.log(`speedscope: gave up or crashed (${String(error.message).split('\n')[0]})`);
} finally {
	await browser.close();
}
