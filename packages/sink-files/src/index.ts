/** Stores exported jobs as plain files, with a manifest that can be trusted at any time. */
export * as FilesSink from "./FilesSink.ts"
export { plugin as default } from "./internal/plugin.ts"
export * as Manifest from "./Manifest.ts"
