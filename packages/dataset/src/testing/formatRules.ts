/** The rules of all formats, in order. */
import * as Effect from "effect/Effect"
import type * as Dataset from "../Dataset.ts"
import type { DatasetError } from "../DatasetError.ts"
import { byCodePoint } from "../internal/codePoints.ts"
import type { Input } from "../Sample.ts"
import * as Split from "../Split.ts"
import { hostile, ordinary } from "./corpus.ts"
import * as Cuts from "./cuts.ts"
import { must, same } from "./expect.ts"
import type { Bench } from "./formatSubject.ts"
import { keepsPace } from "./pace.ts"

interface FormatRule {
  readonly id: string
  readonly title: string
  readonly check: (bench: Bench) => Effect.Effect<void, DatasetError>
}

const count = (labels: Iterable<string>): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1)
  return counts
}

/** The annotations that the loss report counts as written, by class. */
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

export const formatRules: ReadonlyArray<FormatRule> = [
  {
    id: "F01",
    title: "writes the same bytes when it is built twice",
    check: Effect.fnUntraced(function*({ build, ordinary: first }) {
      const [one, two] = [yield* first, yield* build(ordinary)]
      yield* same([...one.files.keys()], [...two.files.keys()], "files")
      for (const [path, bytes] of one.files) {
        yield* must(Buffer.compare(bytes, two.files.get(path)!) === 0, () => `${path} differs from build to build`)
      }
    })
  },
  {
    id: "F02",
    title: "keeps images without annotations",
    check: Effect.fnUntraced(function*({ ordinary: built, ordinaryRead, takes }) {
      const expected = ordinary.filter(takes).length
      yield* same(expected, (yield* built).summary.samples, "samples")
      yield* same(expected, (yield* ordinaryRead).samples.size, "samples read back")
    })
  },
  {
    id: "F03",
    title: "keeps the numbers of classes, and appends new ones",
    check: Effect.fnUntraced(function*({ grown, grownRead, ordinary, ordinaryRead }) {
      const [{ summary: { classes } }, { summary: { classes: more } }] = [yield* ordinary, yield* grown]
      yield* same(classes, (yield* ordinaryRead).classes, "classes")
      yield* must(more.length > classes.length, () => "no class was appended")
      yield* same(more, (yield* grownRead).classes, "classes after others were added")
    })
  },
  {
    id: "F04",
    title: "writes what the loss report says, and nothing else",
    check: Effect.fnUntraced(function*({ merges, ordinary, ordinaryRead }) {
      const found = count([...(yield* ordinaryRead).samples.values()].flat())
      yield* same(sorted(reported((yield* ordinary).summary), merges), sorted(found, merges), "annotations by class")
    })
  },
  {
    id: "F05",
    title: "names files safely, once, and by the names it is given",
    check: Effect.fnUntraced(function*({ build, kind, read, takes }) {
      const inputs = hostile.map((input): Input => {
        const own = { ...input, kind }
        return takes(own) ? own : { ...own, frame: { id: "f", index: 0 } }
      })
      const { files, summary } = yield* build(inputs)
      yield* same(inputs.length, summary.samples, "samples")
      yield* same(inputs.length, (yield* read(files)).samples.size, "samples read back")
      const names = inputs.map((_, index) => `given-${index}`)
      const named = yield* build(inputs.map((input, index) => ({ ...input, name: names[index]! })))
      const found = [...(yield* read(named.files)).samples.keys()]
      yield* same(names.sort(byCodePoint), found.sort(byCodePoint), "names")
    })
  },
  {
    id: "F06",
    title: "refuses splits whose names it cannot have, or writes them",
    check: Effect.fnUntraced(function*({ build, read }) {
      const result = yield* Effect.result(build(ordinary, { split: Split.make({ shares: { odd: 1 } }) }))
      if (result._tag === "Failure") return yield* same("options", result.failure.reason, "reason of the error")
      const { files, summary: { samples } } = result.success
      yield* same(samples, (yield* read(files)).samples.size, "samples read back")
    })
  },
  {
    id: "F07",
    title: "writes while it reads, so that memory does not grow with the number of samples",
    check: keepsPace
  },
  {
    id: "F08",
    title: "fails if a read or a write fails, so that half a dataset is never published",
    check: Cuts.failsWhenCut
  },
  {
    id: "F09",
    title: "marks the files that readers open first, so that they never find half a dataset",
    check: Cuts.hidesHalves
  }
]
