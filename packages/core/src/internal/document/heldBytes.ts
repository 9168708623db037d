/**
 * The beginning of a value whose end is in a later chunk.
 */
export class HeldBytes {
  /** How many bytes came, kept or not. */
  size = 0
  private parts: Array<Uint8Array> = []
  private readonly limit: number

  /** Keeps values of up to `limit` bytes. */
  constructor(limit: number) {
    this.limit = limit
  }

  /** Keeps more of the value. The bytes must not change afterwards. */
  add(bytes: Uint8Array): void {
    this.size += bytes.length
    if (this.size <= this.limit) this.parts.push(bytes)
    else this.parts = []
  }

  /** The whole value with its last bytes, or undefined if it is too long; then starts again. */
  take(last: Uint8Array): Uint8Array | undefined {
    if (this.size === 0) return last
    const size = this.size + last.length
    const parts = [...this.parts, last]
    this.parts = []
    this.size = 0
    if (size > this.limit) return undefined
    const bytes = new Uint8Array(size)
    let at = 0
    for (const part of parts) {
      bytes.set(part, at)
      at += part.length
    }
    return bytes
  }
}
