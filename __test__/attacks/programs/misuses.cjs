/** Calls with arguments that are not what they should be, by name. What they are to lead to is in frames/arguments.test.ts. */
const { Worker } = require("node:worker_threads");

const TEN_AS = Buffer.alloc(10, "A");

/** A Uint8Array of ten "A" that says to be longer. */
class Longer extends Uint8Array {
	get length() {
		return 5000;
	}

	get byteLength() {
		return 5000;
	}
}

function lying(length) {
	const bytes = Uint8Array.from(TEN_AS);
	for (const name of ["length", "byteLength"])
		Object.defineProperty(bytes, name, { value: length });
	return bytes;
}

/** Is an instance by its prototype, and has no memory. */
const memoryless = () =>
	Object.create(Uint8Array.prototype, {
		length: { value: 5000 },
		byteLength: { value: 5000 },
		byteOffset: { value: 0 },
		buffer: { value: new ArrayBuffer(8) },
	});

function transferred(bytes) {
	structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
	return bytes;
}

const close = {
	"a Float32Array as reason": (c) => c.close(1000, new Float32Array(20)),
	"a Buffer as reason": (c) => c.close(1000, Buffer.alloc(20)),
	"a number as reason": (c) => c.close(1000, 100),
	"an object with a length as reason": (c) => c.close(1000, { length: 100 }),
	"a reason of 124 bytes": (c) => c.close(1000, "x".repeat(124)),
	"a reason of 62 characters of two bytes": (c) =>
		c.close(1000, "é".repeat(62)),
	"a Float32Array as code": (c) => c.close(new Float32Array([1000])),
	"a code as text": (c) => c.close("1000"),
	"a fraction as code": (c) => c.close(1000.5),
	"a code that may not be sent": (c) => c.close(1006),
};

const sendPing = {
	"a number": (c) => c.sendPing(100),
	"an object with a length": (c) => c.sendPing({ length: 100 }),
	"an array": (c) => c.sendPing([1, 2, 3]),
	"126 bytes": (c) => c.sendPing("x".repeat(126)),
	"63 characters of two bytes": (c) => c.sendPing("é".repeat(63)),
	"126 bytes that say to be one": (c) => {
		const bytes = Buffer.alloc(126);
		Object.defineProperty(bytes, "byteLength", { value: 1 });
		Object.defineProperty(bytes, "length", { value: 1 });
		c.sendPing(bytes);
	},
};

const sendBinary = {
	"a number": (c) => c.sendBinary(100),
	"an object with a length": (c) => c.sendBinary({ length: 100 }),
	"an array": (c) => c.sendBinary([1, 2, 3]),
	"a string": (c) => c.sendBinary("text"),
	"a number, by send": (c) => c.send(100),
	"what has the prototype of bytes and no memory": (c) =>
		c.sendBinary(memoryless()),
	"a proxy of bytes": (c) => c.sendBinary(new Proxy(TEN_AS, {})),
	"bytes that were transferred away": (c) =>
		c.sendBinary(transferred(new Uint8Array(100))),
	"an ArrayBuffer that was transferred away": (c) =>
		c.sendBinary(transferred(new Uint8Array(100)).buffer),
	"a DataView that was transferred away": (c) =>
		c.sendBinary(transferred(new DataView(new ArrayBuffer(100)))),
};

const sendText = {
	"a number": (c) => c.sendText(100),
	"an object with a length": (c) => c.sendText({ length: 100 }),
	"an array": (c) => c.sendText(["a"]),
	undefined: (c) => c.sendText(),
	"bytes that are no UTF-8": (c) => c.sendText(Buffer.from([0xff])),
	"what has the prototype of bytes and no memory": (c) =>
		c.sendText(memoryless()),
};

/** Bytes that say to have another length than they have: the ten there are go out, whatever else is done with them. */
const lies = {
	"of a class with a length of its own": (c) =>
		c.sendBinary(new Longer(10).fill(0x41)),
	"with a length that is too long": (c) => c.sendBinary(lying(5000)),
	"with a length that is much too long": (c) => c.sendBinary(lying(100_000)),
	"with a length that is too short": (c) => c.sendBinary(lying(1)),
	"with a length below zero": (c) => c.sendBinary(lying(-1)),
	"sent as text": (c) => c.sendText(lying(5000)),
	"sent in a ping": (c) => c.sendPing(lying(100)),
	"written to a stream": (c) => {
		const stream = c.beginBinary();
		const bytes = Buffer.from(TEN_AS);
		Object.defineProperty(bytes, "length", { value: 5000 });
		stream.write(bytes.subarray(0, 0));
		stream.end(bytes);
	},
};

/** What is done to memory right behind the call that sends it. The 40 × `factor` bytes "A" go out. */
const changes = {
	"transferred away": (c, factor) => {
		const bytes = new Uint8Array(40 * factor).fill(0x41);
		c.sendBinary(bytes);
		transferred(bytes);
	},
	"resized to nothing": (c, factor) => {
		const memory = new ArrayBuffer(40 * factor, { maxByteLength: 80 * factor });
		c.sendBinary(new Uint8Array(memory).fill(0x41));
		memory.resize(0);
	},
	shared: (c, factor) => {
		const bytes = new Uint8Array(new SharedArrayBuffer(40 * factor)).fill(0x41);
		c.sendBinary(bytes);
		bytes.fill(0x42);
	},
};

/** Sends texts of memory that another thread makes invalid all the while. Returns how many it was allowed to send. */
async function race(connection, count) {
	const bytes = new Uint8Array(new SharedArrayBuffer(4096)).fill(0x41);
	const worker = new Worker(
		`const { workerData: bytes } = require("node:worker_threads");
		for (;;) { bytes.fill(0xff, 2000, 2010); for (let i = 0; i < 1000; i++); bytes.fill(0x41, 2000, 2010); for (let i = 0; i < 1000; i++); }`,
		{ eval: true, workerData: bytes },
	);
	await new Promise((resolve) => worker.once("online", resolve));
	let sent = 0;
	for (let i = 0; i < count; i++) {
		try {
			connection.sendText(bytes);
			sent++;
		} catch {
			// It was invalid when it was looked at.
		}
	}
	await worker.terminate();
	return sent;
}

module.exports = {
	changes,
	race,
	refused: { close, sendBinary, sendPing, sendText },
	lies,
};
