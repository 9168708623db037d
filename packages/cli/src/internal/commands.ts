/** The commands. The code of each is loaded when it runs, so that help appears at once. */
import { clustering } from "./spec/clustering.ts"
import { exporting } from "./spec/exporting.ts"
import { reading } from "./spec/reading.ts"

const { convert, exportCommand, plan, refresh, retry } = exporting
const { batches, check, init, mcp, report, sinks, status, verify } = reading
const { runner, stop } = clustering

/** Every command except the simulator, whose flags are its own, in the order of the help. */
export const commands = [
  exportCommand,
  plan,
  status,
  retry,
  refresh,
  convert,
  verify,
  batches,
  sinks,
  check,
  report,
  mcp,
  runner,
  stop,
  init
] as const
