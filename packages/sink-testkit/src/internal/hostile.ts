/** Texts and ids that have broken storage before. */

/** Texts that a sink has to return as they are. */
export const texts: ReadonlyArray<string> = [
  "",
  " ",
  "\u{1f600}\u{1f468}\u200d\u{1f469}\u200d\u{1f467}",
  "nul \u0000 inside",
  "\u2028 and \u2029",
  "e\u0301 is not \u00e9",
  "quotes ' \" ` and \\ and \\u0041",
  "Robert'); DROP TABLE annotations;--",
  "line\nfeed\r\nand tab\t",
  "a,b;c|d",
  "\ufeffmark",
  "\u202eright to left",
  "null",
  "NaN",
  "1e5",
  "=1+1",
  "{\"json\":true}",
  "%s %d $1 ${x} {{y}}"
]

/** Names of columns, keywords and such, for labels and attributes. */
export const names: ReadonlyArray<string> = [
  "select",
  "Order",
  "order",
  "ORDER",
  "a.b",
  "a.b.c",
  "a b",
  "rowid",
  "batch_id",
  "__proto__",
  "constructor",
  "[0]",
  "$ref",
  "`tick`",
  "-",
  "1",
  "x".repeat(255),
  `${"y".repeat(299)}1`,
  `${"y".repeat(299)}2`,
  "\u00e9",
  "e\u0301"
]

/** Ids that mean something to a file system. */
export const pathIds: ReadonlyArray<string> = [
  "../outside",
  "..",
  ".",
  "../../outside",
  "/tmp/labelstream-absolute",
  "..\\outside",
  "C:\\outside",
  "C:outside",
  "\\\\host\\share",
  "CON",
  "con",
  "NUL.txt",
  "COM1",
  "trailing.",
  "trailing ",
  "trailing",
  "a/b",
  "a\\b",
  "a:b",
  "a*?<>|\"b",
  ".hidden",
  "-rf",
  "~",
  "%2e%2e%2foutside",
  "manifest.json",
  "manifest.ndjson",
  "line\nfeed"
]

/** Ids that differ in ways that storage likes to overlook. */
export const similarIds: ReadonlyArray<string> = [
  "job",
  "JOB",
  "Job",
  "job ",
  " job",
  "job.",
  "job.json",
  "job~",
  "job/1",
  "job_1",
  "job-1",
  "job%2F1",
  "job\\1",
  "\u00e9",
  "e\u0301",
  "\uff4aob",
  "1",
  "01",
  "1.0",
  `${"z".repeat(299)}1`,
  `${"z".repeat(299)}2`,
  "\u{1f600}",
  "\u{1f601}"
]

/** Ids that not every format can hold: a sink may reject them, and must not mistake them. */
export const impossibleIds: ReadonlyArray<string> = [
  "nul\u0000a",
  "nul\u0000b",
  "nul",
  "half \ud83d",
  "half \ud83e",
  "half \ufffd"
]

/** An object in an object, this many times. */
export const nested = (depth: number): unknown => {
  let value: unknown = "deep"
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? { in: value } : [value]
  return value
}
