/** The log of what a sink does below its target, with what a power cut leaves of it. */
import type { lstatSync, readFileSync } from "node:fs"
import { relative } from "node:path"

/** One use of a function of `node:fs` below the target. */
export interface Use {
  /** `fsync` stands for `fdatasync` too. */
  readonly op: string
  readonly path: string
  /** The source of a rename or link. */
  readonly from: string | undefined
  /** Whether it changes or syncs anything. */
  readonly changes: boolean
  /** Whether there was nothing at the path. */
  readonly isNew: boolean
}

/** One operation on names, or a sync. Paths are relative to the target; the target itself is "". */
export type Operation =
  /** A new name, for a new file or folder, or a second name of the file `from`. */
  | { readonly op: "file" | "folder"; readonly path: string }
  | { readonly op: "link" | "rename"; readonly path: string; readonly from: string }
  /** The name is removed, and everything below it. */
  | { readonly op: "remove"; readonly path: string }
  /** Names in the folder, or the file with these bytes (base64), are synced. */
  | { readonly op: "sync"; readonly path: string; readonly bytes: string | undefined }

/** Records operations. Bytes are kept in memory, so it begins only when asked to. */
export class Recorder {
  readonly operations: Array<Operation> = []
  isRecording = false
  private readonly target: string
  private readonly lstat: typeof lstatSync
  private readonly readFile: typeof readFileSync

  constructor(target: string, lstat: typeof lstatSync, readFile: typeof readFileSync) {
    this.target = target
    this.lstat = lstat
    this.readFile = readFile
  }

  /** Records what was done. */
  note(use: Use): void {
    const operation = this.isRecording && use.changes ? this.operationOf(use) : undefined
    if (operation !== undefined) this.operations.push(operation)
  }

  private operationOf({ from, isNew, op, path: absolute }: Use): Operation | undefined {
    const path = relative(this.target, absolute)
    switch (op) {
      case "fsync": {
        const found = this.lstat(absolute, { throwIfNoEntry: false })
        if (found === undefined) return undefined
        return { op: "sync", path, bytes: found.isFile() ? this.readFile(absolute).toString("base64") : undefined }
      }
      case "link":
      case "rename":
        return from === undefined ? undefined : { op, path, from: relative(this.target, from) }
      case "unlink":
      case "rm":
      case "rmdir":
        return isNew ? undefined : { op: "remove", path }
      case "mkdir":
        return isNew ? { op: "folder", path } : undefined
      case "symlink":
        return undefined
      default:
        return isNew ? { op: "file", path } : undefined
    }
  }
}
