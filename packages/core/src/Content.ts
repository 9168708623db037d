/**
 * Bytes that have arrived whole: length verified, hashed, and readable as often as needed until their scope closes.
 * Small content stays in memory, large content lies in the spool on disk; readers need not know which.
 */
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import { TaggedError } from "./internal/taggedError.ts"

/**
 * Received bytes could not be kept or read back: the spool's disk is full, or its file was removed under it.
 */
export class ContentError extends TaggedError<ContentError>()("ContentError", {
  /** What was tried. */
  operation: Schema.Literals(["write", "read"]),
  /** The system's error code, such as `ENOSPC`, if there is one. */
  code: Schema.optionalKey(Schema.String),
  cause: Schema.Defect()
}) {
  override get message() {
    const why = this.code === "ENOSPC" ? "no space left on the device" : this.code ?? "unexpected error"
    return this.operation === "write"
      ? `Downloaded bytes could not be kept in the spool: ${why}. Free space, or choose another spool directory`
      : `Downloaded bytes could not be read back from the spool: ${why}. Run again`
  }
}

/**
 * Complete bytes of one attachment. Valid until the scope in which they were received closes.
 */
export interface Content {
  /** Length in bytes. */
  readonly size: number
  /** sha256 of the bytes, 64 lower-case hex digits. */
  readonly sha256: string
  /** The media type the storage named, without parameters, or null. */
  readonly mediaType: string | null
  /**
   * Why the bytes may not be the requested file, such as `JSON that is not complete`, although two downloads gave the
   * same bytes: the file is damaged, or its format is a project's own. Absent if nothing is wrong.
   */
  readonly doubt?: string
  /** The bytes if they are in memory, otherwise undefined: then use `stream` or `path`. */
  readonly bytes: Uint8Array | undefined
  /** Absolute path of the spool file that holds the bytes, for sinks that can link or copy files; undefined in memory. */
  readonly path: string | undefined
  /** The bytes in order, in chunks of at most 1 MiB. Each run reads from the start. */
  readonly stream: Stream.Stream<Uint8Array, ContentError>
  /** All bytes as one array, whatever the size: for content that the caller knows to be small. */
  readonly collect: Effect.Effect<Uint8Array, ContentError>
}
