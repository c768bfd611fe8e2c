/** A lock between processes, so that two test runs never write dist/ at the same time. Held by a file with a pid. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { cache } from "./paths.mjs";

const WAIT_LIMIT_MS = 10 * 60_000;

/** @param {number} pid */
function isAlive(pid) {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		// EPERM: alive, and somebody else's.
		return /** @type {NodeJS.ErrnoException} */ (error).code === "EPERM";
	}
}

/** @param {string} file @returns {boolean} */
function take(file) {
	try {
		writeFileSync(file, String(process.pid), { flag: "wx" });
		return true;
	} catch (error) {
		if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EEXIST")
			throw error;
		return false;
	}
}

/** Removes the lock of a process that has died. @param {string} file */
function dropIfStale(file) {
	try {
		const pid = Number(readFileSync(file, "utf8"));
		// An empty file is one whose owner is just writing its pid.
		if (pid > 0 && !isAlive(pid)) rmSync(file, { force: true });
	} catch {
		// Released in the meantime.
	}
}

/**
 * Runs `work` while no other process runs work under the same name.
 *
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(name, work) {
	mkdirSync(cache, { recursive: true });
	const file = join(cache, `${name}.lock`);
	const deadline = Date.now() + WAIT_LIMIT_MS;
	while (!take(file)) {
		dropIfStale(file);
		if (Date.now() > deadline) {
			throw new Error(`${file} is held by another build; remove it by hand`);
		}
		await delay(50);
	}
	const release = () => rmSync(file, { force: true });
	process.once("exit", release);
	try {
		return await work();
	} finally {
		process.off("exit", release);
		release();
	}
}
