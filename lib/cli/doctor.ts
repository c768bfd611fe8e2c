/** `nodejs-websocket doctor`: which engine and transport serve here, and why. */
import { release } from "node:os";
import { parseArgs } from "node:util";
import { loadBinding } from "../engine/native/load.js";
import { platformName } from "../engine/native/platform.js";
import { engineInfo, selectEngine } from "../engine/select.js";
import { selectTransport, whyNotNative } from "../transport/select.js";
import { VERSION } from "../version.js";
import { type Command, ExitCode } from "./command.js";

const usage = `Usage: nodejs-websocket doctor [--json]

Says which frame engine serves here, the native one or the TypeScript one, and where it is not the
native one why, and what could be done about it. Both do the same; the native one is faster. Says
likewise what carries the bytes of connections without TLS: the addon, or node:net.

  --json   prints an object: version, engine and transport (null where none serves), reason,
           transportReason, nativeTransport { available, reason }, platform,
           addon { path, version, reason }, runtime { name, version, napi }, system

Exit codes: 0 an engine and a transport serve, 1 none does, because NODEJS_WEBSOCKET_ENGINE or
NODEJS_WEBSOCKET_TRANSPORT asks for one that cannot be had, 2 the arguments are wrong.
`;

interface Diagnosis {
	version: string;
	/** The engine that serves by default; null where the environment asks for one that cannot be had. */
	engine: string | null;
	/** Why it is not the native one. */
	reason?: string;
	/** The transport that serves plain sockets by default; null where there is no engine, or the environment asks for what cannot be had. */
	transport: string | null;
	/** Why there is none. */
	transportReason?: string;
	/** Whether `transport: "native"` can be had. */
	nativeTransport: { available: true } | { available: false; reason: string };
	/** What the addon for this machine is called. */
	platform: string;
	/** The addon, or why it cannot be loaded, whichever engine serves. */
	addon: { path: string; version: string } | { reason: string };
	runtime: { name: string; version: string; napi: string };
	/** The operating system, its version, and the processor's architecture. */
	system: string;
}

function diagnose(): Diagnosis {
	const loaded = loadBinding();
	return {
		version: VERSION,
		...defaultEngine(),
		...transports(),
		platform: platformName(),
		addon:
			"reason" in loaded
				? loaded
				: { path: loaded.path, version: loaded.binding.version },
		runtime: runtime(),
		system: `${process.platform} ${release()} ${process.arch}`,
	};
}

function defaultEngine(): { engine: string | null; reason?: string } {
	try {
		const { name, reason } = engineInfo();
		return { engine: name, reason };
	} catch (error) {
		return { engine: null, reason: (error as Error).message };
	}
}

function transports(): Pick<
	Diagnosis,
	"transport" | "transportReason" | "nativeTransport"
> {
	let transport: string | null = null;
	let reason: string | undefined;
	let failure: string | undefined;
	try {
		reason = "there is no engine";
		const engine = selectEngine();
		reason = whyNotNative(engine);
		transport = selectTransport(undefined, engine);
	} catch (error) {
		failure = (error as Error).message;
	}
	return {
		transport,
		transportReason: failure,
		nativeTransport:
			reason === undefined ? { available: true } : { available: false, reason },
	};
}

function runtime(): Diagnosis["runtime"] {
	const { versions } = process;
	const names = { bun: "Bun", deno: "Deno", electron: "Electron" };
	const napi = versions.napi ?? "unknown";
	for (const [key, name] of Object.entries(names)) {
		const version = versions[key];
		if (version !== undefined) return { name, version, napi };
	}
	return { name: "Node.js", version: versions.node, napi };
}

/** The diagnosis in lines of a name and a value. */
function inWords(diagnosis: Diagnosis): string {
	const { engine, reason, addon, runtime, system, platform } = diagnosis;
	const rows = [
		["nodejs-websocket", diagnosis.version],
		["engine", engine ?? "none"],
	];
	if (reason !== undefined) rows.push(["because", reason]);
	if ("path" in addon) rows.push(["addon", addon.path]);
	else if (!reason?.includes(addon.reason))
		rows.push(["no addon", addon.reason]);
	rows.push(
		["transport", transportInWords(diagnosis)],
		["platform", platform],
		["runtime", `${runtime.name} ${runtime.version}, N-API ${runtime.napi}`],
		["system", system],
	);
	return rows.map(([name, value]) => `${name.padEnd(18)}${value}\n`).join("");
}

function transportInWords(diagnosis: Diagnosis): string {
	const { transport, transportReason, nativeTransport } = diagnosis;
	const name = transport ?? "none";
	if (transport === "native") return name;
	if (transportReason !== undefined) return `${name}: ${transportReason}`;
	if (!nativeTransport.available)
		return `${name}; the native one cannot be had: ${nativeTransport.reason}`;
	return process.env.NODEJS_WEBSOCKET_TRANSPORT === "socket"
		? `${name}; NODEJS_WEBSOCKET_TRANSPORT asks for it`
		: `${name}; the native one has to be asked for here: NODEJS_WEBSOCKET_TRANSPORT=native`;
}

export const doctorCommand: Command = {
	usage,
	async run(args) {
		const { values } = parseArgs({
			args,
			options: { json: { type: "boolean" } },
		});
		const diagnosis = diagnose();
		process.stdout.write(
			values.json
				? `${JSON.stringify(diagnosis, null, 2)}\n`
				: inWords(diagnosis),
		);
		const serves = diagnosis.engine !== null && diagnosis.transport !== null;
		return serves ? ExitCode.OK : ExitCode.FAILED;
	},
};
