import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import {
	CLIENT,
	checksumOf,
	Kind,
	LedgerWriter,
	readLedger,
	SERVER,
} from "./ledger.mjs";

const folder = mkdtempSync(join(tmpdir(), "ledger-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("a ledger reads as it was written, over many blocks", () => {
	const file = join(folder, "test.ledger");
	const writer = new LedgerWriter(file);
	const checksum = checksumOf(Buffer.from("a message"));
	const records = Array.from({ length: 6000 }, (_, number) => ({
		kind: number % 2 === 0 ? Kind.SENT : Kind.CLOSED,
		connection: number * 700_000,
		end: number % 3 === 0 ? CLIENT : SERVER,
		flag: number % 5 === 0,
		code: number * 10,
		number,
		length: number * 700_000,
		checksum,
	}));
	for (const { kind, connection, end, ...rest } of records)
		writer.write(kind, connection, end, rest);
	writer.close();
	expect([...readLedger(file)]).toEqual(records);
});
