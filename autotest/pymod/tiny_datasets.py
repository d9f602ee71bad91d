"""Data sets of a few small pictures, written in the formats that others publish."""

import json
import pathlib

import numpy
from osgeo import gdal

gdal.UseExceptions()

SIDE = 48
PATCH = 12  # the object in every picture
COLOURS = {"tank": (230, 230, 230), "pool": (40, 120, 220), "field": (60, 150, 50)}
KINDS = list(COLOURS)


def corner(i):
    """Of the object in picture i: column, row."""
    return 4 + 3 * (i % 5), 6 + 4 * (i % 6)


def write_picture(path, i, width=SIDE, height=SIDE):
    pixels = numpy.random.default_rng(i).integers(60, 100, (3, height, width)).astype(numpy.uint8)
    column, row = corner(i)
    for band, value in enumerate(COLOURS[KINDS[i % 3]]):
        pixels[band, row : row + PATCH, column : column + PATCH] = value
    memory = gdal.GetDriverByName("MEM").Create("", width, height, 3)
    memory.WriteArray(pixels)
    gdal.GetDriverByName("PNG").CreateCopy(str(path), memory)
    pathlib.Path(f"{path}.aux.xml").unlink(missing_ok=True)


def write_pictures(folder, count, **shape):
    images = pathlib.Path(folder) / "images"
    images.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        write_picture(images / f"{i}.png", i, **shape)


def write_json(path, content):
    path = pathlib.Path(path)
    path.write_text(json.dumps(content))
    return path


def karpathy(folder, count=9, split="test"):
    """Captions as RSICD, RSITMD and UCM-Captions come: two sentences a picture here."""
    write_pictures(folder, count)
    images = [
        {
            "filename": f"{i}.png",
            "imgid": i,
            "split": split if i % 9 != 8 else "train",
            "class": KINDS[i % 3],
            "sentences": [
                {"raw": f"A {KINDS[i % 3]} on dark ground .", "imgid": i},
                {"raw": f"There is a {KINDS[i % 3]} in column {corner(i)[0]} .", "imgid": i},
            ],
        }
        for i in range(count)
    ]
    return write_json(pathlib.Path(folder) / "dataset.json", {"dataset": "tiny", "images": images})


def coco(folder, count=9, names=KINDS, **shape):
    """One box a picture."""
    write_pictures(folder, count, **shape)
    size = {"width": shape.get("width", SIDE), "height": shape.get("height", SIDE)}
    content = {
        "images": [{"id": i, "file_name": f"{i}.png", **size} for i in range(count)],
        "categories": [{"id": k + 1, "name": name} for k, name in enumerate(names)],
        "annotations": [
            {
                "id": i,
                "image_id": i,
                "category_id": i % len(names) + 1,
                "bbox": [*corner(i), PATCH, PATCH],
                "area": PATCH * PATCH,
                "iscrowd": 0,
            }
            for i in range(count)
        ],
    }
    return write_json(pathlib.Path(folder) / "val.json", content)
