declare module "parquetjs-lite" {
  interface Cursor {
    readonly next: () => Promise<Record<string, unknown> | null>
  }
  interface Reader {
    readonly getCursor: () => Cursor
    readonly close: () => Promise<void>
  }
  interface Writer {
    readonly appendRow: (row: Record<string, unknown>) => Promise<void>
    readonly close: () => Promise<void>
  }
  const parquet: {
    readonly ParquetReader: { readonly openFile: (path: string) => Promise<Reader> }
    readonly ParquetWriter: { readonly openFile: (schema: unknown, path: string, options?: unknown) => Promise<Writer> }
    readonly ParquetSchema: new(fields: Record<string, unknown>) => unknown
  }
  export default parquet
}
