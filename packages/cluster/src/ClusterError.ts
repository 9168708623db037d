import * as PlainText from "@labelstream/core/PlainText"
import * as Schema from "effect/Schema"

/** An export on a cluster could not begin, or not reach its end. Stored jobs stay stored. */
export class ClusterError extends Schema.TaggedError<ClusterError>()("ClusterError", {
  /**
   * - `refused`: the runner cannot do the request: it does not know a sink, a setting, or the platform
   * - `aborted`: an error left nothing to continue, such as a rejected key or a full disk
   * - `storage`: the database of the cluster cannot be reached or used
   */
  reason: Schema.Literals(["refused", "aborted", "storage"]),
  /** One sentence for people; no secret in it. */
  detail: Schema.String
}) {
  override get message() {
    return PlainText.message(this.detail)
  }
}
