/** What the addon of this machine is called. */
import { readFileSync } from "node:fs";
import { machine } from "node:os";

/** The name prebuilt addons have for this machine, as `linux-x64-gnu`, `linux-arm-gnueabihf` or `darwin-arm64`. */
export function platformName(): string {
	const { platform, arch } = process;
	if (platform === "win32") return `${platform}-${arch}-msvc`;
	if (platform !== "linux") return `${platform}-${arch}`;
	return `${platform}-${arch}-${libc()}${arch === "arm" ? "eabihf" : ""}`;
}

/** Why no addon that bears the right name can run here, as far as its loading would not tell but kill the process. */
export function unfitProcessor(): string | undefined {
	// Node.js calls all 32-bit ARM "arm". On ARMv6 an instruction of ARMv7 ends the process.
	return process.arch === "arm" && machine() === "armv6l"
		? "The native addon for ARM needs an ARMv7 processor, and this is an ARMv6"
		: undefined;
}

/** The C library this process runs on, whatever else is installed. */
function libc(): "gnu" | "musl" {
	// Deno is built for glibc only, and would ask the user before it lets anybody look.
	if (process.versions.deno !== undefined) return "gnu";
	try {
		// musl's dynamic linker is musl itself, mapped into every process. Its name is often a link to libc.so; glibc's library
		// is libc.so.6, or was libc-2.31.so.
		const mapped = readFileSync("/proc/self/maps", "latin1");
		return /\/(ld-musl-[^/\n]+|libc\.so)$/m.test(mapped) ? "musl" : "gnu";
	} catch {
		return glibcVersion() === undefined ? "musl" : "gnu";
	}
}

/** The version of glibc, which names itself in Node's diagnostic report. This takes milliseconds. */
export function glibcVersion(): string | undefined {
	const report = process.report as NodeJS.ProcessReport & {
		excludeNetwork?: boolean;
	};
	// Without this it would look up the names of all peers, which could block.
	const before = report.excludeNetwork;
	report.excludeNetwork = true;
	try {
		const { header } = report.getReport() as unknown as {
			header: { glibcVersionRuntime?: string };
		};
		return header.glibcVersionRuntime;
	} finally {
		report.excludeNetwork = before;
	}
}
