/** What the commands of the command line have in common. */

export interface Command {
	/** What `--help` prints. */
	readonly usage: string;
	/**
	 * Runs it to its end.
	 *
	 * @returns the exit code
	 * @throws UsageError, and what `parseArgs` throws, where the arguments are wrong
	 */
	run(args: string[]): Promise<number>;
}

export const ExitCode = { OK: 0, FAILED: 1, USAGE: 2 } as const;

/** The arguments are wrong; the message says how. */
export class UsageError extends Error {}

/** The one argument that a command takes beside its options. */
export function onlyArgument(positionals: string[], name: string): string {
	if (positionals.length !== 1)
		throw new UsageError(
			`${name} is wanted, and nothing else: there are ${positionals.length} arguments.`,
		);
	return positionals[0];
}
