/** The public module nodejs-websocket/engine, as built. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { DecoderSink } from "nodejs-websocket/engine";
import { describe, expect, test } from "vitest";
import { nativeMissing } from "../support/engines.js";
import { applyMask, frame } from "../support/frames.js";
import { loadEngineModule } from "../support/library.js";
import { Recorder } from "./recorder.js";

const library = loadEngineModule();
const { Arena, Decoder, Encoder } = library;

const choices = [
	"typescript" as const,
	...(nativeMissing === null ? ["native" as const] : []),
];

/** The class, code and message of what `call` throws. */
function thrownBy(call: () => unknown): {
	name: string;
	code: string;
	message: string;
} {
	try {
		call();
	} catch (error) {
		const { name, code, message } = error as Error & { code: string };
		return { name, code, message };
	}
	throw new Error("nothing was thrown");
}

test("the public list is the same for require and import", () => {
	const names = [
		"Arena",
		"Decoder",
		"Encoder",
		"engine",
		"isValidUTF8",
		"mask",
		"unmask",
	];
	expect(Object.keys(library).sort()).toEqual(names);
	// A Node of its own: the test runner has ways of its own to import.
	const program = `
		import * as imported from "nodejs-websocket/engine";
		import { createRequire } from "node:module";
		const required = createRequire(import.meta.url)("nodejs-websocket/engine");
		const names = ${JSON.stringify(names)};
		console.log(names.filter((name) => imported[name] === required[name]).join());
	`;
	const output = execFileSync(
		process.execPath,
		["--input-type=module", "--eval", program],
		{ cwd: join(import.meta.dirname, "../.."), encoding: "utf8" },
	);
	expect(output.trim()).toBe(names.join());
});

test("engine says which engine is in use, and why", () => {
	const { name, reason } = library.engine;
	const asked = process.env.NODEJS_WEBSOCKET_ENGINE === "typescript";
	if (asked) expect([name, typeof reason]).toEqual(["typescript", "string"]);
	else if (nativeMissing === null)
		expect([name, reason]).toEqual(["native", undefined]);
	else expect([name, typeof reason]).toEqual(["typescript", "string"]);
});

test("mask, unmask and isValidUTF8 are called as those of bufferutil and utf-8-validate", () => {
	const key = Buffer.from([1, 2, 3, 4]);
	const source = Buffer.from("payload data that is masked");
	const output = Buffer.alloc(source.length + 3, "-");
	library.mask(source, key, output, 2, source.length);
	expect(output).toEqual(
		Buffer.concat([
			Buffer.from("--"),
			applyMask(source, key),
			Buffer.from("-"),
		]),
	);
	const payload = output.subarray(2, -1);
	library.unmask(payload, key);
	expect(payload).toEqual(source);
	expect(library.isValidUTF8(Buffer.from("é"))).toBe(true);
	expect(library.isValidUTF8(Buffer.from([0xc3]))).toBe(false);
	const refused = thrownBy(() => library.isValidUTF8("é" as never));
	expect(refused).toMatchObject({ name: "TypeError", code: "WS_ERR_BUFFER" });
});

describe.each(choices)("on the %s engine", (engine) => {
	test("what an encoder writes a decoder of the other role reads", () => {
		for (const role of ["server", "client"] as const) {
			const other = role === "server" ? "client" : "server";
			const encoder = new Encoder({ role: other, engine });
			const recorder = new Recorder();
			const decoder = new Decoder({ role, engine }, recorder);
			expect([encoder.engine, decoder.engine]).toEqual([engine, engine]);
			expect(encoder.role).toBe(other);
			const arena = new Arena();
			encoder.text(arena, 0x81, "text €");
			encoder.binary(arena, 0x82, Buffer.from("binary"));
			encoder.binary(arena, 0x89, new Uint8Array(0));
			expect(decoder.feed(arena.slab.subarray(0, arena.used))).toBe(true);
			expect(recorder.events).toEqual([
				["text", "text €"],
				["binary", Buffer.from("binary").toString("hex")],
				["ping", ""],
			]);
		}
	});

	test("a decoder stops, goes on and ends", () => {
		const recorder = new Recorder();
		const decoder = new Decoder({ engine }, recorder);
		recorder.onEvent = () => decoder.suspend();
		const text = frame({ opcode: 1, mask: true, payload: "x" });
		const begin = frame({ opcode: 1, fin: false, mask: true, payload: "xyz" });
		expect(decoder.feed(Buffer.concat([text, text]))).toBe(false);
		expect(decoder.resume()).toBe(false);
		decoder.unsuspend();
		expect(decoder.resume()).toBe(true);
		decoder.unsuspend();
		expect(decoder.feed(begin)).toBe(true);
		expect(decoder.pendingBytes).toBe(3);
		decoder.destroy();
		expect(decoder.pendingBytes).toBe(0);
		expect(recorder.events).toEqual([
			["text", "x"],
			["text", "x"],
		]);
	});

	test("limits are options", () => {
		const failures = [
			[{ maxMessageBytes: 2 }, "WS_ERR_MESSAGE_TOO_BIG"],
			[{ maxFragments: 1 }, "WS_ERR_TOO_MANY_FRAGMENTS"],
		] as const;
		for (const [limits, failure] of failures) {
			const recorder = new Recorder();
			const decoder = new Decoder({ engine, ...limits }, recorder);
			decoder.feed(frame({ opcode: 1, fin: false, mask: true, payload: "ab" }));
			decoder.feed(frame({ opcode: 0, mask: true, payload: "c" }));
			expect(recorder.events).toEqual([["failure", failure]]);
		}
		const none = Number.POSITIVE_INFINITY;
		const recorder = new Recorder();
		const unlimited = {
			maxMessageBytes: none,
			maxStreamBytes: none,
			maxFragments: none,
		};
		const decoder = new Decoder({ engine, ...unlimited }, recorder);
		decoder.feed(frame({ opcode: 1, fin: false, mask: true, payload: "ab" }));
		decoder.feed(frame({ opcode: 0, mask: true, payload: "c" }));
		expect(recorder.events).toEqual([["text", "abc"]]);
	});
});

describe("misuse", () => {
	const sink = new Recorder();

	test.each([
		["a role that is none", { role: "proxy" }, "TypeError", "WS_ERR_OPTION"],
		[
			"an engine that is none",
			{ engine: "wasm" },
			"TypeError",
			"WS_ERR_OPTION",
		],
		["options that are a string", "server", "TypeError", "WS_ERR_OPTION"],
		["options that are null", null, "TypeError", "WS_ERR_OPTION"],
		[
			"a limit that is a string",
			{ maxMessageBytes: "1" },
			"TypeError",
			"WS_ERR_OPTION",
		],
		[
			"a limit below zero",
			{ maxFragments: -1 },
			"RangeError",
			"WS_ERR_OPTION_RANGE",
		],
		[
			"a limit that is NaN",
			{ maxStreamBytes: Number.NaN },
			"RangeError",
			"WS_ERR_OPTION_RANGE",
		],
	])("a decoder refuses %s", (_, options, name, code) => {
		const make = (): unknown => new Decoder(options as never, sink);
		expect(thrownBy(make)).toMatchObject({ name, code });
	});

	test("a decoder names the method that its sink lacks", () => {
		const lacking = { ...({} as DecoderSink), text() {} };
		const thrown = thrownBy(() => new Decoder({}, lacking));
		expect(thrown).toMatchObject({ name: "TypeError", code: "WS_ERR_OPTION" });
		expect(thrown.message).toContain("binary");
		expect(thrownBy(() => new Decoder({}, undefined as never)).code).toBe(
			"WS_ERR_OPTION",
		);
	});

	test("an encoder refuses what it cannot write, and writes nothing", () => {
		const encoder = new Encoder();
		const client = new Encoder({ role: "client" });
		const arena = new Arena();
		const shared = new Uint8Array(new SharedArrayBuffer(3));
		const calls: [() => unknown, string][] = [
			[() => encoder.text(arena, 0x81, 5 as never), "WS_ERR_TEXT_TYPE"],
			[() => encoder.text({} as never, 0x81, "x"), "WS_ERR_OPTION"],
			[() => encoder.text(undefined as never, 0x81, "x"), "WS_ERR_OPTION"],
			[() => encoder.text(arena, 256, "x"), "WS_ERR_OPTION_RANGE"],
			[() => encoder.text(arena, -1, "x"), "WS_ERR_OPTION_RANGE"],
			[() => encoder.text(arena, "text" as never, "x"), "WS_ERR_OPTION_RANGE"],
			[() => encoder.binary(arena, 0x82, "x" as never), "WS_ERR_BUFFER"],
			[() => encoder.binary(arena, 0x82, shared), "WS_ERR_BUFFER"],
			[
				() => encoder.binary(arena, 0x82, new Float32Array(2) as never),
				"WS_ERR_BUFFER",
			],
			[() => encoder.header(arena, 0x82, -1), "WS_ERR_OPTION_RANGE"],
			[() => encoder.header(arena, 0x82, 1.5), "WS_ERR_OPTION_RANGE"],
			[() => encoder.header(arena, 0x82, 2 ** 53), "WS_ERR_OPTION_RANGE"],
			[() => client.header(arena, 0x82, 5), "WS_ERR_OPTION"],
		];
		for (const [call, code] of calls)
			expect(thrownBy(call).code, String(call)).toBe(code);
		expect(arena.used).toBe(0);
	});
});
