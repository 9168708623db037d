/** A folder in which tests run the command, with a simulated platform. */
import { Simulator } from "@labelstream/simulator"
import * as Effect from "effect/Effect"
import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { platform, run, temporaryFolder } from "./program.ts"

/** A folder, a platform, and the command run there. Default: the batch `b` with 12 jobs. */
export const world = Effect.fnUntraced(function*(options: Simulator.Options = {}) {
  const cwd = yield* temporaryFolder
  const simulator = yield* Simulator.start({ batches: [{ id: "b", jobs: 12 }], countJobs: true, ...options })
  const env = platform(simulator)
  const labelstream = (args: ReadonlyArray<string>, more: Readonly<Record<string, string>> = {}) =>
    run(args, { cwd, env: { ...env, ...more } })
  return { cwd, simulator, env, labelstream }
})

/** The same, with an unfinished job in the batch `b`. */
export const unfinishedWorld = (options: Simulator.Options = {}) =>
  world({ batches: [{ id: "b", jobs: 12, unfinished: [1] }], ...options })

/** The flags of an export of the batch `b` into files. */
export const toFiles = ["--batch", "b", "--to", "files:out"]

/** The number of documents of a batch that `toFiles` has stored. */
export const stored = (cwd: string, batch = "b") =>
  existsSync(join(cwd, "out", batch))
    ? readdirSync(join(cwd, "out", batch)).filter((name) => name.endsWith(".json")).length
    : 0
