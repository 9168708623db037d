/**
 * The files of a new package. Its sources are those of `template`, a complete sink and a complete dataset format named
 * `shelf`, under the new name. Its manifest and compiler options depend on whether the package is alone or in the
 * Labelstream workspace.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { own, ranges } from "./internal/ranges.ts"

/** Where the package will be: in its own folder, or among the packages of the Labelstream workspace. */
export type Home = "alone" | "workspace"

/** What the package is: its own sink, or a dataset format, which the dataset package makes a sink. */
export type Kind = "sink" | "format"

const template = join(import.meta.dirname, "..", "template")

const sources = {
  sink: ["README.md", "src/index.ts", "test/conformance.test.ts", "test/subject.ts"],
  format: ["README.md", "src/index.ts", "test/conformance.test.ts", "test/read.ts"]
} as const satisfies Record<Kind, ReadonlyArray<string>>

const descriptions: Readonly<Record<Kind, string>> = {
  sink: "Stores the jobs that Labelstream exports, each as one JSON file",
  format: "A dataset of what Labelstream exports, with one JSON line per image"
}

/** The name of the package, by which `SinkPlugin.load(name, ...)` finds it. */
export const packageName = (name: string, home: Home): string =>
  home === "alone" ? `labelstream-sink-${name}` : `@labelstream/sink-${name}`

/** Text by path relative to the package's folder, with `/` between the parts. The name is taken to be a good one. */
export const files = (name: string, home: Home, kind: Kind): Readonly<Record<string, string>> => {
  const full = packageName(name, home)
  const named = (text: string) => text.replaceAll("labelstream-sink-shelf", full).replaceAll("shelf", name)
  return {
    ...(home === "alone" ? alone(full, kind) : inWorkspace(full, kind)),
    ...Object.fromEntries(
      sources[kind].map((path) => [path, named(readFileSync(join(template, kind, path), "utf8"))])
    )
  }
}

/** Lists of texts are on one line. */
const json = (value: object) =>
  `${JSON.stringify(value, null, 2)}\n`.replaceAll(
    /\[\s+("[^[\]]*")\s+\]/g,
    (_, items: string) => `[${items.replaceAll(/\s+/g, " ")}]`
  )

const described = (name: string, kind: Kind) => ({
  name,
  version: "0.1.0",
  description: descriptions[kind],
  keywords: ["labelstream-sink"]
})

const built = { types: "./dist/index.d.ts", default: "./dist/index.js" }
const engines = { node: ">=22.19" }

/** `exports` name built files: npm does not rewrite them, and Node.js runs no TypeScript below `node_modules`. */
const alone = (name: string, kind: Kind) => ({
  ".gitignore": "dist\nnode_modules\n",
  "package.json": json({
    ...described(name, kind),
    type: "module",
    exports: { ".": built, "./package.json": "./package.json" },
    files: ["src", "dist"],
    scripts: {
      build: "tsc",
      check: "tsc -p test",
      test: "vitest run",
      prepack: "npm run build"
    },
    ...kind === "format" ? { dependencies: { "@labelstream/dataset": own } } : {},
    peerDependencies: { "@labelstream/core": own, effect: ranges.effect },
    devDependencies: {
      "@effect/vitest": ranges["@effect/vitest"],
      "@labelstream/core": own,
      ...kind === "sink" ? { "@labelstream/sink-testkit": own } : {},
      "@types/node": ranges["@types/node"],
      effect: ranges.effect,
      typescript: ranges.typescript,
      vitest: ranges.vitest
    },
    engines
  }),
  "tsconfig.json": json({
    compilerOptions: {
      target: "ES2024",
      types: ["node"],
      module: "NodeNext",
      strict: true,
      noUncheckedIndexedAccess: true,
      erasableSyntaxOnly: true,
      verbatimModuleSyntax: true,
      allowImportingTsExtensions: true,
      rewriteRelativeImportExtensions: true,
      skipLibCheck: true,
      declaration: true,
      rootDir: "src",
      outDir: "dist"
    },
    include: ["src"]
  }),
  "test/tsconfig.json": json({
    extends: "../tsconfig.json",
    compilerOptions: { rootDir: "..", noEmit: true, declaration: false },
    include: ["."]
  })
})

/** Like its neighbors: `exports` name sources, which pnpm replaces by built files when it publishes. */
const inWorkspace = (name: string, kind: Kind) => ({
  "package.json": json({
    ...described(name, kind),
    license: "MIT",
    sideEffects: false,
    type: "module",
    exports: { ".": "./src/index.ts", "./package.json": "./package.json" },
    files: ["src", "dist", "!dist/**/*.tsbuildinfo"],
    dependencies: {
      "@labelstream/core": "workspace:^",
      ...kind === "format" ? { "@labelstream/dataset": "workspace:^" } : {}
    },
    devDependencies: {
      ...kind === "sink" ? { "@labelstream/sink-testkit": "workspace:^" } : {},
      effect: "catalog:"
    },
    peerDependencies: { effect: ranges.effect },
    engines,
    publishConfig: { access: "public", exports: { ".": built, "./package.json": "./package.json" } }
  }),
  "tsconfig.json": json({
    extends: "../../tsconfig.base.json",
    compilerOptions: { composite: true, rootDir: "src", outDir: "dist", tsBuildInfoFile: "dist/.tsbuildinfo" },
    include: ["src"],
    references: kind === "format" ? [{ path: "../core" }, { path: "../dataset" }] : [{ path: "../core" }]
  }),
  "test/tsconfig.json": json({ extends: "../../../tsconfig.test.json", include: ["."] })
})
