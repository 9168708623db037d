export * as NodeSpool from "./NodeSpool.ts"
export * as NodeTelemetry from "./NodeTelemetry.ts"
export * as NodeTransport from "./NodeTransport.ts"
export * as SqliteLedger from "./SqliteLedger.ts"
