/** The programs of the README's "The first server", as a reader would write them down in each kind of module. */
import { readFileSync } from "node:fs";
import { inRoot } from "../../support/paths.mjs";

/** What the server prints when it listens, for the test: `{ port, engine, reason }`. */
const report =
	"0, () => console.log(JSON.stringify({ port: (server.socket.address() as { port: number }).port, ...ws.engine }))";

/** The two blocks of JavaScript below the heading: the server and its client. */
function blocks() {
	const readme = readFileSync(inRoot("README.md"), "utf8");
	const section = readme.slice(readme.indexOf("## The first server"));
	const [server, client] = [...section.matchAll(/```js\n(.*?)```/gs)].map(
		([, code]) => code,
	);
	if (!server?.includes("8001") || !client?.includes("8001"))
		throw new Error("the README's first programs are not what they were");
	return { server, client };
}

/**
 * Replaces what must be there.
 *
 * @param {string} text
 * @param {string} from
 * @param {string} to
 */
function exchange(text, from, to) {
	if (!text.includes(from)) throw new Error(`the README has no ${from}`);
	return text.replace(from, to);
}

/** The server, which reports where it listens. @param {string} as */
function serverWith(as) {
	return exchange(
		blocks().server,
		"8001",
		report.replace(" as { port: number }", as),
	);
}

const asImport = (/** @type {string} */ code) =>
	exchange(
		code,
		'const ws = require("nodejs-websocket")',
		'import * as ws from "nodejs-websocket"',
	);

/** Files by their names. `server.ts` is compiled to `server.js` before it is run. */
export const servers = {
	CommonJS: () => ({ name: "server.cjs", code: serverWith("") }),
	ESM: () => ({ name: "server.mjs", code: asImport(serverWith("")) }),
	TypeScript: () => ({
		name: "server.ts",
		code: asImport(serverWith(" as { port: number }")),
	}),
};

/** The client of a server at a port; it prints `HI!!!`. @param {number} port */
export const client = (port) => ({
	name: "client.mjs",
	code: exchange(blocks().client, "localhost:8001", `localhost:${port}`),
});
