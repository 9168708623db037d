/** The `labelstream` command as it is published, in this process. */
import { join } from "node:path"
import type { Run } from "../harness/client.ts"
import type { Address } from "../harness/server.ts"

interface Spec {
  readonly args: ReadonlyArray<string>
  readonly folder: string
  readonly address: Address
}

const command = new URL("../../../cli/dist/command/labelstream.js", import.meta.url)

export const run: Run<Spec> = async ({ address, args, folder }, stopwatch) => {
  Object.assign(process.env, {
    GT_STUDIO_API_KEY: address.apiKey,
    GT_STUDIO_BASE_URL: address.apiUrl,
    GT_STUDIO_PROJECT_ID: address.projectId,
    GT_STUDIO_BATCH_ID: address.batchId,
    LABELSTREAM_TO: `files:${join(folder, "files")}`,
    LABELSTREAM_LEDGER: join(folder, "ledger.sqlite")
  })
  process.argv.splice(2, Infinity, ...args)
  // Nobody reads it here unless it fails, and it is printed in all the same.
  let last = ""
  process.stdout.write = () => true
  process.stderr.write = (text: string | Uint8Array) => {
    last = String(text)
    return true
  }
  await stopwatch.run(() => import(command.href))
  if ((process.exitCode ?? 0) !== 0) throw new Error(`the command ended with status ${process.exitCode}: ${last}`)
  return {}
}
