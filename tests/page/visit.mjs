// SPDX-License-Identifier: Apache-2.0
// A page under test, opened from the disk in headless Chromium, and what a person does to it; and how a table of
// such tests is run:
//   X.mjs --list      prints their names
//   X.mjs FOLDER      runs them over the pages that a test put into the folder; prints a JSON object, name to what failed
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launchFor } from './chromium.mjs';

export const folder = process.argv[2];
let context;

export class Visit {
	static async to(name, { hash = '', width = 1200, height = 700, scheme = 'light' } = {}) {
		const visit = new this();

		visit.page = await context.newPage();
		visit.problems = [];
		visit.requests = [];
		visit.page.on(
			'console',
			(message) =>
				message.type() === 'error' && visit.problems.push(message.text()),
		);
		visit.page.on('pageerror', (error) => visit.problems.push(error.stack));
		visit.page.on('request', (request) => visit.requests.push(request.url()));
		await visit.page.setViewportSize({ width, height });
		await visit.page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
		await visit.page.goto(`file://${folder}/${name}.html${hash}`);
		await visit.page.waitForFunction(() => window.sonde?.ready);
		await visit.page.waitForTimeout(60);
		return visit;
	}

	state() {
		return this.page.evaluate(() => window.sonde.state());
	}

	box(names, pane) {
		return this.page.evaluate(
			([list, which]) => window.sonde.box(list, which),
			[names, pane],
		);
	}

	async middle(names, pane) {
		const box = await this.box(names, pane);

		assert.ok(box, `no box of ${names.join(';')}`);
		return [box.x + box.width / 2, box.y + box.height / 2];
	}

	async clickBox(names, pane) {
		await this.page.mouse.click(...(await this.middle(names, pane)));
		await this.settle();
	}

	async key(key) {
		await this.page.keyboard.press(key);
		await this.settle();
	}

	async click(selector) {
		await this.page.click(selector);
		await this.settle();
	}

	settle() {
		return this.page.waitForTimeout(80);
	}

	async search(text) {
		await this.page.fill('#query', text);
		await this.page.waitForTimeout(250);
	}

	text(selector) {
		return this.page.locator(selector).innerText();
	}

	/* Where a time is on the activity line. */
	onLine(seconds) {
		return this.page.evaluate((at) => {
			const { line } = window.sonde.page.time,
				box = line.activity.getBoundingClientRect();

			return { x: box.left + line.xOf((at * 1e9) / line.tickNs), y: box.top + 15 };
		}, seconds);
	}

	/* The colour at a point of the canvas, as drawn. */
	pixel(x, y) {
		return this.page.evaluate(
			([px, py]) => {
				const canvas = document.querySelector('#stage canvas'),
					at = canvas.getBoundingClientRect();

				return [
					...canvas
						.getContext('2d')
						.getImageData(px - at.left, py - at.top, 1, 1)
						.data.slice(0, 3),
				];
			},
			[Math.round(x), Math.round(y)],
		);
	}
}

/* Each is a sentence and an async function that throws. */
export async function run(cases) {
	if (folder === '--list') {
		console.log(JSON.stringify(Object.keys(cases)));
		return;
	}
	const user = mkdtempSync(join(tmpdir(), 'sonde-page-')),
		results = {};

	context = await launchFor(user, {
		acceptDownloads: true,
		viewport: { width: 1200, height: 700 },
	});
	for (const [name, body] of Object.entries(cases)) {
		try {
			await body();
			results[name] = '';
		} catch (error) {
			results[name] = String(error.stack || error);
		}
		for (const page of context.pages().slice(1)) await page.close();
	}
	await context.close();
	rmSync(user, { recursive: true, force: true });
	console.log(JSON.stringify(results));
}
