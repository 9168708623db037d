/**
 * Exports by several processes or machines at once, on Effect Cluster: they share one ledger, one list of exports and one
 * rate limit in one database, PostgreSQL or a SQLite file, and write to the same sinks.
 */
export * as ClusterError from "./ClusterError.ts"
export * as ClusterExport from "./ClusterExport.ts"
export * as ClusterStorage from "./ClusterStorage.ts"
export * as ExportRequest from "./ExportRequest.ts"
export * as ExportStore from "./ExportStore.ts"
export * as ExportWorkflow from "./ExportWorkflow.ts"
export * as Membership from "./Membership.ts"
export * as Runner from "./Runner.ts"
export * as RunnerHealth from "./RunnerHealth.ts"
export * as SharedRateLimit from "./SharedRateLimit.ts"
export * as SinkResolver from "./SinkResolver.ts"
export * as SqliteClient from "./SqliteClient.ts"
export * as SqlLedger from "./SqlLedger.ts"
