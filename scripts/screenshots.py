# ruff: noqa: INP001 - scripts/ is a folder of commands, not a package
"""Make the README's pictures of the live page: a real demo, a real browser.

    python -m scripts.screenshots

It needs Chromium and its driver (apt-get install chromium chromium-driver) and takes a minute.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from tests.connectors.live.browser import browser, dress, open_page, wait_for
from tests.connectors.live.records import ROOT
from tests.connectors.live.servers import served

IMAGES = ROOT / "docs" / "images"
SECONDS = 60
SHOTS = {
    "live-light": ("light", 1440, 1790),
    "live-dark": ("dark", 1440, 1790),
    "live-narrow": ("light", 390, 1300),
}
LARGEST = 300 * 1024
MOMENT = "tidegauge.model.anomalies.size > 40 && tidegauge.model.overview.alerts.critical > 0"
"""Late in the demo, while something is wrong: then there is something to see."""


def main() -> None:
    """Run a demo, look at it, and keep what was seen."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [sys.executable, "-m", "tidegauge.cli", "demo", "--seconds", str(SECONDS)]
        command += ["--data", str(folder), "--json"]
        log = (folder / "demo.log").open("w")
        with (
            log,
            browser() as chrome,
            served(folder / "store.sqlite3", folder / "live.txt") as (url, _),
        ):
            demo = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)  # noqa: S603 - our own
            try:
                open_page(chrome, url)
                wait_for(chrome, MOMENT, SECONDS + 60)
                for shot, (scheme, width, height) in SHOTS.items():
                    dress(chrome, scheme, width, height)
                    wait_for(chrome, f"document.documentElement.dataset.theme === '{scheme}'")
                    chrome.execute_async_script(
                        "const done = arguments[0]; setTimeout(done, 1500);"  # charts fit the size
                    )
                    picture = folder / f"{shot}.png"
                    chrome.save_screenshot(str(picture))
                    keep(picture, IMAGES / f"{shot}.png")
            finally:
                demo.terminate()
                demo.wait()


def keep(picture: Path, file: Path) -> None:
    """Store a picture in 256 colours."""
    with Image.open(picture) as opened:
        colours = opened.convert("RGB")
    method = Image.Quantize.MAXCOVERAGE  # keeps the colours of small marks
    few = colours.quantize(256, method=method, kmeans=2, dither=Image.Dither.NONE)
    few.save(file, optimize=True)
    size = file.stat().st_size
    sys.stdout.write(f"{file.relative_to(ROOT)}: {size // 1024} KiB\n")
    if size > LARGEST:
        raise SystemExit(f"{file} is larger than {LARGEST // 1024} KiB: take a smaller window")


if __name__ == "__main__":
    main()
