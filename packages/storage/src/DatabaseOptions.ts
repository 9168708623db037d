/** Options that sinks which store in a database have in common: what they keep next to the rows. */
import * as Schema from "effect/Schema"
import type { Codec } from "./Chunks.ts"

/**
 * How result documents are kept in `documents`. `zstd` (default): compressed at level 1, to about a quarter of their size.
 * `plain`: as they came, so that SQL can look into them, at four times the space. `off`: not at all; what the rows do not
 * hold is lost, and `inspect` cannot compare contents.
 */
export const documents = Schema.optionalKey(
  Schema.Literals(["zstd", "plain", "off"]).annotate({
    description: "Result documents: compressed (zstd, the default), as received (plain), or not kept (off)."
  })
)

/** How nested files are kept in `files`. `keep` (default): their bytes. `off`: only their rows in `attachments`. */
export const attachments = Schema.optionalKey(
  Schema.Literals(["keep", "off"]).annotate({
    description: "Bytes of the files that results name: kept (keep, the default), or only their hashes (off)."
  })
)

/** Which bytes are stored next to the rows. */
export interface Keep {
  readonly documents: Codec | "off"
  readonly attachments: "keep" | "off"
}

/** What the options say, with their defaults. */
export const keepOf = (options: {
  readonly documents?: "zstd" | "plain" | "off"
  readonly attachments?: "keep" | "off"
}): Keep => {
  const { attachments = "keep", documents = "zstd" } = options
  return { documents: documents === "plain" ? "none" : documents, attachments }
}
