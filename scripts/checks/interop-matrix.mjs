/** The matrix of the interoperability tests, made of what they leave in vitest's reports. */

/** @typedef {import("./vitest.mjs").Report} Report */

/**
 * What a test leaves: the type `Outcome` of __test__/interop/talk.ts.
 *
 * @typedef {object} Outcome
 * @property {string} peer
 * @property {string} version
 * @property {"server" | "client"} role Ours.
 * @property {string} scheme
 * @property {string} engine
 * @property {number} exchanges
 * @property {string[]} lacks
 */

/** @typedef {Outcome & { passed: boolean }} Result */

const columns = ["server", "client"].flatMap((role) =>
	["ws", "wss"].flatMap((scheme) =>
		["native", "typescript"].map((engine) => ({ role, scheme, engine })),
	),
);

/**
 * @param {Report[]} reports
 * @returns {Result[]}
 */
export function interopResults(reports) {
	return reports
		.flatMap(({ testResults }) => testResults)
		.flatMap(({ assertionResults }) => assertionResults)
		.flatMap(({ status, meta }) =>
			meta?.interop && status !== "skipped"
				? [{ ...meta.interop, passed: status === "passed" }]
				: [],
		);
}

/** @param {string[]} cells */
const line = (cells) => `| ${cells.join(" | ")} |`;

/** @param {Result[]} results Those of one cell. */
function cell(results) {
	if (results.length === 0) return "–";
	const failed = results.filter(({ passed }) => !passed).length;
	const exchanges = results.reduce((sum, result) => sum + result.exchanges, 0);
	return failed > 0 ? `${exchanges}, **${failed} failed**` : `${exchanges}`;
}

/** @param {Result[]} results Those of one peer. */
function row(results) {
	const { peer, version } = results[0];
	const cells = columns.map(({ role, scheme, engine }) =>
		cell(
			results.filter(
				(result) =>
					result.role === role &&
					result.scheme === scheme &&
					result.engine === engine,
			),
		),
	);
	return line([`${peer} ${version}`, ...cells]);
}

const INTRODUCTION = `
## Interoperability

How many exchanges went well between this library and others: messages (text and binary, 0 B to 16 MiB, whole and in
fragments) compared byte for byte, pings answered, connections closed by either side with their codes and reasons,
subprotocols agreed on, headers passed on, messages refused as too long, certificates refused as not trusted. The peers are
the packages of their registries, and verify the certificate of \`wss://\`. \`npm run test:interop\` installs what is missing
and repeats it, and with \`-- --record\` writes this section.
`;

/**
 * The section on interoperability: a table with a row per peer, and what could not be exchanged.
 *
 * @param {Result[]} results
 */
export function renderInterop(results) {
	const names = new Set(results.map(({ peer }) => peer));
	const byPeer = [...names]
		.sort((a, b) => a.localeCompare(b, "en"))
		.map((name) => results.filter(({ peer }) => peer === name));
	const heads = columns.map(
		({ role, scheme, engine }) =>
			`our ${role}, ${scheme}://, ${engine === "native" ? "native" : "TypeScript"}`,
	);
	const omitted = byPeer
		.filter(([{ lacks }]) => lacks.length > 0)
		.map(([{ peer, lacks }]) => `- ${peer}: ${lacks.join("; ")}.`);
	return [
		INTRODUCTION.trim(),
		"",
		line(["peer", ...heads]),
		`|---|${columns.map(() => "--:|").join("")}`,
		...byPeer.map(row),
		"",
		`Recorded with Node.js ${process.versions.node} on ${process.platform}-${process.arch}. Left out, for what the peers have not:`,
		"",
		...omitted,
	].join("\n");
}
