import { formatCount } from "./dom.mjs";

const MARGIN = { top: 18, right: 12, bottom: 24, left: 58 };
/** Points further apart than this are not joined: nothing was measured between them. */
const GAP_MS = 1500;
/** Drawing more often than this shows nothing more, and takes time from the flood. */
const FRAME_MS = 50;

/**
 * A line plot that scrolls with time, on a canvas. Draws at the resolution of the screen, in the colours of the style
 * sheet. Owns the points it was given, and forgets those that have left the window.
 */
export class Plot {
	#canvas;
	#context;
	#windowMs;
	#series;
	#end = 0;
	#frame = 0;

	/** @param series `{ name, label, color }`, the colour as the name of a custom property */
	constructor(canvas, { windowMs, series }) {
		this.#canvas = canvas;
		this.#context = canvas.getContext("2d");
		this.#windowMs = windowMs;
		this.#series = series.map((one) => ({ ...one, points: [] }));
		new ResizeObserver(() => this.#draw()).observe(canvas);
		matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
			this.#draw(),
		);
	}

	/** @param time in milliseconds since 1970 */
	add(name, time, value) {
		const { points } = this.#series.find((one) => one.name === name);
		points.push({ time, value });
		while (points[0].time < time - this.#windowMs * 2) points.shift();
	}

	/** What is said in place of the picture. */
	describe(text) {
		this.#canvas.setAttribute("aria-label", text);
	}

	start() {
		const step = () => {
			const now = Date.now();
			if (now - this.#end >= FRAME_MS) {
				this.#end = now;
				this.#draw();
			}
			this.#frame = requestAnimationFrame(step);
		};
		cancelAnimationFrame(this.#frame);
		this.#frame = requestAnimationFrame(step);
	}

	/** Stands still, and keeps showing what it has. */
	stop() {
		cancelAnimationFrame(this.#frame);
	}

	#draw() {
		const { clientWidth: width, clientHeight: height } = this.#canvas;
		if (width === 0) return;
		const ratio = devicePixelRatio;
		const deviceWidth = Math.round(width * ratio);
		const deviceHeight = Math.round(height * ratio);
		if (this.#canvas.width !== deviceWidth) this.#canvas.width = deviceWidth;
		if (this.#canvas.height !== deviceHeight)
			this.#canvas.height = deviceHeight;
		const context = this.#context;
		context.setTransform(ratio, 0, 0, ratio, 0, 0);
		context.clearRect(0, 0, width, height);

		const style = getComputedStyle(this.#canvas);
		const start = this.#end - this.#windowMs;
		const highest = Math.max(
			...this.#series.flatMap(({ points }) =>
				points.filter(({ time }) => time >= start).map(({ value }) => value),
			),
			100,
		);
		const scale = niceScale(highest);
		const bottom = height - MARGIN.bottom;
		const right = width - MARGIN.right;
		const x = (time) =>
			MARGIN.left + ((time - start) / this.#windowMs) * (right - MARGIN.left);
		const y = (value) => bottom - (value / scale.top) * (bottom - MARGIN.top);

		context.font = `12px ${style.fontFamily}`;
		this.#drawGrid({ style, scale, x, y, right, bottom, start });
		context.save();
		context.beginPath();
		context.rect(MARGIN.left, 0, right - MARGIN.left + 2, height);
		context.clip();
		for (const series of this.#series)
			this.#drawLine(series, { style, x, y, start });
		context.restore();
		this.#drawLabels({ style, x, y, start, right });
	}

	#drawGrid({ style, scale, x, y, right, bottom, start }) {
		const context = this.#context;
		context.strokeStyle = style.getPropertyValue("--line");
		context.fillStyle = style.getPropertyValue("--muted");
		context.lineWidth = 1;
		context.textAlign = "right";
		context.textBaseline = "middle";
		for (let value = 0; value <= scale.top; value += scale.step) {
			const line = Math.round(y(value)) + 0.5;
			context.beginPath();
			context.moveTo(MARGIN.left, line);
			context.lineTo(right, line);
			context.stroke();
			context.fillText(formatCount(value), MARGIN.left - 8, line);
		}
		context.textBaseline = "top";
		const seconds = this.#windowMs / 1000;
		for (let ago = 0; ago <= seconds; ago += 10) {
			context.textAlign =
				ago === 0 ? "right" : ago === seconds ? "left" : "center";
			const text = ago === 0 ? "now" : `−${ago} s`;
			context.fillText(text, x(start + (seconds - ago) * 1000), bottom + 7);
		}
	}

	#drawLine({ points, color }, { style, x, y, start }) {
		const context = this.#context;
		context.strokeStyle = style.getPropertyValue(color);
		context.lineWidth = 2;
		context.lineJoin = "round";
		context.lineCap = "round";
		context.beginPath();
		let last = Number.NEGATIVE_INFINITY;
		for (const { time, value } of points) {
			if (time < start - GAP_MS) continue;
			if (time - last > GAP_MS) context.moveTo(x(time), y(value));
			context.lineTo(x(time), y(value));
			last = time;
		}
		context.stroke();
	}

	/** Each line carries its name where it ends; names that would meet are moved apart. */
	#drawLabels({ style, x, y, start, right }) {
		const context = this.#context;
		const placed = [];
		context.font = `600 12px ${style.fontFamily}`;
		context.textAlign = "right";
		context.textBaseline = "bottom";
		for (const { label, color, points } of this.#series) {
			const last = points.at(-1);
			if (last === undefined || last.time < start) continue;
			const width = context.measureText(label).width;
			const end = Math.max(
				Math.min(x(last.time), right),
				MARGIN.left + width + 4,
			);
			const under = points.filter(({ time }) => x(time) >= end - width - 4);
			const peak = Math.max(...under.map(({ value }) => value));
			let base = Math.max(y(peak) - 6, 14);
			for (const other of placed)
				if (
					end > other.end - other.width &&
					end - width < other.end &&
					Math.abs(base - other.base) < 15
				)
					base = other.base + (other.base < 60 ? 30 : -15);
			context.strokeStyle = style.getPropertyValue("--card");
			context.lineWidth = 4;
			context.strokeText(label, end, base);
			context.fillStyle = style.getPropertyValue(color);
			context.fillText(label, end, base);
			placed.push({ end, width, base });
		}
	}
}

/** Steps of 1, 2 or 5 times a power of ten, about four of them. */
function niceScale(highest) {
	const rough = highest / 4;
	const power = 10 ** Math.floor(Math.log10(rough));
	const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
	return { step, top: Math.ceil(highest / step) * step };
}
