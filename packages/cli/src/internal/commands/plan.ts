import { Export, Plan } from "@labelstream/core"
import { plain } from "@labelstream/core/PlainText"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as JsonOutput from "../../JsonOutput.ts"
import type { Failure } from "../failure.ts"
import { didYouMean } from "../output/didYouMean.ts"
import { freeAt, pathIn } from "../output/disk.ts"
import * as Screen from "../output/screen.ts"
import { about, bytes, count, counted, jobs } from "../output/text.ts"
import { batchesOf, ledgerSoFar, platformReadOnly, withHost } from "../platform.ts"
import { needDistinctTargets } from "../settings/distinctTargets.ts"
import { type SettingFlags, settingsOf } from "../settings/flags.ts"
import { resolveSettings } from "../settings/settings.ts"
import { labelOf, makeAll } from "../settings/sinkTargets.ts"
import { filterOf } from "./export.ts"

interface Flags extends SettingFlags {
  readonly config: Option.Option<string>
  readonly json: boolean
  readonly refresh: boolean
  readonly sample: number
}

/** Statuses to name if none of them matches the filter. */
const mostSeen = 20

const batchLines = (batch: Plan.BatchPlan): ReadonlyArray<string> => [
  `Batch ${batch.batchId}: ${jobs(batch.listed)} listed = ${batch.fetch} to fetch + ${batch.unchanged} unchanged + ` +
  `${batch.unfinished} unfinished + ${batch.failed} failed`,
  ...(batch.skipped === 0 ? [] : [`  ${jobs(batch.skipped)} skipped by the filter`]),
  ...(batch.listingError === null ? [] : [`  The listing could not be read to its end: ${batch.listingError}`])
]

/** The cost of all jobs, if they are like those of the sample. */
const estimate = (plan: Plan.Plan, concurrency: number, perSecond: number | undefined) => {
  const sum = (of: (batch: Plan.BatchPlan) => number) => plan.batches.reduce((total, batch) => total + of(batch), 0)
  const [toFetch, pages, { sample }] = [sum(({ fetch }) => fetch), sum((batch) => batch.pages), plan]
  const each = (of: number) => sample.jobs === 0 ? 0 : toFetch * of / sample.jobs
  const requests = pages + each(sample.requests)
  const seconds = Math.max(each(sample.seconds) / concurrency, perSecond === undefined ? 0 : requests / perSecond)
  return { jobs: toFetch, pages, requests: Math.ceil(requests), bytes: Math.ceil(each(sample.bytes)), seconds }
}

const fetchLine = (
  { sample }: Plan.Plan,
  cost: { readonly jobs: number; readonly requests: number; readonly bytes: number },
  isListed: boolean
): string => {
  if (cost.jobs === 0) return isListed ? "Nothing to fetch." : "Nothing to fetch in what could be listed."
  if (sample.jobs > 0) {
    return `To fetch: ${jobs(cost.jobs)}, about ${counted(cost.requests, "request")}, about ${bytes(cost.bytes)} to ` +
      `download (measured on ${jobs(sample.jobs)})`
  }
  return sample.failed === 0
    ? `To fetch: ${jobs(cost.jobs)}; none was measured`
    : `To fetch: ${jobs(cost.jobs)}; the sample of ${jobs(sample.failed)} could not be fetched`
}

/** The plan of a batch, for programs. */
export const batchPlanObject = (
  { batchId, listingError, projectId, ...counts }: Plan.BatchPlan
): (typeof JsonOutput.Plan.Type)["batches"][number] => ({
  project_id: projectId,
  batch_id: batchId,
  ...counts,
  listing_error: listingError
})

/** The object that `--json` prints. */
const objectOf = (
  { batches, limited, sample }: Plan.Plan,
  noMatch: boolean,
  statuses: ReadonlyArray<string>,
  estimate: (typeof JsonOutput.Plan.Type)["estimate"],
  disks: (typeof JsonOutput.Plan.Type)["disks"]
): typeof JsonOutput.Plan.Type => ({
  batches: batches.map(batchPlanObject),
  limited,
  sample,
  no_match: noMatch,
  seen: { statuses },
  estimate,
  disks
})

export const run = (flags: Flags): Effect.Effect<number, Failure> =>
  Effect.scoped(Effect.gen(function*() {
    const settings = yield* resolveSettings(settingsOf(flags), Option.getOrUndefined(flags.config))
    yield* needDistinctTargets(settings)
    const sinks = yield* makeAll(settings.to)
    const context = yield* Layer.build(Layer.merge(platformReadOnly(settings), ledgerSoFar(settings)))
    const { filter } = filterOf(settings)
    const seen = new Set<string>()
    const counted: typeof filter = filter === undefined ? undefined : (job) => {
      const matches = filter(job)
      if (!matches && seen.size < mostSeen) seen.add(job.status)
      return matches
    }
    const plan = yield* Effect.gen(function*() {
      return yield* Plan.make({
        batches: yield* batchesOf(settings),
        sinks: sinks.map(({ id }) => id),
        selection: { _tag: flags.refresh ? "Refresh" : "New" },
        attachments: settings.attachments,
        sample: flags.sample,
        ...(counted === undefined ? {} : { filter: counted }),
        ...(settings.limit === undefined ? {} : { limit: settings.limit })
      })
    }).pipe(Effect.provide(context), withHost(settings))
    const concurrency = settings.concurrency ?? Export.defaultConcurrency
    const cost = estimate(plan, concurrency, settings.requestsPerSecond)
    const disks = sinks.flatMap(({ id }, index) => {
      const path = pathIn(id)
      const free = path === undefined ? undefined : freeAt(path)
      const place = settings.to[index]
      return free === undefined || place === undefined ? [] : [{ target: labelOf(place), free }]
    })
    const isListed = plan.batches.every(({ listingError }) => listingError === null)
    const fits = disks.every(({ free }) => free > cost.bytes)
    const listed = plan.batches.reduce((sum, batch) => sum + batch.listed, 0)
    const noMatch = isListed && listed === 0 && plan.batches.some(({ skipped }) => skipped > 0)
    const isMeasured = cost.jobs === 0 || flags.sample === 0 || plan.sample.jobs > 0
    const status = isListed && fits && !noMatch && isMeasured ? 0 : 2
    if (flags.json) {
      const statuses = noMatch ? Array.from(seen) : []
      Screen.say("stdout", JSON.stringify(objectOf(plan, noMatch, statuses, cost, disks)))
      return status
    }
    const lines = [
      ...plan.batches.flatMap(batchLines),
      ...(plan.limited ? ["Reached the limit: there is more to fetch."] : []),
      ...(noMatch
        ? [
          `No job matches the filter. Statuses of the skipped jobs: ${Array.from(seen).join(", ")}.${
            settings.status.map((word) => didYouMean(word, seen)).join("")
          }`
        ]
        : []),
      fetchLine(plan, cost, isListed),
      ...(cost.jobs === 0 || plan.sample.jobs === 0 ? [] : [
        `Time: about ${about(cost.seconds)} with ${count(concurrency)} jobs in flight, if GT Studio keeps up`
      ]),
      ...(settings.label.length === 0 ? [] : ["--label needs each result, so this counts all jobs."]),
      ...disks.map(({ free, target }) =>
        `Disk: ${bytes(free)} free for ${target}${free > cost.bytes ? "" : ": that is not enough"}`
      ),
      "Nothing was written."
    ]
    Screen.say("stdout", plain(lines.join("\n")))
    return status
  }))
