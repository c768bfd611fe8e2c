/**
 * The package as its users get it: required by name, so that "exports" and the built files in dist/ are under test.
 * Tests of the public API load it from here; tests of inner modules import the TypeScript sources.
 */
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** What `require("nodejs-websocket")` returns. */
export const library: typeof import("nodejs-websocket") = require("nodejs-websocket");

/** What `require("nodejs-websocket/engine")` returns. Loaded when asked for. */
export function loadEngineModule(): typeof import("nodejs-websocket/engine") {
	return require("nodejs-websocket/engine");
}

export default library;
