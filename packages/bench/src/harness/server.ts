import type { Simulator } from "@labelstream/simulator"
import { once } from "node:events"
import { start } from "./process.ts"

/** What a client needs to know of the server. */
export interface Address {
  readonly apiUrl: string
  readonly apiKey: string
  readonly projectId: string
  readonly batchId: string
}

/** What the server did since it was last asked. */
export interface Served {
  /** CPU time in seconds. */
  readonly cpu: number
  readonly requests: Readonly<Record<string, number>>
}

/** A simulator in its own process. */
export interface Server extends AsyncDisposable {
  readonly address: Address
  readonly served: () => Promise<Served>
}

/** Starts a simulator; it ends with the scope of an `await using`, or with this process. */
export const startServer = async (options: Simulator.Options): Promise<Server> => {
  const child = start("serverProcess", [JSON.stringify(options)])
  const [address] = await once(child, "message") as [Address]
  return {
    address,
    served: async () => {
      const answer = once(child, "message") as Promise<[Served]>
      child.send("served")
      const [served] = await answer
      return served
    },
    [Symbol.asyncDispose]: async () => {
      const end = once(child, "exit")
      child.disconnect()
      await end
    }
  }
}
