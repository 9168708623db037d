/** A spool in memory that counts what it holds, and that a test can make full. */
import { Effect, Layer, type Scope, Stream } from "effect"
import { createHash } from "node:crypto"
import { type Content, ContentError } from "../../src/Content.ts"
import { type Arrival, Spool } from "../../src/Spool.ts"

export class MemorySpool {
  /** Contents whose scope has not closed. */
  held = 0
  mostHeld = 0
  /** How often a content was read. */
  reads = 0
  /** Contents read after their scope had closed. */
  readLate = 0
  isFull = false
  /** Runs when a content has been released, as removing a file takes its time. */
  releasing: Effect.Effect<void> = Effect.void

  get layer(): Layer.Layer<Spool> {
    return Layer.succeed(Spool, {
      keep: (bytes, arrival) => this.keep(bytes, arrival),
      receive: (body, arrival) =>
        Effect.flatMap(Stream.runCollect(body), (chunks) => this.keep(Buffer.concat(chunks), arrival))
    })
  }

  private keep(bytes: Uint8Array, { mediaType }: Arrival): Effect.Effect<Content, ContentError, Scope.Scope> {
    return Effect.suspend(() => {
      if (this.isFull) return Effect.fail(new ContentError({ operation: "write", code: "ENOSPC", cause: "full" }))
      let released = false
      const read = Effect.suspend(() => {
        this.reads++
        if (!released) return Effect.succeed(bytes)
        this.readLate++
        return Effect.fail(new ContentError({ operation: "read", code: "ENOENT", cause: "released" }))
      })
      const content: Content = {
        size: bytes.length,
        sha256: createHash("sha256").update(bytes).digest("hex"),
        mediaType,
        bytes: undefined,
        path: undefined,
        stream: Stream.fromEffect(read),
        collect: read
      }
      return Effect.acquireRelease(
        Effect.sync(() => {
          this.held++
          this.mostHeld = Math.max(this.mostHeld, this.held)
          return content
        }),
        () =>
          Effect.suspend(() => {
            released = true
            this.held--
            return this.releasing
          })
      )
    })
  }
}
