/** One part being written to the staging folder: its file of each table, and its manifest. */
import { Failure, Hash } from "@labelstream/storage"
import { join } from "node:path"
import * as PartManifest from "../../PartManifest.ts"
import { type TableName, tableNames } from "../tables.ts"
import { partPath, type Place } from "../target.ts"
import { createManifest, type ManifestWriter } from "./manifestWriter.ts"
import { damaged, jobsOf, tailOf } from "./partFile.ts"
import { openPart, type PartReader } from "./partReader.ts"
import { type Full, PartWriter } from "./partWriter.ts"
import type { Format } from "./rowGroup.ts"

/** Something for each table. */
export type Each<A> = Record<TableName, A>

/** A file in the staging folder, and its final place. */
export interface StagedFile {
  readonly from: string
  readonly to: string
  readonly size: number
}

/** A part in the staging folder. */
export interface StagedPart {
  readonly part: number
  readonly weight: number
  /** In the order in which they are to be published. */
  readonly files: ReadonlyArray<StagedFile>
  readonly full: Each<Full>
}

/** Where a part is written, and its number. */
export interface Target {
  readonly place: Place
  readonly staging: string
  readonly format: Format
  readonly folder: string
  readonly batchId: string
}

/** A part that is there. */
export interface Published {
  readonly place: Place
  readonly part: number
}

export class PartBuild {
  readonly part: number
  readonly writers: Each<PartWriter>
  private readonly target: Target
  private readonly source: Published
  private readonly name: string
  private readonly manifest: ManifestWriter
  private isOpen = true

  private constructor(
    target: Target,
    part: number,
    source: Published,
    name: string,
    writers: Each<PartWriter>,
    manifest: ManifestWriter
  ) {
    this.target = target
    this.part = part
    this.source = source
    this.name = name
    this.writers = writers
    this.manifest = manifest
  }

  /**
   * Makes the files of a new part, under names that begin with `name`. `source` is the part that it is made from: by
   * default the one of the same number.
   */
  static async start(
    target: Target,
    part: number,
    name: string,
    source: Published = { place: target.place, part }
  ): Promise<PartBuild> {
    const { batchId, format, place: { fs }, staging } = target
    const writers: Partial<Each<PartWriter>> = {}
    try {
      for (const table of tableNames) {
        writers[table] = await PartWriter.create(fs, join(staging, `${name}-${table}`), table, batchId, format)
      }
      const head = PartManifest.encodeHead({ batch: batchId, part, geometry: format.geometry })
      const manifest = await createManifest(fs, join(staging, `${name}-manifest`), head)
      return new PartBuild(target, part, source, name, writers as Each<PartWriter>, manifest)
    } catch (error) {
      for (const writer of Object.values(writers)) await writer.close().catch(() => {})
      throw error
    }
  }

  /** About how many bytes its rows take before they are encoded. */
  get weight(): number {
    return tableNames.reduce((sum, table) => sum + this.writers[table].weight, 0)
  }

  /** Begins with all that the source holds: full row groups as bytes if `full` lists them. */
  async takeOver(full: Each<Full> | undefined): Promise<void> {
    const { fs } = this.target.place
    const tail = await this.verified()
    for (const [index, table] of tableNames.entries()) {
      const path = this.published(table)
      const known = full?.[table]
      if (known !== undefined) await this.writers[table].takeOver(path, known)
      if (tail.files[index]!.rows === (known?.rows ?? 0)) continue
      const reader = await openPart(fs, path, known?.rows)
      try {
        for await (const group of reader.groups()) await this.writers[table].addGroup(group)
      } finally {
        await reader.close()
      }
    }
    for await (const jobs of jobsOf(fs, this.published("manifest"))) {
      for (const job of jobs) await this.manifest.add(job)
    }
  }

  /** Opens the source for being read job by job. */
  async openPublished(): Promise<Each<PartReader>> {
    await this.verified()
    const readers: Partial<Each<PartReader>> = {}
    for (const table of tableNames) {
      readers[table] = await openPart(this.target.place.fs, this.published(table))
    }
    return readers as Each<PartReader>
  }

  /** Whether the source's manifest is whole and names no jobs but these. */
  async holdsOnly(jobs: ReadonlyMap<string, unknown>): Promise<boolean> {
    if (await tailOf(this.target.place.fs, this.published("manifest")) === undefined) return false
    for await (const lines of this.publishedJobs()) if (lines.some(({ job }) => !jobs.has(job))) return false
    return true
  }

  /** The jobs of the source. */
  publishedJobs(): AsyncGenerator<ReadonlyArray<PartManifest.Job>> {
    return jobsOf(this.target.place.fs, this.published("manifest"))
  }

  /** Notes a job whose rows have been added. */
  add(job: PartManifest.Job): Promise<void> {
    return this.manifest.add(job)
  }

  /** Writes footers and the manifest's end; everything is synced. */
  async finish(): Promise<StagedPart> {
    this.isOpen = false
    const { folder } = this.target
    const { name, part, weight, writers } = this
    const files: Array<PartManifest.File> = []
    const full: Partial<Each<Full>> = {}
    const failures: Array<unknown> = []
    for (const table of tableNames) {
      const finished = await writers[table].finish().catch((error: unknown) => void failures.push(error))
      if (finished === undefined) {
        await writers[table].close().catch(() => {})
        continue
      }
      const { rows, sha256, size } = finished
      files.push({ path: partPath(table, folder, part), size, sha256, rows })
      full[table] = finished.full
    }
    if (failures.length > 0) {
      await this.manifest.close().catch(() => {})
      throw failures[0]
    }
    const size = await this.manifest.finish({ files, weight })
    return {
      part,
      weight,
      files: [
        ...tableNames.map((table, index) => ({
          from: `${name}-${table}`,
          to: partPath(table, folder, part),
          size: files[index]!.size
        })),
        { from: `${name}-manifest`, to: partPath("manifest", folder, part), size }
      ],
      full: full as Each<Full>
    }
  }

  /** Closes everything, unless it is finished. */
  async close(): Promise<void> {
    if (!this.isOpen) return
    this.isOpen = false
    for (const table of tableNames) await this.writers[table].close().catch(() => {})
    await this.manifest.close().catch(() => {})
  }

  private published(table: TableName | "manifest"): string {
    const { part, place } = this.source
    return join(place.output, partPath(table, this.target.folder, part))
  }

  /** Never takes over what is not as it was committed: a new manifest would then vouch for it. */
  private async verified(): Promise<PartManifest.Tail> {
    const { fs } = this.target.place
    const tail = await tailOf(fs, this.published("manifest"))
    if (tail?.files.length !== tableNames.length) throw damaged(this.published("manifest"))
    for (const [index, table] of tableNames.entries()) {
      const path = this.published(table)
      const { sha256, size } = tail.files[index]!
      const found = await fs.find(path)
      if (found === undefined) throw missing(path)
      if (!found.isFile() || found.size !== size || await Hash.sha256(fs, path, size) !== sha256) throw damaged(path)
    }
    return tail
  }
}

const missing = (path: string) =>
  new Failure.Problem("corrupt", `${path} is missing: restore it, or move its part away and export its jobs again`)
