/**
 * Finds the part of a batch that may hold a job, at 12 bytes per slot: about 25 MB for a million jobs. It keeps hashes,
 * so it can be wrong if two ids share one; the caller compares the ids while it rewrites the part.
 */
export class JobIndex {
  private hashes = new Float64Array(1024)
  private parts = new Uint32Array(1024)
  private used = 0

  /** Entries. */
  get size(): number {
    return this.used
  }

  /** Notes that a part, numbered from 1, holds a job. */
  add(jobId: string, part: number): void {
    if (this.used * 4 > this.parts.length * 3) this.grow()
    this.put(hashOf(jobId), part)
    this.used++
  }

  /** The parts that may hold a job; none that does is left out. */
  find(jobId: string): ReadonlyArray<number> {
    const hash = hashOf(jobId)
    const mask = this.parts.length - 1
    const found: Array<number> = []
    for (let slot = hash % this.parts.length;; slot = (slot + 1) & mask) {
      const part = this.parts[slot]!
      if (part === 0) return found
      if (this.hashes[slot] === hash) found.push(part)
    }
  }

  private put(hash: number, part: number): void {
    const mask = this.parts.length - 1
    let slot = hash % this.parts.length
    while (this.parts[slot] !== 0) slot = (slot + 1) & mask
    this.hashes[slot] = hash
    this.parts[slot] = part
  }

  private grow(): void {
    const { hashes, parts } = this
    this.hashes = new Float64Array(parts.length * 2)
    this.parts = new Uint32Array(parts.length * 2)
    for (let slot = 0; slot < parts.length; slot++) if (parts[slot] !== 0) this.put(hashes[slot]!, parts[slot]!)
  }
}

/** 53 bits over the UTF-16 code units: two 32-bit multiplicative hashes, mixed. */
const hashOf = (text: string): number => {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    high = Math.imul(high ^ code, 2654435761)
    low = Math.imul(low ^ code, 1597334677)
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909)
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909)
  return 4294967296 * (2097151 & low) + (high >>> 0)
}
