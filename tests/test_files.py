"""Data files that are not what they should be: found at load, named, and cured by the one step that the message states."""
import contextlib
import gzip
import os
import shutil
import struct
import tracemalloc
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mirror import FILES, checksums, mirror, pack, write_full_size, write_idx

import image_data
import utils
import torch


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """Two sets of the real ones' sizes that differ, and a mirror of the first."""
    folder = tmp_path_factory.mktemp("sets")
    write_full_size(folder / "good")
    shutil.copytree(folder / "good", folder / "other")
    other = folder / "other" / "t10k-images-idx3-ubyte"
    content = bytearray(other.read_bytes())
    content[5_000_000] ^= 1  # one bit
    other.write_bytes(content)
    write_idx(folder / "other" / "t10k-labels-idx1-ubyte", 2049, (10_000,), bytes([3]) * 10_000)
    return folder, pack(folder / "good", folder / "mirror")


@pytest.fixture
def raw(sets, tmp_path, monkeypatch):
    """A good set, which the course takes for the real Fashion-MNIST."""
    folder, resources = sets
    monkeypatch.setitem(image_data.CRC32["real"], "FashionMNIST", checksums(folder / "good"))
    monkeypatch.setattr("torchvision.datasets.FashionMNIST.resources", resources)
    monkeypatch.setenv("COURSE_DATA", "auto")
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))
    return Path(shutil.copytree(folder / "good", tmp_path / "FashionMNIST" / "raw"))


def cut(file, size):
    def damage(raw, _):
        os.truncate(raw / file, size)
    return damage


def replaced(file, content):
    def damage(raw, _):
        (raw / file).write_bytes(content)
    return damage


def idx(file, magic, shape, size):
    def damage(raw, _):
        write_idx(raw / file, magic, shape, bytes(size))
    return damage


def stray(file):
    def damage(raw, sets):
        shutil.copy(sets / "other" / file, raw / file)
    return damage


IMAGES, LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"
DAMAGE = {
    "truncated": (cut(IMAGES, 100_000), "its header promises 7,840,016 bytes"),
    "cut in the header": (cut(IMAGES, 6), "no IDX file of this kind"),
    "empty": (cut(LABELS, 0), "no IDX file of this kind: it begins with b''"),
    "a byte too long": (cut(IMAGES, 7_840_017), "it has 7,840,017 bytes"),
    "a web page": (replaced(IMAGES, b"<html>404 not found</html>" * 10), "it begins with b'<html>40'"),
    "still packed": (replaced(LABELS, gzip.compress(bytes(10_008))), "no IDX file of this kind"),
    "labels in place of images": (idx(IMAGES, 2049, (10_000,), 10_000), "no IDX file of this kind"),
    "other sides": (idx(IMAGES, 2051, (10_000, 32, 32), 10_240_000), "images of (32, 32)"),
    "more images than memory": (idx(IMAGES, 2051, (2**32 - 1, 28, 28), 0), "its header promises 3,367,254,359,296 bytes"),
    "fewer images": (idx(IMAGES, 2051, (9_999, 28, 28), 9_999 * 784), "holds 9,999 where FashionMNIST's holds 10,000"),
    "fewer labels": (idx(LABELS, 2049, (9_999,), 9_999), "holds 9,999 where FashionMNIST's holds 10,000"),
    "another set's labels": (stray(LABELS), "damaged, or another set's file: its checksum is"),
    "one bit": (stray(IMAGES), "damaged, or another set's file: its checksum is"),
}


LONG = pytest.mark.long("reads a file of the real one's size twice, for a sentence that another kind shows too")
ALIKE = ("cut in the header", "a web page", "other sides", "labels in place of images", "a byte too long", "fewer labels")


@pytest.mark.parametrize("what", [pytest.param(what, marks=[LONG] if what in ALIKE else []) for what in DAMAGE])
def test_damage_is_named_and_the_stated_step_cures_it(what, sets, raw, monkeypatch):
    damage, words = DAMAGE[what]
    damage(raw, sets[0])
    (bad,) = [raw / name for name in (IMAGES, LABELS) if (raw / name).read_bytes() != (sets[0] / "good" / name).read_bytes()]
    for mode in ("auto", "real"):
        monkeypatch.setenv("COURSE_DATA", mode)
        with pytest.raises(ValueError) as error:
            utils.load_data_fashion_mnist(32)
        assert words in str(error.value) and str(error.value).startswith(f"{bad} ")
        assert str(error.value).endswith("Delete it and load again (or copy it there anew).")
    if what not in ("truncated", "empty", "another set's labels", "one bit"):
        return  # the step takes away whatever lies there: four kinds show it
    bad.unlink()
    with mirror(sets[0] / "mirror") as url:
        monkeypatch.setattr("torchvision.datasets.FashionMNIST.mirrors", [url])
        train_iter, _ = utils.load_data_fashion_mnist(32)  # in the same process, as in the same notebook
    assert train_iter.dataset.source == "real"


def test_whoever_chooses_no_data_gets_the_real_set_and_whoever_chooses_the_sample_that(raw, monkeypatch):
    monkeypatch.delenv("COURSE_DATA")
    assert utils.load_data_fashion_mnist(8)[0].dataset.source == "real"
    monkeypatch.setenv("COURSE_DATA", "sample")
    assert utils.load_data_fashion_mnist(8)[0].dataset.source == "sample"


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such files")
def test_what_is_no_file_is_not_read(sets, raw, monkeypatch):
    """A pipe that nobody writes to would be read for ever."""
    for file in (IMAGES, LABELS):
        (raw / file).unlink()
    os.mkfifo(raw / IMAGES)
    os.symlink(os.devnull, raw / LABELS)
    with mirror(sets[0] / "mirror") as url:
        monkeypatch.setattr("torchvision.datasets.FashionMNIST.mirrors", [url])
        assert utils.load_data_fashion_mnist(32)[1].dataset.source == "real"
    assert (raw / IMAGES).is_file() and Path(os.devnull).exists()


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such links")
@pytest.mark.parametrize("how", ["a link to itself", "a name without end"])
def test_a_folder_that_can_not_be_is_not_called_forbidden(how, tmp_path, monkeypatch):
    place = tmp_path / ("loop" if how == "a link to itself" else "x" * 300)
    if how == "a link to itself":
        place.symlink_to(place)
    monkeypatch.setenv("COURSE_DATA", "auto")
    monkeypatch.setenv("COURSE_DATA_DIR", str(place))
    with pytest.raises(OSError, match=r"can't be read \((Too many levels of symbolic links|File name too long)\)\. "
                                      r"Name another folder in COURSE_DATA_DIR\.$"):
        utils.load_data_mnist(32)


def test_a_sample_that_was_changed_is_named_with_its_cure(tmp_path, monkeypatch):
    shutil.copytree(utils.SAMPLE, tmp_path / "sample")
    monkeypatch.setattr(image_data, "SAMPLE", tmp_path / "sample")
    monkeypatch.setenv("COURSE_DATA", "sample")
    labels = tmp_path / "sample" / "MNIST" / "raw" / LABELS
    images = labels.with_name(LABELS.replace("labels-idx1", "images-idx3"))
    good = {path: path.read_bytes() for path in (labels, images)}
    for path, bad in ((labels, good[labels][:500]),
                      (labels, good[labels][:-1] + bytes([9 - good[labels][-1]])),
                      (images, good[images][:500_000] + bytes(len(good[images]) - 500_000))):  # half of them blacked out
        path.write_bytes(bad)
        with pytest.raises(ValueError, match=f"{path.name} is damaged.*Run `python data/draw_sample.py` to draw the sample anew"):
            utils.load_data_mnist(32)
        path.write_bytes(good[path])
    assert len(utils.load_data_mnist(32)[1].dataset) == 1000


def test_the_checksums_of_the_real_sets_are_written_down_twice():
    """Where the real sets are not at hand, nothing else notices a digit that was changed by accident."""
    assert image_data.CRC32["real"] == {"MNIST": (3925137587, 3771419346, 2436316127, 1253699577),
                                        "FashionMNIST": (3035799336, 1947878999, 1737482417, 2148805663)}


@pytest.mark.skipif("COURSE_DATA_DIR" not in os.environ, reason="needs the real data sets")
@pytest.mark.slow("the real data sets")
@pytest.mark.parametrize("name", image_data.CRC32["real"])
def test_the_checksums_are_those_of_the_real_sets(name, monkeypatch):
    """Of the unpacked files here, and of the packed ones, which hold the same numbers, where they are here too."""
    import torchvision
    raw = Path(os.environ["COURSE_DATA_DIR"], name, "raw")
    assert tuple(checksums(raw)) == image_data.CRC32["real"][name]
    packed = dict(getattr(torchvision.datasets, name).resources)
    for file, right in zip(FILES, image_data.CRC32["real"][name]):
        path = raw / f"{file}.gz"
        if path.exists() and torchvision.datasets.utils.check_integrity(path, packed[path.name]):
            assert struct.unpack("<I", path.read_bytes()[-8:-4]) == (right,)


# ---- whatever a file may hold

SIDES = {2051: (28, 28), 2049: ()}


@st.composite
def files(draw):
    """(magic number that is asked for, bytes): IDX files, whole and broken in many ways, and mere noise."""
    magic = draw(st.sampled_from([2051, 2049]))
    count, extra = draw(st.integers(0, 3)), draw(st.binary(min_size=1, max_size=60))
    payload = (extra * (784 * 3))[:count * (784 if magic == 2051 else 1)]
    whole = struct.pack(f">{2 + len(SIDES[magic])}I", magic, count, *SIDES[magic]) + payload
    how = draw(st.sampled_from(["whole", "cut", "longer", "changed", "lies", "shape", "noise", "packed"]))
    if how == "cut":
        return magic, whole[:draw(st.integers(0, len(whole)))]
    if how == "longer":
        return magic, whole + extra
    if how == "changed":
        at = draw(st.integers(0, 15))
        return magic, whole[:at] + extra + whole[at + len(extra):]
    if how == "lies":
        return magic, whole[:4] + struct.pack(">I", draw(st.integers(0, 2**32 - 1))) + whole[8:]
    if how == "shape":
        sides = draw(st.lists(st.integers(0, 2**32 - 1), max_size=5))
        return magic, struct.pack(f">{2 + len(sides)}I", magic, count, *sides) + payload
    return magic, {"whole": whole, "noise": extra, "packed": gzip.compress(whole)}[how]


@pytest.mark.exhaustive("sixteen thousand files, a minute")
def test_the_reader_takes_ten_thousand_files_and_only_raises_clear_errors(tmp_path):
    path, malformed, read = tmp_path / "file", set(), set()

    @settings(max_examples=16_000, deadline=None, database=None, derandomize=True, report_multiple_bugs=False,
              suppress_health_check=list(HealthCheck))
    @given(files())
    def look(case):
        magic, content = case
        path.write_bytes(content)
        written = content
        with contextlib.suppress(OSError, EOFError, zlib.error):  # packed: what it holds counts, whatever its name says
            content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
        sides = SIDES[magic]
        start = 8 + 4 * len(sides)
        right = (len(content) >= start and struct.unpack(f">{start // 4}I", content[:start])[2:] == sides
                 and struct.unpack(">I", content[:4]) == (magic,)
                 and len(content) == start + struct.unpack(">I", content[4:8])[0] * (784 if sides else 1))
        tracemalloc.start()
        try:
            array, crc = image_data._read_idx(path, magic, sides, "Cure.")
        except ValueError as error:
            assert not right and str(error).startswith(str(path)) and str(error).endswith(" Cure."), error
            assert any(words in str(error) for words in ("no IDX file of this kind", "its header promises", "can't be unpacked"))
            malformed.add(written)
        else:
            assert right and array.dtype == torch.uint8 and crc == zlib.crc32(content)
            assert array.numpy().tobytes() == content[start:]
            read.add(written)
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peak <= 4 * len(content) + 1_000_000, "the file, and what Python needs to open one and to raise an error"

    look()
    assert len(malformed) >= 10_000 and len(read) > 500, (len(malformed), len(read))


def test_reading_takes_no_more_memory_than_the_file(tmp_path):
    write_idx(tmp_path / "images", 2051, (10_000, 28, 28), bytes(7_840_000))
    tracemalloc.start()
    try:
        array, _ = image_data._read_idx(tmp_path / "images", 2051, (28, 28), "")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(array) == 10_000 and 7_840_000 <= peak < 1.1 * 7_840_000
