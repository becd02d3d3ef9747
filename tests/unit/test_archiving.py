"""Downloads of sub-runs and of whole runs, over the fakes."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import random
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from importlib.metadata import version

import pytest

from chalicelib.domain.archive import FORMAT_VERSION, ArchiveExtent, ArchiveLink, Building, BuildLease, BuildOrder, Selection
from chalicelib.domain.artifacts import Artifact, files_prefix, soaps_prefix
from chalicelib.domain.errors import InvalidInput, NotFound, SourceChanged, SubRunNotScheduled, Unavailable
from chalicelib.domain.runs import Run, RunKey, SubRunKey
from chalicelib.domain.soap import PUBLISHED, SoapDescriptor
from chalicelib.settings import Settings, SettingsError
from chalicelib.usecases import building
from chalicelib.usecases.archiving import LEASE, Archives, build, make_archive, manifest_of
from tests.support.fakes import FakeBuilder, FakeBuildLeases, FakeClock, FakeDataBucket, FakeRunTable

RUN = RunKey.parse("Zr49Cu49Al2", "21")
ALL = Selection()


class World:
    """A run with sub-runs 0-2 scheduled, of which 0 and 1 have files."""

    def __init__(self, inline_max_bytes: int = 1_000_000) -> None:
        self.runs, self.bucket, self.leases = FakeRunTable(), FakeDataBucket(), FakeBuildLeases()
        self.builder, self.clock = FakeBuilder(), FakeClock()
        self.archives = Archives(self.runs, self.bucket, self.leases, self.builder, self.clock, inline_max_bytes, PUBLISHED)
        self.runs.add(Run(RUN, frozenset({0, 1, 2}), self.clock.now()), "token")
        self.put(0, "Zr49Cu49Al2.scf.in", b"input" * 100)
        self.put(0, "Zr49Cu49Al2.scf.out", b"output" * 1000)
        self.put(0, "ICOHPLIST.lobster", b"bonds")
        self.put(0, "lobsterout", b"")
        self.bucket.put(soaps_prefix(SubRunKey(RUN, 0)) + "SOAPS.vec", b"\x00soap" * 5000)
        self.put(1, "Zr49Cu49Al2.scf.in", b"deformed")

    def put(self, sub_run: int, name: str, content: bytes) -> None:
        self.bucket.put(files_prefix(SubRunKey(RUN, sub_run)) + name, content)

    def make(self, sub_run: int = 0, selection: Selection = ALL, **options: float) -> ArchiveLink:
        made = make_archive(BuildOrder(SubRunKey(RUN, sub_run), selection), self.archives, **options)
        assert isinstance(made, ArchiveLink)
        return made

    def make_run(self, *sub_runs: int) -> ArchiveLink:
        made = make_archive(BuildOrder(RUN, ALL, sub_runs or None), self.archives)
        assert isinstance(made, ArchiveLink)
        return made

    def unzip(self, link: ArchiveLink) -> dict[str, bytes]:
        content = self.bucket.objects[link.manifest.archive_key]
        assert (len(content), hashlib.sha256(content).hexdigest()) == (link.record.size_bytes, link.record.sha256)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert archive.testzip() is None
            return {name: archive.read(name) for name in archive.namelist()}


def test_an_archive_holds_every_file_and_the_metadata_last() -> None:
    world = World()
    link = world.make()
    files = world.unzip(link)
    assert list(files) == [
        "ICOHPLIST.lobster", "SOAPS.vec", "Zr49Cu49Al2.scf.in", "Zr49Cu49Al2.scf.out", "lobsterout", "ro-crate-metadata.json",
    ]  # fmt: skip
    assert files["SOAPS.vec"] == b"\x00soap" * 5000
    assert link.record.missing == ()
    for file in link.record.files:
        assert (file.size_bytes, file.sha256) == (len(files[file.name]), hashlib.sha256(files[file.name]).hexdigest())


def test_the_metadata_tell_hash_size_and_deformation() -> None:
    world = World()
    graph = json.loads(world.unzip(world.make(1))["ro-crate-metadata.json"])["@graph"]
    entities = {entity["@id"]: entity for entity in graph}
    assert entities["Zr49Cu49Al2.scf.in"]["sha256"] == hashlib.sha256(b"deformed").hexdigest()
    assert entities["Zr49Cu49Al2.scf.in"]["contentSize"] == "8"
    properties = {entities[entry["@id"]]["name"]: entities[entry["@id"]]["value"] for entry in entities["./"]["additionalProperty"]}
    assert properties["deformation"] == "shear xy"
    assert properties["missing"] == "Zr49Cu49Al2.scf.out, ICOHPLIST.lobster, SOAPS.vec"


def test_the_metadata_tell_what_the_descriptors_were_computed_with() -> None:
    world = World()
    for link, soaps in ((world.make(0), "SOAPS.vec"), (world.make_run(), "0/SOAPS.vec")):
        entities = {entity["@id"]: entity for entity in json.loads(world.unzip(link)["ro-crate-metadata.json"])["@graph"]}
        described = [entities[entry["@id"]] for entry in entities[soaps]["additionalProperty"]]
        told = {entity["name"]: (entity["value"], entity.get("unitText")) for entity in described}
        assert told == {
            "soap_descriptor": (PUBLISHED.text, None), "soap_cutoff": ("3.75", "angstrom"), "soap_l_max": ("6", None),
            "soap_n_max": ("8", None), "soap_atom_sigma": ("0.5", "angstrom"), "soap_n_Z": ("3", None), "soap_Z": ("13 29 40", None),
            "soap_n_species": ("3", None), "soap_species_Z": ("13 29 40", None),
        }  # fmt: skip
    assert "soap" not in world.unzip(world.make(1))["ro-crate-metadata.json"].decode()


def test_other_parameters_give_another_archive_where_there_are_descriptors() -> None:
    world = World()
    other = replace(world.archives, soap=SoapDescriptor.parse("soap cutoff=4 l_max=3 n_max=4"))
    for sub_run, differs in ((0, True), (1, False)):
        order = BuildOrder(SubRunKey(RUN, sub_run), ALL)
        assert (manifest_of(order, other).archive_key != manifest_of(order, world.archives).archive_key) is differs


@pytest.mark.parametrize("text", ["", "soap", "cutoff=3", "soap cutoff", "soap cutoff=3 l_max=", "soap Z={1 2", "SOAP cutoff=3"])
def test_what_quippy_would_not_take_is_no_descriptor(text: str) -> None:
    with pytest.raises(InvalidInput, match="is not a SOAP descriptor"):
        SoapDescriptor.parse(text)
    with pytest.raises(SettingsError, match="SOAP_DESCRIPTOR") if text else nullcontext():
        Settings.of({"RUN_TABLE": "runs", "DATA_BUCKET": "data", "SOAP_DESCRIPTOR": text})


def test_the_format_version_is_raised_with_the_library_that_packs() -> None:
    """Its bytes are taken from archives of sub-runs by their names: one name must not stand for the bytes of two versions."""
    assert (FORMAT_VERSION, version("isal")) == (2, "1.9.1")


def test_large_packed_members_of_sub_runs_are_copied_and_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "COPIED_FROM_BYTES", 20_000)
    world = World()
    large = random.Random(3).randbytes(30_000)
    world.put(0, "large", large)
    world.put(1, "large", large[::-1])
    single = [world.make(0), world.make(1)]
    read = len(world.bucket.read_keys)
    link = world.make_run()
    assert link.record.sha256 is None
    with zipfile.ZipFile(io.BytesIO(world.bucket.objects[link.manifest.archive_key])) as archive:
        assert archive.testzip() is None
        assert (archive.read("0/large"), archive.read("1/large")) == (large, large[::-1])
    assert link.record.size_bytes == len(world.bucket.objects[link.manifest.archive_key])
    assert world.bucket.copied == [f"{one.manifest.archive_key}" for one in single]
    assert len(world.bucket.read_keys) == read
    told = {file.name: file.sha256 for file in link.record.files}
    assert told["1/large"] == hashlib.sha256(large[::-1]).hexdigest()


def test_a_second_request_builds_nothing() -> None:
    world = World()
    first = world.make()
    read = list(world.bucket.read_keys)
    second = world.make()
    assert (first.cached, second.cached) == (False, True)
    assert second.record == first.record
    assert world.bucket.read_keys == read


def test_the_same_inputs_give_the_same_bytes_anywhere() -> None:
    one, other = World(), World()
    other.clock.advance(86_400)
    key = one.make().manifest.archive_key
    assert other.make().manifest.archive_key == key
    assert one.bucket.objects[key] == other.bucket.objects[key]


def test_a_changed_file_gives_another_archive() -> None:
    world = World()
    first = world.make()
    world.put(0, "lobsterout", b"now with text")
    second = world.make()
    assert first.manifest.archive_key != second.manifest.archive_key
    assert world.unzip(second)["lobsterout"] == b"now with text"


def test_the_essential_profile_takes_the_four_essential_files() -> None:
    world = World()
    link = world.make(0, Selection.parse("essential", []))
    assert [file.name for file in link.record.files][:-1] == [
        "ICOHPLIST.lobster", "SOAPS.vec", "Zr49Cu49Al2.scf.in", "Zr49Cu49Al2.scf.out",
    ]  # fmt: skip
    assert link.manifest.archive_key != world.make().manifest.archive_key


def test_globs_select_files_and_what_is_missing_of_them() -> None:
    world = World()
    link = world.make(1, Selection.parse("full", ["*.scf.*"]))
    assert [file.name for file in link.record.files] == ["Zr49Cu49Al2.scf.in", "ro-crate-metadata.json"]
    assert link.record.missing == ("Zr49Cu49Al2.scf.out",)


@pytest.mark.parametrize("include", [["*"] * 21, [""], ["a/b"], ["x" * 101], ["a\nb"]])
def test_globs_that_make_no_sense_are_refused(include: list[str]) -> None:
    with pytest.raises(InvalidInput):
        Selection.parse("full", include)


def test_what_is_not_there_or_not_scheduled_is_told_apart() -> None:
    world = World()
    with pytest.raises(NotFound, match="run '22' of 'Zr49Cu49Al2' is not scheduled"):
        make_archive(BuildOrder(SubRunKey.parse("Zr49Cu49Al2", "22", "0"), ALL), world.archives)
    with pytest.raises(SubRunNotScheduled, match="'7' of run 'Zr49Cu49Al2/21'"):
        world.make(7)
    with pytest.raises(NotFound, match="'Zr49Cu49Al2/21/2' has no files"):
        world.make(2)
    with pytest.raises(NotFound, match=r"no file of 'Zr49Cu49Al2/21/0' matches profile 'full' and include \['\*.png'\]"):
        world.make(0, Selection.parse("full", ["*.png"]))
    assert not world.bucket.records


class ChangingBucket(FakeDataBucket):
    """A bucket in which a file changes between listing and reading."""

    def read(self, artifact: Artifact) -> Iterator[bytes]:
        if artifact.name == "SOAPS.vec":
            raise SourceChanged("changed")
        return super().read(artifact)


def test_a_file_that_changes_while_it_is_read_leaves_no_archive() -> None:
    world = World()
    bucket = ChangingBucket()
    bucket.objects = world.bucket.objects
    archives = Archives(world.runs, bucket, world.leases, world.builder, world.clock, 1_000_000, PUBLISHED)
    with pytest.raises(SourceChanged):
        make_archive(BuildOrder(SubRunKey(RUN, 0), ALL), archives)
    assert not bucket.records
    assert not [key for key in bucket.objects if key.startswith("archives/")]


def test_after_a_failed_build_the_next_request_builds_at_once() -> None:
    world = World()
    manifest = manifest_of(BuildOrder(SubRunKey(RUN, 0), ALL), world.archives)
    world.leases.take(manifest.archive_key, "broken", world.clock.now(), world.clock.now() + LEASE)
    world.leases.fail(manifest.archive_key, "broken", "out of luck")
    assert not world.make().cached


def test_a_whole_run_has_a_folder_for_each_sub_run_with_files() -> None:
    world = World()
    link = world.make_run()
    files = world.unzip(link)
    assert files["0/SOAPS.vec"] == b"\x00soap" * 5000
    assert files["1/Zr49Cu49Al2.scf.in"] == b"deformed"
    assert "1/SOAPS.vec" in link.record.missing
    assert link.manifest.filename == "Zr49Cu49Al2_21.zip"


def test_a_whole_run_takes_what_its_sub_runs_have_packed_already() -> None:
    world, fresh = World(), World()
    world.make(0)
    before = len(world.bucket.read_keys)
    link = world.make_run()
    assert world.bucket.read_keys[before:] == [files_prefix(SubRunKey(RUN, 1)) + "Zr49Cu49Al2.scf.in"]
    assert world.unzip(link) == fresh.unzip(fresh.make_run())
    assert link.record == fresh.make_run().record


def test_a_whole_run_of_some_sub_runs_is_another_archive() -> None:
    world = World()
    link = world.make_run(1)
    assert sorted(world.unzip(link)) == ["1/Zr49Cu49Al2.scf.in", "ro-crate-metadata.json"]
    with pytest.raises(NotFound, match="sub-runs '2' of run"):
        world.make_run(1, 2)
    with pytest.raises(SubRunNotScheduled, match="sub-runs '5', '6' of run"):
        world.make_run(1, 5, 6)


def order() -> BuildOrder:
    return BuildOrder(SubRunKey(RUN, 0), ALL)


def test_a_large_archive_is_ordered_and_polled_until_it_is_there() -> None:
    world = World(inline_max_bytes=10)
    made = make_archive(order(), world.archives)
    assert isinstance(made, Building)
    assert made.retry_after_seconds == 1
    assert world.builder.orders == [order()]
    build(world.builder.orders[0], world.archives)
    assert world.make().cached


def test_while_a_builder_works_nobody_orders_again_and_waits_grow() -> None:
    world = World(inline_max_bytes=10)
    manifest = manifest_of(order(), world.archives)
    started = world.clock.now()
    assert world.leases.take(manifest.archive_key, "builder", started, started + timedelta(hours=1))
    waits = []
    for _ in range(7):
        made = make_archive(order(), world.archives)
        assert isinstance(made, Building)
        waits.append(made.retry_after_seconds)
        world.clock.advance(made.retry_after_seconds)
    assert waits == [1, 1, 2, 4, 8, 8, 8]
    assert world.builder.orders == []


def test_a_builder_that_died_is_replaced_after_its_lease() -> None:
    world = World(inline_max_bytes=10)
    manifest = manifest_of(order(), world.archives)
    world.leases.take(manifest.archive_key, "dead", world.clock.now(), world.clock.now() + LEASE)
    world.clock.advance(LEASE.total_seconds())
    make_archive(order(), world.archives)
    assert world.builder.orders == [order()]
    build(order(), world.archives)
    assert world.make().cached


def test_a_failed_build_is_told_once_and_then_tried_again() -> None:
    world = World(inline_max_bytes=10)
    manifest = manifest_of(order(), world.archives)
    world.leases.take(manifest.archive_key, "builder", world.clock.now(), world.clock.now() + LEASE)
    world.leases.fail(manifest.archive_key, "builder", "the data bucket answered SlowDown")
    with pytest.raises(Unavailable, match="failed: the data bucket answered SlowDown"):
        make_archive(order(), world.archives)
    assert isinstance(make_archive(order(), world.archives), Building)
    assert world.builder.orders == [order()]


def test_a_second_builder_of_the_same_archive_does_nothing() -> None:
    world = World(inline_max_bytes=10)
    manifest = manifest_of(order(), world.archives)
    world.leases.take(manifest.archive_key, "first", world.clock.now(), world.clock.now() + LEASE)
    build(order(), world.archives)
    assert not world.bucket.records


def test_who_loses_the_lease_while_building_leaves_no_archive() -> None:
    world = World()

    class Usurped(FakeDataBucket):
        def write_archive(self, archive_key: str, pieces: Iterable[bytes | ArchiveExtent], filename: str) -> None:
            super().write_archive(archive_key, map(self._usurp, itertools.repeat(archive_key), pieces), filename)

        def _usurp(self, archive_key: str, piece: bytes | ArchiveExtent) -> bytes | ArchiveExtent:
            world.clock.advance(LEASE.total_seconds())
            world.leases.leases[archive_key] = BuildLease("other", world.clock.now(), world.clock.now() + LEASE)
            return piece

    bucket = Usurped()
    bucket.objects = world.bucket.objects
    archives = Archives(world.runs, bucket, world.leases, world.builder, world.clock, 1_000_000, PUBLISHED)
    with pytest.raises(Unavailable, match="another builder took over"):
        make_archive(order(), archives)
    assert not bucket.records


def test_an_order_survives_the_way_to_another_process() -> None:
    for original in (order(), BuildOrder(RUN, Selection.parse("essential", ["*.vec"]), (0, 3)), BuildOrder(RUN, ALL)):
        assert BuildOrder.from_event(json.loads(json.dumps(original.to_event()))) == original
