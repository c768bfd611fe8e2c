/** What the option `transport` and its environment variable come to. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { selectTransport } from "../../lib/transport/select.js";
import { nativeEngine, typeScriptEngine } from "../support/engines.js";

const VARIABLE = "NODEJS_WEBSOCKET_TRANSPORT";

afterEach(() => {
	vi.unstubAllEnvs();
});

const unavailable = expect.objectContaining({
	code: "WS_ERR_TRANSPORT_UNAVAILABLE",
});

describe("the transport", () => {
	test("is 'socket' by default, and by 'auto'", () => {
		vi.stubEnv(VARIABLE, undefined);
		expect(selectTransport(undefined, typeScriptEngine)).toBe("socket");
		vi.stubEnv(VARIABLE, "native");
		expect(selectTransport("auto", typeScriptEngine)).toBe("socket");
		expect(selectTransport("socket", typeScriptEngine)).toBe("socket");
	});

	test("'native' throws for an engine that has none; the variable leaves it to 'socket'", () => {
		expect(() => selectTransport("native", typeScriptEngine)).toThrow(
			unavailable,
		);
		vi.stubEnv(VARIABLE, "native");
		expect(selectTransport(undefined, typeScriptEngine)).toBe("socket");
	});

	test.skipIf(nativeEngine === null || process.platform !== "linux")(
		"is the native one where the option or the variable says so",
		() => {
			const engine = nativeEngine ?? typeScriptEngine;
			expect(selectTransport("native", engine)).toBe("native");
			vi.stubEnv(VARIABLE, "native");
			expect(selectTransport(undefined, engine)).toBe("native");
			vi.stubEnv(VARIABLE, "");
			expect(selectTransport(undefined, engine)).toBe("socket");
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
