/** Holds a dataset format to its rules, without a test framework. */
export * as FormatKit from "./FormatKit.ts"
export * as MemoryOutput from "./MemoryOutput.ts"
