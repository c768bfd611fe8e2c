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
 * @property {"native" | "socket"} transport
 * @property {string} [terms] How the messages were compressed, where that is what was tried.
 * @property {number} exchanges
 * @property {string[]} lacks
 */

/** @typedef {Outcome & { passed: boolean }} Result */

/** @typedef {Pick<Outcome, "role" | "scheme" | "engine" | "transport"> & { head: string }} Column */

/** The combinations of engine and transport. */
const ways = /** @type {const} */ ([
	{ engine: "native", transport: "socket", head: "native" },
	{ engine: "native", transport: "native", head: "native transport" },
	{ engine: "typescript", transport: "socket", head: "TypeScript" },
]);

/** TLS is not for the native transport. @type {Column[]} */
const columns = /** @type {const} */ (["server", "client"]).flatMap((role) =>
	["ws", "wss"].flatMap((scheme) =>
		ways
			.filter(({ transport }) => scheme === "ws" || transport === "socket")
			.map((way) => ({
				...way,
				role,
				scheme,
				head: `our ${role}, ${scheme}://, ${way.head}`,
			})),
	),
);

/**
 * The results that tests have left.
 *
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

/** @param {Result[]} results Those of a row. @param {Column[]} columns */
function cells(results, columns) {
	return columns.map(({ role, scheme, engine, transport }) =>
		cell(
			results.filter(
				(result) =>
					result.role === role &&
					result.scheme === scheme &&
					result.engine === engine &&
					result.transport === transport,
			),
		),
	);
}

/** @param {Result[]} results Those of one peer. */
function row(results) {
	const { peer, version } = results[0];
	return line([`${peer} ${version}`, ...cells(results, columns)]);
}

const compressedColumns = columns.filter(({ scheme }) => scheme === "ws");

/** @param {Result[]} results Those of one peer on the same terms. */
function compressedRow(results) {
	const { peer, version, terms = "" } = results[0];
	const head = [`${peer} ${version}`, terms];
	return line([...head, ...cells(results, compressedColumns)]);
}

/**
 * @template T
 * @param {T[]} list
 * @param {(item: T) => string} keyOf
 */
function grouped(list, keyOf) {
	return [...new Set(list.map(keyOf))].map((key) =>
		list.filter((item) => keyOf(item) === key),
	);
}

/** @param {string[]} heads Those of a table. @param {number} texts How many columns are no figures. */
const head = (heads, texts) => [
	line(heads),
	`|${heads.map((_, at) => (at < texts ? "---|" : "--:|")).join("")}`,
];

const INTRODUCTION = `
## Interoperability

How many exchanges went well between this library and others: messages (text and binary, 0 B to 16 MiB, whole and in
fragments) compared byte for byte, pings answered, connections closed by either side with their codes and reasons,
subprotocols agreed on, headers passed on, messages refused as too long, certificates refused as not trusted. The peers are
the packages of their registries, and verify the certificate of \`wss://\`. \`npm run test:interop\` installs what is missing
and repeats it, and with \`-- --record\` writes this section. The native transport is for \`ws://\`.
`;

const COMPRESSED = `
### Compressed messages

Texts and binary messages over connections that have agreed on permessage-deflate, both ways. The terms are those that the
other library asks for, or with Chromium those of our server. No context takeover is what uWebSockets negotiates where its
connections share a compressor.
`;

/**
 * The section on interoperability: a table with a row per peer, and what could not be exchanged.
 *
 * @param {Result[]} results
 */
export function renderInterop(results) {
	const sorted = results.toSorted((a, b) => a.peer.localeCompare(b.peer, "en"));
	const byPeer = grouped(
		sorted.filter(({ terms }) => terms === undefined),
		({ peer }) => peer,
	);
	const byTerms = grouped(
		sorted.filter(({ terms }) => terms !== undefined),
		({ peer, terms }) => `${peer}: ${terms}`,
	);
	const omitted = byPeer
		.filter(([{ lacks }]) => lacks.length > 0)
		.map(([{ peer, lacks }]) => `- ${peer}: ${lacks.join("; ")}.`);
	return [
		INTRODUCTION.trim(),
		"",
		...head(["peer", ...columns.map(({ head }) => head)], 1),
		...byPeer.map(row),
		"",
		`Recorded with Node.js ${process.versions.node} on ${process.platform}-${process.arch}. Left out, for what the peers have not:`,
		"",
		...omitted,
		"",
		COMPRESSED.trim(),
		"",
		...head(["peer", "terms", ...compressedColumns.map(({ head }) => head)], 2),
		...byTerms.map(compressedRow),
	].join("\n");
}
