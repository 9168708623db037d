/** A runner: a process that does exports together with others of its kind. */
import { Export, type GtStudio, type Spool } from "@labelstream/core"
import * as Layer from "effect/Layer"
import type { SqlClient } from "effect/sql/SqlClient"
import type { ExportStore } from "./ExportStore.ts"
import * as ExportWorkflow from "./ExportWorkflow.ts"
import * as Slice from "./internal/run/Slice.ts"
import * as Sessions from "./internal/sessions.ts"
import { type Address, type JoinError, layerRunner, type Services, type Timing } from "./Membership.ts"
import type { SinkResolver } from "./SinkResolver.ts"

/** How a runner works. */
export interface Options extends Timing {
  /** Base URL of the platform that `GtStudio` asks. Exports of another one are refused. */
  readonly platform: string
  /** Where other runners reach this one. */
  readonly address: Address
  /** Where it listens, if that is another address than the one it is reached at. */
  readonly listen?: Address
  /** Jobs in flight, from 1. Default: 96, as for an export of one machine. */
  readonly concurrency?: number
  /**
   * Jobs that fill a slice, from 1. Default: 200. A slice ends with a page of the listing, so it can have up to 99 more. If a
   * runner dies, the jobs that it had in flight are fetched again: those of up to two slices.
   */
  readonly sliceJobs?: number
}

/** Slices at once: while one ends, the next one keeps requests going. */
const slicesAtOnce = 2

/**
 * Runs exports for as long as the layer is open. When it closes, jobs in flight have five seconds to end; the slices
 * that were not done go to other runners.
 */
export const layer = (options: Options): Layer.Layer<
  Services,
  JoinError,
  SqlClient | ExportStore | SinkResolver | GtStudio.GtStudio | Spool.Spool
> => {
  const { address, platform } = options
  const concurrency = Math.max(1, Math.ceil((options.concurrency ?? Export.defaultConcurrency) / slicesAtOnce))
  const work = {
    platform,
    runner: `${address.host}:${address.port}`,
    concurrency,
    sliceJobs: Math.max(1, options.sliceJobs ?? 200)
  }
  return Layer.mergeAll(ExportWorkflow.layer(work), Slice.layer(slicesAtOnce)).pipe(
    Layer.provide(Sessions.layer(work)),
    Layer.provideMerge(layerRunner(options))
  )
}
