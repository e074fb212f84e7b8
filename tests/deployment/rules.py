"""What the compose file promises beyond its schema: each rule yields what breaks it."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.deployment.compose_file import ROOT, Tree, services

Rule = Callable[[Tree], Iterator[str]]

_LOCAL_PORT = re.compile(r"127\.0\.0\.1:\d+:\d+")
_PINNED = re.compile(r"[a-z0-9./-]+:v?\d+(\.\d+)+(@sha256:[0-9a-f]{64})?")


def ports_are_local(tree: Tree) -> Iterator[str]:
    """Every published port is on 127.0.0.1."""
    for name, service in services(tree).items():
        for port in service.get("ports", []):
            if not _LOCAL_PORT.fullmatch(str(port)):
                yield f"{name}: port {port}"
        if service.get("network_mode") == "host":
            yield f"{name}: all ports of the host"


def images_are_pinned(tree: Tree) -> Iterator[str]:
    """Every image has a tag with a version, and one that is not built here a digest."""
    for name, service in services(tree).items():
        pinned = _PINNED.fullmatch(service.get("image", ""))
        if not pinned or not (pinned[2] or "build" in service):
            yield f"{name}: image {service.get('image')}"


def mounts_exist(tree: Tree) -> Iterator[str]:
    """Every bind mount is read-only and in the repository, every named volume is declared."""
    used = set()
    for name, service in services(tree).items():
        for mount in service.get("volumes", []):
            if isinstance(mount, str):
                volume = mount.split(":")[0]
                used.add(volume)
                if volume not in tree["volumes"]:
                    yield f"{name}: volume {volume} is not declared"
                continue
            source = Path(mount["source"])
            if source.is_absolute() or ".." in source.parts or not (ROOT / source).exists():
                yield f"{name}: {source} is not in the repository"
            if not mount.get("read_only") or mount["bind"].get("create_host_path", True):
                yield f"{name}: {source} could be made or changed"
    yield from (f"volume {volume} is not used" for volume in set(tree["volumes"]) - used)


def dependencies_can_be_waited_for(tree: Tree) -> Iterator[str]:
    """Who is waited for has a health check, or ends."""
    for name, service in services(tree).items():
        for other, how in service.get("depends_on", {}).items():
            target = services(tree).get(other)
            match how["condition"], target:
                case _, None:
                    yield f"{name}: there is no {other}"
                case "service_healthy", dict() if "healthcheck" not in target:
                    yield f"{name}: {other} has no health check"
                case "service_completed_successfully", dict() if target.get("restart") in (
                    "always",
                    "unless-stopped",
                ):
                    yield f"{name}: {other} never ends"
                case "service_started", _:
                    yield f"{name}: {other} may have started and not be ready"


def services_are_bounded(tree: Tree) -> Iterator[str]:
    """Every service says what is done when it ends, and how much memory and log it may take."""
    for name, service in services(tree).items():
        for key in ("restart", "mem_limit"):
            if key not in service:
                yield f"{name}: no {key}"
        if "max-size" not in service.get("logging", {}).get("options", {}):
            yield f"{name}: an endless log"
        if service.get("privileged"):
            yield f"{name}: privileged"


RULES: tuple[Rule, ...] = (
    ports_are_local,
    images_are_pinned,
    mounts_exist,
    dependencies_can_be_waited_for,
    services_are_bounded,
)
