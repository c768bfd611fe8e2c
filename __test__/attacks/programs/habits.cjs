/** How the victim's program behaves, by name: what it does with a connection, and its hooks in the opening handshake. */
const { BYSTANDER } = require("./bystander.cjs");
const { until } = require("./measure.cjs");

/** What it does with a connection. `notes` is the connection's part of the log; a bystander's has none. */
const connection = {
	/** Sends texts back. Binary messages are discarded, as nobody listens. */
	echoes(connection, notes = {}) {
		connection.on("text", (text) => {
			notes.texts++;
			connection.sendText(text);
		});
	},

	/** Has binary messages put together. */
	collects(connection, notes) {
		connection.on("message", (_data, isBinary) => {
			if (isBinary) notes.binaries++;
			else notes.texts++;
		});
	},

	/** Reads binary messages as streams. */
	streams(connection, notes) {
		connection.on("binary", (stream) => {
			notes.binaries++;
			stream.resume();
		});
	},

	/** Opens binary streams and does not read them. */
	leaves(connection, notes) {
		connection.on("binary", () => notes.binaries++);
	},

	/** Closes the connection when it is asked to. */
	closes(connection, notes) {
		connection.on("text", () => {
			notes.texts++;
			connection.close(1000, "as asked");
		});
		connection.on("message", (_data, isBinary) => {
			if (isBinary) notes.binaries++;
		});
	},

	/** Sends texts back, and stops reading behind the text "pause". */
	pauses(connection, notes) {
		connection.on("text", (text) => {
			notes.texts++;
			connection.sendText(text);
			if (text === "pause") connection.pause();
		});
	},

	/** Sends texts back, and throws in every listener for what begins with "boom". */
	fails(connection, notes) {
		const fail = (name, data) => {
			if (String(data).startsWith("boom")) throw new Error(`${name}: ${data}`);
		};
		connection.on("text", (text) => {
			notes.texts++;
			if (!text.startsWith("boom")) connection.sendText(text);
			fail("text", text);
		});
		connection.on("ping", (text) => fail("ping", text));
		connection.on("pong", (text) => fail("pong", text));
		connection.on("message", (data, isBinary) => {
			if (isBinary) fail("message", data);
		});
		connection.on("close", (_code, reason) => fail("close", reason));
	},

	/** Reads binary streams, and throws for each piece of those that begin with "boom". */
	failsInStreams(connection, notes) {
		connection.on("text", (text) => connection.sendText(text));
		connection.on("binary", (stream) => {
			notes.binaries++;
			stream.on("data", (piece) => {
				if (String(piece).startsWith("boom")) throw new Error(`data: ${piece}`);
			});
		});
	},

	/** Listens for nothing at all, 'error' included. */
	ignores(connection) {
		connection.removeAllListeners("error");
	},

	/** Throws as soon as there is a connection. */
	throws() {
		throw new Error("a listener of 'connection'");
	},
};

const selectProtocol = {
	throws() {
		throw new Error("no such table");
	},
	injects: () => "chat\r\nX: y",
	/** What was not offered, and what is no subprotocol at all. */
	invents: () => "other",
	counts: () => 7,
	objects: () => ({}),
};

/** A hook that lets the bystander in, and decides about others by `decide`. */
const unlessBystander = (decide) => (request) =>
	request.url === BYSTANDER || decide(request);

const authorize = {
	throws: unlessBystander(() => {
		throw new Error("no such user");
	}),
	rejects: unlessBystander(async () => {
		throw new Error("no such user");
	}),
	injects: unlessBystander(() => ({
		statusCode: 401,
		headers: { "WWW-Authenticate": "Bearer\r\nX: y" },
	})),
	/** Decides by the path, when it is told to. */
	waits: unlessBystander(
		(request) =>
			new Promise((resolve) => {
				undecided.push(() => resolve(request.url !== "/forbidden"));
			}),
	),
};

/** What `authorize.waits` has not decided. */
const undecided = [];

/** Has `authorize.waits` decide, once it has been asked about `count` requests. */
async function decide(count) {
	await until("the requests", () => undecided.length === count);
	for (const resolve of undecided.splice(0)) resolve();
}

/** What it does when it is told of a refusal. */
const refusal = {
	throws() {
		throw new Error("a listener of 'handshakeError'");
	},
};

module.exports = { authorize, connection, decide, refusal, selectProtocol };
