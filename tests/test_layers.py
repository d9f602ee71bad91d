#!/usr/bin/env python3
"""Each layer knows only those below it: what a file may include follows from its folder.

Run from the root of the sources; prints every breach and ends with the number of files read.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)

# layer: where its quoted includes are looked up. "x/include" holds the public headers of x alone.
LAYERS = {
    "core": ["core", "core/include"],
    "geo": ["geo", "geo/include", "core/include"],
    "gdal_driver": ["gdal_driver", "geo/include", "core/include"],
    "cli": ["cli", "geo/include", "core/include"],
    "examples": ["examples", "geo/include", "core/include"],
}

# Libraries that core and its users must be buildable without.
GEOSPATIAL = re.compile(r"^(gdal|ogr|cpl_|vrt|proj|geos)[\w]*\.h$")


def sources(folder):
    return sorted(p for p in (ROOT / folder).rglob("*") if p.suffix in (".c", ".cpp", ".h"))


def public_only_breaches():
    """A public header may include public headers of its own layer or those below."""
    for layer in ("core", "geo"):
        allowed = ["core/include"] if layer == "core" else ["geo/include", "core/include"]
        for path in sources(f"{layer}/include"):
            yield from breaches(path, allowed)


def breaches(path, allowed):
    for kind, name in INCLUDE.findall(path.read_text(encoding="utf-8")):
        if kind == "<":
            continue
        places = [path.parent / name] + [ROOT / folder / name for folder in allowed]
        found = next((p.resolve() for p in places if p.is_file()), None)
        if found is None:
            yield f'{path.relative_to(ROOT)}: "{name}" is not in {", ".join(allowed)}'
        elif not any(found.is_relative_to(ROOT / folder) for folder in allowed):
            yield f'{path.relative_to(ROOT)}: "{name}" belongs to a layer that it may not know'


def geospatial_breaches():
    for path in sources("core"):
        for _, name in INCLUDE.findall(path.read_text(encoding="utf-8")):
            if GEOSPATIAL.match(pathlib.PurePosixPath(name).name):
                yield f"{path.relative_to(ROOT)}: <{name}> brings a geospatial library into core"


def main():
    found = list(public_only_breaches()) + list(geospatial_breaches())
    count = 0
    for layer, allowed in LAYERS.items():
        for path in sources(layer):
            count += 1
            found += breaches(path, allowed)
    for line in found:
        print(line)
    print(f"{count} files, {len(found)} breaches")
    return 1 if found or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
