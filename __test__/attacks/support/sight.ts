/** What an attacker sees of the end of a connection. */
import { within } from "../../support/compat-wait.js";
import { frame, type Wire } from "../../support/compat-wire.js";
import { type Answer, readAnswer } from "../answer.js";

/** How the victim ended a connection. A reset is all that a peer can get that goes on sending to a socket that is gone. */
export type End = "FIN" | "RST";

export interface Refusal extends Answer {
	/** Field values by name in lower case. */
	fields: Record<string, string>;
	end: End;
}

export interface LastFrames {
	/** How many frames of each opcode came before the close frame. */
	before: Record<number, number>;
	/** 1005 where it had no code. */
	closeCode: number;
	reason: string;
	/** Whether the close frame was masked. */
	isMasked: boolean;
	/** Bytes behind the close frame. */
	behind: number;
	end: End;
}

/** Waits for the victim's end of the connection, and ends the attacker's. */
export async function endOf(wire: Wire): Promise<End> {
	await within("the victim's end", wire.ended);
	wire.socket.end();
	return (await within("the end", wire.gone)) === undefined ? "FIN" : "RST";
}

/** Reads the answer to a request that is refused, which has to be whole, to the end of the connection. */
export async function refusalOn(wire: Wire): Promise<Refusal> {
	const answer = await readAnswer(wire);
	const fields: Record<string, string> = {};
	for (const line of answer.head.trimEnd().split("\r\n").slice(1)) {
		const colon = line.indexOf(":");
		fields[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
	}
	return { ...answer, fields, end: await endOf(wire) };
}

/** Has the connection closed by the attacker, in good order. What comes before the victim's close frame is dropped. */
export async function closeOn(wire: Wire, mask: boolean): Promise<End> {
	wire.write(frame(8, "", { mask }));
	while ((await wire.frame()).opcode !== 8);
	wire.socket.end();
	return endOf(wire);
}

/** Reads the frames on a connection that the victim fails or closes, to its end. */
export async function lastFramesOn(wire: Wire): Promise<LastFrames> {
	const before: Record<number, number> = {};
	for (;;) {
		const { opcode, payload, masked } = await wire.frame();
		if (opcode !== 8) {
			before[opcode] = (before[opcode] ?? 0) + 1;
			continue;
		}
		const behind = (await wire.rest()).length;
		return {
			before,
			closeCode: payload.length < 2 ? 1005 : payload.readUInt16BE(0),
			reason: payload.toString("utf8", 2),
			isMasked: masked,
			behind,
			end: await endOf(wire),
		};
	}
}
