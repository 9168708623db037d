/** Reads and writes tables as RFC 4180 has them, with a header. */

/** One line with its end. Null is an empty field. */
export const csvLine = (values: ReadonlyArray<string | number | null>): string =>
  `${values.map((value) => value === null ? "" : quoted(String(value))).join(",")}\n`

const quoted = (text: string): string => /[",\r\n]/.test(text) ? `"${text.replaceAll("\"", "\"\"")}"` : text

const field = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r?\n|$)/y

/** The rows of a table with these columns, and others, as objects; undefined if it is no such table. */
export const csvRows = <Column extends string>(
  text: string,
  columns: ReadonlyArray<Column>
): ReadonlyArray<Readonly<Record<Column, string>>> | undefined => {
  const rows: Array<Array<string>> = []
  let row: Array<string> = []
  field.lastIndex = text.charCodeAt(0) === 0xfeff ? 1 : 0
  while (field.lastIndex < text.length || row.length > 0) {
    const [, value, end] = field.exec(text) ?? []
    if (value === undefined) return undefined
    row.push(value.startsWith("\"") ? value.slice(1, -1).replaceAll("\"\"", "\"") : value)
    if (end === ",") continue
    if (row.length > 1 || row[0] !== "") rows.push(row)
    row = []
  }
  const [header, ...rest] = rows
  const places = columns.map((column) => header?.indexOf(column) ?? -1)
  if (places.includes(-1) || rest.some(({ length }) => length !== header?.length)) return undefined
  return rest.map((values) =>
    Object.fromEntries(columns.map((column, index) => [column, values[places[index]!]!])) as Record<Column, string>
  )
}
