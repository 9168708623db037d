/** The options that every dataset format has. */
import { SinkPlugin } from "@labelstream/core"
import * as Schema from "effect/Schema"
import * as Split from "./Split.ts"

const table = SinkPlugin.LocalPath.check(Schema.isPattern(/\.csv$/i, { message: "Expected a path that ends in .csv" }))
  .annotate(SinkPlugin.pathAnnotation)

const name = Schema.String.check(
  Schema.makeFilter((text: string) =>
    Split.isName(text) ? undefined : "Expected a name of a split: letters, digits, _ and -, and not a number"
  )
)

const shares = Schema.Record(name, Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))).check(
  Schema.makeFilter((of: Readonly<Record<string, number>>) =>
    Math.abs(Object.values(of).reduce((sum, share) => sum + share, 0) - 1) < 1e-6
      ? undefined
      : "Expected shares that sum to 1"
  )
)

const label = Schema.String.check(Schema.isNonEmpty({ message: "Expected a class name" }))

/** The fields, for the Schema of a format's options. */
export const fields = {
  directory: SinkPlugin.LocalPath.annotate({
    description: "Folder of the dataset, absolute or relative to the working directory. Created if it is missing."
  }),
  split: Schema.optionalKey(Schema.Union([shares, table])).annotate({
    description: "Shares by name that sum to 1, such as train=0.8,val=0.2, or a table reference_id,split (FILE.csv), " +
      "whose other jobs go to train. Default: all in train."
  }),
  salt: Schema.optionalKey(Schema.String).annotate({
    description: "Text that is hashed with each job to choose its split: another salt, another choice. Default: empty."
  }),
  classes: Schema.optionalKey(Schema.Union([Schema.Array(label), Schema.Record(Schema.String, Schema.NullOr(label))]))
    .annotate({
      description: "Classes in order, or a map from label to class, where null drops a label. Other labels keep " +
        "their names and come last. Default: the labels found, by code point."
    }),
  media: Schema.optionalKey(Schema.Literals(["copy", "url", "none"])).annotate({
    description: "Input images: copy (default), url (only their addresses), or none."
  }),
  images: Schema.optionalKey(SinkPlugin.LocalPath).annotate({
    description: "Folder of input images, matched by the stem of the input's URL, then by reference id. Default: none."
  }),
  names: Schema.optionalKey(Schema.Union([Schema.Literals(["url", "reference", "job"]), table])).annotate({
    description: "File names: from url (default), reference id, or job id; or those of a samples.csv (FILE.csv)."
  }),
  empty: Schema.optionalKey(Schema.Literals(["keep", "drop"])).annotate({
    description: "Images without annotations: keep (default) or drop."
  }),
  lossless: Schema.optionalKey(Schema.Boolean).annotate({
    description: "Fail if an annotation is dropped or approximated, or a sample lacks its size. Default: false."
  })
}

/** The Schema of the shared options alone. */
export const Options = Schema.Struct(fields)

export type Options = typeof Options.Type
