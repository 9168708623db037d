import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Content, ContentError } from "../../Content.ts"

/**
 * Looks at the bytes of a download while they arrive, and at the content when all are there. The bytes of a small body,
 * which come as one array, are not shown.
 */
export interface ArrivalWatcher {
  /** A body begins with its first byte: of the first attempt, or of a retry after an interruption. */
  readonly begin: () => void
  /** The next bytes of the body, valid during the call only. */
  readonly push: (chunk: Uint8Array) => void
  /**
   * What speaks against the content being the file, such as `JSON that is not complete`, or undefined. Then it is fetched
   * again, and taken once two downloads give the same bytes. The scope ends with the content.
   */
  readonly check?: (content: Content) => Effect.Effect<string | undefined, ContentError, Scope.Scope>
}
