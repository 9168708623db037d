/** Points at one item of a source that yields arrays, to walk through several sources in parallel. */
export class Cursor<A, B> {
  /** The item, undefined before the first `advance` and after the last item. */
  head: B | undefined
  private items: ReadonlyArray<A> = []
  private at = -1
  private readonly source: AsyncGenerator<ReadonlyArray<A>>
  private readonly read: (item: A) => B
  constructor(source: AsyncGenerator<ReadonlyArray<A>>, read: (item: A) => B) {
    this.source = source
    this.read = read
  }
  /** Goes to the next item of those at hand; false if they are used up. */
  step(): boolean {
    const item = this.items[++this.at]
    if (item === undefined) return false
    this.head = this.read(item)
    return true
  }
  /** Moves to the next item and reads more if it must. At the end there is no head. */
  async advance(): Promise<void> {
    while (!this.step()) {
      const next = await this.source.next()
      this.head = undefined
      if (next.done === true) return
      this.items = next.value
      this.at = -1
    }
  }
  close() {
    return this.source.return(undefined)
  }
}
