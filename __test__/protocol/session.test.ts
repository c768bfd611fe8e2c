import { describe, expect, test } from "vitest";
import {
	type CloseResult,
	closePayload,
	Session,
	type SessionDriver,
} from "../../lib/protocol/session.js";
import { Opcode } from "../../lib/rfc6455/opcode.js";
import { ReadyState } from "../../lib/rfc6455/ready-state.js";

/** Writes down what a session asks for, a line each. */
class Recorder implements SessionDriver {
	readonly log: string[] = [];
	isCongested = false;
	/** Whether pings and pongs are within the rate. */
	admits = true;
	result: CloseResult | null = null;
	lastError: Error | null = null;
	sendControl(opcode: number, payload: Buffer): void {
		this.log.push(`send ${opcode} ${payload.toString("hex")}`);
	}
	shutdown(): void {
		this.log.push("shutdown");
	}
	destroy(): void {
		this.log.push("destroy");
	}
	startDeadline(): void {
		this.log.push("deadline");
	}
	closing(
		code: number | undefined,
		reason: string | undefined,
		error: (() => Error) | null,
	): void {
		this.lastError = error?.() ?? null;
		this.log.push(`closing ${code} ${JSON.stringify(reason)}`);
	}
	error(error: Error & { code?: string }): void {
		this.log.push(`error ${error.code}`);
	}
	drain(): void {
		this.log.push("drain");
	}
	ended(result: CloseResult): void {
		this.result = result;
		this.log.push("ended");
	}
	received(): void {}
	admitControlFrame(): boolean {
		return this.admits;
	}
	text(message: string): void {
		this.log.push(`text ${message}`);
	}
	binary(message: Buffer): void {
		this.log.push(`binary ${message.toString("hex")}`);
	}
	binaryBegin(): "collect" | "stream" {
		this.log.push("begin");
		return "collect";
	}
	binaryData(piece: Buffer): void {
		this.log.push(`data ${piece.toString("hex")}`);
	}
	binaryEnd(): void {
		this.log.push("end");
	}
	ping(payload: Buffer): void {
		this.log.push(`ping ${payload}`);
	}
	pong(payload: Buffer): void {
		this.log.push(`pong ${payload}`);
	}
	/** What was asked since the last call. */
	take(): string[] {
		return this.log.splice(0);
	}
}

function open(role: "server" | "client" = "server") {
	const driver = new Recorder();
	const session = new Session(role, driver);
	session.opened();
	return { driver, session };
}

const codeOf = (error: unknown) => (error as { code?: string }).code;

describe("the closing handshake started here", () => {
	test("sends a close frame, starts the deadline and tells the user the arguments as given", () => {
		const { driver, session } = open();
		session.startClose(1000, "bye");
		expect(session.readyState).toBe(ReadyState.CLOSING);
		expect(driver.take()).toEqual([
			"send 8 03e8627965",
			"deadline",
			'closing 1000 "bye"',
		]);
		expect(driver.lastError).toBeNull();
	});

	test("ends the transport on the peer's close frame, and is clean", () => {
		const { driver, session } = open();
		session.startClose(undefined, undefined);
		driver.take();
		session.close(1000, "too");
		expect(session.readyState).toBe(ReadyState.CLOSED);
		expect(driver.take()).toEqual(["shutdown"]);
		session.closed();
		expect(driver.result).toEqual({
			code: 1000,
			reason: "too",
			wasClean: true,
		});
	});

	test("drops data that arrives before the peer's close frame", () => {
		const { driver, session } = open();
		session.startClose(1000, "");
		driver.take();
		session.text("late");
		session.binary(Buffer.from("late"));
		expect(session.binaryBegin()).toBe("stream");
		session.binaryData(Buffer.from("late"));
		session.binaryEnd();
		session.ping(Buffer.from("late"));
		expect(driver.take()).toEqual([]);
	});

	test("reports a peer that lets the deadline pass and destroys the transport", () => {
		const { driver, session } = open();
		session.startClose(1000, "");
		driver.take();
		session.expire();
		expect(driver.take()).toEqual(["error WS_ERR_CLOSE_TIMEOUT", "destroy"]);
		session.closed();
		expect(driver.result).toEqual({ code: 1006, reason: "", wasClean: false });
	});

	test("a second close() does not wait for the peer and tells nobody again", () => {
		const { driver, session } = open();
		session.startClose(1000, "");
		driver.take();
		session.startClose(1001, "");
		session.startClose(1001, "");
		expect(session.readyState).toBe(ReadyState.CLOSED);
		expect(driver.take()).toEqual(["shutdown", "deadline"]);
	});

	test("close() while connecting gives the attempt up", () => {
		const driver = new Recorder();
		const session = new Session("client", driver);
		session.startClose(undefined, undefined);
		expect(session.readyState).toBe(ReadyState.CLOSED);
		expect(driver.take()).toEqual([
			"shutdown",
			"deadline",
			"closing undefined undefined",
		]);
		session.closed();
		expect(driver.take()).toEqual(["ended"]);
	});
});

describe("the closing handshake started by the peer", () => {
	test.each([
		["server", ["send 8 0fa078", "shutdown", "deadline", 'closing 4000 "x"']],
		["client", ["send 8 0fa078", "deadline", 'closing 4000 "x"']],
	] as const)(
		"a %s echoes code and reason; the server ends the transport first",
		(role, expected) => {
			const { driver, session } = open(role);
			session.close(4000, "x");
			expect(session.readyState).toBe(ReadyState.CLOSED);
			expect(driver.take()).toEqual(expected);
			expect(codeOf(driver.lastError)).toBe("WS_ERR_CLOSED_BY_PEER");
		},
	);

	test.each([1000, 1001, 1005])("code %i is a normal end", (code) => {
		const { driver, session } = open();
		session.close(code, "");
		expect(driver.lastError).toBeNull();
	});

	test("no code is answered by no code", () => {
		const { driver, session } = open();
		session.close(1005, "");
		expect(driver.take()[0]).toBe("send 8 ");
	});
});

describe("a lost transport", () => {
	test("FIN without a close frame is answered by FIN and is 1006", () => {
		const { driver, session } = open();
		session.ended();
		expect(session.readyState).toBe(ReadyState.CLOSED);
		// What waits for the peer goes first, but not for ever.
		expect(driver.take()).toEqual(["shutdown", "deadline", 'closing 1006 ""']);
		session.closed();
		expect(driver.take()).toEqual(["ended"]);
		expect(driver.result).toEqual({ code: 1006, reason: "", wasClean: false });
	});

	test("its error is reported and is the cause of the end", () => {
		const { driver, session } = open();
		const reset = Object.assign(new Error("reset"), { code: "ECONNRESET" });
		session.failed(reset);
		session.closed();
		expect(driver.take()).toEqual([
			"error ECONNRESET",
			'closing 1006 ""',
			"ended",
		]);
		expect(codeOf(driver.lastError)).toBe("WS_ERR_CONNECTION_LOST");
		expect(driver.lastError?.cause).toBe(reset);
	});

	test("after the end its errors are nobody's", () => {
		const { driver, session } = open();
		session.close(1000, "");
		driver.take();
		session.failed(new Error("reset"));
		expect(driver.take()).toEqual([]);
	});

	test("terminate() destroys it and is 1006", () => {
		const { driver, session } = open();
		session.terminate();
		expect(driver.take()).toEqual(["destroy", 'closing 1006 ""']);
	});
});

describe("a broken rule", () => {
	test("sends its close code, FIN, and tells the user the code without a reason", () => {
		const { driver, session } = open();
		session.failure("WS_ERR_INVALID_UTF8");
		expect(session.readyState).toBe(ReadyState.CLOSING);
		expect(driver.take()).toEqual([
			"send 8 03ef",
			"shutdown",
			"deadline",
			"error WS_ERR_INVALID_UTF8",
			"closing 1007 undefined",
		]);
	});

	test("in the closing handshake ends the transport and says nothing more", () => {
		const { driver, session } = open();
		session.startClose(1000, "");
		driver.take();
		session.failure("WS_ERR_OPCODE");
		expect(driver.take()).toEqual(["shutdown"]);
	});
});

describe("pings", () => {
	test("are answered with their payload", () => {
		const { driver, session } = open();
		session.ping(Buffer.from([0xff, 0x00]));
		expect(driver.take()[0]).toBe(`send ${Opcode.PONG} ff00`);
	});

	test("while output waits only the last one is answered, when there is room", () => {
		const { driver, session } = open();
		driver.isCongested = true;
		session.ping(Buffer.from("1"));
		session.ping(Buffer.from("2"));
		expect(driver.take()).toEqual(["ping 1", "ping 2"]);
		driver.isCongested = false;
		session.drain();
		expect(driver.take()).toEqual([`send ${Opcode.PONG} 32`, "drain"]);
		session.drain();
		expect(driver.take()).toEqual(["drain"]);
	});

	test("are not answered after a close frame was sent", () => {
		const { driver, session } = open();
		driver.isCongested = true;
		session.ping(Buffer.from("1"));
		session.startClose(1000, "");
		driver.take();
		session.drain();
		// Nor does the user hear of room for what can no longer be sent.
		expect(driver.take()).toEqual([]);
	});
});

describe("pings and pongs over the rate", () => {
	test("are neither answered nor told", () => {
		const { session, driver } = open("server");
		driver.admits = false;
		session.ping(Buffer.from("a"));
		session.pong(Buffer.from("b"));
		expect(driver.log).toEqual([]);
	});
});

describe("what close() accepts", () => {
	test.each([1000, 1003, 1007, 1014, 3000, 4999])("%i", (code) => {
		expect(closePayload(code, "r")).toEqual(
			Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from("r")]),
		);
	});

	test.each([
		0,
		999,
		1004,
		1006,
		1015,
		1016,
		2999,
		5000,
		65536,
		1000.5,
		Number.NaN,
		-1,
		"1000" as never,
	])("%s is a RangeError", (code) => {
		const { driver, session } = open();
		expect(() => session.startClose(code, "")).toThrow(RangeError);
		expect(driver.take()).toEqual([]);
		expect(session.readyState).toBe(ReadyState.OPEN);
	});

	test("a reason of 123 bytes, not of 124, counted in UTF-8", () => {
		expect(closePayload(1000, "ä".repeat(61)).length).toBe(124);
		expect(() => closePayload(1000, "ä".repeat(62))).toThrow(RangeError);
		expect(() => closePayload(1000, 5 as never)).toThrow(TypeError);
	});
});
