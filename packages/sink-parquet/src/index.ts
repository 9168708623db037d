/** Stores exported jobs as a Parquet dataset that DuckDB, Polars, Spark and hyparquet read while it is written. */
export * as ParquetSink from "./ParquetSink.ts"
export * as PartManifest from "./PartManifest.ts"
