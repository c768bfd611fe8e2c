/** What a server answers to a request that it refuses. */
import { expect } from "vitest";
import type { Wire } from "../support/compat-wire.js";

export interface Answer {
	status: number;
	head: string;
}

/** Reads the one answer to its end and checks that it is whole. */
export async function readAnswer(wire: Wire): Promise<Answer> {
	const head = await wire.head();
	const body = await wire.rest();
	expect(head).toMatch(/^HTTP\/1\.1 \d{3} [A-Z]/);
	expect(head).toMatch(/^connection: .*close\r$/im);
	const length = /^content-length: (\d+)\r$/im.exec(head)?.[1];
	// One answer, of the length it says, and nothing behind it.
	expect(body).toHaveLength(Number(length));
	return { status: statusOf(head), head };
}

/** The status of an answer's head. */
export function statusOf(head: string): number {
	return Number(head.slice(9, 12));
}
