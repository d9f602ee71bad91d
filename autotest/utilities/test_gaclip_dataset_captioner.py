"""gaclip-dataset build --captioner: what a chat service says, held against boxes and pixels."""

import base64
import json
import re

import pytest
from osgeo import gdal

import captioner
import cli
import tiny_datasets

BUILD = "gaclip-dataset build"

GOOD = {
    "caption": "A white tank stands on dark ground.",
    "detailed_caption": "The image shows one white tank. The ground around it is dark and plain.",
    "regions": [{"region": 0, "description": "a white tank with sharp edges on dark ground"}],
}


@pytest.fixture
def tanks(tmp_path):
    """Two pictures with a nearly white square each, called tank; other classes are known."""
    path = tiny_datasets.gaclip(tmp_path / "set", count=4)
    made = json.loads(path.read_text())
    made["images"] = [made["images"][0], made["images"][3]]
    for image in made["images"]:
        image["regions"] = [{"box": image["regions"][0]["box"], "class": "tank"}]
    return tiny_datasets.write_json(path, made)


def build(data, url, *options):
    result = cli.run(BUILD, data, "-o", "out.json", "--overwrite", "--describe", "--captioner",
                     url, "--captioner-retries", 1, *options)
    return result


def made():
    return json.load(open("out.json"))["images"]


def counts(result):
    (line,) = [l for l in result.stdout.splitlines() if l.startswith("captioner: ")]
    names = "asked", "cached", "unanswered", "unreadable", "accepted", "refused"
    return dict(zip(names, map(int, re.findall(r"\d+", line))))


def test_captioner_good_answer(tanks):
    with captioner.serve(lambda number, request: captioner.content(GOOD)) as (service, url):
        result = build(tanks, url, "--captioner-model", "seer", "--hard-negatives", 5)
    assert result.returncode == 0, result.stderr
    assert counts(result) == dict(asked=2, cached=0, unanswered=0, unreadable=0, accepted=6,
                                  refused=0)
    assert service.paths == ["/v1/chat/completions"] * 2
    for image in made():
        assert image["captions"] == [GOOD["caption"]]
        assert image["detailed_caption"] == GOOD["detailed_caption"]
        region = image["regions"][0]
        assert region["description"] == GOOD["regions"][0]["description"]
        negatives = region["hard_negatives"]
        assert len(negatives) == 5 == len(set(negatives))
        for text in negatives:  # another colour, and nothing else
            article, colour = re.fullmatch(
                r"(an?) (\w+) tank with sharp edges on dark ground", text).groups()
            assert colour != "white" and (article == "an") == (colour[0] in "aeiou"), text
    assert cli.run("gaclip-dataset check", "out.json", "-q").returncode == 0


def test_captioner_question(tanks):
    with captioner.serve(lambda number, request: captioner.content(GOOD)) as (service, url):
        assert build(tanks, url, "--captioner-model", "seer").returncode == 0
    request = service.requests[0]
    assert request["model"] == "seer" and request["temperature"] == 0
    text, image = request["messages"][1]["content"]
    assert "- tank: 1\n" in text["text"] and "- region 0, tank: 0.083, 0.125," in text["text"]
    assert "left" in text["text"]  # not to be named
    kind, data = image["image_url"]["url"].split(",")
    assert kind == "data:image/jpeg;base64"
    gdal.FileFromMemBuffer("/vsimem/sent.jpg", base64.b64decode(data, validate=True))
    picture = gdal.Open("/vsimem/sent.jpg")
    assert (picture.RasterXSize, picture.RasterYSize, picture.RasterCount) == (48, 48, 3)
    gdal.Unlink("/vsimem/sent.jpg")


@pytest.mark.parametrize("key, lie, reason", [
    ("caption", "Three tanks stand on dark ground.", 'counts 3 "tank" where there are 1'),
    ("caption", "A white tank and a swimming pool, or rather: a pool.", 'names "pool"'),
    ("caption", "two tanks", "it is not so"),
    ("caption", "Many tanks.", "speaks of several"),
    ("description", "a blue tank on dark ground", "is not blue"),
    ("description", "a white pool", 'does not name "tank"'),
    ("description", "a maroon tank on dark ground", "is not maroon"),
    ("description", "a white tank, 40 m long", "metres that cannot be measured"),
    ("description", "a white tank at the upper left", "names a place"),
    ("description", "white tanks", "speaks of several"),
])
def test_captioner_contradicts_boxes(tanks, key, lie, reason):
    answer = json.loads(json.dumps(GOOD))
    (answer if key == "caption" else answer["regions"][0])[key] = lie
    with captioner.serve(lambda number, request: captioner.content(answer)) as (service, url):
        result = build(tanks, url)
    assert result.returncode == 0, result.stderr
    assert counts(result)["accepted"] == 4 and counts(result)["refused"] == 2
    refusals = [l for l in result.stdout.splitlines() if "refused, " in l and l.endswith(lie)]
    assert len(refusals) == 2 and all(reason in line for line in refusals), result.stdout
    for image in made():  # gaclip's own words in their place
        region = image["regions"][0]
        assert lie not in (image["captions"][0], region["description"])
        assert image["captions"] == (["a tank"] if key == "caption" else [GOOD["caption"]])
        assert "tank" in region["description"] and region["hard_negatives"]
    assert cli.run("gaclip-dataset check", "out.json", "-q").returncode == 0


def test_captioner_places_with_views(tanks):
    """The squares lie at 21 % and 25 % of the first picture, 40 % and 50 % of the second."""
    answer = dict(GOOD, regions=[{"region": 0, "description": "a white tank in the lower right"}])
    with captioner.serve(lambda number, request: captioner.content(answer)) as (service, url):
        result = build(tanks, url, "--with-views")
    assert "refused, is not in the lower right of the image" in result.stdout
    answer["regions"][0]["description"] = "a white tank in the upper left"
    with captioner.serve(lambda number, request: captioner.content(answer)) as (service, url):
        assert counts(build(tanks, url, "--with-views"))["refused"] == 1


def test_captioner_error_then_good(tanks):
    def reply(number, request):
        return (500, "overloaded") if number == 0 else captioner.content(GOOD)

    with captioner.serve(reply) as (service, url):
        result = build(tanks, url)
    assert result.returncode == 0, result.stderr
    assert len(service.requests) == 3 and service.requests[0] == service.requests[1]
    assert counts(result)["accepted"] == 6


def test_captioner_no_answer_in_time(tanks):
    def reply(number, request):
        return "silence" if number < 2 else captioner.content(GOOD)

    with captioner.serve(reply) as (service, url):
        result = build(tanks, url, "--captioner-timeout", 0.5)
    assert result.returncode == 0, result.stderr
    assert counts(result) == dict(asked=2, cached=0, unanswered=1, unreadable=0, accepted=3,
                                  refused=0)
    assert "the captioner gave no answer: Timeout was reached" in result.stdout
    assert [i["captions"] for i in made()] == [["a tank"], [GOOD["caption"]]]


@pytest.mark.parametrize("body, message", [
    ((200, "<html>"), "is no JSON"),
    ((200, "{}"), '$: has no "choices"'),
    ((200, '{"choices": []}'), "$.choices: is empty"),
    (captioner.content("I see a tank."), "has no JSON in its content"),
    (captioner.content('{"caption": "A tank'), "has no JSON"),
    (captioner.content({"caption": 7}), "$.caption: is no text"),
    (captioner.content({"regions": [{"region": 3, "description": "x"}]}), "$.regions[0].region"),
])
def test_captioner_unreadable(tanks, body, message):
    with captioner.serve(lambda number, request: body) as (service, url):
        result = build(tanks, url)
    assert result.returncode == 0, result.stderr
    assert counts(result)["unreadable"] == 2 and counts(result)["accepted"] == 0
    assert result.stdout.count(message) == 2
    assert all(i["captions"] == ["a tank"] and i["regions"][0]["description"] for i in made())


def test_captioner_fenced_json(tanks):
    fenced = captioner.content("Here it is:\n```json\n" + json.dumps(GOOD) + "\n```")
    with captioner.serve(lambda number, request: fenced) as (service, url):
        assert counts(build(tanks, url))["accepted"] == 6


def test_captioner_resumes_from_cache(tanks):
    """The service dies behind the first answer; the next run asks for the second image alone."""
    def reply(number, request):
        return captioner.content(GOOD) if number == 0 else (503, "gone")

    with captioner.serve(reply) as (service, url):
        first = build(tanks, url, "--captioner-cache", "answers")
    assert counts(first) == dict(asked=2, cached=0, unanswered=1, unreadable=0, accepted=3,
                                 refused=0)
    with captioner.serve(lambda number, request: captioner.content(GOOD)) as (service, url):
        second = build(tanks, url, "--captioner-cache", "answers")
        assert len(service.requests) == 1
        third = build(tanks, url, "--captioner-cache", "answers")
        assert len(service.requests) == 1
        other = build(tanks, url, "--captioner-cache", "answers", "--captioner-model", "seer")
        assert len(service.requests) == 3
    assert counts(second)["cached"] == 1 and counts(third)["cached"] == 2
    assert counts(third)["accepted"] == counts(other)["accepted"] == 6


def test_captioner_gives_up(tmp_path):
    """Three images without an answer end the work; nothing is written."""
    data = tiny_datasets.gaclip(tmp_path / "set")
    with captioner.serve(lambda number, request: (502, "bad gateway")) as (service, url):
        result = cli.run(BUILD, data, "-o", "out.json", "--describe", "--captioner", url,
                         "--captioner-retries", 0)
    assert result.returncode == 1 and not (tmp_path / "out.json").exists()
    (line,) = result.stderr.splitlines()
    assert "no answer for 3 images in a row (status 502: bad gateway)" in line


def test_captioner_key(tanks, monkeypatch):
    monkeypatch.setenv("SEER_KEY", "secret-7")
    with captioner.serve(lambda number, request: captioner.content(GOOD)) as (service, url):
        result = build(tanks, url, "--captioner-key-env", "SEER_KEY", "--captioner-cache", "kept")
    assert {h["Authorization"] for h in service.headers} == {"Bearer secret-7"}
    written = open("out.json").read() + result.stdout + result.stderr
    assert "SEER_KEY" in written and "secret-7" not in written


def test_captioner_errors(tanks):
    cli.assert_fails(BUILD, tanks, "-o", "x.json", "--captioner", "http://x", names=["--describe"])
    cli.assert_fails(BUILD, tanks, "-o", "x.json", "--captioner-model", "a", names=["--captioner"])
    common = [tanks, "-o", "x.json", "--describe", "--captioner"]
    cli.assert_fails(BUILD, *common, "file:///etc/hostname", names=["http://"])
    cli.assert_fails(BUILD, *common, "http://x", "--captioner-key-env", "NO_SUCH_KEY",
                     names=["NO_SUCH_KEY"])
    with captioner.serve(lambda number, request: (401, "no\nkey")) as (service, url):
        cli.assert_fails(BUILD, *common, url, names=["refuses: status 401: no key", url])
    assert len(service.requests) == 1
