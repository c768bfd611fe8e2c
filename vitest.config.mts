import { defineConfig } from "vitest/config";

/** Two projects: `node` holds everything but `browser`, which drives a real Chromium. Both test what is built in dist/. */
const shared = {
	environment: "node",
	globalSetup: ["./__test__/support/fresh-build.ts"],
	pool: "forks" as const,
	testTimeout: 20_000,
	hookTimeout: 20_000,
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
				},
			},
			{
				test: {
					...shared,
					name: "browser",
					include: ["__test__/browser/**/*.test.ts"],
					testTimeout: 60_000,
					hookTimeout: 60_000,
				},
			},
		],
	},
});
