// SPDX-License-Identifier: Apache-2.0
// evaluate.mjs FILE FRAGMENT FUNCTION: opens a page in headless Chromium and prints as JSON what the function returns there.
import { launch } from './chromium.mjs';

const [, , file, fragment, body] = process.argv;
const browser = await launch();
const page = await browser.newPage();

await page.goto(`file://${file}${fragment}`);
await page.waitForFunction(() => window.sonde?.ready);
console.log(JSON.stringify(await page.evaluate(`(${body})()`)));
await browser.close();
