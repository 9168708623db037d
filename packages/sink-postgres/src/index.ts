/** Stores exported jobs as tables of a PostgreSQL database, with the raw documents next to them. */
export { plugin as default } from "./internal/plugin.ts"
export * as PostgresSink from "./PostgresSink.ts"
