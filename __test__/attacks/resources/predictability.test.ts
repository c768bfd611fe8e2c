/** What a peer, or who listens, must not be able to foresee: masking keys and Sec-WebSocket-Key. */
import { describe } from "vitest";
import { onClient } from "../support/attack.js";
import { closeOn } from "../support/sight.js";

const FRAMES = 5000;

/** A masked frame with one byte of payload: header, masking key, payload. */
const FRAME_BYTES = 7;

/** Whether each bit of `words` is set in 40 to 60 % of them. */
function isBalanced(words: readonly number[]): boolean {
	for (let bit = 0; bit < 32; bit++) {
		const share = words.filter((word) => (word >>> bit) & 1).length;
		if (share < words.length * 0.4 || share > words.length * 0.6) return false;
	}
	return true;
}

describe("a client whose Math.random and clock stand still", () => {
	onClient({
		name: "masks every frame with another key, each bit of which is set in half of them",
		async run(client) {
			await client.victim.act("predict", true);
			const wire = await client.open();
			await client.victim.untilOpen();
			await client.victim.act("sendMany", FRAMES);
			const bytes = await wire.take(FRAMES * FRAME_BYTES);
			await client.victim.act("predict", false);
			await closeOn(wire, false);
			const keys = Array.from({ length: FRAMES }, (_, i) =>
				bytes.readUInt32BE(i * FRAME_BYTES + 2),
			);
			return {
				// Two of them may be the same, once in some hundred runs.
				isVaried: new Set(keys).size >= FRAMES - 2,
				isBalanced: isBalanced(keys),
			};
		},
		sees: { isVaried: true, isBalanced: true },
	});

	onClient({
		name: "asks with another Sec-WebSocket-Key of 16 bytes each time",
		async run(client) {
			await client.victim.act("predict", true);
			const keys: string[] = [];
			for (let i = 0; i < 50; i++) {
				const { wire, key } = await client.lure();
				keys.push(key);
				wire.reset();
				await wire.gone;
			}
			await client.victim.act("predict", false);
			const lengths = keys.map((key) => Buffer.from(key, "base64").length);
			return { keys: new Set(keys).size, lengths: [...new Set(lengths)] };
		},
		sees: { keys: 50, lengths: [16] },
	});
});
