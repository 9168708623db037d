/**
 * The ledger's SQL for other databases than that of {@link SqliteLedger}: tables, statements, and decoding of rows, as
 * programs that ask a driver to run statements.
 */
export { inTable } from "./internal/ledger/observed.ts"
export { batchKey, jobOf, type Recorder } from "./internal/ledger/outcomes.ts"
export * from "./internal/ledger/program.ts"
export { make as makeReads, type Reads, selectWithout } from "./internal/ledger/reads.ts"
export { reading, type Run, steps, writing } from "./internal/ledger/service.ts"
export * from "./internal/ledger/tables.ts"
export { make as makeWrites, rounds, type Writes } from "./internal/ledger/writes.ts"
