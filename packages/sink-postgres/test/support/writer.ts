/**
 * A process that stores jobs of its own and jobs that others store too: `writer SCHEMA NAME ANNOTATIONS`. Each batch has
 * both. Prints a line after each commit.
 */
import * as Effect from "effect/Effect"
import { record } from "./records.ts"
import { make } from "./server.ts"

const [schema = "", name = "", annotations = "1"] = process.argv.slice(2)

/** Batches of each writer. */
const batches = 12

await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
  const { commit, finish, stage } = yield* make({ schema }).open
  for (let batch = 0; batch < batches; batch++) {
    const jobs = Array.from({ length: 10 }, (_, job) => `${job % 2 === 0 ? "all" : name}-${batch}-${job}`)
    // No two writers store the jobs of all in one order.
    const ordered = name === "two" ? jobs.toReversed() : jobs
    const token = `${name}-${batch}`
    const records = ordered.map((job) => record(job, name, Number(annotations)))
    yield* Effect.andThen(stage(token, records), commit(token)).pipe(
      Effect.retry({ times: 5, while: (error) => error.isRetryable })
    )
    process.stdout.write(`${batch}\n`)
  }
  yield* finish({ outcome: "completed" })
})))
