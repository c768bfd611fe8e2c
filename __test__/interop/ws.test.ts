import { createRequire } from "node:module";
import { wsLibrary } from "../support/peer-ws.js";
import { bothRoles, talkWith } from "./talk.js";

const require = createRequire(import.meta.url);

talkWith({
	name: "ws",
	version: () => require("ws/package.json").version,
	roles: bothRoles,
	lacks: {},
	missing: null,
	isRequired: true,
	library: wsLibrary,
});
