import { Export, LedgerMemory, Plan } from "@labelstream/core"
import { plain } from "@labelstream/core/PlainText"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { existsSync } from "node:fs"
import { freeAt, pathIn } from "../disk.ts"
import type { Failure } from "../failure.ts"
import { type SettingFlags, settingsOf } from "../flags.ts"
import { needOwnPlaces } from "../ownPlaces.ts"
import { batchesOf, impatient, ledgerReadOnly, platform, withHost } from "../platform.ts"
import * as Screen from "../screen.ts"
import { resolveSettings } from "../settings.ts"
import { labelOf, makeAll } from "../sinks.ts"
import { about, bytes, count, jobs } from "../text.ts"
import { filterOf } from "./export.ts"

interface Flags extends SettingFlags {
  readonly config: Option.Option<string>
  readonly json: boolean
  readonly refresh: boolean
  readonly sample: number
}

const batchLines = (batch: Plan.BatchPlan): ReadonlyArray<string> => [
  `Batch ${batch.batchId}: ${jobs(batch.listed)} listed = ${batch.fetch} to fetch + ${batch.unchanged} unchanged + ` +
  `${batch.unfinished} unfinished + ${batch.failed} failed`,
  ...(batch.skipped === 0 ? [] : [`  ${jobs(batch.skipped)} skipped, since the export is not asked for them`]),
  ...(batch.listingError === null ? [] : [`  The listing could not be read to its end: ${batch.listingError}`])
]

/** What all jobs would cost, if those of the sample are like the others. */
const estimate = (plan: Plan.Plan, concurrency: number, perSecond: number | undefined) => {
  const sum = (of: (batch: Plan.BatchPlan) => number) => plan.batches.reduce((total, batch) => total + of(batch), 0)
  const [toFetch, pages, { sample }] = [sum(({ fetch }) => fetch), sum((batch) => batch.pages), plan]
  const each = (of: number) => sample.jobs === 0 ? 0 : toFetch * of / sample.jobs
  const requests = pages + each(sample.requests)
  const seconds = Math.max(each(sample.seconds) / concurrency, perSecond === undefined ? 0 : requests / perSecond)
  return { jobs: toFetch, pages, requests: Math.ceil(requests), bytes: Math.ceil(each(sample.bytes)), seconds }
}

export const run = (flags: Flags): Effect.Effect<number, Failure> =>
  Effect.scoped(Effect.gen(function*() {
    const settings = yield* resolveSettings(settingsOf(flags), Option.getOrUndefined(flags.config))
    yield* needOwnPlaces(settings)
    const sinks = yield* makeAll(settings.to)
    const ledger = existsSync(settings.state) ? ledgerReadOnly(settings) : LedgerMemory.layer
    const context = yield* Layer.build(Layer.merge(platform(settings, impatient), ledger))
    const { wanted } = filterOf(settings)
    const plan = yield* Effect.gen(function*() {
      return yield* Plan.make({
        batches: yield* batchesOf(settings),
        sinks: sinks.map(({ id }) => id),
        selection: { _tag: flags.refresh ? "Refresh" : "New" },
        attachments: settings.attachments,
        sample: flags.sample,
        ...(wanted === undefined ? {} : { wanted }),
        ...(settings.limit === undefined ? {} : { limit: settings.limit })
      })
    }).pipe(Effect.provide(context), withHost(settings))
    const concurrency = settings.concurrency ?? Export.defaultConcurrency
    const cost = estimate(plan, concurrency, settings.requestsPerSecond)
    const disks = sinks.flatMap(({ id }, index) => {
      const path = pathIn(id)
      const free = path === undefined ? undefined : freeAt(path)
      const place = settings.to[index]
      return free === undefined || place === undefined ? [] : [{ place: labelOf(place), free }]
    })
    const isListed = plan.batches.every(({ listingError }) => listingError === null)
    const fits = disks.every(({ free }) => free > cost.bytes)
    if (flags.json) {
      Screen.say("stdout", JSON.stringify({ ...plan, estimate: cost, disks }))
      return isListed && fits ? 0 : 2
    }
    const lines = [
      ...plan.batches.flatMap(batchLines),
      ...(plan.limited ? ["Ended at the limit: there is more to fetch."] : []),
      cost.jobs === 0 ? "Nothing to fetch." : plan.sample.jobs === 0
        ? `To fetch: ${jobs(cost.jobs)}; none of the ${plan.sample.failed} that were tried could be had`
        : `To fetch: ${jobs(cost.jobs)}, about ${count(cost.requests)} requests, about ${bytes(cost.bytes)} as they ` +
          `come (measured on ${jobs(plan.sample.jobs)})`,
      ...(cost.jobs === 0 || plan.sample.jobs === 0 ? [] : [
        `Time: about ${about(cost.seconds)} with ${count(concurrency)} jobs in flight, if the platform keeps up`
      ]),
      ...(settings.label.length === 0 ? [] : ["--label is decided from each result: all of them are counted here."]),
      ...disks.map(({ free, place }) =>
        `Disk: ${bytes(free)} free for ${place}${free > cost.bytes ? "" : ": that is not enough"}`
      ),
      "Nothing was written."
    ]
    Screen.say("stdout", plain(lines.join("\n")))
    return isListed && fits ? 0 : 2
  }))
