/** The end of a run: builds the dataset from the store, and publishes it, unless it is published like this already. */
import { ImageHeader } from "@labelstream/core"
import type { JobSink } from "@labelstream/core/sink"
import { Failure, Files, type Journal, Lines } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { join } from "node:path"
import * as Dataset from "../Dataset.ts"
import { DatasetError } from "../DatasetError.ts"
import type { AllOptionsOf, DatasetFormat } from "../DatasetFormat.ts"
import type { Input } from "../Sample.ts"
import * as SamplesTable from "../SamplesTable.ts"
import * as Split from "../Split.ts"
import { gather } from "./gather.ts"
import { noticeOf } from "./notice.ts"
import { type About, common, type Needs, paths, type Place, readAbout, readText, suffices } from "./place.ts"
import { agrees, publish, readHeader } from "./publication.ts"
import * as StagedOutput from "./stagedOutput.ts"
import { compact } from "./store/compact.ts"
import { inputsIn } from "./storedInputs.ts"

const reasons = {
  options: "misconfigured",
  content: "corrupt",
  lossless: "rejected",
  output: "unavailable"
} as const satisfies Record<DatasetError["reason"], JobSink.SinkErrorReason>

/** Ends a run. Returns the notice. */
export const finish = Effect.fnUntraced(function*<Fields extends Schema.Struct.Fields>(
  place: Place,
  journal: Journal.Journal,
  attempt: Failure.Attempt,
  format: DatasetFormat<Fields>,
  options: AllOptionsOf<Fields>,
  needs: Needs
) {
  const { fs } = place
  const sizeOf = yield* ImageHeader.ImageHeader
  const step = <A>(run: () => Promise<A>) => attempt({ step: "finish" }, run)
  const about = yield* step(() => readAbout(place))
  if (about === undefined) return
  const tables = yield* step(() => readTables(place, options))
  const stamp = stampOf(about, format.name, options, tables)
  const published = yield* step(() => readHeader(place))
  if (yield* step(() => agrees(place, published, stamp))) return published?.notice ?? undefined
  const folder = place.build
  return yield* Effect.gen(function*() {
    yield* step(async () => {
      await fs.remove(folder)
      await fs.mkdir(folder)
    })
    const { names: source = "url" } = options
    const gathered = yield* step(() =>
      gather(place, folder, options, source === "reference" || source === "job" ? source : "url", tables.names, sizeOf)
    )
    const output = yield* Effect.acquireRelease(
      step(() => StagedOutput.open(place, folder, options.media ?? "copy")),
      (output) => Effect.promise(() => output.end().catch(() => {}))
    )
    const settings: Dataset.Settings = {
      split: Split.make({
        ...typeof options.split === "object" ? { shares: options.split } : {},
        ...options.salt === undefined ? {} : { salt: options.salt },
        ...tables.splits === undefined ? {} : { table: tables.splits }
      }),
      ...options.classes === undefined ? {} : { classes: options.classes },
      ...options.empty === undefined ? {} : { empty: options.empty },
      ...options.lossless === undefined ? {} : { lossless: options.lossless },
      astray: gathered.astray,
      frozen: published?.classes ?? tables.classes
    }
    const stored = inputsIn(place, gathered.samples)
    // An earlier run may have stored bytes that this dataset is not to have.
    const inputs = (options.media ?? "copy") === "copy"
      ? stored
      : Stream.map(stored, (input): Input => ({ ...input, media: null }))
    const summary = yield* Dataset.build(format, options, inputs, settings, output).pipe(
      Effect.catchTag("DatasetError", (error) => step(() => Promise.reject(problemOf(error))))
    )
    const notice = noticeOf(summary, output, options)
    yield* step(async () => {
      await output.end()
      const more: Array<{ name: string; at: string }> = [{ name: "names", at: paths.names }]
      if (!suffices(about.needs, needs) && suffices(gathered.made, needs)) {
        // Every job now has what this format needs: from here on, the list of jobs need not be parsed to count them.
        const now: About = { ...about, needs: common(gathered.made, needs) }
        await Files.writeNew(fs, join(folder, "about"), Buffer.from(`${JSON.stringify(now)}\n`))
        more.push({ name: "about", at: paths.about })
      }
      // Images that come into a folder change neither store nor options: until all are there, each run looks again.
      const { named, unnamed } = output.missing()
      const isOpen = options.images !== undefined && named + unnamed + summary.withoutSize.count > 0
      await publish(place, journal, output.list, {
        stamp: isOpen ? "" : stamp,
        notice,
        classes: summary.classes
      }, more)
      await fs.remove(folder)
      await fs.mkdir(folder)
      await compact(place, journal, gathered)
    })
    return notice ?? undefined
  }).pipe(
    Effect.scoped,
    Effect.ensuring(Effect.promise(() => fs.remove(folder).catch(() => {})))
  )
})

const problemOf = (error: DatasetError): Failure.Problem => {
  const { cause, detail, reason } = error
  const isSystem = cause !== undefined && reason === "output"
  // A full disk or a missing folder is reported as in every sink.
  if (isSystem && (cause instanceof Failure.Problem || Files.codeOf(cause) !== undefined)) throw cause
  return new Failure.Problem(reasons[reason], detail, { cause: error })
}

/** The tables that options name, and the published classes. */
interface Tables {
  readonly splits: ReadonlyMap<string, string> | undefined
  readonly names: ReadonlyMap<string, string> | undefined
  /** The texts of the tables that the options name. */
  readonly texts: ReadonlyArray<string | null>
  readonly classes: ReadonlyArray<string>
}

const readTables = async (
  place: Place,
  { names, split }: { readonly names?: string | undefined; readonly split?: unknown }
): Promise<Tables> => {
  const textOf = async (path: string | undefined) => {
    if (path === undefined) return undefined
    const text = await readText(place, path)
    if (text === undefined) throw new Failure.Problem("misconfigured", `there is no file ${path}: correct the option`)
    return text
  }
  const [splitsAt, namesAt] = [
    typeof split === "string" ? split : undefined,
    names === undefined || ["url", "reference", "job"].includes(names) ? undefined : names
  ]
  const [splits, named] = [await textOf(splitsAt), await textOf(namesAt)]
  try {
    return {
      splits: splits === undefined ? undefined : SamplesTable.splitsIn(splits, splitsAt!),
      names: named === undefined ? undefined : SamplesTable.namesIn(named, namesAt!),
      texts: [splits ?? null, named ?? null],
      classes: classesIn(await readText(place, join(place.output, "classes.json")))
    }
  } catch (error) {
    throw error instanceof DatasetError ? problemOf(error) : error
  }
}

const classesIn = (text: string | undefined): ReadonlyArray<string> => {
  if (text === undefined) return []
  const names: unknown = Lines.parse(text)
  return Array.isArray(names) ? names.filter((name) => typeof name === "string") : []
}

/** A hash of everything that the dataset depends on: the same stamp, the same dataset. */
const stampOf = (about: About, dataset: string, options: object, { texts }: Tables): string => {
  const { directory: _, ...rest } = options as { readonly directory: string }
  return createHash("sha256").update(JSON.stringify([1, about.stamp, dataset, rest, texts])).digest("hex")
}
