/** The tiny sink as a subject, whole and with each of its flaws, for this process and for one of its own. */
import { join } from "node:path"
import type { Subject } from "../../src/index.ts"
import { publishing } from "./publishingSink.ts"
import { manifest, readBack } from "./tinyFiles.ts"
import { tinySink } from "./tinyFileSink.ts"

/** The flaws of the tiny sink: rules that it can be made to break. */
export const flaws = [
  "L03",
  "L04",
  "L05",
  "W05",
  "W06",
  "W07",
  "C01",
  "C02",
  "C03",
  "C04",
  "C05",
  "C07",
  "F01",
  "F03",
  "P02",
  "P03",
  "M01",
  "M02",
  "M03",
  "M04",
  "M05",
  "M06",
  "M07",
  "M08",
  "M09",
  "O02",
  "V01"
] as const

/** By the name of an export: `make`, or `makeC01` with a flaw. */
const flawed = (flaw: string) => (target: string) => tinySink(target, flaw)

export const make = flawed("")
export const [
  makeL03,
  makeL04,
  makeL05,
  makeW05,
  makeW06,
  makeW07,
  makeC01,
  makeC02,
  makeC03,
  makeC04,
  makeC05,
  makeC07,
  makeF01,
  makeF03,
  makeP02,
  makeP03,
  makeM01,
  makeM02,
  makeM03,
  makeM04,
  makeM05,
  makeM06,
  makeM07,
  makeM08,
  makeM09,
  makeO02,
  makeV01
] = flaws.map(flawed)

export const {
  makeEarly,
  makeFile,
  makeFolder,
  makeIdle,
  makeInPlace,
  makeIndexStays,
  makeRewrites,
  makeStopped,
  makeTrusting
} = publishing

/** `programs` is where the test run has bundled this module with the kit's. */
export const tinySubject = (flaw: string, programs: string): Subject => ({
  make: flawed(flaw),
  location: "files",
  readBack: (target) => readBack(target, flaw === "W06"),
  manifest,
  module: { url: join(programs, "subject.js"), export: `make${flaw}`, programs },
  waive: { R01: "one damaged commit makes the whole target corrupt: inspect names no job" }
})
