/** The one error of this package. */
import * as Schema from "effect/Schema"

/**
 * A dataset could not be built.
 *
 * - `options`: the options do not fit the format or the samples
 * - `content`: an input cannot be read as what it should be, such as a mask that is no PNG
 * - `lossless`: `lossless` was asked for, and something would be lost
 * - `output`: files cannot be read or written
 */
export class DatasetError extends Schema.TaggedError<DatasetError>()("DatasetError", {
  reason: Schema.Literals(["options", "content", "lossless", "output"]),
  /** One sentence for people: what is wrong, with what, and what to do. */
  detail: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message() {
    return this.detail
  }
}
