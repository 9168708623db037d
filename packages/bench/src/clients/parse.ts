/** `JSON.parse` of result documents: read from where they are, decoded, parsed, dropped. */
import { readFileSync } from "node:fs"
import type { Run } from "../harness/client.ts"

interface Spec {
  readonly file: string
  readonly times: number
  /** Whether the bytes stay in memory between readings, as those of small documents do. */
  readonly held: boolean
}

export const run: Run<Spec> = async ({ file, held, times }, stopwatch) => {
  const bytes = held ? readFileSync(file) : undefined
  const decoder = new TextDecoder("utf-8", { fatal: true })
  await stopwatch.run(() => {
    for (let time = 0; time < times; time++) JSON.parse(decoder.decode(bytes ?? readFileSync(file)))
  })
  return { documents: times }
}
