// SPDX-License-Identifier: Apache-2.0
// Lets Node import the page's modules by the names they import each other by: node --import this.
import { register } from 'node:module';

const web = new URL('../../src/web/', import.meta.url).href;

register(
	'data:text/javascript,' +
		encodeURIComponent(`
export function resolve(name, context, next) {
	if (!name.startsWith('sonde/'))
		return next(name, context);
	return { url: ${JSON.stringify(web)} + name.slice(6) + '.js', format: 'module', shortCircuit: true };
}`),
);
