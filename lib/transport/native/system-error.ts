import { getSystemErrorName } from "node:util";

/** The error of a system call, as those of a net.Socket are: `read ECONNRESET`. `errno` is positive. */
export function systemError(errno: number, syscall: string): Error {
	const code = getSystemErrorName(-errno);
	const error = new Error(`${syscall} ${code}`);
	return Object.assign(error, { errno: -errno, code, syscall });
}
