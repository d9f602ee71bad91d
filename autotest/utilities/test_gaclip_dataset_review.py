"""gaclip-dataset review: the page, clicked through in a browser, and the summary."""

import json
import re

import pytest

import browser
import cli
import tiny_datasets

REVIEW = "gaclip-dataset review"

ERRORS = [
    "subjective_hallucination", "unobservable_inference", "metric_ambiguity", "spatial_ambiguity",
    "semantic_distortion", "linguistic_anomaly", "geometric_offset", "projection_distortion",
    "other",
]


@pytest.fixture
def dataset(tmp_path):
    """Six regions with hard negatives; an image has captions, with what HTML would misread."""
    path = tiny_datasets.gaclip(tmp_path / "set")
    content = json.loads(path.read_text())
    for image in content["images"]:
        image["source"] = "tiny"
    content["images"][0]["captions"] = ['a <b>tank</b> & "ground"', "</script><script>alert(1)"]
    content["images"][1]["source"] = "other </script>"
    return tiny_datasets.write_json(path, content)


def write_page(dataset, *options):
    result = cli.run(REVIEW, dataset, "-o", "review.html", *options)
    assert result.returncode == 0, result.stderr
    return open("review.html", encoding="utf-8").read()


def items_of(page):
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    return json.loads(text.group(1))["items"]


def test_gaclip_dataset_review_page(dataset):
    page = write_page(dataset, "--count", 4, "-q")
    items = items_of(page)
    assert len(items) == 4 == page.count('<article class="item"')
    assert "<b>tank" not in page and "alert(1)</script>" not in page
    assert not re.search(r'(src|href)="(?!data:)', page) and "http" not in page.replace(
        'http-equiv="Content-Security-Policy"', ""
    )
    assert page.count("data:image/jpeg;base64,") == 8
    for item in items:
        assert {"description", "hard_negatives", "box"} <= set(item["parts"])
    assert items == items_of(write_page(dataset, "--count", 4, "--overwrite"))
    assert items != items_of(write_page(dataset, "--count", 4, "--seed", 2, "--overwrite"))


def test_gaclip_dataset_review_strata(dataset):
    """Sources take turns, and classes within them: both sources first, then the other classes."""
    items = items_of(write_page(dataset, "--count", 4))
    assert {i["source"] for i in items[:2]} == {"tiny", "other </script>"}
    assert {i["class"] for i in items if i["source"] == "tiny"} == {"tank", "pool", "field"}
    larger = items_of(write_page(dataset, "--count", 6, "--overwrite"))
    assert larger[:4] == items and len({i["place"] for i in larger}) == 6


def test_gaclip_dataset_review_captions(tmp_path):
    captions = tiny_datasets.karpathy(tmp_path / "captions")
    page = write_page(captions, "--split", "train")
    items = items_of(page)
    assert [i["parts"] for i in items] == [["captions"]] and items[0]["place"] == "images[8]"
    assert "A field on dark ground ." in page and 'data-error="geometric_offset"' not in page
    cli.assert_fails(REVIEW, captions, "-o", "r.html", "--regions", names=["no regions to review"])


def test_gaclip_dataset_review_errors(dataset):
    cli.assert_fails(REVIEW, dataset, names=["-o"])
    cli.assert_fails(REVIEW, names=["--summary"])
    cli.assert_fails(REVIEW, dataset, "-o", dataset, names=["set.json", "--overwrite"])
    cli.assert_fails(REVIEW, dataset, "-o", "r.html", "--split", "val", names=['split "val"'])
    cli.assert_fails(REVIEW, "--summary", names=["files that reviewers saved"])
    cli.assert_fails(REVIEW, "--summary", dataset, names=["set.json", "gaclip-review"])


def click_through(driver):
    """Passes the first item by a click and the second by a key, fails the third by keys and the
    fourth by clicks, leaves the others open; returns what the page says in between."""
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    find = lambda selector: driver.find_element(By.CSS_SELECTOR, selector)
    press = lambda keys: driver.switch_to.active_element.send_keys(keys)
    shown = lambda: driver.execute_script(
        "return [...document.querySelectorAll('.item')].findIndex(item => !item.hidden)")
    assert shown() == 0
    press("s")
    said = [find("#status").text]
    find("#reviewer").send_keys("First Reader", Keys.ESCAPE)
    find("#pass").click()
    assert shown() == 1
    press("p")
    assert shown() == 2
    press("f")
    said.append(find("#status").text)
    assert shown() == 2
    press("7")
    press("5")
    press("5")  # taken back
    press("f")
    assert shown() == 3
    find(".item:not([hidden]) [data-error=metric_ambiguity]").click()
    find(".item:not([hidden]) [data-error=other]").click()
    find(".item:not([hidden]) textarea").send_keys("no tank, p and s are letters")
    press(Keys.ARROW_RIGHT)  # goes into the note
    said.append(find("#count").text)
    find(".item:not([hidden]) textarea").send_keys(Keys.ESCAPE)
    press(Keys.ARROW_LEFT)
    assert shown() == 2
    press(Keys.ARROW_RIGHT)
    assert find("#fail").get_attribute("aria-pressed") == "true"
    return said


def test_gaclip_dataset_review_in_browser(dataset, tmp_path):
    page = write_page(dataset)
    with browser.page(tmp_path / "review.html", tmp_path) as driver:
        said = click_through(driver)
        driver.find_element("id", "save").click()
        saved = browser.wait_for(
            lambda: next(tmp_path.glob("review-*.json"), None), "the saved review")
        assert browser.complaints(driver) == [] and browser.requests(driver) == []
        driver.refresh()  # what was judged is still there
        assert driver.find_element("id", "count").text == "4 of 6 reviewed"
        assert driver.execute_script(
            "return [...document.querySelectorAll('svg image')].every(i => i.href.baseVal)")
    assert said == ["Give the reviewer's name first.",
                    "What is wrong? Choose one or more errors.", "4 of 6 reviewed"]
    assert saved.name == "review-First-Reader.json"
    review = json.loads(saved.read_text())
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.load(open(cli.ROOT / "docs" / "review.schema.json"))
    jsonschema.Draft202012Validator(schema).validate(review)
    assert review["reviewer"] == "First Reader" and review["dataset"] == "set.json"
    identity = lambda item: {key: item[key] for key in ("place", "digest", "source", "class")}
    assert list(map(identity, review["items"])) == list(map(identity, items_of(page)))
    verdicts = [(i["verdict"], sorted(i["errors"])) for i in review["items"]]
    assert verdicts == [("pass", []), ("pass", []), ("fail", ["geometric_offset"]),
                        ("fail", ["metric_ambiguity", "other"]), (None, []), (None, [])]
    assert review["items"][3]["note"] == "no tank, p and s are letters"
    report = json.loads(cli.run(REVIEW, "--summary", saved, "--json").stdout)
    assert report["reviewers"] == [{
        "reviewer": "First Reader", "judged": 4, "passed": 2, "pass_rate": 0.5,
        "file": str(saved), "items": 6,
    }]


def test_gaclip_dataset_review_dark_and_accessible(dataset, tmp_path):
    """Every control has a name, every colour of the night differs from the day's."""
    write_page(dataset)
    colours = []
    with browser.page(tmp_path / "review.html", tmp_path) as driver:
        for scheme in ("light", "dark"):
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
                "features": [{"name": "prefers-color-scheme", "value": scheme}]})
            colours.append(driver.execute_script(
                "const s = getComputedStyle(document.body); return s.backgroundColor + s.color"))
        tree = driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    controls = [n for n in tree if n.get("role", {}).get("value") in
                ("button", "textbox", "progressbar", "article", "image")]
    assert len(controls) > 20
    assert [n for n in controls if not n.get("name", {}).get("value")] == []
    assert colours[0] != colours[1]


def write_review(name, person, verdicts, **changes):
    """Verdicts are None, "pass" or a list of errors."""
    items = []
    for i, verdict in enumerate(verdicts):
        errors = verdict if isinstance(verdict, list) else []
        items.append({
            "place": f"images[{i}].regions[0]", "digest": f"{i:016x}", "image": f"{i}.png",
            "source": "north" if i < 4 else "south", "class": "tank",
            "parts": ["captions", "description", "box"] if i % 2 else ["description", "box"],
            "verdict": "fail" if errors else verdict, "errors": errors, "note": None,
        })
    review = {"format": "gaclip-review", "version": 1, "software": "gaclip", "dataset": "set.json",
              "sample": {"count": 50, "seed": 1}, "reviewer": person, "saved": "now",
              "items": items, **changes}
    return tiny_datasets.write_json(name, review)


FIRST = ["pass", "pass", "pass", ["geometric_offset"], ["other"], "pass", None, "pass"]
SECOND = ["pass", "pass", ["metric_ambiguity"], ["geometric_offset", "subjective_hallucination"],
          "pass", "pass", "pass", None]


def test_gaclip_dataset_review_summary():
    """Both judge the first six: P P P F F P and P P F F P P. p_o = 4/6; p_e = 4/6 * 4/6 + 2/6 * 2/6
    = 20/36; kappa = (24/36 - 20/36) / (16/36) = 1/4."""
    paths = write_review("a.json", "a", FIRST), write_review("b.json", "b", SECOND)
    report = json.loads(cli.run(REVIEW, "--summary", *paths, "--json").stdout)
    rates = lambda kind: [(r["judged"], r["passed"]) for r in report[kind]]
    assert rates("reviewers") == [(7, 5), (7, 5)]
    assert report["sources"] == [
        {"source": "north", "judged": 8, "passed": 5, "pass_rate": 0.625},
        {"source": "south", "judged": 6, "passed": 5, "pass_rate": 5 / 6},
    ]
    assert [p["part"] for p in report["parts"]] == ["captions", "description", "hard_negatives",
                                                    "box"]
    assert rates("parts") == [(7, 6), (14, 13), (0, 0), (14, 12)]
    assert report["parts"][2]["pass_rate"] is None
    found = {e["error"]: (e["judged"], e["found"]) for e in report["errors"]}
    assert list(found) == ERRORS
    assert found["geometric_offset"] == (14, 2) and found["other"] == (14, 1)
    assert found["subjective_hallucination"] == (7, 1) and found["semantic_distortion"] == (0, 0)
    (agreement,) = report["agreement"]
    assert agreement["reviewers"] == ["a", "b"]
    assert (agreement["judged_by_both"], agreement["agreed"]) == (6, 4)
    assert agreement["kappa"] == pytest.approx(0.25, abs=1e-12)
    text = cli.run(REVIEW, "--summary", *paths).stdout
    assert "a and b agree on 4 of 6; Cohen's kappa 0.2500" in text
    assert re.search(r"^north +8 +5 +62\.5 %$", text, re.MULTILINE)


def test_gaclip_dataset_review_summary_undefined_kappa():
    a = write_review("a.json", "a", ["pass"] * 3)
    b = write_review("b.json", "b", ["pass"] * 3)
    c = write_review("c.json", "Cy", [None, None])
    report = json.loads(cli.run(REVIEW, "--summary", a, b, c, "--json").stdout)
    assert [p["kappa"] for p in report["agreement"]] == [None] * 3
    assert [p["reason"] for p in report["agreement"]] == [
        "both gave the same judgement throughout", "nothing was judged by both",
        "nothing was judged by both"]
    assert "is not defined: both gave" in cli.run(REVIEW, "--summary", a, b).stdout


@pytest.mark.parametrize("changes, message", [
    ({"reviewer": "a"}, "are both by a"),
    ({"dataset": "town.json"}, "a.json reviews set.json, but b.json reviews town.json"),
    ({"version": 2}, "$.version"),
    ({"items": [{"place": "images[0]"}]}, "$.items[0]"),
    ({"colour": "red"}, "colour"),
])
def test_gaclip_dataset_review_summary_errors(changes, message):
    a = write_review("a.json", "a", ["pass"])
    b = write_review("b.json", "b", ["pass"], **changes)
    cli.assert_fails(REVIEW, "--summary", a, b, names=["b.json", message])


@pytest.mark.parametrize("change, message", [
    ({"verdict": "fail"}, "fails without an error"),
    ({"errors": ["other"]}, "has errors but does not fail"),
    ({"verdict": "fail", "errors": ["semantic_distortion"]}, "without having the part"),
    ({"errors": ["typo"]}, '"typo" is not among the errors'),
    ({"parts": ["roof"]}, '"roof" is not among the parts'),
    ({"verdict": "maybe"}, '"maybe" in place of pass'),
])
def test_gaclip_dataset_review_damaged(change, message):
    path = write_review("a.json", "a", ["pass", "pass"])
    review = json.loads(path.read_text())
    review["items"][1].update(change)
    tiny_datasets.write_json(path, review)
    cli.assert_fails(REVIEW, "--summary", path, names=["a.json: $.items[1]", message])


def test_gaclip_dataset_review_changed_dataset():
    a = write_review("a.json", "a", ["pass"])
    review = json.loads(write_review("b.json", "b", ["pass"]).read_text())
    review["items"][0]["digest"] = "f" * 16
    b = tiny_datasets.write_json("b.json", review)
    cli.assert_fails(REVIEW, "--summary", a, b, names=["images[0].regions[0] is not the same"])
