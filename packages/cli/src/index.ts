export type { Config } from "./Config.ts"
export * as ExportProgram from "./ExportProgram.ts"
export * as NodeHeap from "./NodeHeap.ts"
export * as VerifyProgram from "./VerifyProgram.ts"
