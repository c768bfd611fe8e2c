/** The figures that scenarios are judged by: how each is read from a run, what it is called, and which way is better. */

/**
 * @typedef {object} Metric
 * @property {string} id
 * @property {string} label What is counted, for readers.
 * @property {"count" | "bytes" | "micros" | "millis" | "gigabytes"} unit
 * @property {"more" | "less"} better
 * @property {(run: any) => number} read From the JSON object of a run.
 */

/** @type {(run: any) => number} */
const perCpuSecond = (run) => run.server.messagesPerCpuSecond;

/** @type {Record<string, Metric>} */
export const metrics = {
	messages: {
		id: "messages",
		label: "messages per second of the server's CPU time",
		unit: "count",
		better: "more",
		read: perCpuSecond,
	},
	clientMessages: {
		id: "clientMessages",
		label: "messages per second of the client's CPU time",
		unit: "count",
		better: "more",
		read: perCpuSecond,
	},
	deliveries: {
		id: "deliveries",
		label: "messages delivered per second of the server's CPU time",
		unit: "count",
		better: "more",
		read: perCpuSecond,
	},
	handshakes: {
		id: "handshakes",
		label: "opening handshakes per second of the server's CPU time",
		unit: "count",
		better: "more",
		read: perCpuSecond,
	},
	memory: {
		id: "memory",
		label: "memory per idle connection",
		unit: "bytes",
		better: "less",
		read: (run) => run.server.bytesPerConnection,
	},
	latency: {
		id: "latency",
		label: "latency that 99 of 100 messages keep within",
		unit: "micros",
		better: "less",
		read: (run) => run.latencyMicros.p99,
	},
	pages: {
		id: "pages",
		label: "time that 99 of 100 pages come within",
		unit: "micros",
		better: "less",
		read: (run) => run.pages.latencyMicros.p99,
	},
	timers: {
		id: "timers",
		label: "delay that 99 of 100 timers keep within",
		unit: "micros",
		better: "less",
		read: (run) => run.timerMicros.p99,
	},
	importing: {
		id: "importing",
		label: "CPU time of requiring the package",
		unit: "millis",
		better: "less",
		read: (run) => run.cpuMilliseconds,
	},
	throughput: {
		id: "throughput",
		label: "GB of payload per second of CPU time",
		unit: "gigabytes",
		better: "more",
		read: (run) => run.gigabytesPerCpuSecond,
	},
};
