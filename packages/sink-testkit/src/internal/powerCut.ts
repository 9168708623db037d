/**
 * What a power cut leaves of a sink's target: the names in each folder as they were when it was last synced, and the
 * bytes of each file as they were when it was last synced. A rename is one step, which a sync of either folder keeps.
 */
import { createHash } from "node:crypto"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Operation } from "./child/operations.ts"

interface File {
  /** As of their last sync. */
  bytes: Buffer
  isSynced: boolean
}

interface Folder {
  readonly names: Map<string, File | Folder>
  synced: Map<string, File | Folder>
}

interface Move {
  readonly node: File | Folder
  readonly from: Folder
  readonly name: string
  readonly to: Folder
  readonly newName: string
}

const isFolder = (node: File | Folder | undefined): node is Folder => node !== undefined && "names" in node

const newFile = (): File => ({ bytes: Buffer.alloc(0), isSynced: false })

const newFolder = (): Folder => ({ names: new Map(), synced: new Map() })

/** A disk that replays operations. Operations on what it has not seen, such as files from elsewhere, change nothing. */
class Disk {
  private readonly target = newFolder()
  private moves: ReadonlyArray<Move> = []

  replay(operation: Operation): void {
    if (operation.op === "sync") return this.sync(operation.path, operation.bytes)
    const [folder, name] = this.targetOf(operation.path)
    if ("from" in operation) {
      const [from, old] = this.targetOf(operation.from)
      // What comes from outside the target is taken as not synced.
      const node = from.names.get(old) ?? newFile()
      if (operation.op === "rename" && node !== folder.names.get(name)) {
        from.names.delete(old)
        this.moves = [...this.moves, { node, from, name: old, to: folder, newName: name }]
      }
      folder.names.set(name, node)
    } else if (operation.op === "remove") folder.names.delete(name)
    else folder.names.set(name, operation.op === "folder" ? newFolder() : newFile())
  }

  /** What is left: paths with their bytes, undefined for folders. */
  left(folder = this.target, above = ""): ReadonlyArray<readonly [path: string, bytes: Buffer | undefined]> {
    return [...folder.synced].sort(([a], [b]) => a < b ? -1 : 1).flatMap(([name, node]) => {
      const path = above + name
      return isFolder(node)
        ? [[path, undefined] as const, ...this.left(node, `${path}/`)]
        : [[path, node.bytes] as const]
    })
  }

  /** Paths that are not left, and files that were never synced. */
  lost(folder = this.target, above = ""): ReadonlyArray<string> {
    return [...folder.names].flatMap(([name, node]) => {
      const path = above + name
      if (folder.synced.get(name) !== node) return [path]
      return isFolder(node) ? this.lost(node, `${path}/`) : node.isSynced ? [] : [path]
    })
  }

  private sync(path: string, bytes: string | undefined): void {
    const [above, name] = this.targetOf(path)
    const node = path === "" ? this.target : above.names.get(name)
    if (!isFolder(node)) {
      if (node === undefined || bytes === undefined) return
      node.bytes = Buffer.from(bytes, "base64")
      node.isSynced = true
      return
    }
    const isOf = ({ from, to }: Move) => from === node || to === node
    for (const move of this.moves.filter(isOf)) {
      if (move.from.synced.get(move.name) === move.node) move.from.synced.delete(move.name)
      move.to.synced.set(move.newName, move.node)
    }
    this.moves = this.moves.filter((move) => !isOf(move))
    node.synced = new Map(node.names)
  }

  /** The folder that holds a name. Folders that were made together with it are made here too. */
  private targetOf(path: string): readonly [Folder, string] {
    const names = path.split("/")
    let folder = this.target
    for (const name of names.slice(0, -1)) {
      const found = folder.names.get(name)
      const next = isFolder(found) ? found : newFolder()
      folder.names.set(name, next)
      folder = next
    }
    return [folder, names.at(-1)!]
  }
}

/** A target after a power cut. */
export interface Cut {
  /** Operations that had been done. */
  readonly at: number
  /** Paths that were there before and are lost, or whose bytes are. */
  readonly lost: ReadonlyArray<string>
  readonly restore: (target: string) => void
}

/**
 * Every state in which a power cut leaves the target, from after `from` operations to after `to`. States with the same
 * files are one: empty folders between them cost time and show nothing.
 */
export function* powerCuts(log: ReadonlyArray<Operation>, from: number, to: number): Generator<Cut> {
  const disk = new Disk()
  let last: string | undefined
  for (let at = 0; at <= to; at++) {
    if (at > 0) disk.replay(log[at - 1]!)
    if (at < from) continue
    const left = disk.left()
    const hash = createHash("sha256")
    for (const [path, bytes] of left) if (bytes !== undefined) hash.update(`${path} ${bytes.length}\n`).update(bytes)
    const state = hash.digest("hex")
    if (state !== last) yield { at, lost: disk.lost(), restore: (target) => restore(target, left) }
    last = state
  }
}

const restore = (target: string, left: ReturnType<Disk["left"]>): void => {
  for (const [path, bytes] of left) {
    if (bytes === undefined) mkdirSync(join(target, path))
    else writeFileSync(join(target, path), bytes)
  }
}
