/**
 * Says what an export would do, without doing it: compares the listings with the ledger, and fetches a few of the jobs to see
 * what one costs. Writes nothing.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import type { ContentError } from "./Content.ts"
import type { Options as ExportOptions } from "./Export.ts"
import { GtStudio } from "./GtStudio.ts"
import type { GtStudioError } from "./GtStudioError.ts"
import { checkAttachments } from "./internal/attachmentChoice.ts"
import { eachOnce } from "./internal/engine/options.ts"
import { monotonicMillis } from "./internal/monotonic.ts"
import type { BatchRef, JobSummary } from "./Job.ts"
import { fetch } from "./JobFetch.ts"
import { Ledger, type LedgerError } from "./Ledger.ts"
import * as OptionError from "./OptionError.ts"
import { check as checkSelection, decide } from "./Selection.ts"

/** What to plan: an export with these options. A `Retry` cannot be planned, because it has no listing. */
export interface Options extends Pick<ExportOptions, "batches" | "filter" | "limit" | "attachments"> {
  /** Ids of the sinks, `JobSink.id`. */
  readonly sinks: ReadonlyArray<string>
  readonly selection?: Exclude<ExportOptions["selection"], { readonly _tag: "Retry" }>
  /** Most jobs that are fetched to see what one costs, from 0. Default: 10. */
  readonly sample?: number
}

/** What would become of one batch. When it was listed to its end: listed = fetch + unchanged + unfinished + failed. */
export interface BatchPlan extends BatchRef {
  readonly listed: number
  /** Jobs that would be fetched. */
  readonly fetch: number
  readonly unchanged: number
  readonly unfinished: number
  /** Jobs that cannot be read in the listing, and failed jobs that the export would skip. */
  readonly failed: number
  /** Jobs that the export is not for; no part of `listed`. */
  readonly skipped: number
  readonly pages: number
  /** Why the listing could not be read to its end, if so. */
  readonly listingError: string | null
}

/** What the jobs of the sample cost together. */
export interface Sample {
  readonly jobs: number
  /** Jobs of the sample that could not be fetched. */
  readonly failed: number
  readonly requests: number
  readonly bytes: number
  /** How long each took, added up, in seconds. */
  readonly seconds: number
}

/** What an export would do. */
export interface Plan {
  readonly batches: ReadonlyArray<BatchPlan>
  /** Whether there is more to fetch than the limit allows. */
  readonly limited: boolean
  readonly sample: Sample
}

type Mutable<A> = { -readonly [K in keyof A]: A[K] }

interface Candidate {
  readonly batch: BatchRef
  readonly summary: JobSummary
}

/**
 * Plans an export. Costs the pages of the listings and the jobs of the sample, and remembers the ids: about 100 bytes per
 * job. Fails if the key or every batch is refused, if the ledger cannot be read, and with an `OptionError`.
 */
export const make = Effect.fnUntraced(function*(options: Options): Effect.fn.Return<
  Plan,
  GtStudioError | LedgerError | ContentError | OptionError.OptionError,
  GtStudio | Ledger
> {
  yield* OptionError.given(OptionError.count)("limit", options.limit)
  yield* OptionError.given((option, value) => OptionError.count(option, value, 0))("sample", options.sample)
  yield* OptionError.given(OptionError.callback)("filter", options.filter)
  yield* OptionError.each("sinks", options.sinks, OptionError.text)
  yield* checkAttachments(options.attachments)
  yield* checkSelection(options.selection)
  const planned = yield* OptionError.each("batches", options.batches, OptionError.batch)
  const gtStudio = yield* GtStudio
  const ledger = yield* Ledger
  const { attachments = "results", filter = () => true, limit = Number.POSITIVE_INFINITY, sample = 10 } = options
  const { selection = { _tag: "New" } } = options
  const candidates: Array<Candidate> = []
  let toFetch = 0
  let limited = false
  let refusal: GtStudioError | undefined

  /** Keeps every candidate with the same chance. */
  const consider = Effect.fnUntraced(function*(candidate: Candidate) {
    toFetch++
    if (candidates.length < sample) return candidates.push(candidate)
    const at = yield* Random.nextIntBetween(0, toFetch - 1)
    if (at < sample) candidates[at] = candidate
    return candidates.length
  })

  const planBatch = Effect.fnUntraced(function*({ batchId, projectId }: BatchRef) {
    const batch = { projectId, batchId }
    const plan: Mutable<BatchPlan> = {
      ...batch,
      listed: 0,
      fetch: 0,
      unchanged: 0,
      unfinished: 0,
      failed: 0,
      skipped: 0,
      pages: 0,
      listingError: null
    }
    const seen = new Set<string>()
    const isNew = (id: string) => !seen.has(id) && seen.add(id) !== undefined
    yield* gtStudio.pages(batch).pipe(
      Stream.takeWhile(() => !limited),
      Stream.runForEach(Effect.fnUntraced(function*({ jobs, malformed }) {
        plan.pages++
        const unreadable = malformed.filter(({ identified, jobId }) => !identified || isNew(jobId)).length
        plan.listed += unreadable
        plan.failed += unreadable
        const known = yield* ledger.find(batch, jobs.map(({ id }) => id))
        for (const [index, summary] of jobs.entries()) {
          if (limited || !isNew(summary.id)) continue
          if (!filter(summary)) {
            plan.skipped++
            continue
          }
          const decision = decide(summary, known[index] ?? null, options.sinks, selection, attachments)
          if (decision === "skipped") {
            plan.skipped++
            continue
          }
          if (decision === "fetch" && toFetch >= limit) {
            limited = true
            continue
          }
          plan.listed++
          plan[decision]++
          if (decision === "fetch") yield* consider({ batch, summary })
        }
      })),
      Effect.catchTag("GtStudioError", (error) => {
        if (error.isFatal) return Effect.fail(error)
        if (error.isRefusal) refusal ??= error
        plan.listingError = error.message
        return Effect.void
      })
    )
    return plan
  })

  const batches = yield* Effect.forEach(eachOnce(planned), planBatch)
  if (refusal !== undefined && batches.every(({ pages }) => pages === 0)) return yield* refusal
  return { batches, limited, sample: yield* fetchSample(candidates, attachments) }
})

const fetchSample = Effect.fnUntraced(function*(
  candidates: ReadonlyArray<Candidate>,
  attachments: NonNullable<Options["attachments"]>
) {
  const gtStudio = yield* GtStudio
  const sample: Mutable<Sample> = { jobs: 0, failed: 0, requests: 0, bytes: 0, seconds: 0 }
  const before = (yield* gtStudio.activity).requests
  yield* Effect.forEach(candidates, ({ batch, summary }) =>
    Effect.scoped(Effect.gen(function*() {
      const startedAt = yield* monotonicMillis
      const job = yield* fetch(batch, summary, { attachments })
      sample.seconds += ((yield* monotonicMillis) - startedAt) / 1000
      sample.jobs++
      if (Option.isNone(job)) return
      sample.bytes += job.value.attachments.reduce((sum, { content }) => sum + content.size, job.value.document.size)
    })).pipe(
      Effect.catchIf(
        (error) => error._tag === "GtStudioError" && !error.isFatal,
        () => Effect.sync(() => sample.failed++)
      )
    ), { concurrency: 4, discard: true })
  sample.requests = (yield* gtStudio.activity).requests - before
  return sample
})
