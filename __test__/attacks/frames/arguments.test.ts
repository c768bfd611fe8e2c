/** What a program hands over that is not what it should be: a typed error, and no byte on the wire that it did not send. */
import { isUtf8 } from "node:buffer";
import { describe } from "vitest";
import type { Wire } from "../../support/compat-wire.js";
import { on, onServer, type Peer, roles } from "../support/attack.js";
import { closeOn } from "../support/sight.js";

const DATA = "TypeError WS_ERR_DATA_TYPE";
const TEXT = "TypeError WS_ERR_TEXT_TYPE";
const REASON = "TypeError WS_ERR_CLOSE_REASON_TYPE";
const LENGTH = "RangeError WS_ERR_CLOSE_REASON_LENGTH";
const CODE = "RangeError WS_ERR_INVALID_CLOSE_CODE";
const PING = "RangeError WS_ERR_PING_LENGTH";

/** How each call of `programs/misuses.cjs` has to end. */
const refused: Record<string, Record<string, string>> = {
	close: {
		"a Float32Array as reason": REASON,
		"a Buffer as reason": REASON,
		"a number as reason": REASON,
		"an object with a length as reason": REASON,
		"a reason of 124 bytes": LENGTH,
		"a reason of 62 characters of two bytes": LENGTH,
		"a Float32Array as code": CODE,
		"a code as text": CODE,
		"a fraction as code": CODE,
		"a code that may not be sent": CODE,
	},
	sendPing: {
		"a number": DATA,
		"an object with a length": DATA,
		"an array": DATA,
		"126 bytes": PING,
		"63 characters of two bytes": PING,
		"126 bytes that say to be one": PING,
	},
	sendBinary: {
		"a number": DATA,
		"an object with a length": DATA,
		"an array": DATA,
		"a string": DATA,
		"a number, by send": DATA,
		"what has the prototype of bytes and no memory": DATA,
		"a proxy of bytes": DATA,
		"bytes that were transferred away": DATA,
		"an ArrayBuffer that was transferred away": DATA,
		"a DataView that was transferred away": DATA,
	},
	sendText: {
		"a number": TEXT,
		"an object with a length": TEXT,
		"an array": TEXT,
		undefined: TEXT,
		"bytes that are no UTF-8": TEXT,
		"what has the prototype of bytes and no memory": TEXT,
	},
};

const lies = [
	"of a class with a length of its own",
	"with a length that is too long",
	"with a length that is much too long",
	"with a length that is too short",
	"with a length below zero",
	"sent as text",
	"sent in a ping",
	"written to a stream",
];

/** A connection whose victim has its end, too. */
async function openBothWays(peer: Peer): Promise<Wire> {
	const wire = await peer.open();
	await peer.victim.untilOpen();
	return wire;
}

onServer({
	name: "the functions of the engine withstand 20,000 calls with arguments that make no sense",
	async run({ victim }) {
		const { value, thrown } = await victim.act("abuse", 20_000);
		const { calls, failures } = value as { calls: number; failures: string[] };
		// The native ones report what is wrong by what they return.
		const untyped = failures.filter((each) => !each.endsWith("WS_ERR_BUFFER"));
		return { thrown, calls, untyped };
	},
	sees: { thrown: undefined, calls: 20_000, untyped: [] },
});

for (const role of roles) {
	describe(`a ${role}`, () => {
		for (const [method, outcomes] of Object.entries(refused)) {
			on(role, {
				name: `throws a typed error for every bad argument of ${method}, and sends nothing`,
				async run(peer) {
					const wire = await openBothWays(peer);
					const { value } = await peer.victim.act("misuse", method);
					const { opcode, payload } = await wire.frame();
					await closeOn(wire, peer.mask);
					return { outcomes: value, next: [opcode, payload.toString()] };
				},
				sees: { outcomes, next: [1, "after"] },
				told: { connections: [{ errors: [], closes: [[1005, ""]] }] },
			});
		}

		for (const name of lies) {
			on(role, {
				name: `sends the bytes there are of bytes ${name}, and no memory beside them`,
				async run(peer) {
					const wire = await openBothWays(peer);
					await peer.victim.act("lie", name);
					const { payload, fin } = await wire.frame();
					const rest = wire.pending.length;
					await closeOn(wire, peer.mask);
					return { payload: payload.toString("latin1"), fin, rest };
				},
				sees: { payload: "A".repeat(10), fin: true, rest: 0 },
			});
		}

		for (const factor of [1, 1024]) {
			for (const name of ["transferred away", "resized to nothing", "shared"]) {
				on(role, {
					name: `sends ${40 * factor} bytes as they were, though their memory is ${name} right behind the call`,
					async run(peer) {
						const wire = await openBothWays(peer);
						await peer.victim.act("change", name, factor);
						const { payload } = await wire.frame();
						await closeOn(wire, peer.mask);
						return { isSame: payload.equals(Buffer.alloc(40 * factor, "A")) };
					},
					sees: { isSame: true },
				});
			}
		}

		on(role, {
			name: "sends no text that is not UTF-8, though another thread writes to its memory",
			async run(peer) {
				const wire = await openBothWays(peer);
				const { value: count } = await peer.victim.act("race", 2000);
				let valid = 0;
				for (let i = 0; i < Number(count); i++) {
					const { payload } = await wire.frame();
					if (isUtf8(payload)) valid++;
				}
				await closeOn(wire, peer.mask);
				return { invalid: Number(count) - valid };
			},
			sees: { invalid: 0 },
		});
	});
}
