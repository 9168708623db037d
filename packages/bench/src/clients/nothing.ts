/** Node.js itself: what every program pays. */
import type { Run } from "../harness/client.ts"

export const run: Run<object> = async (_, stopwatch) => {
  await stopwatch.run(() => {})
  return {}
}
