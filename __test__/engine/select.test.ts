/** Which engine is chosen, with and without a native one. */
import { afterEach, describe, expect, test, vi } from "vitest";
import type { EngineChoice } from "../../lib/engine/select.js";
import { nativeMissing } from "../support/engines.js";

const VARIABLE = "NODEJS_WEBSOCKET_ENGINE";
const before = process.env[VARIABLE];

afterEach(() => {
	vi.doUnmock("../../lib/engine/native/engine.js");
	vi.resetModules();
	if (before === undefined) delete process.env[VARIABLE];
	else process.env[VARIABLE] = before;
});

/** A fresh select.js under the given default; with a reason the native engine is one that cannot be loaded. */
async function load(
	variable?: string,
	reason?: string,
): Promise<typeof import("../../lib/engine/select.js")> {
	vi.resetModules();
	if (variable === undefined) delete process.env[VARIABLE];
	else process.env[VARIABLE] = variable;
	if (reason !== undefined) {
		vi.doMock("../../lib/engine/native/engine.js", () => ({
			createNativeEngine: () => ({ reason }),
		}));
	}
	return import("../../lib/engine/select.js");
}

function codeOf(call: () => unknown): unknown {
	try {
		call();
	} catch (error) {
		return (error as { code: unknown }).code;
	}
	return undefined;
}

describe.skipIf(nativeMissing !== null)("with a native engine", () => {
	test("it is the default", async () => {
		const { selectEngine, engineInfo } = await load();
		expect(selectEngine().name).toBe("native");
		expect(selectEngine("auto").name).toBe("native");
		expect(engineInfo()).toEqual({ name: "native" });
	});

	test("the variable sets the default, an argument goes before it", async () => {
		const { selectEngine, engineInfo } = await load("typescript");
		expect(selectEngine().name).toBe("typescript");
		expect(selectEngine("native").name).toBe("native");
		expect(selectEngine("auto").name).toBe("native");
		expect(engineInfo().name).toBe("typescript");
		expect(engineInfo().reason).toContain(VARIABLE);
	});
});

describe("without a native engine", () => {
	const reason = "it was never built";

	test("auto falls back, and says why", async () => {
		const { selectEngine, engineInfo } = await load(undefined, reason);
		expect(selectEngine().name).toBe("typescript");
		expect(selectEngine("auto").name).toBe("typescript");
		expect(engineInfo()).toEqual({ name: "typescript", reason });
	});

	test("asking for it throws with the reason", async () => {
		const { selectEngine } = await load(undefined, reason);
		expect(() => selectEngine("native")).toThrow(reason);
		expect(codeOf(() => selectEngine("native"))).toBe(
			"WS_ERR_ENGINE_UNAVAILABLE",
		);
	});

	test("asking for it by the variable throws too, instead of falling back", async () => {
		const { selectEngine, engineInfo } = await load("native", reason);
		expect(codeOf(() => selectEngine())).toBe("WS_ERR_ENGINE_UNAVAILABLE");
		expect(codeOf(() => engineInfo())).toBe("WS_ERR_ENGINE_UNAVAILABLE");
		expect(selectEngine("typescript").name).toBe("typescript");
	});
});

test("an engine is made once", async () => {
	const { selectEngine } = await load();
	expect(selectEngine("typescript")).toBe(selectEngine("typescript"));
	expect(selectEngine()).toBe(selectEngine("auto"));
});

test.each(["rust", "Native", "typescript "])(
	"the word %j is refused, and the allowed ones are named",
	async (word) => {
		const { selectEngine } = await load(word);
		expect(codeOf(() => selectEngine())).toBe("WS_ERR_OPTION");
		expect(() => selectEngine()).toThrow(/"auto", "native" or "typescript"/);
		const choice = word as EngineChoice;
		expect(codeOf(() => selectEngine(choice))).toBe("WS_ERR_OPTION");
	},
);

test("an empty variable is none", async () => {
	const { selectEngine } = await load("");
	const { name } = selectEngine();
	expect(name).toBe(nativeMissing === null ? "native" : "typescript");
});
