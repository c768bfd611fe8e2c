/** This library. Engine (and transport) are chosen by its environment variables. */
import { workBeside } from "../other-work.mjs";
import {
	deflate,
	endWithParent,
	host,
	maxMessageBytes,
	own,
	port,
	tls,
} from "../surroundings.mjs";

const { createServer, setMaxCompressionBytes } = own("index");
const subscribers = new Set();

endWithParent();
workBeside();
// Its budget would leave most of 2,000 connections with context takeover uncompressed; no other library has one.
setMaxCompressionBytes(Number.POSITIVE_INFINITY);
createServer(
	{
		maxMessageBytes,
		perMessageDeflate: deflate ?? false,
		secure: tls !== undefined,
		...tls,
	},
	(/** @type {any} */ conn) => {
		if (conn.path === "/subscribe") {
			subscribers.add(conn);
			conn.on("close", () => subscribers.delete(conn));
		} else if (conn.path === "/publish") {
			conn.on("message", (/** @type {string | Buffer} */ data) => {
				for (const subscriber of subscribers) subscriber.send(data);
			});
		} else {
			conn.on("message", (/** @type {string | Buffer} */ data) => {
				conn.send(data);
			});
		}
	},
).listen(port, host);
