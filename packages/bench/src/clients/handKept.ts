/**
 * An undici loop that keeps what an export to files promises, and does nothing else: every file hashed, synced before it
 * gets its name, a line of a manifest and a row of a ledger for each, durable in groups. It checks, retries and paces
 * nothing, and is of no use after a crash before somebody writes what reads its state.
 */
import { hash } from "node:crypto"
import { mkdirSync, renameSync } from "node:fs"
import { open } from "node:fs/promises"
import { join } from "node:path"
import type { Run } from "../harness/client.ts"
import type { Address } from "../harness/server.ts"
import { connect, forEach } from "../support/byHand.ts"
import { groupSize, makeLedger } from "../support/handLedger.ts"

interface Spec {
  readonly address: Address
  readonly folder: string
}

interface Written {
  readonly id: string
  readonly size: number
  readonly sha256: string
}

const syncFolder = async (path: string) => {
  const handle = await open(path, "r")
  await handle.sync()
  await handle.close()
}

export const run: Run<Spec> = async ({ address, folder }, stopwatch) => {
  const jobs = await stopwatch.run(async () => {
    const { close, document, ids } = connect(address)
    const [staging, output] = [join(folder, "staging"), join(folder, "out")]
    mkdirSync(staging)
    mkdirSync(output)
    const ledger = makeLedger(folder, "size INTEGER", "sha256 TEXT")
    const manifest = await open(join(output, "manifest.jsonl"), "a")
    const publish = async (group: ReadonlyArray<Written>) => {
      await syncFolder(staging)
      for (const { id } of group) renameSync(join(staging, `${id}.json`), join(output, `${id}.json`))
      await syncFolder(output)
      await manifest.write(group.map((written) => `${JSON.stringify(written)}\n`).join(""))
      await manifest.sync()
      ledger.record(group.map(({ id, sha256, size }) => [id, size, sha256]))
    }
    let group: Array<Written> = []
    let publishing = Promise.resolve()
    const jobs = await forEach(ids(), async (id) => {
      const bytes = Buffer.from(await (await document(id)).bytes())
      const handle = await open(join(staging, `${id}.json`), "wx")
      await handle.writeFile(bytes)
      await handle.sync()
      await handle.close()
      group.push({ id, size: bytes.length, sha256: hash("sha256", bytes) })
      if (group.length < groupSize) return
      const full = group
      group = []
      await (publishing = publishing.then(() => publish(full)))
    })
    await publishing
    if (group.length > 0) await publish(group)
    await manifest.close()
    ledger.close()
    await close()
    return jobs
  })
  return { jobs }
}
