import { byId, formatCount, make, median } from "./dom.mjs";
import { Plot } from "./plot.mjs";
import { engineLabels } from "./server.mjs";

const WINDOW_MS = 30_000;
/** A rate is taken over so many reports, which is one second. */
const RATE_REPORTS = 4;
/** The medians are of so many reports, four a second. */
const KEPT = 240;

/** The speed card: starts and stops the flood, moves it when the engine is switched, and shows what it reports. */
export function startSpeed(server, inspector) {
	new Speed(server, inspector);
}

class Speed {
	#server;
	#inspector;
	#button = byId("speed-button");
	#payload = byId("speed-payload");
	#note = byId("speed-note");
	#rows = new Map();
	#plot;
	#running = false;
	#flood = null;

	constructor(server, inspector) {
		this.#server = server;
		this.#inspector = inspector;
		for (const { name } of server.engines) this.#rows.set(name, new Row(name));
		byId("speed-readout").append(
			...[...this.#rows.values()].map((row) => row.element),
		);
		this.#plot = new Plot(byId("speed-plot"), {
			windowMs: WINDOW_MS,
			series: server.engines.map(({ name }) => ({
				name,
				label: engineLabels[name],
				color: `--${name}`,
			})),
		});
		this.#button.addEventListener("click", () => this.#toggle());
		this.#payload.addEventListener("change", () => {
			// Rates of different payloads do not belong into one median.
			for (const row of this.#rows.values()) row.reset();
			if (this.#running) this.#restart();
		});
		server.addEventListener("engine", () => {
			if (this.#running) this.#restart();
		});
	}

	#toggle() {
		this.#running = !this.#running;
		this.#button.textContent = this.#running ? "Stop" : "Start";
		this.#button.setAttribute("aria-pressed", String(this.#running));
		if (this.#running) {
			this.#plot.start();
			this.#restart();
		} else {
			this.#flood.stop();
			this.#plot.stop();
		}
	}

	#restart() {
		this.#flood?.stop();
		const engine = this.#server.engine;
		const [kind, bytes] = this.#payload.value.split(":");
		this.#flood = new Flood(this.#server, this.#inspector, {
			kind,
			bytes: Number(bytes),
			onRate: (time, rate) => {
				this.#plot.add(engine, time, rate);
				this.#rows.get(engine).rate(rate);
				this.#describe();
			},
			onEchoed: (count) => this.#rows.get(engine).echoed(count),
			onCpu: (microseconds) => this.#rows.get(engine).cpu(microseconds),
			onWrong: (count) => {
				this.#note.textContent = `${formatCount(count)} messages came back changed.`;
			},
			onLost: () => this.#resume(this.#flood),
		});
	}

	async #resume(lost) {
		lost.stop();
		this.#note.textContent = "The flood’s connection was lost; trying again.";
		await this.#server.whenReachable();
		if (!this.#running || this.#flood !== lost) return;
		this.#note.textContent = "";
		this.#restart();
	}

	#describe() {
		const parts = [...this.#rows.values()]
			.filter((row) => row.median !== null)
			.map(
				(row) =>
					`${engineLabels[row.name]}: median ${formatCount(row.median)} messages per second`,
			);
		this.#plot.describe(`Messages per second over time. ${parts.join("; ")}`);
	}
}

/** One run of the worker against one engine. Turns its running totals into rates. */
class Flood {
	#server;
	#worker = new Worker("flood-worker.mjs");
	#record;
	/** Of the last second, oldest first. */
	#reports = [];
	#counted = 0;
	#cpu = null;
	#timer;
	#stopped = false;

	constructor(
		server,
		inspector,
		{ kind, bytes, onRate, onEchoed, onCpu, onWrong, onLost },
	) {
		this.#server = server;
		this.#record = inspector.connection("/echo ×2", server.engine);
		this.#worker.addEventListener("message", ({ data }) => {
			if (this.#stopped) return;
			if (data.type === "lost") return onLost();
			if (data.open > 0) this.#record.opened();
			if (data.wrong > 0) onWrong(data.wrong);
			const { time, received } = data;
			const count = received - this.#counted;
			this.#counted = received;
			onEchoed(count);
			if (count > 0) this.#record.counted(count, bytes);
			// The first report after messages flow is where measuring begins.
			if (received === 0) return;
			this.#reports.push({ time, received });
			const first = this.#reports[0];
			if (this.#reports.length > 1)
				onRate(
					time,
					((received - first.received) * 1000) / (time - first.time),
				);
			if (this.#reports.length > RATE_REPORTS) this.#reports.shift();
		});
		this.#worker.postMessage({ url: server.url("/echo"), kind, bytes });
		this.#timer = setInterval(() => this.#measureCpu(onCpu), 1000);
	}

	stop() {
		if (this.#stopped) return;
		this.#stopped = true;
		clearInterval(this.#timer);
		this.#worker.terminate();
		this.#record.closed(1000, "The flood was stopped");
	}

	/** What the server's process used since the last look, shared out over the messages echoed meanwhile. */
	async #measureCpu(onCpu) {
		const engine = this.#server.engine;
		const stats = await this.#server.stats().catch(() => null);
		if (stats === null || this.#stopped) return;
		const now = { cpu: stats.cpuMicroseconds, count: stats.echoed[engine] };
		const before = this.#cpu;
		this.#cpu = now;
		if (before === null || now.count <= before.count) return;
		onCpu((now.cpu - before.cpu) / (now.count - before.count));
	}
}

/** The figures of one engine. */
class Row {
	#cells = {
		rate: make("td", {}, "–"),
		median: make("td", {}, "–"),
		echoed: make("td", {}, "–"),
		cpu: make("td", {}, "–"),
	};
	#rates = [];
	#costs = [];
	#total = 0;
	median = null;

	constructor(name) {
		this.name = name;
		const { rate, median: middle, echoed, cpu } = this.#cells;
		const label = make("th", { scope: "row" }, engineLabels[name]);
		this.element = make("tr", {}, label, rate, middle, echoed, cpu);
		this.element.dataset.engine = name;
	}

	rate(value) {
		this.#rates.push(value);
		if (this.#rates.length > KEPT) this.#rates.shift();
		this.median = median(this.#rates);
		this.#cells.rate.textContent = formatCount(value);
		this.#cells.median.textContent = formatCount(this.median);
	}

	echoed(count) {
		this.#total += count;
		this.#cells.echoed.textContent = formatCount(this.#total);
	}

	cpu(microseconds) {
		this.#costs.push(microseconds);
		if (this.#costs.length > KEPT) this.#costs.shift();
		this.#cells.cpu.textContent = `${median(this.#costs).toFixed(1)} µs`;
	}

	reset() {
		this.#rates = [];
		this.#costs = [];
		this.#total = 0;
		this.median = null;
		for (const cell of Object.values(this.#cells)) cell.textContent = "–";
	}
}
