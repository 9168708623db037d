/**
 * What the opponents written by hand have in common: undici and nothing else. No retry, no pacing, no check of what comes.
 */
import { Pool } from "undici"
import type { Address } from "../harness/server.ts"

/** Requests in flight, as many as the library has by default. */
const inFlight = 64

type Answer = Awaited<ReturnType<Pool["request"]>>

/** Jobs of the batch as the pages come, and a job's document, over connections that are kept. */
export const connect = ({ apiKey, apiUrl, batchId, projectId }: Address) => {
  const headers = { "x-api-key": apiKey }
  const api = new Pool(apiUrl, { connections: inFlight })
  let storage: Pool | undefined
  const json = async <A>(path: string): Promise<A> => {
    const { body } = await api.request({ path, method: "GET", headers })
    return (await body.json() as { readonly data: A }).data
  }
  return {
    ids: async function*(): AsyncGenerator<string> {
      for (let token: string | undefined = ""; token !== undefined;) {
        const path = `/v1/projects/${projectId}/batch/${batchId}${token === "" ? "" : `?page_token=${token}`}`
        const page: { readonly jobs: ReadonlyArray<{ readonly id: string }>; readonly next_page_token?: string } =
          await json(path)
        for (const { id } of page.jobs) yield id
        token = page.next_page_token
      }
    },
    document: async (id: string): Promise<Answer["body"]> => {
      const { result } = await json<{ readonly result: string }>(`/v1/projects/${projectId}/jobs/${id}`)
      const path = `/v1/attachments?url=${encodeURIComponent(result)}`
      const redirect = await api.request({ path, method: "GET", headers })
      await redirect.body.dump()
      const url = new URL(String(redirect.headers["location"]))
      storage ??= new Pool(url.origin, { connections: inFlight })
      return (await storage.request({ path: url.pathname + url.search, method: "GET" })).body
    },
    close: async () => {
      await api.close()
      await storage?.close()
    }
  }
}

/** Does something with every item, as many at a time as there may be requests. Returns how many there were. */
export const forEach = async <A>(items: AsyncGenerator<A>, each: (item: A) => Promise<unknown>): Promise<number> => {
  let count = 0
  const worker = async () => {
    for await (const item of items) {
      count++
      await each(item)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
  return count
}
