"""Methods of `DataOpsClient` for the files and bonds of a sub-run, without an archive."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from urllib3.exceptions import HTTPError

from dataops_client.errors import InvalidRequest, TransferFailed, UnexpectedResponse
from dataops_client.identifiers import Id, build_resource_path
from dataops_client.link_operations import LinkOperations
from dataops_client.member_names import is_portable
from dataops_client.models.archives import ManifestFile
from dataops_client.models.bonds import Bonds, BondStrength, BondTypeSummary
from dataops_client.models.fields import decode, get_field
from dataops_client.retry import DEFAULT_RETRY
from dataops_client.transfer.object_store import ObjectStoreClient

_READ_BYTES = 1024 * 1024
_MAX_BOND_PAGES = 1_000


class FileOperations(LinkOperations):
    """Operations on the files of a sub-run."""

    _store: ObjectStoreClient

    def files(
        self, nc: str, id_run: Id, sub_run: Id, *, include: Sequence[str] = ()
    ) -> tuple[ManifestFile, ...]:
        """Return the files of a sub-run, with their sizes and roles.

        Args:
            nc: Nominal composition.
            id_run: Number of the run.
            sub_run: Number of the sub-run.
            include: Globs over file names, such as `*.vec`; all files by default.

        Returns:
            The files.

        Raises:
            NotFound: The sub-run is not scheduled or has no files.

        Example:
            >>> [file.name for file in client.files("Zr49Cu49Al2", 21, 0, include=["*.xyz"])]
            ['Zr49Cu49Al2.xyz']
        """
        return self.manifest(nc, id_run, sub_run, include=include).files

    def file(
        self,
        nc: str,
        id_run: Id,
        sub_run: Id,
        name: str,
        path: str | os.PathLike[str] | None = None,
    ) -> Path:
        """Download one file of a sub-run, and verify its size.

        The file appears once it is complete. It is not verified by SHA-256, which the API computes
        for archives only.

        Args:
            nc: Nominal composition.
            id_run: Number of the run.
            sub_run: Number of the sub-run.
            name: Name of the file.
            path: File to write, or an existing folder; by default `name` in the current folder.

        Returns:
            The path of the file.

        Raises:
            NotFound: The sub-run is not scheduled or has no file of this name.
            InvalidRequest: `name` cannot be written on every platform; use `path`.
            TransferFailed: The download failed.

        Example:
            >>> client.file("Zr49Cu49Al2", 21, 0, "ICOHPLIST.lobster", "icohp.txt")
            PosixPath('icohp.txt')
        """
        target = Path(path or "")
        if path is None or target.is_dir():
            if not is_portable(name):
                raise InvalidRequest(f"file name {name!r} is not portable; name a file to write")
            target /= name
        resource = (
            f"/v1/generate/{build_resource_path(nc, id_run, sub_run)}/files/{quote(name, '')}"
        )
        part = target.with_name(f".{uuid.uuid4().hex}.part")
        retries = DEFAULT_RETRY
        try:
            while True:
                link = self._api.get(resource).json()
                url = get_field(link, "download_url", str)
                try:
                    self._fetch(url, part, get_field(link, "size_bytes", int))
                    break
                except (HTTPError, TransferFailed) as error:
                    failure = TransferFailed(f"download of {name!r} failed: {error}")
                    try:
                        retries = retries.increment("GET", "/", error=HTTPError(str(error)))
                    except HTTPError:
                        raise failure from None
                    time.sleep(retries.delay_seconds())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        return target

    def _fetch(self, url: str, path: Path, size_bytes: int) -> None:
        response = self._store.get(url, {})
        try:
            if response.status != 200:
                raise TransferFailed(f"the object store returned HTTP {response.status}")
            received = 0
            with path.open("wb") as file:
                for block in response.stream(_READ_BYTES, decode_content=False):
                    received += file.write(block)
                    if received > size_bytes:
                        break
            if received != size_bytes:
                raise TransferFailed(f"received {received} bytes; expected {size_bytes}")
        finally:
            response.close()

    def bonds(self, nc: str, id_run: Id, sub_run: Id) -> Bonds:
        """Return the bond strengths of a sub-run.

        Args:
            nc: Nominal composition.
            id_run: Number of the run.
            sub_run: Number of the sub-run.

        Returns:
            The bonds (distance in angstrom, -ICOHP in eV) and a summary by bond type.

        Raises:
            NotFound: The sub-run is not scheduled or has no bond strengths.
            Conflict: The file of the bond strengths cannot be read.

        Example:
            >>> client.bonds("Zr49Cu49Al2", 21, 0).bonds[0].minus_icohp_ev
            0.41301
        """
        path = f"/v1/generate/{build_resource_path(nc, id_run, sub_run)}/bonds"
        query: dict[str, str] | None = {"limit": "1000"}
        bonds: list[BondStrength] = []
        for _ in range(_MAX_BOND_PAGES):
            response = self._api.get(path, query)
            body = response.json()
            bonds += map(BondStrength.from_json, get_field(body, "bonds", list))
            query = response.get_next_query()
            if query is None:
                types = map(BondTypeSummary.from_json, get_field(body, "bond_types", list))
                return decode(Bonds, body, bonds=tuple(bonds), bond_types=tuple(types))
        raise UnexpectedResponse(f"the list of bonds has no end; {_MAX_BOND_PAGES} pages were read")
