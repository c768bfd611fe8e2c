import { byId } from "./dom.mjs";

const TEXTS = {
	connecting: "connecting",
	open: "connected",
	lost: "lost, retrying",
};

/** Shows the worst state of all channels in the header. */
export function showStatus(channels) {
	const output = byId("state");
	const show = () => {
		const states = channels.map(({ state }) => state);
		const state = states.includes("lost")
			? "lost"
			: states.includes("connecting")
				? "connecting"
				: "open";
		if (output.dataset.state === state && output.textContent === TEXTS[state])
			return;
		output.dataset.state = state;
		output.textContent = TEXTS[state];
	};
	for (const channel of channels) channel.addEventListener("state", show);
	show();
}
