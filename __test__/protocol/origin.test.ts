import { describe, expect, test } from "vitest";
import {
	checkHost,
	checkOrigin,
	hostName,
	normalizeOrigin,
} from "../../lib/protocol/origin.js";
import { networkOf } from "../../lib/server/admission.js";

const head = (rawHeaders: string[], url = "/") => ({
	method: "GET",
	httpVersion: "1.1",
	rawHeaders,
	url,
});

describe("an origin", () => {
	test.each([
		["https://example.com", "https://example.com"],
		["HTTPS://Example.COM", "https://example.com"],
		["https://example.com:443", "https://example.com"],
		["http://localhost:8080", "http://localhost:8080"],
		["http://[::1]:8080", "http://[::1]:8080"],
		["chrome-extension://abcdef", "chrome-extension://abcdef"],
		["null", "null"],
		["https://example.com/", null],
		["https://example.com/path", null],
		["https://user@example.com", null],
		["example.com", null],
		["*", null],
		["", null],
	])("%j is %j", (given, normal) => {
		expect(normalizeOrigin(given)).toBe(normal);
	});

	test.each([
		[["Origin", "https://a.example"], null],
		[["ORIGIN", "https://A.example"], null],
		[["Origin", "https://b.example"], 403],
		[["Origin", "https://a.example.b.example"], 403],
		[["Origin", "https://a.example:8443"], 403],
		[["Origin", "http://a.example"], 403],
		[["Origin", "null"], 403],
		[["Origin", ""], 403],
		[[], 403],
		[["Origin", "https://a.example", "origin", "https://b.example"], 400],
	])("of a request with %j is judged %j", (rawHeaders, status) => {
		const refusal = checkOrigin(
			head(rawHeaders),
			new Set(["https://a.example"]),
		);
		expect(refusal?.statusCode ?? null).toBe(status);
	});

	test("may be missing where the list has null", () => {
		const origins = new Set(["https://a.example", null]);
		expect(checkOrigin(head([]), origins)).toBeNull();
		expect(checkOrigin(head(["Origin", "null"]), origins)?.statusCode).toBe(
			403,
		);
	});
});

describe("a host", () => {
	test.each([
		["example.com", "example.com"],
		["Example.com:80", "example.com"],
		["[::1]:80", "[::1]"],
		["127.0.0.1:", "127.0.0.1"],
		["", null],
		["a b", null],
		["user@example.com", null],
		["example.com:80:80", null],
		["example.com/x", null],
	])("%j is %j", (given, name) => {
		expect(hostName(given)).toBe(name);
	});

	test.each([
		["example.com:8080", "/", null],
		["EXAMPLE.com", "/", null],
		["evil.example", "/", 421],
		["evil.example.com", "/", 421],
		["", "/", 421],
		// The target's authority counts, not the header.
		["example.com", "http://internal/", 421],
		["evil.example", "http://example.com:80/x", null],
		["example.com", "http://example.com@internal/", 421],
	])("%j with the target %j is judged %j", (host, url, status) => {
		const refusal = checkHost(
			head(["Host", host], url),
			new Set(["example.com"]),
		);
		expect(refusal?.statusCode ?? null).toBe(status);
	});
});

describe("the network of an address", () => {
	test.each([
		["127.0.0.1", "127.0.0.1"],
		["::ffff:127.0.0.1", "127.0.0.1"],
		["::1", "0:0:0:0::/64"],
		["2001:db8::1", "2001:db8:0:0::/64"],
		["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
		["2001:db8:1:2::6", "2001:db8:1:2::/64"],
		["fe80::1%eth0", "fe80:0:0:0::/64"],
		["1:2:3:4:5:6:7::", "1:2:3:4::/64"],
		[undefined, undefined],
		["", undefined],
	])("%j is %j", (address, network) => {
		expect(networkOf(address)).toBe(network);
	});
});
