"""Marks the first cell of each row of a tagged PDF as a header, which Typst does not yet do by itself."""

import io

import pikepdf


def scope_row_headers(compiled: bytes) -> bytes:
    """The same PDF, where the first cell of every body row is a header of scope Row."""
    with pikepdf.open(io.BytesIO(compiled)) as pdf:
        for row in (one for one in pdf.objects if isinstance(one, pikepdf.Dictionary) and one.get("/S") == "/TR"):
            cells = [kid for kid in _kids(row) if kid.get("/S") in ("/TD", "/TH")]
            if cells and cells[0].S == "/TD":
                cells[0].S = pikepdf.Name.TH
                cells[0].A = pikepdf.Dictionary(O=pikepdf.Name.Table, Scope=pikepdf.Name.Row)
        out = io.BytesIO()
        pdf.save(out, deterministic_id=True, linearize=False, preserve_pdfa=True)
        return out.getvalue()


def _kids(node) -> list:
    kids = node.get("/K", [])
    kids = list(kids) if isinstance(kids, pikepdf.Array) else [kids]
    return [kid for kid in kids if isinstance(kid, pikepdf.Dictionary)]
