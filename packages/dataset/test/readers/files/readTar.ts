/** Reads tar archives: by the headers alone, and by GNU tar. */
import { execFileSync } from "node:child_process"

export interface TarMember {
  readonly name: string
  readonly mtime: number
  readonly bytes: Uint8Array
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8").replace(/\0.*$/s, "")
const octal = (bytes: Uint8Array): number => Number.parseInt(text(bytes).trim() || "0", 8)

/** The members in order. A long name comes in a member of its own before. */
export const readTar = (archive: Uint8Array): ReadonlyArray<TarMember> => {
  const members: Array<TarMember> = []
  let long: string | undefined
  for (let at = 0; archive[at] !== 0;) {
    const header = archive.subarray(at, at + 512)
    const [size, type] = [octal(header.subarray(124, 136)), String.fromCharCode(header[156]!)]
    const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0)
    if (sum !== octal(header.subarray(148, 156))) throw new Error("the sum of a header is wrong")
    const bytes = archive.subarray(at + 512, at + 512 + size)
    const prefix = text(header.subarray(345, 500))
    const name = `${prefix === "" ? "" : `${prefix}/`}${text(header.subarray(0, 100))}`
    if (type === "x") long = /\d+ path=(.*)\n/.exec(Buffer.from(bytes).toString("utf8"))?.[1]
    else {
      members.push({ name: long ?? name, mtime: octal(header.subarray(136, 148)), bytes })
      long = undefined
    }
    at += 512 + Math.ceil(size / 512) * 512
  }
  return members
}

/** The names that GNU tar lists. */
export const listed = (archive: Uint8Array): ReadonlyArray<string> =>
  execFileSync("tar", ["-tf", "-", "--quoting-style=literal"], { input: archive, maxBuffer: 2 ** 26, encoding: "utf8" })
    .split("\n").slice(0, -1)
