/** The streams without sink and ledger: jobs of a batch, each with its document received whole, verified and hashed. */
import { GtStudio, JobStream } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Run } from "../harness/client.ts"
import type { Address } from "../harness/server.ts"
import { platform } from "../support/platform.ts"

interface Spec {
  readonly address: Address
  readonly folder: string
  /** `document`: job and result document. `job`: read as well, with the files that the document names. */
  readonly fetch: "document" | "job"
}

const concurrency = 64

export const run: Run<Spec> = async ({ address, fetch, folder }, stopwatch) => {
  const { batchId, projectId } = address
  const batch = { projectId, batchId }
  const jobs = Stream.unwrap(Effect.map(GtStudio.GtStudio, (gtStudio) => {
    const summaries = gtStudio.jobSummaries(batch)
    if (fetch === "job") return summaries.pipe(JobStream.mapJobs(batch, () => Effect.succeed(1), { concurrency }))
    return Stream.mapEffect(summaries, ({ id }) =>
      Effect.scoped(Effect.as(
        Effect.flatMap(gtStudio.jobResult(projectId, id), ({ result }) => gtStudio.download(result ?? "")),
        1
      )), { concurrency, unordered: true })
  }))
  const count = await stopwatch.run(() =>
    Stream.runCount(jobs).pipe(Effect.provide(platform(address, folder)), Effect.runPromise)
  )
  return { jobs: count }
}
