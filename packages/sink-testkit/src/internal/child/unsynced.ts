/** Follows which bytes and which folder entries would be lost if the power went now. */
import type { lstatSync } from "node:fs"
import { dirname } from "node:path"
import type { Left, Use } from "./control.ts"

export class Unsynced {
  /** Synced size of files with bytes that are not synced. */
  private readonly files = new Map<string, number>()
  private readonly entries = new Set<string>()
  private readonly synced = new Map<string, number>()
  private readonly lstat: typeof lstatSync

  constructor(lstat: typeof lstatSync) {
    this.lstat = lstat
  }

  left(): Left {
    return { files: Object.fromEntries(this.files), entries: [...this.entries] }
  }

  /** Takes account of something that was done. */
  note({ changes, from, isNew, op, path }: Use): void {
    if (op === "open") {
      if (isNew) this.made(path, 0)
      else if (changes && !this.synced.has(path)) this.synced.set(path, this.sizeOf(path))
      return
    }
    if (op === "mkdir" || op === "symlink") {
      if (isNew) this.entries.add(path)
    } else if (op === "link") this.entries.add(path)
    else if (op === "rename") this.renamed(from, path, isNew)
    else if (op === "unlink" || op === "rm" || op === "rmdir") this.gone(path)
    else if (op === "fsync") this.syncedNow(path)
    else if (changes) {
      if (isNew) this.made(path, 0)
      this.files.set(path, this.synced.get(path) ?? 0)
    }
  }

  private made(path: string, size: number): void {
    this.entries.add(path)
    this.synced.set(path, size)
  }

  private syncedNow(path: string): void {
    if (this.lstat(path, { throwIfNoEntry: false })?.isDirectory() === true) {
      for (const entry of this.entries) if (dirname(entry) === path) this.entries.delete(entry)
      return
    }
    this.files.delete(path)
    this.synced.set(path, this.sizeOf(path))
  }

  /** A name that was there before keeps its old content after a power cut: that is not followed. */
  private renamed(from: string | undefined, to: string, isNew: boolean): void {
    this.gone(to)
    if (from !== undefined) {
      for (const map of [this.files, this.synced]) {
        for (const [path, size] of map) {
          if (path !== from && !path.startsWith(`${from}/`)) continue
          map.delete(path)
          map.set(to + path.slice(from.length), size)
        }
      }
      for (const entry of this.entries) {
        if (!entry.startsWith(`${from}/`)) continue
        this.entries.delete(entry)
        this.entries.add(to + entry.slice(from.length))
      }
      this.entries.delete(from)
    }
    if (isNew) this.entries.add(to)
  }

  private gone(path: string): void {
    for (const set of [this.files, this.synced, this.entries]) {
      for (const known of set.keys()) if (known === path || known.startsWith(`${path}/`)) set.delete(known)
    }
  }

  private sizeOf(path: string): number {
    return this.lstat(path, { throwIfNoEntry: false })?.size ?? 0
  }
}
