/** What a process still holds at the end is found, too. */
import { describe, expect, test } from "vitest";
import { problemsOf } from "./report.mjs";
import type { Left, Result } from "./run.mjs";

const options = {
	variant: "native",
	connections: 10,
	seconds: 1,
	seed: 1,
	folder: "",
};

const vitals = {
	heapBytes: 5e6,
	externalBytes: 2e6,
	descriptors: 20,
	decoders: 0,
	mostDecoders: 7,
	pendingBytes: 0,
};

function resultWith(left: Partial<Left>, rest: Partial<Result> = {}): Result {
	return {
		mostOpen: 10,
		reconnects: 10,
		findings: {
			connections: 20,
			open: 20,
			clean: 15,
			lost: 5,
			halfLost: 0,
			messages: 100,
			bytes: 1000,
			cutOff: 0,
			faults: { cut: 5 },
			wrong: {
				duplicated: 0,
				"out of order": 0,
				altered: 0,
				missing: 0,
				"unexplained losses": 0,
				"ends told wrongly": 0,
				callbacks: 0,
			},
			details: [],
		},
		complaints: [],
		left: [{ role: "server", busy: 0, before: vitals, after: vitals, ...left }],
		...rest,
	};
}

describe("a run has a problem where", () => {
	test("nothing: then it has none", () => {
		expect(problemsOf(resultWith({}), options)).toEqual([]);
	});

	test.each<[string, Partial<Left>]>([
		["a connection never ends", { busy: 1 }],
		["the heap has grown", { after: { ...vitals, heapBytes: 7e6 } }],
		["buffers are kept", { after: { ...vitals, externalBytes: 2.3e6 } }],
		["a descriptor is left", { after: { ...vitals, descriptors: 21 } }],
		["a native decoder is left", { after: { ...vitals, decoders: 1 } }],
		[
			"native decoders were not seen",
			{ after: { ...vitals, mostDecoders: 0 } },
		],
		["bytes are still booked", { after: { ...vitals, pendingBytes: 1 } }],
	])("%s", (_what, left) => {
		expect(problemsOf(resultWith(left), options)).toHaveLength(1);
	});

	test("a process complains", () => {
		const result = resultWith({}, { complaints: ["something happened"] });
		expect(problemsOf(result, options)).toEqual(["something happened"]);
	});

	test("a connection is found to be wrong", () => {
		const result = resultWith({});
		result.findings.wrong.duplicated = 1;
		expect(problemsOf(result, options)).toEqual(["duplicated: 1"]);
	});

	test("too few connections were open at once", () => {
		const result = resultWith({}, { mostOpen: 8 });
		expect(problemsOf(result, options)).toHaveLength(1);
	});

	test("there were no faults", () => {
		const result = resultWith({});
		result.findings.faults = { cut: 0 };
		expect(problemsOf(result, options)).toHaveLength(1);
	});
});
