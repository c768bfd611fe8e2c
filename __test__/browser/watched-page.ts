import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { expect } from "vitest";

/** How long the page may take to show something, and how often it is looked at. */
export const POLL = { timeout: 20_000, interval: 50 };

/** A page of its own browser context that notes whatever goes wrong in it. */
export class WatchedPage {
	readonly page: Page;
	/** Console errors and warnings, exceptions, failed requests and error statuses, in order. */
	readonly problems: string[] = [];
	/** Set while the server is down on purpose: what fails to connect then is no problem. */
	serverIsDown = false;

	private constructor(page: Page) {
		this.page = page;
		page.on("console", (message) => {
			if (message.type() !== "error" && message.type() !== "warning") return;
			const isLoss = /ERR_CONNECTION|WebSocket connection to/.test(
				message.text(),
			);
			this.#note(`console: ${message.text()}`, isLoss);
		});
		page.on("pageerror", (error) =>
			this.#note(`exception: ${error.message}`, false),
		);
		page.on("requestfailed", (request) => {
			const reason = request.failure()?.errorText ?? "";
			this.#note(`request failed: ${request.url()} ${reason}`, true);
		});
		page.on("response", (response) => {
			if (response.status() >= 400)
				this.#note(`status ${response.status()}: ${response.url()}`, false);
		});
	}

	/** Opens `url` and waits until all its connections are open. */
	static async open(
		browser: Browser,
		url: string,
		options: BrowserContextOptions = {},
	): Promise<WatchedPage> {
		const context = await browser.newContext({
			viewport: { width: 1280, height: 900 },
			...options,
		});
		const watched = new WatchedPage(await context.newPage());
		await watched.page.goto(url);
		await watched.waitForState("connected");
		return watched;
	}

	#note(problem: string, isLoss: boolean): void {
		if (isLoss && this.serverIsDown) return;
		this.problems.push(problem);
	}

	/** Waits until the header says so. */
	async waitForState(text: string): Promise<void> {
		try {
			await expect.poll(() => this.text("#state"), POLL).toBe(text);
		} catch (error) {
			const seen = await this.text("body");
			throw new Error(
				`The page does not say "${text}". Problems: ${this.problems.join("; ")}\n${seen}`,
				{ cause: error },
			);
		}
	}

	/** Waits until some element with this selector has the text in it. */
	async waitForText(selector: string, text: string): Promise<void> {
		const found = this.page.locator(selector, { hasText: text });
		await expect
			.poll(() => found.count(), {
				...POLL,
				message: `"${text}" in ${selector}`,
			})
			.toBeGreaterThan(0);
	}

	/** Switches the engine that all connections of the page use. */
	async chooseEngine(name: string): Promise<void> {
		const choice = this.page.locator(`#engine-switch input[value=${name}]`);
		await choice.press("Space");
		expect(await choice.isChecked()).toBe(true);
		await this.waitForState("connected");
	}

	/**
	 * Presses a button with the keyboard: a click waits for the page to be painted several times, which takes long while
	 * a flood runs on a busy machine without a GPU.
	 */
	async press(selector: string): Promise<void> {
		await this.page.locator(selector).press("Enter");
	}

	text(selector: string): Promise<string> {
		return this.page.locator(selector).innerText();
	}

	async scream(text: string): Promise<void> {
		await this.page.fill("#scream-text", text);
		await this.page.press("#scream-text", "Enter");
	}

	async say(text: string): Promise<void> {
		await this.page.fill("#chat-text", text);
		await this.page.press("#chat-text", "Enter");
	}

	async nameYourself(name: string): Promise<void> {
		await this.page.fill("#chat-name", name);
		await this.page.press("#chat-name", "Tab");
	}

	/** Waits for a line of the chat. */
	waitForChat(text: string): Promise<void> {
		return this.waitForText("#chat-log li", text);
	}

	close(): Promise<void> {
		return this.page.context().close();
	}
}
