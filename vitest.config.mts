import { defineConfig } from "vitest/config";

/**
 * Three projects: `node` holds everything but `browser`, which drives a real Chromium, and `native-transport` runs the
 * behaviours of the public API once more. Where a test names no transport the first is on the socket transport and the second
 * on the native one, whatever "auto" is here. All test what is built in dist/.
 */
const shared = {
	environment: "node",
	globalSetup: ["./__test__/support/fresh-build.ts"],
	pool: "forks" as const,
	// Bounds failures and measures nothing: what a test waits for has a bound of its own, with a sentence that names it.
	testTimeout: 120_000,
	hookTimeout: 120_000,
	teardownTimeout: 5_000,
};

export default defineConfig({
	test: {
		maxWorkers: 2,
		projects: [
			{
				test: {
					...shared,
					name: "node",
					include: ["__test__/**/*.test.ts"],
					exclude: ["__test__/browser/**"],
					env: { NODEJS_WEBSOCKET_TRANSPORT: "socket" },
				},
			},
			{
				test: {
					...shared,
					name: "native-transport",
					include: ["__test__/{api,attacks,compat,interop}/**/*.test.ts"],
					env: { NODEJS_WEBSOCKET_TRANSPORT: "native" },
				},
			},
			{
				test: {
					...shared,
					name: "browser",
					include: ["__test__/browser/**/*.test.ts"],
				},
			},
		],
	},
});
