/**
 * Holds a dataset format to what all formats promise: each rule builds datasets in memory and reads them back with a
 * reader that the format's author gives. Needs no test framework; a test asserts that no outcome has a violation.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Dataset from "../Dataset.ts"
import { DatasetError } from "../DatasetError.ts"
import type { DatasetFormat, OptionsOf } from "../DatasetFormat.ts"
import { byCodePoint } from "../internal/codePoints.ts"
import type { Input } from "../Sample.ts"
import * as Split from "../Split.ts"
import { fresh, hostile, ordinary } from "./corpus.ts"
import * as MemoryOutput from "./MemoryOutput.ts"

/** What a reader finds in a dataset. */
export interface ReadBack {
  /** The names of the classes in the order of their numbers. */
  readonly classes: ReadonlyArray<string>
  /** By the name of the sample, without ending: the class of each annotation. */
  readonly samples: ReadonlyMap<string, ReadonlyArray<string>>
}

/** A format with its options, and a reader that is not made of the format's own code. */
export interface Subject<Fields extends Schema.Struct.Fields> {
  readonly format: DatasetFormat<Fields>
  readonly options: OptionsOf<Fields>
  /** Reads what was written: file contents by path. */
  readonly read: (files: ReadonlyMap<string, Uint8Array>) => ReadBack | Promise<ReadBack>
  /** Whether the annotations of a class are one in the files, as in class-id masks. Default: false. */
  readonly merges?: boolean
}

/** What became of a rule. */
export interface Outcome {
  readonly id: string
  /** What a format that keeps it does. */
  readonly title: string
  /** What was expected and what was found, or undefined if the rule is kept. */
  readonly violation: string | undefined
}

interface Rule {
  readonly id: string
  readonly title: string
  readonly check: <Fields extends Schema.Struct.Fields>(subject: Subject<Fields>) => Effect.Effect<void, DatasetError>
}

const split = Split.make({ shares: { train: 0.6, val: 0.4 } })

const build = <Fields extends Schema.Struct.Fields>(
  { format, options }: Subject<Fields>,
  inputs: ReadonlyArray<Input>,
  settings: Partial<Dataset.Settings> = {}
) => {
  const out = MemoryOutput.make()
  const built = Dataset.build(
    format,
    options,
    Stream.fromArray(inputs),
    { split, names: "reference", ...settings },
    out
  )
  return Effect.map(built, (summary) => ({ ...out, summary }))
}

/** Whether a sample is to be part of the dataset. */
const isTaken = <Fields extends Schema.Struct.Fields>(
  { format: { kind, needs, refuses }, options }: Subject<Fields>,
  input: Input
): boolean =>
  input.kind === kind && (input.width !== null || !needs.sizes) && (refuses?.(input, options) ?? null) === null

const readBack = <Fields extends Schema.Struct.Fields>(
  { read }: Subject<Fields>,
  files: ReadonlyMap<string, Uint8Array>
): Effect.Effect<ReadBack> => Effect.promise(async () => read(files))

const must = (holds: boolean, detail: () => string): Effect.Effect<void, DatasetError> =>
  holds ? Effect.void : Effect.suspend(() => Effect.fail(new DatasetError({ reason: "output", detail: detail() })))

const same = (expected: unknown, found: unknown, what: string): Effect.Effect<void, DatasetError> => {
  const [a, b] = [JSON.stringify(expected), JSON.stringify(found)]
  return must(a === b, () => `${what}: expected ${a}, found ${b}`)
}

const count = (labels: Iterable<string>): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1)
  return counts
}

/** The annotations that the loss report says were written, by class. */
const reported = ({ losses }: Dataset.Summary): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const { approximated, class: of, kept, shape } of losses) {
    if (shape === "attribute" || shape === "track" || shape === "sample" || kept + approximated === 0) continue
    counts.set(of, (counts.get(of) ?? 0) + kept + approximated)
  }
  return counts
}

const sorted = (counts: ReadonlyMap<string, number>, merges: boolean) =>
  [...counts].sort(([a], [b]) => byCodePoint(a, b)).map(([label, times]) => [label, merges ? 1 : times])

const rules: ReadonlyArray<Rule> = [
  {
    id: "F01",
    title: "writes the same bytes when it is built twice",
    check: Effect.fnUntraced(function*(subject) {
      const [one, two] = [yield* build(subject, ordinary), yield* build(subject, ordinary)]
      yield* same([...one.files.keys()], [...two.files.keys()], "files")
      for (const [path, bytes] of one.files) {
        yield* must(Buffer.compare(bytes, two.files.get(path)!) === 0, () => `${path} differs from build to build`)
      }
    })
  },
  {
    id: "F02",
    title: "keeps images without annotations",
    check: Effect.fnUntraced(function*(subject) {
      const { files, summary } = yield* build(subject, ordinary)
      const { samples } = yield* readBack(subject, files)
      const expected = ordinary.filter((input) => isTaken(subject, input)).length
      yield* same(expected, summary.samples, "samples")
      yield* same(expected, samples.size, "samples read back")
    })
  },
  {
    id: "F03",
    title: "keeps the numbers of classes, and appends new ones",
    check: Effect.fnUntraced(function*(subject) {
      const { files, summary } = yield* build(subject, ordinary)
      yield* same(summary.classes, (yield* readBack(subject, files)).classes, "classes")
      const more = yield* build(subject, [...fresh, ...ordinary], { frozen: summary.classes })
      yield* must(more.summary.classes.length > summary.classes.length, () => "no class was appended")
      yield* same(
        more.summary.classes,
        (yield* readBack(subject, more.files)).classes,
        "classes after others were added"
      )
    })
  },
  {
    id: "F04",
    title: "writes what the loss report says, and nothing else",
    check: Effect.fnUntraced(function*(subject) {
      const { files, summary } = yield* build(subject, ordinary)
      const { merges = false } = subject
      const found = count([...(yield* readBack(subject, files)).samples.values()].flat())
      yield* same(sorted(reported(summary), merges), sorted(found, merges), "annotations by class")
    })
  },
  {
    id: "F05",
    title: "names files safely, once, and by the names it is given",
    check: Effect.fnUntraced(function*(subject) {
      const { kind } = subject.format
      const inputs = hostile.map((input): Input => {
        const own = { ...input, kind }
        return isTaken(subject, own) ? own : { ...own, frame: { id: "f", index: 0 } }
      })
      const { files, summary } = yield* build(subject, inputs)
      yield* same(inputs.length, summary.samples, "samples")
      yield* same(inputs.length, (yield* readBack(subject, files)).samples.size, "samples read back")
      const names = inputs.map((_, index) => `given-${index}`)
      const named = yield* build(subject, inputs.map((input, index) => ({ ...input, name: names[index]! })))
      yield* same(
        names.sort(byCodePoint),
        [...(yield* readBack(subject, named.files)).samples.keys()].sort(byCodePoint),
        "names"
      )
    })
  },
  {
    id: "F06",
    title: "refuses splits whose names it cannot have, or writes them",
    check: Effect.fnUntraced(function*(subject) {
      const result = yield* Effect.result(build(subject, ordinary, { split: Split.make({ shares: { odd: 1 } }) }))
      if (result._tag === "Failure") return yield* same("options", result.failure.reason, "reason of the error")
      yield* same(
        result.success.summary.samples,
        (yield* readBack(subject, result.success.files)).samples.size,
        "samples read back"
      )
    })
  }
]

/** The ids of the rules and what they say, in order. */
export const titles: ReadonlyMap<string, string> = new Map(rules.map(({ id, title }) => [id, title]))

/** Checks a format against all rules. An error or a defect of the format or the reader is a violation. */
export const check = <Fields extends Schema.Struct.Fields>(
  subject: Subject<Fields>
): Effect.Effect<ReadonlyArray<Outcome>> =>
  Effect.forEach(rules, ({ check, id, title }) =>
    Effect.matchCause(Effect.suspend(() => check(subject)), {
      onFailure: (cause): Outcome => ({ id, title, violation: String(Cause.squash(cause)) }),
      onSuccess: (): Outcome => ({ id, title, violation: undefined })
    }))
