#!/usr/bin/env node
/** The command `nodejs-websocket`: picks the command that was asked for, and ends with its exit code. */
import { VERSION } from "../version.js";
import { type Command, ExitCode, UsageError } from "./command.js";
import { connectCommand } from "./connect.js";
import { doctorCommand } from "./doctor.js";
import { listenCommand } from "./listen.js";

const commands: Record<string, Command> = {
	doctor: doctorCommand,
	connect: connectCommand,
	listen: listenCommand,
};

const usage = `Usage: nodejs-websocket <command> [options]

  doctor         says which engine serves here, and why not the native one
  connect URL    a client: sends what is typed, shows what comes
  listen PORT    a server that echoes, screams or logs

  --help         this text; behind a command, its own
  --version      the version of the package

Exit codes: 0 all went well, 1 it did not, 2 the arguments are wrong.
`;

async function main(args: string[]): Promise<number> {
	const [first, ...rest] = args;
	if (first === "--version" || first === "-v") {
		process.stdout.write(`${VERSION}\n`);
		return ExitCode.OK;
	}
	if (first === "--help" || first === "-h") {
		process.stdout.write(usage);
		return ExitCode.OK;
	}
	if (first === undefined || !Object.hasOwn(commands, first)) {
		const what = first === undefined ? "" : `There is no command ${first}.\n\n`;
		process.stderr.write(what + usage);
		return ExitCode.USAGE;
	}
	const command = commands[first];
	if (rest.includes("--help") || rest.includes("-h")) {
		process.stdout.write(command.usage);
		return ExitCode.OK;
	}
	try {
		return await command.run(rest);
	} catch (error) {
		if (!(error instanceof UsageError) && !isFromParseArgs(error)) throw error;
		process.stderr.write(
			`${error.message}\nSee nodejs-websocket ${first} --help.\n`,
		);
		return ExitCode.USAGE;
	}
}

function isFromParseArgs(error: unknown): error is Error {
	const { code } = error as NodeJS.ErrnoException;
	return code?.startsWith("ERR_PARSE_ARGS_") ?? false;
}

// Nobody reads any more, as behind `| head -1`: there is nothing left to do.
process.stdout.on("error", () => process.exit(ExitCode.OK));

main(process.argv.slice(2)).then((code) => {
	// Not process.exit: what was written to a pipe may still wait.
	process.exitCode = code;
});
