/**
 * Holds downloads until every sink has stored them. Small content stays in memory within a budget for the process;
 * anything beyond goes to disk, so that neither many jobs nor one large attachment make memory grow.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { Content, ContentError } from "./Content.ts"

/** What was declared about bytes that are about to arrive. */
export interface Arrival {
  /** The media type without parameters, or null. */
  readonly mediaType: string | null
}

/**
 * Takes bytes in and gives them back as `Content`, hashed with sha256 on the way. The content lives until the scope
 * closes; then its memory is returned to the budget or its file is removed.
 */
export class Spool extends Context.Service<Spool, {
  /** Keeps bytes that have arrived as one array. The array must not be written to afterwards. */
  readonly keep: (bytes: Uint8Array, arrival: Arrival) => Effect.Effect<Content, ContentError, Scope.Scope>
  /**
   * Keeps what a stream delivers, and fails as it fails; a part of it leaves nothing behind. The chunks of a transport's
   * body must not be read afterwards: their memory may be returned at once.
   */
  readonly receive: <E, R>(
    body: Stream.Stream<Uint8Array, E, R>,
    arrival: Arrival
  ) => Effect.Effect<Content, E | ContentError, R | Scope.Scope>
}>()("@labelstream/core/Spool") {}
