/** Sizes of images from a folder or a table: values of the option `sizes` of an export. */
import { ImageHeader, type JobSink, OptionError, Sizes } from "@labelstream/core"
import * as Effect from "effect/Effect"
import { open, readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import { parseTable } from "./internal/sizeTable.ts"
import { sizeOf } from "./NodeImageHeader.ts"

const fail = (detail: string) => Effect.fail(new OptionError.OptionError({ option: "sizes", detail }))

const codeOf = (cause: unknown) => (cause as NodeJS.ErrnoException).code ?? "an unexpected error"

/**
 * Returns sizes from the headers of the images in a folder. An image is found by the path of its address, or by shorter
 * ends of it: `https://host/a/b/c.png` is `a/b/c.png`, `b/c.png`, or `c.png` in the folder. Fails if there is no
 * folder.
 */
export const folder = (directory: string): Effect.Effect<Sizes.Source, OptionError.OptionError> =>
  Effect.flatMap(
    Effect.andThen(
      OptionError.text("sizes", directory),
      Effect.promise(() => stat(directory).then((found) => found.isDirectory(), () => false))
    ),
    (isFolder) =>
      isFolder
        ? Effect.succeed(Sizes.lookup((url) => Effect.promise(() => sizeInFolder(directory, url))))
        : fail(`must name a folder or a table, and ${directory} is neither`)
  )

/** Most segments of an address that are looked for in a folder. */
const mostSegments = 16

const sizeInFolder = async (directory: string, url: string): Promise<JobSink.Size | string> => {
  // An address must not lead out of the folder.
  const segments = Sizes.segmentsOf(url)
  const at = segments.findLastIndex((segment) => segment === "." || segment === ".." || /[/\\\0]/.test(segment))
  const path = segments.slice(at + 1).slice(-mostSegments)
  for (let from = 0; from < path.length; from++) {
    const first = await firstBytes(join(directory, ...path.slice(from)))
    if (first !== undefined) return sizeOf(first) ?? Sizes.noHeader
  }
  return "not in the folder"
}

const firstBytes = async (path: string): Promise<Uint8Array | undefined> => {
  let file
  try {
    if (!(await stat(path)).isFile()) return undefined
    file = await open(path, "r")
    const bytes = new Uint8Array(ImageHeader.firstBytes)
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0)
    return bytes.subarray(0, bytesRead)
  } catch {
    return undefined
  } finally {
    await file?.close()
  }
}

/**
 * Returns sizes from a CSV file of lines `name,width,height`, which is held in memory. The first line may be a heading.
 * A name is an image's address, with or without its query, or its last segment, with or without its extension. Fails if
 * the file cannot be read, or if a line is malformed or contradicts an earlier one.
 */
export const table = Effect.fnUntraced(function*(file: string): Effect.fn.Return<
  Sizes.Source,
  OptionError.OptionError
> {
  yield* OptionError.text("sizes", file)
  const text = yield* Effect.catch(
    Effect.tryPromise({ try: () => readFile(file, "utf8"), catch: codeOf }),
    (code) => fail(`must name a table that can be read, and ${file} cannot: ${code}`)
  )
  const sizes = parseTable(text)
  if (typeof sizes === "string") return yield* fail(`must name a table of name,width,height: ${file}, ${sizes}`)
  return Sizes.lookup((url) =>
    Effect.sync(() => {
      for (const name of Sizes.namesOf(url)) {
        const size = sizes.get(name)
        if (size !== undefined) return size
      }
      return "not in the table"
    })
  )
})
