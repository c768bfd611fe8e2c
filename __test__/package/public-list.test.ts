/** The public list: what the package exports, name by name. A change here is a change of the API, and of the CHANGELOG. */
import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import { node, root } from "../support/packed.js";

const require = createRequire(import.meta.url);

const publicList: Record<string, readonly string[]> = {
	"nodejs-websocket": [
		"Connection",
		"Server",
		"WebSocketError",
		"WebSocketRangeError",
		"WebSocketTypeError",
		"connect",
		"createServer",
		"engine",
		"setBinaryFragmentation",
		"setMaxBufferLength",
		"setMaxCompressionBytes",
		"setMaxPendingBytes",
	],
	"nodejs-websocket/engine": [
		"Arena",
		"Decoder",
		"Encoder",
		"engine",
		"isValidUTF8",
		"mask",
		"unmask",
	],
};

/** Names that Node gives every CommonJS module it imports; newer versions give more of them than older ones. */
const interopNames = ["__esModule", "default", "module.exports"];

describe.each(Object.entries(publicList))("%s", (name, expected) => {
	test("exports exactly these names to require", () => {
		expect(Object.keys(require(name)).sort()).toEqual(expected);
	});

	test("exports exactly these names to import", async () => {
		const code = `import * as all from ${JSON.stringify(name)};
			console.log(JSON.stringify(Object.keys(all).sort()))`;
		const printed = await node(["--input-type=module", "-e", code], root);
		const names: string[] = JSON.parse(printed);
		expect(names.filter((key) => !interopNames.includes(key))).toEqual(
			expected,
		);
	});
});

describe("the names of 1.7", () => {
	test("are all there", () => {
		expect(Object.keys(require("nodejs-websocket"))).toEqual(
			expect.arrayContaining(Object.keys(require("nodejs-websocket-1"))),
		);
	});
});
