import type { StreamCase } from "./streams.js";

/** At most this many candidates are tried. */
const MAX_TRIALS = 4000;

/**
 * The smallest stream that this finds for which `fails` still holds: without suspensions and cuts where they do not
 * matter, and with bytes taken out, in halves first and one by one at last.
 */
export function reduceCase(
	stream: StreamCase,
	fails: (candidate: StreamCase) => boolean,
): StreamCase {
	let best = stream;
	let trials = 0;
	const attempt = (change: Partial<StreamCase>): boolean => {
		if (trials >= MAX_TRIALS) return false;
		trials++;
		const candidate = { ...best, ...change };
		if (!fails(candidate)) return false;
		best = candidate;
		return true;
	};

	for (let before = -1; before !== sizeOf(best); ) {
		before = sizeOf(best);
		attempt({ suspendAfter: [] });
		attempt({ cuts: [] });
		for (const key of ["cuts", "suspendAfter"] as const) {
			for (let at = best[key].length - 1; at >= 0; at--)
				attempt({ [key]: best[key].toSpliced(at, 1) });
		}
		const length = best.bytes.length / 2;
		for (let size = length >> 1; size >= 1; size >>= 1) {
			for (let at = 0; at + size <= best.bytes.length / 2; ) {
				if (!attempt(withoutBytes(best, at, size))) at += size;
			}
		}
		for (const size of [64, 16, 4, 1]) {
			for (let at = 0; at + size < best.bytes.length / 2; ) {
				if (!attempt(withShorterFrame(best, at, size))) at++;
			}
		}
	}
	return best;
}

function sizeOf({ bytes, cuts, suspendAfter }: StreamCase): number {
	return bytes.length + cuts.length + suspendAfter.length;
}

/** The stream without `size` bytes at `at`; the cuts behind them move along. */
function withoutBytes(
	{ bytes, cuts }: StreamCase,
	at: number,
	size: number,
): Partial<StreamCase> {
	return {
		bytes: bytes.slice(0, at * 2) + bytes.slice((at + size) * 2),
		cuts: cuts.map((cut) => (cut < at + size ? Math.min(cut, at) : cut - size)),
	};
}

/** The stream with `size` bytes behind `at` taken out, and `size` less in the byte at `at`: it may be a length. */
function withShorterFrame(
	stream: StreamCase,
	at: number,
	size: number,
): Partial<StreamCase> {
	const shorter = withoutBytes(stream, at + 1, size);
	const bytes = Buffer.from(shorter.bytes ?? "", "hex");
	bytes[at] -= size;
	return { ...shorter, bytes: bytes.toString("hex") };
}
