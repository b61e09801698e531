"""Reports to the Dagster asset that runs it; fails if that asset's extras say so."""

from dagster_pipes import open_dagster_pipes

with open_dagster_pipes() as pipes:
    if pipes.get_extra("fail"):
        raise ValueError("the input table is empty")
    pipes.report_asset_materialization(metadata={"rows": 3})
