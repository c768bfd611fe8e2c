/** What the option `transport` and its environment variable come to. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { NativeEngine } from "../../lib/engine/native/engine.js";
import { selectTransport } from "../../lib/transport/select.js";
import { nativeEngine, typeScriptEngine } from "../support/engines.js";

const VARIABLE = "NODEJS_WEBSOCKET_TRANSPORT";

const platform = Object.getOwnPropertyDescriptor(process, "platform");

afterEach(() => {
	if (platform) Object.defineProperty(process, "platform", platform);
	vi.unstubAllEnvs();
});

const unavailable = expect.objectContaining({
	code: "WS_ERR_TRANSPORT_UNAVAILABLE",
});

describe("the transport", () => {
	test("is 'socket' for an engine that has no other, unless 'native' is insisted on", () => {
		for (const word of [undefined, "", "auto", "native"]) {
			vi.stubEnv(VARIABLE, word);
			expect(selectTransport(undefined, typeScriptEngine)).toBe("socket");
		}
		expect(selectTransport("auto", typeScriptEngine)).toBe("socket");
		expect(selectTransport("socket", typeScriptEngine)).toBe("socket");
		expect(() => selectTransport("native", typeScriptEngine)).toThrow(
			unavailable,
		);
	});

	test.skipIf(nativeEngine === null || process.platform !== "linux")(
		"is the native one by default, and by 'auto'",
		() => {
			const engine = nativeEngine ?? typeScriptEngine;
			for (const word of [undefined, "", "auto", "native"]) {
				vi.stubEnv(VARIABLE, word);
				expect(selectTransport(undefined, engine)).toBe("native");
			}
			vi.stubEnv(VARIABLE, "socket");
			expect(selectTransport(undefined, engine)).toBe("socket");
			expect(selectTransport("auto", engine)).toBe("native");
			expect(selectTransport("native", engine)).toBe("native");
			expect(selectTransport("socket", engine)).toBe("socket");
		},
	);

	test
		.skipIf(nativeEngine === null || process.platform !== "linux")
		.each(["darwin", "freebsd"])(
		"is 'socket' on %s, where 'native' has to be asked for",
		(name) => {
			const engine = nativeEngine ?? typeScriptEngine;
			Object.defineProperty(process, "platform", { ...platform, value: name });
			for (const word of [undefined, "", "auto"]) {
				vi.stubEnv(VARIABLE, word);
				expect(selectTransport(undefined, engine)).toBe("socket");
			}
			expect(selectTransport("auto", engine)).toBe("socket");
			expect(selectTransport("native", engine)).toBe("native");
			vi.stubEnv(VARIABLE, "native");
			expect(selectTransport(undefined, engine)).toBe("native");
		},
	);

	test.skipIf(!(nativeEngine instanceof NativeEngine))(
		"is 'socket' where the addon has no other, as on Windows, unless 'native' is insisted on",
		() => {
			if (!(nativeEngine instanceof NativeEngine)) return;
			const binding = Object.create(nativeEngine.binding, {
				reactorOpen: { value: undefined },
			});
			const engine = new NativeEngine(binding);
			vi.stubEnv(VARIABLE, undefined);
			expect(selectTransport(undefined, engine)).toBe("socket");
			expect(selectTransport("auto", engine)).toBe("socket");
			expect(() => selectTransport("native", engine)).toThrow(unavailable);
			vi.stubEnv(VARIABLE, "native");
			expect(() => selectTransport(undefined, engine)).toThrow(unavailable);
		},
	);

	test("is no other word", () => {
		const wrong = expect.objectContaining({ code: "WS_ERR_OPTION" });
		expect(() => selectTransport("tcp" as "native", typeScriptEngine)).toThrow(
			wrong,
		);
		vi.stubEnv(VARIABLE, "tcp");
		expect(() => selectTransport(undefined, typeScriptEngine)).toThrow(wrong);
	});
});
