/** Measures the time that requiring a package takes: run in a fresh process each time. Prints one JSON object. */
const path = require.resolve(process.argv[2]);
const cpuBefore = process.cpuUsage();
const began = performance.now();
require(path);
const milliseconds = performance.now() - began;
const { user, system } = process.cpuUsage(cpuBefore);
const cpuMilliseconds = (user + system) / 1000;
console.log(JSON.stringify({ mode: "import", milliseconds, cpuMilliseconds }));
