import { type JobSink, Sizes } from "@labelstream/core"

/**
 * Reads lines of `name,width,height`, or says which line is malformed. Quotes are as in CSV; the first line may be a
 * heading.
 */
export const parseTable = (text: string): ReadonlyMap<string, JobSink.Size> | string => {
  const sizes = new Map<string, JobSink.Size>()
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/)
  for (const [at, line] of lines.entries()) {
    if (line.trim() === "") continue
    const [, quoted, plain, width, height] = row.exec(line) ?? []
    const name = quoted?.replaceAll("\"\"", "\"") ?? plain?.trim() ?? ""
    const size = { width: Number(width), height: Number(height) }
    if (name === "" || !Sizes.isLength(size.width) || !Sizes.isLength(size.height)) {
      if (at === 0 && heading.test(line)) continue
      return `line ${at + 1} is not of that form`
    }
    const known = sizes.get(name)
    if (known !== undefined && (known.width !== size.width || known.height !== size.height)) {
      return `line ${at + 1} gives a name a second size`
    }
    sizes.set(name, size)
  }
  return sizes.size === 0 ? "which has no line" : sizes
}

// Addresses may hold commas: the numbers are the last two fields.
const row = /^\s*(?:"((?:[^"]|"")*)"|([^"].*?))\s*,\s*"?(\d{1,10})"?\s*,\s*"?(\d{1,10})"?\s*$/
const heading = /^\s*"?[a-z_ ]+"?\s*,\s*"?width"?\s*,\s*"?height"?\s*$/i
