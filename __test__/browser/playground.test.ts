/** The playground's page, driven by a real Chromium. */
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import {
	afterAll,
	afterEach,
	beforeAll,
	beforeEach,
	describe,
	expect,
	test,
} from "vitest";
import { launchChromium, missingChromium } from "./chromium.js";
import { PlaygroundProcess, WITHOUT_ADDONS } from "./playground-process.js";
import { POLL, WatchedPage } from "./watched-page.js";

const ENGINES = ["native", "typescript"];

if (missingChromium !== null && process.env.CI !== "true")
	test.skip(`the playground's page: ${missingChromium}`, () => {});
else describe("the playground's page", drivePage);

function drivePage(): void {
	let browser: Browser;
	let playground: PlaygroundProcess;
	let available: string[];
	let opened: WatchedPage[] = [];

	const open = async (options = {}) => {
		const page = await WatchedPage.open(browser, playground.url, options);
		opened.push(page);
		return page;
	};

	beforeAll(async () => {
		if (missingChromium !== null) throw new Error(missingChromium);
		playground = await PlaygroundProcess.start();
		const config = await playground.config();
		available = config.engines.map(({ name }) => name);
		browser = await launchChromium();
	});

	afterAll(async () => {
		await browser?.close();
		await playground?.stop();
	});

	beforeEach(() => {
		opened = [];
	});

	afterEach(async () => {
		for (const page of opened) await page.close();
		expect(opened.flatMap(({ problems }) => problems)).toEqual([]);
	});

	test("screams back what is typed", async () => {
		const page = await open();
		await page.page.fill("#scream-text", "hi");
		await page.page.click("#scream-button");
		await expect.poll(() => page.text("#scream-log"), POLL).toBe("hi → HI!!!");
		await page.scream("grüße <i>");
		await expect
			.poll(() => page.text("#scream-log li:last-child"), POLL)
			.toBe("grüße <i> → GRÜSSE <I>!!!");
	});

	test("chats between two pages in both directions, as text and not as markup", async () => {
		const [ann, bob] = [await open(), await open()];
		await ann.nameYourself("Ann <b>");
		await bob.waitForChat("is now Ann <b>.");
		await bob.nameYourself("Bob");
		await ann.waitForChat("is now Bob.");
		await expect.poll(() => ann.text("#chat-people"), POLL).toBe("2 are here.");

		await ann.say('<img src="x" onerror="throw 1"> & <script>1</script>');
		await bob.waitForChat(
			'Ann <b> <img src="x" onerror="throw 1"> & <script>1</script>',
		);
		await bob.say("hello, Ann");
		await ann.waitForChat("Bob hello, Ann");
		expect(
			await bob.page.locator("#chat-log :is(img, script, b)").count(),
		).toBe(0);

		await bob.close();
		await ann.waitForChat("Bob has left.");
		await expect
			.poll(() => ann.text("#chat-people"), POLL)
			.toBe("Only you are here.");
	});

	test("tabs on different engines share one chat", async (context) => {
		context.skip(available.length < 2, "only one engine is available here");
		const [ann, bob] = [await open(), await open()];
		await ann.chooseEngine("native");
		await bob.chooseEngine("typescript");
		await ann.say("from the native side");
		await bob.waitForChat("from the native side");
		await bob.say("from the other");
		await ann.waitForChat("from the other");
	});

	describe.each(ENGINES)("on the %s engine", (engine) => {
		let directory: string;

		beforeAll(async () => {
			directory = await mkdtemp(join(tmpdir(), "playground-"));
		});

		afterAll(() => rm(directory, { recursive: true, force: true }));

		test("uploads a file of 50 MB byte for byte", async (context) => {
			context.skip(!available.includes(engine), "not available here");
			// Not a whole number of slices, so that the last one is short.
			const bytes = randomBytes(50 * 1024 * 1024 + 4321);
			const expected = createHash("sha256").update(bytes).digest("hex");
			const file = join(directory, `${engine}.bin`);
			await writeFile(file, bytes);

			const page = await open();
			await page.chooseEngine(engine);
			await page.page.setInputFiles("#upload-file", file);
			await expect
				.poll(() => page.text("#upload-verdict"), POLL)
				.toContain("Both agree. 52,433,121 bytes");
			expect(await page.text("#upload-server-hash")).toBe(expected);
			expect(await page.text("#upload-page-hash")).toBe(expected);
			expect(
				await page.page.locator("#upload-progress").getAttribute("value"),
			).toBe("1");
		});

		test("uploads an empty file", async (context) => {
			context.skip(!available.includes(engine), "not available here");
			const page = await open();
			await page.chooseEngine(engine);
			await page.page.setInputFiles("#upload-file", {
				name: "empty",
				mimeType: "application/octet-stream",
				buffer: Buffer.alloc(0),
			});
			await expect
				.poll(() => page.text("#upload-verdict"), POLL)
				.toContain("Both agree. 0 bytes");
			expect(await page.text("#upload-server-hash")).toBe(
				createHash("sha256").digest("hex"),
			);
		});

		test("floods the echo endpoint, counts what comes back, and stops", async (context) => {
			context.skip(!available.includes(engine), "not available here");
			const page = await open();
			await page.chooseEngine(engine);
			const before = await playground.echoed();
			const shown = () => shownEchoes(page, engine);

			await page.press("#speed-button");
			await expect.poll(shown, POLL).toBeGreaterThan(500);
			const earlier = await shown();
			await expect.poll(shown, POLL).toBeGreaterThan(earlier + 500);
			await expect
				.poll(
					() => page.page.locator("#speed-plot").getAttribute("aria-label"),
					POLL,
				)
				.toMatch(/(Rust|TypeScript): median [\d,]+ messages per second/);
			await page.press("#speed-button");

			const total = await shown();
			const after = await playground.echoed();
			expect(after[engine] - before[engine]).toBeGreaterThanOrEqual(total);
			for (const other of ENGINES.filter((name) => name !== engine))
				expect(after[other]).toBe(before[other]);
			expect(await page.text("#speed-note")).not.toContain("came back changed");
			await expect
				.poll(
					() =>
						page.page
							.locator("#inspector-connections [data-state=closed]", {
								hasText: "×2",
							})
							.count(),
					POLL,
				)
				.toBe(1);
		});

		test.for(["text:1024", "binary:65536"])(
			"floods with %s and gets back what it sent",
			async (payload, context) => {
				context.skip(!available.includes(engine), "not available here");
				const page = await open();
				await page.chooseEngine(engine);
				await page.page.selectOption("#speed-payload", payload);
				await page.press("#speed-button");
				await expect
					.poll(() => shownEchoes(page, engine), POLL)
					.toBeGreaterThan(100);
				await page.press("#speed-button");
				expect(await page.text("#speed-note")).not.toContain("changed");
			},
		);

		test("shows the round trip of a ping frame and of an echo, with medians", async (context) => {
			context.skip(!available.includes(engine), "not available here");
			const page = await open();
			await page.chooseEngine(engine);
			for (let count = 1; count <= 3; count++) {
				await page.press("#ping-button");
				for (const figure of ["#ping-server", "#ping-echo"]) {
					await expect
						.poll(() => page.text(`${figure}-median`), POLL)
						.toMatch(new RegExp(`^median of ${count}: \\d+(\\.\\d+)? ms$`));
					expect(await page.text(figure)).toMatch(/^\d+(\.\d+)? ms$/);
				}
			}
		});
	});

	test("says why when there is no native engine, and works the same", async () => {
		const other = await PlaygroundProcess.start(undefined, WITHOUT_ADDONS);
		const page = await WatchedPage.open(browser, other.url);
		opened.push(page);
		const [{ reason }] = (await other.config()).unavailable;
		expect(await page.text("#engine-note")).toBe(reason);
		for (const group of ["#engine-switch", "#speed-switch"]) {
			const choice = (name: string) =>
				page.page.locator(`${group} input[value=${name}]`);
			expect(await choice("native").isDisabled()).toBe(true);
			expect(await choice("typescript").isChecked()).toBe(true);
		}
		await page.scream("hi");
		await expect.poll(() => page.text("#scream-log"), POLL).toBe("hi → HI!!!");
		await page.close();
		await other.stop();
	});

	test("the inspector shows what passes, and stands still while paused", async () => {
		const page = await open();
		const rows = page.page.locator("#inspector-messages li");
		await page.scream("inspect me");
		await page.waitForText("#inspector-messages li", "INSPECT ME!!!");
		const sent = page.page.locator(
			"#inspector-messages [data-direction=out][data-engine]",
			{ hasText: "inspect me" },
		);
		expect(await sent.innerText()).toMatch(
			/^[\d:.]+\s+↑\s+\/scream\s+text\s+10 B\s+inspect me$/,
		);

		await page.press("#inspector-pause");
		await page.scream("unseen");
		await expect
			.poll(() => page.text("#inspector-note"), POLL)
			.toBe("Paused. 2 passed unseen.");
		expect(await rows.filter({ hasText: "unseen" }).count()).toBe(0);
		await page.press("#inspector-pause");
		await page.scream("seen");
		await page.waitForText("#inspector-messages li", "SEEN!!!");
	});

	test("can be used with the keyboard alone", async () => {
		const page = await open();
		const reached = new Set<string>();
		for (let i = 0; i < 40; i++) {
			await page.page.keyboard.press("Tab");
			reached.add(
				await page.page.evaluate(() => document.activeElement?.id ?? ""),
			);
		}
		for (const id of [
			"scream-text",
			"chat-name",
			"chat-text",
			"upload-file",
			"ping-button",
			"speed-payload",
			"speed-button",
			"inspector-pause",
			"inspector-messages",
		])
			expect([...reached]).toContain(id);
	});

	test.each(["light", "dark"] as const)(
		"fits the width of a phone in %s colours",
		async (colorScheme) => {
			const page = await open({
				viewport: { width: 360, height: 740 },
				deviceScaleFactor: 2,
				colorScheme,
			});
			await page.scream("x".repeat(150));
			await page.say("y".repeat(150));
			await page.waitForChat("y".repeat(150));
			await page.page.setInputFiles("#upload-file", {
				name: `${"z".repeat(200)}.bin`,
				mimeType: "application/octet-stream",
				buffer: randomBytes(300_000),
			});
			await expect
				.poll(() => page.text("#upload-verdict"), POLL)
				.toContain("Both agree");
			await page.press("#speed-button");
			await page.waitForText("#inspector-messages li", "messages echoed");
			await page.press("#speed-button");
			const widths = await page.page.evaluate(() => [
				document.documentElement.scrollWidth,
				document.body.scrollWidth,
			]);
			expect(Math.max(...widths)).toBeLessThanOrEqual(360);
		},
	);

	test.each([
		["SIGTERM", 0, "1001"],
		["SIGKILL", "SIGKILL", "1006"],
	] as const)(
		"a restart of the server after %s is seen and survived",
		async (signal, ending, closeCode) => {
			const page = await open();
			await page.nameYourself("Survivor");
			await page.waitForChat("is now Survivor.");

			page.serverIsDown = true;
			expect(await playground.stop(signal)).toBe(ending);
			await page.waitForState("lost, retrying");
			await page.waitForText(
				"#inspector-connections li",
				`closed ${closeCode}`,
			);
			await playground.start();
			await page.waitForState("connected");
			page.serverIsDown = false;

			await page.waitForChat("Survivor has joined.");
			await page.scream("back");
			await expect
				.poll(() => page.text("#scream-log li:last-child"), POLL)
				.toBe("back → BACK!!!");
		},
	);

	test("a flood goes on after a restart of the server", async () => {
		const page = await open();
		const engine = available[0];
		const count = async () => (await playground.echoed())[engine];
		await page.press("#speed-button");
		await expect.poll(count, POLL).toBeGreaterThan(200);
		page.serverIsDown = true;
		await playground.stop();
		await page.waitForState("lost, retrying");
		await playground.start();
		await page.waitForState("connected");
		await expect.poll(count, POLL).toBeGreaterThan(200);
		page.serverIsDown = false;
		await page.press("#speed-button");
	});
}

/** How many echoes the flood's table says came back from an engine. */
async function shownEchoes(page: WatchedPage, engine: string): Promise<number> {
	const cell = await page.text(
		`#speed-readout tr[data-engine=${engine}] td:nth-child(4)`,
	);
	return cell === "–" ? 0 : Number(cell.replaceAll(",", ""));
}
