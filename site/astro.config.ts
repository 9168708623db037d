import starlight from "@astrojs/starlight"
import { defineConfig } from "astro/config"
import llmsTxt from "starlight-llms-txt"
import { base, pages, sidebar, site } from "./src/pages.ts"

export default defineConfig({
  site,
  base,
  integrations: [
    starlight({
      title: "Labelstream",
      description: "Export annotations from GT Studio to files, databases, and training datasets",
      social: [{ icon: "github", label: "GitHub", href: "https://github.com/labelstream/labelstream" }],
      sidebar: [...sidebar(), { label: "API", items: [{ label: "TypeScript API", link: "/api/" }] }],
      plugins: [
        llmsTxt({
          optionalLinks: pages().map(({ description, id, title }) => ({
            label: title,
            url: `${site}${base}/${id === "index" ? "" : `${id}/`}`,
            description
          }))
        })
      ]
    })
  ]
})
