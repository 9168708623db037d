/** What the parts of one run share. */
import type * as Deferred from "effect/Deferred"
import type * as Scope from "effect/Scope"
import type { ContentError } from "../../Content.ts"
import type { GtStudio } from "../../GtStudio.ts"
import type { GtStudioError } from "../../GtStudioError.ts"
import type { AttachmentChoice, BatchRef } from "../../Job.ts"
import type { Options as FetchOptions } from "../../JobFetch.ts"
import type { SinkError } from "../../JobSink.ts"
import type { Ledger, LedgerError } from "../../Ledger.ts"
import type { ExportWatch } from "../telemetry/exportWatch.ts"
import type { Events } from "./events.ts"
import type { Delivery } from "./fetchedJob.ts"
import type { Options } from "./options.ts"
import type { EarlierPasses, Pass } from "./passes.ts"
import type { SinkRunner } from "./sinkRunner.ts"

/** What ends a run at once: nothing that is still to come could succeed. */
export type Fatal = GtStudioError | ContentError | LedgerError | SinkError

/** A sink of the run, and what feeds it. */
export type Runner = SinkRunner<Delivery, LedgerError>

export interface Setting {
  readonly gtStudio: GtStudio["Service"]
  readonly ledger: Ledger["Service"]
  readonly batches: ReadonlyArray<BatchRef>
  readonly runners: ReadonlyArray<Runner>
  readonly events: Events
  /** The pass under way. */
  readonly pass: () => Pass
  readonly earlier: EarlierPasses
  readonly scope: Scope.Scope
  readonly concurrency: number
  readonly fetch: FetchOptions & { readonly attachments: AttachmentChoice }
  /** Which jobs the run is for, as `Export.Options` say. */
  readonly filter: NonNullable<Options["filter"]>
  readonly filterResult: Options["filterResult"]
  readonly limit: number
  readonly watch: ExportWatch
  /** Done when no further job is to be begun. */
  readonly stop: Deferred.Deferred<void>
  /** Done when jobs in flight are to be abandoned; fails with the error that no further job can avoid. */
  readonly cut: Deferred.Deferred<void, Fatal>
}
