/** Writes a result document of about so many bytes, as the simulator makes it. */
import { Simulator } from "@labelstream/simulator"
import { createWriteStream } from "node:fs"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import type { Run } from "../harness/client.ts"

interface Spec {
  readonly file: string
  readonly bytes: number
}

export const run: Run<Spec> = async ({ bytes, file }) => {
  const simulator = await Simulator.startPromise({ documentBytes: bytes, batches: [{ jobs: 1 }] })
  const [batch] = simulator.batches
  await pipeline(Readable.from(simulator.expectedDocumentChunks(batch!.id, 0)), createWriteStream(file))
  await simulator.close()
  return {}
}
