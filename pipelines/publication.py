"""What those who write a publication and those who read it must agree on: its profiles, where each lies, its pages."""

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

INTERNE, PUBLIC = "interne", "public"
FOLDERS = {INTERNE: ".", PUBLIC: "public"}  # profile → where its tables lie in a publication
PROFILES = tuple(FOLDERS)

# Writes in the folder of a publication what is made of the tables of one profile, beside what this process does.
Pages = Callable[[Path, str], Future]
