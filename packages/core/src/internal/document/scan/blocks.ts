/**
 * Passes over the inside of JSON arrays and objects 64 bytes at a time, by vector instructions that JavaScript does not
 * have: a loop over bytes takes twice as long. What it does stands in `blocks.wat`.
 */
import { blocksModule } from "./blocksModule.ts"

/** As much as is used of what every run-time has: TypeScript has the types of it among a browser's alone. */
declare const WebAssembly: {
  readonly Module: new(bytes: Uint8Array) => object
  readonly Instance: new(module: object) => { readonly exports: Exports }
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer }
  readonly pass: (at: number, end: number, depth: number, inString: number) => number
}

/** Bytes looked at together; fewer are left to the caller. */
const blockBytes = 64

/** Where the bytes begin in the module's memory: before them stands what it answers. */
const start = 64

/** Bytes that can be loaded at most. */
export const maxLoaded = 256 * 1024

/** The end of what a run has passed over, and what it met on the way. */
export class Blocks {
  private readonly pass: Exports["pass"]
  private readonly bytes: Uint8Array
  private readonly state: Int32Array

  constructor({ memory, pass }: Exports) {
    this.pass = pass
    this.bytes = new Uint8Array(memory.buffer, start)
    this.state = new Int32Array(memory.buffer, 0, 3)
  }

  /** Copies a chunk, in place of the one before. Answers whether it did: one that is shorter than a block is not worth it. */
  load(chunk: Uint8Array): boolean {
    if (chunk.length < blockBytes) return false
    this.bytes.set(chunk)
    return true
  }

  /**
   * Runs over the chunk that is loaded, from a place at this depth to past the bracket that brings the depth to 0; or to
   * where bytes have to be looked at one by one, since a backslash is near, or the end. Answers that place.
   */
  run(from: number, length: number, depth: number, inString: boolean): number {
    return this.pass(start + from, start + length, depth, inString ? -1 : 0) - start
  }

  /** The depth that the last run came to. */
  get depth(): number {
    return this.state[0]!
  }

  /** Whether the last run came to a place in a string. */
  get inString(): boolean {
    return this.state[1] !== 0
  }

  /** Whether the last run met a string that ends in `url`. */
  get metUrl(): boolean {
    return this.state[2] !== 0
  }
}

const make = (): Blocks | undefined => {
  try {
    const bytes = Uint8Array.from(atob(blocksModule), (character) => character.charCodeAt(0))
    return new Blocks(new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports)
  } catch {
    // A processor without such instructions, or a policy that lets no module be made.
    return undefined
  }
}

let made: { readonly blocks: Blocks | undefined } | undefined

/** One for all, since a chunk is loaded and passed over in one go; none where it cannot be had. */
export const blocks = (): Blocks | undefined => (made ??= { blocks: make() }).blocks
