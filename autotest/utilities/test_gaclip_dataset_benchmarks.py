"""NWPU VHR-10, RRSIS-D and CHOICE in the form in which their authors share them."""

import json
import os
import pickle

import pytest

import cli
import tiny_datasets

BUILD = "gaclip-dataset build"


def read(*arguments):
    result = cli.run(BUILD, *arguments, "-o", "out.json", "--overwrite", "--keep-duplicates")
    assert result.returncode == 0, result.stderr
    return json.load(open("out.json"))


@pytest.fixture
def nwpu(tmp_path):
    """Two positive images and a negative one, 48 pixels a side; blanks as in the original."""
    root = tmp_path / "NWPU VHR-10 dataset"
    for name in ("positive image set", "negative image set", "ground truth"):
        (root / name).mkdir(parents=True)
    for i, folder in (1, "positive"), (2, "positive"), (3, "negative"):
        tiny_datasets.write_picture(root / f"{folder} image set" / f"{i:03}.png", i)
    (root / "ground truth" / "001.txt").write_text("(6,12),(24,36),1 \r\n( 0, 0),(48,12),10\r\n\r\n")
    (root / "ground truth" / "002.txt").write_text("(12,12),(36,24),3\n")
    return root


def test_nwpu(nwpu):
    made = read(nwpu)
    names = [c["name"] for c in made["classes"]]
    assert names == ["airplane", "ship", "storage tank", "baseball diamond", "tennis court",
                     "basketball court", "ground track field", "harbor", "bridge", "vehicle"]
    assert [os.path.basename(i["path"]) for i in made["images"]] == ["001.png", "002.png", "003.png"]
    assert all(i["annotated"] for i in made["images"])
    assert made["images"][0]["regions"] == [
        {"box": [0.125, 0.25, 0.5, 0.75], "class": "airplane"},
        {"box": [0, 0, 1, 0.25], "class": "vehicle"},
    ]
    assert made["images"][1]["regions"] == [
        {"box": [0.25, 0.25, 0.75, 0.5], "class": "storage tank"}]
    assert made["images"][2].get("regions", []) == []
    assert read(nwpu, "--input-format", "nwpu")["images"] == made["images"]


@pytest.mark.parametrize("text, message", [
    ("(1,2),(3,4)", "line 1: is not (x1,y1),(x2,y2),class"),
    ("(1,2),(3,4),1\n1,2,3,4,5", "line 2: is not (x1,y1),(x2,y2),class"),
    ("(1,2),(3,4),11", "line 1: 11 is no class"),
    ("(1,2),(3,4),0", "line 1: 0 is no class"),
    ("(9,2),(3,4),1", "line 1: ends before it begins"),
    ("(1,2),(3,4),1 ship", "line 1: is not"),
])
def test_nwpu_malformed(nwpu, text, message):
    (nwpu / "ground truth" / "002.txt").write_text(text)
    cli.assert_fails(BUILD, nwpu, "-o", "x.json", names=["002.txt", message])


def test_nwpu_incomplete(nwpu):
    (nwpu / "ground truth" / "002.txt").unlink()
    cli.assert_fails(BUILD, nwpu, "-o", "x.json", names=["002.txt"])
    (nwpu / "positive image set").rename(nwpu / "images")
    cli.assert_fails(BUILD, nwpu, "-o", "x.json", names=["positive image set"])


INSTANCES = {
    "images": [{"file_name": f"0000{i}.png", "height": 48, "width": 48, "id": i} for i in (1, 2)],
    "annotations": [
        {"bbox": [12, 24, 36, 48], "categories_id": 4, "id": 1, "image_id": 1, "area": 9,
         "segmentation": [{"size": [48, 48], "counts": "04"}]},
        {"bbox": [0, 0, 24, 12], "categories_id": 15, "id": 2, "image_id": 2, "area": 9,
         "segmentation": [{"size": [48, 48], "counts": "04"}]},
    ],
    "categories": [{"name": "baseballfield", "id": 4}, {"name": "storagetank", "id": 15}],
}


def reference(number, split, sentence):
    return {
        "image_id": number, "split": split, "file_name": f"0000{number}.png", "category_id": 4,
        "ann_id": number, "sent_ids": [number], "ref_id": number,
        "sentences": [{"tokens": sentence.split(), "raw": sentence, "sent_id": number,
                       "sent": sentence}],
    }


REFERENCES = [reference(1, "train", "The baseball field on the top"),
              reference(2, "test", "A gray storage tank on the left")]


def write_rrsisd(root, instances=INSTANCES, references=REFERENCES, protocol=4):
    (root / "rrsisd").mkdir(parents=True, exist_ok=True)
    (root / "images" / "rrsisd" / "JPEGImages").mkdir(parents=True, exist_ok=True)
    for i in (1, 2):
        tiny_datasets.write_picture(root / "images/rrsisd/JPEGImages" / f"0000{i}.png", i)
    tiny_datasets.write_json(root / "rrsisd" / "instances.json", instances)
    with open(root / "rrsisd" / "refs(unc).p", "wb") as file:
        pickle.dump(references, file, protocol=protocol)
    return root


@pytest.mark.parametrize("protocol", [1, 2, 3, 4, 5])
def test_rrsisd(tmp_path, protocol):
    made = read(write_rrsisd(tmp_path / "RRSIS-D", protocol=protocol))
    assert [c["name"] for c in made["classes"]] == ["baseball field", "storage tank"]
    first, second = made["images"]
    assert (first["split"], second["split"]) == ("train", "test")
    assert first["source"] == "RRSIS-D" and not first.get("annotated", False)
    assert first["regions"] == [{
        "box": [0.25, 0.5, 0.75, 1], "class": "baseball field",
        "description": "The baseball field on the top"}]
    assert second["regions"][0]["box"] == [0, 0, 0.5, 0.25]
    assert second["regions"][0]["class"] == "storage tank"


def test_rrsisd_joined(tmp_path):
    """References to one picture become one image, with all that is said of it."""
    references = [reference(1, "val", "The baseball field"), reference(1, "val", "The sandy field")]
    folder = write_rrsisd(tmp_path / "RRSIS-D", references=references)
    assert len(read(folder)["images"]) == 2
    result = cli.run(BUILD, folder, "-o", "joined.json")
    assert result.returncode == 0 and "left out: has" not in result.stdout, result.stderr
    (image,) = json.load(open("joined.json"))["images"]
    assert {r["description"] for r in image["regions"]} == {"The baseball field", "The sandy field"}
    assert cli.run("gaclip-dataset check", "joined.json", "-q").returncode == 0


def test_rrsisd_many(tmp_path):
    """More than Python's pickler writes at once, and texts that it writes but once."""
    same = [reference(1 + i % 2, "val", "The baseball field") for i in range(2500)]
    made = read(write_rrsisd(tmp_path / "RRSIS-D", references=same))
    assert len(made["images"]) == 2500
    assert {i["regions"][0]["description"] for i in made["images"]} == {"The baseball field"}


class Harm:
    def __reduce__(self):
        return os.mkdir, ("harmed",)


@pytest.mark.parametrize("references, protocol, message", [
    ([Harm()], 4, "more than plain data"),
    (REFERENCES, 0, "more than plain data"),
    ({"a": 1}, 4, "is no array"),
    ([{"ann_id": 7, "split": "val", "sentences": []}], 4, "its ann_id 7 is not in instances.json"),
    ([{"ann_id": 1, "sentences": []}], 4, '$[0]: has no "split"'),
    ([{"ann_id": 1, "split": "val", "sentences": [{"raw": "x"}]}], 4, '$[0].sentences[0]: has no "sent"'),
])
def test_rrsisd_malformed_references(tmp_path, references, protocol, message):
    root = write_rrsisd(tmp_path / "RRSIS-D", references=references, protocol=protocol)
    line = cli.assert_fails(BUILD, root, "-o", "x.json", names=["refs(unc).p"])
    assert message in line
    assert not os.path.exists("harmed")


@pytest.mark.parametrize("change, message", [
    ({"categories": []}, "its categories_id 4 is not in instances.json"),
    ({"images": []}, "its image_id 1 is not in instances.json"),
    ({"annotations": [dict(INSTANCES["annotations"][0], bbox=[9, 9, 3, 3])]}, "ends before"),
    ({"annotations": [dict(INSTANCES["annotations"][0], bbox=[9, 9])]}, "bbox"),
    ({"annotations": None}, "annotations"),
])
def test_rrsisd_malformed_instances(tmp_path, change, message):
    root = write_rrsisd(tmp_path / "RRSIS-D", dict(INSTANCES, **change), REFERENCES[:1])
    cli.assert_fails(BUILD, root, "-o", "x.json", names=["instances.json", message])


def choice_task(root, path, entries):
    folder = root / path
    (folder / "images").mkdir(parents=True)
    task = folder.name
    for i, (question, answer) in enumerate(entries):
        tiny_datasets.write_picture(folder / "images" / f"{i}.png", i)
    return tiny_datasets.write_json(folder / f"{task}.json", [
        {"id": f"0000-{i}", "image_path": f"{path}/images/{i}.png", "question": question,
         "answer": answer} for i, (question, answer) in enumerate(entries)])


SCENE = "Which category does it match?\nA.bridge\nB.medium_residential\nC.desert\nD.river"
COLOUR = "What color is the vehicle at the top left of this image?\nA.orange\nB.yellow\nC.white\nD.red"
CAPTION = ("Please describe this airport scene.\nA.Several airplanes stand on it.\nB.A market with "
           "many stalls.\nC.Trains wait in a station.\nD.Cars drive along a street.")
GROUNDING = ("Please output the coordinates of the soccer-ball-field in the image in the format "
             "(x1, y1, x2, y2). Do not include any additional text.")
CORNERS = [[0.41, 0.535], [0.569, 0.624], [0.701, 0.386], [0.542, 0.297]]


@pytest.fixture
def choice(tmp_path):
    root = tmp_path / "CHOICE"
    perception = "perception/image_level_comprehension"
    choice_task(root, f"{perception}/scene_classification", [(SCENE, "B")])
    choice_task(root, f"{perception}/image_caption", [(CAPTION, "A")])
    single = "perception/single_instance_identification"
    choice_task(root, f"{single}/attribute_recognition", [(COLOUR, "C")])
    choice_task(root, f"{single}/visual_grounding", [(GROUNDING, CORNERS)])
    choice_task(root, "perception/cross_instance_discerment/referring_expression_segmentation",
                [("Segment it.", "masks/0.png")])
    return root


def test_choice(choice):
    made = read(choice)
    assert len(made["images"]) == 4 and {i["source"] for i in made["images"]} == {"CHOICE"}
    caption, scene, colour, grounding = made["images"]
    assert caption["regions"] == [{
        "box": [0, 0, 1, 1], "object": False, "description": "Several airplanes stand on it.",
        "hard_negatives": ["A market with many stalls.", "Trains wait in a station.",
                           "Cars drive along a street."]}]
    assert scene["scene"] == "medium residential"
    assert scene["regions"][0]["description"] == "Which category does it match? medium residential"
    question = "What color is the vehicle at the top left of this image?"
    assert colour["regions"][0]["description"] == f"{question} white"
    assert colour["regions"][0]["hard_negatives"] == [
        f"{question} {c}" for c in ("orange", "yellow", "red")]
    assert grounding["regions"] == [
        {"box": [0.41, 0.297, 0.701, 0.624], "class": "soccer ball field"}]
    assert not any(i.get("annotated", False) for i in made["images"])
    alone = read(choice / "perception/single_instance_identification/attribute_recognition"
                 / "attribute_recognition.json")
    assert alone["images"][0]["regions"] == colour["regions"]
    level = read(choice / "perception" / "image_level_comprehension", "--input-format", "choice")
    assert level["images"] == made["images"][:2]


@pytest.mark.parametrize("entry, message", [
    ((COLOUR, "E"), '"E" is none of the answers A to D'),
    ((COLOUR, 7), "$[0].answer: is no text"),
    (("What?", "A"), "no lines"),
    ((GROUNDING, [[0.1, 0.2]]), "has 1 corners"),
    ((GROUNDING, [[10, 20], [30, 40]]), "is no share of the image"),
    (("Where is it?", CORNERS), "the coordinates of the NAME in the image"),
])
def test_choice_malformed(tmp_path, entry, message):
    path = choice_task(tmp_path, "perception/x/task", [entry])
    cli.assert_fails(BUILD, path, "-o", "x.json", names=["task.json", message])


def test_choice_empty(tmp_path):
    (tmp_path / "CHOICE" / "perception").mkdir(parents=True)
    cli.assert_fails(BUILD, tmp_path / "CHOICE", "-o", "x.json", names=["no task of CHOICE"])


def test_benchmarks_are_evaluated(nwpu, choice, model):
    """The paper's table 2 with one command each."""
    result = cli.run("gaclip-eval regions", nwpu, "-m", model, "--json", "--resamples", 0)
    assert result.returncode == 0, result.stderr
    result = cli.run("gaclip-eval fine-grained", choice, "-m", model, "--json", "--resamples", 0)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["models"][0]["count"] == 3
