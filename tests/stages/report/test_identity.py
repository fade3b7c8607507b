"""The identity declared in organisation.yml: re-encoded pictures, portraits, signature, colours; also the glossary."""

import base64
import io
from pathlib import Path

import pytest
from PIL import Image as Picture
from pydantic import ValidationError

from pipelines.catalogue.organisation import Exercices, Identite, Organisation
from pipelines.stages.report.identity import glossary, identity, pictures, portraits, presented
from pipelines.stages.report.images import HEAVIEST, SIDE, encoded
from pipelines.stages.report.images import picture as held
from pipelines.stages.report.prose import ProseError

SECRET = b"ZZSECRET"


def picture(path: Path, kind: str = "JPEG", size: tuple[int, int] = (40, 20), **said) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Picture.new("RGB", size, "#1b4f7d").save(path, kind, **said)
    return path


def organisation(**said) -> Organisation:
    return Organisation(nom="E", sigle="E", siren="123456782", exercices=Exercices(premier=2038, dernier=2040), **said)


def test_a_picture_is_encoded_again_upright_small_and_without_metadata(tmp_path: Path) -> None:
    exif = Picture.Exif()
    exif[274], exif[270] = 6, SECRET.decode()  # lies on its side; a description
    path = picture(tmp_path / "a.jpg", size=(2 * SIDE, 900), exif=exif)
    assert SECRET in path.read_bytes()
    kind, size, content = encoded(path.read_bytes(), path.name)
    assert (kind, size) == ("image/jpeg", (450, SIDE)) and SECRET not in content
    assert Picture.open(io.BytesIO(content)).size == size
    assert encoded(path.read_bytes(), path.name) == (kind, size, content)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.svg", b"<svg/>", "un dessin SVG, qui peut contenir un programme"),
        ("a.png", b" <svg onload='x'/>", "un dessin SVG"),
        ("a.png", b"GIF89a", "ni un PNG ni un JPEG"),
        ("a.png", b"\x89PNG\r\n\x1a\nrien", "ni un PNG ni un JPEG"),
        ("a.png", b"\x00" * (HEAVIEST + 1), "dépasse 20 Mo"),
        ("a.png", None, "n’existe pas"),
    ],
)
def test_anything_else_is_refused_with_its_name(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ProseError, match=f"contenu/images/{name} .*{said}"):
        held(tmp_path / name, "", f"contenu/images/{name}")


def test_portraits_and_signature_appear_where_they_are_declared_and_nowhere_else(tmp_path: Path) -> None:
    picture(tmp_path / "p.png", "PNG")
    elu = {
        "nom": "A. B.",
        "fonction": "présidente",
        "portrait": {"fichier": "p.png", "alternatif": "Portrait de A. B."},
    }
    said = organisation(identite={"elus": [elu], "signature": {"nom": "A. B.", "fonction": "présidente"}})
    shown = portraits(said.identite, tmp_path)
    (portrait,) = pictures(shown)
    assert list(shown) == ["A. B."]
    assert portrait["alternatif"] == "Portrait de A. B." and base64.b64decode(portrait["donnees"]).startswith(
        b"\x89PNG"
    )
    assert presented("signature", said, shown) == {
        "genre": "signature",
        "titre": "A. B.",
        "details": [{"titre": "", "texte": "Présidente"}],
        "initiales": "AB",
        "portrait": portrait,
    }
    assert [presented(genre, organisation(), {}) for genre in ("signature", "organigramme")] == [None] * 2
    assert list(pictures(identity(Identite(), tmp_path))) == []


def test_white_letters_are_read_on_the_colour() -> None:
    assert Identite(couleur="#767676").couleur == "#767676"  # 4.54
    with pytest.raises(ValidationError, match="trop clair"):
        Identite(couleur="#777777")  # 4.48


def test_the_glossary_holds_the_words_that_are_used_and_no_other() -> None:
    terms = {"Titre": "a", "Crédits ouverts": "b", "SIG": "c", "Éternel": "d", "ETPR": "e"}
    shown = [
        {"titre": "les crédits  ouverts", "id": "titre"},
        {"textes": ["Quatre titres", "le sig de la ville", "ETPR."]},
    ]
    assert [one["terme"] for one in glossary(terms, shown)] == ["Crédits ouverts", "ETPR", "Titre"]


def test_the_glossary_is_in_the_order_of_a_dictionary() -> None:
    terms = {"Zone": "un", "État": "deux", "ETPR": "trois", "emprunt": "quatre"}
    assert glossary(terms, "un emprunt, un état, un ETPR, une zone") == [
        {"terme": "emprunt", "sens": "quatre"},
        {"terme": "État", "sens": "deux"},
        {"terme": "ETPR", "sens": "trois"},
        {"terme": "Zone", "sens": "un"},
    ]
