/**
 * The request for an export, as data in the database of the cluster, from which every runner reads it. It holds no secret.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import { ClusterError } from "./ClusterError.ts"

const Ids = Schema.Array(Schema.String)

/** A request for an export. Paths in it are absolute, and lead to the same place on every runner. */
export const ExportRequest = Schema.Struct({
  /** Base URL of the platform: a runner for another one refuses the request. */
  platform: Schema.String,
  batches: Schema.Array(Schema.Struct({ projectId: Schema.String, batchId: Schema.String })),
  /** Each sink as `SinkResolver` understands it. */
  sinks: Schema.Array(Schema.Unknown),
  /**
   * - `new`: new, newly finished and changed jobs, and failed ones whose error may pass
   * - `refresh`: finished jobs again, to find which have changed
   * - `retry`: the failed jobs, whatever their error, without the listing
   */
  mode: Schema.Literals(["new", "refresh", "retry"]),
  /** Which files are fetched with a result. */
  attachments: Schema.Literals(["none", "results", "all"]),
  /** Only jobs that the listing shows with one of these statuses, in any case. Empty for all. */
  statuses: Ids,
  /** Only jobs with an annotation of one of these labels. Empty for all. */
  labels: Ids,
  /** Most jobs that are fetched; null for no limit. */
  limit: Schema.NullOr(Schema.Int)
})

export type ExportRequest = typeof ExportRequest.Type

const json = Schema.fromJsonString(ExportRequest)

/** Encodes a request as JSON. */
export const encode = (request: ExportRequest): string => JSON.stringify(request)

/** Decodes a request. Fails with `refused` if it cannot be read, such as one of a newer version. */
export const decode = (text: string): Effect.Effect<ExportRequest, ClusterError> =>
  Effect.mapError(
    Schema.decodeEffect(json)(text),
    () =>
      new ClusterError({
        reason: "refused",
        detail: "The request cannot be read: it was made by another version. Update all runners and the command"
      })
  )

/** Returns the batches of a request, or undefined if it cannot be read. */
export const batchesOf = (text: string): ExportRequest["batches"] | undefined =>
  Option.getOrUndefined(Schema.decodeOption(json)(text))?.batches

/** Names an export that must not run twice at once: one platform, mode, and set of batches and sinks, in any order. */
export const keyOf = ({ batches, mode, platform, sinks }: ExportRequest): string => {
  const sorted = (values: ReadonlyArray<unknown>) => values.map((value) => JSON.stringify(value)).sort()
  const text = JSON.stringify([
    platform,
    sorted(batches.map(({ batchId, projectId }) => [projectId, batchId])),
    sorted(sinks),
    mode
  ])
  return createHash("sha256").update(text).digest("hex").slice(0, 16)
}
