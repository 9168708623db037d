import { assert, describe, it } from "@effect/vitest"
import { SinkPlugin } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SinkOptions from "../../src/internal/settings/sinkOptions.ts"

const fields = SinkPlugin.optionsOf({
  options: Schema.Struct({
    directory: SinkPlugin.LocalPath,
    split: Schema.optionalKey(Schema.Union([Schema.Record(Schema.String, Schema.Finite), SinkPlugin.LocalPath])),
    classes: Schema.optionalKey(
      Schema.Union([Schema.Array(Schema.String), Schema.Record(Schema.String, Schema.NullOr(Schema.String))])
    ),
    media: Schema.optionalKey(Schema.Literals(["copy", "url"])),
    bits: Schema.optionalKey(Schema.Literals([8, 16])),
    lossless: Schema.optionalKey(Schema.Boolean),
    rate: Schema.optionalKey(Schema.Finite),
    token: Schema.optionalKey(Schema.RedactedFromValue(Schema.String))
  })
})

const valueOf = (text: string) =>
  Effect.flatMap(SinkOptions.parse(text), (option) => SinkOptions.valueOf(option, fields))

describe("--set SINK.OPTION=VALUE", () => {
  it.effect("ends the name at the first =, and begins OPTION at the last dot before it", () =>
    Effect.gen(function*() {
      for (
        const [text, sink, option, value] of [
          ["coco.salt=a.b=c", "coco", "salt", "a.b=c"],
          ["@mine/sink.js.url=x", "@mine/sink.js", "url", "x"],
          ["coco.salt=", "coco", "salt", ""]
        ] as const
      ) assert.deepStrictEqual(yield* SinkOptions.parse(text), { sink, option, value })
      for (const text of ["coco", "coco=1", ".a=1", "coco.=1", "coco.a"]) {
        assert.match((yield* Effect.flip(SinkOptions.parse(text))).message, /expected SINK\.OPTION=VALUE/)
      }
    }))

  it.effect("reads a value as the option's Schema has it", () =>
    Effect.gen(function*() {
      for (
        const [text, value] of [
          ["s.directory=a,b=c", "a,b=c"],
          ["s.split=train=0.8,val=0.2", { train: 0.8, val: 0.2 }],
          ["s.split=splits.csv", "splits.csv"],
          ["s.split={\"train\":1}", { train: 1 }],
          ["s.classes=car,van", ["car", "van"]],
          ["s.classes=Car=car,sky=null", { Car: "car", sky: null }],
          ["s.classes=[\"a,b\"]", ["a,b"]],
          ["s.media=url", "url"],
          ["s.bits=16", 16],
          ["s.lossless=true", true],
          ["s.lossless=yes", "yes"],
          ["s.rate=29.97", 29.97],
          ["s.rate=", ""]
        ] as const
      ) assert.deepStrictEqual(yield* valueOf(text), value, text)
    }))

  it.effect("refuses an unknown option, a secret, and invalid JSON", () =>
    Effect.gen(function*() {
      for (
        const [text, said] of [
          ["s.nope=1", /the s sink has no such option\. It has: directory, split/],
          ["s.token=hunter2", /can read a secret in a flag/],
          ["s.split={train", /must be JSON/],
          ["s.split=train=1,val", /"val" has no "="/]
        ] as const
      ) {
        const { message } = yield* Effect.flip(valueOf(text))
        assert.match(message, said)
        assert.notInclude(message, "hunter2")
      }
    }))

  it("knows which options are paths and which are secrets", () => {
    assert.deepStrictEqual(fields.filter(({ isPath }) => isPath).map(({ name }) => name), ["directory", "split"])
    assert.deepStrictEqual(fields.filter(({ isSecret }) => isSecret).map(({ name }) => name), ["token"])
  })
})
