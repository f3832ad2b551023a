// SPDX-License-Identifier: Apache-2.0
// The panel of source lines in headless Chromium, with real clicks and keys; called as visit.mjs says, by
// test_page_lines.py, which says what is in the pages.
import assert from 'node:assert/strict';
import { Visit, run } from './visit.mjs';

class Reader extends Visit {
	/* [self, total, line, source] of each line that is shown. */
	rows() {
		return this.page.$$eval('#lines tbody tr', (rows) =>
			rows.map((row) => [...row.cells].map((cell) => cell.querySelector('span:nth-of-type(2)')?.textContent ?? cell.textContent)),
		);
	}

	/* Those that cost something. */
	async costs() {
		return (await this.rows()).filter(([, total]) => total);
	}

	note() {
		return this.page.locator('#lines-note').innerText();
	}

	async open(path) {
		await this.clickBox(path);
		await this.click('#lines-open');
		await this.page.waitForTimeout(120);
	}
}

const LEX = ['main', 'lex'];

const cases = {
	'a button shows what each line of a function cost, once a sample, with its source and that around it': async () => {
		const visit = await Reader.to('lines');

		await visit.open(LEX);
		assert.equal(await visit.text('#lines-title'), 'lex');
		assert.match(await visit.text('#lines-place'), /\/lex\.c:30$/);
		assert.deepEqual(await visit.costs(), [
			['85.0 %', '85.0 %', '40', '\tline 40 of <lex.c> & "more"'],
			['15.0 %', '65.0 %', '41', '\tline 41 of <lex.c> & "more"'],
		]);
		assert.deepEqual((await visit.rows()).map(([, , line]) => line), ['37', '38', '39', '40', '41', '42', '43', '44']);
		assert.equal(await visit.page.locator('#lines tr.best th').innerText(), '40');
		assert.match(await visit.page.locator('#lines tr.best td').first().getAttribute('title'), /^170 ms$/);
		assert.ok(await visit.page.locator('#lines tr.best').isVisible());
		assert.match(await visit.text('#live'), /Lines of lex: line 40 cost most, self 85\.0 %/);
		assert.deepEqual(visit.problems, []);
	},
	'the panel follows the function that is chosen, with the mouse, keys and in the table': async () => {
		const visit = await Reader.to('lines');

		await visit.open(LEX);
		await visit.clickBox(['main']);
		assert.deepEqual((await visit.costs()).map(([self, total, line]) => [self, total, line]), [['', '45.0 %', '5'], ['', '55.0 %', '9']]);
		await visit.page.focus('#stage');
		await visit.key('ArrowDown');
		assert.equal(await visit.text('#lines-title'), 'lex');
		await visit.click('[data-view=table]');
		await visit.page.locator('#table tbody tr[data-frame]', { hasText: 'main' }).click();
		await visit.settle();
		assert.equal(await visit.text('#lines-title'), 'main');
		assert.equal((await visit.state()).lines, 'main');
	},
	'lines that are far apart are parted': async () => {
		const visit = await Reader.to('lines');

		await visit.open(['main']);
		assert.equal(await visit.page.locator('#lines tr.gap').count(), 0);
		const far = await Reader.to('far');

		await far.open(['main']);
		assert.deepEqual((await far.costs()).map(([, , line]) => line), ['5', '60']);
		assert.equal(await far.page.locator('#lines tr.gap th').innerText(), '57');
	},
	'keys open and close it, and do not leave the keyboard nowhere': async () => {
		const visit = await Reader.to('lines');
		const focused = () => visit.page.evaluate(() => document.activeElement.id);

		await visit.key('l');
		assert.match(await visit.text('#live'), /Choose a function first/);
		await visit.key('ArrowDown');
		await visit.key('l');
		await visit.page.waitForTimeout(120);
		assert.equal(await visit.text('#lines-title'), 'main');
		assert.equal(await focused(), 'lines-rows');
		const before = (await visit.state()).path;

		await visit.key('ArrowDown');
		assert.equal(await visit.text('#lines-title'), 'main');
		assert.deepEqual((await visit.state()).path, before);
		await visit.key('Escape');
		assert.ok(await visit.page.isHidden('#lines'));
		assert.equal(await focused(), 'stage');
		assert.equal(await visit.page.getAttribute('#lines-open', 'aria-expanded'), 'false');
		await visit.click('#lines-open');
		assert.equal(await visit.page.getAttribute('#lines-open', 'aria-expanded'), 'true');
		await visit.click('#lines-close');
		assert.ok(await visit.page.isHidden('#lines'));
		assert.equal((await visit.state()).lines, '');
	},
	'shares are of the threads that are chosen': async () => {
		const visit = await Reader.to('timed');

		await visit.open(['main', 'parse']);
		assert.deepEqual((await visit.costs()).map(([self, , line]) => [self, line]), [['20.0 %', '10'], ['40.0 %', '20'], ['20.0 %', '30']]);
		await visit.click('#threads-open');
		await visit.page.locator('#threads li.thread', { hasText: 'worker 11' }).locator('input').check();
		await visit.settle();
		assert.deepEqual((await visit.costs()).map(([self, , line]) => [self, line]), [['100 %', '30']]);
		assert.match(await visit.text('#lines-part'), /^Of worker 11/);
	},
	'and of the time that is chosen, by a drag': async () => {
		const visit = await Reader.to('timed');

		await visit.open(['main', 'parse']);
		const from = await visit.onLine(3.5),
			to = await visit.onLine(7.8);

		await visit.page.mouse.move(from.x, from.y);
		await visit.page.mouse.down();
		await visit.page.mouse.move(to.x, to.y, { steps: 5 });
		await visit.page.mouse.up();
		await visit.page.waitForTimeout(200);
		assert.deepEqual((await visit.costs()).map(([self, , line]) => [self, line]), [['66.7 %', '20']]);
		assert.match(await visit.text('#lines-part'), /^Of 3(\.\d+)?s to 7\.\d+s/);
		await visit.click('#range-clear');
		await visit.page.waitForTimeout(100);
		assert.equal((await visit.costs()).length, 3);
	},
	'what hidden kinds cost counts for the lines that called them': async () => {
		const visit = await Reader.to('timed');

		await visit.open(['main', 'parse']);
		await visit.click('#legend button[data-kind=kernel]');
		await visit.settle();
		assert.deepEqual((await visit.costs()).map(([self, total, line]) => [self, total, line]), [
			['20.0 %', '20.0 %', '10'],
			['60.0 %', '60.0 %', '20'],
			['20.0 %', '20.0 %', '30'],
		]);
		assert.match(await visit.text('#lines-part'), /without hidden kinds/);
	},
	'another value type is told in its own shares and unit': async () => {
		const visit = await Reader.to('lines');

		await visit.open(LEX);
		await visit.key('v');
		assert.equal(await visit.page.locator('#lines tr.best td').first().getAttribute('title'), '17');
	},
	'the address opens the panel, over the chosen time and threads': async () => {
		const visit = await Reader.to('timed', { hash: '#range=4s..8s' });

		await visit.open(['main', 'parse']);
		const hash = await visit.page.evaluate(() => location.hash);

		assert.match(hash, /lines=/);
		const again = await Reader.to('timed', { hash });

		await again.page.waitForTimeout(150);
		assert.equal(await again.text('#lines-title'), 'parse');
		assert.deepEqual((await again.costs()).map(([self, , line]) => [self, line]), [['66.7 %', '20']]);
		assert.equal((await again.state()).lines, 'parse');
	},
	'a page without source says why, and tells the lines all the same': async () => {
		for (const [name, words] of [
			['nosource', /--no-source/],
			['younger', /written after the profile was taken/],
			['gone', /not on the machine/],
			['secret', /not source by its name/],
		]) {
			const visit = await Reader.to(name);

			await visit.open(LEX);
			assert.match(await visit.note(), words, name);
			assert.deepEqual((await visit.costs()).map((row) => row.slice(1)), [['85.0 %', '40', ''], ['65.0 %', '41', '']], name);
			assert.deepEqual(visit.problems, []);
		}
	},
	'hostile source is shown and does nothing': async () => {
		const visit = await Reader.to('hostile');

		await visit.open(LEX);
		const text = (await visit.costs()).map((row) => row[3]);

		assert.match(text[0], /<\/script><script>window\.pwned=1/);
		assert.equal(text[1], 'a\ufffdb\u240dc\ufffd' + 'x'.repeat(292));
		assert.equal(await visit.page.evaluate(() => window.pwned), undefined);
		assert.deepEqual(visit.problems, []);
	},
	'a profile without lines has no button for them': async () => {
		const visit = await Reader.to('folded');

		await visit.clickBox(['main']);
		assert.ok(await visit.page.isHidden('#lines-open'));
		await visit.key('l');
		assert.match(await visit.text('#live'), /No source line of this function is known/);
		assert.ok(await visit.page.isHidden('#lines'));
	},
	'another profile of the page has lines of its own': async () => {
		const visit = await Reader.to('several');

		await visit.open(LEX);
		await visit.page.selectOption('#profiles', { label: 'timed.pb.gz' });
		await visit.page.waitForTimeout(150);
		assert.ok(await visit.page.isHidden('#lines'));
		await visit.open(['main', 'parse']);
		assert.equal((await visit.costs()).length, 3);
		assert.deepEqual(visit.problems, []);
	},
	'in a page of a diff it shows base, new and change of each line, as the new side counts lines': async () => {
		const visit = await Reader.to('sides');
		const cells = () =>
			visit.page.$$eval('#lines tbody tr:not(.beside)', (rows) => rows.map((row) => [...row.cells].map((cell) => cell.innerText)));

		await visit.open(LEX);
		assert.match(await visit.text('#lines-place'), /\/lex\.c:37$/);
		assert.match(await visit.text('#lines thead'), /Base self\s+New self\s+Change of self\s+Base total\s+New total\s+Change of total\s+Line\s+Source/);
		assert.deepEqual(await cells(), [
			['40.00 %', '40.00 %', '', '40.00 %', '40.00 %', '', '47', '\tline 47 of <lex.c> & "more"'],
			['15.00 %', '45.00 %', '+30.00', '15.00 %', '45.00 %', '+30.00', '48', '\tline 48 of <lex.c> & "more"'],
		]);
		assert.equal(await visit.page.locator('#lines tr.best th').innerText(), '48');
		assert.match(await visit.text('#live'), /Lines of lex: line 48 changed most, self 15\.00 % to 45\.00 %, \+30\.00 points/);
		await visit.clickBox(['main']);
		assert.deepEqual(await cells(), [
			['45.00 %', '45.00 %', '', '100.00 %', '130.00 %', '+30.00', '42', '\tline 42 of <main.c> & "more"'],
		]);
		/* a side by itself has the columns of any profile, and the address keeps the panel */
		await visit.clickBox(LEX);
		await visit.key('w');
		assert.deepEqual((await visit.costs()).map(([self, total, line]) => [self, total, line]), [['30.8 %', '30.8 %', '47'], ['34.6 %', '34.6 %', '48']]);
		assert.match(await visit.page.evaluate(() => location.hash), /lines=/);
		await visit.key('d');
		assert.equal((await cells())[1][2], '+30.00');
		assert.deepEqual(visit.problems, []);
	},
	'a page of a diff by line has a box for each line': async () => {
		const visit = await Reader.to('by_line');

		await visit.click('[data-view=table]');
		const text = await visit.text('#table tbody');

		for (const place of ['main.c:42', 'lex.c:47', 'lex.c:48']) assert.ok(text.includes(place), text);
		assert.deepEqual(visit.problems, []);
	},
	'on a telephone it leaves the picture and itself room, and nothing is wider than the window': async () => {
		const visit = await Reader.to('lines', { width: 390, height: 800, scheme: 'dark' });

		await visit.open(LEX);
		assert.ok(await visit.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
		assert.ok((await visit.page.locator('#stage').boundingBox()).height > 60);
		assert.ok((await visit.page.locator('#lines-rows').boundingBox()).height > 80);
	},
};

await run(cases);
