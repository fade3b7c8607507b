"""Run by Superset's own Python: imports a bundle as its page of dashboards does, and asks each chart for its rows. The answer lists the
dashboards, charts and datasets, and the rows or the error of each chart.

    python inside.py BUNDLE.zip ANSWER.json
"""

import io
import json
import sys
from pathlib import Path
from typing import Any

ACCOUNT = {"username": "admin", "password": "admin", "provider": "db", "refresh": False}
PAGE = 100  # the most that Superset lists at a time


def listed(client: Any, kind: str, headers: dict[str, str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        asked = f"(page:{len(found) // PAGE},page_size:{PAGE})"
        page = client.get(f"/api/v1/{kind}/?q={asked}", headers=headers).json["result"]
        found += page
        if len(page) < PAGE:
            return found


def imported(client: Any, bundle: Path, where: str, headers: dict[str, str]) -> tuple[int, str]:
    file = {"formData" if where == "dashboard" else "bundle": (io.BytesIO(bundle.read_bytes()), bundle.name)}
    done = client.post(f"/api/v1/{where}/import/", data=file, headers=headers, content_type="multipart/form-data")
    return done.status_code, done.get_data(as_text=True)


def answered(client: Any, chart: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    done = client.get(f"/api/v1/chart/{chart['id']}/data/", headers=headers)
    said = {"name": chart["slice_name"], "kind": chart["viz_type"], "status": done.status_code}
    if done.status_code != 200:
        return said | {"error": done.get_data(as_text=True)[:500]}
    (result,) = done.json["result"]
    measures = json.loads(chart["params"]).get("metrics") or []
    filled = sum(any(row[name] is not None for name in measures) for row in result["data"])
    return said | {
        "rows": result["rowcount"],
        "columns": result["colnames"],
        "measures": measures,
        "filled": filled,
        "error": result["error"],
    }


def main(bundle: Path, answer: Path) -> None:
    from superset.app import create_app

    client = create_app().test_client()
    token = client.post("/api/v1/security/login", json=ACCOUNT).json["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    said: dict[str, Any] = {"imported": [imported(client, bundle, where, headers) for where in ("dashboard", "assets")]}
    for kind in ("dashboard", "chart", "dataset"):
        said[kind] = listed(client, kind, headers)
    said["descriptions"] = {}
    for dataset in said["dataset"]:
        whole = client.get(f"/api/v1/dataset/{dataset['id']}", headers=headers).json["result"]
        name = f"{whole['schema']}.{whole['table_name']}"
        columns = {column["column_name"]: column["description"] for column in whole["columns"]}
        said["descriptions"][name] = {"": whole["description"], **columns}
    said["answers"] = [answered(client, chart, headers) for chart in said["chart"]]
    answer.write_text(json.dumps(said, default=str), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
