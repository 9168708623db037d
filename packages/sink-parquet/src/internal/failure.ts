/** This sink's errors. */
import { Failure } from "@labelstream/storage"

/** The kind of this sink. */
export const sinkName = "parquet"

/** Makes the sink's error of anything thrown. */
export const toSinkError: ReturnType<typeof Failure.toSinkError> = Failure.toSinkError(sinkName)

/** Runs file operations as an effect. */
export const attempt: Failure.Attempt = Failure.attempt(sinkName)
