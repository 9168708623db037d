/** This sink's errors. */
import type { JobSink } from "@labelstream/core"
import { Failure } from "@labelstream/files"

/** The kind of this sink. */
export const sinkName = "parquet"

/** Makes the sink's error of anything thrown. */
export const toSinkError: (where: Failure.Where) => (error: unknown) => JobSink.SinkError = Failure.toSinkError(
  sinkName
)
