/** Text of the opening handshake, damaged at random; and how much of it, in which pieces. */
import type { Socket } from "node:net";
import type { Random } from "../support/random.js";

/** What parsers trip over: delimiters, framing of bodies, the handshake's own words, lengths, bytes outside of ASCII. */
const tokens = [
	"\r\n",
	"\r\n\r\n",
	"\n",
	"\r",
	"\0",
	":",
	": ",
	" ",
	"\t",
	",",
	";",
	'"',
	"\\",
	"\x7f",
	"\x80\xff",
	"\xc3\xa9",
	"HTTP/1.1",
	"HTTP/1.0",
	"HTTP/2.0",
	"GET / HTTP/1.1\r\n",
	"POST ",
	"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	"HTTP/1.1 101 Switching Protocols\r\n",
	"HTTP/1.1 100 Continue\r\n\r\n",
	"\r\nTransfer-Encoding: chunked",
	"\r\nContent-Length: 5",
	"\r\nContent-Length: -1",
	"\r\nExpect: 100-continue",
	"\r\nHost: other",
	"\r\nUpgrade: websocket",
	"\r\nUpgrade: h2c",
	"\r\nConnection: close",
	"\r\nConnection: keep-alive, Upgrade",
	"\r\nSec-WebSocket-Version: 8",
	"\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
	"\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
	"\r\nSec-WebSocket-Protocol: a, b, a",
	"\r\nSec-WebSocket-Extensions: permessage-deflate",
	"\r\n__proto__: x",
	"\r\n folded",
	"websocket",
	"%00",
	"x".repeat(300),
	"y".repeat(17 * 1024),
	"\r\nX: y".repeat(120),
];

/** One change. */
function mutateOnce(random: Random, text: Buffer, other: Buffer): Buffer {
	const at = random.upTo(text.length);
	const end = Math.min(text.length, at + 1 + random.below(12));
	const [before, behind] = [text.subarray(0, at), text.subarray(at)];
	switch (random.below(10)) {
		case 0: {
			const flipped = Buffer.from(text);
			if (at < text.length) flipped[at] ^= 1 << random.below(8);
			return flipped;
		}
		case 1:
			return Buffer.concat([
				before,
				Buffer.of(random.below(256)),
				text.subarray(at + 1),
			]);
		case 2:
			return Buffer.concat([before, text.subarray(end)]);
		case 3:
			return Buffer.concat([text.subarray(0, end), behind]);
		case 4:
		case 5: {
			const token = Buffer.from(random.pick(tokens), "latin1");
			return Buffer.concat([before, token, behind]);
		}
		case 6:
			return before;
		case 7:
			return Buffer.concat([before, other.subarray(random.upTo(other.length))]);
		default:
			return mutateLines(random, text);
	}
}

/** Removes, doubles, swaps a line, or changes its case. */
function mutateLines(random: Random, text: Buffer): Buffer {
	const lines = text.toString("latin1").split("\r\n");
	const at = random.below(lines.length);
	const other = random.below(lines.length);
	switch (random.below(4)) {
		case 0:
			lines.splice(at, 1);
			break;
		case 1:
			lines.splice(other, 0, lines[at]);
			break;
		case 2:
			[lines[at], lines[other]] = [lines[other], lines[at]];
			break;
		default:
			lines[at] = random.chance(0.5)
				? lines[at].toUpperCase()
				: lines[at].toLowerCase();
	}
	return Buffer.from(lines.join("\r\n"), "latin1");
}

/** One of `texts` with one to five changes, some of them taken from another one. */
export function mutate(random: Random, texts: readonly Buffer[]): Buffer {
	let text = random.pick(texts);
	for (let count = 1 + random.below(5); count > 0; count--)
		text = mutateOnce(random, text, random.pick(texts));
	return text;
}

/** Writes `bytes` in up to four pieces, a turn of the event loop between them. */
export async function writeInPieces(
	random: Random,
	socket: Socket,
	bytes: Buffer,
): Promise<void> {
	let rest = bytes;
	for (let cuts = random.below(4); cuts > 0; cuts--) {
		const size = random.upTo(rest.length);
		if (size > 0) socket.write(rest.subarray(0, size));
		rest = rest.subarray(size);
		await new Promise((resolve) => setImmediate(resolve));
	}
	if (rest.length > 0) socket.write(rest);
}
