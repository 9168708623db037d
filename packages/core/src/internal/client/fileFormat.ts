/**
 * Formats that a file's first bytes name, and the last bytes of a complete file. Reads only the two ends of a file and
 * its size.
 */

/** What is known of a file once all its bytes have gone by. */
export interface Ends {
  /** The first bytes, at most {@link endBytes}. */
  readonly head: Uint8Array
  /** The last bytes, at most {@link endBytes}; all of a shorter file. */
  readonly tail: Uint8Array
  readonly size: number
  /** Line ends in the file, if {@link countsLines} says that they matter; otherwise 0. */
  readonly lines: number
}

/** A format that its first bytes identify. */
export interface Format {
  /** With its article, for messages. */
  readonly name: string
  /** What ends the names of such files. */
  readonly extensions: ReadonlyArray<string>
  readonly begins: (ends: Ends) => boolean
  readonly isComplete: (ends: Ends) => boolean
}

/** How many bytes of either end are read: the longest header, and what some writers append. */
export const endBytes = 4096

const decoder = new TextDecoder("latin1")

/** One sign for each byte: headers in text are ASCII. */
const textOf = (bytes: Uint8Array): string => decoder.decode(bytes)

const starts = (...magic: ReadonlyArray<number>) => ({ head }: Ends): boolean =>
  magic.every((byte, at) => byte === -1 || head[at] === byte)

const view = ({ head }: Ends): DataView => new DataView(head.buffer, head.byteOffset, head.byteLength)

/** Formats whose end is not known. */
export const always = (): boolean => true

/** What a file must have among its last bytes: some writers append more. */
const endsWith = (...mark: ReadonlyArray<number>) => ({ tail }: Ends): boolean => {
  for (let at = tail.lastIndexOf(mark[0]!); at !== -1; at = at === 0 ? -1 : tail.lastIndexOf(mark[0]!, at - 1)) {
    if (mark.every((byte, index) => tail[at + index] === byte)) return true
  }
  return false
}

const lastByte = (bytes: Uint8Array): number | undefined => bytes.findLast((byte) => byte !== 0)

/** PCD files are text up to their `DATA` line, which says what follows. */
const pcdHeader = /^(?:#[^\n]*\n|\s)*VERSION\b/i

/** Whether the line ends of a file that begins so are to be counted: points in text stand one on a line. */
export const countsLines = (head: Uint8Array): boolean => head[0] === 0x23 || head[0] === 0x56

const number = (header: string, field: string): number =>
  Number(new RegExp(`^${field}\\s+(\\d+)`, "im").exec(header)?.[1] ?? Number.NaN)

const list = (header: string, field: string): ReadonlyArray<string> =>
  new RegExp(`^${field}[ \\t]+(.*)$`, "im").exec(header)?.[1]?.trim().split(/\s+/) ?? []

const isWholePcd = (ends: Ends): boolean => {
  const text = textOf(ends.head)
  const data = /^DATA[ \t]+(\w+)[^\n]*\n/im.exec(text)
  // A header that ends with the file is cut; a longer one than is kept says nothing.
  if (data === null) return ends.size > endBytes
  const header = text.slice(0, data.index)
  const body = data.index + data[0].length
  const points = number(header, "POINTS")
  if (Number.isNaN(points)) return true
  const fields = list(header, "FIELDS")
  const counts = list(header, "COUNT").map(Number)
  const each = (at: number) => counts[at] ?? 1
  switch (data[1]!.toLowerCase()) {
    case "binary": {
      const bytes = list(header, "SIZE").reduce((sum, size, at) => sum + Number(size) * each(at), 0)
      return !(ends.size < body + points * bytes)
    }
    case "binary_compressed":
      return ends.head.length >= body + 4 && ends.size >= body + 8 + view(ends).getUint32(body, true)
    case "ascii": {
      const before = text.slice(0, body).split("\n").length - 1
      const last = textOf(ends.tail).split("\n").at(-1)!.trim()
      const values = fields.reduce((sum, _, at) => sum + each(at), 0)
      const lastCounts = last !== "" && last.split(/\s+/).length >= values ? 1 : 0
      return ends.lines - before + lastCounts >= points
    }
    default:
      return true
  }
}

const isWholeLas = (ends: Ends): boolean => {
  if (ends.head.length < 111) return false
  const at = view(ends)
  // Compressed points have no fixed length.
  if ((at.getUint8(104) & 0xc0) !== 0) return true
  const legacy = at.getUint32(107, true)
  const points = legacy === 0 && at.getUint8(25) >= 4 && ends.head.length >= 255
    ? Number(at.getBigUint64(247, true))
    : legacy
  return ends.size >= at.getUint32(96, true) + points * at.getUint16(105, true)
}

/** A length that the header names; none is named by 0 or all ones, which writers of streams leave there. */
const declared = (at: number, more: number) => (ends: Ends): boolean => {
  if (ends.head.length < at + 4) return false
  const length = view(ends).getUint32(at, true)
  return length === 0 || length === 0xffffffff || ends.size >= length + more
}

/** Where the first directory is, which writers put anywhere. */
const isWholeTiff = (ends: Ends): boolean =>
  ends.head.length >= 8 && ends.size > view(ends).getUint32(4, ends.head[0] === 0x49)

/** The formats of masks, images and point clouds. */
export const formats: ReadonlyArray<Format> = [
  {
    name: "a PNG image",
    extensions: ["png"],
    begins: starts(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    isComplete: endsWith(0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82)
  },
  {
    name: "a JPEG image",
    extensions: ["jpg", "jpeg"],
    begins: starts(0xff, 0xd8, 0xff),
    isComplete: endsWith(0xff, 0xd9)
  },
  {
    name: "a GIF image",
    extensions: ["gif"],
    begins: starts(0x47, 0x49, 0x46, 0x38),
    isComplete: ({ tail }) => lastByte(tail) === 0x3b
  },
  {
    name: "a WebP image",
    extensions: ["webp"],
    begins: starts(0x52, 0x49, 0x46, 0x46, -1, -1, -1, -1, 0x57, 0x45, 0x42, 0x50),
    isComplete: declared(4, 8)
  },
  { name: "a BMP image", extensions: ["bmp"], begins: starts(0x42, 0x4d), isComplete: declared(2, 0) },
  {
    name: "a TIFF image",
    extensions: ["tif", "tiff"],
    begins: (ends) => starts(0x49, 0x49, 0x2a, 0)(ends) || starts(0x4d, 0x4d, 0, 0x2a)(ends),
    isComplete: isWholeTiff
  },
  {
    name: "a point cloud in PCD",
    extensions: ["pcd"],
    begins: ({ head }) => countsLines(head) && (/^#\s*\.PCD\b/i.test(textOf(head)) || pcdHeader.test(textOf(head))),
    isComplete: isWholePcd
  },
  { name: "a point cloud in PLY", extensions: ["ply"], begins: starts(0x70, 0x6c, 0x79), isComplete: always },
  {
    name: "a point cloud in LAS",
    extensions: ["las", "laz"],
    begins: starts(0x4c, 0x41, 0x53, 0x46),
    isComplete: isWholeLas
  },
  {
    name: "a NumPy array",
    extensions: ["npy"],
    begins: starts(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59),
    isComplete: always
  },
  {
    name: "a ZIP archive",
    extensions: ["zip", "npz"],
    begins: starts(0x50, 0x4b, 3, 4),
    isComplete: endsWith(0x50, 0x4b, 5, 6)
  }
]

/** What ends the name of the file that a URL names, in lower case, or "". */
export const extensionOf = (url: string): string =>
  /\.([a-z0-9]{1,8})$/i.exec(url.slice(0, 8192).replace(/[?#].*$/s, ""))?.[1]?.toLowerCase() ?? ""
