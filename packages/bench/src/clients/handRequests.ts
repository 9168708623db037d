/** A loop of `Pool.request` that receives every document and drops it. */
import type { Run } from "../harness/client.ts"
import type { Address } from "../harness/server.ts"
import { connect, forEach } from "../support/byHand.ts"

export const run: Run<{ readonly address: Address }> = async ({ address }, stopwatch) => {
  const jobs = await stopwatch.run(async () => {
    const { close, document, ids } = connect(address)
    const jobs = await forEach(ids(), async (id) => (await document(id)).bytes())
    await close()
    return jobs
  })
  return { jobs }
}
