/** The value of the environment variable `name`; undefined where it is not set, or this program may not know. */
export function environmentVariable(name: string): string | undefined {
	try {
		return process.env[name];
	} catch {
		// Deno does not let every process see its environment.
		return undefined;
	}
}
