// SPDX-License-Identifier: Apache-2.0
// Chromium without a window or a network of its own, for the tests of pages and what measures them: by
// npm's playwright-core in the test bed (SONDE_TESTBED), from CHROMIUM or where the distribution has it.
import { createRequire } from 'node:module';
import { homedir } from 'node:os';

const testbed = process.env.SONDE_TESTBED || `${homedir()}/.cache/sonde-testbed`;
const ARGS = [
	'--headless',
	'--no-sandbox',
	'--disable-gpu',
	'--disable-quic',
	'--no-first-run',
	'--disable-background-networking',
	'--disable-component-update',
	'--disable-sync',
];
const how = (more) => ({
	executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
	args: [...ARGS, ...more],
});

/* A package that is installed in the test bed, or (.resolve) where its files are. */
export const bed = createRequire(`${testbed}/node/`);

/* A browser, started with more arguments. */
export const launch = (...more) => bed('playwright-core').chromium.launch(how(more));

/* The pages of one person, whose files are in a folder. */
export const launchFor = (folder, options) =>
	bed('playwright-core').chromium.launchPersistentContext(folder, { ...how([]), ...options });
