import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Export, GtStudio, LedgerMemory, Telemetry } from "@labelstream/core"
import { MemorySink } from "@labelstream/core/sink"
import { Simulator } from "@labelstream/simulator"
import { ConfigProvider, Console, Effect, Layer, Logger, Metric, Redacted } from "effect"
import * as fs from "node:fs"
import type { IncomingHttpHeaders, RequestListener } from "node:http"
import { join } from "node:path"
import { NodeSpool, NodeTelemetry, NodeTransport } from "../src/index.ts"
import { temporaryFolder } from "./support/folders.ts"
import { closedPort, serve, serveRaw } from "./support/servers.ts"

const key = "canary-key-5f1d"
const token = "canary-token-90ab"

/** A platform with a job whose link is refused, one whose files lie behind redirects, and what its storage was asked. */
const platform = Effect.gen(function*() {
  const signatures = new Set<string>()
  const simulator = yield* Simulator.start({
    apiKey: key,
    batches: [{ jobs: 12 }],
    onRequest: ({ endpoint, target }) => {
      if (endpoint !== "storage") return
      const signature = /X-Amz-Signature=(\w+)/.exec(target)?.[1]
      if (signature !== undefined) signatures.add(signature)
    }
  })
  const [batch] = simulator.batches
  assert(batch !== undefined)
  const finished = Array.from(simulator.jobs(batch.id)).filter(({ finished }) => finished)
  const [refused, broken] = finished
  assert(refused !== undefined && broken !== undefined)
  yield* simulator.setFaults([
    { on: "storage", meets: { _tag: "Denied" }, job: refused.id },
    { on: "job", meets: { _tag: "Status", status: 500, body: `no ${key}` }, job: broken.id, times: 1 }
  ])
  return { simulator, signatures, batchId: batch.id }
})

/** An export of it into memory, with this telemetry around. */
const exported = (
  { batchId, simulator }: { readonly simulator: Simulator.Running; readonly batchId: string },
  telemetry: NodeTelemetry.Options,
  env: Record<string, string> = {}
) =>
  Effect.gen(function*() {
    const folder = yield* temporaryFolder
    const gtStudio = GtStudio.layer({
      apiKey: Redacted.make(simulator.apiKey),
      baseUrl: simulator.apiUrl,
      retry: { base: 1, retries: 2 }
    }).pipe(Layer.provide(Layer.merge(NodeTransport.layer(), NodeSpool.layer({ directory: join(folder, "spool") }))))
    return yield* Export.run({
      batches: [{ projectId: simulator.projectId, batchId }],
      sinks: [MemorySink.make()],
      attachments: "all"
    }).pipe(Effect.provide(Layer.merge(gtStudio, Layer.fresh(LedgerMemory.layer))))
  }).pipe(
    Effect.provide(NodeTelemetry.layer(telemetry)),
    Effect.provideService(Metric.MetricRegistry, new Map()),
    Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env }))),
    Effect.scoped
  )

interface Post {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A collector that keeps what it is sent. */
const collector = (answer: RequestListener = (_, response) => response.end("{}")) =>
  Effect.gen(function*() {
    const posts: Array<Post> = []
    const server = yield* serve((request, response) => {
      let body = ""
      request.on("data", (chunk: Buffer) => body += chunk.toString())
      request.on("end", () => {
        posts.push({ path: request.url ?? "", headers: request.headers, body })
        answer(request, response)
      })
    })
    return { posts, url: server.url("").origin }
  })

/** Keeps lines instead of printing them. */
const quiet = () => {
  const lines: Array<string> = []
  const logger = Logger.make(({ logLevel, message }) => {
    lines.push(`${logLevel} ${String(message)}`)
  })
  return { lines, layer: Logger.layer([logger]) }
}

const namesIn = (posts: ReadonlyArray<Post>, path: string) =>
  new Set(
    posts.filter((post) => post.path === path).flatMap(({ body }) =>
      Array.from(body.matchAll(/"name":"([^"]+)"/g), ([, name]) => name)
    )
  )

describe("a collector", () => {
  it.live("is sent the spans, metrics and log lines of an export", () =>
    Effect.gen(function*() {
      const { posts, url } = yield* collector()
      const report = yield* exported(yield* platform, { otlp: { url, version: "1.2.3" } }).pipe(
        Effect.provide(quiet().layer)
      )
      assert(report.batches[0]!.exported > 5)
      const metrics = namesIn(posts, "/v1/metrics")
      for (const { name } of Object.values(Telemetry.metrics)) assert(metrics.has(name), name)
      const spans = namesIn(posts, "/v1/traces")
      for (const name of Object.values(Telemetry.spans)) assert(spans.has(name), name)
      const logs = posts.filter(({ path }) => path === "/v1/logs").map(({ body }) => body).join("")
      for (const line of ["export started", "job failed", "export ended"]) assert.include(logs, line)
      for (const { body, headers } of posts) {
        assert.include(body, `{"key":"service.name","value":{"stringValue":"labelstream"}}`)
        assert.include(body, "1.2.3")
        strictEqual(headers["content-type"], "application/json")
      }
    }))

  it.live("is sent the headers that the environment names, and another service name", () =>
    Effect.gen(function*() {
      const { posts, url } = yield* collector()
      const env = { OTEL_EXPORTER_OTLP_HEADERS: `x-token=${token}%20%2B,x-other=b`, OTEL_SERVICE_NAME: "nightly" }
      yield* exported(yield* platform, { otlp: { url: `${url}/prefix/` } }, env).pipe(Effect.provide(quiet().layer))
      deepStrictEqual(
        new Set(posts.map(({ path }) => path)),
        new Set(["/prefix/v1/logs", "/prefix/v1/metrics", "/prefix/v1/traces"])
      )
      for (const { body, headers } of posts) {
        strictEqual(headers["x-token"], `${token} +`)
        strictEqual(headers["x-other"], "b")
        assert.include(body, `{"stringValue":"nightly"}`)
        assert.notInclude(body, token)
      }
    }))

  it.live("that redirects does not send the token on", () =>
    Effect.gen(function*() {
      const other = yield* collector()
      const { posts, url } = yield* collector((_, response) => response.writeHead(307, { location: other.url }).end())
      const { layer, lines } = quiet()
      yield* exported(yield* platform, { otlp: { url } }, { OTEL_EXPORTER_OTLP_HEADERS: `x-token=${token}` }).pipe(
        Effect.provide(layer)
      )
      assert(posts.length > 0)
      strictEqual(other.posts.length, 0)
      deepStrictEqual(lines.filter((line) => line.includes("HTTP 307")).length, 1)
    }))

  for (
    const [what, made] of [
      ["nobody listens", Effect.map(closedPort, ({ origin }) => origin)],
      [
        "every request is refused",
        Effect.map(collector((_, response) => response.writeHead(404).end()), ({ url }) => url)
      ],
      ["no answer ever comes", Effect.map(serveRaw(() => {}), (server) => server.url("").origin)],
      [
        "an answer never ends",
        Effect.map(
          serveRaw((socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9999999\r\n\r\n{")),
          (server) => server.url("").origin
        )
      ],
      ["the connection breaks", Effect.map(serveRaw((socket) => socket.destroy()), (server) => server.url("").origin)]
    ] as const
  ) {
    it.live(`costs an export nothing but a warning where ${what}`, () =>
      Effect.gen(function*() {
        const { layer, lines } = quiet()
        const otlp = {
          url: yield* made,
          interval: "20 millis",
          timeout: "100 millis",
          shutdownTimeout: "200 millis"
        } as const
        const report = yield* exported(yield* platform, { otlp }).pipe(Effect.provide(layer))
        assert(report.batches[0]!.isListed && report.batches[0]!.remaining === 0)
        const warnings = lines.filter((line) => line.includes("collector"))
        assert(warnings.length <= 1, warnings.join("\n"))
        if (what !== "an answer never ends") assert.include(warnings[0], `Warn The collector at ${otlp.url} `)
      }))
  }

  it.live("that is still silent at the end is not waited for, and warned of", () =>
    Effect.gen(function*() {
      const { layer, lines } = quiet()
      const { origin: url } = (yield* serveRaw(() => {})).url("")
      yield* exported(yield* platform, { otlp: { url, timeout: "1 hour", shutdownTimeout: "50 millis" } }).pipe(
        Effect.provide(layer)
      )
      deepStrictEqual(lines.filter((line) => line.includes("collector")), [
        `Warn The collector at ${url} did not respond before the end of the run: its data is dropped`
      ])
    }))

  it.effect.each([
    "collector:4318",
    "not a url",
    "grpc://collector:4317",
    `http://user:${token}@collector`,
    `http://collector/?key=${token}`
  ])("is refused under %s, which is not shown", (url) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.provide(Effect.void, NodeTelemetry.layer({ otlp: { url } })))
      assert.include(error.message, "Option otlp.url: must be the collector's URL")
      assert.notInclude(JSON.stringify(error) + error.message, token)
    }))
})

describe("the metrics file", () => {
  it.live("is complete at the end of an export, in Prometheus' format", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const file = join(folder, "labelstream.prom")
      const { batches: [batch] } = yield* exported(yield* platform, { prometheus: { file } }).pipe(
        Effect.provide(quiet().layer)
      )
      const text = fs.readFileSync(file, "utf8")
      assert.include(text, `\nlabelstream_jobs_total{outcome="exported"} ${batch!.exported}\n`)
      assert.match(text, /\nlabelstream_sink_rows_total\{sink="memory"\} [1-9]/)
      assert.include(text, "# TYPE labelstream_sink_commit_duration_seconds histogram\n")
      assert(text.endsWith("\n"))
      deepStrictEqual(fs.readdirSync(folder), ["labelstream.prom"])
    }))

  it.live("that cannot be written costs an export nothing but a warning", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const { layer, lines } = quiet()
      const file = join(folder, "missing", "labelstream.prom")
      yield* exported(yield* platform, { prometheus: { file, interval: "5 millis" } }).pipe(Effect.provide(layer))
      deepStrictEqual(lines.filter((line) => line.includes("cannot be written")), [
        `Warn The metrics cannot be written to ${file} (ENOENT): check that its folder exists`
      ])
    }))
})

describe("all telemetry", () => {
  it.live("holds neither the key nor a signed link nor the collector's token", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const { posts, url } = yield* collector()
      const file = join(folder, "labelstream.prom")
      const lines: Array<string> = []
      const keep = (...args: ReadonlyArray<unknown>) => {
        lines.push(args.map(String).join(" "))
      }
      const world = yield* platform
      yield* exported(world, { otlp: { url }, prometheus: { file }, logFormat: "json" }, {
        OTEL_EXPORTER_OTLP_HEADERS: `x-token=${token}`
      }).pipe(Effect.provideService(Console.Console, { ...console, log: keep, error: keep }))
      assert(world.signatures.size > 5)
      assert(posts.length > 2)
      const logged = lines.map((line): { message: string; level: string } => JSON.parse(line))
      deepStrictEqual([logged[0]?.message, logged.at(-1)?.message], ["export started", "export ended"])
      assert(logged.some(({ level, message }) => level === "WARN" && message === "job failed"))
      const texts = [...posts.map(({ body }) => body), fs.readFileSync(file, "utf8"), ...lines]
      for (const canary of [key, token, "X-Amz", ...world.signatures]) {
        for (const text of texts) assert.notInclude(text, canary)
      }
      deepStrictEqual((yield* world.simulator.report).keysAtStorage, 0)
    }))
})
