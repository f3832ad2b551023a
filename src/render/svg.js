/* SPDX-License-Identifier: Apache-2.0 */
/* Zoom, search and the line of details. Boxes come depth first: callers before what they call. */
(() => {
	"use strict";
	const root = document.documentElement;
	const svg = root.localName === "svg" ? root : document.querySelector("svg.sonde");
	const byId = (id) => svg.querySelector("#" + id);
	const XHTML = "http://www.w3.org/1999/xhtml";
	const MARGIN = 12, TEXT_ROOM = 8, LEAST_LABEL = 24;
	const ink = document.createElementNS(XHTML, "canvas").getContext("2d");
	ink.font = getComputedStyle(byId("details")).font;

	const boxes = Array.from(svg.querySelectorAll(".b"), (element) => {
		const about = element.querySelector("title").textContent;
		const end = about.indexOf("\n");
		return {
			element, about,
			rect: element.querySelector("rect"),
			label: element.querySelector("text"),
			name: about.slice(0, end),
			x: +element.dataset.x, w: +element.dataset.w,
			y: +element.querySelector("rect").getAttribute("y"),
			shown: true,
		};
	});
	boxes.forEach((box, i) => { box.element.dataset.i = i; });
	/* A right edge may differ from the sum of its parts in the last digit. */
	const NEAR = 1e-9;
	let zoomed = boxes[0], width = 0, expression = "";

	/* Balanced brackets go innermost first, so that nested ones go too. */
	function without(name, brackets, mark) {
		let shorter = name, before;
		do {
			before = shorter;
			shorter = shorter.replace(brackets, mark);
		} while (shorter !== before);
		return shorter;
	}

	/* Ever fewer words for a name: without template arguments, without parameters, without what
	 * qualifies it, and the function alone. */
	function* shorterNames(name) {
		yield name;
		const bare = without(name, /([\w\ue000])<[^<>]*>/g, "$1\ue000")
			.replace(/\ue000+/g, "<\u2026>");
		yield bare;
		const call = without(bare, /([\w)>](?<!operator))\([^()]*\)[^()]*$/, "$1");
		yield call;
		const parts = call.replace(/\(anonymous namespace\)::/g, "").split(/::|\//);
		for (let from = 1; from < parts.length; from++)
			yield parts.slice(from).join("::");
	}

	function fit(name, room) {
		let words = name;
		if (room < LEAST_LABEL - TEXT_ROOM)
			return "";
		for (words of shorterNames(name))
			if (words.length * 3 < room * 2 && ink.measureText(words).width <= room)
				return words;
		let least = 0, most = Math.min(words.length, room / 2 | 0);
		while (least < most) {
			const middle = (least + most + 1) >> 1;
			if (ink.measureText(words.slice(0, middle) + "\u2026").width <= room)
				least = middle;
			else
				most = middle - 1;
		}
		return least < 2 ? "" : words.slice(0, least) + "\u2026";
	}

	function place(box, left, wide) {
		const room = wide - TEXT_ROOM;
		const words = fit(box.name, room);
		box.rect.setAttribute("x", left.toFixed(2));
		box.rect.setAttribute("width", Math.max(wide - (wide > 3 ? 1 : 0), 0.3).toFixed(2));
		if (!words && !box.label)
			return;
		if (!box.label) {
			box.label = document.createElementNS(svg.namespaceURI, "text");
			box.label.setAttribute("y", box.y + 14);
			box.element.append(box.label);
		}
		box.label.setAttribute("x", (left + 4).toFixed(2));
		box.label.textContent = words;
	}

	function draw() {
		const inner = width - 2 * MARGIN;
		const left = zoomed.x, right = zoomed.x + zoomed.w;
		let above = true;
		for (const box of boxes) {
			const end = box.x + box.w;
			let from = box.x, wide = box.w;
			if (box === zoomed)
				above = false;
			const isCaller = above && from <= left + NEAR && end >= right - NEAR;
			const isCallee = !above && from >= left - NEAR && end <= right + NEAR &&
				(box === zoomed || box.w / zoomed.w * inner >= 0.1);
			const shown = isCaller || isCallee;
			if (isCaller)
				[from, wide] = [left, zoomed.w];
			if (shown !== box.shown)
				box.element.classList.toggle("hidden", !shown);
			box.shown = shown;
			box.element.classList.toggle("up", isCaller);
			if (shown)
				place(box, MARGIN + (from - left) / zoomed.w * inner,
					wide / zoomed.w * inner);
		}
		byId("reset").classList.toggle("hidden", zoomed === boxes[0]);
	}

	/* The matched share counts a box inside a matching box once. */
	function search(text) {
		const field = byId("find") && byId("find").querySelector("input");
		let pattern = null, sum = 0, until = -1, count = 0;
		try {
			pattern = text ? new RegExp(text) : null;
		} catch (error) {
			if (field)
				field.className = "bad";
			return;
		}
		if (field)
			field.className = "";
		expression = text;
		for (const box of boxes) {
			const hit = pattern && pattern.test(box.name);
			box.element.classList.toggle("hit", Boolean(hit));
			box.element.classList.toggle("miss", Boolean(pattern && !hit));
			if (!hit)
				continue;
			count++;
			if (box.x >= until - NEAR) {
				sum += box.w;
				until = box.x + box.w;
			}
		}
		byId("matched").textContent = pattern ?
			"Matched: " + (sum * 100).toFixed(1) + "% in " + count + " boxes" : "";
	}

	function remember() {
		const parts = [];
		if (zoomed !== boxes[0])
			parts.push("zoom=" + zoomed.element.dataset.i);
		if (expression)
			parts.push("search=" + encodeURIComponent(expression));
		try {
			history.replaceState(null, "", "#" + parts.join("&"));
		} catch (error) {
			/* a page inside another may not: then the link is not kept */
		}
	}

	function recall() {
		for (const part of location.hash.slice(1).split("&")) {
			const [key, value] = part.split("=");
			if (key === "zoom" && boxes[+value])
				zoomed = boxes[+value];
			if (key === "search")
				search(decodeURIComponent(value || ""));
		}
	}

	function zoom(box) {
		zoomed = box;
		draw();
		remember();
	}

	function closeSearch() {
		if (byId("find"))
			byId("find").remove();
	}

	function openSearch() {
		if (byId("find")) {
			byId("find").querySelector("input").select();
			return;
		}
		const frame = document.createElementNS(svg.namespaceURI, "foreignObject");
		const input = document.createElementNS(XHTML, "input");
		frame.id = "find";
		frame.setAttribute("y", 8);
		frame.setAttribute("width", 260);
		frame.setAttribute("height", 28);
		input.placeholder = "name or regular expression";
		input.value = expression;
		input.addEventListener("input", () => { search(input.value); remember(); });
		frame.append(input);
		svg.append(frame);
		resize();
		input.focus();
		input.select();
	}

	function resize() {
		const room = root === svg ? window.innerWidth : svg.getBoundingClientRect().width;
		const wide = Math.max(320, Math.floor(room));
		if (byId("find"))
			byId("find").setAttribute("x", wide - MARGIN - 60 - 260);
		if (wide === width)
			return;
		width = wide;
		svg.setAttribute("width", width);
		svg.setAttribute("viewBox", "0 0 " + width + " " + svg.getAttribute("height"));
		byId("back").setAttribute("width", width);
		for (const id of ["search", "matched"])
			byId(id).setAttribute("x", width - MARGIN);
		byId("reset").setAttribute("x", width - MARGIN - 60);
		draw();
	}

	/* One line: the name gives way to the numbers. */
	function describe(box) {
		const rest = box.about.slice(box.name.length).replace(/\n/g, " \u00b7 ");
		const room = width - 2 * MARGIN - ink.measureText(rest).width;
		return fit(box.name, Math.max(room, 200)) + rest;
	}

	const boxOf = (event) => {
		const element = event.target.closest && event.target.closest(".b");
		return element && boxes[+element.dataset.i];
	};
	svg.addEventListener("click", (event) => {
		const box = boxOf(event);
		if (box)
			zoom(box);
	});
	svg.addEventListener("mouseover", (event) => {
		const box = boxOf(event);
		byId("details").textContent = box ? describe(box) : "";
	});
	byId("reset").addEventListener("click", () => zoom(boxes[0]));
	byId("search").addEventListener("click", openSearch);
	window.addEventListener("keydown", (event) => {
		const find = event.key === "f" && (event.ctrlKey || event.metaKey);
		const typing = event.target.localName === "input";
		if (find || event.key === "F3" || (event.key === "/" && !typing)) {
			event.preventDefault();
			openSearch();
		} else if (event.key === "Escape") {
			if (expression || byId("find")) {
				closeSearch();
				search("");
				remember();
			} else {
				zoom(boxes[0]);
			}
		}
	});
	window.addEventListener("resize", resize);
	byId("search").classList.remove("hidden");
	recall();
	resize();
})();
