/** An undici loop that writes files, and nothing else: no ledger, hash, sync or rename. */
import { mkdirSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { Run } from "../harness/client.ts"
import type { Address } from "../harness/server.ts"
import { connect, forEach } from "../support/byHand.ts"

/** Bodies that are written as they come instead of being held. */
const large = 1024 * 1024

interface Spec {
  readonly address: Address
  readonly folder: string
  /** About how long each document is. */
  readonly bytes: number
}

export const run: Run<Spec> = async ({ address, bytes, folder }, stopwatch) => {
  const jobs = await stopwatch.run(async () => {
    const { close, document, ids } = connect(address)
    const output = join(folder, "out")
    mkdirSync(output)
    const jobs = await forEach(ids(), async (id) => {
      const body = await document(id)
      const content = bytes > large ? body : await body.bytes()
      return writeFile(join(output, `${id}.json`), content)
    })
    await close()
    return jobs
  })
  return { jobs }
}
