/** The judgement itself: each thing that can go wrong is found, and nothing else is. */
import { describe, expect, test } from "vitest";
import { historiesOf } from "./history.mjs";
import { judge } from "./judge.mjs";
import { CLIENT, Kind, type LedgerRecord, SERVER } from "./ledger.mjs";

type Records = LedgerRecord[];
type Rest = Partial<LedgerRecord>;

function record(kind: number, end: number, rest: Rest = {}): LedgerRecord {
	const zeroes = { code: 0, number: 0, length: 0, checksum: 0, flag: false };
	return { kind, connection: 0, end, ...zeroes, ...rest };
}

/** Message `number` of `sender`: no two are alike. */
function message(sender: number, number: number): Rest {
	return { number, flag: true, length: 10, checksum: 100 * sender + number };
}

/** Each end sends `count` messages, and a ping that is answered. All arrive. */
function talk(count: number): Records {
	return [CLIENT, SERVER].flatMap((end) => {
		const numbers = Array.from({ length: count }, (_, number) => number);
		const ping = { length: 1, checksum: 7 };
		return [
			record(Kind.OPENED, end),
			...numbers.flatMap((number) => [
				record(Kind.SENT, end, message(end, number)),
				record(Kind.CALLBACK_GIVEN, end, { number }),
				record(Kind.CALLBACK_CALLED, end, { number }),
				record(Kind.RECEIVED, 1 - end, message(end, number)),
			]),
			record(Kind.PING_SENT, end, ping),
			record(Kind.PING_RECEIVED, 1 - end, ping),
			record(Kind.PONG_RECEIVED, end, ping),
			record(Kind.PASSED, end, { number: count, flag: true }),
		];
	});
}

/** The client closes with 1000, after the last message of the server. */
function closed(): Records {
	const ends = [CLIENT, SERVER].flatMap((end) => [
		record(Kind.CLOSE_EVENT, end, { code: 1000 }),
		record(Kind.CLOSED, end, { code: 1000, flag: true }),
	]);
	const called = { code: 1000, flag: true };
	return [...talk(3), record(Kind.CLOSE_CALLED, CLIENT, called), ...ends];
}

/** A fault ends the connection before anybody closes it. */
function lost(): Records {
	const ends = [CLIENT, SERVER].flatMap((end) => [
		record(Kind.CLOSE_EVENT, end, { code: 1006 }),
		record(Kind.CLOSED, end, { code: 1006 }),
	]);
	return [...talk(3), record(Kind.FAULT, CLIENT), ...ends];
}

/** What is wrong with it, each kind once. The checksum of a message that was cut off should be 1 a byte. */
function wrongs(records: Records): string[] {
	const history = historiesOf(records).get(0);
	if (history === undefined) throw new Error("there are no records");
	const violations = judge(history, (_end, _number, length) => length);
	return [...new Set(violations.map(({ wrong }) => wrong))];
}

/** The records without those of a kind and end; `number` picks one of them. */
function without(
	records: Records,
	kind: number,
	end: number,
	number?: number,
): Records {
	return records.filter(
		(one) =>
			one.kind !== kind ||
			one.end !== end ||
			(number !== undefined && one.number !== number),
	);
}

/** The records with those of a kind and end changed. */
function changed(
	records: Records,
	kind: number,
	end: number,
	change: (one: LedgerRecord) => Rest,
): Records {
	return records.map((one) =>
		one.kind === kind && one.end === end ? { ...one, ...change(one) } : one,
	);
}

/** As if the messages that `end` receives were those with the given numbers. */
function receivedAs(records: Records, end: number, numbers: number[]): Records {
	return [
		...without(records, Kind.RECEIVED, end),
		...numbers.map((origin, number) =>
			record(Kind.RECEIVED, end, { ...message(1 - end, origin), number }),
		),
	];
}

describe("nothing is wrong with a connection", () => {
	test("that is closed by a closing handshake", () => {
		expect(wrongs(closed())).toEqual([]);
	});

	test("that a fault ends", () => {
		expect(wrongs(lost())).toEqual([]);
	});

	test("that a reset ends before everything was read", () => {
		const records = changed(lost(), Kind.PASSED, CLIENT, () => ({
			flag: false,
		}));
		expect(wrongs(without(records, Kind.RECEIVED, SERVER, 2))).toEqual([]);
	});

	test("that is closed with no regard to what still comes", () => {
		const records = changed(closed(), Kind.CLOSE_CALLED, CLIENT, () => ({
			flag: false,
		}));
		expect(wrongs(without(records, Kind.RECEIVED, CLIENT, 2))).toEqual([]);
	});

	test("that the program terminates", () => {
		const records = without(lost(), Kind.FAULT, CLIENT);
		records.push(record(Kind.TERMINATE_CALLED, SERVER));
		expect(wrongs(records)).toEqual([]);
	});

	test("that a fault ends in its closing handshake", () => {
		const records = changed(closed(), Kind.CLOSED, CLIENT, () => ({
			code: 1006,
			flag: false,
		}));
		expect(wrongs([...records, record(Kind.FAULT, SERVER)])).toEqual([]);
	});

	test("that a fault ends in its opening handshake", () => {
		const records = [
			record(Kind.FAULT, CLIENT),
			record(Kind.CLOSE_EVENT, CLIENT, { code: 1006 }),
			record(Kind.CLOSED, CLIENT, { code: 1006 }),
		];
		expect(wrongs(records)).toEqual([]);
	});

	test("whose last message was cut off", () => {
		const records = without(lost(), Kind.RECEIVED, SERVER, 2);
		const passed = changed(records, Kind.PASSED, CLIENT, () => ({ number: 2 }));
		passed.push(
			record(Kind.CUT_OFF, SERVER, { number: 2, length: 4, checksum: 4 }),
		);
		expect(wrongs(passed)).toEqual([]);
	});
});

describe("a message is found to be", () => {
	test("duplicated", () => {
		expect(wrongs(receivedAs(lost(), SERVER, [0, 1, 1, 2]))).toEqual([
			"duplicated",
		]);
	});

	test("duplicated behind the last", () => {
		expect(wrongs(receivedAs(lost(), SERVER, [0, 1, 2, 2]))).toEqual([
			"duplicated",
		]);
	});

	test("out of order", () => {
		expect(wrongs(receivedAs(lost(), CLIENT, [0, 2, 1]))).toEqual([
			"out of order",
		]);
	});

	test("missing between others", () => {
		expect(wrongs(receivedAs(lost(), CLIENT, [0, 2]))).toEqual([
			"out of order",
		]);
	});

	test.each<[string, Rest]>([
		["in its bytes", { checksum: 5555 }],
		["in its length", { length: 11 }],
		["in its type", { flag: false }],
	])("altered %s", (_what, change) => {
		const records = changed(lost(), Kind.RECEIVED, SERVER, (one) =>
			one.number === 1 ? change : {},
		);
		expect(wrongs(records)).toEqual(["altered"]);
	});

	test("one that was never sent", () => {
		expect(wrongs(receivedAs(lost(), SERVER, [0, 1, 2, 3]))).toEqual([
			"altered",
		]);
	});

	test("altered in the part that came", () => {
		const records = without(lost(), Kind.RECEIVED, SERVER, 2);
		const passed = changed(records, Kind.PASSED, CLIENT, () => ({ number: 2 }));
		passed.push(
			record(Kind.CUT_OFF, SERVER, { number: 2, length: 4, checksum: 5 }),
		);
		expect(wrongs(passed)).toEqual(["altered"]);
	});

	test("received behind one that was cut off", () => {
		const records = without(lost(), Kind.RECEIVED, SERVER, 1);
		records.push(
			record(Kind.CUT_OFF, SERVER, { number: 1, length: 4, checksum: 4 }),
		);
		expect(wrongs(records)).toContain("out of order");
	});

	test("missing behind a close frame that has come", () => {
		expect(wrongs(without(closed(), Kind.RECEIVED, SERVER, 2))).toEqual([
			"missing",
		]);
	});

	test("missing though the peer's last one has come", () => {
		expect(wrongs(without(closed(), Kind.RECEIVED, CLIENT, 2))).toEqual([
			"missing",
		]);
	});

	test("missing though it was passed on before the end", () => {
		expect(wrongs(without(lost(), Kind.RECEIVED, SERVER, 2))).toEqual([
			"missing",
		]);
	});
});

describe("pings and pongs are found to be", () => {
	test("missing", () => {
		expect(wrongs(without(closed(), Kind.PING_RECEIVED, SERVER))).toEqual([
			"missing",
		]);
	});

	test("altered", () => {
		const ping = changed(lost(), Kind.PING_RECEIVED, SERVER, () => ({
			checksum: 8,
		}));
		expect(wrongs(ping)).toEqual(["altered"]);
		const pong = changed(lost(), Kind.PONG_RECEIVED, SERVER, () => ({
			checksum: 8,
		}));
		expect(wrongs(pong)).toEqual(["altered"]);
	});

	test("more than there should be", () => {
		const rest = { number: 1, length: 1, checksum: 7 };
		const records = [...lost(), record(Kind.PONG_RECEIVED, CLIENT, rest)];
		expect(wrongs(records)).toEqual(["altered"]);
	});
});

describe("a callback is found to be", () => {
	test("never called", () => {
		expect(wrongs(without(lost(), Kind.CALLBACK_CALLED, CLIENT, 1))).toEqual([
			"callbacks",
		]);
	});

	test("called again", () => {
		const again = record(Kind.CALLBACK_CALLED, CLIENT, { number: 1 });
		expect(wrongs([...lost(), again])).toEqual(["callbacks"]);
	});

	test("called with an error where all was sent", () => {
		const records = changed(closed(), Kind.CALLBACK_CALLED, CLIENT, () => ({
			flag: true,
		}));
		expect(wrongs(records)).toEqual(["callbacks"]);
	});
});

describe("an end is found to be told wrongly", () => {
	test.each([
		["never by 'close'", without(lost(), Kind.CLOSE_EVENT, SERVER)],
		["never by `closed`", without(lost(), Kind.CLOSED, CLIENT)],
		["twice", [...lost(), record(Kind.CLOSE_EVENT, SERVER, { code: 1006 })]],
		["of its opening twice", [...lost(), record(Kind.OPENED, SERVER)]],
		[
			"another code by 'close'",
			changed(lost(), Kind.CLOSE_EVENT, CLIENT, () => ({ code: 1000 })),
		],
		[
			"another code by `closed`",
			changed(closed(), Kind.CLOSED, SERVER, () => ({ code: 1001 })),
		],
		[
			"of a clean end that nobody asked for",
			changed(lost(), Kind.CLOSED, SERVER, () => ({ flag: true })),
		],
		[
			"of a clean end that its peer did not see",
			[
				...changed(closed(), Kind.CLOSED, SERVER, () => ({
					flag: false,
					code: 1006,
				})),
				record(Kind.FAULT, SERVER),
			],
		],
		[
			"of an opening that its server did not see",
			lost().filter(({ kind, end }) => end === CLIENT || kind === Kind.PASSED),
		],
	])("%s", (_what, records) => {
		expect(wrongs(records)).toContain("ends told wrongly");
	});
});

describe("a loss is found to be unexplained", () => {
	test("where there was no fault", () => {
		expect(wrongs(without(lost(), Kind.FAULT, CLIENT))).toEqual([
			"unexplained losses",
		]);
	});

	test("where an end reset the connection by itself", () => {
		expect(wrongs([...closed(), record(Kind.RESET, CLIENT)])).toEqual([
			"unexplained losses",
		]);
	});
});
