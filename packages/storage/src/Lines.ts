/**
 * Reads the lines of a file in arrays, each up to its newline. What follows the last newline was torn by a crash, or is
 * being written right now: it is left out.
 */
import { chunksOf } from "./Files.ts"
import type { Fs } from "./Fs.ts"

/** Bytes read at once: few enough to be read in place, and for V8 to hold their text among its small objects. */
const piece = 64 * 1024

/** Yields the whole lines of a file, without their newlines. */
export const read = (fs: Fs, path: string, size = piece): AsyncGenerator<ReadonlyArray<string>> =>
  of(chunksOf(fs, path, size))

/** Yields the whole lines of a text that comes in chunks, which may be overwritten afterwards. */
export async function* of(chunks: AsyncIterable<Buffer>): AsyncGenerator<ReadonlyArray<string>> {
  let begun: Array<Uint8Array> = []
  for await (const bytes of chunks) {
    const end = bytes.lastIndexOf(10)
    if (end < 0) {
      begun.push(Buffer.from(bytes))
      continue
    }
    const whole = begun.length === 0 ? bytes : Buffer.concat([...begun, bytes])
    const text = whole.toString("utf8", 0, whole.length - bytes.length + end)
    begun = end + 1 < bytes.length ? [Buffer.from(bytes.subarray(end + 1))] : []
    yield text.split("\n")
  }
}

/** The value of a line of JSON; undefined if it is invalid. */
export const parse = (line: string): unknown => {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
