/** Plays a script with a sink in a child process, and returns its answers and how it ended. */
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { tmpdir } from "node:os"
import { extname, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { Unkept } from "../../Rule.ts"
import type { Subject } from "../../Subject.ts"
import { type Answer, mark, type Step } from "./script.ts"

/** How a process has ended. */
export interface Played {
  readonly answers: ReadonlyArray<Answer>
  /** Exit status, or the signal that ended it. */
  readonly end: number | string
  readonly stderr: string
}

// From source it is TypeScript, which Node runs as it is; in the package it is not.
const beside = (name: string): string =>
  fileURLToPath(new URL(`${name}${extname(fileURLToPath(import.meta.url))}`, import.meta.url))

const program = (name: string, folder: string | undefined): string =>
  folder === undefined ? beside(name) : join(folder, `${name}.js`)

/** Steps that measure memory: garbage must not be taken for what a sink holds, so that little of it may gather. */
const measures = new Set<Step["do"]>(["large", "volume"])

/**
 * Where Node.js keeps compiled code. By default it is the usual place, so that a child process starts in half the time.
 */
const compiled = (programs: string | undefined): string =>
  programs === undefined
    ? process.env["NODE_COMPILE_CACHE"] ?? join(tmpdir(), "node-compile-cache")
    : join(programs, "compiled")

/** Plays a script. `onWait` runs while the process waits, with the answers so far. */
export const play = (
  subject: Subject,
  target: string,
  script: ReadonlyArray<Step>,
  onWait: (answers: ReadonlyArray<Answer>) => Effect.Effect<void, unknown> = () => Effect.void
): Effect.Effect<Played, Unkept> =>
  Effect.callback<Played, Unkept>((resume) => {
    const { module } = subject
    if (module === undefined) return resume(Effect.fail(new Unkept({ detail: "no module given" })))
    const url = String(module.url)
    const args = [
      "--expose-gc",
      ...script.some((step) => measures.has(step.do)) ? ["--max-semi-space-size=1"] : [],
      "--no-warnings",
      "--import",
      pathToFileURL(program("faults", module.programs)).href,
      program("main", module.programs),
      /^[a-z]+:\/\//.test(url) ? url : pathToFileURL(url).href,
      module.export ?? "make",
      target,
      JSON.stringify(script)
    ]
    const child = spawn(process.execPath, args, {
      env: {
        ...process.env,
        LABELSTREAM_KIT_TARGET: target,
        NODE_COMPILE_CACHE: compiled(module.programs),
        NODE_OPTIONS: ""
      },
      stdio: ["pipe", "pipe", "pipe"]
    })
    const answers: Array<Answer> = []
    let [stdout, stderr] = ["", ""]
    child.stdin.on("error", () => {})
    child.stderr.on("data", (chunk: Buffer) => void (stderr += chunk.toString()))
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString()
      for (let end = stdout.indexOf("\n"); end !== -1; end = stdout.indexOf("\n")) {
        const line = stdout.slice(0, end)
        stdout = stdout.slice(end + 1)
        if (!line.startsWith(mark)) continue
        const answer = JSON.parse(line.slice(mark.length)) as Answer
        answers.push(answer)
        if (answer.do !== "wait") continue
        void Effect.runPromiseExit(onWait(answers)).then((exit) => {
          if (exit._tag === "Success") return void child.stdin.write("go\n")
          child.kill("SIGKILL")
          resume(exit as never)
        })
      }
    })
    child.on("close", (code, signal) => resume(Effect.succeed({ answers, end: signal ?? code ?? -1, stderr })))
    return Effect.sync(() => void child.kill("SIGKILL"))
  })

/** The same, for a script that must be played to its end without an error. */
export const playWell = (subject: Subject, target: string, script: ReadonlyArray<Step>) =>
  Effect.flatMap(play(subject, target, script), ({ answers, end, stderr }) => {
    const failed = answers.find(({ ok }) => !ok)
    if (failed !== undefined) {
      return Effect.fail(new Unkept({ detail: `${failed.do}: ${failed.errors.at(-1)?.message}` }))
    }
    return end === 0
      ? Effect.succeed(answers)
      : Effect.fail(new Unkept({ detail: `the process ended with ${end}: ${stderr.slice(-600)}` }))
  })
