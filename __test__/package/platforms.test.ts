/** The packages of prebuilt addons: that they agree with each other, and that nothing unfit could be shipped. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { publishedManifest } from "../../scripts/packages/pack.mjs";
import { readBinary } from "../../scripts/platforms/binary/index.mjs";
import {
	judge,
	judgePlaced,
	newestGlibc,
} from "../../scripts/platforms/check.mjs";
import { manifestFiles } from "../../scripts/platforms/manifests.mjs";
import { platforms, platformsNamed } from "../../scripts/platforms/table.mjs";
import { nativeFile, platformName } from "../../scripts/setup/native.mjs";
import { nativeMissing, nativeRequired } from "../support/engines.js";
import { root } from "../support/packed.js";

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

describe("the packages in npm/", () => {
	test.each(manifestFiles())(
		"are what the table of platforms makes of them: $path",
		({ path, content }) => {
			expect(readFileSync(path, "utf8")).toBe(content);
		},
	);

	test("are for the targets that package.json names", () => {
		expect(manifest.napi.targets).toEqual(
			platforms.map(({ triple, napiTriple }) => napiTriple ?? triple),
		);
	});

	test("have one for this machine, under the name that the build of the checkout gives it", () => {
		const [own] = platformsNamed([platformName()]);
		expect(own).toMatchObject({ os: process.platform, cpu: process.arch });
	});

	test("know no other platform", () => {
		expect(() => platformsNamed(["linux-x64-gnu", "linux-x32-gnu"])).toThrow(
			"There is no platform linux-x32-gnu.",
		);
	});
});

describe("the version", () => {
	test.each(["Cargo.toml", "Cargo.lock", "crate/fuzz/Cargo.lock"])(
		"is that of package.json in %s",
		(file) => {
			const text = readFileSync(join(root, file), "utf8");
			const [, version] =
				/^name = "nodejs-websocket"\nversion = "([^"]+)"/m.exec(text) ?? [];
			expect(version).toBe(manifest.version);
		},
	);
});

describe("the published manifest", () => {
	const published = publishedManifest(platforms);

	test("wants exactly its own version of the addons, and the checkout's none of them", () => {
		const wanted = published.optionalDependencies;
		expect(Object.keys(wanted)).toHaveLength(platforms.length);
		expect(new Set(Object.values(wanted))).toEqual(new Set([manifest.version]));
		expect(manifest).not.toHaveProperty("optionalDependencies");
	});

	test("has nothing that is only of use in a checkout", () => {
		for (const name of ["devDependencies", "scripts", "napi"])
			expect(published).not.toHaveProperty(name);
		expect(published.exports).toEqual(manifest.exports);
	});
});

/** A Mach-O file with nothing but load commands. */
function machO(minos: number): Buffer {
	const file = Buffer.alloc(128);
	file.writeUInt32LE(0xfeedfacf, 0);
	file.writeUInt32LE(0x0100000c, 4);
	file.writeUInt32LE(2, 16);
	// LC_BUILD_VERSION, then LC_LOAD_DYLIB with its name behind it.
	file.writeUInt32LE(0x32, 32);
	file.writeUInt32LE(24, 36);
	file.writeUInt32LE(minos, 44);
	file.writeUInt32LE(0xc, 56);
	file.writeUInt32LE(56, 60);
	file.writeUInt32LE(24, 64);
	file.write("/opt/lib/libx.dylib\0", 80);
	return file;
}

/** A PE file of one section, which exports a name and imports a library. */
function pe(): Buffer {
	const file = Buffer.alloc(1024);
	file.write("MZ");
	file.writeUInt32LE(64, 0x3c);
	file.write("PE\0\0", 64);
	file.writeUInt16LE(0x8664, 68);
	file.writeUInt16LE(1, 70);
	file.writeUInt16LE(128, 84);
	file.writeUInt16LE(0x20b, 88);
	file.writeUInt32LE(0x1000, 200);
	file.writeUInt32LE(0x1080, 208);
	// The section: 512 bytes at 0x1000, from offset 512 of the file.
	file.writeUInt32LE(512, 224);
	file.writeUInt32LE(0x1000, 228);
	file.writeUInt32LE(512, 236);
	// Exports: one name, of which there is a list of one.
	file.writeUInt32LE(1, 512 + 24);
	file.writeUInt32LE(0x1040, 512 + 32);
	file.writeUInt32LE(0x1050, 512 + 0x40);
	file.write("napi_register_module_v1\0", 512 + 0x50);
	file.writeUInt32LE(0x10c0, 512 + 0x80 + 12);
	file.write("KERNEL32.dll\0", 512 + 0xc0);
	return file;
}

describe("reading a library", () => {
	test("for macOS: machine, oldest system, what it needs", () => {
		expect(readBinary(machO(0x000b0000))).toMatchObject({
			format: "mach-o",
			architecture: "aarch64",
			minimumOs: "11.0",
			libraries: ["/opt/lib/libx.dylib"],
			signed: false,
		});
	});

	test("for Windows: machine, exports, what it needs", () => {
		expect(readBinary(pe())).toMatchObject({
			format: "pe",
			architecture: "x86-64",
			exports: ["napi_register_module_v1"],
			libraries: ["KERNEL32.dll"],
		});
	});

	test("refuses anything else, and what is cut short", () => {
		expect(() => readBinary(Buffer.alloc(100))).toThrow("neither");
		expect(() => readBinary(Buffer.alloc(10))).toThrow("too short");
		expect(() => readBinary(pe().subarray(0, 600))).toThrow(RangeError);
	});

	test("compares versions of glibc as numbers", () => {
		expect(newestGlibc(["GLIBC_2.9", "GLIBC_2.17", "GCC_3.0"])).toBe("2.17");
		expect(newestGlibc(["GCC_3.0"])).toBeUndefined();
	});
});

describe("an addon is not shipped", () => {
	const [arm, mac] = platformsNamed(["linux-arm64-gnu", "darwin-arm64"]);

	test("when it is for another machine", () => {
		expect(judge(arm, pe()).problems).toContain(
			"it is pe for x86-64, not elf for aarch64",
		);
		expect(judge(arm, Buffer.alloc(100)).problems).toEqual([
			"it is neither ELF, Mach-O nor PE",
		]);
	});

	test("when it would not load where the package is installed", () => {
		expect(judge(mac, machO(0x000e0000)).problems).toEqual(
			expect.arrayContaining([
				"it does not export napi_register_module_v1",
				"it needs the library /opt/lib/libx.dylib",
				"it is for macOS 14.0, newer than 11.0",
				"it is not signed",
			]),
		);
	});

	test("when it is of another version, or tells of the machine that built it", () => {
		const told = Buffer.concat([pe(), Buffer.from(`${root}x`)]);
		expect(judge(arm, told).problems).toEqual(
			expect.arrayContaining([
				`it does not contain the version, ${manifest.version}`,
				expect.stringContaining("it contains a path of this machine"),
			]),
		);
	});

	test("when it has not been built", () => {
		expect(judgePlaced({ ...arm, name: "linux-arm64-none" }).problems).toEqual([
			"it has not been built",
		]);
	});
});

test.skipIf(nativeMissing !== null && !nativeRequired)(
	"this checkout's addon shows Node its entry point, and is linked to none of Node's functions",
	() => {
		const { exports, imports } = readBinary(readFileSync(nativeFile()));
		expect(exports).toContain("napi_register_module_v1");
		expect(imports.filter((name) => name.startsWith("napi_"))).toEqual([]);
	},
);
