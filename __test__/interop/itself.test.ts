import { createRequire } from "node:module";
import { ownLacks, ownLibrary } from "../support/peer-own.js";
import { talkWith } from "./talk.js";

const require = createRequire(import.meta.url);

talkWith({
	name: "itself",
	version: () => require("nodejs-websocket/package.json").version,
	// Both roles are ours at once.
	roles: ["server"],
	lacks: ownLacks,
	missing: null,
	isRequired: true,
	library: (bench) => ownLibrary(bench, "streamed"),
});
