/** Where tests make their folders. */
import { chmodSync, mkdtempSync, rmSync, statfsSync } from "node:fs"

/** What Linux keeps in memory. */
const memory = "/dev/shm"

const prefix = `${memory}/tests-`

/** Bytes that must be free there: several times what tests hold at a time. */
const enough = 4 * 1024 ** 3

/**
 * Has this process and those that it starts make their folders in memory, in one that goes with this process. Tests write,
 * sync, and remove thousands of files, which costs a disk more time than what they test. Changes nothing where there is no
 * such place, or too little of it.
 */
export const workInMemory = (): void => {
  // Vitest loads its configuration once per project.
  if (process.env["TMPDIR"]?.startsWith(prefix)) return
  try {
    const { bavail, bsize } = statfsSync(memory)
    if (bavail * bsize < enough) return
    const folder = mkdtempSync(prefix)
    process.once("exit", () => rmSync(folder, { recursive: true, force: true }))
    // PostgreSQL runs as another user.
    chmodSync(folder, 0o711)
    process.env["TMPDIR"] = folder
  } catch {
    // Other systems have no such place.
  }
}
