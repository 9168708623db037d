/**
 * One HTML page about what was exported, for people: how much, which labels, what failed, how the runs went, and drawings
 * of some jobs. Made from what is on disk, without the network. The page is one file and runs no script.
 */
import type { Ledger, OptionError } from "@labelstream/core"
import * as Effect from "effect/Effect"
import { page } from "./internal/page.ts"
import * as Summary from "./Summary.ts"

export { mostDrawn } from "./internal/gather/summaryModel.ts"

/** What the page is made from, and what it says at its top. */
export interface Options extends Summary.Options {
  /** Heading of the page. Default: `Labelstream report`. */
  readonly title?: string
}

/**
 * Reads the ledger, and every result of the first sink that can give its jobs back, and makes a page from them. Memory
 * and page are bounded whatever the number of jobs and annotations: long lists end with how many more there are. The page
 * is the same, byte for byte, for the same ledger and results; the only times in it are those of the runs.
 *
 * Takes about as long as reading and hashing the results does. The page says what could not be read. Fails only if the
 * ledger cannot be read, or with an `OptionError`.
 */
export const make = (
  options: Options = {}
): Effect.Effect<string, Ledger.LedgerError | OptionError.OptionError, Ledger.Ledger> =>
  Effect.flatMap(Summary.gather(options), (summary) => render(summary, options))

/** Makes the page of a summary. */
export const render = (summary: Summary.Summary, options: Pick<Options, "title"> = {}): Effect.Effect<string> =>
  page(summary, options.title ?? "Labelstream report")
