/** `npm run notices`: writes THIRD-PARTY-NOTICES, the licences of what is linked into the addons. */
import { writeFileSync } from "node:fs";
import { notices, noticesFile } from "./packages/notices.mjs";
import { orExit } from "./setup/index.mjs";

await orExit(async () => {
	writeFileSync(noticesFile, await notices());
});
