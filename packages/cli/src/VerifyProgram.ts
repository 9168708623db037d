/** Compares what sinks have stored with the ledger, without the network, and prints each difference. */
import { type JobSink, Ledger, type OptionError, Verify } from "@labelstream/core"
import { onOneLine } from "@labelstream/core/PlainText"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { commandLine } from "./internal/commandLine.ts"
import { SettingsError } from "./internal/failure.ts"
import { didYouMean } from "./internal/output/didYouMean.ts"
import * as LedgerSummary from "./internal/output/ledgerSummary.ts"
import * as Screen from "./internal/output/screen.ts"
import { counted, jobs } from "./internal/output/text.ts"
import { unpublishedIn } from "./internal/output/unpublished.ts"
import { type Damage, Found } from "./internal/output/verified.ts"

export type { Damage } from "./internal/output/verified.ts"

/** What to verify. */
export interface Options {
  readonly sinks: ReadonlyArray<JobSink.JobSink>
  /** The sinks' targets, as the user named them. */
  readonly where: string
  /** `content` reads and hashes every stored byte; `manifest` trusts the sinks' records. Default: `content`. */
  readonly depth?: JobSink.InspectDepth
  /** Whether stdout gets one JSON object instead of lines. Default: false. */
  readonly json?: boolean
  /** Whether sinks in which nothing is stored are skipped, as long as one is left. Default: false, which fails. */
  readonly skipsUnused?: boolean
  /** Returns the command that restores what is damaged in one project. Default: none is named. */
  readonly repair?: (damage: Damage) => string
  /** The command that stores something in the first place. Default: `labelstream export`. */
  readonly store?: string
}

/**
 * The id under which the ledger has a sink's receipts. It is not the sink's own if the output was moved, and undefined if
 * nothing is stored there. If several ids are possible, it is the one with the most of the sink's jobs.
 */
const receiptsOf = Effect.fnUntraced(function*(sink: JobSink.JobSink) {
  const ledger = yield* Ledger.Ledger
  if (yield* ledger.hasReceipts(sink.id)) return sink.id
  const held = yield* Stream.runHead(
    sink.inspect("manifest").pipe(
      Stream.map((items) => items.flatMap((item) => item._tag === "Intact" ? [item.receipt] : [])),
      Stream.filter((receipts) => receipts.length > 0)
    )
  )
  if (held._tag === "None") return undefined
  let best: { readonly id: string | undefined; readonly known: number } = { id: undefined, known: 0 }
  for (const { sink: id } of (yield* LedgerSummary.read([])).sinks) {
    if (!id.startsWith(`${sink.name}:`)) continue
    const words = yield* Effect.scoped(Effect.flatMap(ledger.audit(id), (audit) => audit.check(held.value, [])))
    const known = words.filter((word) => word !== "unknown").length
    if (known > best.known) best = { id, known }
  }
  return best.id
})

/** Says in which sinks nothing is stored, and where something was. */
const nothingStored = Effect.fnUntraced(function*(sinks: ReadonlyArray<JobSink.JobSink>, store: string) {
  const { sinks: known } = yield* LedgerSummary.read([])
  const there = known.map(({ sink, stored }) => `${jobs(stored)} in ${sink}`).join(", ")
  const meant = sinks.map(({ id }) => didYouMean(id, known.map(({ sink }) => sink))).join("")
  return `The ledger has no stored jobs in ${sinks.map(({ id }) => id).join(", ")}.${meant} It has ${
    there === "" ? "none anywhere" : there
  }. To store jobs there, run: ${store}`
})

/** Jobs that the ledger has in one of these sinks, except for those that are left out. */
const countStored = Effect.fnUntraced(function*(ids: ReadonlySet<string>, isLeftOut: (job: Ledger.JobKey) => boolean) {
  const ledger = yield* Ledger.Ledger
  return yield* ledger.entries({}).pipe(
    Stream.flattenIterable,
    Stream.filter((entry) => entry.receipts.some(({ sink }) => ids.has(sink)) && !isLeftOut(entry)),
    Stream.runCount
  )
})

const say = (line: string) => Screen.say("stdout", onOneLine(line))

/**
 * Verifies, and returns the exit status: 0 if everything is as it was stored and readers see it, 3 if not, 4 if
 * something is only extra, 1 if nothing is stored in one of the sinks. Fails if nothing is stored in any of them, and if a
 * sink or the ledger cannot be read. Leftovers of an interrupted run are named and are no difference.
 *
 * Counts are of jobs, each once in however many sinks it is. Remembers the jobs and paths that differ, about 200 bytes
 * each.
 */
export const run = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<
  number,
  SettingsError | JobSink.SinkError | Ledger.LedgerError | OptionError.OptionError,
  Ledger.Ledger
> {
  const { depth = "content", json = false, sinks, skipsUnused = false, store = commandLine(["export"]), where } =
    options
  const blind = sinks.filter(({ capabilities }) => !capabilities.inspectable).map(({ id }) => id)
  if (blind.length > 0) {
    return yield* new SettingsError({
      message: `${
        blind.join(", ")
      } cannot read back what it stores, so verify cannot check it. Name the other sinks with --to`
    })
  }
  const found = new Found()
  const used: Array<{ readonly sink: JobSink.JobSink; readonly receipts: string }> = []
  const unused: Array<JobSink.JobSink> = []
  for (const sink of sinks) {
    const receipts = yield* receiptsOf(sink)
    if (receipts === undefined) unused.push(sink)
    else used.push({ sink, receipts })
  }
  if (used.length === 0) return yield* new SettingsError({ message: yield* nothingStored(unused, store) })
  for (const { receipts, sink } of used) {
    if (receipts !== sink.id && !json) say(`Compared with what was stored at ${receipts}`)
    yield* Stream.runForEach(Verify.sink(sink, { depth, receiptsOf: receipts }), (step) =>
      Effect.sync(() => {
        const named = found.add(sink, step)
        if (!json) {
          for (const { _tag, path } of named) say(`${_tag}${used.length > 1 ? ` in ${sink.id}` : ""}: ${path}`)
        }
      }))
  }
  const intact = used.length === 1
    ? found.intact
    : yield* countStored(new Set(used.map(({ receipts }) => receipts)), found.isAffected)
  for (const { batches, sink } of found.damage) {
    const receipts = used.find((each) => each.sink === sink)?.receipts
    if (batches.size === 0 && receipts !== undefined) {
      ;(yield* batchIn(receipts)).forEach((batchId) => batches.add(batchId))
    }
  }
  const damage = found.damage.length === 0 ? [] : yield* inProjects(found)
  const repair = damage.flatMap((each) => options.repair === undefined ? [] : [options.repair(each)])
  const lacking = skipsUnused ? [] : unused
  const unpublished = yield* unpublishedIn(used.map(({ sink }) => sink))
  if (json) {
    Screen.say("stdout", JSON.stringify(found.object(intact, repair, lacking.map(({ id }) => id), unpublished)))
  } else {
    for (const line of found.moreLines()) say(line)
    say(`${jobs(intact)} intact, ${found.counts()} in ${where}`)
    if (found.leftovers > 0) {
      say(
        `${
          counted(found.leftovers, "leftover")
        } of an interrupted or running export: no damage. The next run into the ` +
          "same sink finishes or removes them"
      )
    }
    for (const line of unpublished) say(line)
    for (const line of repair) say(`To restore what is missing or modified: ${line}`)
  }
  if (lacking.length > 0) yield* Effect.logError(yield* nothingStored(lacking, store))
  return found.isDamaged || unpublished.length > 0 ? 3 : lacking.length > 0 ? 1 : found.hasExtra ? 4 : 0
})

/** A batch whose jobs a sink has: a run that exports it into the sink restores the published files. */
const batchIn = Effect.fnUntraced(function*(receipts: string) {
  const entry = yield* Stream.runHead(
    Stream.filter(
      Stream.flattenIterable((yield* Ledger.Ledger).entries({})),
      (entry) => entry.receipts.some(({ sink }) => sink === receipts)
    )
  )
  return Option.toArray(entry).map(({ batchId }) => batchId)
})

/** What is damaged, by the projects that the batches are of. */
const inProjects = Effect.fnUntraced(function*(found: Found) {
  const { batches } = yield* LedgerSummary.read([])
  const damaged = new Set(found.damage.flatMap(({ batches }) => Array.from(batches)))
  const projects = new Map<string, Set<string>>()
  for (const { batchId, projectId } of batches) {
    if (!damaged.has(batchId)) continue
    projects.set(projectId, (projects.get(projectId) ?? new Set()).add(batchId))
  }
  return Array.from(projects, ([projectId, of]): Damage => ({
    projectId,
    batchIds: Array.from(of),
    sinks: found.damage.flatMap(({ batches, sink }) => Array.from(of).some((id) => batches.has(id)) ? [sink] : [])
  }))
})
