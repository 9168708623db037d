/** An undici loop that writes files, and nothing else: no ledger, hash or rename; synced only where asked for. */
import { mkdirSync } from "node:fs"
import { open, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { Run } from "../harness/client.ts"
import type { Address } from "../harness/server.ts"
import { connect, forEach } from "../support/byHand.ts"

/** Bodies that are written as they come instead of being held. */
const large = 1024 * 1024

interface Spec {
  readonly address: Address
  readonly folder: string
  /** Syncs each file before it counts as written. */
  readonly synced: boolean
  /** About how long each document is. */
  readonly bytes: number
}

export const run: Run<Spec> = async ({ address, bytes, folder, synced }, stopwatch) => {
  const jobs = await stopwatch.run(async () => {
    const { close, document, ids } = connect(address)
    const output = join(folder, "out")
    mkdirSync(output)
    const jobs = await forEach(ids(), async (id) => {
      const body = await document(id)
      const content = bytes > large ? body : await body.bytes()
      const file = join(output, `${id}.json`)
      if (!synced) return writeFile(file, content)
      const handle = await open(file, "wx")
      await handle.writeFile(content)
      await handle.sync()
      await handle.close()
    })
    await close()
    return jobs
  })
  return { jobs }
}
