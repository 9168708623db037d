import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@labelstream/simulator"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { inject } from "vitest"
import { platform, run, temporaryFolder } from "./support/program.ts"

interface Answer {
  readonly id: number
  readonly result?: {
    readonly isError?: boolean
    readonly tools?: ReadonlyArray<{ readonly name: string; readonly annotations: { readonly readOnlyHint: boolean } }>
    readonly content?: ReadonlyArray<{ readonly text: string }>
  }
  readonly error?: { readonly message: string }
}

/** A server as a client starts it: its own process that speaks over stdin and stdout. */
const serve = (args: ReadonlyArray<string>, cwd: string, env: Readonly<Record<string, string>>) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const program = join(inject("published"), "dist", "command", "labelstream.js")
        const child = spawn(process.execPath, [program, "mcp", ...args], {
          cwd,
          env: { PATH: process.env["PATH"] ?? "", ...env },
          stdio: ["pipe", "pipe", "pipe"]
        })
        const waiting = new Map<number, (answer: Answer) => void>()
        const all: Array<string> = []
        createInterface({ input: child.stdout }).on("line", (line) => {
          all.push(line)
          const answer = JSON.parse(line) as Answer
          waiting.get(answer.id)?.(answer)
        })
        child.stderr.on("data", (chunk: Buffer) => all.push(chunk.toString()))
        return { child, waiting, all }
      }),
      ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
    ),
    ({ all, child, waiting }) => {
      let id = 0
      const send = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
      const ask = (method: string, params: object) =>
        Effect.promise(() =>
          new Promise<Answer>((resolve) => {
            waiting.set(++id, resolve)
            send({ id, method, params })
          })
        )
      return {
        /** Everything that it has written. */
        said: () => all.join("\n"),
        begin: Effect.gen(function*() {
          const clientInfo = { name: "test", version: "1" }
          yield* ask("initialize", { protocolVersion: "2025-06-18", capabilities: {}, clientInfo })
          send({ method: "notifications/initialized" })
          return (yield* ask("tools/list", {})).result?.tools ?? []
        }),
        /** Returns the result of a tool, or the sentence that says why there is none. */
        call: (name: string, args: object = {}) =>
          Effect.map(ask("tools/call", { name, arguments: args }), ({ error, result }) => {
            const text = result?.content?.[0]?.text ?? error?.message ?? ""
            const isError = result?.isError === true || error !== undefined
            return isError ? text : JSON.parse(text)
          }),
        /** The exit status once stdin has ended. */
        end: Effect.promise(async () => {
          const exit = once(child, "exit")
          child.stdin.end()
          return (await exit)[0] as number | null
        })
      }
    }
  )

/** Every file of a folder with its time and size, except for what SQLite makes to read. */
const state = (folder: string) =>
  readdirSync(folder, { recursive: true }).map(String).sort().flatMap((name) => {
    const found = statSync(join(folder, name))
    return /-(wal|shm)$/.test(name) || !found.isFile() ? [] : [[name, found.size, found.mtimeMs]]
  })

describe("labelstream mcp", () => {
  it.live(
    "answers from the stored data, changes nothing, and reveals no secret and no other file",
    () =>
      Effect.gen(function*() {
        const cwd = yield* temporaryFolder
        const simulator = yield* Simulator.start({ batches: [{ id: "b", jobs: 12, unfinished: [1] }] })
        const env = platform(simulator)
        const failing = simulator.job("b", 4).id
        yield* simulator.setFaults([
          { on: "job", job: failing, meets: { _tag: "Platform", code: "FS_0006" }, times: 1000 }
        ])
        const server = yield* serve([], cwd, env)
        const tools = yield* server.begin
        assert.deepStrictEqual(tools.map(({ name }) => name).sort(), [
          "batches",
          "failures",
          "picture",
          "query",
          "status"
        ])
        assert.isTrue(tools.every(({ annotations }) => annotations.readOnlyHint))
        // The server runs before there is anything.
        assert.match(yield* server.call("status"), /There is no ledger/)
        assert.match(yield* server.call("export", { batch_ids: [], confirm: true }), /export/)
        assert.deepStrictEqual(readdirSync(cwd), [])
        const exported = yield* run(["export", "--batch", "b", "--to", "sqlite:l.db", "--to", "files:out"], {
          cwd,
          env
        })
        assert.strictEqual(exported.status, 2, exported.stderr)
        const before = state(cwd)

        const status = yield* server.call("status")
        assert.deepStrictEqual([status.batches[0].stored, status.batches[0].failed, status.more_batches], [10, 1, 0])
        const { failures, more_failures } = yield* server.call("failures", { batch_id: "b" })
        assert.deepStrictEqual([failures[0].job_id, failures[0].permanent, more_failures], [failing, true, 0])
        assert.deepStrictEqual((yield* server.call("failures", { batch_id: "none" })).failures, [])
        assert.strictEqual((yield* server.call("batches")).batches[0].batch_id, "b")
        const counted = yield* server.call("query", { sql: "SELECT count(*) AS jobs, NULL, x'00ff' FROM jobs" })
        assert.deepStrictEqual(counted, {
          columns: ["jobs", "NULL", "x'00ff'"],
          rows: [[10, null, "(2 bytes)"]],
          truncated: false
        })
        const cut = yield* server.call("query", { sql: "SELECT job_id FROM jobs", limit: 3 })
        assert.deepStrictEqual([cut.rows.length, cut.truncated], [3, true])
        const job = simulator.job("b", 7).id
        const { svg } = yield* server.call("picture", { batch_id: "b", job_id: job })
        assert.match(svg, /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"[^]*<\/svg>\n$/)

        for (
          const [name, args, said] of [
            ["query", { sql: "DELETE FROM jobs" }, /must begin with SELECT/],
            ["query", { sql: "WITH a AS (SELECT 1) DELETE FROM jobs" }, /Only queries that read|readonly/],
            ["query", { sql: "ATTACH '/etc/passwd' AS p" }, /must begin with SELECT/],
            ["query", { sql: "SELECT 1; DROP TABLE jobs" }, /query failed/],
            ["query", { sql: "SELECT load_extension('/tmp/x.so')" }, /query failed/],
            ["query", { sql: "SELECT * FROM nowhere" }, /no such table: nowhere/],
            ["query", { sql: "SELECT 1", sink: "sqlite:/etc/passwd" }, /no such SQLite sink/],
            ["query", { sql: "SELECT 1", limit: 1e9 }, /from 1 to 200/],
            ["picture", { batch_id: "../..", job_id: "../../etc/passwd" }, /No sink holds such a job/],
            ["failures", { limit: 0 }, /from 1 to 100/]
          ] as const
        ) {
          assert.match(yield* server.call(name, args), said, JSON.stringify(args))
        }
        assert.deepStrictEqual(state(cwd), before)
        assert.notInclude(server.said(), simulator.apiKey)
        assert.notMatch(server.said(), /[?&](sig|signature|token)=/i)
        assert.strictEqual(yield* server.end, 0)
      }),
    240_000
  )

  it.live(
    "exports if that is allowed, after the plan is confirmed, and only into its own sinks",
    () =>
      Effect.gen(function*() {
        const cwd = yield* temporaryFolder
        const simulator = yield* Simulator.start({ batches: [{ id: "b", jobs: 5 }] })
        const without = yield* run(["mcp", "--allow-export"], { cwd, env: platform(simulator) })
        assert.strictEqual(without.status, 1)
        assert.match(without.stderr, /No sink is named/)
        const server = yield* serve(["--allow-export", "--to", "files:out"], cwd, platform(simulator))
        assert.include((yield* server.begin).map(({ name }) => name), "export")
        const planned = yield* server.call("export", { batch_ids: ["b"], to: ["files:/tmp/elsewhere"] })
        assert.deepStrictEqual([planned.confirmed, planned.plan.batches[0].fetch, planned.export], [false, 5, null])
        assert.deepStrictEqual(readdirSync(cwd), [])
        const done = yield* server.call("export", { batch_ids: ["b"], confirm: true })
        assert.deepStrictEqual([done.confirmed, done.export.complete, done.export.batches[0].exported], [true, true, 5])
        assert.strictEqual(done.export.sinks[0].sink, `files:${join(cwd, "out")}`)
        const stored = readdirSync(join(cwd, "out", "b")).filter((name) => name.endsWith(".json"))
        assert.strictEqual(stored.length, 5)
        assert.isTrue(stored.every((name) => readFileSync(join(cwd, "out", "b", name)).length > 0))
        assert.notInclude(server.said(), simulator.apiKey)
      }),
    240_000
  )
})
