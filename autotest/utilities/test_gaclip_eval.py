"""gaclip-eval detect: a layer of detections against a layer of references."""

import json

import pytest

import cli
import scenes

EVAL = "gaclip-eval detect"


@pytest.fixture
def references():
    return scenes.write_boxes("references.gpkg", scenes.TANKS, fields={"class": "tank"})


def evaluate(*arguments):
    result = cli.run(EVAL, *arguments, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_gaclip_eval_all_found(references):
    scenes.write_boxes("found.gpkg", scenes.TANKS, fields={"class": "tank", "score": 0.9})
    report = evaluate("found.gpkg", references)
    row = report["classes"][0]
    assert report["crs"] == "EPSG:26915"
    assert (row["class"], row["references"], row["found"]) == ("tank", 5, 5)
    assert row["ap_voc11"] == row["ap_all_point"] == row["ap_coco"] == pytest.approx(1)
    assert (row["precision"], row["recall"], row["f1"]) == (1, 1, 1)


def test_gaclip_eval_ranked(references):
    """Best score on empty ground, then two of five tanks: precision 0, 1/2, 2/3."""
    corners = [(5, 170), *scenes.TANKS[:2]]
    scenes.write_boxes("found.gpkg", corners, fields={"class": "tank", "score": [0.9, 0.8, 0.2]})
    row = evaluate("found.gpkg", references, "--min-score", 0.5)["classes"][0]
    assert (row["true_positives"], row["false_positives"], row["false_negatives"]) == (1, 1, 4)
    assert row["precision"] == 0.5 and row["recall"] == pytest.approx(0.2)
    assert row["ap_all_point"] == pytest.approx(2 / 3 * 0.4)
    assert row["ap_voc11"] == pytest.approx(2 / 3 * 5 / 11)
    assert row["ap_coco"] == pytest.approx(2 / 3 * 41 / 101)


def test_gaclip_eval_coco(references):
    """The mean over IoU 0.50 to 0.95, whatever --iou is: by a sixteenth of its side shifted, a square
    overlaps by 15/17, which is enough for eight of the ten."""
    side = scenes.TANK_SIDE
    shifted = [(column + side / 16, row) for column, row in scenes.TANKS]
    scenes.write_boxes("found.gpkg", shifted, fields={"class": "tank", "score": 0.9})
    for iou in (0.3, 0.5):
        report = evaluate("found.gpkg", references, "--iou", iou)
        assert report["classes"][0]["ap_coco"] == pytest.approx(0.8)
        assert report["mean_ap_coco"] == pytest.approx(0.8)


def test_gaclip_eval_iou(references):
    """Shifted by a quarter of its side, a square overlaps by 3/5."""
    side = scenes.TANK_SIDE
    shifted = [(column + side / 4, row) for column, row in scenes.TANKS]
    scenes.write_boxes("found.gpkg", shifted, fields={"class": "tank", "score": 0.9})
    assert evaluate("found.gpkg", references, "--iou", 0.59)["classes"][0]["recall"] == 1
    assert evaluate("found.gpkg", references, "--iou", 0.61)["classes"][0]["recall"] == 0


def test_gaclip_eval_reference_name():
    scenes.write_boxes("references.gpkg", scenes.TANKS, fields={"note": "seen"})
    scenes.write_boxes("found.gpkg", scenes.TANKS, fields={"class": "tank", "score": 0.9})
    report = evaluate("found.gpkg", "references.gpkg", "--reference-name", "tank")
    assert report["classes"][0]["recall"] == 1


def test_gaclip_eval_table(references):
    scenes.write_boxes("found.gpkg", scenes.TANKS, fields={"class": "tank", "score": 0.9})
    result = cli.run(EVAL, "found.gpkg", references)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("Boxes in EPSG:26915, IoU >= 0.5")
    assert "tank" in result.stdout and "mean" in result.stdout


def test_gaclip_eval_missing_file(references):
    cli.assert_fails(EVAL, "nothing.gpkg", references, names=["nothing.gpkg"])


def test_gaclip_eval_not_a_layer(references, town):
    cli.assert_fails(EVAL, town.scene, references, names=["town.tif"])


def test_gaclip_eval_unknown_field(references):
    scenes.write_boxes("found.gpkg", scenes.TANKS, fields={"class": "tank", "score": 0.9})
    cli.assert_fails(
        EVAL, "found.gpkg", references, "--class-field", "nope", names=["found.gpkg", "nope"]
    )
    cli.assert_fails(
        EVAL, "found.gpkg", references, "--reference-field", "nope",
        names=["references.gpkg", "nope"],
    )


def test_gaclip_eval_without_score(references):
    scenes.write_boxes("found.gpkg", scenes.TANKS, fields={"class": "tank"})
    cli.assert_fails(EVAL, "found.gpkg", references, names=["found.gpkg", "score"])


def test_gaclip_eval_one_layer_only(references):
    cli.assert_fails(EVAL, references, names=["references.gpkg", "REFERENCES"])
    cli.assert_fails(EVAL, names=["usage"], exit_code=2)


def test_gaclip_eval_unknown_verb():
    result = cli.run("gaclip-eval", "nonsense")
    assert result.returncode == 2
    assert result.stderr == "gaclip-eval: FAILURE: there is no verb nonsense; see gaclip-eval --help\n"
