/** Lists the pages of a batch and counts its jobs. */
import type { Run } from "../harness/client.ts"
import type { Address } from "../harness/server.ts"
import { connect } from "../support/byHand.ts"

export const run: Run<{ readonly address: Address }> = async ({ address }, stopwatch) => {
  const jobs = await stopwatch.run(async () => {
    const { close, ids } = connect(address)
    let jobs = 0
    for await (const _ of ids()) jobs++
    await close()
    return jobs
  })
  return { jobs }
}
