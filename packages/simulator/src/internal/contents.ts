/** The content of a running simulator, without asking the network. */
import type * as Scenario from "../Scenario.ts"
import * as Content from "./content.ts"
import * as Files from "./files.ts"
import type { Origins } from "./server.ts"
import type { World } from "./world.ts"

/** A batch at the time of the call. */
export interface Batch {
  readonly id: string
  readonly name: string
  /** Jobs, added ones included. */
  readonly total: number
}

/**
 * The content of a running simulator, without asking the network. Members that take a batch or job throw a RangeError
 * if there is none. `job` is an id or a position from 0. Everything reflects reworks, finishes, and additions since.
 */
export interface Contents {
  /** Origin of the API, `http://127.0.0.1:PORT`: base URL for a client. */
  readonly apiUrl: string
  /** Origin of the storage. */
  readonly storageUrl: string
  readonly apiKey: string
  readonly projectId: string
  readonly batches: ReadonlyArray<Batch>
  /** All jobs of a batch in listing order, made as they are read. */
  readonly jobs: (batchId: string) => Iterable<Scenario.Job>
  readonly job: (batchId: string, job: Scenario.JobRef) => Scenario.Job
  /** The unsigned URL that a job's answer names. */
  readonly resultUrl: (batchId: string, job: Scenario.JobRef) => string
  /** Exactly the bytes of a job's result document. */
  readonly expectedDocument: (batchId: string, job: Scenario.JobRef) => Uint8Array
  /** The same in chunks of about 64 KB, for large documents. */
  readonly expectedDocumentChunks: (batchId: string, job: Scenario.JobRef) => Iterable<Uint8Array>
  /** Masks, point clouds and label files that the document names, in its order; input media left out. */
  readonly expectedAttachments: (batchId: string, job: Scenario.JobRef) => ReadonlyArray<Scenario.Attachment>
  /** Input media that the document names, in its order, and what each shows. */
  readonly expectedInputs: (batchId: string, job: Scenario.JobRef) => ReadonlyArray<Scenario.Input>
}

/** Reads the world as it is at each call. */
export const make = (world: World, { apiUrl, storageUrl }: Origins): Contents => {
  const place = (batchId: string, job: Scenario.JobRef) => {
    const batch = world.requireBatch(batchId)
    return [batch, world.requireIndex(batch, job)] as const
  }
  const chunks: Contents["expectedDocumentChunks"] = (batchId, job) =>
    Content.document(world.request(...place(batchId, job))).chunks()
  return {
    apiUrl,
    storageUrl,
    apiKey: world.options.apiKey,
    projectId: world.projectId,
    get batches() {
      return world.batches.map(({ id, name, total }) => ({ id, name, total }))
    },
    *jobs(batchId) {
      const batch = world.requireBatch(batchId)
      for (let index = 0; index < batch.total; index++) yield world.job(batch, index)
    },
    job: (batchId, job) => world.job(...place(batchId, job)),
    resultUrl: (batchId, job) => world.resultUrl(...place(batchId, job)),
    expectedDocument: (batchId, job) => Buffer.concat([...chunks(batchId, job)]),
    expectedDocumentChunks: chunks,
    expectedAttachments: (batchId, job) => {
      const request = world.request(...place(batchId, job))
      return Files.nested(request).map(({ part, url }) => {
        const content = Files.nestedFile(request, part)
        return {
          url,
          contentType: content.type,
          bytes: Buffer.concat([...content.chunks()]),
          ...Files.truth(request, part)
        }
      })
    },
    expectedInputs: (batchId, job) => Files.inputs(world.request(...place(batchId, job)))
  }
}
