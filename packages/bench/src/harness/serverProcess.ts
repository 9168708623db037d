/**
 * The process of the server: a simulator with the options given as JSON. Tells the parent where it is, and on every
 * message what it did since the last one.
 */
import { Simulator } from "@labelstream/simulator"
import type { Address, Served } from "./server.ts"

const simulator = await Simulator.startPromise(JSON.parse(process.argv[2] ?? "{}") as Simulator.Options)
let cpu = process.cpuUsage()

process.on("message", () => {
  const { user, system } = process.cpuUsage(cpu)
  const { requests } = simulator.report()
  process.send?.({ cpu: (user + system) / 1e6, requests } satisfies Served)
  simulator.reset()
  cpu = process.cpuUsage()
})
process.on("disconnect", () => process.exit())

const { apiKey, apiUrl, batches, projectId } = simulator
process.send?.({ apiKey, apiUrl, projectId, batchId: batches[0]!.id } satisfies Address)
