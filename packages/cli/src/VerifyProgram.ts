/** Holds what sinks have stored against the ledger, without the network, and prints each difference by its name. */
import { type JobSink, Ledger, Verify } from "@labelstream/core"
import { onOneLine } from "@labelstream/core/PlainText"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Screen from "./internal/screen.ts"

/** What to verify. */
export interface Options {
  /** Those of which the ledger has no receipt are passed over. */
  readonly sinks: ReadonlyArray<JobSink.JobSink>
  /** Where they are, as the person named it. */
  readonly where: string
  /** `content` (the default) reads and hashes every stored byte; `manifest` believes the sinks' own books. */
  readonly depth?: JobSink.InspectDepth
  /** Whether stdout gets one JSON object in place of lines. Default false. */
  readonly json?: boolean
}

/** The id under which the ledger has a sink's receipts: another than its own where the output was moved. */
const receiptsOf = Effect.fnUntraced(function*({ id, name }: JobSink.JobSink) {
  const ledger = yield* Ledger.Ledger
  if (yield* ledger.hasReceipts(id)) return Option.some(id)
  return yield* ledger.entries({}).pipe(
    Stream.flattenIterable,
    Stream.flatMap(({ receipts }) => Stream.fromIterable(receipts)),
    Stream.map(({ sink }) => sink),
    Stream.filter((sink) => sink.startsWith(`${name}:`)),
    Stream.runHead
  )
})

const pathOf = (difference: Verify.Difference) =>
  difference.path ?? ("jobId" in difference ? `${difference.batchId}/${difference.jobId}` : "")

/**
 * Verifies and answers the exit status: 0 where everything is there as it was stored, 3 where something is missing or
 * changed, 4 where there is only something that nobody stored. Fails where a sink or the ledger cannot be read.
 */
export const run = Effect.fnUntraced(function*({ depth = "content", json = false, sinks, where }: Options) {
  const found = { intact: 0, Missing: 0, Changed: 0, Extra: 0 }
  const differences: Array<Record<string, string | null>> = []
  const say = (line: string) => Effect.sync(() => json ? undefined : Screen.say("stdout", onOneLine(line)))
  for (const sink of sinks) {
    const id = yield* receiptsOf(sink)
    if (Option.isNone(id)) continue
    if (id.value !== sink.id) yield* say(`Held against what was stored at ${id.value}`)
    yield* Stream.runForEach(Verify.sink(sink, { depth, receiptsOf: id.value }), (step) => {
      found.intact += step.intact
      return Effect.forEach(step.differences, (difference) => {
        found[difference._tag]++
        if (json) {
          const { _tag, ...rest } = difference
          differences.push({ difference: _tag.toLowerCase(), ...rest, sink: sink.id })
        }
        return say(`${difference._tag}: ${pathOf(difference)}`)
      }, { discard: true })
    })
  }
  const { Changed: changed, Extra: extra, Missing: missing, intact } = found
  yield* json
    ? Effect.sync(() => Screen.say("stdout", JSON.stringify({ intact, missing, changed, extra, differences })))
    : say(`${intact} jobs intact, ${missing} missing, ${changed} changed, ${extra} extra in ${where}`)
  return missing + changed > 0 ? 3 : extra > 0 ? 4 : 0
})
