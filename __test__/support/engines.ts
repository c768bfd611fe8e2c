/** The engines that tests run on, from the sources. */
import type { Engine, EngineName } from "../../lib/engine/engine.js";
import { createNativeEngine } from "../../lib/engine/native/engine.js";
import { createTypeScriptEngine } from "../../lib/engine/typescript/engine.js";

const native = createNativeEngine();

/** The native engine, or null where it cannot be loaded. */
export const nativeEngine: Engine | null = "reason" in native ? null : native;

/** Why there is no native engine; null where there is one. */
export const nativeMissing: string | null =
	"reason" in native ? native.reason : null;

/** With NODEJS_WEBSOCKET_TEST_REQUIRE_NATIVE=1 a missing native engine fails a test instead of skipping its share. */
export const nativeRequired =
	process.env.NODEJS_WEBSOCKET_TEST_REQUIRE_NATIVE === "1";

export const typeScriptEngine: Engine = createTypeScriptEngine();

/** Those that can be had here. */
export const engines: readonly { name: EngineName; engine: Engine }[] = [
	{ name: "typescript", engine: typeScriptEngine },
	...(nativeEngine === null
		? []
		: [{ name: "native" as const, engine: nativeEngine }]),
];
