/** Writes a file line by line, in large pieces. */
import { Files, type Fs } from "@labelstream/storage"

/** A file that is being written. */
export interface LineWriter {
  readonly write: (line: string) => Promise<void>
  /** Writes the remaining lines and closes the file. Does nothing the second time. */
  readonly end: () => Promise<void>
}

/** Characters written at once: few enough to be written in place. */
const piece = 64 * 1024 - 4096

/** Makes a new file. It is not synced. */
export const open = async (fs: Fs, path: string): Promise<LineWriter> => {
  const fd = await fs.open(path, "wx", 0o666)
  let text = ""
  let isOpen = true
  const flush = async () => {
    const bytes = Buffer.from(text)
    text = ""
    await Files.at(path, Files.writeFully(fs, fd, bytes, null))
  }
  return {
    write: (line) => {
      text += `${line}\n`
      return text.length > piece ? flush() : done
    },
    end: async () => {
      if (!isOpen) return
      isOpen = false
      try {
        await flush()
      } finally {
        await fs.close(fd)
      }
    }
  }
}

const done = Promise.resolve()
