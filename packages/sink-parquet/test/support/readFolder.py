"""Reads a table's folder as people do, and prints its columns and the ids of its rows as JSON: readFolder.py READER FOLDER..."""
import json
import sys


def pandas(folder):
    import pandas
    import pyarrow  # the engine that pandas is tried with

    frame = pandas.read_parquet(folder, engine="pyarrow")
    return list(frame.columns), frame[["batch_id", "job_id"]].values.tolist()


def arrow(folder, **options):
    import pyarrow.dataset

    table = pyarrow.dataset.dataset(folder, **options).to_table()
    return table.column_names, list(zip(table["batch_id"].to_pylist(), table["job_id"].to_pylist()))


def polars(folder):
    import polars

    frame = polars.read_parquet(folder)
    return frame.columns, frame.select("batch_id", "job_id").rows()


readers = {
    "pandas": pandas,
    "pyarrow": arrow,
    "pyarrow with hive partitioning": lambda folder: arrow(folder, partitioning="hive"),
    "polars": polars,
}

if __name__ == "__main__":
    found = map(readers[sys.argv[1]], sys.argv[2:])
    print(json.dumps([{"columns": columns, "ids": list(map(list, ids))} for columns, ids in found]))
