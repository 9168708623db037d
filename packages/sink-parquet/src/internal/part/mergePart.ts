/** Makes parts of a dataset from those of a writer's branch, in the staging folder. */
import { Failure, Files } from "@labelstream/storage"
import { join } from "node:path"
import * as PartManifest from "../../PartManifest.ts"
import { tableNames } from "../tables.ts"
import { partPath } from "../target.ts"
import { createManifest } from "./manifestWriter.ts"
import { type Each, PartBuild, type Published, type StagedFile, type Target } from "./partBuild.ts"
import { damaged, jobsOf, tailOf } from "./partFile.ts"
import { openPart, type PartReader } from "./partReader.ts"

/** A job's line, and where its rows begin in the files of its part. */
export interface Located {
  readonly line: PartManifest.Job
  readonly rows: Each<number>
}

const nothing: Each<number> = { annotations: 0, media: 0, attachments: 0, contents: 0, jobs: 0 }

/** Yields the jobs of a part. */
export async function* jobsAt(part: Published, folder: string): AsyncGenerator<Located> {
  const rows = { ...nothing }
  for await (const lines of jobsOf(part.place.fs, pathOf(part, folder, "manifest"))) {
    for (const line of lines) {
      yield { line, rows: { ...rows } }
      for (const table of tableNames) rows[table] += countOf(line, table)
    }
  }
}

const countOf = (line: PartManifest.Job, table: typeof tableNames[number]): number => table === "jobs" ? 1 : line[table]

const pathOf = ({ part, place }: Published, folder: string, table: Parameters<typeof partPath>[0]) =>
  join(place.output, partPath(table, folder, part))

/** Gives the files of a part the number of another, without reading them; only the manifest is rewritten. */
export const reconcile = async (
  target: Target,
  source: Published,
  part: number
): Promise<ReadonlyArray<StagedFile>> => {
  const { batchId, folder, format, place: { fs }, staging } = target
  const manifest = pathOf(source, folder, "manifest")
  const tail = await tailOf(fs, manifest)
  if (tail?.files.length !== tableNames.length) throw damaged(manifest)
  const staged: Array<StagedFile> = []
  const files: Array<PartManifest.File> = []
  for (const [index, table] of tableNames.entries()) {
    const path = pathOf(source, folder, table)
    const file = tail.files[index]!
    const found = await fs.find(path)
    if (found?.isFile() !== true || found.size !== file.size) {
      throw new Failure.Problem(
        "corrupt",
        `${path} was modified after it was stored: move its branch away and export its jobs again`
      )
    }
    const from = `${part}-${table}`
    await Files.copy(fs, path, join(staging, from))
    const to = partPath(table, folder, part)
    files.push({ ...file, path: to })
    staged.push({ from, to, size: file.size })
  }
  const from = `${part}-manifest`
  const head = PartManifest.encodeHead({ batch: batchId, part, geometry: format.geometry })
  const writer = await createManifest(fs, join(staging, from), head)
  try {
    for await (const { line } of jobsAt(source, folder)) await writer.add(line)
  } catch (error) {
    await writer.close().catch(() => {})
    throw error
  }
  const size = await writer.finish({ files, weight: tail.weight })
  return [...staged, { from, to: partPath("manifest", folder, part), size }]
}

/**
 * Writes a part again from `source`: jobs are kept, dropped, or replaced by what `other` has of them. Returns the files in
 * the order in which they are to be published.
 */
export const rewrite = async (
  target: Target,
  source: Published,
  part: number,
  fate: (line: PartManifest.Job) => "keep" | "drop" | Located,
  other?: Published
): Promise<ReadonlyArray<StagedFile>> => {
  const { folder } = target
  const build = await PartBuild.start(target, part, String(part), source)
  let readers: Each<PartReader> | undefined
  const replacements = other === undefined ? undefined : new Replacements(other, folder)
  try {
    readers = await build.openPublished()
    const waiting = { ...nothing }
    const flush = async () => {
      for (const table of tableNames) {
        for await (const rows of readers![table].take(waiting[table])) await build.writers[table].add(rows)
        waiting[table] = 0
      }
    }
    for await (const lines of build.publishedJobs()) {
      for (const line of lines) {
        const what = fate(line)
        if (what === "keep") {
          for (const table of tableNames) waiting[table] += countOf(line, table)
          await build.add(line)
          continue
        }
        await flush()
        for (const table of tableNames) readers[table].skip(countOf(line, table))
        if (what === "drop") continue
        await replacements?.write(build, what)
        await build.add(what.line)
      }
    }
    await flush()
    return (await build.finish()).files
  } finally {
    await build.close()
    await replacements?.close()
    for (const reader of Object.values(readers ?? {})) await reader.close().catch(() => {})
  }
}

/** Reads single jobs of a part; in the order of its rows each file is gone through once. */
class Replacements {
  private readonly readers: Partial<Record<typeof tableNames[number], { reader: PartReader; at: number }>> = {}
  private readonly part: Published
  private readonly folder: string
  constructor(part: Published, folder: string) {
    this.part = part
    this.folder = folder
  }
  async write(build: PartBuild, { line, rows }: Located): Promise<void> {
    for (const table of tableNames) {
      const [from, count] = [rows[table], countOf(line, table)]
      if (count === 0) continue
      const { reader } = await this.readerAt(table, from)
      for await (const found of reader.take(count)) await build.writers[table].add(found)
      this.readers[table] = { reader, at: from + count }
    }
  }
  async close(): Promise<void> {
    for (const { reader } of Object.values(this.readers)) await reader.close().catch(() => {})
  }
  private async readerAt(table: typeof tableNames[number], row: number) {
    const known = this.readers[table]
    if (known !== undefined && known.at <= row) {
      known.reader.skip(row - known.at)
      return known
    }
    await known?.reader.close()
    const reader = await openPart(this.part.place.fs, pathOf(this.part, this.folder, table), row)
    return this.readers[table] = { reader, at: row }
  }
}
