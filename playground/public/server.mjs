import { byId, make } from "./dom.mjs";

const PROBE_FIRST_MS = 250;
const PROBE_LONGEST_MS = 2000;
const ANSWER_TIMEOUT_MS = 5000;

/** How the engines are called on the page. */
export const engineLabels = { native: "Rust", typescript: "TypeScript" };

/**
 * The server as this page sees it: the engines it has and their ports, which of them is chosen, and whether it answers.
 * Emits 'engine' when another engine is chosen.
 */
export class Server extends EventTarget {
	#config = { engines: [], unavailable: [] };
	#engine = "";
	#probe = null;

	/** Asks the server for its configuration. Rejects when it does not answer. */
	async load() {
		this.#config = await fetchJson("/config.json");
		this.#engine = this.#config.defaultEngine;
	}

	/** Name of the engine in use. */
	get engine() {
		return this.#engine;
	}

	get engines() {
		return this.#config.engines;
	}

	get unavailable() {
		return this.#config.unavailable;
	}

	choose(name) {
		if (name === this.#engine) return;
		this.#engine = name;
		this.dispatchEvent(new Event("engine"));
	}

	/** Where `path` is served by the engine in use. */
	url(path) {
		const { port } = this.engines.find(({ name }) => name === this.#engine);
		return `ws://${location.hostname}:${port}${path}`;
	}

	stats() {
		return fetchJson("/stats.json");
	}

	/** Resolves once the server answers. However many wait, it is asked once at a time, ever more slowly. */
	whenReachable() {
		this.#probe ??= this.#reach().finally(() => {
			this.#probe = null;
		});
		return this.#probe;
	}

	async #reach() {
		for (
			let wait = PROBE_FIRST_MS;
			;
			wait = Math.min(wait * 2, PROBE_LONGEST_MS)
		) {
			await new Promise((resolve) => setTimeout(resolve, wait));
			const config = await fetchJson("/config.json").catch(() => null);
			if (config === null) continue;
			// The page may only connect to the ports it was loaded with, so other ports need another page.
			if (JSON.stringify(config.engines) !== JSON.stringify(this.engines))
				location.reload();
			return;
		}
	}
}

async function fetchJson(path) {
	const response = await fetch(path, {
		signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
	});
	if (!response.ok) throw new Error(`${path}: status ${response.status}`);
	return response.json();
}

/** Fills a fieldset with one radio button for each engine. Several switches show and make the same choice. */
export function showEngineSwitch(server, fieldset) {
	const group = `${fieldset.id}-choice`;
	for (const name of ["native", "typescript"]) {
		const input = make("input", { type: "radio", name: group, value: name });
		input.disabled = !server.engines.some((engine) => engine.name === name);
		input.addEventListener("change", () => server.choose(name));
		const label = make(
			"label",
			{},
			input,
			make("span", {}, engineLabels[name]),
		);
		label.dataset.engine = name;
		fieldset.append(label);
	}
	const show = () => {
		for (const input of fieldset.querySelectorAll("input"))
			input.checked = input.value === server.engine;
		document.documentElement.dataset.engine = server.engine;
	};
	server.addEventListener("engine", show);
	show();
}

/** Says which engine is missing, and why. */
export function showUnavailable(server) {
	const [missing] = server.unavailable;
	if (missing === undefined) return;
	const note = byId("engine-note");
	note.textContent = missing.reason;
	note.hidden = false;
}
