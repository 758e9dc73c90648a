"""Small libraries in C that are preloaded into the product's processes, compiled when they are needed."""

import shutil
import subprocess
from pathlib import Path

SOURCES = Path(__file__).parent


class NoCompiler(Exception):
    """There is no gcc here: what needs a library of our own cannot be tried."""


def built(name: str, folder: Path) -> Path:
    """The library of this name, compiled into the folder. Raises NoCompiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise NoCompiler("there is no C compiler (gcc): the library to preload cannot be built")
    library = folder / f"{name}.so"
    options = ["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    command = [compiler, *options, "-o", str(library), str(SOURCES / f"{name}.c"), "-ldl", "-lpthread"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoCompiler(f"the library to preload cannot be built here: {done.stderr.strip()[:300]}")
    return library
