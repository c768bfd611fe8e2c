/** An echo client for the suite's fuzzing server at --url: asks for the cases one by one, then for the reports. */
import { connect } from "nodejs-websocket";
import { agent, echo, options, url } from "./echo.mjs";

async function caseCount() {
	for await (const message of connect(`${url}/getCaseCount`, options))
		return Number(message);
	throw new Error("the suite does not say how many cases it has");
}

/** @param {string} path */
async function runCase(path) {
	const connection = connect(`${url}${path}`, options);
	echo(connection);
	await connection.closed;
}

async function askForReports() {
	let isOpen = false;
	const path = `/updateReports?agent=${agent}`;
	const connection = connect(`${url}${path}`, options, () => {
		isOpen = true;
	});
	// The suite says goodbye when they are written.
	const { wasClean } = await connection.closed;
	if (!isOpen || !wasClean) throw new Error("the suite wrote no reports");
}

const count = await caseCount();
for (let number = 1; number <= count; number++)
	await runCase(`/runCase?case=${number}&agent=${agent}`);
await askForReports();
