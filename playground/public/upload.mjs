import { byId, formatBytes, formatCount } from "./dom.mjs";

const SLICE_BYTES = 128 * 1024;
/** Bytes sent and not yet acknowledged by the server. */
const MAX_UNACKNOWLEDGED_BYTES = 8 * 1024 * 1024;
/** Bytes waiting in the browser. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
/** A page can only hash what it holds in memory at once. */
const MAX_PAGE_HASH_BYTES = 512 * 1024 * 1024;

/** The upload card: one file at a time, on a connection of its own. */
export function startUpload(server, inspector) {
	const input = byId("upload-file");
	const drop = byId("upload-drop");
	let busy = false;

	const begin = async (file) => {
		if (busy || file === undefined) return;
		busy = true;
		input.disabled = true;
		try {
			await uploadAndCompare(server, inspector, file);
		} catch (error) {
			say("bad", error.message);
		} finally {
			busy = false;
			input.disabled = false;
			input.value = "";
		}
	};

	// A file that misses the field would replace the page.
	for (const type of ["dragover", "drop"])
		document.addEventListener(type, (event) => event.preventDefault());
	input.addEventListener("change", () => begin(input.files[0]));
	for (const type of ["dragenter", "dragover"])
		drop.addEventListener(type, () => drop.classList.add("over"));
	for (const type of ["dragleave", "drop"])
		drop.addEventListener(type, () => drop.classList.remove("over"));
	drop.addEventListener("drop", (event) => begin(event.dataTransfer.files[0]));
}

async function uploadAndCompare(server, inspector, file) {
	byId("upload-result").hidden = true;
	byId("upload-going").hidden = false;
	showProgress(0, file.size);
	say("", `Sending ${file.name}`);
	const done = await send(server, inspector, file, (bytes) =>
		showProgress(bytes, file.size),
	);
	byId("upload-server-hash").textContent = done.sha256;
	byId("upload-page-hash").textContent = "computing";
	byId("upload-result").hidden = false;
	const own = await hash(file);
	byId("upload-page-hash").textContent = own.sha256 ?? own.reason;
	const seconds = Math.max(done.milliseconds, 1) / 1000;
	const amount = `${formatCount(done.bytes)} bytes in ${seconds.toFixed(2)} s (${formatBytes(done.bytes / seconds)}/s)`;
	if (own.sha256 === undefined) say("", `${amount}.`);
	else if (own.sha256 === done.sha256 && done.bytes === file.size)
		say("good", `Both agree. ${amount}.`);
	else say("bad", `The hashes differ. ${amount}.`);
}

/** Sends `file` in slices, no faster than the server takes them. Resolves with the server's last message. */
function send(server, inspector, file, onProgress) {
	const socket = new WebSocket(server.url("/upload"));
	const record = inspector.connection("/upload", server.engine);
	const put = (data) => {
		socket.send(data);
		record.passed("out", data);
	};
	let acknowledged = 0;
	let wake = () => {};

	const pump = async () => {
		put(JSON.stringify({ type: "start", name: file.name, size: file.size }));
		for (let offset = 0; offset < file.size; offset += SLICE_BYTES) {
			const slice = await file
				.slice(offset, offset + SLICE_BYTES)
				.arrayBuffer();
			while (offset - acknowledged > MAX_UNACKNOWLEDGED_BYTES)
				await new Promise((resolve) => {
					wake = resolve;
				});
			while (socket.bufferedAmount > MAX_BUFFERED_BYTES)
				await new Promise((resolve) => setTimeout(resolve, 4));
			if (socket.readyState !== WebSocket.OPEN) return;
			put(slice);
		}
		put(JSON.stringify({ type: "end" }));
	};

	return new Promise((resolve, reject) => {
		socket.addEventListener("open", () => {
			record.opened();
			pump().catch((error) => {
				reject(new Error(`The file could not be read: ${error.message}`));
				socket.close(1000);
			});
		});
		socket.addEventListener("message", ({ data }) => {
			record.passed("in", data);
			const message = JSON.parse(data);
			onProgress(message.bytes);
			if (message.type === "progress") {
				acknowledged = message.bytes;
				wake();
			} else {
				resolve(message);
				socket.close(1000);
			}
		});
		socket.addEventListener("close", ({ code, reason }) => {
			record.closed(code, reason);
			acknowledged = Infinity;
			wake();
			reject(
				new Error(`The upload ended early: ${reason || `close code ${code}`}`),
			);
		});
	});
}

async function hash(file) {
	// Browsers keep crypto.subtle for https and for this machine's own addresses.
	if (globalThis.crypto.subtle === undefined)
		return { reason: "only on localhost or https" };
	if (file.size > MAX_PAGE_HASH_BYTES)
		return { reason: "the file is too large" };
	const digest = await crypto.subtle.digest(
		"SHA-256",
		await file.arrayBuffer(),
	);
	return {
		sha256: Array.from(new Uint8Array(digest), (byte) =>
			byte.toString(16).padStart(2, "0"),
		).join(""),
	};
}

function showProgress(bytes, size) {
	byId("upload-progress").value = size === 0 ? 1 : bytes / size;
	byId("upload-amount").textContent =
		`${formatBytes(bytes)} of ${formatBytes(size)}`;
}

function say(kind, text) {
	const verdict = byId("upload-verdict");
	verdict.dataset.kind = kind;
	verdict.textContent = text;
}
