/**
 * Chooses few of many jobs so that every kind is among them. A kind has strata, which are the sets of types that occur
 * together, those of more types first; a stratum has jobs, in the order of their hashes. First comes the first job of the
 * first stratum of each kind, then that of the second strata, and so on; then the second jobs in the same way. A place in
 * this order only ever moves back as jobs come: so no more than the chosen ones are held, and the choice does not depend
 * on the order in which they come.
 */
export interface Traits {
  readonly kind: string
  /** Types that occur, each once and sorted. */
  readonly types: ReadonlyArray<string>
  readonly hash: string
}

interface Place<A> {
  readonly traits: Traits
  readonly item: A
}

const compare = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0

export class Gallery<A> {
  private readonly size: number
  private places: ReadonlyArray<Place<A>> = []

  constructor(size: number) {
    this.size = size
  }

  /** Whether such a job would be among the chosen, as things stand. */
  wants(traits: Traits): boolean {
    if (this.places.length < this.size) return true
    const place = { traits }
    return this.chosen<{ readonly traits: Traits }>([...this.places, place]).includes(place)
  }

  put(traits: Traits, item: A): void {
    this.places = this.chosen([...this.places, { traits, item }])
  }

  /** Those chosen, in order. */
  items(): ReadonlyArray<A> {
    return this.places.map(({ item }) => item)
  }

  private chosen<P extends { readonly traits: Traits }>(places: ReadonlyArray<P>): ReadonlyArray<P> {
    const kinds = Map.groupBy(places, ({ traits }) => traits.kind)
    return Array.from(kinds.values())
      .flatMap((ofKind) =>
        Array.from(Map.groupBy(ofKind, ({ traits }) => traits.types.join(" ")))
          .sort(([a, [one]], [b, [other]]) =>
            (other?.traits.types.length ?? 0) - (one?.traits.types.length ?? 0) || compare(a, b)
          )
          .flatMap(([, some], stratum) =>
            some.sort((a, b) => compare(a.traits.hash, b.traits.hash)).map((place, rank) => ({ place, rank, stratum }))
          )
      )
      .sort((a, b) => a.rank - b.rank || a.stratum - b.stratum || compare(a.place.traits.kind, b.place.traits.kind))
      .slice(0, this.size)
      .map(({ place }) => place)
  }
}
