/**
 * Reads the lines of a file in arrays, each up to its newline. What follows the last newline was torn by a crash, or is
 * being written right now: it is left out.
 */
import { located, type Operations } from "./Files.ts"

/** Yields the whole lines of a file, without their newlines. */
export async function* read(fs: Operations, path: string, size = 256 * 1024): AsyncGenerator<ReadonlyArray<string>> {
  const fd = await fs.open(path, "r")
  try {
    const buffer = Buffer.allocUnsafe(size)
    let begun: Array<Uint8Array> = []
    for (let position = 0;;) {
      const length = await fs.read(fd, buffer, position)
      if (length === 0) return
      position += length
      const bytes = buffer.subarray(0, length)
      const end = bytes.lastIndexOf(10)
      if (end < 0) {
        begun.push(Buffer.from(bytes))
        continue
      }
      const text = Buffer.concat([...begun, bytes.subarray(0, end)]).toString("utf8")
      begun = end + 1 < length ? [Buffer.from(bytes.subarray(end + 1))] : []
      yield text.split("\n")
    }
  } catch (error) {
    throw located(error, path)
  } finally {
    await fs.close(fd).catch(() => {})
  }
}
