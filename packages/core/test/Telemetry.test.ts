import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Context, Effect, Logger, Metric, References, Tracer } from "effect"
import { TestClock } from "effect/testing"
import { readFileSync } from "node:fs"
import { inspect } from "node:util"
import { SinkError } from "../src/JobSink.ts"
import * as Telemetry from "../src/Telemetry.ts"
import { TransportError } from "../src/Transport.ts"
import { world } from "./support/exports.ts"
import { batchOf, documentUrl, error, FakePlatform, key, kindOf, signature, storage } from "./support/fakePlatform.ts"
import { MemorySink } from "./support/memorySink.ts"

interface Line {
  readonly level: string
  readonly message: unknown
  readonly annotations: Readonly<Record<string, unknown>>
}

/** Everything that was reported: metrics, spans and log lines of what ran within. */
const listening = () => {
  const registry: Metric.MetricRegistry = new Map()
  const spans: Array<Tracer.NativeSpan> = []
  const lines: Array<Line> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  const logger = Logger.make(({ fiber, logLevel, message }) => {
    lines.push({ level: logLevel, message, annotations: fiber.getRef(References.CurrentLogAnnotations) })
  })
  const within = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    effect.pipe(
      Effect.provideService(Metric.MetricRegistry, registry),
      Effect.withTracer(tracer),
      Effect.provide(Logger.layer([logger])),
      Effect.provideService(References.MinimumLogLevel, "Trace")
    )
  /** Series of a metric: attribute values joined, and the value; of a histogram how often it was updated. */
  const series = ({ name }: { readonly name: string }) =>
    Object.fromEntries(
      Metric.snapshotUnsafe(Context.make(Metric.MetricRegistry, registry)).filter(({ id }) => id === name)
        .map(({ attributes, state }) => {
          const { unit: _, ...labels } = attributes ?? {}
          return [
            Object.values(labels).join(" "),
            "value" in state ? state.value : "count" in state ? state.count : state
          ]
        })
    )
  const everything = () =>
    inspect([
      lines,
      spans.map(({ attributes, events, links, name, status }) => [name, attributes, events, status, links.length]),
      Metric.snapshotUnsafe(Context.make(Metric.MetricRegistry, registry))
    ], { depth: 20, maxArrayLength: null, maxStringLength: null })
  return { registry, spans, lines, within, series, everything }
}

const exported = (platform: FakePlatform, sinks: ReadonlyArray<MemorySink>, options = {}) =>
  Effect.gen(function*() {
    const { run } = yield* world(platform, sinks, options)
    return yield* run()
  }).pipe(Effect.provide(Telemetry.layer))

const { metrics } = Telemetry

describe("the metrics of an export", () => {
  it.effect("count pages, jobs, requests and what the sinks store", () =>
    Effect.gen(function*() {
      const { series, within } = listening()
      const platform = new FakePlatform([batchOf(5)])
      platform.batches[0]!.jobs[1] = { id: "b-1", status: "in_progress", document: null }
      platform.batches[0]!.jobs[2] = {
        id: "b-2",
        document: { rectangles: [{ label: "car", x: 1, y: 2, width: 3, height: 4 }] }
      }
      yield* within(exported(platform, [new MemorySink()]))
      deepStrictEqual(series(metrics.pages), { "": 3 })
      deepStrictEqual(series(metrics.jobs), { exported: 4 })
      deepStrictEqual(series(metrics.jobDuration), { "": 4 })
      deepStrictEqual(series(metrics.requests), { "listing ok": 3, "job ok": 4, "attachment ok": 4, "storage ok": 4 })
      deepStrictEqual(series(metrics.requestDuration), { listing: 3, job: 4, attachment: 4, storage: 4 })
      deepStrictEqual(series(metrics.limiterWait), { api: 11, storage: 4 })
      deepStrictEqual(series(metrics.retries), {})
      deepStrictEqual(series(metrics.exportJobs), { listed: 5, exported: 4, unchanged: 0, unfinished: 1, failed: 0 })
      deepStrictEqual(series(metrics.ledgerJobs), { pending: 0, unfinished: 1, stored: 4, failed: 0 })
      deepStrictEqual(series(metrics.sinkJobs), { "memory rejected": 0, "memory stored": 4 })
      deepStrictEqual(series(metrics.jobsInFlight), { "": 0 })
      deepStrictEqual(series(metrics.queueDepth), { memory: 0 })
      deepStrictEqual(series(metrics.requestsInFlight), { api: 0, storage: 0 })
      const batches = series(metrics.commitDuration).memory
      assert(batches === series(metrics.stageDuration).memory && Number(batches) > 0)
      const bytes = series(metrics.sinkBytes).memory
      assert(Number(bytes) > 0)
      strictEqual(series(metrics.receivedBytes).storage, bytes)
      assert(Number(series(metrics.receivedBytes).api) > 1000)
    }))

  it.effect("count failures and retries by their cause", () =>
    Effect.gen(function*() {
      const { series, within } = listening()
      const platform = new FakePlatform([batchOf(4)], (asked, kind) => {
        if (kind === "jobs b-0") return error(400, "FS_0006")
        if (kind === "jobs b-1" && asked.nth === 1) return new TransportError({ failure: "Reset" })
        if (kind === `file ${documentUrl("b-2")}`) return { status: 403 }
        return undefined
      })
      yield* within(exported(platform, [new MemorySink({ rejects: ({ jobId }) => jobId === "b-3" })]))
      deepStrictEqual(series(metrics.jobs), { exported: 1, failed: 3 })
      deepStrictEqual(series(metrics.jobFailures), { NotFound: 1, SignedUrlRejected: 1, "memory sink: rejected": 1 })
      deepStrictEqual(series(metrics.retries), { "job ConnectionFailed": 1, "attachment SignedUrlRejected": 2 })
      strictEqual(series(metrics.requests)["job NotFound"], 1)
      strictEqual(series(metrics.requests)["job ConnectionFailed"], 1)
      strictEqual(series(metrics.requests)["storage SignedUrlRejected"], 3)
      deepStrictEqual(series(metrics.sinkJobs), { "memory rejected": 1, "memory stored": 1 })
    }))

  it.effect("show what is waiting and in flight during a run", () =>
    Effect.gen(function*() {
      const { series, within } = listening()
      const platform = new FakePlatform([batchOf(6)])
      const seen: Array<ReadonlyArray<unknown>> = []
      const sink = new MemorySink({
        capabilities: { batch: { maxRecords: 1 } },
        before: (step) =>
          Effect.sync(() => {
            if (step !== "stage") return
            seen.push([
              series(metrics.exportJobs).listed,
              series(metrics.jobsInFlight)[""],
              series(metrics.queueDepth).memory
            ])
          })
      })
      yield* within(exported(platform, [sink]))
      strictEqual(seen.length, 6)
      assert(seen.every((values) => values.every((value) => typeof value === "number" && value >= 0 && value <= 6)))
      assert(seen.some(([listed]) => Number(listed) > 0))
    }))

  it.effect("have no negative duration although the clock is set back meanwhile", () =>
    Effect.gen(function*() {
      const { registry, within } = listening()
      yield* TestClock.setTime(1e12)
      const sink = new MemorySink({
        before: (step) => step === "commit" ? TestClock.setTime(1e11) : Effect.void
      })
      yield* within(exported(new FakePlatform([batchOf(2)]), [sink]))
      const least = Metric.snapshotUnsafe(Context.make(Metric.MetricRegistry, registry))
        .flatMap(({ state, type }) => type === "Histogram" && "min" in state ? [state.min] : [])
      assert(least.length > 0)
      assert(least.every((seconds) => seconds >= 0), least.join(" "))
    }))

  it.effect("take no attribute whose values grow with the jobs", () =>
    Effect.gen(function*() {
      const few = listening()
      const many = listening()
      yield* few.within(exported(new FakePlatform([batchOf(3)]), [new MemorySink()]))
      yield* many.within(exported(new FakePlatform([batchOf(60), batchOf(9, "other")]), [new MemorySink()]))
      strictEqual(many.registry.size, few.registry.size)
    }))

  it.effect("end if the export could not begin", () =>
    Effect.gen(function*() {
      const { lines, series, spans, within } = listening()
      const sink = new MemorySink()
      sink.failNext("open", "misconfigured")
      yield* within(Effect.exit(exported(new FakePlatform([batchOf(1)]), [sink])))
      deepStrictEqual(lines.map(({ level, message }) => [level, String(message)]), [
        ["Info", "export started"],
        ["Error", "export failed"]
      ])
      deepStrictEqual(spans.map(({ status }) => status._tag), ["Ended"])
      deepStrictEqual(series(metrics.jobsInFlight), { "": 0 })
    }))
})

describe("the spans of an export", () => {
  it.effect("give every job its own trace, linked to the run's", () =>
    Effect.gen(function*() {
      const { spans, within } = listening()
      yield* within(exported(new FakePlatform([batchOf(3)]), [new MemorySink()]))
      const named = (name: string) => spans.filter((span) => span.name === name)
      const [run] = named(Telemetry.spans.run)
      assert(run !== undefined)
      const jobs = named(Telemetry.spans.job)
      deepStrictEqual(jobs.map(({ attributes }) => attributes.get("labelstream.job.id")), ["b-0", "b-1", "b-2"])
      strictEqual(new Set([run, ...jobs].map(({ traceId }) => traceId)).size, 4)
      assert(jobs.every(({ links }) => links.length === 1 && links[0]?.span.spanId === run.spanId))
      for (const job of jobs) {
        const inTrace = spans.filter(({ traceId }) => traceId === job.traceId).map(({ name }) => name).sort()
        deepStrictEqual(inTrace, [
          "Export.job",
          "GtStudio.operation",
          "GtStudio.operation",
          "GtStudio.request",
          "GtStudio.request",
          "GtStudio.request"
        ])
      }
      const inRun = spans.filter(({ traceId }) => traceId === run.traceId).map(({ name }) => name)
      assert(
        inRun.includes("JobSink.commit") && inRun.includes("JobSink.stage") && inRun.includes("GtStudio.operation")
      )
      assert(spans.every(({ status }) => status._tag === "Ended"))
      const known: ReadonlyArray<string> = Object.values(Telemetry.spans)
      assert(spans.every(({ name }) => known.includes(name)))
    }))

  it.effect("are bounded in number however many jobs there are in a second", () =>
    Effect.gen(function*() {
      const { series, spans, within } = listening()
      const n = Telemetry.tracedJobsPerSecond + 50
      const platform = new FakePlatform([batchOf(n)], undefined, 500)
      // The clock stands still: everything is within one second.
      const { running } = yield* within(Effect.provide(world(platform, [new MemorySink()]), Telemetry.layer))
      yield* within(Effect.provide(running(), Telemetry.layer))
      strictEqual(series(metrics.jobs).exported, n)
      const jobs = spans.filter(({ name }) => name === Telemetry.spans.job)
      strictEqual(jobs.length, Telemetry.tracedJobsPerSecond)
    }))
})

describe("telemetry", () => {
  it.effect("is off by default", () =>
    Effect.gen(function*() {
      const { lines, registry, spans, within } = listening()
      const { run } = yield* within(world(new FakePlatform([batchOf(3)]), [new MemorySink()]))
      yield* within(run())
      deepStrictEqual([lines, spans, registry.size], [[], [], 0])
    }))

  it.effect("sends the platform and its storage no other header than without it", () =>
    Effect.gen(function*() {
      const headers = (platform: FakePlatform) =>
        platform.transport.asked.map(({ headers }) => JSON.stringify(headers)).sort()
      const off = new FakePlatform([batchOf(3)])
      yield* Effect.flatMap(world(off, [new MemorySink()]), ({ run }) => run())
      const on = new FakePlatform([batchOf(3)])
      yield* listening().within(Effect.withSpan(exported(on, [new MemorySink()]), "outer"))
      deepStrictEqual(headers(on), headers(off))
    }))

  it.effect("names failed jobs with their cause, and how the run ended", () =>
    Effect.gen(function*() {
      const { lines, within } = listening()
      const platform = new FakePlatform([batchOf(2)], (_, kind) =>
        kind === "jobs b-1" ? error(400, "FS_0006") : undefined)
      yield* within(exported(platform, [new MemorySink()]))
      const failed = lines.find(({ message }) =>
        String(message) === "job failed"
      )
      strictEqual(failed?.level, "Warn")
      strictEqual(failed?.annotations.jobId, "b-1")
      strictEqual(failed?.annotations.cause, "NotFound")
      const ended = lines.at(-1)
      strictEqual(String(ended?.message), "export ended")
      strictEqual(ended?.annotations.complete, false)
      strictEqual(ended?.annotations.exported, 1)
    }))

  const signed = `${storage}/file?X-Amz-Signature=${signature}&key=${key}`
  const echo = `key ${key} of ${signed} is not right; storage.test/file?sig=${signature}`
  const troubles: Readonly<Record<string, FakePlatform["override"]>> = {
    nothing: () => undefined,
    "a storage that refuses the link": ({ url }) => url.origin === storage ? { status: 403, body: echo } : undefined,
    "a storage that redirects without end": ({ url }) =>
      url.origin === storage ? { status: 302, headers: { location: `${signed}&more` } } : undefined,
    "a redirect to a host that holds the key": ({ url }) =>
      url.pathname === "/v1/attachments"
        ? { status: 302, headers: { location: `https://${key}.${signature}.test/x?${signature}` } }
        : undefined,
    "a body that breaks off": ({ url }) => url.origin === storage ? { body: echo, breaks: "Truncated" } : undefined,
    "an API that repeats the key": (asked) =>
      kindOf(asked).startsWith("jobs ") ? error(400, "GE_0002", echo) : undefined,
    "a code that is the key": (asked) => kindOf(asked).startsWith("jobs ") ? error(400, key, key) : undefined,
    "a wrong key": () => error(401, "auth-failure", echo),
    "a listing that breaks": (asked) => kindOf(asked).startsWith("page ") ? { status: 500, body: echo } : undefined
  }

  for (const [trouble, override] of Object.entries(troubles)) {
    it.effect(`holds neither the key nor a signed link with ${trouble}`, () =>
      Effect.gen(function*() {
        const { everything, lines, within } = listening()
        const platform = new FakePlatform([batchOf(3)], override)
        const url = `${documentUrl("mask")}&sig=${signature}`
        platform.batches[0]!.jobs[0] = { id: "b-0", document: { segments: [], url } }
        platform.blobs.set(url, new Uint8Array([1, 2, 3]))
        yield* within(Effect.exit(exported(platform, [new MemorySink()])))
        assert(lines.length >= 2)
        assert.notInclude(everything(), key)
        assert.notInclude(everything(), signature)
      }))
  }

  it.effect("says nothing of the cause that a sink's error carries", () =>
    Effect.gen(function*() {
      const { everything, within } = listening()
      const cause = new Error(`postgres://user:${key}@host`)
      const sink = new MemorySink({
        before: (step) =>
          step === "commit"
            ? Effect.fail(new SinkError({ sink: "memory", step, reason: "conflict", detail: "taken", cause }))
            : Effect.void
      })
      yield* within(Effect.exit(exported(new FakePlatform([batchOf(1)]), [sink])))
      assert.include(everything(), "memory sink, commit: taken")
      assert.notInclude(everything(), key)
    }))

  it("is documented under every name", () => {
    const text = readFileSync(new URL("../../../docs/operations/telemetry.md", import.meta.url), "utf8")
    for (const { attributes, name } of Object.values<Telemetry.Spec<string>>(metrics)) {
      const row = text.split("\n").find((line) => line.includes(`\`${name}\``))
      assert(row !== undefined, name)
      for (const attribute of attributes) assert.include(row, `\`${attribute}\``, name)
    }
    for (const name of Object.values(Telemetry.spans)) assert.include(text, `\`${name}\``)
  })
})
