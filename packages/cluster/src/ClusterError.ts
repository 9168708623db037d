import * as PlainText from "@labelstream/core/PlainText"
import * as Schema from "effect/Schema"

/** An export on a cluster could not be begun, or not be brought to its end. What was stored before stays stored. */
export class ClusterError extends Schema.TaggedError<ClusterError>()("ClusterError", {
  /**
   * - `refused`: the request cannot be carried out here: a sink, a setting, a platform that the runner does not serve
   * - `broken`: something made going on useless, such as a key that is not accepted or a full disk
   * - `storage`: the database of the cluster cannot be reached, or not be used
   */
  reason: Schema.Literals(["refused", "aborted", "storage"]),
  /** One sentence for people; no secret in it. */
  detail: Schema.String
}) {
  override get message() {
    return PlainText.message(this.detail)
  }
}
