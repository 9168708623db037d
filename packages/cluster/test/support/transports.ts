/** A platform without a network: records when each request was sent, and gives the chosen responses. */
import type { Transport } from "@labelstream/core"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

export class FakePlatform {
  /** When requests were sent, in milliseconds. */
  readonly sentAt: Array<number> = []
  /** Responds with 429 with this `Retry-After` once, then 200. */
  refuseNext: string | undefined = undefined

  readonly transport: Transport.Transport["Service"] = {
    send: () =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        this.sentAt.push(now)
        const after = this.refuseNext
        this.refuseNext = undefined
        return {
          status: after === undefined ? 200 : 429,
          header: (name: string) => name === "retry-after" ? after : undefined,
          body: { _tag: "Bytes" as const, bytes: new Uint8Array() }
        }
      })
  }
}
