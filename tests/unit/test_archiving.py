"""Downloads of sub-runs and of whole runs, over the fakes."""

from __future__ import annotations

import hashlib
import io
import json
import random
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from importlib.metadata import version

import pytest

from chalicelib.domain.archive_record import ArchiveLink, ArchiveRecord
from chalicelib.domain.artifacts import Artifact, get_files_prefix, get_soaps_prefix
from chalicelib.domain.builds import ArchiveSpec, BuildInProgress, BuildLease, BuildRequest
from chalicelib.domain.errors import (
    InvalidInput,
    NotFound,
    SourceChanged,
    SubRunNotScheduled,
    Unavailable,
)
from chalicelib.domain.manifest import FORMAT_VERSION
from chalicelib.domain.runs import Run, RunKey, SubRunKey
from chalicelib.domain.selection import Selection
from chalicelib.domain.soap import PUBLISHED, SoapDescriptor
from chalicelib.settings import Settings, SettingsError
from chalicelib.usecases.archives import (
    INLINE_MAX_MEMBERS,
    ArchiveDependencies,
    get_or_build_archive,
    run_build,
)
from chalicelib.usecases.build_lease import LEASE
from chalicelib.usecases.build_slots import BuildSlots
from chalicelib.usecases.dataset_info import DatasetInfoReader
from tests.support.fakes import (
    FakeBuildLeases,
    FakeBuildQueue,
    FakeClock,
    FakeDataBucket,
    FakeRunRepository,
)

RUN = RunKey.parse("Zr49Cu49Al2", "21")
ALL = Selection()


class World:
    """A run with sub-runs 0-2 scheduled, of which 0 and 1 have files."""

    def __init__(self, inline_max_bytes: int = 1_000_000) -> None:
        self.runs, self.bucket, self.leases = (
            FakeRunRepository(),
            FakeDataBucket(),
            FakeBuildLeases(),
        )
        self.queue, self.clock = FakeBuildQueue(), FakeClock()
        slots = BuildSlots(2, wait_seconds=0)
        self.dataset = DatasetInfoReader(self.bucket, self.clock, PUBLISHED)
        self.archives = ArchiveDependencies(
            self.runs,
            self.bucket,
            self.leases,
            self.queue,
            self.clock,
            inline_max_bytes,
            self.dataset,
            slots,
        )
        self.runs.add(Run(RUN, frozenset({0, 1, 2}), self.clock.now()), "token")
        self.put(0, "Zr49Cu49Al2.scf.in", b"input" * 100)
        self.put(0, "Zr49Cu49Al2.scf.out", b"output" * 1000)
        self.put(0, "ICOHPLIST.lobster", b"bonds")
        self.put(0, "Zr49Cu49Al2.lb.out", b"finished in")
        self.put(0, "lobsterin-quippy", b"clusters")
        self.put(0, "lobsterout", b"")
        self.bucket.put(get_soaps_prefix(SubRunKey(RUN, 0)) + "SOAPS.vec", b"\x00soap" * 5000)
        self.put(1, "Zr49Cu49Al2.scf.in", b"deformed")

    def put(self, sub_run: int, name: str, content: bytes) -> None:
        self.bucket.put(get_files_prefix(SubRunKey(RUN, sub_run)) + name, content)

    def make(
        self, sub_run: int = 0, selection: Selection = ALL, *, verify: bool = False
    ) -> ArchiveLink:
        made = get_or_build_archive(
            ArchiveSpec(SubRunKey(RUN, sub_run), selection), self.archives, verify=verify
        )
        assert isinstance(made, ArchiveLink)
        return made

    def make_run(self, *sub_runs: int) -> ArchiveLink:
        made = get_or_build_archive(ArchiveSpec(RUN, ALL, sub_runs or None), self.archives)
        assert isinstance(made, ArchiveLink)
        return made

    def unzip(self, link: ArchiveLink) -> dict[str, bytes]:
        content = self.bucket.objects[link.manifest.archive_key]
        assert (len(content), hashlib.sha256(content).hexdigest()) == (
            link.record.size_bytes,
            link.record.sha256,
        )
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert archive.testzip() is None
            return {name: archive.read(name) for name in archive.namelist()}


def test_an_archive_holds_every_file_and_the_metadata_last() -> None:
    world = World()
    link = world.make()
    files = world.unzip(link)
    assert list(files) == [
        "ICOHPLIST.lobster", "SOAPS.vec", "Zr49Cu49Al2.lb.out", "Zr49Cu49Al2.scf.in", "Zr49Cu49Al2.scf.out", "lobsterin-quippy",
        "lobsterout", "ro-crate-metadata.json",
    ]  # fmt: skip
    assert files["SOAPS.vec"] == b"\x00soap" * 5000
    assert link.manifest.missing == ()
    for file in link.record.files:
        assert (file.size_bytes, file.sha256) == (
            len(files[file.name]),
            hashlib.sha256(files[file.name]).hexdigest(),
        )


def test_the_metadata_tell_hash_size_and_deformation() -> None:
    world = World()
    graph = json.loads(world.unzip(world.make(1))["ro-crate-metadata.json"])["@graph"]
    entities = {entity["@id"]: entity for entity in graph}
    assert entities["Zr49Cu49Al2.scf.in"]["sha256"] == hashlib.sha256(b"deformed").hexdigest()
    assert entities["Zr49Cu49Al2.scf.in"]["contentSize"] == "8"
    properties = {
        entities[entry["@id"]]["name"]: entities[entry["@id"]]["value"]
        for entry in entities["./"]["additionalProperty"]
    }
    assert properties["deformation"] == "shear xy"
    assert (
        properties["missing"]
        == "Zr49Cu49Al2.scf.out, Zr49Cu49Al2.lb.out, ICOHPLIST.lobster, lobsterin-quippy, SOAPS.vec"
    )


def test_the_metadata_tell_what_the_descriptors_were_computed_with() -> None:
    world = World()
    for link, soaps in ((world.make(0), "SOAPS.vec"), (world.make_run(), "0/SOAPS.vec")):
        entities = {
            entity["@id"]: entity
            for entity in json.loads(world.unzip(link)["ro-crate-metadata.json"])["@graph"]
        }
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
    other = replace(
        world.archives,
        dataset=DatasetInfoReader(
            world.bucket, world.clock, SoapDescriptor.parse("soap cutoff=4 l_max=3 n_max=4")
        ),
    )
    for sub_run, differs in ((0, True), (1, False)):
        order = ArchiveSpec(SubRunKey(RUN, sub_run), ALL)
        assert (
            other.get_manifest(order).archive_key != world.archives.get_manifest(order).archive_key
        ) is differs


@pytest.mark.parametrize(
    "text",
    ["", "soap", "cutoff=3", "soap cutoff", "soap cutoff=3 l_max=", "soap Z={1 2", "SOAP cutoff=3"],
)
def test_what_quippy_would_not_take_is_no_descriptor(text: str) -> None:
    with pytest.raises(InvalidInput, match="invalid SOAP descriptor"):
        SoapDescriptor.parse(text)
    with pytest.raises(SettingsError, match="SOAP_DESCRIPTOR") if text else nullcontext():
        Settings.from_mapping({"RUN_TABLE": "runs", "DATA_BUCKET": "data", "SOAP_DESCRIPTOR": text})


def test_the_format_version_is_raised_with_the_library_that_packs() -> None:
    """Its bytes are taken from archives of sub-runs by their names: one name must not stand for the bytes of two versions."""
    assert (FORMAT_VERSION, version("isal")) == (3, "1.9.1")


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


def test_the_essential_profile_takes_the_files_that_training_needs() -> None:
    world = World()
    link = world.make(0, Selection.parse("essential", []))
    assert [file.name for file in link.record.files][:-1] == [
        "ICOHPLIST.lobster", "SOAPS.vec", "Zr49Cu49Al2.lb.out", "Zr49Cu49Al2.scf.in", "Zr49Cu49Al2.scf.out", "lobsterin-quippy",
    ]  # fmt: skip
    assert link.manifest.archive_key != world.make().manifest.archive_key


def test_globs_select_files_and_what_is_missing_of_them() -> None:
    world = World()
    link = world.make(1, Selection.parse("full", ["*.scf.*"]))
    assert [file.name for file in link.record.files] == [
        "Zr49Cu49Al2.scf.in",
        "ro-crate-metadata.json",
    ]
    assert link.manifest.missing == ("Zr49Cu49Al2.scf.out",)


@pytest.mark.parametrize("include", [["*"] * 21, [""], ["a/b"], ["x" * 101], ["a\nb"]])
def test_globs_that_make_no_sense_are_refused(include: list[str]) -> None:
    with pytest.raises(InvalidInput):
        Selection.parse("full", include)


def test_what_is_not_there_or_not_scheduled_is_told_apart() -> None:
    world = World()
    with pytest.raises(NotFound, match="run '22' of 'Zr49Cu49Al2' is not scheduled"):
        get_or_build_archive(
            ArchiveSpec(SubRunKey.parse("Zr49Cu49Al2", "22", "0"), ALL), world.archives
        )
    with pytest.raises(SubRunNotScheduled, match="'7' of run 'Zr49Cu49Al2/21'"):
        world.make(7)
    with pytest.raises(NotFound, match="'Zr49Cu49Al2/21/2' has no files"):
        world.make(2)
    with pytest.raises(
        NotFound,
        match=r"no file of 'Zr49Cu49Al2/21/0' matches profile 'full' and include \['\*.png'\]",
    ):
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
    archives = replace(world.archives, bucket=bucket)
    with pytest.raises(SourceChanged):
        get_or_build_archive(ArchiveSpec(SubRunKey(RUN, 0), ALL), archives)
    assert not bucket.records
    assert not [key for key in bucket.objects if key.startswith("archives/")]


def test_after_a_failed_build_the_next_request_builds_at_once() -> None:
    world = World()
    manifest = world.archives.get_manifest(ArchiveSpec(SubRunKey(RUN, 0), ALL))
    world.leases.acquire(
        manifest.archive_key, "broken", world.clock.now(), world.clock.now() + LEASE
    )
    world.leases.mark_failed(manifest.archive_key, "broken", "out of luck")
    assert not world.make().cached


def test_a_whole_run_has_a_folder_for_each_sub_run_with_files() -> None:
    world = World()
    link = world.make_run()
    files = world.unzip(link)
    assert files["0/SOAPS.vec"] == b"\x00soap" * 5000
    assert files["1/Zr49Cu49Al2.scf.in"] == b"deformed"
    assert "1/SOAPS.vec" in link.manifest.missing
    assert link.manifest.filename == "Zr49Cu49Al2_21.zip"


def test_a_whole_run_takes_what_its_sub_runs_have_packed_already() -> None:
    world, fresh = World(), World()
    world.make(0)
    before = len(world.bucket.read_keys)
    link = world.make_run()
    assert world.bucket.read_keys[before:] == [
        get_files_prefix(SubRunKey(RUN, 1)) + "Zr49Cu49Al2.scf.in"
    ]
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


def order() -> ArchiveSpec:
    return ArchiveSpec(SubRunKey(RUN, 0), ALL)


def test_a_large_archive_is_ordered_and_polled_until_it_is_there() -> None:
    world = World(inline_max_bytes=10)
    made = get_or_build_archive(order(), world.archives)
    assert isinstance(made, BuildInProgress)
    assert made.retry_after_seconds == 1
    assert world.queue.specs == [order()]
    run_build(world.queue.requests[0], world.archives)
    assert world.make().cached
    assert not world.leases.leases


def test_while_a_builder_works_nobody_orders_again_and_waits_grow() -> None:
    world = World(inline_max_bytes=10)
    manifest = world.archives.get_manifest(order())
    started = world.clock.now()
    assert world.leases.acquire(
        manifest.archive_key, "builder", started, started + timedelta(hours=1)
    )
    waits = []
    for _ in range(7):
        made = get_or_build_archive(order(), world.archives)
        assert isinstance(made, BuildInProgress)
        waits.append(made.retry_after_seconds)
        world.clock.advance(made.retry_after_seconds)
    assert waits == [1, 1, 2, 4, 8, 8, 8]
    assert world.queue.specs == []


def test_a_builder_that_died_is_replaced_after_its_lease() -> None:
    world = World(inline_max_bytes=10)
    manifest = world.archives.get_manifest(order())
    world.leases.acquire(manifest.archive_key, "dead", world.clock.now(), world.clock.now() + LEASE)
    world.clock.advance(LEASE.total_seconds())
    get_or_build_archive(order(), world.archives)
    assert world.queue.specs == [order()]
    run_build(world.queue.requests[-1], world.archives)
    assert world.make().cached


def test_a_failed_build_is_told_once_and_then_tried_again() -> None:
    world = World(inline_max_bytes=10)
    manifest = world.archives.get_manifest(order())
    world.leases.acquire(
        manifest.archive_key, "builder", world.clock.now(), world.clock.now() + LEASE
    )
    world.leases.mark_failed(manifest.archive_key, "builder", "the data bucket answered SlowDown")
    with pytest.raises(Unavailable, match="failed: the data bucket answered SlowDown"):
        get_or_build_archive(order(), world.archives)
    assert isinstance(get_or_build_archive(order(), world.archives), BuildInProgress)
    assert world.queue.specs == [order()]


def test_a_second_builder_of_the_same_archive_does_nothing() -> None:
    world = World(inline_max_bytes=10)
    manifest = world.archives.get_manifest(order())
    world.leases.acquire(
        manifest.archive_key, "first", world.clock.now(), world.clock.now() + LEASE
    )
    run_build(BuildRequest(order(), None), world.archives)
    assert not world.bucket.records


class HookedBucket(FakeDataBucket):
    """A bucket that calls `before(step)` before it completes the archive and before it writes the record."""

    def __init__(self, world: World, before: Callable[[str, str], None]) -> None:
        super().__init__()
        self.objects, self.records = world.bucket.objects, world.bucket.records
        self.before = before

    def write_archive(self, archive_key: str, pieces: Iterable[bytes], filename: str) -> str:
        content = list(pieces)
        self.before("archive", archive_key)
        return super().write_archive(archive_key, content, filename)

    def write_archive_record(self, archive_key: str, record: ArchiveRecord) -> None:
        self.before("record", archive_key)
        super().write_archive_record(archive_key, record)

    def read(self, artifact: Artifact) -> Iterator[bytes]:
        self.before("read", artifact.key)
        return super().read(artifact)


@pytest.mark.parametrize("step", ["read", "archive"])
def test_losing_the_lease_mid_build_writes_no_record(step: str) -> None:
    world = World()
    manifest = world.archives.get_manifest(order())

    def pause(reached: str, key: str) -> None:
        if reached == step:
            world.clock.advance(LEASE.total_seconds() + 1)
            world.leases.leases[manifest.archive_key] = BuildLease(
                "other", world.clock.now(), world.clock.now() + LEASE
            )

    made = get_or_build_archive(order(), replace(world.archives, bucket=HookedBucket(world, pause)))
    assert isinstance(made, BuildInProgress)
    assert not world.bucket.records
    assert (manifest.archive_key in world.bucket.objects) == (step == "archive")
    assert world.leases.leases[manifest.archive_key].holder == "other"


def test_a_builder_that_was_paused_finds_the_archive_of_the_next_one() -> None:
    world = World()
    paused: list[str] = []

    def pause(reached: str, key: str) -> None:
        if reached == "archive" and not paused:
            paused.append(key)
            world.clock.advance(LEASE.total_seconds() + 1)
            assert not world.make().cached  # the next builder, from beginning to end

    made = get_or_build_archive(order(), replace(world.archives, bucket=HookedBucket(world, pause)))
    assert isinstance(made, ArchiveLink)
    assert world.unzip(made)
    assert world.make().record == made.record


def test_a_build_that_fails_because_another_succeeded_is_no_failure() -> None:
    """The other's clock is ahead: it takes the lease over, and ends the upload of this one."""
    world = World()

    def end_upload(reached: str, key: str) -> None:
        if reached == "archive":
            ahead = replace(world.archives, clock=FakeClock())
            ahead.clock.sleep(2 * LEASE.total_seconds())
            assert isinstance(get_or_build_archive(order(), ahead), ArchiveLink)
            raise Unavailable("the data bucket answered NoSuchUpload to UploadPart")

    made = get_or_build_archive(
        order(), replace(world.archives, bucket=HookedBucket(world, end_upload))
    )
    assert isinstance(made, ArchiveLink)
    assert world.unzip(made)


def damage(world: World, archive_key: str) -> None:
    """Change bytes of a member, as a disk would: the ETag that the store returns stays what it was."""
    content = world.bucket.objects[archive_key]
    start = world.bucket.records[archive_key].files[1].data_offset
    changed = (
        content[:start]
        + bytes(255 - byte for byte in content[start : start + 20])
        + content[start + 20 :]
    )
    world.bucket.objects[archive_key] = changed
    etags = dict.fromkeys([changed], world.bucket.records[archive_key].etag)
    world.bucket.etag_of = lambda content: etags.get(content) or FakeDataBucket.etag_of(content)  # type: ignore[method-assign]


@pytest.mark.parametrize("loss", ["archive", "record", "other archive"])
@pytest.mark.parametrize("of_run", [False, True])
def test_a_lost_or_replaced_archive_costs_a_rebuild(loss: str, of_run: bool) -> None:
    world = World()
    make = world.make_run if of_run else world.make
    first = make()
    key = first.manifest.archive_key
    if loss == "archive":
        del world.bucket.objects[key]
    elif loss == "record":
        del world.bucket.records[key]
    else:
        world.bucket.objects[key] = b"PK" * (first.record.size_bytes // 2)
    second = make()
    assert (second.cached, second.record) == (False, first.record)
    assert world.unzip(second)
    assert make().cached


@pytest.mark.parametrize("fault", ["gone", "replaced", "damaged", "unavailable"])
def test_a_run_is_packed_from_the_files_if_an_archive_of_a_sub_run_is_unusable(fault: str) -> None:
    world = World()
    part = world.make(0)
    expected = World().make_run().record
    key = part.manifest.archive_key
    bucket: FakeDataBucket = world.bucket
    if fault == "damaged":
        damage(world, key)
    else:

        class Failing(FakeDataBucket):
            def read_archive(self, archive_key: str, etag: str, start: int, end: int) -> bytes:
                if fault == "gone":
                    del self.objects[key]
                elif fault == "replaced":
                    self.objects[key] = b"something else"
                else:
                    raise Unavailable("the data bucket answered InternalError to GetObject")
                return super().read_archive(archive_key, etag, start, end)

        bucket = Failing()
        bucket.objects, bucket.records = world.bucket.objects, world.bucket.records
    made = get_or_build_archive(ArchiveSpec(RUN, ALL), replace(world.archives, bucket=bucket))
    assert isinstance(made, ArchiveLink)
    assert made.record == expected
    assert world.unzip(made)
    if fault == "damaged":  # its own download is built again as well
        assert not world.make(0).cached


def test_a_run_has_the_same_bytes_from_files_and_from_archives_of_sub_runs() -> None:
    large = random.Random(3).randbytes(3_000_000) + bytes(3_000_000)
    packed, fresh = World(10**9), World(10**9)
    for world in (packed, fresh):
        world.put(0, "large", large)
        world.put(1, "large", large[:300_000])
    packed.make(0)
    packed.make(1)
    read = len(packed.bucket.read_keys)
    one, other = packed.make_run(), fresh.make_run()
    assert len(packed.bucket.read_keys) == read
    assert one.record == other.record
    assert (
        packed.bucket.objects[one.manifest.archive_key]
        == fresh.bucket.objects[other.manifest.archive_key]
    )


def test_a_caller_who_received_other_bytes_has_the_archive_verified() -> None:
    world = World()
    first = world.make()
    damage(world, first.manifest.archive_key)
    assert world.make().cached  # nothing tells that it is damaged
    second = world.make(verify=True)
    assert (second.cached, second.record) == (False, first.record)
    assert world.unzip(second)
    assert world.make(verify=True).cached


def test_names_that_no_archive_can_hold_are_skipped_and_named() -> None:
    world = World()
    names = (
        "ro-crate-metadata.json",
        "aux.log",
        "run 12:30.log",
        "name.",
        "Lobsterout",
        "out/b",
        "C:x",
        "a\\b",
    )
    for name in names:
        world.put(0, name, b"content")
    link = world.make()
    skipped = {file.name: file.reason for file in link.manifest.skipped}
    assert set(skipped) == {*names, "lobsterout"} - {"Lobsterout"}
    assert skipped["out/b"] == "the file is in a folder below that of the sub-run"
    files = world.unzip(link)
    assert files["Lobsterout"] == b"content"
    graph = json.loads(files["ro-crate-metadata.json"])["@graph"]
    [told] = [entity["value"] for entity in graph if entity["@id"] == "#skipped"]
    assert [file["name"] for file in json.loads(told)] == sorted(skipped)
    run = world.make_run()
    assert "0/aux.log" in {file.name for file in run.manifest.skipped}
    assert world.unzip(run)["0/Lobsterout"] == b"content"


def test_a_sub_run_with_files_in_folders_only_has_nothing_to_download_and_says_why() -> None:
    world = World()
    world.put(2, "out/b", b"content")
    with pytest.raises(
        NotFound,
        match=r"no file of 'Zr49Cu49Al2/21/2' matches.*cannot contain 'out/b': the file is in a folder",
    ):
        world.make(2)


def test_skipped_files_count_for_the_name_of_the_archive() -> None:
    world = World()
    before = world.archives.get_manifest(order()).archive_key
    world.put(0, "aux.log", b"")
    assert world.archives.get_manifest(order()).archive_key != before


def test_many_small_files_are_packed_in_the_background() -> None:
    world = World()
    for number in range(INLINE_MAX_MEMBERS):
        world.put(1, f"{number}", b"")
    made = get_or_build_archive(ArchiveSpec(SubRunKey(RUN, 1), ALL), world.archives)
    assert isinstance(made, BuildInProgress)
    assert len(world.queue.specs) == 1


def test_while_all_slots_are_taken_a_small_archive_is_queued() -> None:
    world = World()
    with world.archives.slots.within_request(), world.archives.slots.within_request():
        assert isinstance(get_or_build_archive(order(), world.archives), BuildInProgress)
    assert world.queue.specs == [order()]
    run_build(world.queue.requests[0], world.archives)
    assert world.make().cached


def test_polls_of_a_queued_build_queue_it_once_and_are_told_to_wait_longer() -> None:
    world = World(inline_max_bytes=10)
    waits = []
    for _ in range(6):
        made = get_or_build_archive(order(), world.archives)
        assert isinstance(made, BuildInProgress)
        waits.append(made.retry_after_seconds)
        world.clock.advance(made.retry_after_seconds)
    assert waits == [1, 1, 2, 4, 8, 8]
    assert world.queue.specs == [order()]


def test_a_queued_build_whose_process_ended_is_queued_again() -> None:
    world = World(inline_max_bytes=10)
    get_or_build_archive(order(), world.archives)
    world.clock.advance(LEASE.total_seconds())
    made = get_or_build_archive(order(), world.archives)
    assert isinstance(made, BuildInProgress)
    assert made.retry_after_seconds == 8
    assert world.queue.specs == [order(), order()]
    run_build(
        world.queue.requests[0], world.archives
    )  # the first was only slow: the second holds the lease
    assert not world.bucket.records
    run_build(world.queue.requests[1], world.archives)
    assert world.make().cached


def test_a_builder_that_cannot_be_started_leaves_no_lease() -> None:
    world = World(inline_max_bytes=10)

    class Down(FakeBuildQueue):
        def submit(self, request: BuildRequest) -> None:
            raise Unavailable("the builder answered TooManyRequestsException to Invoke")

    with pytest.raises(Unavailable, match="TooManyRequests"):
        get_or_build_archive(order(), replace(world.archives, queue=Down()))
    assert not world.leases.leases


def test_an_order_survives_the_way_to_another_process() -> None:
    for spec in (
        order(),
        ArchiveSpec(RUN, Selection.parse("essential", ["*.vec"]), (0, 3)),
        ArchiveSpec(RUN, ALL),
    ):
        request = BuildRequest(spec, "holder")
        assert BuildRequest.from_event(json.loads(json.dumps(request.to_event()))) == request
