/** Gives back what is committed, job by job in the order of the parts, for another sink to store. */
import { type AnnotationModel, Content, type JobSink, TableRows } from "@labelstream/core/sink"
import { Files, type Fs, Target } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { join } from "node:path"
import type * as PartManifest from "../PartManifest.ts"
import { type Holders, readHolders } from "./holders.ts"
import type { Published } from "./part/partBuild.ts"
import { damaged, jobsOf } from "./part/partFile.ts"
import { openPart, type PartReader } from "./part/partReader.ts"
import { chunkSize, type ContentRow, type Row, type TableName } from "./tables.ts"
import { batchFolders, partPath, type Place } from "./target.ts"

/** Yields the jobs whose document and files are kept. */
export async function* replay(places: Target.WithBranches<Place>): AsyncGenerator<JobSink.StoredJob> {
  for (const folder of await Target.namesOf(places, batchFolders)) {
    const holders = await readHolders(places, folder)
    for (const part of holders.parts) yield* replayPart(part, folder, holders)
  }
}

async function* replayPart(
  published: Published,
  folder: string,
  { isHeld }: Holders
): AsyncGenerator<JobSink.StoredJob> {
  const { part, place: { fs, output } } = published
  const path = (table: Parameters<typeof partPath>[0]) => join(output, partPath(table, folder, part))
  const readers: Array<PartReader> = []
  const open = async (table: TableName) => {
    const reader = await openPart(fs, path(table))
    readers.push(reader)
    return reader
  }
  try {
    const [attachments, contents, jobs] = [await open("attachments"), await open("contents"), await open("jobs")]
    let media: PartReader | undefined
    let chunk = 0
    for await (const lines of jobsOf(fs, path("manifest"))) {
      for (const line of lines) {
        const [job] = await rowsOf<Stored<AnnotationModel.JobRow>>(jobs, 1)
        const files = await rowsOf<Stored<AnnotationModel.AttachmentRow>>(attachments, line.attachments)
        if (job?.job_id !== line.job) throw damaged(path("jobs"))
        // A part of version 1 has no such file.
        if (line.media > 0) media ??= await open("media")
        const inputs = media === undefined ? [] : await rowsOf<AnnotationModel.MediaRow>(media, line.media)
        const sources = sourcesOf(job, files, chunk)
        chunk += line.contents
        if (!isHeld(published, line.job)) {
          contents.skip(line.contents)
          continue
        }
        if (sources.reduce((sum, { chunks }) => sum + chunks, 0) !== line.contents) {
          contents.skip(line.contents)
          continue
        }
        const found: Array<Content.Content> = []
        for (const source of sources) found.push(await contentOf(fs, path("contents"), contents, source))
        yield { ...storedJob(line, job, files, found), sizes: TableRows.sizesOf(inputs) }
      }
    }
  } finally {
    for (const reader of readers) await reader.close().catch(() => {})
  }
}

/** The next rows. */
const rowsOf = async <R>(reader: PartReader, count: number): Promise<ReadonlyArray<R>> => {
  const found: Array<Row> = []
  for await (const rows of reader.take(count)) found.push(...rows)
  return found as ReadonlyArray<unknown> as ReadonlyArray<R>
}

/** A row as it is read back: integers of 64 bits come as such. */
type Stored<R> = Omit<R, "bytes"> & { readonly bytes: bigint }

/** The place of the bytes of a document or file in `contents`. */
interface Source {
  readonly size: number
  readonly sha256: string
  readonly mediaType: string | null
  /** Row of its first chunk. */
  readonly from: number
  readonly chunks: number
}

/** What `contents` holds of a job where everything is kept, the document first. */
const sourcesOf = (
  job: Stored<AnnotationModel.JobRow>,
  files: ReadonlyArray<Stored<AnnotationModel.AttachmentRow>>,
  first: number
): ReadonlyArray<Source> => {
  let from = first
  return [{ ...job, media_type: "" }, ...files].map(({ bytes, media_type, revision }) => {
    const size = Number(bytes)
    const chunks = Math.max(1, Math.ceil(size / chunkSize))
    const source = { size, sha256: revision, mediaType: media_type === "" ? null : media_type, from, chunks }
    from += chunks
    return source
  })
}

/** What fits into one chunk comes with the job; anything larger is read when it is asked for. */
const contentOf = async (fs: Fs, path: string, reader: PartReader, source: Source): Promise<Content.Content> => {
  const { mediaType, sha256, size } = source
  if (source.chunks === 1) {
    // A copy: what is kept of a row must not keep alive the page that it was read from.
    let bytes = new Uint8Array()
    for (const row of await rowsOf<ContentRow>(reader, 1)) bytes = Uint8Array.from(row.bytes)
    if (bytes.length !== size || hashOf(bytes) !== sha256) throw damaged(path)
    return {
      size,
      sha256,
      mediaType,
      bytes,
      path: undefined,
      stream: Stream.make(bytes),
      collect: Effect.succeed(bytes)
    }
  }
  reader.skip(source.chunks)
  const stream = Stream.suspend(() => Stream.fromAsyncIterable(chunksOf(fs, path, source), unreadable))
  return {
    size,
    sha256,
    mediaType,
    bytes: undefined,
    path: undefined,
    stream,
    collect: Effect.map(Stream.runCollect(stream), (chunks) => Buffer.concat(chunks))
  }
}

async function* chunksOf(fs: Fs, path: string, { from, chunks, sha256 }: Source): AsyncGenerator<Uint8Array> {
  const reader = await openPart(fs, path, from)
  try {
    const hash = createHash("sha256")
    for await (const rows of reader.take(chunks)) {
      for (const { bytes } of rows as ReadonlyArray<ContentRow>) {
        hash.update(bytes)
        yield bytes
      }
    }
    if (hash.digest("hex") !== sha256) throw damaged(path)
  } finally {
    await reader.close()
  }
}

const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex")

const unreadable = (cause: unknown) =>
  new Content.ContentError({ operation: "read", cause, code: Files.codeOf(cause) ?? "CHANGED" })

const storedJob = (
  { project: projectId, revision }: PartManifest.Job,
  job: Stored<AnnotationModel.JobRow>,
  files: ReadonlyArray<Stored<AnnotationModel.AttachmentRow>>,
  [document, ...nested]: ReadonlyArray<Content.Content>
): Omit<JobSink.StoredJob, "sizes"> => ({
  ...TableRows.storedJob(job),
  projectId,
  document: document!,
  attachments: files.map(({ attachment_index: index }, at) => ({ index, content: nested[at]! })),
  revision
})
