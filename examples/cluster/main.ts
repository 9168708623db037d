// Starts three runners on this machine for one export, kills one of them halfway, and shows that nothing is lost.
import { PathName } from "@labelstream/core"
import { Simulator } from "@labelstream/simulator"
import * as Console from "effect/Console"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { ended, freePort, start } from "./processes.ts"
import { exported, isReady } from "./runner.ts"

const [batch, total] = ["clustered-batch", 600]

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "labelstream-cluster-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const program = Effect.gen(function*() {
  const output = yield* folder
  const half = yield* Deferred.make<void>()
  let served = 0
  const simulator = yield* Simulator.start({
    batches: [{ id: batch, jobs: total, kinds: ["image_annotation", "video_annotation"] }],
    latency: 20,
    countJobs: true,
    onRequest: ({ endpoint }) => {
      if (endpoint === "storage" && ++served === total / 2) Deferred.doneUnsafe(half, Exit.void)
    }
  })
  const cluster = `sqlite:${join(output, "cluster.db")}`
  const env = { GT_STUDIO_API_KEY: simulator.apiKey, GT_STUDIO_BASE_URL: simulator.apiUrl }

  const ports = [yield* freePort, yield* freePort, yield* freePort]
  const runners = yield* start(
    ports.map((port) => ["runner", "--cluster", cluster, "--health", `127.0.0.1:${port}`]),
    env,
    "ignore"
  )
  yield* Effect.forEach(ports, isReady, { concurrency: "unbounded", discard: true })
  yield* Console.log("Three runners are ready. Submitting an export:")

  const place = ["--project", simulator.projectId, "--batch", batch, "--to", `files:${join(output, "files")}`]
  const [client] = yield* start([["export", "--cluster", cluster, ...place]], env, ["ignore", "inherit", "inherit"])
  if (client === undefined) return 1

  yield* Effect.forkScoped(Effect.gen(function*() {
    yield* Deferred.await(half)
    const done = yield* Effect.forEach(ports, exported)
    const most = done.indexOf(Math.max(...done))
    runners[most]?.kill("SIGKILL")
    yield* Console.log(`Runner ${most + 1} is killed. The runners have exported ${done.join(" + ")} jobs so far.`)
  }))
  const status = yield* Effect.promise(() => ended(client))

  const did = yield* Effect.forEach(ports, (port, index) =>
    exported(port).pipe(
      Effect.map((jobs) => `runner ${index + 1} exported ${jobs} jobs`),
      Effect.orElseSucceed(() => `runner ${index + 1} is gone`)
    ))
  yield* Console.log(`At the end: ${did.join(", ")}.`)
  const file = (id: string) => join(output, "files", batch, `${PathName.fromId(id)}.json`)
  const same = Array.from(simulator.jobs(batch), ({ id }) => id)
    .filter((id) => existsSync(file(id)) && readFileSync(file(id)).equals(simulator.expectedDocument(batch, id)))
  const { requests } = yield* simulator.report
  yield* Console.log(`${same.length} of ${total} results are stored, with the bytes that the platform has.`)
  yield* Console.log(`${requests.job - total} jobs were fetched again, because the killed runner had them in flight.`)
  return status === 0 && same.length === total ? 0 : 1
})

const stopped = new AbortController()
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stopped.abort())
const exit = await Effect.runPromiseExit(Effect.scoped(program), { signal: stopped.signal })
if (Exit.isSuccess(exit)) process.exitCode = exit.value
else if (stopped.signal.aborted) process.exitCode = 130
else {
  console.error(`The example could not run: ${String(exit.cause)}`)
  process.exitCode = 1
}
