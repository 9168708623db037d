/** The tables of this sink: those of every database, and the lease under which each job was stored. */
import { Table } from "@labelstream/core/sink"
import { DatabaseTables } from "@labelstream/storage"

/** A receipt with its lease. */
export interface Receipt extends DatabaseTables.Receipt {
  readonly lease: number | null
}

const lease: Table.Column<"lease"> = {
  ...Table.nullable(Table.int64("of a cluster: an earlier one does not replace the job")),
  name: "lease"
}

const { receipts } = DatabaseTables.tables

type Tables = Omit<typeof DatabaseTables.tables, "receipts"> & {
  readonly receipts: Table.Table<Receipt, keyof DatabaseTables.Key>
}

/** All tables that hold rows of jobs. */
export const tables: Tables = {
  ...DatabaseTables.tables,
  receipts: { ...receipts, columns: [...receipts.columns, lease] }
}
