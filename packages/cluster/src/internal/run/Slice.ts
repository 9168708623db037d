/**
 * The slices of an export as entities of the cluster. The database keeps a message per slice until the slice is done. The
 * runner with the slice's shard takes it. If that runner dies or leaves, another one takes it again.
 */
import { GtStudio } from "@labelstream/core"
import * as ClusterSchema from "effect/cluster/ClusterSchema"
import * as Entity from "effect/cluster/Entity"
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import { ClusterError } from "../../ClusterError.ts"
import { ExportStore } from "../../ExportStore.ts"
import { step } from "../failure.ts"
import { Sessions } from "../sessions.ts"
import { isLost, runSlice } from "./sliceRun.ts"

const Do = Rpc.make("Do", {
  /** A slice that got jobs after it was done is done again, in a later round. */
  payload: { exportId: Schema.String, slice: Schema.Int, round: Schema.Int },
  /** Whether the slice was done to its end; the export was stopped otherwise. */
  success: Schema.Boolean,
  error: ClusterError,
  primaryKey: ({ exportId, round, slice }) => `${exportId}/${slice}/${round}`
})
  .annotate(ClusterSchema.Persisted, true)
  .annotate(ClusterSchema.InterruptOnTermination, true)
  // A runner that stops waiting for a slice, as when the export moves to another runner, does not stop the slice.
  .annotate(ClusterSchema.Uninterruptible, "client")

export const Slice = Entity.make("Slice", [Do])

/** The id under which the cluster spreads a slice. */
export const entityId = (exportId: string, slice: number) => `${exportId}/${slice}`

/** Does slices, up to this number at a time. */
export const layer = (slicesAtOnce: number) => {
  const permits = Semaphore.makeUnsafe(slicesAtOnce)
  return Slice.toLayer(
    Effect.gen(function*() {
      const sessions = yield* Sessions
      const context = yield* Effect.context<ExportStore | GtStudio.GtStudio>()
      return Slice.of({
        Do: ({ payload: { exportId, slice } }) =>
          Effect.scoped(Effect.flatMap(sessions.get(exportId), (work) =>
            step(runSlice(work, slice)).pipe(
              Effect.catchIf(
                // Others took this runner for gone, and publish its stored jobs. The slice is done again.
                () => isLost(work),
                () => Effect.as(sessions.renew(exportId), false)
              )
            ))).pipe(
              permits.withPermit,
              Effect.provide(context)
            )
      })
    }),
    { maxIdleTime: "5 seconds" }
  )
}
