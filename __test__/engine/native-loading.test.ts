/** The parts of the loader that this machine alone cannot show: other machines, and what their systems say. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { isCutOff } from "../../lib/engine/native/elf.js";
import { explain } from "../../lib/engine/native/load-failure.js";

type Platform = typeof import("../../lib/engine/native/platform.js");

interface Machine {
	platform: string;
	arch: string;
	/** As `uname -m` says it. */
	machine?: string;
	/** What is mapped into the process; undefined where that cannot be read. */
	maps?: string;
	/** The header of the diagnostic report. */
	glibcVersionRuntime?: string;
	versions?: object;
}

const GLIBC = "7f1c2e000000-7f1c2e028000 r--p 0 /usr/lib/libc.so.6\n";
const MUSL = "7f1c2e000000-7f1c2e028000 r--p 0 /lib/ld-musl-x86_64.so.1\n";

/** musl as upstream installs it: the name that programs ask for is a link to it. */
const MUSL_LINKED = "7f1c2e000000-7f1c2e028000 r--p 0 /lib/libc.so\n";

/** platform.js as it finds itself on another machine. */
async function on(machine: Machine): Promise<Platform> {
	vi.resetModules();
	vi.doMock("node:os", () => ({ machine: () => machine.machine }));
	vi.doMock("node:fs", () => ({
		readFileSync: (path: string) => {
			if (path === "/proc/self/maps" && machine.maps !== undefined)
				return machine.maps;
			throw new Error(`${path} cannot be read`);
		},
	}));
	const { glibcVersionRuntime } = machine;
	vi.stubGlobal("process", {
		platform: machine.platform,
		arch: machine.arch,
		versions: machine.versions ?? {},
		report: { getReport: () => ({ header: { glibcVersionRuntime } }) },
	});
	return import("../../lib/engine/native/platform.js");
}

afterEach(() => {
	vi.unstubAllGlobals();
	vi.doUnmock("node:os");
	vi.doUnmock("node:fs");
	vi.resetModules();
});

describe("the name of a platform", () => {
	const linux = { platform: "linux", arch: "x64" };
	test.each<[string, Machine]>([
		["linux-x64-gnu", { ...linux, maps: GLIBC }],
		["linux-x64-musl", { ...linux, maps: MUSL }],
		["linux-x64-musl", { ...linux, maps: MUSL_LINKED }],
		["linux-x64-gnu", { ...linux, glibcVersionRuntime: "2.17" }],
		["linux-x64-musl", linux],
		["linux-x64-gnu", { ...linux, versions: { deno: "2.0.0" } }],
		["linux-arm64-gnu", { platform: "linux", arch: "arm64", maps: GLIBC }],
		["linux-arm-gnueabihf", { platform: "linux", arch: "arm", maps: GLIBC }],
		["linux-arm-musleabihf", { platform: "linux", arch: "arm", maps: MUSL }],
		["darwin-arm64", { platform: "darwin", arch: "arm64" }],
		["win32-arm64-msvc", { platform: "win32", arch: "arm64" }],
		["freebsd-x64", { platform: "freebsd", arch: "x64" }],
	])("is %s on %j", async (name, machine) => {
		const { platformName } = await on(machine);
		expect(platformName()).toBe(name);
	});

	test("is asked for without names of the network, and the setting put back", async () => {
		const { glibcVersion } = await on(linux);
		const report = process.report as unknown as Record<string, unknown>;
		let during: unknown;
		report.excludeNetwork = false;
		report.getReport = () => {
			during = report.excludeNetwork;
			return { header: { glibcVersionRuntime: "2.36" } };
		};
		expect(glibcVersion()).toBe("2.36");
		expect([during, report.excludeNetwork]).toEqual([true, false]);
	});
});

describe("a processor that the addon would kill the process on", () => {
	const arm = { platform: "linux", arch: "arm", maps: GLIBC };
	test("is an ARMv6", async () => {
		const { unfitProcessor } = await on({ ...arm, machine: "armv6l" });
		expect(unfitProcessor()).toMatch(/needs an ARMv7 processor/);
	});

	test.each(["armv7l", "armv8l", "aarch64"])(
		"is not a 32-bit process on %s",
		async (machine) => {
			const { unfitProcessor } = await on({ ...arm, machine });
			expect(unfitProcessor()).toBeUndefined();
		},
	);
});

describe("what the systems say is put into words", () => {
	const file = "/app/nodejs-websocket.node";
	test.each([
		[
			`/lib/x86_64-linux-gnu/libc.so.6: version \`GLIBC_2.99' not found (required by ${file})`,
			/^it needs glibc 2\.99, and this system has (\d|undefined)/,
		],
		[
			`Error loading shared library ld-linux-x86-64.so.2: No such file or directory (needed by ${file})`,
			/^it is made for another C library/,
		],
		[
			`Error relocating ${file}: __vsnprintf_chk: symbol not found`,
			/^it is made for another C library/,
		],
		[
			"libc.musl-x86_64.so.1: cannot open shared object file: No such file or directory",
			/^it is made for another C library/,
		],
		[
			`${file}: cannot open shared object file: No such file or directory`,
			/^the file is damaged, or made for another machine\. Install/,
		],
		[
			`\\\\?\\C:\\app\\nodejs-websocket.node is not a valid Win32 application.\n`,
			/^the file is damaged, or made for another machine\. Install/,
		],
		[
			`dlopen(${file}, 0x0001): tried: '${file}' (mach-o file, but is an incompatible architecture (have 'arm64', need 'x86_64'))`,
			/^the file is damaged, or made for another machine\. Install/,
		],
		[
			`${file}: failed to map segment from shared object`,
			/^the system does not let code be run from there/,
		],
		[`libdl.so.9: something new`, /^libdl\.so\.9: something new$/],
	])("%s", (message, expected) => {
		expect(explain(new Error(message))).toMatch(expected);
	});

	test("in one line", () => {
		expect(explain(new Error("first\nRequire stack:\n- /app"))).toBe("first");
		expect(explain("not an error")).toBe("not an error");
	});
});

describe("an ELF file that is cut off", () => {
	const folder = mkdtempSync(join(tmpdir(), "nodejs-websocket-elf-"));
	afterAll(() => rmSync(folder, { recursive: true }));

	/** A file whose header says that 4 section headers end at byte 1000. */
	function elf({ is64 = true, magic = "\x7fELF", order = 1, bytes = 1000 }) {
		const file = Buffer.alloc(2000);
		file.write(magic, "latin1");
		file.set([is64 ? 2 : 1, order], 4);
		const size = is64 ? 64 : 40;
		if (is64) file.writeBigUInt64LE(BigInt(1000 - 4 * size), 0x28);
		else file.writeUInt32LE(1000 - 4 * size, 0x20);
		file.writeUInt16LE(size, is64 ? 0x3a : 0x2e);
		file.writeUInt16LE(4, is64 ? 0x3c : 0x30);
		const path = join(folder, "file.node");
		writeFileSync(path, file.subarray(0, bytes));
		return path;
	}

	test.each([true, false])(
		"is one that ends too early; 64 bits: %s",
		(is64) => {
			expect(isCutOff(elf({ is64, bytes: 999 }))).toBe(true);
			expect(isCutOff(elf({ is64, bytes: 64 }))).toBe(true);
			expect(isCutOff(elf({ is64, bytes: 1000 }))).toBe(false);
			expect(isCutOff(elf({ is64, bytes: 2000 }))).toBe(false);
		},
	);

	test("is not any other file: its own loader judges that", () => {
		expect(isCutOff(elf({ magic: "MZ\0\0", bytes: 100 }))).toBe(false);
		expect(isCutOff(elf({ order: 2, bytes: 100 }))).toBe(false);
		expect(isCutOff(elf({ bytes: 63 }))).toBe(false);
		expect(isCutOff(elf({ bytes: 0 }))).toBe(false);
	});

	test("is not one that is not there", () => {
		expect(() => isCutOff(join(folder, "none"))).toThrow(/ENOENT/);
	});
});
