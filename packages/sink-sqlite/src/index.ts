/** Stores exported jobs as tables of one SQLite file, with the raw documents beside them. */
export * as SqliteSink from "./SqliteSink.ts"
