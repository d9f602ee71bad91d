"""Opens pages in Debian's Chromium, without a window."""

import contextlib
import shutil
import time

import pytest


@contextlib.contextmanager
def page(path, downloads):
    """A driver that shows the page and keeps its downloads in a folder; skips where there is no
    browser (Debian's packages chromium, chromium-driver and python3-selenium)."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="python3-selenium is missing")
    programs = {name: shutil.which(name) for name in ("chromium", "chromedriver")}
    for name, program in programs.items():
        if program is None:
            pytest.skip(f"{name} is not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = programs["chromium"]
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1400,1100"):
        options.add_argument(argument)
    options.add_argument(f"--user-data-dir={downloads / 'profile'}")
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.chrome.service.Service(programs["chromedriver"])
    driver = webdriver.Chrome(service=service, options=options)
    try:
        driver.get(path.resolve().as_uri())
        yield driver
    finally:
        driver.quit()


def complaints(driver):
    """What the console shows: errors of scripts, and anything that was asked for in vain."""
    return [entry["message"] for entry in driver.get_log("browser")]


def requests(driver):
    """Addresses of all that the page loaded beside itself."""
    return driver.execute_script(
        "return performance.getEntriesByType('resource').map(entry => entry.name)"
        ".filter(name => !name.startsWith('data:') && !name.startsWith('blob:'))"
    )


def wait_for(condition, what, seconds=30):
    """The condition's first value that is true."""
    for _ in range(seconds * 20):
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come in {seconds} s")
