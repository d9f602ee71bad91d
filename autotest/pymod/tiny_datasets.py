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


def gaclip(folder, count=6):
    """gaclip's own format: a description and its hard negatives for every box."""
    write_pictures(folder, count)
    images = []
    for i in range(count):
        column, row = corner(i)
        kind, others = KINDS[i % 3], [k for k in KINDS if k != KINDS[i % 3]]
        box = [column / SIDE, row / SIDE, (column + PATCH) / SIDE, (row + PATCH) / SIDE]
        region = {
            "box": box,
            "class": kind,
            "description": f"a small {kind} on dark ground",
            "hard_negatives": [f"a small {other} on dark ground" for other in others],
        }
        size = {"width": SIDE, "height": SIDE}
        images.append(
            {"path": f"images/{i}.png", **size, "annotated": True, "regions": [region]}
        )
    return write_json(
        pathlib.Path(folder) / "set.json",
        {
            "format": "gaclip-dataset",
            "version": 1,
            "classes": [{"name": kind} for kind in KINDS],
            "images": images,
        },
    )


VOC_OBJECT = (
    "<object><name>{name}</name><difficult>{difficult}</difficult><bndbox><xmin>{x}</xmin>"
    "<ymin>{y}</ymin><xmax>{x2}</xmax><ymax>{y2}</ymax></bndbox></object>"
)


def voc(folder, count=6, difficult=()):
    """DIOR's format: one XML file a picture."""
    folder = pathlib.Path(folder)
    write_pictures(folder, count)
    (folder / "images").rename(folder / "JPEGImages")
    (folder / "Annotations").mkdir()
    for i in range(count):
        x, y = corner(i)
        box = VOC_OBJECT.format(
            name=KINDS[i % 3], difficult=int(i in difficult),
            x=x + 1, y=y + 1, x2=x + PATCH, y2=y + PATCH,
        )
        (folder / "Annotations" / f"{i}.xml").write_text(
            f"<annotation><filename>{i}.png</filename><size><width>{SIDE}</width>"
            f"<height>{SIDE}</height><depth>3</depth></size>{box}</annotation>"
        )
    return folder


def folders(folder, count=6):
    """EuroSAT's and SIRI-WHU's format: a folder of pictures a class."""
    for i in range(count):
        of_class = pathlib.Path(folder) / KINDS[i % 3]
        of_class.mkdir(parents=True, exist_ok=True)
        write_picture(of_class / f"{i}.png", i)
    return pathlib.Path(folder)
