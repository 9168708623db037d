/** What a running simulator tells of its content without asking the network. */
import type * as Scenario from "../Scenario.ts"
import type { Contents } from "../Simulator.ts"
import * as Content from "./content.ts"
import type { Servers } from "./server.ts"
import type { World } from "./world.ts"

/** Answers from the world as it stands at each call. */
export const make = (world: World, { apiUrl, storageUrl }: Servers): Contents => {
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
      return Content.nested(request).map(({ part, url }) => {
        const content = Content.file(request, part)
        return { url, contentType: content.type, bytes: Buffer.concat([...content.chunks()]) }
      })
    }
  }
}
