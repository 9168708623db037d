/** Stores exported jobs as tables of one SQLite file, with the raw documents next to them. */
export { plugin as default } from "./internal/plugin.ts"
export * as SqliteSink from "./SqliteSink.ts"
