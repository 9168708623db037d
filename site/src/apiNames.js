// A TypeDoc plugin: names each module as it is imported, `@labelstream/core/sink` and not `core/src/sink`.
import { Converter } from "typedoc"

/** @param {import("typedoc").Application} app */
export const load = (app) => {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.children ?? []) module.name = `@labelstream/${module.name.replace(/\/src\b/, "")}`
  })
}
