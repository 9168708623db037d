/** The option `images`: finds the input images in a folder of this machine that the platform did not give. */
import type { ImageHeader } from "@labelstream/core"
import { Files, type Fs, Hash } from "@labelstream/storage"
import { join } from "node:path"
import * as Names from "../Names.ts"
import type { Input } from "../Sample.ts"

/** An image that was found. The size is that of the image as it is displayed; null if its header cannot be read. */
export interface FoundImage {
  readonly path: string
  readonly size: number
  readonly sha256: string
  readonly width: number | null
  readonly height: number | null
  readonly ending: string | null
}

const endings = [".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".JPG", ".JPEG", ".PNG"]

/** Headers end before this many bytes in most images; else all of the file is read. */
const headBytes = 256 * 1024

/** Finds the image of a sample: by its URL's last segment, by that without its ending, or by reference id. */
export const find = async (
  fs: Fs,
  folder: string,
  input: Pick<Input, "frame" | "job" | "kind" | "url">,
  sizeOf: ImageHeader.Reader | undefined
): Promise<FoundImage | undefined> => {
  const segment = input.url === null ? "" : Names.lastSegment(input.url)
  const stems = [
    ...segment === "" ? [] : [segment.replace(/\.[^.]*$/, "")],
    ...input.job.referenceId === "" ? [] : [Names.stemOf(input, "reference")]
  ]
  const names = [segment, ...stems.flatMap((stem) => endings.map((ending) => stem + ending))]
  for (const name of names) {
    if (name === "" || /[/\\\0]|^\.{1,2}$/.test(name)) continue
    const path = join(folder, name)
    const found = await fs.find(path)
    if (found?.isFile() === true) return read(fs, path, found.size, sizeOf)
  }
  return undefined
}

const read = async (
  fs: Fs,
  path: string,
  size: number,
  sizeOf: ImageHeader.Reader | undefined
): Promise<FoundImage> => {
  const sha256 = await Hash.sha256(fs, path, size)
  const head = await headOf(fs, path, Math.min(size, headBytes))
  const shown = sizeOf?.(head) ?? (size > headBytes ? sizeOf?.(await headOf(fs, path, size)) : undefined)
  return {
    path,
    size,
    sha256,
    width: shown?.width ?? null,
    height: shown?.height ?? null,
    ending: Names.endingOfBytes(head)
  }
}

const headOf = (fs: Fs, path: string, length: number): Promise<Uint8Array> =>
  Files.withFile(fs, path, "r", async (fd) => {
    const bytes = Buffer.alloc(length)
    return bytes.subarray(0, await Files.readFully(fs, fd, bytes, 0))
  })
