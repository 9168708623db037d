import type { ContentError } from "../Content.ts"
import type { GtStudioError } from "../GtStudioError.ts"
import type { SinkError } from "../JobSink.ts"
import type { LedgerFailure } from "../Ledger.ts"

/** A job's failure as the ledger and the report keep it. */
export const failureOf = (error: GtStudioError | ContentError | SinkError): LedgerFailure => {
  switch (error._tag) {
    case "GtStudioError":
      return { reason: error.reason._tag, message: error.message, retryable: error.isRetryable }
    case "ContentError":
      return { reason: "ContentError", message: error.message, retryable: true }
    case "SinkError":
      return {
        reason: `${error.sink} sink: ${error.reason}`,
        message: error.message,
        // What is wrong with the target can be mended; only a record that was rejected stays so.
        retryable: error.reason !== "rejected"
      }
  }
}
