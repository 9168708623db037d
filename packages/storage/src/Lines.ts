/**
 * Reads the lines of a file in arrays, each up to its newline. What follows the last newline was torn by a crash, or is
 * being written right now: it is left out.
 */
import { chunksOf } from "./Files.ts"
import type { Fs } from "./Fs.ts"

/** Yields the whole lines of a file, without their newlines. */
export async function* read(fs: Fs, path: string, size = 256 * 1024): AsyncGenerator<ReadonlyArray<string>> {
  let begun: Array<Uint8Array> = []
  for await (const bytes of chunksOf(fs, path, size)) {
    const end = bytes.lastIndexOf(10)
    if (end < 0) {
      begun.push(Buffer.from(bytes))
      continue
    }
    const text = Buffer.concat([...begun, bytes.subarray(0, end)]).toString("utf8")
    begun = end + 1 < bytes.length ? [Buffer.from(bytes.subarray(end + 1))] : []
    yield text.split("\n")
  }
}

/** The value that a line of JSON holds; undefined if it is none. */
export const parse = (line: string): unknown => {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
