/** Files, locks and their failures, for sinks on a file system. */
export * as Failure from "./Failure.ts"
export * as Files from "./Files.ts"
export * as Hash from "./Hash.ts"
export * as Leftover from "./Leftover.ts"
export * as Lines from "./Lines.ts"
export * as Lock from "./Lock.ts"
export * as OpenPlace from "./OpenPlace.ts"
export * as Taking from "./Taking.ts"
