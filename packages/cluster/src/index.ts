/** What the runners of a cluster share: one ledger, one list of exports and one rate limit, in one database. */
export * as ClusterStorage from "./ClusterStorage.ts"
export * as ExportStore from "./ExportStore.ts"
export * as SharedRateLimit from "./SharedRateLimit.ts"
export * as SqliteClient from "./SqliteClient.ts"
export * as SqlLedger from "./SqlLedger.ts"
