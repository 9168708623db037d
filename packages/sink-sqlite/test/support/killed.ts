/** Run by `crash.test.ts` in its own process: plays the scenario and is killed before one statement. */
import * as Effect from "effect/Effect"
import { play } from "./scenario.ts"
import { guarded } from "./targets.ts"

const [file = "", at = ""] = process.argv.slice(2)
const seen: Array<string> = []

await Effect.runPromise(play(
  file,
  guarded((sql) => {
    if (seen.length === Number(at)) process.kill(process.pid, "SIGKILL")
    seen.push(sql.slice(0, 30))
  })
))
process.stdout.write(JSON.stringify(seen))
