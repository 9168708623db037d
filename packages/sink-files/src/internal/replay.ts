/** Gives back what is committed, job by job in order of the manifests, for another sink to store. */
import { Content, type JobSink } from "@labelstream/core/sink"
import { Files, type Fs, Target } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createHash, hash } from "node:crypto"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Manifest from "../Manifest.ts"
import { foldersOf, heldLines, withScratch } from "./held.ts"
import { damaged } from "./manifestFile.ts"
import { batchFolders, type Place } from "./target.ts"

const chunkSize = 256 * 1024

/** Yields the jobs of all batches. */
export async function* replay(places: Target.WithBranches<Place>): AsyncGenerator<JobSink.StoredJob> {
  const { fs } = places[0]
  const scratch = () => fs.mkdtemp(join(tmpdir(), "labelstream-replay-"))
  for (const batch of await Target.namesOf(places, batchFolders)) {
    for await (const held of withScratch(fs, scratch, (makeFolder) => heldLines(places, batch, makeFolder))) {
      for (const { from, line: text } of held) {
        const line = Manifest.decodeLine(text)
        if (line === undefined) throw damaged(join(from.output, batch, Manifest.fileName), text)
        yield storedJob(fs, foldersOf(from, batch), line)
      }
    }
  }
}

const storedJob = (fs: Fs, folders: ReadonlyArray<string>, line: Manifest.Line): JobSink.StoredJob => {
  const [document, ...nested] = line.files as [Manifest.File, ...Array<Manifest.File>]
  return {
    projectId: line.project,
    batchId: line.batch,
    jobId: line.job,
    summary: {
      id: line.job,
      referenceId: line.reference_id,
      status: line.status,
      frames: line.frames,
      annotations: line.annotations,
      tag: line.tag,
      priorityWeight: line.priority_weight
    },
    result: {
      jobId: line.job,
      referenceId: line.reference_id,
      batchId: line.batch,
      status: line.status,
      workFlowId: line.work_flow_id,
      tag: line.tag,
      priorityWeight: line.priority_weight,
      result: document.url
    },
    document: contentOf(fs, folders, document),
    attachments: nested.map((file) => ({ index: indexOf(file), content: contentOf(fs, folders, file) })),
    sizes: new Map(
      Object.entries(line.sizes ?? {}).map(([index, [width, height]]) => [Number(index), { width, height }])
    ),
    revision: line.revision
  }
}

/** The name of a nested file begins with its position in the document. */
const indexOf = ({ path }: Manifest.File): number => Number.parseInt(path.slice(path.indexOf("/") + 1), 10)

/** A stored file as content. It names no path: another sink must not link to a file that is the user's. */
const contentOf = (fs: Fs, folders: ReadonlyArray<string>, file: Manifest.File): Content.Content => {
  const toError = (cause: unknown) =>
    new Content.ContentError({ operation: "read", cause, code: Files.codeOf(cause) ?? "CHANGED" })
  const paths = folders.map((folder) => join(folder, file.path))
  const find = async () => paths.length > 1 && await fs.find(paths[0]!) === undefined ? paths[1]! : paths[0]!
  const check = (path: string, sha256: string) => {
    if (sha256 !== file.sha256) throw new Error(`${path} has changed since it was stored`)
  }
  async function* chunks() {
    const path = await find()
    const reading = createHash("sha256")
    for await (const bytes of Files.chunksOf(fs, path, Math.min(file.size, chunkSize))) {
      reading.update(bytes)
      yield Buffer.from(bytes)
    }
    check(path, reading.digest("hex"))
  }
  const collect = async () => {
    const path = await find()
    const bytes = await Files.readAll(fs, path)
    check(path, hash("sha256", bytes))
    return bytes
  }
  return {
    size: file.size,
    sha256: file.sha256,
    mediaType: file.media_type,
    bytes: undefined,
    path: undefined,
    stream: Stream.suspend(() => Stream.fromAsyncIterable(chunks(), toError)),
    collect: Effect.tryPromise({ try: collect, catch: toError })
  }
}
