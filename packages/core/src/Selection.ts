/**
 * Which of the listed jobs an export fetches: compares a job's entry in the listing with the ledger. Sends no request
 * and records nothing.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { ContentError } from "./Content.ts"
import { type AttachmentChoice, isFinished, type JobSummary } from "./Job.ts"
import type { Revision } from "./JobSink.ts"
import type { LedgerEntry, Listed } from "./Ledger.ts"
import * as OptionError from "./OptionError.ts"
import type { ResultDocument } from "./ResultDocument.ts"

/** Which finished jobs a run checks, besides new ones. */
export type Selection =
  /** New, newly finished and changed jobs, and failed ones whose error may pass. */
  | { readonly _tag: "New" }
  /**
   * Finished jobs again, to see which were reworked: all of them, or those that both conditions name. With a limit, an
   * export takes those that were checked longest ago.
   */
  | {
    readonly _tag: "Refresh"
    /** Only these jobs, also if earlier runs failed others. */
    readonly jobs?: ReadonlySet<string>
    /** Only stored or failed jobs that were last checked before this time, in milliseconds since 1970. */
    readonly checkedBefore?: number
  }
  /** Exactly the failed jobs, whatever their error. */
  | { readonly _tag: "Retry" }

/** Selects new, newly finished, and changed jobs, and failed ones whose error may pass: what an export does by default. */
export const newJobs: Selection = { _tag: "New" }

/** Selects exactly the failed jobs, whatever their error. No batch is listed. */
export const retry: Selection = { _tag: "Retry" }

/**
 * Selects finished jobs again, to store those that changed: all of them, or those that both conditions name. `jobs` are job
 * ids. `checkedBefore` is a time, or milliseconds since 1970: jobs that were checked since then are left out.
 *
 * @example
 * ```ts
 * import { Selection } from "@labelstream/core"
 *
 * const all = Selection.refresh()
 * const two = Selection.refresh({ jobs: ["job-1", "job-2"] })
 * const stale = Selection.refresh({ checkedBefore: new Date(Date.now() - 24 * 60 * 60 * 1000) })
 * ```
 */
export const refresh = (options: {
  readonly jobs?: Iterable<string>
  readonly checkedBefore?: Date | number
} = {}): Extract<Selection, { readonly _tag: "Refresh" }> => ({
  _tag: "Refresh",
  ...options.jobs === undefined ? {} : { jobs: new Set(options.jobs) },
  ...options.checkedBefore === undefined ? {} : { checkedBefore: Number(options.checkedBefore) }
})

/** Checks the option `selection`; an export and a plan do so themselves. */
export const check = Effect.fnUntraced(function*(selection: Selection | undefined) {
  if (selection === undefined) return
  yield* OptionError.oneOf("selection._tag", selection._tag, ["New", "Refresh", "Retry"])
  if (selection._tag !== "Refresh") return
  const { checkedBefore, jobs } = selection
  if (checkedBefore !== undefined && !Number.isFinite(checkedBefore)) {
    return yield* new OptionError.OptionError({ option: "selection.checkedBefore", detail: "must be a time" })
  }
  if (jobs === undefined) return
  if (!(jobs instanceof Set)) {
    const detail = "must be a Set of job ids, as Selection.refresh makes it"
    return yield* new OptionError.OptionError({ option: "selection.jobs", detail })
  }
  yield* OptionError.each("selection.jobs", Array.from(jobs), OptionError.text)
})

/**
 * What is to be done with a listed job.
 *
 * - `fetch`: fetch its result
 * - `unchanged`: every sink has it
 * - `unfinished`: the platform has no result for it yet
 * - `failed`: it failed for good, or was checked since the time that a refresh names, and is not tried again
 * - `skipped`: a refresh of other jobs is not for it
 */
export type Decision = "fetch" | "unchanged" | "unfinished" | "failed" | "skipped"

/** What the ledger keeps of a listed job. */
export const listedOf = (summary: JobSummary): Listed => ({
  status: summary.status,
  frames: summary.frames,
  annotations: summary.annotations
})

/** Whether a listing says the same of a job twice. */
export const sameListed = (a: Listed, b: Listed): boolean =>
  a.status === b.status && a.frames === b.frames && a.annotations === b.annotations

/**
 * Chooses jobs to fetch by id that are no longer listed: those that a sink had stored, that no sink holds any more, and
 * whose last failure, if any, is retryable. No other run would notice them.
 */
export const onlyLost = <E, R>(
  unlisted: Stream.Stream<ReadonlyArray<LedgerEntry>, E, R>
): Stream.Stream<ReadonlyArray<LedgerEntry>, E, R> =>
  Stream.map(
    unlisted,
    (entries) =>
      entries.filter(({ error, receipts, revision }) =>
        revision !== null && receipts.length === 0 && error?.retryable !== false
      )
  )

/**
 * Whether a job changed between two revisions. The files of a result are compared if both have them: a run can leave them
 * out, and a document that did not change names the same files.
 */
export const isChanged = (a: Revision, b: Revision): boolean =>
  a.document !== b.document || (a.attachments !== b.attachments && a.attachments !== "" && b.attachments !== "")

/** Whether the requested files include those of a choice. If the earlier request is unknown, inputs may be missing. */
export const includes = (asked: AttachmentChoice | null, choice: AttachmentChoice): boolean =>
  choice === "none" || asked === "all" || (choice === "results" && asked !== "none")

/** Whether a sink holds what was last fetched, and was given the files of a choice. Default: `none`, any files. */
export const holds = (entry: LedgerEntry, sink: string, choice: AttachmentChoice = "none") =>
  entry.revision !== null &&
  entry.receipts.some(({ attachments, revision, ...receipt }) =>
    receipt.sink === sink && !isChanged(revision, entry.revision!) && includes(attachments, choice)
  )

/**
 * Decides about a listed job. `known` is its entry before this listing, `sinks` are the ids of those that want it, with the
 * files of a choice.
 */
export const decide = (
  summary: JobSummary,
  known: LedgerEntry | null,
  sinks: ReadonlyArray<string>,
  selection: Selection,
  attachments: AttachmentChoice
): Decision => {
  const isRefresh = selection._tag === "Refresh"
  if (isRefresh && selection.jobs?.has(summary.id) === false) return "skipped"
  if (!isFinished(summary)) return "unfinished"
  if (known === null) return "fetch"
  const isDue = isRefresh
    && (selection.checkedBefore === undefined || (known.checkedAt ?? 0) < selection.checkedBefore)
  if (known.stage === "failed") {
    if (isRefresh) return isDue ? "fetch" : "failed"
    const isFinal = known.error !== null && !known.error.retryable
    return selection._tag === "New" && isFinal && sameListed(known.listed, listedOf(summary)) ? "failed" : "fetch"
  }
  const isStored = known.stage === "stored" && sinks.every((sink) => holds(known, sink, attachments))
  if (!isStored) return "fetch"
  // The platform has no "changed since": the listing shows a change only by a count or a status.
  if (known.storedAs !== null && !sameListed(known.storedAs, listedOf(summary))) return "fetch"
  return isDue ? "fetch" : "unchanged"
}

/** Which jobs a run is for. Each list is empty if it does not matter. */
export interface Filter {
  /** Statuses of the listing, in any case. */
  readonly statuses: ReadonlyArray<string>
  /** Labels of annotations, of which one is enough. */
  readonly labels: ReadonlyArray<string>
}

/** A filter as an export takes it: its options `filter` and `filterResult`. */
export const filterOf = ({ labels, statuses }: Filter): {
  readonly filter?: (job: JobSummary) => boolean
  readonly filterResult?: (
    document: ResultDocument,
    job: { readonly batchId: string; readonly jobId: string }
  ) => Effect.Effect<boolean, ContentError>
} => {
  const words = new Set(statuses.map((word) => word.toLowerCase()))
  const wanted = new Set(labels)
  return {
    ...(words.size === 0 ? {} : { filter: (job) => words.has(job.status.toLowerCase()) }),
    ...(wanted.size === 0 ? {} : {
      filterResult: (document, job) =>
        document.rows(job).pipe(
          Stream.filter(({ rows }) => rows.some((row) => wanted.has(row.label))),
          Stream.runHead,
          Effect.map(Option.isSome)
        )
    })
  }
}
