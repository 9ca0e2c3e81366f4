"""The release's bill of materials: what each part of it holds, in CycloneDX, from lock files.

A hash in a lock file is of a file that may be installed on one platform or another, so hashes of
packages and providers stand with the place where they are had from, and not with the component.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import (
    ExternalReference,
    ExternalReferenceType,
    HashAlgorithm,
    HashType,
    Property,
    XsUri,
)
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.tool import ToolRepository
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from promotion import locks
from promotion.functions import FUNCTIONS
from promotion.images import IMAGES, lock_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from promotion.checkout import Checkout, Revision
    from promotion.functions import Artifact
    from promotion.images import Image

PROJECT = "payment-api-platform"
TERRAFORM_LOCK = ".terraform.lock.hcl"

_PYPI = "https://pypi.org/project"


def document(
    checkout: Checkout,
    revision: Revision,
    functions: Mapping[str, Artifact],
    images: Mapping[str, Image],
) -> bytes:
    """Write the bill of materials, the same bytes for the same sources."""
    return _Materials(checkout, revision).document(functions, images)


class _Materials:
    def __init__(self, checkout: Checkout, revision: Revision) -> None:
        self._checkout = checkout
        self._revision = revision
        self._project = self._ours(PROJECT, ComponentType.APPLICATION, "project")
        self._known: dict[str, Component] = {}
        self._bom = Bom(
            serial_number=uuid5(NAMESPACE_URL, f"{PROJECT}/{revision.version}/{revision.commit}"),
            metadata=BomMetaData(
                component=self._project,
                tools=ToolRepository(),
            ),
        )

    def document(self, functions: Mapping[str, Artifact], images: Mapping[str, Image]) -> bytes:
        parts = [self._function(name, artifact) for name, artifact in functions.items()]
        parts += [self._image(name, image) for name, image in images.items()]
        self._depends(self._project, [*parts, *self._providers()])
        document = json.loads(JsonV1Dot6(self._bom).output_as_string())
        # The library tells when it ran, and two builds of a commit would differ.
        del document["metadata"]["timestamp"]
        return (json.dumps(document, indent=1) + "\n").encode()

    def _function(self, name: str, artifact: Artifact) -> Component:
        function = self._ours(name, ComponentType.APPLICATION, "function")
        function.hashes.add(HashType(alg=HashAlgorithm.SHA_256, content=artifact["sha256"]))
        self._add(function)
        self._depends(function, [self._our_package(each) for each in FUNCTIONS[name]])
        return function

    def _image(self, name: str, image: Image) -> Component:
        container = self._ours(name, ComponentType.CONTAINER, "image")
        container.properties.add(Property(name="payments:digest", value=image["digest"]))
        container.properties.add(Property(name="payments:status", value=image["status"]))
        self._add(container)
        direct = self._locked(lock_of(name))
        self._depends(container, [*(self._our_package(each) for each in IMAGES[name]), *direct])
        return container

    def _locked(self, lock: str) -> list[Component]:
        """Add a lock file's packages; give those that the project asks for itself."""
        packages = locks.packages(self._checkout.read(lock).decode(), lock)
        # Two images may hold two versions of a package: within a lock file there is one.
        components = {each.name: self._add(_of_package(each)) for each in packages}
        for each in packages:
            for wanting in each.wanted_by:
                self._depends(components[wanting], [components[each.name]])
        return [components[each.name] for each in packages if each.is_direct]

    def _providers(self) -> list[Component]:
        return [
            self._add(_of_provider(provider))
            for path in self._checkout.files("environments")
            if path.name == TERRAFORM_LOCK
            for provider in locks.providers(self._checkout.read(path).decode(), path.as_posix())
        ]

    def _our_package(self, name: str) -> Component:
        return self._add(self._ours(name, ComponentType.LIBRARY, "package"))

    def _ours(self, name: str, kind: ComponentType, role: str) -> Component:
        return Component(
            name=name, version=self._revision.version, type=kind, bom_ref=f"{role}:{name}"
        )

    def _add(self, component: Component) -> Component:
        """Add a component, or give the same one that was added before."""
        reference = str(component.bom_ref)
        if reference not in self._known:
            self._known[reference] = component
            self._bom.components.add(component)
        return self._known[reference]

    def _depends(self, component: Component, on: Iterable[Component]) -> None:
        self._bom.register_dependency(component, on)


def _of_package(package: locks.Package) -> Component:
    purl = PackageURL("pypi", name=package.name, version=package.version)
    return Component(
        name=package.name,
        version=package.version,
        type=ComponentType.LIBRARY,
        bom_ref=str(purl),
        purl=purl,
        external_references=[
            _distribution(f"{_PYPI}/{package.name}/{package.version}/", package.hashes)
        ],
    )


def _of_provider(provider: locks.Provider) -> Component:
    registry, namespace, name = provider.source.split("/")
    purl = PackageURL("terraform", namespace=namespace, name=name, version=provider.version)
    address = f"https://{registry}/providers/{namespace}/{name}/{provider.version}"
    return Component(
        group=namespace,
        name=name,
        version=provider.version,
        type=ComponentType.LIBRARY,
        bom_ref=str(purl),
        purl=purl,
        external_references=[_distribution(address, provider.hashes)],
    )


def _distribution(address: str, hashes: Iterable[str]) -> ExternalReference:
    return ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(address),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=each) for each in hashes],
        comment="hashes of what the lock file accepts, one of which is installed",
    )
