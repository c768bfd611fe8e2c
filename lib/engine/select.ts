/** Chooses the engine: once per thread and name, so that nothing is tested per connection or per call. */
import { createError } from "../errors.js";
import { checkChoice, defaultChoice } from "./choice.js";
import type { Engine, EngineName } from "./engine.js";
import { createNativeEngine } from "./native/engine.js";
import { createTypeScriptEngine } from "./typescript/engine.js";

export type EngineChoice = "auto" | EngineName;

/** The default engine in use; `reason` says why it is not the native one where that was wanted and cannot be had. */
export interface EngineInfo {
	name: EngineName;
	reason?: string;
}

/** Environment variable that sets the default choice. */
const VARIABLE = "NODEJS_WEBSOCKET_ENGINE";

const choices = [
	"auto",
	"native",
	"typescript",
] as const satisfies EngineChoice[];

let native: Engine | { readonly reason: string } | undefined;
let typescript: Engine | undefined;

/**
 * The engine for `choice`, or for the default where it is undefined.
 *
 * @throws TypeError `WS_ERR_OPTION` for another word; Error `WS_ERR_ENGINE_UNAVAILABLE` where "native" cannot be loaded
 */
export function selectEngine(choice?: EngineChoice): Engine {
	const wanted = checkChoice(
		choice ?? defaultChoice(VARIABLE, choices),
		choices,
		"engine",
	);
	if (wanted === "typescript") return typescriptEngine();
	const found = nativeEngine();
	if (!("reason" in found)) return found;
	if (wanted === "auto") return typescriptEngine();
	throw createError("WS_ERR_ENGINE_UNAVAILABLE", { detail: found.reason });
}

/** Which engine serves by default, and after a fallback why. Throws as `selectEngine`. */
export function engineInfo(): EngineInfo {
	const { name } = selectEngine();
	if (name === "native") return { name };
	if (defaultChoice(VARIABLE, choices) === "typescript")
		return { name, reason: `${VARIABLE} asks for it` };
	const found = nativeEngine();
	return "reason" in found ? { name, reason: found.reason } : { name };
}

function nativeEngine(): Engine | { readonly reason: string } {
	native ??= createNativeEngine();
	return native;
}

function typescriptEngine(): Engine {
	typescript ??= createTypeScriptEngine();
	return typescript;
}
