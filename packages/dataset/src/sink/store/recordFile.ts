/** A file of records: one after the other, each with a hash of its own. */
import { Failure, Files, type Fs, Lines } from "@labelstream/storage"
import { createHash, type Hash, hash } from "node:crypto"
import { join } from "node:path"
import { damaged, type RecordPlace, type Span } from "./StoredRecord.ts"

/** Bytes that are read or written at once: few enough to be read or written in place. */
const piece = 64 * 1024

/** A file of records that is being written. */
export interface RecordWriter {
  /**
   * Adds a record of these lines. Returns its place. One record at a time is written: others wait. Nothing stays of a record
   * that fails.
   */
  readonly add: (lines: AsyncIterable<string> | Iterable<string>) => Promise<Span>
  /** Copies a record from the bytes of another file. Returns its place. */
  readonly copy: (bytes: AsyncIterable<Buffer>) => Promise<Span>
  /** Writes the remaining bytes and syncs the file. Returns its size. */
  readonly end: () => Promise<number>
  readonly close: () => Promise<void>
}

/** Makes a new file of records. */
export const create = async (fs: Fs, path: string): Promise<RecordWriter> => {
  const fd = await fs.open(path, "wx", 0o666)
  let waiting: Array<Buffer> = []
  // Where those that wait begin, and where they end.
  let [from, to] = [0, 0]
  let turn: Promise<unknown> = Promise.resolve()
  const flush = async () => {
    const bytes = waiting.length === 1 ? waiting[0]! : Buffer.concat(waiting)
    waiting = []
    const at = from
    from = to
    await Files.at(path, Files.writeFully(fs, fd, bytes, at))
  }
  const write = async (pieces: AsyncIterable<Buffer>): Promise<Span> => {
    const [at, before] = [to, waiting.length]
    const hashing = new Hashing()
    try {
      for await (const bytes of pieces) {
        hashing.add(bytes)
        waiting.push(bytes)
        to += bytes.length
        if (to - from > piece) await flush()
      }
    } catch (error) {
      waiting = at < from ? [] : waiting.slice(0, before)
      from = Math.min(from, at)
      to = at
      throw error
    }
    return { at, size: to - at, sha256: hashing.digest() }
  }
  const inTurn = <A>(run: () => Promise<A>): Promise<A> => {
    const done = turn.then(run)
    turn = done.catch(() => {})
    return done
  }
  return {
    add: (lines) => inTurn(() => write(texts(lines))),
    copy: (bytes) => inTurn(() => write(bytes)),
    end: () =>
      inTurn(async () => {
        await flush()
        await Files.at(path, fs.ftruncate(fd, to).then(() => fs.fsync(fd)))
        return to
      }),
    close: () => Files.at(path, fs.close(fd))
  }
}

/** Lines as bytes. */
async function* texts(lines: AsyncIterable<string> | Iterable<string>): AsyncGenerator<Buffer> {
  let text = ""
  for await (const line of lines) {
    text += `${line}\n`
    if (text.length < piece) continue
    yield Buffer.from(text)
    text = ""
  }
  if (text !== "") yield Buffer.from(text)
}

/** A hash of some bytes, which are mostly one piece. */
class Hashing {
  private first: Uint8Array | undefined
  private rest: Hash | undefined

  add(bytes: Uint8Array): void {
    if (this.rest !== undefined) this.rest.update(bytes)
    else if (this.first === undefined) this.first = bytes
    else this.rest = createHash("sha256").update(this.first).update(bytes)
  }

  digest(): string {
    return this.rest === undefined ? hash("sha256", this.first ?? new Uint8Array()) : this.rest.digest("hex")
  }
}

/** Files of records that are open at the same time. */
const filesAtOnce = 64

/** Reads records in any order, one at a time. */
export interface RecordReader {
  /** Yields the lines of a record. Fails with `corrupt`, after the last of them, if they are not those that were stored. */
  readonly linesOf: (record: RecordPlace) => AsyncGenerator<ReadonlyArray<string>>
  /** Yields the bytes of a record, and fails as `linesOf` does. */
  readonly bytesOf: (record: RecordPlace) => AsyncGenerator<Buffer>
  readonly close: () => Promise<void>
}

/** Whether a record has the bytes that were stored. */
export const isWhole = async ({ bytesOf }: RecordReader, record: RecordPlace): Promise<boolean> => {
  try {
    for await (const _ of bytesOf(record));
    return true
  } catch (error) {
    if (error instanceof Failure.Problem && error.reason === "corrupt") return false
    throw error
  }
}

/** Starts to read the files of records in a folder. */
export const reader = (fs: Fs, folder: string): RecordReader => {
  // In the order in which they were last read.
  const opened = new Map<string, number>()
  const open = async (path: string): Promise<number> => {
    const [oldest] = opened
    if (oldest !== undefined && opened.size === filesAtOnce) {
      opened.delete(oldest[0])
      await fs.close(oldest[1])
    }
    return fs.open(path, "r").catch((error: unknown) => {
      throw Files.codeOf(error) === "ENOENT" ? damaged(path) : error
    })
  }
  // Records that follow each other in their file, as they do in a store that is in order, are read together.
  let [inFile, start, held] = ["", 0, Buffer.alloc(0)]
  const read = async (path: string, { file, size }: RecordPlace, from: number): Promise<Buffer> => {
    const end = start + held.length
    const wanted = Math.min(piece, size)
    if (inFile === file && from >= start && from + wanted <= end) {
      return held.subarray(from - start, from - start + wanted)
    }
    const isNext = inFile === file && from >= start && from <= end
    const fd = opened.get(file) ?? await open(path)
    opened.delete(file)
    opened.set(file, fd)
    const bytes = Buffer.allocUnsafe(isNext ? piece : wanted)
    held = bytes.subarray(0, await Files.at(path, Files.readFully(fs, fd, bytes, from)))
    ;[inFile, start] = [file, from]
    return held.subarray(0, wanted)
  }
  async function* bytesOf(record: RecordPlace) {
    const { at, file, sha256, size } = record
    const path = join(folder, file)
    const hashing = new Hashing()
    for (let from = 0; from < size;) {
      const bytes = await read(path, record, at + from)
      const some = bytes.subarray(0, size - from)
      if (some.length === 0) throw damaged(path)
      hashing.add(some)
      yield some
      from += some.length
    }
    if (hashing.digest() !== sha256) throw damaged(path)
  }
  return {
    bytesOf,
    linesOf: (record) => Lines.of(bytesOf(record)),
    close: async () => {
      for (const fd of opened.values()) await fs.close(fd)
    }
  }
}
