/**
 * The process of one client: `node client.js NAME SPEC` runs `clients/NAME.js` and tells the parent what it took.
 */
import { enableCompileCache } from "node:module"
import { type Measurement, Stopwatch } from "./measurement.ts"

/** What a module in `clients` exports as `run`: does the work through the stopwatch and answers what it counted. */
export type Run<Spec> = (spec: Spec, stopwatch: Stopwatch) => Promise<Measurement["counts"]>

if (import.meta.main) {
  // Without its parent nobody waits for the result.
  process.on("disconnect", () => process.exit(1))
  // What an application does that starts often: compiled code is kept from one start to the next.
  enableCompileCache()
  const [name, spec] = process.argv.slice(2)
  const { run } = await import(`../clients/${name}.js`) as { readonly run: Run<unknown> }
  const stopwatch = new Stopwatch()
  const counts = await run(JSON.parse(spec ?? "{}"), stopwatch)
  process.removeAllListeners("disconnect")
  process.send?.(stopwatch.taken(counts))
  process.disconnect?.()
}
