// SPDX-License-Identifier: Apache-2.0
// The page without a mouse: a finger, the keyboard alone, and what a reader of screens is told; called as visit.mjs says,
// over the pages of test_page.py.
import assert from 'node:assert/strict';
import { Visit, run } from './visit.mjs';

class Person extends Visit {
	async devtools() {
		this.session ??= await this.page.context().newCDPSession(this.page);
		return this.session;
	}

	/* A finger that comes down at the first point and leaves at the last. */
	async finger(...points) {
		const session = await this.devtools();
		const send = (type, list) => session.send('Input.dispatchTouchEvent', { type, touchPoints: list });

		await send('touchStart', [points[0]]);
		for (const point of points.slice(1)) await send('touchMove', [point]);
		await send('touchEnd', []);
		await this.page.waitForTimeout(250);
	}

	async tap(path) {
		const [x, y] = await this.middle(path);

		await this.finger({ x, y });
	}

	/* Everything that a reader of screens can reach: { role, name } */
	async spoken() {
		const { nodes } = await (await this.devtools()).send('Accessibility.getFullAXTree');

		return nodes
			.filter(({ ignored }) => !ignored)
			.map(({ role, name, properties }) => ({
				role: role.value,
				name: name?.value || '',
				focusable: properties?.some(({ name: key, value }) => key === 'focusable' && value.value),
			}));
	}

	focused() {
		return this.page.evaluate(() => {
			const { activeElement } = document,
				{ outlineStyle } = getComputedStyle(activeElement);

			return {
				id: activeElement.id || activeElement.dataset.view || activeElement.dataset.time || activeElement.dataset.kind || activeElement.tagName,
				seen: outlineStyle !== 'none' || Boolean(activeElement.closest('.search, #table')),
			};
		});
	}
}

const cases = {
	'a tap zooms and says what was tapped; nothing hangs over the picture': async () => {
		const visit = await Person.to('small', { width: 390, height: 800 });

		await visit.tap(['main', 'parse']);
		assert.deepEqual((await visit.state()).path, ['main', 'parse']);
		assert.match(await visit.text('#details'), /parse/);
		assert.ok(await visit.page.isHidden('#tip'));
		await visit.tap(['main']);
		assert.deepEqual((await visit.state()).path, ['main']);
		assert.deepEqual(visit.problems, []);
	},
	'a finger scrolls a tall picture': async () => {
		const visit = await Person.to('deep', { width: 390, height: 800 });
		const { x, y, height } = await visit.page.locator('#stage').boundingBox();
		const points = Array.from({ length: 12 }, (_, i) => ({ x: x + 200, y: y + height - 20 - i * 25 }));

		await visit.finger(...points);
		assert.ok((await visit.page.evaluate(() => document.getElementById('stage').scrollTop)) > 100);
		assert.deepEqual((await visit.state()).path, []);
	},
	'what opens stays in the window of a telephone': async () => {
		const visit = await Person.to('small', { width: 390, height: 800 });
		const inside = async (selector) => {
			const box = await visit.page.locator(selector).boundingBox();

			assert.ok(box.x >= 0 && box.x + box.width <= 390 && box.y >= 0 && box.y + box.height <= 800, `${selector} ${JSON.stringify(box)}`);
		};

		await visit.click('#callees summary');
		await inside('#callees ul');
		await visit.click('#callees summary');
		await visit.page.locator('#threads-open').scrollIntoViewIfNeeded();
		await visit.click('#threads-open');
		await inside('#threads');
		await visit.key('Escape');
		await visit.click('#help-open');
		await inside('#help');
	},
	'what a finger presses is large enough to hit': async () => {
		const visit = await Person.to('small', { width: 390, height: 800 });

		await visit.tap(['main', 'parse']);
		const small = await visit.page.$$eval('button, select, input, summary', (list) =>
			list
				.map((node) => ({ node, box: node.getBoundingClientRect() }))
				.filter(({ box }) => box.width && (box.height < 22 || box.width < 24))
				.map(({ node, box }) => `${node.id || node.textContent} ${box.width} x ${box.height}`),
		);

		assert.deepEqual(small, []);
	},
	'the Tab key reaches all that can be done, and shows where one is': async () => {
		const visit = await Person.to('small');
		const reached = [];

		await visit.key('ArrowDown');
		for (let i = 0; i < 40; i++) {
			await visit.page.keyboard.press('Tab');
			const at = await visit.focused();

			if (at.id === 'BODY') continue; /* the browser's own: then from the beginning again */
			assert.ok(at.seen, `${at.id} does not show that it has the focus`);
			reached.push(at.id);
		}
		for (const id of ['theme', 'help-open', 'graph', 'inverted', 'sandwich', 'table', 'query', 'flip', 'type', 'threads-open', 'native', 'copy', 'save', 'stage', 'focus', 'alike', 'copy-name'])
			assert.ok(reached.includes(id), `${id} of ${reached}`);
	},
	'everything that can have the focus has a name, in each view': async () => {
		for (const hash of ['', '#view=table', '#view=sandwich']) {
			const visit = await Person.to('small', { hash });

			if (!hash) await visit.clickBox(['main', 'parse']);
			const nameless = (await visit.spoken()).filter(({ focusable, name, role }) => focusable && !name && !['RootWebArea', 'generic', 'row'].includes(role));

			assert.deepEqual(nameless, [], hash);
		}
	},
	'a table of functions is one to a reader of screens, with its order': async () => {
		const visit = await Person.to('small', { hash: '#view=table' });
		const spoken = await visit.spoken();

		assert.ok(spoken.some(({ role, name }) => role === 'table' && name === 'Functions'));
		assert.ok(spoken.some(({ role, name }) => role === 'columnheader' && /^Self/.test(name)));
		assert.equal(await visit.page.getAttribute('#table th.self', 'aria-sort'), 'descending');
	},
	'keys alone: search, step, zoom, callers and callees, and back': async () => {
		const visit = await Person.to('small');

		await visit.key('/');
		await visit.page.keyboard.type('lex');
		await visit.page.waitForTimeout(200);
		await visit.key('Enter');
		assert.match(await visit.text('#details'), /lex/);
		await visit.page.keyboard.press('Tab');
		await visit.page.keyboard.press('Tab');
		await visit.page.keyboard.press('Tab');
		await visit.key('c');
		assert.equal((await visit.state()).view, 'sandwich');
		assert.equal((await visit.state()).fn, 'lex');
		await visit.key('1');
		assert.equal((await visit.state()).view, 'graph');
		await visit.key('ArrowDown');
		await visit.key('Enter');
		assert.deepEqual((await visit.state()).path, ['main']);
		await visit.key('Escape');
		assert.deepEqual((await visit.state()).path, []);
	},
	'with forced colours the chosen view can still be told': async () => {
		const visit = await Person.to('small');

		await visit.page.emulateMedia({ forcedColors: 'active' });
		const [chosen, other] = await visit.page.$$eval('[data-view=graph], [data-view=table]', (list) =>
			list.map((node) => getComputedStyle(node).backgroundColor + getComputedStyle(node).fontWeight),
		);

		assert.notEqual(chosen, other);
	},
};

await run(cases);
