/** Reads stored files back and hashes them, a piece at a time. */
import { createHash } from "node:crypto"
import { type Operations, withFile } from "./Files.ts"

/** The sha256 of a file, 64 lower-case hex digits. */
export const sha256 = (fs: Operations, path: string, size: number): Promise<string> =>
  withFile(fs, path, "r", async (fd) => {
    const hash = createHash("sha256")
    const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(size, 1024 * 1024)))
    for (let at = 0;;) {
      const length = await fs.read(fd, buffer, at)
      if (length === 0) return hash.digest("hex")
      hash.update(buffer.subarray(0, length))
      at += length
    }
  })
