/**
 * A sink of one's own, run in an export: appends one line of CSV for each annotation to `annotations.csv`. It has no
 * upsert and no undo, so it declares neither: a run that is cut off may leave lines that the next run writes again.
 */
import { AnnotationModel, JobSink, SimpleSink } from "@labelstream/core"
import * as Effect from "effect/Effect"
import { mkdir, open } from "node:fs/promises"
import { join } from "node:path"
import { exportMain } from "./support/exportMain.ts"

const columns = AnnotationModel.tables.annotations.columns.map(({ name }) => name)

const csvLine = (cells: ReadonlyArray<string | number | null>): string =>
  cells.map((cell) => cell === null ? "" : `"${String(cell).replaceAll("\"", "\"\"")}"`).join(",") + "\r\n"

const csvSink = (directory: string): JobSink.JobSink => {
  const file = join(directory, "annotations.csv")

  const attempt = <A>(step: "open" | "stage", run: () => Promise<A>) =>
    Effect.tryPromise({
      try: run,
      catch: (cause) =>
        new JobSink.SinkError({ sink: "csv", step, reason: "unavailable", detail: `cannot write ${file}`, cause })
    })

  return SimpleSink.fromTableWriter({
    name: "csv",
    id: `csv:${file}`,
    open: Effect.gen(function*() {
      const handle = yield* Effect.acquireRelease(
        attempt("open", async () => {
          await mkdir(directory, { recursive: true })
          const handle = await open(file, "a")
          if ((await handle.stat()).size === 0) await handle.write(csvLine(columns))
          return handle
        }),
        (handle) => Effect.promise(() => handle.close())
      )
      return {
        annotations: (rows) =>
          attempt(
            "stage",
            () => handle.appendFile(rows.map((row) => csvLine(columns.map((name) => row[name]))).join(""))
          )
      }
    })
  })
}

await exportMain((output) => [csvSink(join(output, "csv"))])
