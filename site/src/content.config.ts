import { docsSchema } from "@astrojs/starlight/schema"
import { defineCollection } from "astro:content"
import { relative } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { pages } from "./pages.ts"

export const collections = {
  docs: defineCollection({
    loader: {
      name: "docs",
      load: async ({ config, generateDigest, parseData, renderMarkdown, store }) => {
        store.clear()
        for (const { body, description, file, id, title } of pages()) {
          const filePath = relative(fileURLToPath(config.root), file)
          const data = await parseData({ id, data: { title, description }, filePath: file })
          const rendered = await renderMarkdown(body, { fileURL: pathToFileURL(file) })
          store.set({ id, data, body, filePath, digest: generateDigest(body), rendered })
        }
      }
    },
    schema: docsSchema()
  })
}
