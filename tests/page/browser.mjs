// SPDX-License-Identifier: Apache-2.0
// The flame graph page in headless Chromium, with real clicks and keys, opened from the disk.
//   browser.mjs --list            prints the names of the tests
//   browser.mjs FOLDER            runs them over the pages test_page.py put there; prints a JSON object
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Visit, folder, run } from './visit.mjs';

/* small.html (test_page.py): values are samples, all 17 of them
 *   app/main 10.10    main;parse 2  main;parse;lex 3  main;parse;lex;sys_read 2  main;emit;write 5
 *   app/worker 10.11  start;parse;parse;lex 1  start;parse 2      helper 20.20  main;parse 2 */
const cases = {
	'the page opens from the disk, asks nothing of a network and has nothing to complain of':
		async () => {
			const visit = await Visit.to('small');
			const state = await visit.state();

			assert.deepEqual(visit.problems, []);
			assert.deepEqual(
				visit.requests.filter((url) => !/^(file|data|blob):/.test(url)),
				[],
			);
			assert.equal(
				visit.requests.filter((url) => url.startsWith('file:')).length,
				1,
			);
			assert.equal(state.whole, 17);
			assert.match(await visit.text('#title'), /^CPU time/);
			const facts = await visit.text('#facts');

			for (const fact of [
				'17',
				'samples',
				'30 s',
				'100 Hz',
				'complete stacks',
				'BPF',
				'compile all',
			])
				assert.ok(facts.includes(fact), `${fact} in ${facts}`);
			assert.match(await visit.text('#loss'), /15\.0 % lost: 3 of 20 events/);
		},
	'the head tells that frames are hidden, and help says how to show them': async () => {
		const visit = await Visit.to('python', { width: 1600 });

		assert.match(await visit.text('#facts'), /frames hidden: --native shows them/);
		await visit.page.keyboard.press('?');
		assert.match(await visit.text('#help'), /sonde flame --native/);
		const small = await Visit.to('small');

		assert.doesNotMatch(await small.text('#facts'), /hidden/);
		await small.page.keyboard.press('?');
		assert.doesNotMatch(await small.text('#help'), /--native/);
	},
	'facts of the head that do not fit are left out whole': async () => {
		for (const width of [800, 1000, 1200]) {
			const visit = await Visit.to('python', { width });
			const cut = await visit.page.$$eval('#facts div', (list) => {
				const box = document.getElementById('facts').getBoundingClientRect();

				return list
					.map((fact) => fact.getBoundingClientRect())
					.filter(({ top, right }) => top < box.bottom && right > box.right + 1).length;
			});

			assert.equal(cut, 0, String(width));
		}
	},
	'a click zooms: the box takes the whole width, its callers stay above': async () => {
		const visit = await Visit.to('small');
		const all = await visit.box([]);

		assert.ok((await visit.box(['main', 'parse'])).width < all.width * 0.8);
		await visit.clickBox(['main', 'parse']);
		assert.deepEqual((await visit.state()).path, ['main', 'parse']);
		assert.equal(
			Math.round((await visit.box(['main', 'parse'])).width),
			Math.round(all.width),
		);
		const main = await visit.box(['main']);

		assert.equal(Math.round(main.width), Math.round(all.width));
		assert.equal(main.y, all.y + 20);
		assert.equal(await visit.box(['start']), null);
		await visit.clickBox(['main']);
		assert.deepEqual((await visit.state()).path, ['main']);
	},
	'Escape and the button show everything again': async () => {
		const visit = await Visit.to('small');

		assert.ok(await visit.page.isDisabled('#reset'));
		await visit.clickBox(['main', 'parse', 'lex']);
		await visit.key('Escape');
		assert.deepEqual((await visit.state()).path, []);
		await visit.clickBox(['start']);
		await visit.click('#reset');
		assert.deepEqual((await visit.state()).path, []);
		assert.ok(await visit.page.isDisabled('#reset'));
	},
	'a zoom into the depth leaves few rows to callers, which open with a click': async () => {
		const visit = await Visit.to('deep');
		const path = Array.from({ length: 60 }, (_, i) => `level${i}`);

		await visit.page.evaluate((names) => window.sonde.zoom(names), path);
		await visit.settle();
		const all = await visit.box([]),
			box = await visit.box(path);

		assert.ok(box.y - all.y <= 4 * 20, `${(box.y - all.y) / 20} rows above`);
		assert.equal((await visit.box(path.slice(0, -1))).y, box.y - 20);
		assert.deepEqual(
			await visit.page.evaluate(
				([x, y]) => window.sonde.at(x, y)?.note,
				[all.x + 50, all.y + 30],
			),
			true,
		);
		await visit.page.mouse.click(all.x + 50, all.y + 30);
		await visit.settle();
		assert.ok((await visit.box(path.slice(0, 3))).y > all.y);
	},
	'a stack of 3,000 levels is drawn and scrolled': async () => {
		const visit = await Visit.to('deep');

		assert.equal(
			await visit.page.evaluate(
				() => window.sonde.page.profile.nodes.levels.length - 2,
			),
			3000,
		);
		await visit.page.evaluate(() => {
			document.getElementById('stage').scrollTop = 1e9;
		});
		await visit.settle();
		const box = await visit.box(Array.from({ length: 3000 }, (_, i) => `level${i}`));

		assert.ok(box.y > 0 && box.y < 700, String(box.y));
		assert.notDeepEqual(
			await visit.pixel(box.x + box.width / 2, box.y + 4),
			[255, 255, 255],
		);
	},
	'search marks matches, greys the rest and says the matched share': async () => {
		const visit = await Visit.to('small');
		const [x] = await visit.middle(['main', 'parse', 'lex']),
			{ y } = await visit.box(['main', 'parse', 'lex']);
		const [ex, ey] = await visit.middle(['main', 'emit']);
		const before = await visit.pixel(x + 40, y + 3),
			grey = await visit.pixel(ex + 40, ey - 6);

		await visit.search('^lex$');
		const state = await visit.state();

		assert.ok(Math.abs(state.matched - 6 / 17) < 1e-9);
		assert.match(await visit.text('#matched'), /35\.3 % matched · 2/);
		assert.deepEqual(await visit.pixel(x + 40, y + 3), before);
		assert.notDeepEqual(await visit.pixel(ex + 40, ey - 6), grey);
		const line = await visit.pixel(x + 40, y + 18);

		assert.ok(Math.max(...line) < 60, `underlined: ${line}`);
	},
	'n and N step through matches, those out of sight too': async () => {
		const visit = await Visit.to('small');

		await visit.clickBox(['start']);
		await visit.search('lex');
		await visit.page.focus('#stage');
		await visit.key('n');
		assert.equal((await visit.state()).match, 0);
		assert.match(await visit.text('#details'), /lex/);
		assert.ok(await visit.box(['main', 'parse', 'lex']));
		await visit.key('n');
		assert.match(await visit.text('#matched'), /2 of 2/);
		await visit.key('N');
		assert.match(await visit.text('#matched'), /1 of 2/);
		await visit.click('#next');
		assert.match(await visit.text('#matched'), /2 of 2/);
	},
	'a broken expression is told, and changes nothing': async () => {
		const visit = await Visit.to('small');

		await visit.search('(');
		assert.match(await visit.text('#matched'), /nterminated|\(/);
		assert.equal((await visit.state()).matched, null);
		assert.deepEqual(visit.problems, []);
	},
	'the slash key goes to the search, Enter steps, Escape ends it': async () => {
		const visit = await Visit.to('small');

		await visit.key('/');
		await visit.page.keyboard.type('parse');
		await visit.key('Enter');
		assert.equal((await visit.state()).match, 0);
		await visit.key('Escape');
		assert.equal((await visit.state()).matched, null);
	},
	'flip puts the root at the bottom': async () => {
		const visit = await Visit.to('small');

		await visit.key('f');
		const all = await visit.box([]),
			main = await visit.box(['main']);

		assert.equal(main.y, all.y - 20);
		await visit.clickBox(['main', 'parse']);
		assert.deepEqual((await visit.state()).path, ['main', 'parse']);
		await visit.click('#flip');
		assert.equal((await visit.box(['main'])).y, (await visit.box([])).y + 20);
	},
	'inverted begins with functions by self': async () => {
		const visit = await Visit.to('small');
		const width = (await visit.box([])).width;

		await visit.key('i');
		assert.equal((await visit.state()).view, 'inverted');
		assert.ok(Math.abs((await visit.box(['parse'])).width / width - 6 / 17) < 0.01);
		assert.ok(
			Math.abs((await visit.box(['lex', 'parse'])).width / width - 4 / 17) < 0.01,
		);
	},
	'a sandwich merges all call sites of a function': async () => {
		const visit = await Visit.to('small');

		await visit.clickBox(['main', 'parse', 'lex']);
		await visit.click('#focus');
		const state = await visit.state(),
			width = (await visit.box([], 1)).width;

		assert.equal(state.view, 'sandwich');
		assert.equal(state.fn, 'lex');
		assert.match(
			await visit.text('#heading'),
			/lex — callers above, callees below; 2 call paths merged/,
		);
		assert.equal(Math.round((await visit.box(['parse'], 0)).width), Math.round(width));
		assert.ok(
			Math.abs((await visit.box(['parse', 'main'], 0)).width / width - 5 / 6) <
				0.01,
		);
		assert.ok(
			Math.abs((await visit.box(['sys_read'], 1)).width / width - 2 / 6) < 0.01,
		);
		assert.ok((await visit.box(['parse'], 0)).y < (await visit.box([], 1)).y);
		assert.ok((await visit.box(['sys_read'], 1)).y > (await visit.box([], 1)).y);
	},
	'the table sorts by its headings, and counts recursion once': async () => {
		const visit = await Visit.to('small');
		const first = () =>
			visit.page.locator('#table tbody tr[data-frame]').first().innerText();

		await visit.click('[data-view=table]');
		assert.match(await first(), /parse/);
		await visit.page.locator('#table thead button', { hasText: 'Total' }).click();
		assert.match(await first(), /main/);
		const parse = visit.page.locator('#table tbody tr[data-frame]', {
			hasText: 'parse',
		});

		assert.match(await parse.innerText(), /120 ms\s*70\.6 %/);
		await visit.page.locator('#table thead button', { hasText: 'Function' }).click();
		assert.match(await first(), /emit/);
		assert.equal(
			await visit.page
				.locator('#table thead th[aria-sort=ascending]')
				.innerText(),
			'Function ↑',
		);
		assert.equal(await visit.page.getAttribute('#table table', 'aria-rowcount'), '8');
	},
	'the table is filtered by the search, and a double click opens the sandwich': async () => {
		const visit = await Visit.to('small');

		await visit.click('[data-view=table]');
		await visit.search('^(lex|emit)$');
		assert.equal(await visit.page.locator('#table tbody tr[data-frame]').count(), 2);
		await visit.page
			.locator('#table tbody tr[data-frame]', { hasText: 'emit' })
			.dblclick();
		await visit.settle();
		assert.equal((await visit.state()).fn, 'emit');
	},
	'the table is walked with keys': async () => {
		const visit = await Visit.to('small');

		await visit.click('[data-view=table]');
		await visit.page.focus('#table tbody tr[data-frame]');
		await visit.key('ArrowDown');
		assert.equal(await visit.page.locator('#table tr[aria-selected=true]').count(), 1);
		assert.match(await visit.text('#live'), /total .*self/);
		await visit.key('Enter');
		assert.equal((await visit.state()).view, 'sandwich');
	},
	'hovering tells all of a box and draws nothing again': async () => {
		const visit = await Visit.to('small');
		const { draws } = await visit.state();

		await visit.page.mouse.move(...(await visit.middle(['main', 'parse'])));
		await visit.page.mouse.move(...(await visit.middle(['main', 'parse', 'lex'])));
		const tip = await visit.text('#tip');

		for (const part of [
			'lex',
			'Total',
			'29.4 %',
			'50 ms',
			'Self',
			'17.6 %',
			'Native code',
			'lex.c:30',
			'app',
			'55.6 %',
		])
			assert.ok(tip.includes(part), `${part} in ${tip}`);
		assert.equal((await visit.state()).draws, draws);
	},
	'arrows move, Enter zooms, Backspace goes back, and a reader of screens is told':
		async () => {
			const visit = await Visit.to('small');

			await visit.key('ArrowDown');
			assert.match(
				await visit.text('#live'),
				/^main: 140 ms, 82\.4 %; calls 2 functions/,
			);
			await visit.key('ArrowRight');
			assert.match(await visit.text('#live'), /^start:/);
			await visit.key('ArrowLeft');
			await visit.key('ArrowDown');
			await visit.key('Enter');
			assert.deepEqual((await visit.state()).path, ['main', 'parse']);
			await visit.key('Backspace');
			assert.deepEqual((await visit.state()).path, ['main']);
			await visit.key('ArrowUp');
			assert.match(await visit.text('#live'), /^all:/);
		},
	'a thread is picked from the list, and shares are of it': async () => {
		const visit = await Visit.to('small');

		await visit.click('#threads-open');
		await visit.page.fill('#threads input[type=search]', 'worker');
		await visit.page
			.locator('#threads li.thread', { hasText: 'worker 11' })
			.locator('input')
			.check();
		await visit.settle();
		let state = await visit.state();

		assert.equal(state.whole, 3);
		assert.equal(state.threads, '10.11');
		assert.equal(await visit.box(['main']), null);
		assert.equal(
			Math.round((await visit.box(['start', 'parse'])).width),
			Math.round((await visit.box([])).width),
		);
		await visit.key('Escape');
		assert.match(await visit.text('#threads-open'), /worker 11/);
		await visit.click('#threads-open');
		await visit.page.fill('#threads input[type=search]', '');
		await visit.page
			.locator('#threads li.process', { hasText: 'app' })
			.locator('input')
			.check();
		await visit.settle();
		assert.equal((await visit.state()).whole, 15);
		await visit.page.locator('#threads button', { hasText: 'All' }).click();
		await visit.settle();
		assert.equal((await visit.state()).whole, 17);
	},
	'samples are grouped by a label, by a menu and by a key': async () => {
		const visit = await Visit.to('labels');
		const { whole } = await visit.state();

		assert.deepEqual(await visit.page.locator('#by option').allInnerTexts(), [
			'Not grouped',
			'By thread',
			'By tenant',
			'By request',
		]);
		await visit.page.selectOption('#by', { label: 'By tenant' });
		await visit.settle();
		assert.equal((await visit.state()).whole, whole);
		assert.equal((await visit.state()).by, 'label.tenant');
		const acme = ['[tenant acme]'];

		await visit.clickBox([...acme]);
		assert.match(await visit.text('#details'), /\[tenant acme\]\s+Total .* 5\b/);
		await visit.page.mouse.move(...(await visit.middle([...acme, 'main', 'query', 'scan'])));
		assert.match(await visit.text('#tip'), /scan/);
		assert.equal(await visit.box(['main']), null);
		await visit.clickBox([...acme, 'main', 'query']);
		const before = await visit.state(),
			hash = await visit.page.evaluate(() => location.hash);

		assert.match(hash, /by=label\.tenant/);
		const again = await Visit.to('labels', { hash }),
			after = await again.state();

		assert.deepEqual(after.path, [...acme, 'main', 'query']);
		assert.equal(after.by, before.by);
		assert.equal(await again.page.inputValue('#by'), 'label.tenant');
		await again.page.focus('#stage');
		await again.key('g');
		assert.equal((await again.state()).by, 'label.request');
		await again.key('g');
		assert.equal((await again.state()).by, '');
		assert.ok(await again.box(['main', 'query', 'scan']));
		await again.key('g');
		assert.equal((await again.state()).by, 'thread');
		assert.ok(await again.box(['[thread pool 2]', 'main']));
		assert.match(await again.text('#live'), /By thread/);
		assert.deepEqual([...visit.problems, ...again.problems], []);
	},
	'values beyond a hundred share a box, and threads are still threads': async () => {
		const visit = await Visit.to('labels', { hash: '#by=label.request' });

		assert.ok(await visit.box(['[request 100]', 'main', 'serve']));
		assert.equal(await visit.box(['[request 101]']), null);
		assert.ok(await visit.box(['[50 other values of request]', 'main', 'serve']));
		assert.ok(await visit.box(['[no request]', 'main', 'query']));
		assert.match(await visit.text('#threads-open'), /All threads \(2\)/);
		await visit.click('#threads-open');
		await visit.page
			.locator('#threads li.thread', { hasText: 'pool 1' })
			.locator('input')
			.check();
		await visit.settle();
		assert.equal((await visit.state()).whole, 9);
		assert.equal((await visit.state()).threads, '5.1');
		assert.equal(await visit.box(['[request 100]']), null);
	},
	'a heap profile counts stacks, and is told in bytes or objects': async () => {
		const visit = await Visit.to('heap');

		assert.match(await visit.text('#title'), /^Memory in use profile/);
		assert.match(await visit.text('#facts'), /^stacks\s+3$/);
		assert.match(await visit.text('#details'), /100 % 1\.51 MiB/);
		await visit.page.selectOption('#type', { label: 'Allocations' });
		await visit.settle();
		assert.match(await visit.text('#title'), /^Allocations profile/);
		assert.match(await visit.text('#details'), /100 % 1,203/);
	},
	'the foot says how to begin': async () => {
		const visit = await Visit.to('small');

		assert.match(await visit.text('#details'), /^all\s+Total 100 % 170 ms\s+Self 0 % 0\s+The wider a box.*A click zooms in\.$/s);
		await visit.key('i');
		assert.match(await visit.text('#details'), /callers below\. A click zooms in\.$/);
	},
	'another value type is chosen': async () => {
		const visit = await Visit.to('small');

		assert.match(await visit.text('#details'), /170 ms/);
		await visit.page.selectOption('#type', { label: 'Samples' });
		await visit.settle();
		assert.match(await visit.text('#details'), /100 % 17/);
	},
	'the type is kept in the address by its name, and a key goes to the next': async () => {
		const visit = await Visit.to('small');

		assert.match(await visit.text('#title'), /^CPU time/);
		await visit.key('v');
		assert.equal((await visit.state()).type, 0);
		assert.match(await visit.text('#title'), /^Samples/);
		assert.equal(await visit.page.inputValue('#type'), '0');
		const hash = await visit.page.evaluate(() => location.hash);

		assert.match(hash, /type=samples/);
		const again = await Visit.to('small', { hash });

		assert.match(await again.text('#details'), /100 % 17/);
		await again.key('v');
		assert.match(await again.text('#details'), /170 ms/);
		assert.doesNotMatch(await again.page.evaluate(() => location.hash), /type=/);
	},
	'values are told in the unit that is asked for, where it is one for them': async () => {
		const visit = await Visit.to('unit');

		assert.match(await visit.text('#details'), /100 % 0\.170 s/);
		await visit.clickBox(['main', 'parse', 'lex']);
		assert.match(await visit.text('#details'), /Self 17\.6 % 0\.0300 s/);
		await visit.key('v');
		assert.match(await visit.text('#details'), /Self 17\.6 % 3/);
		assert.deepEqual(visit.problems, []);
	},
	'several profiles: the menu and keys switch, at the same place': async () => {
		const visit = await Visit.to('several');

		assert.deepEqual(
			await visit.page.locator('#profiles option').allInnerTexts(),
			['first.pb.gz', 'second.folded', '<third>.pb.gz'],
		);
		await visit.search('lex');
		await visit.page.selectOption('#profiles', { label: 'second.folded' });
		await visit.settle();
		let state = await visit.state();

		assert.equal(state.profile, 'second.folded');
		assert.equal(state.whole, 7);
		assert.equal(state.matched, 5 / 7);
		assert.match(await visit.page.title(), /^second\.folded: /);
		assert.ok(await visit.page.isHidden('#threads-open'));
		assert.match(await visit.text('#live'), /Profile 2 of 3: second\.folded/);
		await visit.page.focus('#stage');
		await visit.key('.');
		state = await visit.state();
		assert.equal(state.profile, '<third>.pb.gz');
		assert.equal(state.matched, 0);
		assert.equal(state.whole, 1);
		await visit.key('.');
		assert.equal((await visit.state()).profile, '<third>.pb.gz');
		await visit.key(',');
		await visit.key(',');
		state = await visit.state();
		assert.equal(state.profile, 'first.pb.gz');
		assert.equal(state.whole, 17);
		assert.ok(await visit.page.isVisible('#threads-open'));
		assert.deepEqual(visit.problems, []);
	},
	'a zoom is followed into another profile, and the address names it': async () => {
		const visit = await Visit.to('several');

		await visit.clickBox(['main', 'parse']);
		await visit.key('v');
		await visit.page.selectOption('#profiles', { label: '<third>.pb.gz' });
		await visit.settle();
		assert.deepEqual((await visit.state()).path, ['main', 'parse']);
		assert.equal((await visit.state()).type, 0);
		const hash = await visit.page.evaluate(() => location.hash);

		assert.match(hash, /profile=%3Cthird%3E\.pb\.gz/);
		const again = await Visit.to('several', { hash });
		const state = await again.state();

		assert.equal(state.profile, '<third>.pb.gz');
		assert.deepEqual(state.path, ['main', 'parse']);
		assert.equal(await again.page.inputValue('#profiles'), '2');
		await again.page.evaluate(() => {
			location.hash = '#profile=second.folded';
		});
		await again.settle();
		assert.equal((await again.state()).profile, 'second.folded');
		assert.equal((await again.state()).whole, 7);
	},
	'the legend says kinds in words, and a press hides their frames': async () => {
		const visit = await Visit.to('small');

		assert.match(await visit.text('#legend'), /Native code\s+58\.8 %/);
		assert.match(await visit.text('#legend'), /Kernel\s+11\.8 %/);
		assert.match(await visit.text('#legend'), /System library\s+29\.4 %/);
		assert.ok(await visit.box(['main', 'emit', 'write']));
		await visit.click('#legend button[data-kind=library]');
		assert.equal(await visit.box(['main', 'emit', 'write']), null);
		assert.equal((await visit.state()).whole, 17);
		await visit.page.mouse.move(...(await visit.middle(['main', 'emit'])));
		assert.match(await visit.text('#tip'), /Self\s+29\.4 %/);
		await visit.click('#legend button[data-kind=library]');
		assert.ok(await visit.box(['main', 'emit', 'write']));
	},
	'colours follow kinds': async () => {
		const visit = await Visit.to('small');
		const kernel = await visit.box(['main', 'parse', 'lex', 'sys_read']),
			native = await visit.box(['main']);
		const [r, g, b] = await visit.pixel(kernel.x + kernel.width - 6, kernel.y + 3);

		assert.ok(r > g + 60 && r > b + 60, `kernel is red: ${[r, g, b]}`);
		assert.notDeepEqual(await visit.pixel(native.x + native.width - 6, native.y + 3), [
			r,
			g,
			b,
		]);
	},
	'the zoomed part is copied as folded stacks': async () => {
		const visit = await Visit.to('small');

		await visit.clickBox(['main', 'parse']);
		await visit.key('y');
		assert.equal(
			await visit.page.evaluate(() => window.sonde.page.lastCopy),
			'main;parse 40000000\nmain;parse;lex 30000000\nmain;parse;lex;sys_read 20000000\n',
		);
		await visit.page.waitForFunction(() =>
			/Copied 3 folded/.test(document.getElementById('live').textContent),
		);
	},
	'the picture is saved as valid SVG': async () => {
		const visit = await Visit.to('hostile');
		const [download] = await Promise.all([
			visit.page.waitForEvent('download'),
			visit.click('#save'),
		]);
		const text = readFileSync(await download.path(), 'utf8');
		const error = await visit.page.evaluate(
			(source) =>
				new DOMParser()
					.parseFromString(source, 'image/svg+xml')
					.querySelector('parsererror')?.textContent,
			text,
		);

		assert.equal(download.suggestedFilename(), 'flame.svg');
		assert.equal(error, undefined);
		assert.ok(text.includes('&lt;script&gt;'));
	},
	'an address holds the view, and opens to it': async () => {
		const visit = await Visit.to('small');

		await visit.key('f');
		await visit.click('#theme');
		await visit.search('le[xy]');
		await visit.page.focus('#stage');
		await visit.clickBox(['main', 'parse']);
		const before = await visit.state(),
			hash = await visit.page.evaluate(() => location.hash);
		const again = await Visit.to('small', { hash });
		const after = await again.state();

		for (const key of [
			'view',
			'up',
			'query',
			'theme',
			'path',
			'matched',
			'threads',
			'whole',
		])
			assert.deepEqual(after[key], before[key], key);
		assert.equal(after.theme, 'dark');
		assert.deepEqual(after.path, ['main', 'parse']);
		const sandwich = await Visit.to('small', {
			hash: '#view=sandwich&threads=10.11&hide=kernel',
		});

		assert.equal((await sandwich.state()).whole, 3);
		assert.equal((await sandwich.state()).view, 'sandwich');
	},
	'a page that opens with a table draws its picture when that is asked for': async () => {
		const visit = await Visit.to('small', { hash: '#view=table&q=lex' });

		assert.equal((await visit.state()).view, 'table');
		await visit.click('[data-view=graph]');
		const { x, y, width } = await visit.box(['main', 'parse', 'lex']);

		assert.notDeepEqual(await visit.pixel(x + width - 5, y + 3), [255, 255, 255]);
		assert.deepEqual(visit.problems, []);
	},
	'dark and light follow the system until the button is pressed': async () => {
		const dark = await Visit.to('small', { scheme: 'dark' });
		const background = () =>
			dark.page.evaluate(() => getComputedStyle(document.body).backgroundColor);

		assert.equal((await dark.state()).theme, 'dark');
		assert.equal(await background(), 'rgb(20, 23, 28)');
		await dark.page.emulateMedia({ colorScheme: 'light' });
		await dark.settle();
		assert.equal(await background(), 'rgb(255, 255, 255)');
		await dark.key('t');
		assert.equal((await dark.state()).theme, 'dark');
	},
	'hostile names are shown and do nothing': async () => {
		const visit = await Visit.to('hostile');

		assert.deepEqual(visit.problems, []);
		assert.equal(await visit.page.evaluate(() => window.pwned), undefined);
		assert.equal(
			await visit.page
				.locator('img, iframe, object, embed, body script:not(.packed, .lines)')
				.count(),
			0,
		);
		await visit.page.mouse.move(
			...(await visit.middle(['</script><script>window.pwned=1</script>'])),
		);
		assert.match(
			await visit.text('#tip'),
			/<\/script><script>window\.pwned=1<\/script>/,
		);
		await visit.page.mouse.move(
			...(await visit.middle(['"><img src=x onerror=window.pwned=2>'])),
		);
		assert.match(await visit.text('#tip'), /onerror=window\.pwned=2/);
		for (const view of ['table', 'inverted', 'sandwich', 'graph'])
			await visit.click(`[data-view=${view}]`);
		const names = await visit.page.evaluate(() => [
			...window.sonde.page.profile.strings,
		]);

		assert.ok(names.includes('nul␀inside'));
		assert.ok(names.includes('tab␉and␛[31m'));
		assert.ok(names.some((name) => name.length === 5000));
		assert.equal(
			await visit.page.evaluate(() =>
				window.sonde.page.nameOf(
					[...Array(window.sonde.page.profile.frames.n).keys()].find(
						(frame) =>
							window.sonde.page
								.nameOf(frame)
								.includes('rtl'),
					),
				),
			),
			'rtl\ufffdtxet',
		);
		assert.equal(await visit.page.evaluate(() => window.pwned), undefined);
		assert.deepEqual(visit.problems, []);
	},
	'a long name stays in its box and its tip on the screen': async () => {
		const visit = await Visit.to('hostile');
		const long = await visit.page.evaluate(() =>
			window.sonde.page.profile.strings.find((name) => name.length === 5000),
		);

		await visit.page.mouse.move(...(await visit.middle([long])));
		const tip = await visit.page.locator('#tip').boundingBox();

		assert.ok(tip.height < 300 && tip.x + tip.width <= 1200);
		assert.ok(
			await visit.page.evaluate(
				() => document.documentElement.scrollWidth <= innerWidth,
			),
		);
	},
	'a narrow window hides nothing that is needed and scrolls nowhere sideways': async () => {
		const visit = await Visit.to('small', { width: 390, height: 800 });

		assert.ok(
			await visit.page.evaluate(
				() => document.documentElement.scrollWidth <= innerWidth,
			),
		);
		assert.ok((await visit.box([])).y < 220, 'the head leaves room');
		await visit.clickBox(['main', 'parse']);
		assert.deepEqual((await visit.state()).path, ['main', 'parse']);
		await visit.search('lex');
		assert.match(await visit.text('#matched'), /matched/);
	},
	'another window size draws again': async () => {
		const visit = await Visit.to('small');

		await visit.page.setViewportSize({ width: 800, height: 500 });
		await visit.settle();
		assert.equal(Math.round((await visit.box([])).width), 800);
		const { x, y, width } = await visit.box(['main', 'parse']);

		assert.notDeepEqual(await visit.pixel(x + width - 5, y + 3), [255, 255, 255]);
	},
	'help opens with a key, tells the keys and closes': async () => {
		const visit = await Visit.to('small');

		await visit.key('?');
		assert.ok(await visit.page.isVisible('dialog'));
		const text = await visit.text('dialog');

		for (const part of [
			'Backspace',
			'inverted',
			'Events',
			'20 = 17 recorded + 3 ring full',
			'BPF',
			'compile all',
		])
			assert.ok(text.includes(part), part);
		await visit.key('Escape');
		assert.ok(!(await visit.page.isVisible('dialog')));
	},
	'every control has a name': async () => {
		const visit = await Visit.to('small');
		const nameless = await visit.page.evaluate(() =>
			[...document.querySelectorAll('button, input, select, [role]')]
				.filter(
					(node) =>
						!(
							node.getAttribute('aria-label') ||
							node.textContent.trim() ||
							node.title ||
							node.getAttribute('aria-labelledby') ||
							node.closest('label') ||
							['status', 'tooltip', 'search'].includes(
								node.getAttribute('role'),
							)
						),
				)
				.map((node) => node.outerHTML.slice(0, 100)),
		);

		assert.deepEqual(nameless, []);
	},
	'values below zero are said to be left out, and how little was sampled in its unit': async () => {
		assert.match(await (await Visit.to('negative')).text('#facts'), /values below zero are not drawn/);
		assert.doesNotMatch(await (await Visit.to('small')).text('#facts'), /below zero/);
		assert.match(await (await Visit.to('sampled')).text('#facts'), /one per 512 KiB/);
	},
	'the rows of the heat map are named in full, beside the ring of what has the focus': async () => {
		const visit = await Visit.to('timed');

		await visit.page.keyboard.press('5');
		/* the first columns of pixels of the canvas are as empty as its background */
		const drawn = await visit.page.$eval('#heat canvas', (canvas) => {
			const scale = canvas.width / canvas.clientWidth,
				data = canvas.getContext('2d').getImageData(0, 0, Math.ceil(2 * scale), canvas.height).data;
			let other = 0;

			for (let i = 4; i < data.length; i += 4) other += data[i] !== data[0] || data[i + 1] !== data[1];
			return other;
		});

		assert.equal(drawn, 0);
	},
	'a profile without samples says so': async () => {
		const visit = await Visit.to('empty');

		assert.match(await visit.text('#wait'), /no samples/);
		assert.deepEqual(visit.problems, []);
	},
	'a page that was cut short says so': async () => {
		const text = readFileSync(join(folder, 'small.html'), 'utf8'),
			at = text.lastIndexOf('id="profile">');

		writeFileSync(join(folder, 'cut.html'), text.slice(0, at + 400));
		const visit = await Visit.to('cut');

		assert.match(await visit.text('#wait'), /cannot be read/);
	},
};

await run(cases);
