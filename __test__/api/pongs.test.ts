import { expect, test } from "vitest";
import { Session, type SessionDriver } from "../../lib/protocol/session.js";

test("a ping that waits is not answered behind a later one", () => {
	const pongs: string[] = [];
	const nop = () => {};
	const driver = {
		isCongested: true as boolean,
		sendControl: (_opcode: number, payload: Buffer) =>
			pongs.push(payload.toString()),
		shutdown: nop,
		destroy: nop,
		startDeadline: nop,
		closing: nop,
		error: nop,
		drain: nop,
		ended: nop,
		received: nop,
		admitControlFrame: () => true,
		text: nop,
		binary: nop,
		binaryBegin: () => "stream" as const,
		binaryData: nop,
		binaryEnd: nop,
		ping: nop,
		pong: nop,
	} satisfies SessionDriver;
	const session = new Session("server", driver);
	session.opened();
	session.ping(Buffer.from("1"));
	session.ping(Buffer.from("2"));
	driver.isCongested = false;
	session.ping(Buffer.from("3"));
	session.drain();
	expect(pongs).toEqual(["3"]);
});
