export * as Fault from "./Fault.ts"
export * as Scenario from "./Scenario.ts"
export * as Simulator from "./Simulator.ts"
export * as Traffic from "./Traffic.ts"
