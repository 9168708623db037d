import type { Ledger } from "@labelstream/core"
import { rectangles, type TestJob, video } from "./stored.ts"

/** A failure with this message. */
export const failure = (message: string): Ledger.JobFailure => ({ reason: "NotFound", message, retryable: false })

/** A little of everything, with this text wherever a server's text may stand. */
export const everything = (text: string): ReadonlyArray<TestJob> => {
  const broken = rectangles([text])
  broken.data.annotations.rectangles[0]!.coordinates = []
  return [
    { id: `1${text}`, referenceId: text, document: rectangles([text, "Car"]) },
    { id: `2${text}`, referenceId: text, document: video([`a${text}`, `b${text}`], text) },
    { id: `3${text}`, document: { legend: { [text]: text, "#00ff00": text }, url: "https://files.test/m.png" } },
    { id: `4${text}`, batchId: `c${text}`, document: text },
    { id: `5${text}`, document: broken },
    { id: `6${text}`, failed: failure(text) },
    { id: `7${text}`, unfinished: text }
  ]
}
