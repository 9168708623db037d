import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@labelstream/simulator"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { join } from "node:path"
import { scale } from "../../scripts/testScale.ts"
import { temporaryFolder } from "./support/program.ts"

const root = join(import.meta.dirname, "..", "..")

/** An npm script in a process group of its own, as a supervisor starts it. */
const script = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn("npm", ["run", "--silent", ...args], {
        cwd: root,
        detached: true,
        env: {
          PATH: process.env["PATH"] ?? "",
          HOME: process.env["HOME"] ?? "",
          NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? "",
          ...env
        },
        stdio: ["ignore", "pipe", "pipe"]
      })
      let output = ""
      for (const stream of [child.stdout, child.stderr]) {
        stream.on("data", (chunk: Buffer) => void (output += chunk.toString()))
      }
      const closed = new Promise<void>((resolve) => child.once("close", () => resolve()))
      const said = (text: string) =>
        new Promise<void>((resolve) => {
          const look = () => output.includes(text) ? resolve() : undefined
          child.stdout.on("data", look)
          child.stderr.on("data", look)
          look()
          void closed.then(resolve)
        })
      return { child, closed, said, output: () => output }
    }),
    ({ child }) =>
      Effect.sync(() => {
        try {
          process.kill(-child.pid!, "SIGKILL")
        } catch {
          // Nothing is left of it.
        }
      })
  )

const programs = ["labelstream", "example", "simulator"] as const

/** Each signal with one program; every signal with every program in the full matrix. */
const meetings = scale(
  [["SIGTERM", ["labelstream"]], ["SIGINT", ["example"]], ["SIGHUP", ["simulator"]]] as const,
  [["SIGTERM", programs], ["SIGINT", programs], ["SIGHUP", programs]] as const
)

describe("npm scripts that run long", () => {
  for (const [signal, names] of meetings) {
    it.live(`stop when npm alone gets ${signal}, and leave no process: ${names.join(", ")}`, () =>
      Effect.gen(function*() {
        const folder = yield* temporaryFolder
        let onStorage = () => {}
        const simulator = yield* Simulator.start({
          batches: [{ id: "b", jobs: 5000 }],
          latency: 50,
          onRequest: ({ endpoint }) => {
            if (endpoint === "storage") onStorage()
          }
        })
        const target = ["--project", simulator.projectId, "--batch", "b", "--to", `files:${join(folder, "out")}`]
        const state = ["--ledger", join(folder, "ledger.sqlite")]
        const env = { GT_STUDIO_API_KEY: simulator.apiKey, GT_STUDIO_BASE_URL: simulator.apiUrl }
        const example = { ...env, GT_STUDIO_PROJECT_ID: simulator.projectId, GT_STUDIO_BATCH_ID: "b" }
        const settings = {
          labelstream: [["export", ...target, ...state], env, undefined, "Stopped before the end"],
          example: [["custom-pipeline"], example, undefined, ""],
          simulator: [["--port", "0"], {}, "Ctrl-C", "requests"]
        } as const
        for (const name of names) {
          const [args, variables, sign, stopped] = settings[name]
          const asked = new Promise<void>((resolve) => onStorage = resolve)
          const npm = yield* script([name, "--", ...args], variables)
          // An export works once it asks for results.
          yield* Effect.promise(() => sign === undefined ? Promise.race([asked, npm.closed]) : npm.said(sign))
          npm.child.kill(signal)
          // Its output ends once no process is left that could write to it.
          yield* Effect.promise(() => npm.closed)
          assert.include(npm.output(), stopped, name)
        }
      }))
  }
})
