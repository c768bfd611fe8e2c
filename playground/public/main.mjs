import { Channel } from "./channel.mjs";
import { startChat } from "./chat.mjs";
import { byId } from "./dom.mjs";
import { Inspector } from "./inspector.mjs";
import { startPing } from "./ping.mjs";
import { startScream } from "./scream.mjs";
import { Server, showEngineSwitch, showUnavailable } from "./server.mjs";
import { startSpeed } from "./speed.mjs";
import { showStatus } from "./status.mjs";
import { startUpload } from "./upload.mjs";

const server = new Server();
try {
	await server.load();
	start();
} catch (error) {
	const state = byId("state");
	state.dataset.state = "lost";
	state.textContent = `could not start: ${error.message}`;
	throw error;
}

function start() {
	showEngineSwitch(server, byId("engine-switch"));
	showEngineSwitch(server, byId("speed-switch"));
	showUnavailable(server);

	const inspector = new Inspector();
	const channel = (path) => new Channel(server, path, inspector);
	const channels = {
		scream: channel("/scream"),
		chat: channel("/chat"),
		ping: channel("/ping"),
		echo: channel("/echo"),
	};
	showStatus(Object.values(channels));
	startScream(channels.scream);
	startChat(channels.chat);
	startPing(channels.ping, channels.echo);
	startUpload(server, inspector);
	startSpeed(server, inspector);
}
