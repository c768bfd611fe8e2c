import { enableWhileOpen } from "./channel.mjs";
import { appendLine, byId, make } from "./dom.mjs";

/** The chat card. Joins anew each time the channel opens, so that a restart of the server is survived. */
export function startChat(channel) {
	const name = byId("chat-name");
	const text = byId("chat-text");
	const log = byId("chat-log");
	const people = byId("chat-people");
	name.value =
		sessionStorage.getItem("name") ??
		`guest ${Math.floor(Math.random() * 900) + 100}`;

	enableWhileOpen(byId("chat-button"), channel);

	const send = (message) => channel.send(JSON.stringify(message));
	const join = () => send({ type: "join", name: name.value.trim() });

	name.addEventListener("change", () => {
		if (name.value.trim() === "") name.value = "guest";
		sessionStorage.setItem("name", name.value);
		join();
	});
	byId("chat-form").addEventListener("submit", (event) => {
		event.preventDefault();
		if (text.value.trim() === "") return;
		if (send({ type: "say", text: text.value })) text.value = "";
	});
	channel.addEventListener("open", join);
	channel.addEventListener("state", () => {
		if (channel.state === "lost") {
			people.textContent = "";
			appendLine(log, notice("The connection was lost; trying again."));
		}
	});
	channel.addEventListener("message", ({ data }) => {
		const event = JSON.parse(data);
		people.textContent =
			event.people.length === 1
				? "Only you are here."
				: `${event.people.length} are here.`;
		people.title = event.people.join(", ");
		appendLine(log, line(event));
	});
}

function line({ type, name, before, text }) {
	if (type === "join") return notice(`${name} has joined.`);
	if (type === "leave") return notice(`${name} has left.`);
	if (type === "rename") return notice(`${before} is now ${name}.`);
	return make("li", {}, make("strong", {}, name), ` ${text}`);
}

function notice(text) {
	return make("li", { className: "quiet" }, text);
}
