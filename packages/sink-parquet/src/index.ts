/** Stores exported jobs as a Parquet dataset that DuckDB, Polars, Spark and hyparquet read while it is written. */
export { plugin as default } from "./internal/plugin.ts"
export * as ParquetSink from "./ParquetSink.ts"
export * as PartManifest from "./PartManifest.ts"
