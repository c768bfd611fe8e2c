import { enableWhileOpen } from "./channel.mjs";
import { appendLine, byId, make } from "./dom.mjs";

/** The scream card. Answers come in the order of the questions, so the oldest open question belongs to each answer. */
export function startScream(channel) {
	const form = byId("scream-form");
	const input = byId("scream-text");
	const log = byId("scream-log");
	let asked = [];
	enableWhileOpen(byId("scream-button"), channel);

	form.addEventListener("submit", (event) => {
		event.preventDefault();
		const text = input.value.trim();
		if (text === "" || !channel.send(text)) return;
		asked.push(text);
		input.value = "";
	});
	channel.addEventListener("open", () => {
		asked = [];
	});
	channel.addEventListener("message", ({ data }) => {
		appendLine(
			log,
			make(
				"li",
				{},
				make("span", { className: "quiet" }, `${asked.shift()} → `),
				make("strong", {}, data),
			),
		);
	});
}
