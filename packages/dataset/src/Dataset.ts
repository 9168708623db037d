/**
 * Builds a dataset from samples: what all formats share. A first pass over the samples gathers classes, splits, losses and
 * the names given before; then the shared files are written, and the format writes its own. Nothing is collected: memory
 * does not depend on the number of samples, but for 16 bytes for each name.
 */
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Classes from "./Classes.ts"
import { DatasetError } from "./DatasetError.ts"
import { type DatasetFormat, holdsOf, type OptionsOf, type Output } from "./DatasetFormat.ts"
import { byCodePoint } from "./internal/codePoints.ts"
import { annotationsOf, fit, type Rules } from "./internal/fit.ts"
import { textOf } from "./internal/text.ts"
import * as Loss from "./Loss.ts"
import * as Names from "./Names.ts"
import type { Input, Sample, Samples } from "./Sample.ts"
import * as SamplesTable from "./SamplesTable.ts"
import type { Split } from "./Split.ts"

/** The settings of a dataset, besides the format's own options. */
export interface Settings {
  readonly split: Split
  /** The source of new names. Default: `url`. */
  readonly names?: Names.Source
  /** The option `classes`. */
  readonly classes?: Classes.Choice
  /** The classes that the dataset has by now, in order: the content of its `classes.json`. Default: none. */
  readonly frozen?: ReadonlyArray<string>
  /** Annotations that are on no sample, with their number: they count as dropped. */
  readonly astray?: ReadonlyArray<readonly [shape: string, label: string, why: string, count: number]>
  /** Default: `keep`. */
  readonly empty?: "keep" | "drop"
  /** Default: false. */
  readonly lossless?: boolean
}

/** Counts of a dataset that was built. */
export interface Summary {
  readonly samples: number
  /** The classes in order, as in `classes.json`. */
  readonly classes: ReadonlyArray<string>
  readonly losses: ReadonlyArray<Loss.Entry>
  /** Samples left out because the format needs their size, and the names of the first 20. */
  readonly withoutSize: { readonly count: number; readonly names: ReadonlyArray<string> }
  /** Samples left out because the format has no place for them: their number by the reason. */
  readonly refused: ReadonlyMap<string, number>
}

/** How many samples that are left out are named. */
const mostNamed = 20

/**
 * Writes `classes.json`, `samples.csv`, `loss.json`, and what the format writes. `inputs` can be run more than once and
 * gives the same samples each time, in the order in which they are to be written. Fails with `options` if a split has a
 * name that the format cannot have, and with `lossless`, before it writes anything, if that was asked for.
 */
export const build = Effect.fn("Dataset.build")(function*<Fields extends Schema.Struct.Fields>(
  format: DatasetFormat<Fields>,
  options: OptionsOf<Fields>,
  inputs: Stream.Stream<Input, DatasetError>,
  settings: Settings,
  out: Output
) {
  const { astray = [], classes: choice, empty = "keep", frozen = [], lossless = false, names: source = "url", split } =
    settings
  const rules: Rules<Fields> = {
    format,
    options,
    holds: holdsOf(format, options),
    classOf: Classes.mapping(choice),
    empty
  }
  const survey = yield* surveyOf(inputs, rules, split, source)
  for (const [shape, label, why, count] of astray) {
    const name = rules.classOf(label)
    if (name !== null) survey.tally.add(shape, name, Loss.dropped(why), "loss", count)
  }
  const { given, met, refused, seen, tally, withoutSize } = survey
  const strange = [...seen].find((name) => format.splits?.includes(name) === false)
  if (strange !== undefined) {
    const detail = `${format.name} has the splits ${format.splits?.join(", ")} and not ${JSON.stringify(strange)}`
    return yield* new DatasetError({ reason: "options", detail })
  }
  if (lossless && !tally.isLossless()) return yield* lossOf(format.name, tally.entries())
  const classes = Classes.make({ choice, frozen, met })
  const samples = samplesOf(inputs, rules, split, { given, seen, source })
  yield* out.file("classes.json", `${JSON.stringify(classes.names, null, 2)}\n`, {
    entry: format.opensClasses === true
  })
  yield* out.file("samples.csv", textOf(SamplesTable.header, [samples.all, SamplesTable.line]))
  yield* out.file("loss.json", Loss.toJson(tally.entries()))
  yield* format.write(samples, classes, out, options)
  return {
    samples: survey.samples,
    classes: classes.names,
    losses: tally.entries(),
    withoutSize,
    refused
  } satisfies Summary
})

/** Reads all inputs once, for what must be known before the first file is written. */
const surveyOf = Effect.fnUntraced(function*<Fields extends Schema.Struct.Fields>(
  inputs: Stream.Stream<Input, DatasetError>,
  rules: Rules<Fields>,
  split: Split,
  source: Names.Source
) {
  const met = new Set<string>()
  const seen = new Set<string>()
  const given = Names.make()
  const tally = Loss.tally()
  const withoutSize = { count: 0, names: new Array<string>() }
  const refused = new Map<string, number>()
  let samples = 0
  const look = (input: Input): void => {
    for (const { label } of annotationsOf(input)) {
      const name = rules.classOf(label)
      if (name !== null) met.add(name)
    }
    if (input.name !== null) given.take(input.name)
    const fitted = fit(input, rules, tally)
    if (fitted.leftOut === null) {
      samples++
      seen.add(split.of(input.job))
    } else if (fitted.leftOut === "size") {
      withoutSize.count++
      if (withoutSize.names.length < mostNamed) withoutSize.names.push(input.name ?? Names.stemOf(input, source))
    } else if (fitted.leftOut === "kind" || fitted.leftOut === "refused") {
      refused.set(fitted.why, (refused.get(fitted.why) ?? 0) + 1)
    }
  }
  yield* Stream.runForEachArray(inputs, (some) => Effect.sync(() => some.forEach(look)))
  return { given, met, refused, samples, seen, tally, withoutSize }
})

const lossOf = (name: string, entries: ReadonlyArray<Loss.Entry>) => {
  const lost = entries.filter(({ approximated, dropped, shape }) =>
    approximated + dropped > 0 && shape !== "attribute" && shape !== "track"
  )
  const some = lost.slice(0, 5).map(({ approximated, class: of, dropped, shape, why }) =>
    `${approximated + dropped} x ${shape} ${JSON.stringify(of)} (${why})`
  )
  const more = lost.length > some.length ? ` and ${lost.length - some.length} more kinds` : ""
  return new DatasetError({
    reason: "lossless",
    detail: `${name} would lose ${some.join(", ")}${more}: choose another format, or allow it with lossless=false`
  })
}

/** The samples. Each run names them again: the same inputs in the same order get the same names. */
const samplesOf = <Fields extends Schema.Struct.Fields>(
  inputs: Stream.Stream<Input, DatasetError>,
  rules: Rules<Fields>,
  split: Split,
  { given, seen, source }: { given: Names.Naming; seen: ReadonlySet<string>; source: Names.Source }
): Samples => {
  const some = (which: string | null) =>
    Stream.suspend(() => {
      const naming = given.copy()
      return inputs.pipe(
        Stream.map((input): Sample | null => {
          const name = input.name ?? naming.give(input, source)
          const splitName = split.of(input.job)
          if (which !== null && which !== splitName) return null
          const fitted = fit(input, rules)
          if (fitted.leftOut !== null) return null
          const { mask, points, shapes } = fitted
          return { ...input, name, file: name + Names.endingOf(input), split: splitName, mask, points, shapes }
        }),
        Stream.filter((sample) => sample !== null)
      )
    })
  const order = [...split.order, ...[...seen].sort(byCodePoint)]
  const splits = [...new Set(order)].filter((name) => seen.has(name))
  // A dataset without samples is a dataset: its files say so.
  return { splits: splits.length > 0 ? splits : split.order.slice(0, 1), all: some(null), of: some }
}
