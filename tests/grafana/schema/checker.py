"""TypeScript and `@grafana/schema` from npm, in the cache; dashboards as typed constants."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.services import cache, packages

HERE = Path(__file__).parent
VERSIONS: dict[str, str] = json.loads((HERE / "package.json").read_text())["dependencies"]
NAME = f"grafana-schema-{VERSIONS['@grafana/schema']}-typescript-{VERSIONS['typescript']}"
_ERROR = re.compile(r"^(\w+)\.ts\(\d+,\d+\): (error .*)$", re.MULTILINE)
_OPTIONS = {
    "strict": True,
    "noEmit": True,
    "module": "esnext",
    "moduleResolution": "bundler",
    "target": "es2022",
    "skipLibCheck": True,
    "types": [],
}


@dataclass(frozen=True)
class TypeChecker:
    """A folder in which the compiler finds Grafana's types."""

    folder: Path

    def errors(self, dashboards: Mapping[str, Any]) -> dict[str, list[str]]:
        """What is wrong with each dashboard, by name; names are words."""
        for name, dashboard in dashboards.items():
            text = json.dumps(dashboard)
            (self.folder / f"{name}.ts").write_text(
                f'import type {{ Classic }} from "./classic";\n'
                f"export const board: Classic = {text};\n"
            )
        files = [f"{name}.ts" for name in dashboards]
        settings = {"compilerOptions": _OPTIONS, "files": files}
        (self.folder / "tsconfig.json").write_text(json.dumps(settings))
        compiler = self.folder / "node_modules" / "typescript" / "bin" / "tsc"
        done = subprocess.run(
            ["node", str(compiler), "-p", ".", "--pretty", "false"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        found: dict[str, list[str]] = {name: [] for name in dashboards}
        for name, message in _ERROR.findall(done.stdout):
            found[name].append(message)
        told = sum(map(len, found.values()))
        assert bool(told) == bool(done.returncode), f"{done.stdout}{done.stderr}"
        return found


def checker(folder: Path) -> TypeChecker:
    """A checker in an empty folder.

    Raises:
        ServerUnavailableError: there is no Node.js, or the packages could not be fetched.
    """
    packages.require("the check of dashboards", ("node", "npm"))

    def make(place: Path) -> None:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, place)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        packages.run(command, folder=place)

    installed = cache.get(NAME, make)
    (folder / "node_modules").symlink_to(installed / "node_modules")
    shutil.copy(HERE / "classic.ts", folder)
    return TypeChecker(folder)
