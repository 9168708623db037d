/** Refuses targets that share a place: two sinks in one folder would take each other's files for leftovers. */
import type { SinkPlugin } from "@labelstream/core"
import * as Effect from "effect/Effect"
import { existsSync } from "node:fs"
import { dirname, join, sep } from "node:path"
import { SettingsError } from "../failure.ts"
import { placeOf } from "./paths.ts"
import type { Settings } from "./settings.ts"
import { inFull, labelOf } from "./sinkTargets.ts"

interface Written {
  readonly label: string
  /** The path, with links resolved. */
  readonly path: string
  readonly isFile: boolean
}

/** Whether two targets have the same path, or one is inside the file of the other. */
const clash = (a: Written, b: Written): boolean =>
  a.path === b.path || (a.isFile && b.path.startsWith(a.path + sep)) || (b.isFile && a.path.startsWith(b.path + sep))

/** The file by which an example (`npm start`) marks an output of simulated jobs, if a target is in such an output. */
const simulatedAround = (path: string): string | undefined => {
  for (let folder = path, up = 0; up < 3; folder = dirname(folder), up++) {
    const mark = join(folder, ".labelstream", "simulated")
    if (existsSync(mark)) return mark
  }
  return undefined
}

/** Fails if two targets share a place, however they are written, or if one holds simulated jobs. */
export const needDistinctTargets = Effect.fnUntraced(function*(settings: Settings): Effect.fn.Return<
  void,
  SettingsError | SinkPlugin.SinkPluginError
> {
  const known: Array<Written> = [{ label: settings.ledgerName, path: placeOf(settings.ledger), isFile: true }]
  for (const place of settings.to) {
    const { directory, file } = yield* inFull(place)
    const given = directory ?? file
    if (typeof given !== "string") continue
    const written = { label: labelOf(place), path: placeOf(given), isFile: directory === undefined }
    const index = known.findIndex((other) => clash(other, written))
    const other = known[index]
    if (other !== undefined) {
      const both = index === 0
        ? `The ledger ${other.label} and the sink ${written.label}`
        : `The sinks ${other.label} and ${written.label}`
      return yield* new SettingsError({ message: `${both} share one place, ${written.path}: give each its own` })
    }
    const mark = simulatedAround(written.path)
    if (mark !== undefined) {
      return yield* new SettingsError({
        message: `${written.label} holds simulated jobs of an example: choose another place, or remove it (${mark})`
      })
    }
    known.push(written)
  }
})
