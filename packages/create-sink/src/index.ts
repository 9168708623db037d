export * as CreateSink from "./CreateSink.ts"
export * as SinkTemplate from "./SinkTemplate.ts"
