/** `npm run clean`: removes what the builds made. Dependencies stay. */
import { rmSync } from "node:fs";
import { cache, inRoot } from "./support/paths.mjs";
import { filesUnder } from "./support/stamp.mjs";

for (const folder of [
	inRoot("dist"),
	inRoot("target"),
	inRoot("artifacts"),
	cache,
]) {
	rmSync(folder, { recursive: true, force: true });
}
for (const file of filesUnder(inRoot("npm"))) {
	if (file.endsWith(".node")) rmSync(file);
}
