"""A real browser: the system's Chromium, without a window."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.wait import WebDriverWait

INSTALL = "apt-get install chromium chromium-driver"
TIMEOUT_S = 60.0
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


@contextmanager
def browser(width: int = 1440, height: int = 1000) -> Iterator[Chrome]:
    """A browser with a profile of its own, which notes what it asks of the network."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip(f"needs a browser: {INSTALL}")
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        options = ChromeOptions()
        options.binary_location = program
        for flag in (*_FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        chrome = Chrome(options, Service(driver))
        try:
            yield chrome
        finally:
            chrome.quit()


def dress(chrome: Chrome, scheme: str, width: int, height: int) -> None:
    """Let the system be light or dark, and the window of a size."""
    feature = {"name": "prefers-color-scheme", "value": scheme}
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def asked(chrome: Chrome, script: str) -> Any:
    """What a script gives."""
    return chrome.execute_script(f"return {script}")


def wait_for(chrome: Chrome, condition: str, timeout_s: float = TIMEOUT_S) -> None:
    """Wait until a condition of the page holds."""
    wait = WebDriverWait(chrome, timeout_s, poll_frequency=0.05)
    wait.until(lambda _: asked(chrome, f"Boolean({condition})"), f"never became true: {condition}")


def open_page(chrome: Chrome, url: str) -> None:
    """Open the live page and wait until it has drawn something."""
    chrome.get(url)
    wait_for(chrome, "document.documentElement.dataset.ready")
