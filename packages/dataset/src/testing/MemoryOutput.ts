/** An output in memory, for tests of formats. It refuses what no output may be given: unsafe paths, and a path twice. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { DatasetError } from "../DatasetError.ts"
import type { Output } from "../DatasetFormat.ts"
import { isSafePath } from "../internal/safePath.ts"

/** An output, and what was written to it. */
export interface MemoryOutput extends Output {
  readonly files: Map<string, Uint8Array>
  /** The paths of the files that readers open first. */
  readonly entries: Array<string>
  /** Where inputs were put: the name of the sample by path. */
  readonly inputs: Map<string, string>
  readonly notes: Array<string>
}

const encoder = new TextEncoder()

/** Makes an empty output. */
export const make = (): MemoryOutput => {
  const files = new Map<string, Uint8Array>()
  const inputs = new Map<string, string>()
  const taken = new Set<string>()
  const entries: Array<string> = []
  const notes: Array<string> = []
  const take = (path: string) =>
    Effect.suspend(() => {
      const key = path.normalize("NFC").toLowerCase()
      const why = !isSafePath(path) ? "is no safe path" : taken.has(key) ? "was written before" : undefined
      if (why !== undefined) {
        return Effect.fail(new DatasetError({ reason: "output", detail: `${JSON.stringify(path)} ${why}` }))
      }
      taken.add(key)
      return Effect.void
    })
  return {
    files,
    entries,
    inputs,
    notes,
    file: Effect.fnUntraced(function*(path, content, options) {
      yield* take(path)
      if (options?.entry === true) entries.push(path)
      if (typeof content === "string") files.set(path, encoder.encode(content))
      else if (content instanceof Uint8Array) files.set(path, content)
      else files.set(path, Buffer.concat(yield* Stream.runCollect(content)))
    }),
    media: (sample, path) => Effect.map(take(path), () => void inputs.set(path, sample.name)),
    note: (text) => Effect.sync(() => void notes.push(text))
  }
}
