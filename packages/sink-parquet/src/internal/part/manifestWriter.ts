/** Writes the manifest of a part to the staging folder. */
import { Files, type Fs } from "@labelstream/storage"
import * as PartManifest from "../../PartManifest.ts"

/** Text of a manifest that is held before it is written. */
const heldText = 256 * 1024

/** A manifest being written. */
export interface ManifestWriter {
  readonly add: (job: PartManifest.Job) => Promise<void>
  /** Returns the size of the manifest. */
  readonly finish: (end: Omit<PartManifest.Tail, "jobs">) => Promise<number>
  readonly close: () => Promise<void>
}

/** Makes a manifest that begins with its first line. */
export const createManifest = async (fs: Fs, path: string, head: string): Promise<ManifestWriter> => {
  const fd = await fs.open(path, "wx", 0o666)
  let [held, jobs, size] = [head, 0, 0]
  const close = () => Files.at(path, fs.close(fd))
  const flush = async () => {
    const bytes = Buffer.from(held)
    held = ""
    size += bytes.length
    await Files.at(path, Files.writeFully(fs, fd, bytes, null))
  }
  return {
    close,
    add: async (job) => {
      held += PartManifest.encodeLine(job)
      jobs++
      if (held.length >= heldText) await flush()
    },
    finish: async (end) => {
      try {
        held += PartManifest.encodeLine({ ...end, jobs })
        await flush()
        await Files.at(path, fs.fsync(fd))
      } catch (error) {
        await close().catch(() => {})
        throw error
      }
      await close()
      return size
    }
  }
}
