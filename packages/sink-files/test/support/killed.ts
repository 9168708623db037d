/** Run by `crash.test.ts` in its own process: plays the scenario and is killed at one file operation. */
import * as Effect from "effect/Effect"
import { play } from "./scenario.ts"
import { guarded } from "./targets.ts"

const [directory = "", at = ""] = process.argv.slice(2)
let count = 0

await Effect.runPromise(play(
  directory,
  guarded(() => {
    if (count++ === Number(at)) process.kill(process.pid, "SIGKILL")
  }),
  []
))
process.stdout.write(String(count))
