import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inject } from "vitest"
import { api, attachment, data, follow, job, page } from "./support/client.ts"

const programs = inject("programs of simulator")
const env = { ...process.env, NODE_COMPILE_CACHE: join(programs, "compiled") }

interface Run {
  readonly child: ChildProcess
  /** What it wrote so far. */
  readonly out: () => string
  readonly error: () => string
  readonly ended: Promise<number | null>
}

const run = (...args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync((): Run => {
      const bin = join(programs, "bin.js")
      const child = spawn(process.execPath, [bin, ...args], { env, stdio: ["ignore", "pipe", "pipe"] })
      let [out, error] = ["", ""]
      child.stdout.on("data", (chunk: Buffer) => void (out += chunk.toString()))
      child.stderr.on("data", (chunk: Buffer) => void (error += chunk.toString()))
      const ended = new Promise<number | null>((resolve) => child.once("close", resolve))
      return { child, out: () => out, error: () => error, ended }
    }),
    ({ child, ended }) =>
      Effect.promise(() => {
        child.kill("SIGKILL")
        return ended
      })
  )

/** Starts the command, and waits until it says how it is stopped. */
const start = Effect.fnUntraced(function*(...args: ReadonlyArray<string>) {
  const running = yield* run("--port", "0", ...args)
  yield* Effect.promise(() =>
    Promise.race([
      running.ended,
      new Promise<void>((resolve) => {
        running.child.stdout?.on("data", () => running.out().includes("Ctrl-C") ? resolve() : undefined)
      })
    ])
  )
  assert.include(running.out(), "Ctrl-C", running.error())
  const variable = (name: string): string => new RegExp(`^export ${name}=(.*)$`, "m").exec(running.out())?.[1] ?? ""
  const target = {
    apiUrl: variable("GT_STUDIO_BASE_URL"),
    apiKey: variable("GT_STUDIO_API_KEY"),
    projectId: variable("GT_STUDIO_PROJECT_ID")
  }
  return { ...running, target, batchId: variable("GT_STUDIO_BATCH_ID") }
})

const stop = (running: Run, signal: "SIGINT" | "SIGTERM" = "SIGINT") =>
  Effect.promise(() => {
    running.child.kill(signal)
    return running.ended
  })

const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "simulator-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true }))
)

const isFree = (port: number) =>
  Effect.callback<boolean>((resume) => {
    const server = createServer()
    server.on("error", () => resume(Effect.succeed(false)))
    server.listen(port, "127.0.0.1", () => server.close(() => resume(Effect.succeed(true))))
  })

describe("the command", () => {
  it.live("prints its addresses as lines to paste, and on Ctrl-C a report, with status 0", () =>
    Effect.gen(function*() {
      const running = yield* start("--jobs", "3", "--batches", "7", "--kinds", "all", "--api-key", "a-key")
      const { batchId, target } = running
      assert.match(
        running.out(),
        /^API {6}http:\/\/127\.0\.0\.1:\d+\nstorage {2}http:\/\/127\.0\.0\.1:\d+\nproject {2}\S+\n/
      )
      assert.include(running.out(), "and 2 more")
      strictEqual(target.apiKey, "a-key")
      strictEqual(data(yield* page(target, batchId)).jobs.length, 3)
      const details = data(yield* api(target, `/v1/projects/${target.projectId}/details`))
      deepStrictEqual(details.batches.map((batch) => batch["total_jobs"]), Array.from({ length: 7 }, () => 3))
      strictEqual(yield* stop(running), 0)
      assert.match(running.out(), /requests +all 2, details 1, jobs 1\nstatuses +200 2\n/)
      strictEqual(running.error(), "")
    }))

  it.live("also stops on SIGTERM, although a request is open", () =>
    Effect.gen(function*() {
      const running = yield* start("--latency", "60000")
      yield* Effect.forkChild(page(running.target, running.batchId), { startImmediately: true })
      yield* Effect.sleep(50)
      strictEqual(yield* stop(running, "SIGTERM"), 0)
      assert.match(running.out(), /requests/)
    }))

  it.live.each([["refuse", 403], ["allow", 200]] as const)(
    "can %s the key at the storage, and reports it",
    ([choice, status]) =>
      Effect.gen(function*() {
        const running = yield* start("--jobs", "1", "--key-at-storage", choice)
        const { batchId, target } = running
        const [listed] = data(yield* page(target, batchId)).jobs
        const { headers } = yield* attachment(target, data(yield* job(target, listed?.id ?? "")).result)
        strictEqual((yield* follow(headers.location, { "x-api-key": target.apiKey })).status, status)
        yield* stop(running)
        assert.match(running.out(), /^keys +at the storage 1$/m)
      })
  )

  it.live("takes faults from a JSON file, and a share of the transient ones", () =>
    Effect.gen(function*() {
      const file = join(yield* folder, "faults.json")
      yield* Effect.promise(() => writeFile(file, `[{ "on": "jobs", "meets": { "_tag": "Status", "status": 418 } }]`))
      const { batchId, target } = yield* start("--faults", file, "--transient", "0.001", "--seed", "text")
      strictEqual((yield* page(target, batchId)).status, 418)
    }))

  it.live("says in a sentence what is wrong with its flags, with status 1", () =>
    Effect.gen(function*() {
      const path = yield* folder
      const [bad, text, none] = ["bad.json", "text.json", "none.json"].map((name) => join(path, name)) as [
        string,
        string,
        string
      ]
      yield* Effect.promise(async () => {
        await writeFile(bad, `[{ "on": "jobz", "meets": { "_tag": "Reset" }, "nht": 2 }]`)
        await writeFile(text, "nope")
      })
      const cases: ReadonlyArray<readonly [ReadonlyArray<string>, RegExp]> = [
        [["--transient", "0.5"], /^--transient: share must be from 0 to 0\.083\d+, got 0\.5\n$/],
        [["--unfinished", "2"], /^start: unfinished must be from 0 to 1, got 2\n$/],
        [["--port", "70000"], /^start: port must be from 0 to 65535, got 70000\n$/],
        [["--kinds", "image"], /^start: no kind "image", there are image_annotation, .*\n$/],
        [["--image-sizes", "640"], /^--image-sizes: "640" is not a size such as 640x480\n$/],
        [["--image-sizes", "0x480"], /^start: width of images must be a whole number from 1 to 16384, got 0\n$/],
        [["--faults", none], /^--faults .*none\.json: there is no such file\n$/],
        [["--faults", text], /^--faults .*text\.json: .* is not valid JSON\n$/],
        [["--faults", bad], /\["nht"\][^]*\["on"\]/],
        [["--key-at-storage", "maybe"], /Expected: "refuse" \| "allow"/]
      ]
      yield* Effect.forEach(cases, ([args, expected]) =>
        Effect.gen(function*() {
          const running = yield* run(...args)
          strictEqual(yield* Effect.promise(() => running.ended), 1, running.error())
          assert.match(running.error(), expected)
        }), { concurrency: 2 })
    }))

  it.live("says which port is taken, its own or that of the storage next to it", () =>
    Effect.gen(function*() {
      // Below the ports that the system hands out: nobody else takes the one before it meanwhile.
      let port = 21_001 + process.pid % 8000
      while (!((yield* isFree(port - 1)) && (yield* isFree(port)))) port += 2
      yield* Effect.acquireRelease(
        Effect.callback<ReturnType<typeof createServer>>((resume) => {
          const made = createServer().listen(port, "127.0.0.1", () => resume(Effect.succeed(made)))
        }),
        (made) => Effect.callback<void>((resume) => void made.close(() => resume(Effect.void)))
      )
      for (const own of [port, port - 1]) {
        const running = yield* run("--port", String(own))
        strictEqual(yield* Effect.promise(() => running.ended), 1)
        strictEqual(running.error(), `start: port ${port} of 127.0.0.1 is taken\n`)
      }
    }))

  it.live("describes every flag with its default", () =>
    Effect.gen(function*() {
      const running = yield* run("--help")
      strictEqual(yield* Effect.promise(() => running.ended), 0)
      const lines = (running.out().split("GLOBAL FLAGS")[0] ?? "").split("\n").filter((line) => /^ {2}--/.test(line))
      strictEqual(lines.length, 16)
      for (const line of lines) assert.match(line, /\(default/)
    }))
})
