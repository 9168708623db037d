/**
 * How long the jobs that a runner had in progress wait when it is killed: from the SIGKILL to the first of them that the
 * platform is asked for again.
 */
import { Simulator } from "@labelstream/simulator"
import type { Run } from "../harness/client.ts"
import { type ClusterSpec, exportBatch, startRunners } from "../support/clusterRunners.ts"

interface Spec {
  readonly folder: string
  readonly jobs: number
  readonly latency: number
  readonly runners: number
}

export const run: Run<Spec> = async ({ folder, jobs, latency, runners: count }, stopwatch) => {
  const asked = new Set<string>()
  let onJob: (job: string) => void = () => {}
  const simulator = await Simulator.startPromise({
    batches: [{ jobs }],
    latency,
    onRequest: ({ endpoint, job }) => {
      if (endpoint === "job" && job !== undefined) onJob(job)
    }
  })
  const { apiKey, apiUrl, batches, projectId } = simulator
  const spec: ClusterSpec = { folder, address: { apiKey, apiUrl, projectId, batchId: batches[0]!.id } }
  const runners = await startRunners(spec, count)
  const takenOver = new Promise<number>((resolve) => {
    let killedAt: number | undefined
    onJob = (job) => {
      if (killedAt !== undefined && asked.has(job)) return resolve((performance.now() - killedAt) / 1000)
      asked.add(job)
      if (killedAt !== undefined || asked.size < jobs / 4) return
      killedAt = performance.now()
      runners[0]!.child.kill("SIGKILL")
    }
  })
  const { report } = await exportBatch(spec, stopwatch)
  await Promise.all(runners.slice(1).map(({ leave }) => leave()))
  await simulator.close()
  const [batch] = report.batches
  if (!report.complete || batch?.exported !== jobs) throw new Error("the export is not complete")
  return { jobs, takeover: await takenOver }
}
