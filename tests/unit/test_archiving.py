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
from chalicelib.usecases.build_ports import BuilderTask
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


class ArchiveScenario:
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
        result = get_or_build_archive(
            ArchiveSpec(SubRunKey(RUN, sub_run), selection), self.archives, verify=verify
        )
        assert isinstance(result, ArchiveLink)
        return result

    def make_run(self, *sub_runs: int) -> ArchiveLink:
        result = get_or_build_archive(ArchiveSpec(RUN, ALL, sub_runs or None), self.archives)
        assert isinstance(result, ArchiveLink)
        return result

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
    scenario = ArchiveScenario()
    link = scenario.make()
    files = scenario.unzip(link)
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


def test_the_metadata_contain_hash_size_and_deformation() -> None:
    scenario = ArchiveScenario()
    graph = json.loads(scenario.unzip(scenario.make(1))["ro-crate-metadata.json"])["@graph"]
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


def test_the_metadata_contain_the_parameters_of_the_descriptors() -> None:
    scenario = ArchiveScenario()
    for link, soaps in ((scenario.make(0), "SOAPS.vec"), (scenario.make_run(), "0/SOAPS.vec")):
        entities = {
            entity["@id"]: entity
            for entity in json.loads(scenario.unzip(link)["ro-crate-metadata.json"])["@graph"]
        }
        described = [entities[entry["@id"]] for entry in entities[soaps]["additionalProperty"]]
        parameters_listed = {
            entity["name"]: (entity["value"], entity.get("unitText")) for entity in described
        }
        assert parameters_listed == {
            "soap_descriptor": (PUBLISHED.text, None), "soap_cutoff": ("3.75", "angstrom"), "soap_l_max": ("6", None),
            "soap_n_max": ("8", None), "soap_atom_sigma": ("0.5", "angstrom"), "soap_n_Z": ("3", None), "soap_Z": ("13 29 40", None),
            "soap_n_species": ("3", None), "soap_species_Z": ("13 29 40", None),
        }  # fmt: skip
    assert "soap" not in scenario.unzip(scenario.make(1))["ro-crate-metadata.json"].decode()


def test_other_descriptor_parameters_change_archives_with_descriptors() -> None:
    scenario = ArchiveScenario()
    other = replace(
        scenario.archives,
        dataset=DatasetInfoReader(
            scenario.bucket, scenario.clock, SoapDescriptor.parse("soap cutoff=4 l_max=3 n_max=4")
        ),
    )
    for sub_run, differs in ((0, True), (1, False)):
        order = ArchiveSpec(SubRunKey(RUN, sub_run), ALL)
        assert (
            other.get_manifest(order).archive_key
            != scenario.archives.get_manifest(order).archive_key
        ) is differs


@pytest.mark.parametrize(
    "text",
    ["", "soap", "cutoff=3", "soap cutoff", "soap cutoff=3 l_max=", "soap Z={1 2", "SOAP cutoff=3"],
)
def test_a_descriptor_that_quippy_rejects_is_invalid(text: str) -> None:
    with pytest.raises(InvalidInput, match="invalid SOAP descriptor"):
        SoapDescriptor.parse(text)
    with pytest.raises(SettingsError, match="SOAP_DESCRIPTOR") if text else nullcontext():
        Settings.from_mapping({"RUN_TABLE": "runs", "DATA_BUCKET": "data", "SOAP_DESCRIPTOR": text})


def test_the_format_version_is_raised_with_the_library_that_packs() -> None:
    """Its bytes are taken from archives of sub-runs by their names.

    One name must not stand for the bytes of two versions.
    """
    assert (FORMAT_VERSION, version("isal")) == (3, "1.9.1")


def test_a_second_request_builds_nothing() -> None:
    scenario = ArchiveScenario()
    first = scenario.make()
    read = list(scenario.bucket.read_keys)
    second = scenario.make()
    assert (first.cached, second.cached) == (False, True)
    assert second.record == first.record
    assert scenario.bucket.read_keys == read


def test_the_same_inputs_give_the_same_bytes_anywhere() -> None:
    one, other = ArchiveScenario(), ArchiveScenario()
    other.clock.advance(86_400)
    key = one.make().manifest.archive_key
    assert other.make().manifest.archive_key == key
    assert one.bucket.objects[key] == other.bucket.objects[key]


def test_a_changed_file_gives_another_archive() -> None:
    scenario = ArchiveScenario()
    first = scenario.make()
    scenario.put(0, "lobsterout", b"now with text")
    second = scenario.make()
    assert first.manifest.archive_key != second.manifest.archive_key
    assert scenario.unzip(second)["lobsterout"] == b"now with text"


def test_the_essential_profile_takes_the_files_that_training_needs() -> None:
    scenario = ArchiveScenario()
    link = scenario.make(0, Selection.parse("essential", []))
    assert [file.name for file in link.record.files][:-1] == [
        "ICOHPLIST.lobster", "SOAPS.vec", "Zr49Cu49Al2.lb.out", "Zr49Cu49Al2.scf.in", "Zr49Cu49Al2.scf.out", "lobsterin-quippy",
    ]  # fmt: skip
    assert link.manifest.archive_key != scenario.make().manifest.archive_key


def test_globs_select_files_and_missing_ones_are_reported() -> None:
    scenario = ArchiveScenario()
    link = scenario.make(1, Selection.parse("full", ["*.scf.*"]))
    assert [file.name for file in link.record.files] == [
        "Zr49Cu49Al2.scf.in",
        "ro-crate-metadata.json",
    ]
    assert link.manifest.missing == ("Zr49Cu49Al2.scf.out",)


@pytest.mark.parametrize("include", [["*"] * 21, [""], ["a/b"], ["x" * 101], ["a\nb"]])
def test_globs_that_make_no_sense_are_refused(include: list[str]) -> None:
    with pytest.raises(InvalidInput):
        Selection.parse("full", include)


def test_missing_and_unscheduled_sub_runs_raise_different_errors() -> None:
    scenario = ArchiveScenario()
    with pytest.raises(NotFound, match="run '22' of 'Zr49Cu49Al2' is not scheduled"):
        get_or_build_archive(
            ArchiveSpec(SubRunKey.parse("Zr49Cu49Al2", "22", "0"), ALL), scenario.archives
        )
    with pytest.raises(SubRunNotScheduled, match="'7' of run 'Zr49Cu49Al2/21'"):
        scenario.make(7)
    with pytest.raises(NotFound, match="'Zr49Cu49Al2/21/2' has no files"):
        scenario.make(2)
    with pytest.raises(
        NotFound,
        match=r"no file of 'Zr49Cu49Al2/21/0' matches profile 'full' and include \['\*.png'\]",
    ):
        scenario.make(0, Selection.parse("full", ["*.png"]))
    assert not scenario.bucket.records


class ChangingBucket(FakeDataBucket):
    """A bucket in which a file changes between listing and reading."""

    def read(self, artifact: Artifact) -> Iterator[bytes]:
        if artifact.name == "SOAPS.vec":
            raise SourceChanged("changed")
        return super().read(artifact)


def test_a_file_that_changes_while_it_is_read_leaves_no_archive() -> None:
    scenario = ArchiveScenario()
    bucket = ChangingBucket()
    bucket.objects = scenario.bucket.objects
    archives = replace(scenario.archives, bucket=bucket)
    with pytest.raises(SourceChanged):
        get_or_build_archive(ArchiveSpec(SubRunKey(RUN, 0), ALL), archives)
    assert not bucket.records
    assert not [key for key in bucket.objects if key.startswith("archives/")]


def test_after_a_failed_build_the_next_request_builds_at_once() -> None:
    scenario = ArchiveScenario()
    manifest = scenario.archives.get_manifest(ArchiveSpec(SubRunKey(RUN, 0), ALL))
    scenario.leases.acquire(
        manifest.archive_key, "broken", scenario.clock.now(), scenario.clock.now() + LEASE
    )
    scenario.leases.mark_failed(manifest.archive_key, "broken", "out of luck")
    assert not scenario.make().cached


def test_a_whole_run_has_a_folder_for_each_sub_run_with_files() -> None:
    scenario = ArchiveScenario()
    link = scenario.make_run()
    files = scenario.unzip(link)
    assert files["0/SOAPS.vec"] == b"\x00soap" * 5000
    assert files["1/Zr49Cu49Al2.scf.in"] == b"deformed"
    assert "1/SOAPS.vec" in link.manifest.missing
    assert link.manifest.filename == "Zr49Cu49Al2_21.zip"


def test_a_run_archive_reuses_the_members_of_sub_run_archives() -> None:
    scenario, fresh = ArchiveScenario(), ArchiveScenario()
    scenario.make(0)
    before = len(scenario.bucket.read_keys)
    link = scenario.make_run()
    assert scenario.bucket.read_keys[before:] == [
        get_files_prefix(SubRunKey(RUN, 1)) + "Zr49Cu49Al2.scf.in"
    ]
    assert scenario.unzip(link) == fresh.unzip(fresh.make_run())
    assert link.record == fresh.make_run().record


def test_a_whole_run_of_some_sub_runs_is_another_archive() -> None:
    scenario = ArchiveScenario()
    link = scenario.make_run(1)
    assert sorted(scenario.unzip(link)) == ["1/Zr49Cu49Al2.scf.in", "ro-crate-metadata.json"]
    with pytest.raises(NotFound, match="sub-runs '2' of run"):
        scenario.make_run(1, 2)
    with pytest.raises(SubRunNotScheduled, match="sub-runs '5', '6' of run"):
        scenario.make_run(1, 5, 6)


def order() -> ArchiveSpec:
    return ArchiveSpec(SubRunKey(RUN, 0), ALL)


def test_a_large_archive_is_ordered_and_polled_until_it_is_there() -> None:
    scenario = ArchiveScenario(inline_max_bytes=10)
    result = get_or_build_archive(order(), scenario.archives)
    assert isinstance(result, BuildInProgress)
    assert result.retry_after_seconds == 1
    assert scenario.queue.specs == [order()]
    run_build(scenario.queue.requests[0], scenario.archives)
    assert scenario.make().cached
    assert not scenario.leases.leases


def test_a_build_in_progress_is_not_requested_again_and_waits_grow() -> None:
    scenario = ArchiveScenario(inline_max_bytes=10)
    manifest = scenario.archives.get_manifest(order())
    started = scenario.clock.now()
    assert scenario.leases.acquire(
        manifest.archive_key, "builder", started, started + timedelta(hours=1)
    )
    waits = []
    for _ in range(7):
        result = get_or_build_archive(order(), scenario.archives)
        assert isinstance(result, BuildInProgress)
        waits.append(result.retry_after_seconds)
        scenario.clock.advance(result.retry_after_seconds)
    assert waits == [1, 1, 2, 4, 8, 8, 8]
    assert scenario.queue.specs == []


def test_a_builder_that_died_is_replaced_after_its_lease() -> None:
    scenario = ArchiveScenario(inline_max_bytes=10)
    manifest = scenario.archives.get_manifest(order())
    scenario.leases.acquire(
        manifest.archive_key, "dead", scenario.clock.now(), scenario.clock.now() + LEASE
    )
    scenario.clock.advance(LEASE.total_seconds())
    get_or_build_archive(order(), scenario.archives)
    assert scenario.queue.specs == [order()]
    run_build(scenario.queue.requests[-1], scenario.archives)
    assert scenario.make().cached


def test_a_failed_build_is_reported_once_and_then_retried() -> None:
    scenario = ArchiveScenario(inline_max_bytes=10)
    manifest = scenario.archives.get_manifest(order())
    scenario.leases.acquire(
        manifest.archive_key, "builder", scenario.clock.now(), scenario.clock.now() + LEASE
    )
    scenario.leases.mark_failed(
        manifest.archive_key, "builder", "the data bucket returned SlowDown"
    )
    with pytest.raises(Unavailable, match="failed: the data bucket returned SlowDown"):
        get_or_build_archive(order(), scenario.archives)
    assert isinstance(get_or_build_archive(order(), scenario.archives), BuildInProgress)
    assert scenario.queue.specs == [order()]


def test_a_second_builder_of_the_same_archive_does_nothing() -> None:
    scenario = ArchiveScenario(inline_max_bytes=10)
    manifest = scenario.archives.get_manifest(order())
    scenario.leases.acquire(
        manifest.archive_key, "first", scenario.clock.now(), scenario.clock.now() + LEASE
    )
    run_build(BuildRequest(order(), None), scenario.archives)
    assert not scenario.bucket.records


class HookedBucket(FakeDataBucket):
    """A bucket that calls `before(step)` before it completes the archive or writes the record."""

    def __init__(self, scenario: ArchiveScenario, before: Callable[[str, str], None]) -> None:
        super().__init__()
        self.objects, self.records = scenario.bucket.objects, scenario.bucket.records
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
    scenario = ArchiveScenario()
    manifest = scenario.archives.get_manifest(order())

    def pause(reached: str, key: str) -> None:
        if reached == step:
            scenario.clock.advance(LEASE.total_seconds() + 1)
            scenario.leases.leases[manifest.archive_key] = BuildLease(
                "other", scenario.clock.now(), scenario.clock.now() + LEASE
            )

    result = get_or_build_archive(
        order(), replace(scenario.archives, bucket=HookedBucket(scenario, pause))
    )
    assert isinstance(result, BuildInProgress)
    assert not scenario.bucket.records
    assert (manifest.archive_key in scenario.bucket.objects) == (step == "archive")
    assert scenario.leases.leases[manifest.archive_key].holder == "other"


def test_a_builder_that_was_paused_finds_the_archive_of_the_next_one() -> None:
    scenario = ArchiveScenario()
    paused: list[str] = []

    def pause(reached: str, key: str) -> None:
        if reached == "archive" and not paused:
            paused.append(key)
            scenario.clock.advance(LEASE.total_seconds() + 1)
            assert not scenario.make().cached  # the next builder, from beginning to end

    result = get_or_build_archive(
        order(), replace(scenario.archives, bucket=HookedBucket(scenario, pause))
    )
    assert isinstance(result, ArchiveLink)
    assert scenario.unzip(result)
    assert scenario.make().record == result.record


def test_a_build_that_fails_because_another_succeeded_is_no_failure() -> None:
    """Let a builder whose clock is ahead take the lease over and end the upload of this one."""
    scenario = ArchiveScenario()

    def end_upload(reached: str, key: str) -> None:
        if reached == "archive":
            ahead = replace(scenario.archives, clock=FakeClock())
            ahead.clock.sleep(2 * LEASE.total_seconds())
            assert isinstance(get_or_build_archive(order(), ahead), ArchiveLink)
            raise Unavailable("the data bucket returned NoSuchUpload to UploadPart")

    result = get_or_build_archive(
        order(), replace(scenario.archives, bucket=HookedBucket(scenario, end_upload))
    )
    assert isinstance(result, ArchiveLink)
    assert scenario.unzip(result)


def damage(scenario: ArchiveScenario, archive_key: str) -> None:
    """Change bytes of a member, as a disk would.

    The ETag that the store returns stays what it was.
    """
    content = scenario.bucket.objects[archive_key]
    start = scenario.bucket.records[archive_key].files[1].data_offset
    changed = (
        content[:start]
        + bytes(255 - byte for byte in content[start : start + 20])
        + content[start + 20 :]
    )
    scenario.bucket.objects[archive_key] = changed
    etags = dict.fromkeys([changed], scenario.bucket.records[archive_key].etag)
    scenario.bucket.etag_of = lambda content: etags.get(content) or FakeDataBucket.etag_of(content)  # type: ignore[method-assign]


@pytest.mark.parametrize("loss", ["archive", "record", "other archive"])
@pytest.mark.parametrize("of_run", [False, True])
def test_a_lost_or_replaced_archive_costs_a_rebuild(loss: str, of_run: bool) -> None:
    scenario = ArchiveScenario()
    make = scenario.make_run if of_run else scenario.make
    first = make()
    key = first.manifest.archive_key
    if loss == "archive":
        del scenario.bucket.objects[key]
    elif loss == "record":
        del scenario.bucket.records[key]
    else:
        scenario.bucket.objects[key] = b"PK" * (first.record.size_bytes // 2)
    second = make()
    assert (second.cached, second.record) == (False, first.record)
    assert scenario.unzip(second)
    assert make().cached


@pytest.mark.parametrize("fault", ["gone", "replaced", "damaged", "unavailable"])
def test_a_run_is_packed_from_the_files_if_an_archive_of_a_sub_run_is_unusable(fault: str) -> None:
    scenario = ArchiveScenario()
    part = scenario.make(0)
    expected = ArchiveScenario().make_run().record
    key = part.manifest.archive_key
    bucket: FakeDataBucket = scenario.bucket
    if fault == "damaged":
        damage(scenario, key)
    else:

        class Failing(FakeDataBucket):
            def read_archive(self, archive_key: str, etag: str, start: int, end: int) -> bytes:
                if fault == "gone":
                    del self.objects[key]
                elif fault == "replaced":
                    self.objects[key] = b"something else"
                else:
                    raise Unavailable("the data bucket returned InternalError to GetObject")
                return super().read_archive(archive_key, etag, start, end)

        bucket = Failing()
        bucket.objects, bucket.records = scenario.bucket.objects, scenario.bucket.records
    result = get_or_build_archive(ArchiveSpec(RUN, ALL), replace(scenario.archives, bucket=bucket))
    assert isinstance(result, ArchiveLink)
    assert result.record == expected
    assert scenario.unzip(result)
    if fault == "damaged":  # its own download is built again as well
        assert not scenario.make(0).cached


def test_a_run_has_the_same_bytes_from_files_and_from_archives_of_sub_runs() -> None:
    large = random.Random(3).randbytes(3_000_000) + bytes(3_000_000)
    packed, fresh = ArchiveScenario(10**9), ArchiveScenario(10**9)
    for scenario in (packed, fresh):
        scenario.put(0, "large", large)
        scenario.put(1, "large", large[:300_000])
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


def test_a_report_of_other_bytes_causes_a_check_of_the_archive() -> None:
    scenario = ArchiveScenario()
    first = scenario.make()
    damage(scenario, first.manifest.archive_key)
    assert scenario.make().cached  # nothing shows that it is damaged
    second = scenario.make(verify=True)
    assert (second.cached, second.record) == (False, first.record)
    assert scenario.unzip(second)
    assert scenario.make(verify=True).cached


def test_names_that_no_archive_can_contain_are_skipped_and_listed() -> None:
    scenario = ArchiveScenario()
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
        scenario.put(0, name, b"content")
    link = scenario.make()
    skipped = {file.name: file.reason for file in link.manifest.skipped}
    assert set(skipped) == {*names, "lobsterout"} - {"Lobsterout"}
    assert skipped["out/b"] == "the file is in a folder below that of the sub-run"
    files = scenario.unzip(link)
    assert files["Lobsterout"] == b"content"
    graph = json.loads(files["ro-crate-metadata.json"])["@graph"]
    [parameters_listed] = [entity["value"] for entity in graph if entity["@id"] == "#skipped"]
    assert [file["name"] for file in json.loads(parameters_listed)] == sorted(skipped)
    run = scenario.make_run()
    assert "0/aux.log" in {file.name for file in run.manifest.skipped}
    assert scenario.unzip(run)["0/Lobsterout"] == b"content"


def test_a_sub_run_with_files_in_folders_only_has_no_archive() -> None:
    scenario = ArchiveScenario()
    scenario.put(2, "out/b", b"content")
    with pytest.raises(
        NotFound,
        match=r"no file of 'Zr49Cu49Al2/21/2' matches.*cannot contain 'out/b': the file is in a folder",
    ):
        scenario.make(2)


def test_skipped_files_count_for_the_name_of_the_archive() -> None:
    scenario = ArchiveScenario()
    before = scenario.archives.get_manifest(order()).archive_key
    scenario.put(0, "aux.log", b"")
    assert scenario.archives.get_manifest(order()).archive_key != before


def test_many_small_files_are_packed_in_the_background() -> None:
    scenario = ArchiveScenario()
    for number in range(INLINE_MAX_MEMBERS):
        scenario.put(1, f"{number}", b"")
    result = get_or_build_archive(ArchiveSpec(SubRunKey(RUN, 1), ALL), scenario.archives)
    assert isinstance(result, BuildInProgress)
    assert len(scenario.queue.specs) == 1


def test_while_all_slots_are_taken_a_small_archive_is_queued() -> None:
    scenario = ArchiveScenario()
    with scenario.archives.slots.within_request(), scenario.archives.slots.within_request():
        assert isinstance(get_or_build_archive(order(), scenario.archives), BuildInProgress)
    assert scenario.queue.specs == [order()]
    run_build(scenario.queue.requests[0], scenario.archives)
    assert scenario.make().cached


def test_polls_queue_a_build_once_and_get_growing_waits() -> None:
    scenario = ArchiveScenario(inline_max_bytes=10)
    waits = []
    for _ in range(6):
        result = get_or_build_archive(order(), scenario.archives)
        assert isinstance(result, BuildInProgress)
        waits.append(result.retry_after_seconds)
        scenario.clock.advance(result.retry_after_seconds)
    assert waits == [1, 1, 2, 4, 8, 8]
    assert scenario.queue.specs == [order()]


def test_a_queued_build_whose_process_ended_is_queued_again() -> None:
    scenario = ArchiveScenario(inline_max_bytes=10)
    get_or_build_archive(order(), scenario.archives)
    scenario.clock.advance(LEASE.total_seconds())
    result = get_or_build_archive(order(), scenario.archives)
    assert isinstance(result, BuildInProgress)
    assert result.retry_after_seconds == 8
    assert scenario.queue.specs == [order(), order()]
    run_build(
        scenario.queue.requests[0], scenario.archives
    )  # the first was only slow: the second holds the lease
    assert not scenario.bucket.records
    run_build(scenario.queue.requests[1], scenario.archives)
    assert scenario.make().cached


def test_a_builder_that_cannot_be_started_leaves_no_lease() -> None:
    scenario = ArchiveScenario(inline_max_bytes=10)

    class Down(FakeBuildQueue):
        def submit(self, task: BuilderTask) -> None:
            raise Unavailable("the builder returned TooManyRequestsException to Invoke")

    with pytest.raises(Unavailable, match="TooManyRequests"):
        get_or_build_archive(order(), replace(scenario.archives, queue=Down()))
    assert not scenario.leases.leases


def test_an_order_survives_the_way_to_another_process() -> None:
    for spec in (
        order(),
        ArchiveSpec(RUN, Selection.parse("essential", ["*.vec"]), (0, 3)),
        ArchiveSpec(RUN, ALL),
    ):
        request = BuildRequest(spec, "holder")
        assert BuildRequest.from_event(json.loads(json.dumps(request.to_event()))) == request
