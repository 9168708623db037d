/**
 * Where a format writes while its dataset is built: files in a folder that no reader looks into, and a list of them. Inputs
 * are only listed: those that are new are linked or copied when the dataset is published.
 */
import { Failure, Files } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { join } from "node:path"
import { DatasetError } from "../DatasetError.ts"
import type { FileContent, Output } from "../DatasetFormat.ts"
import { isSafePath } from "../internal/safePath.ts"
import * as LineWriter from "./lineWriter.ts"
import type { Place } from "./place.ts"

/** A file of a dataset that was built. */
export interface Built {
  readonly size: number
  readonly sha256: string
  readonly entry: boolean
  /** Its name in the folder of the build; absent for an input. */
  readonly put?: string
  /** The path of the input; absent for what the format wrote. */
  readonly from?: string
}

/** An output, and its results. */
export interface StagedOutput extends Output {
  /** The file that lists what was written: a path, a tab, and a {@link Built} on each line. */
  readonly list: string
  readonly notes: ReadonlyArray<string>
  /** Inputs that were asked for and that are not there: those that a result names, and those that none names. */
  readonly missing: () => { readonly named: number; readonly unnamed: number }
  readonly end: () => Promise<void>
}

/** Starts an output in a folder that is empty. `media` says whether inputs become part of the dataset. */
export const open = async (place: Place, folder: string, media: "copy" | "url" | "none"): Promise<StagedOutput> => {
  const { fs } = place
  const list = join(folder, "list")
  const writer = await LineWriter.open(fs, list)
  const notes: Array<string> = []
  let [number, named, unnamed] = [0, 0, 0]
  const attempt = <A>(run: () => Promise<A>) => Effect.tryPromise({ try: run, catch: toDatasetError })
  const add = (path: string, built: Built) =>
    attempt(() =>
      isSafePath(path)
        ? writer.write(`${path}\t${JSON.stringify(built)}`)
        : Promise.reject(
          new Failure.Problem("rejected", `${JSON.stringify(path)} is no safe path for a file of a dataset`)
        )
    )
  const write = (path: string, content: FileContent) => {
    if (typeof content === "string" || content instanceof Uint8Array) {
      const bytes = typeof content === "string" ? Buffer.from(content) : content
      return attempt(async () => {
        await Files.withFile(fs, path, "wx", (fd) => Files.writeFully(fs, fd, bytes, null))
        return { size: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") }
      })
    }
    return Effect.acquireUseRelease(
      attempt(() => fs.open(path, "wx", 0o666)),
      Effect.fnUntraced(function*(fd) {
        const hash = createHash("sha256")
        let size = 0
        let pieces: Array<Uint8Array> = []
        let waiting = 0
        const flush = attempt(async () => {
          const bytes = Buffer.concat(pieces)
          pieces = []
          waiting = 0
          hash.update(bytes)
          size += bytes.length
          await Files.at(path, Files.writeFully(fs, fd, bytes, null))
        })
        yield* Stream.runForEachArray(content, (some) => {
          for (const bytes of some) {
            pieces.push(bytes)
            waiting += bytes.length
          }
          return waiting > 256 * 1024 ? flush : Effect.void
        })
        yield* flush
        return { size, sha256: hash.digest("hex") }
      }),
      (fd) => attempt(() => Files.at(path, fs.close(fd)))
    )
  }
  return {
    list,
    notes,
    missing: () => ({ named, unnamed }),
    end: writer.end,
    file: (path, content, options) => {
      const put = String(number++)
      return Effect.flatMap(
        write(join(folder, put), content),
        (written) => add(path, { ...written, entry: options?.entry === true, put })
      )
    },
    media: (sample, path) =>
      Effect.suspend(() => {
        if (media !== "copy") return Effect.void
        const from = sample.media?.path
        if (sample.media !== null && from !== undefined) {
          const { sha256, size } = sample.media
          return add(path, { size, sha256, entry: false, from })
        }
        if (sample.url === null) unnamed++
        else named++
        return Effect.void
      }),
    note: (text) => Effect.sync(() => void notes.push(text))
  }
}

const toDatasetError = (cause: unknown) =>
  new DatasetError({ reason: "output", detail: "the dataset cannot be written", cause })
