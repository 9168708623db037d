import * as Effect from "effect/Effect"
import { writeFileSync } from "node:fs"
import { SettingsError } from "../failure.ts"
import * as Screen from "../output/screen.ts"

interface Flags {
  readonly ts: boolean
  readonly force: boolean
}

/** Settings with what they do; those that are commented out show their default. */
const lines: ReadonlyArray<readonly [comment: string, key: string, value: string, isSet?: boolean]> = [
  [
    "The project and its batches. Instead of \"batches\", you can set \"allBatches\": true.",
    "project",
    "\"...\"",
    true
  ],
  ["", "batches", "[\"...\"]", true],
  ["", "allBatches", "true"],
  ["Where to store: one sink or several. Paths start from this file's folder.", "to", "[\"files:output\"]", true],
  [
    "With all options of a sink (labelstream sinks NAME shows them):",
    "to",
    "[{ \"sink\": \"parquet\", \"directory\": \"dataset\", \"compression\": \"gzip\" }]"
  ],
  [
    "The ledger, which makes a second run cheap and lets an interrupted one resume.",
    "ledger",
    "\".labelstream/ledger.sqlite\""
  ],
  ["Maximum jobs in flight, and maximum requests to the API per second.", "concurrency", "96"],
  ["", "requestsPerSecond", "20"],
  [
    "Files to fetch with a result: \"none\", \"results\" (masks and point labels), or \"all\" (input media too).",
    "attachments",
    "\"results\""
  ],
  [
    "Where to get sizes of images without a mask or stored input: \"fetch\", a folder, a table of name,width,height, or \"1920x1080\".",
    "sizes",
    "\"fetch\""
  ],
  ["Poll every N seconds until every job is finished.", "follow", "60"],
  ["Only jobs with this status in the listing, or with an annotation of this label.", "status", "[\"completed\"]"],
  ["", "label", "[\"car\"]"],
  ["URL of the API.", "baseUrl", "\"https://api.playment.io\""]
]

const body = lines.flatMap(([comment, key, value, isSet], index) => [
  ...(comment === "" || index === 0 ? [] : [""]),
  ...(comment === "" ? [] : [`  // ${comment}`]),
  `  ${isSet === true ? "" : "// "}"${key}": ${value},`
])

const head =
  "Settings of labelstream. Flags and environment variables override them. The API key does not belong here:\n" +
  "// it belongs in GT_STUDIO_API_KEY, or in the file that GT_STUDIO_API_KEY_FILE names."

const json = [`// ${head}`, "{", ...body, "}", ""].join("\n")

const typescript = [
  "import type { Config } from \"@labelstream/cli\"",
  "",
  `// ${head}`,
  "export default {",
  ...body.map((line) => line.replace(/^( *(?:\/\/ )?)"(\w+)":/, "$1$2:")),
  "} satisfies Config",
  ""
].join("\n")

export const run = (flags: Flags) => {
  const file = flags.ts ? "labelstream.config.ts" : "labelstream.json"
  return Effect.try({
    try: () => {
      writeFileSync(file, flags.ts ? typescript : json, { flag: flags.force ? "w" : "wx" })
      Screen.say("stdout", `Wrote ${file}. Fill in the project and its batches, then: labelstream check`)
      return 0
    },
    catch: (cause) => {
      const { code, message } = cause as NodeJS.ErrnoException
      return new SettingsError({
        message: code === "EEXIST"
          ? `${file} exists. To overwrite it, run: labelstream init --force`
          : `${file} cannot be written: ${message}`
      })
    }
  })
}
