/** Reads Hugging Face datasets: folders by their `metadata.jsonl`, Parquet files by DuckDB. */
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parse } from "yaml"
import type { FormatKit } from "../../src/testing/index.ts"
import { stemOf } from "./files/readSamples.ts"
import { type Files, textOf } from "./readYolo.ts"

export interface Row {
  readonly file_name: string
  readonly mask_file_name?: string
  readonly width: number
  readonly height: number
  readonly objects: {
    readonly bbox: ReadonlyArray<ReadonlyArray<number>>
    readonly categories: ReadonlyArray<number>
    readonly attributes: ReadonlyArray<string>
  }
  readonly segments?: { readonly categories: ReadonlyArray<number> }
}

/** The splits that the head of `README.md` names, and where their files are. */
export const readConfigs = (files: Files): ReadonlyArray<{ readonly split: string; readonly path: string }> => {
  const [, head = ""] = textOf(files, "README.md").split("---\n")
  const { configs } = parse(head) as {
    configs: readonly [{ data_files: ReadonlyArray<{ readonly split: string; readonly path: string }> }]
  }
  return configs[0].data_files
}

export const readLines = (files: Files, split: string): ReadonlyArray<Row> =>
  textOf(files, `${split}/metadata.jsonl`).split("\n").slice(0, -1).map((line) => JSON.parse(line) as Row)

const classesOf = (files: Files) => JSON.parse(textOf(files, "classes.json")) as ReadonlyArray<string>

export const readImageFolder = (files: Files): FormatKit.ReadBack => {
  const classes = classesOf(files)
  const rows = readConfigs(files).flatMap(({ split }) => readLines(files, split))
  return {
    classes,
    samples: new Map(rows.map(({ file_name, objects, segments }) => [
      stemOf(file_name),
      [...objects.categories, ...segments?.categories ?? []].map((index) => classes[index]!)
    ]))
  }
}

let connection: Promise<DuckDBConnection> | undefined

/** Runs queries with DuckDB, in which FILES means the Parquet files. */
export const query = async (
  files: Files,
  ...queries: ReadonlyArray<string>
): Promise<ReadonlyArray<ReadonlyArray<Readonly<Record<string, unknown>>>>> => {
  connection ??= DuckDBInstance.create(":memory:", { threads: "1" }).then((instance) => instance.connect())
  const folder = mkdtempSync(join(tmpdir(), "labelstream-parquet-"))
  try {
    const paths = [...files].filter(([path]) => path.endsWith(".parquet")).map(([path, bytes]) => {
      const at = join(folder, path.replaceAll("/", "-"))
      writeFileSync(at, bytes)
      return `'${at}'`
    })
    const found: Array<ReadonlyArray<Readonly<Record<string, unknown>>>> = []
    for (const sql of queries) {
      const reader = await (await connection).runAndReadAll(sql.replaceAll("FILES", `[${paths.join(", ")}]`))
      found.push(reader.getRowObjectsJson())
    }
    return found
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export const readParquet = async (files: Files): Promise<FormatKit.ReadBack> => {
  const [metadata, rows] = await query(
    files,
    "select decode(value) as text from parquet_kv_metadata(FILES) where decode(key) = 'huggingface'",
    "select * exclude (image), image.path as path from read_parquet(FILES)"
  )
  const { info } = JSON.parse(String(metadata![0]!["text"])) as {
    info: { features: { objects: { categories: { feature: { names: ReadonlyArray<string> } } } } }
  }
  const classes = info.features.objects.categories.feature.names
  const labels = (of: unknown) =>
    (of as { categories: ReadonlyArray<string> } | undefined)?.categories.map((index) => classes[Number(index)]!) ?? []
  return {
    classes,
    samples: new Map(rows!.map((row) => [
      stemOf((row["path"] ?? row["reference_id"]) as string),
      [...labels(row["objects"]), ...labels(row["segments"])]
    ]))
  }
}
