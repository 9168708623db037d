import { onOneLine } from "@labelstream/core/PlainText"
import { commandLine } from "../commandLine.ts"
import { SettingsError } from "../failure.ts"
import { didYouMean } from "../output/didYouMean.ts"

/** What is wrong with named batches that a ledger does not have; undefined if it has them all. */
export const unknownBatches = (
  ledgerName: string,
  named: ReadonlyArray<string>,
  known: Iterable<string>
): SettingsError | undefined => {
  const all = new Set(known)
  const unknown = named.filter((id) => !all.has(id))
  if (unknown.length === 0) return undefined
  const meant = unknown.map((id) => didYouMean(id, all)).join("")
  return new SettingsError({
    message: `${ledgerName} has no batch ${onOneLine(unknown.join(", "))}.${meant} To list its batches, run: ${
      commandLine(["status"])
    }`
  })
}
