export * as Rule from "./Rule.ts"
export * as SinkConformance from "./SinkConformance.ts"
export type { ListedFile, StoredJob, Subject } from "./Subject.ts"
