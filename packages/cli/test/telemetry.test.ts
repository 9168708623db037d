import { assert, describe, it } from "@effect/vitest"
import { Telemetry } from "@labelstream/core"
import { Simulator } from "@labelstream/simulator"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { platform, runAlone, temporaryFolder } from "./support/program.ts"

const key = "canary-key-77c2"
const token = "canary-token-13d9"

const listening = (server: Server) =>
  Effect.acquireRelease(
    Effect.promise(() =>
      new Promise<string>((resolve) => {
        server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
      })
    ),
    () =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  )

/** A collector that keeps what it is sent, as one text for each path. */
const collector = Effect.gen(function*() {
  const posts = new Map<string, string>()
  const url = yield* listening(createServer((request, response) => {
    let body = ""
    request.on("data", (chunk: Buffer) => body += chunk.toString())
    request.on("end", () => {
      const path = request.url ?? ""
      posts.set(path, `${posts.get(path) ?? ""}${body}`)
      response.end("{}")
    })
  }))
  return { posts, url }
})

/** A platform with a job whose file is refused, and a folder to export it into. */
const world = Effect.gen(function*() {
  const signatures = new Set<string>()
  const simulator = yield* Simulator.start({
    apiKey: key,
    batches: [{ id: "b", jobs: 8 }],
    onRequest: ({ endpoint, target }) => {
      const signature = endpoint === "storage" ? /X-Amz-Signature=(\w+)/.exec(target)?.[1] : undefined
      if (signature !== undefined) signatures.add(signature)
    }
  })
  const cwd = yield* temporaryFolder
  const labelstream = (args: ReadonlyArray<string>) =>
    runAlone(["export", "--batch", "b", "--to", "files:out", ...args], {
      cwd,
      env: { ...platform(simulator), OTEL_EXPORTER_OTLP_HEADERS: `x-token=${token}` }
    })
  return { cwd, simulator, signatures, labelstream }
})

describe("--otlp", () => {
  it.live("sends spans, metrics and logs to a collector, and no secret with them or anywhere else", () =>
    Effect.gen(function*() {
      const { posts, url } = yield* collector
      const { cwd, labelstream, signatures, simulator } = yield* world
      yield* simulator.setFaults([{ on: "storage", meets: { _tag: "Denied" }, job: simulator.job("b", 3).id }])
      const ended = yield* labelstream([
        "--otlp",
        url,
        "--prometheus",
        "metrics.prom",
        "--log-format",
        "json",
        "--json"
      ])
      assert.strictEqual(ended.status, 2, ended.stderr)
      const sent = (path: string) => posts.get(path) ?? ""
      for (const span of Object.values(Telemetry.spans)) assert.include(sent("/v1/traces"), `"name":"${span}"`)
      assert.include(sent("/v1/metrics"), `"name":"labelstream_jobs_total"`)
      assert.include(sent("/v1/logs"), "job failed")
      assert.include(sent("/v1/traces"), `{"key":"service.version","value":{"stringValue":"`)
      assert.isAbove(signatures.size, 5)
      const metrics = readFileSync(join(cwd, "metrics.prom"), "utf8")
      assert.include(metrics, `labelstream_jobs_total{outcome="exported"} 7\n`)
      for (const text of [...posts.values(), metrics, ended.stdout, ended.stderr]) {
        for (const canary of [key, token, "X-Amz", ...signatures]) assert.notInclude(text, canary)
      }
    }))

  it.live("costs an export only one warning if nothing listens", () =>
    Effect.gen(function*() {
      const url = yield* Effect.scoped(listening(createServer()))
      const { labelstream } = yield* world
      const ended = yield* labelstream(["--otlp", url])
      assert.strictEqual(ended.status, 0, ended.stderr)
      assert.match(ended.stdout, /Complete: nothing is missing in files:out\n$/)
      assert.deepStrictEqual(ended.stderr.match(/The collector at .*/g), [
        `The collector at ${url} cannot be reached: its data is dropped`
      ])
    }))

  it.live("costs an export only one warning if no response comes", () =>
    Effect.gen(function*() {
      const url = yield* listening(createServer(() => {}))
      const { labelstream } = yield* world
      const ended = yield* labelstream(["--otlp", url])
      assert.strictEqual(ended.status, 0, ended.stderr)
      assert.match(ended.stdout, /Complete: nothing is missing in files:out\n$/)
      assert.match(
        ended.stderr,
        new RegExp(`The collector at ${url} (did not respond before the end of the run|does not respond in time)`)
      )
    }))

  it.live("that is no collector's address is refused without showing it, before anything is done", () =>
    Effect.gen(function*() {
      const { labelstream, simulator } = yield* world
      const ended = yield* labelstream(["--otlp", `http://user:${token}@127.0.0.1:4318`])
      assert.strictEqual(ended.status, 1)
      assert.include(ended.stderr, "put a token into OTEL_EXPORTER_OTLP_HEADERS")
      assert.notInclude(ended.stderr + ended.stdout, token)
      assert.deepStrictEqual((yield* simulator.report).jobs ?? {}, {})
    }))
})
