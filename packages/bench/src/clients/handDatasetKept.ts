/**
 * A YOLO NDJSON dataset by hand that keeps what `labelstream convert` promises, and does nothing else: every document compared
 * with its hash in the manifest, its rows stored in files that are synced before they get their names, with a line of a list
 * and a row of a ledger for each job, durable in groups; then the dataset, from the stored rows. Nothing but the classes is
 * held. It is of no use after a crash before somebody writes what reads its state.
 */
import { hash } from "node:crypto"
import {
  appendFileSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeSync
} from "node:fs"
import { join } from "node:path"
import type { Run } from "../harness/client.ts"
import { groupSize, makeLedger } from "../support/handLedger.ts"
import { lineOf } from "./handDataset.ts"
import { type Document, rowsOf } from "./handRows.ts"

interface Spec {
  readonly folder: string
  /** The folder of the batch. */
  readonly source: string
}

interface Line {
  readonly job: string
  readonly files: readonly [{ readonly path: string; readonly size: number; readonly sha256: string }]
}

type Rows = ReturnType<typeof rowsOf>

const sync = (path: string) => {
  const fd = openSync(path, "r")
  fsyncSync(fd)
  closeSync(fd)
}

export const run: Run<Spec> = async ({ folder, source }, stopwatch) => {
  const samples = await stopwatch.run(() => {
    const [records, list] = [join(folder, "records"), join(folder, "list.ndjson")]
    mkdirSync(records)
    const ledger = makeLedger(folder, "size INTEGER", "source TEXT", "stored TEXT")
    const lines = readFileSync(join(source, "manifest.ndjson"), "utf8").split("\n").slice(1, -1)
    const classes = new Map<string, number>()
    let at = 0
    for (let from = 0; from < lines.length; from += groupSize) {
      const group = lines.slice(from, from + groupSize).map((line) => {
        const { files: [{ path, sha256, size }], job } = JSON.parse(line) as Line
        const bytes = readFileSync(join(source, path))
        if (hash("sha256", bytes) !== sha256) throw new Error(`${path} has changed`)
        const text = `${path}\t${
          JSON.stringify(rowsOf(JSON.parse(bytes.toString("utf8")) as Document, "batch", job))
        }\n`
        return { job, size, sha256, text, stored: hash("sha256", text) }
      })
      const name = `${from}.ndjson`
      const fd = openSync(join(folder, name), "wx")
      writeSync(fd, group.map(({ text }) => text).join(""))
      fsyncSync(fd)
      closeSync(fd)
      renameSync(join(folder, name), join(records, name))
      sync(records)
      appendFileSync(
        list,
        group.map(({ job, size, stored }) => `${JSON.stringify({ job, size, stored, name })}\n`).join("")
      )
      sync(list)
      ledger.record(group.map(({ job, sha256, size, stored }) => [job, size, sha256, stored]))
    }
    ledger.close()
    const fd = openSync(join(folder, "dataset"), "wx")
    const stored = readdirSync(records).sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
    // The classes come first.
    for (const pass of ["classes", "samples"]) {
      for (const name of stored) {
        let text = ""
        for (const line of readFileSync(join(records, name), "utf8").split("\n").slice(0, -1)) {
          const [path = "", rows = ""] = line.split("\t")
          const made = lineOf(path, JSON.parse(rows) as Rows, classes)
          if (pass === "classes") continue
          text += `${made}\n`
          at++
        }
        writeSync(fd, text)
      }
      if (pass === "classes") {
        const names = Object.fromEntries(Array.from(classes, ([name, id]) => [id, name]))
        writeSync(fd, `${JSON.stringify({ type: "dataset", task: "detect", class_names: names })}\n`)
      }
    }
    fsyncSync(fd)
    closeSync(fd)
    renameSync(join(folder, "dataset"), join(folder, "dataset.ndjson"))
    sync(folder)
    return at
  })
  return { samples }
}
