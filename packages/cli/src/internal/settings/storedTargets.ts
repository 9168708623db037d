import type { Ledger } from "@labelstream/core"
import { onOneLine } from "@labelstream/core/PlainText"
import * as Effect from "effect/Effect"
import { isAbsolute, relative } from "node:path"
import { commandLine } from "../commandLine.ts"
import { SettingsError } from "../failure.ts"
import * as LedgerSummary from "../output/ledgerSummary.ts"
import * as Screen from "../output/screen.ts"
import type { Settings, SinkTarget } from "./settings.ts"
import { comesWithTheCommand } from "./sinkTargets.ts"

/** A sink's id as a person would name its place from here. */
const targetOf = (id: string): string => {
  const [, name = "", path = ""] = /^([^:]*):(.*)$/s.exec(id) ?? []
  // Its place is in a URL with a password, which no ledger has.
  if (name === "postgres") return name
  const within = relative(process.cwd(), path)
  const isWithin = within !== "" && !within.startsWith("..") && !isAbsolute(within)
  return `${name}:${isWithin ? within : path}`
}

const isBundled = (id: string) => comesWithTheCommand(id.slice(0, id.indexOf(":")))

/** The places of sinks whose ids say where they are. */
export const bundledTargets = (sinks: ReadonlyArray<{ readonly sink: string }>): ReadonlyArray<SinkTarget> =>
  sinks.filter(({ sink }) => isBundled(sink)).map(({ sink }): SinkTarget => ({
    target: targetOf(sink),
    folder: process.cwd()
  }))

/**
 * The sinks to read back: those that settings name, else those in the ledger whose ids say where they are. Names the
 * sinks that it skips.
 */
export const targetsOf = Effect.fnUntraced(function*(settings: Settings): Effect.fn.Return<
  ReadonlyArray<SinkTarget>,
  SettingsError | Ledger.LedgerError,
  Ledger.Ledger
> {
  if (settings.to.length > 0) return settings.to
  const { sinks } = yield* LedgerSummary.read([])
  const known = bundledTargets(sinks)
  const others = sinks.filter(({ sink }) => !isBundled(sink)).map(({ sink }) => sink).join(", ")
  if (known.length > 0) {
    if (others !== "") Screen.say("stderr", onOneLine(`Skipped ${others}. To include it, name it with --to`))
    return known
  }
  return yield* new SettingsError({
    message: others === ""
      ? `${settings.ledgerName} has no stored jobs. To store some, run: ${commandLine(["export"])}`
      : `Name a sink with --to: ${settings.ledgerName} has jobs in ${others}`
  })
})
