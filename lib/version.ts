/** The version of this package, in package.json, in the crate and in every addon alike. `npm version` writes it here. */
export const VERSION = "2.0.0-alpha.0";
