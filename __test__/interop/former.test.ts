import { createRequire } from "node:module";
import { formerLacks, formerLibrary } from "../support/peer-own.js";
import { bothRoles, talkWith } from "./talk.js";

const require = createRequire(import.meta.url);

talkWith({
	name: "nodejs-websocket",
	version: () => require("nodejs-websocket-1/package.json").version,
	roles: bothRoles,
	lacks: formerLacks,
	missing: null,
	isRequired: true,
	library: formerLibrary,
});
