import type { JobSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import type { Subject } from "../Subject.ts"
import { unreadable } from "./contents.ts"
import { job, jobs, plain, recordsOf, type TestJob } from "./jobs.ts"

/** A batch with two records whose bytes cannot be read: a document in one, a file in the other. */
export const poisoned = (subject: Subject): Effect.Effect<{
  readonly good: ReadonlyArray<TestJob>
  readonly bad: ReadonlyArray<TestJob>
  readonly records: ReadonlyArray<JobSink.JobRecord>
}> =>
  Effect.gen(function*() {
    const good = yield* jobs(plain(4))
    const lost = subject.content === "rows" ? { hold: unreadable } : { holdFiles: unreadable }
    const bad = yield* Effect.forEach([
      { job: "bad-document", document: { of: "lost" }, hold: unreadable },
      { job: "bad-file", document: { of: "file" }, files: ["lost"], ...lost }
    ], job)
    return { good, bad, records: recordsOf([good[0]!, bad[0]!, good[1]!, good[2]!, bad[1]!, good[3]!]) }
  })
