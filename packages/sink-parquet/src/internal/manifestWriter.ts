/** Writes the manifest of a part to the staging folder. */
import { Files } from "@labelstream/files"
import * as PartManifest from "../PartManifest.ts"
import type { Fs } from "./fs.ts"

/** Text of a manifest that is held before it is written. */
const heldText = 256 * 1024

/** A manifest being written. */
export class ManifestWriter {
  private held: string
  private jobs = 0
  private size = 0
  private readonly fs: Fs
  private readonly path: string
  private readonly fd: number

  private constructor(fs: Fs, path: string, fd: number, head: string) {
    this.fs = fs
    this.path = path
    this.fd = fd
    this.held = head
  }

  static async create(fs: Fs, path: string, head: string): Promise<ManifestWriter> {
    return new ManifestWriter(fs, path, await fs.open(path, "wx", 0o666), head)
  }

  async add(job: PartManifest.Job): Promise<void> {
    this.held += PartManifest.encodeLine(job)
    this.jobs++
    if (this.held.length >= heldText) await this.flush()
  }

  /** Answers its size. */
  async finish(end: Omit<PartManifest.Tail, "jobs">): Promise<number> {
    try {
      this.held += PartManifest.encodeLine({ ...end, jobs: this.jobs })
      await this.flush()
      await this.fs.fsync(this.fd)
    } catch (error) {
      await this.close().catch(() => {})
      throw Files.located(error, this.path)
    }
    await this.close()
    return this.size
  }

  close(): Promise<void> {
    return this.fs.close(this.fd).catch((error: unknown) => Promise.reject(Files.located(error, this.path)))
  }

  private async flush(): Promise<void> {
    const bytes = Buffer.from(this.held)
    this.held = ""
    this.size += bytes.length
    await Files.writeFully(this.fs, this.fd, bytes, null).catch((error: unknown) =>
      Promise.reject(Files.located(error, this.path))
    )
  }
}
