// SPDX-License-Identifier: Apache-2.0
// Names as a person reads them: harmless, and shortened at the places where they carry least.
// No DOM here.

/* Marks that turn the direction of what follows would let one name disguise another. Control
 * characters were made visible when the page was packed. */
export function harmless(name) {
	return name.replace(/[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}

const CLOSERS = { '<': '>', '(': ')' };

/* Before these they are part of the name: operator<<, operator(), and Go's pkg.(*Type).Method. */
const KEEP = { '<': /operator<*$/, '(': /(operator|\.)$/ };

/* name without what stands between `open` and its partner; as it is where they do not pair. */
function withoutPairs(name, open) {
	const close = CLOSERS[open],
		keep = KEEP[open];
	let depth = 0,
		kept = '';

	for (let i = 0; i < name.length; i++) {
		const c = name[i];

		if (c === open && (depth > 0 || !keep.test(name.slice(Math.max(0, i - 12), i))))
			depth++;
		else if (c === close && name[i - 1] !== '-' && depth > 0) depth--;
		else if (depth === 0) kept += c;
	}
	return depth === 0 ? kept : name;
}

/* Compilers' clones (".part.13", ".constprop.0", ".cold") belong to the last part. */
const CLONE = /(?:\.(?:part|constprop|isra|cold|lto_priv|llvm|clone|localalias)(?:\.\d+)*)+$/;

/* The parts of a qualified name: a::b, a.b, a/b.c. */
function partsOf(name) {
	const clone = CLONE.exec(name),
		stem = clone ? name.slice(0, clone.index) : name;
	const path = stem.slice(stem.lastIndexOf('/') + 1) || stem;

	return {
		parts: path.split(/::|\.(?=[^\d.])/).filter((part) => part),
		rest: clone ? clone[0] : '',
		joint: path.includes('::') ? '::' : '.',
	};
}

/* Python's names begin with the file: "app.py:Shop.price", "<frozen os>:getenv". */
const IN_FILE = /^(?:[^/:]{1,200}\.py\w?|<[^<>]{1,200}>):(?!:)(.+)$/;

/* The qualified name alone, its last two parts, its last. "<lambda>" is a name, "<locals>" none. */
function formsInFile(qualified) {
	const parts = qualified.split('.').filter((part) => part && part !== '<locals>');

	return [qualified, parts.slice(-2).join('.'), parts[parts.length - 1] || ''];
}

/* The ways to write a name, longest first: whole, without arguments and package, last part. */
export function shorten(name) {
	const forms = [name];
	const add = (form) => {
		const clean = form.trim();

		if (clean && clean.length < forms[forms.length - 1].length) forms.push(clean);
	};

	if (name.startsWith('RegExp: ')) return forms; // a pattern's brackets and points are its own
	if (name.length > 2000)
		/* the pairs below are looked at from left to right, label by label */
		return forms;
	const inFile = IN_FILE.exec(name);

	if (inFile) {
		formsInFile(inFile[1]).forEach(add);
		return forms;
	}
	if (!/^([\w$~(]|<.*>::)[\w$@.:/<>,*&()[\]{}\s;+='"#~-]*$/.test(name)) return forms;
	/* a::(anonymous namespace)::b would leave a::::b */
	const bare = withoutPairs(withoutPairs(name, '<'), '(')
		.replace(/ const$/, '')
		.replace(/(^|::)(?:::)+/g, '$1');

	add(bare);
	const spaced = bare.slice(bare.lastIndexOf(' ') + 1);
	const { parts, rest, joint } = partsOf(spaced || bare);

	if (parts.length > 1) add(parts.slice(-2).join(joint) + rest);
	if (parts.length > 1) add(parts[parts.length - 1] + rest);
	return forms;
}

/* The middle of text left out so that about `room` characters remain; '' where none are worth it. */
export function cutMiddle(text, room) {
	if (room < 5) return '';
	const tail = Math.floor((room - 1) / 2);

	return text.slice(0, room - 1 - tail) + '…' + text.slice(text.length - tail);
}

const GROUPS = /\B(?=(\d{3})+(?!\d))/g;

export function count(n) {
	return String(Math.round(n)).replace(GROUPS, ',');
}

/* A time is at least this long before it is told in minutes: "90 s" reads better than "1.5 min". As
 * render/amount.c has it. [from here on, size, name] in nanoseconds; and of bytes. */
const TIMES = [
	[36000e9, 3600e9, 'h'],
	[600e9, 60e9, 'min'],
	[1e9, 1e9, 's'],
	[1e6, 1e6, 'ms'],
	[1e3, 1e3, 'µs'],
	[0, 1, 'ns'],
];
const SIZES = [
	[2 ** 40, 2 ** 40, 'TiB'],
	[2 ** 30, 2 ** 30, 'GiB'],
	[2 ** 20, 2 ** 20, 'MiB'],
	[1024, 1024, 'KiB'],
	[0, 1, 'B'],
];

/* How a profile calls its units: [base units of one, steps]. */
const UNITS = {
	nanoseconds: [1, TIMES],
	microseconds: [1e3, TIMES],
	milliseconds: [1e6, TIMES],
	seconds: [1e9, TIMES],
	ns: [1, TIMES],
	us: [1e3, TIMES],
	ms: [1e6, TIMES],
	s: [1e9, TIMES],
	bytes: [1, SIZES],
	kilobytes: [1024, SIZES],
	megabytes: [2 ** 20, SIZES],
};

/* What --unit may ask for: [base units of one, steps of the values it is for]. */
const ASKED = {
	ns: [1, TIMES],
	us: [1e3, TIMES],
	ms: [1e6, TIMES],
	s: [1e9, TIMES],
	min: [60e9, TIMES],
	h: [3600e9, TIMES],
	B: [1, SIZES],
	kB: [1e3, SIZES],
	MB: [1e6, SIZES],
	GB: [1e9, SIZES],
	TB: [1e12, SIZES],
	KiB: [2 ** 10, SIZES],
	MiB: [2 ** 20, SIZES],
	GiB: [2 ** 30, SIZES],
	TiB: [2 ** 40, SIZES],
};

function pick(n, steps) {
	if (!n) return '0';
	/* what would be rounded up to 1,000 is one of the next */
	const [, size, name] = steps.find(([least]) => n >= least * 0.9995) || steps[steps.length - 1],
		value = n / size;

	return `${
		value >= 99.95 || value === Math.round(value)
			? Math.round(value)
			: value.toPrecision(3)
	} ${name}`;
}

/* In one unit whatever the value is: three significant digits at least, and no digit left out before the point. */
function inUnit(n, size, name) {
	const value = n / size;
	let digits = 0;

	for (let least = 99.95; size > 1 && value < least && digits < 5; least /= 10) digits++;
	const [whole, part] = value.toFixed(digits).split('.');

	return `${whole.replace(GROUPS, ',')}${part ? `.${part}` : ''} ${name === 'us' ? 'µs' : name}`;
}

/* A value in its unit; `asked`: '' or the unit it is to be told in, where that is one for such values. */
export function amount(n, unit, asked = '') {
	const [factor, steps] = UNITS[unit] || [];

	if (steps && n && ASKED[asked]?.[1] === steps) return inUnit(n * factor, ASKED[asked][0], asked);
	if (steps) return pick(n * factor, steps);
	return unit === 'count' || !unit ? count(n) : `${count(n)} ${unit}`;
}

/* A part of a whole: "12.3 %", "0.04 %", "<0.01 %", and what is not all never "100 %". */
export function share(part, whole) {
	const percent = whole > 0 ? (100 * part) / whole : 0;

	if (percent === 0 || percent > 100 - 1e-9) return `${Math.round(percent)} %`;
	if (percent >= 99.95) return '>99.9 %';
	if (percent < 0.01) return '<0.01 %';
	return `${percent < 9.995 ? percent.toFixed(2) : percent.toFixed(1)} %`;
}
