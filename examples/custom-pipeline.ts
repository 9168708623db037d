// The streams by hand: every "Chair" of a batch as a line of NDJSON on standard output, and a count of all labels.
import { GtStudio, JobFetch } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { connect } from "./support/platform.ts"

const program = Effect.gen(function*() {
  const { batches: [batch], concurrency, note, platform } = yield* connect
  if (batch === undefined) return
  if (note !== undefined) console.error(note)
  const counts = new Map<string, number>()
  yield* GtStudio.GtStudio.use((gtStudio) =>
    gtStudio.jobSummaries(batch).pipe(
      JobFetch.mapJobs(batch, ({ jobId, parsed }) =>
        parsed.rows({ batchId: batch.batchId, jobId }).pipe(
          Stream.flatMap(({ rows }) => Stream.fromIterable(rows)),
          Stream.tap(({ label }) => Effect.sync(() => counts.set(label, (counts.get(label) ?? 0) + 1))),
          Stream.filter(({ label }) => label === "Chair"),
          Stream.runCollect
        ), { attachments: "none", concurrency }),
      Stream.runForEach((rows) =>
        Effect.sync(() => process.stdout.write(rows.map((row) => `${JSON.stringify(row)}\n`).join("")))
      )
    )
  ).pipe(Effect.provide(platform))
  console.error(Object.fromEntries(counts))
})

Effect.runPromise(Effect.scoped(program)).catch((error: Error) => {
  console.error(error.message)
  process.exitCode = 1
})
