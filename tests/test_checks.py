"""What the checks of single lessons keep beside their tasks: drawn tables, files for answers that read, threads in place of processes."""
import signal
import sys
import threading
from pathlib import Path

import pytest

import utils  # noqa: F401  before torch
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from exercises.checks import Case, Wrong, concise, processes  # noqa: E402

NAN = float("nan")


# ---------------------------------------------------------------- lesson 05: products

def test_drawn_products_are_a_table_in_the_contests_format():
    header, *rows = concise.draw_products(200, 3).removesuffix("\n").split("\n")
    assert header.split(",") == ["id", *(f"feat_{j}" for j in range(1, 94)), "target"]
    cells = [row.split(",") for row in rows]
    assert [row[0] for row in cells] == [str(i) for i in range(1, 201)] and {len(row) for row in cells} == {95}
    assert {row[-1] for row in cells} == {f"Class_{k}" for k in range(1, 10)}


def test_most_counts_of_drawn_products_are_0_and_features_and_classes_differ():
    X, y = concise._as_tensors(concise.draw_products(2000, 3))
    assert 0.7 < (X == 0).float().mean() < 0.8 and 0.25 < X.mean() < 0.45
    features, classes = X.mean(0), torch.stack([X[y == k].mean(0) for k in range(9)])
    assert features.max() > 20 * features.min() and (classes - features).abs().mean() > 0.1
    again, _ = concise._as_tensors(concise.draw_products(2000, 4))
    assert not torch.equal(X, again) and torch.allclose(features, again.mean(0), rtol=0.5, atol=0.2), "other rows, the same profiles"


def test_an_answer_reads_a_file_of_its_own_that_is_gone_afterwards(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seen = []

    def answer(path):
        seen.append(path)
        assert isinstance(path, str) and Path(path).read_bytes() == b"a,b\r\n"
        return torch.zeros(1), torch.zeros(1)

    concise.probe_read(answer, "a,b\r\n")
    assert Path(seen[0]).is_absolute() and Path(seen[0]).name == "products.csv"
    assert not Path(seen[0]).exists() and not any(tmp_path.iterdir())


# ---------------------------------------------------------------- lesson 08: threads in place of processes

class Failed(Exception):
    pass


def alive(threads):
    return [thread for thread in threads if thread.is_alive()]


def fails_beside_others(wait, world_size=3):
    """The threads of a run in which the last process fails while the others wait in all_reduce; `wait` is what those do."""
    threads = []

    def work(rank, all_reduce):
        threads.append(threading.current_thread())
        if rank == world_size - 1:
            raise Failed
        wait(all_reduce)

    with pytest.raises(Failed):
        processes.together(world_size, work)
    return threads


def test_what_each_process_returns_stands_at_its_number_and_all_get_the_sum():
    def work(rank, all_reduce):
        numbers = torch.tensor([1.0, 10.0]) * (rank + 1)
        for _ in range(2):
            all_reduce(numbers)
        return rank, numbers.tolist()

    assert processes.together(3, work) == [(rank, [18.0, 180.0]) for rank in range(3)]


def test_who_waits_for_a_process_that_failed_goes_on_no_more_and_changes_nothing():
    went_on, numbers = [], torch.ones(2)

    def wait(all_reduce):
        try:
            all_reduce(numbers)
        except Exception as error:
            went_on.append(error)
        went_on.append("past it")

    threads = fails_beside_others(wait)
    assert len(threads) == 3 and not alive(threads) and went_on == [] and numbers.tolist() == [1, 1]
    assert all(thread.daemon for thread in threads), "one that never ends would keep Python from ending"


def test_what_a_process_does_on_its_way_out_is_waited_for():
    def wait(all_reduce):
        try:
            all_reduce(torch.ones(1))
        finally:
            threading.Event().wait(0.2)

    assert not alive(fails_beside_others(wait))


@pytest.mark.long("waits a second for each process that won't end")
def test_a_process_that_will_not_end_is_left_behind():
    done = threading.Event()

    def wait(all_reduce):
        while not done.is_set():
            try:
                all_reduce(torch.ones(1))
            except BaseException:
                done.wait(0.01)

    given_up = threading.Timer(20, done.set)
    given_up.start()
    threads = fails_beside_others(wait, 2)
    assert not done.is_set() and len(alive(threads)) == 1
    done.set()
    given_up.cancel()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no such timer")
def test_an_interrupt_ends_an_endless_loop_in_a_process_and_what_waits_for_it():
    threads = []

    def work(rank, all_reduce):
        threads.append(threading.current_thread())
        if rank == 0:
            all_reduce(torch.ones(1))
        while True:
            sum(range(100))

    def interrupt(number, frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(KeyboardInterrupt):
            processes.together(2, work)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(threads) == 2 and not alive(threads)


def test_tensors_of_other_shapes_are_told_with_the_process_that_gives_them():
    shapes = {0: (2,), 1: (2,), 2: (3,), 3: (2,)}
    with pytest.raises(Wrong, match=r"of shape \(2,\) in process 0 and of shape \(3,\) in process 2:"):
        processes._sum({rank: torch.zeros(shape) for rank, shape in shapes.items()}, 4)
    with pytest.raises(Wrong, match="process 1 waits in all_reduce for process 0, which has returned already"):
        processes._sum({2: torch.zeros(1), 1: torch.zeros(1)}, 3)


@pytest.mark.parametrize("got, words", [
    ([[1, 2], [1, 2]], ""), ([[1, 2.5], [1, 2.5]], "the first step the weights in process 0 are not those of one process that takes the whole batch: one is off by 0.5."),
    ([[1, 2.5]], "in process 0 are not those of one process that takes the whole batch: one is off by 0.5."),
    ([[1, 2.5], [1, 2.5 + 2e-6]], "whole batch, nor those of the other processes: one is off by 0.5."),
    ([[1, 2], [3, 2.5], [1, 2.5]], "in process 1 are not those of one process that takes the whole batch, nor those of the other processes: one is off by 2."),
    ([[1, 2.5], [1, NAN], [9, 2]], "in process 1 are not those of one process that takes the whole batch, nor those of the other processes: one is off by nan.")])
def test_weights_that_are_wrong_are_told_by_the_process_that_is_farthest_off(got, words):
    got = torch.tensor([got], dtype=torch.float32)
    want = torch.tensor([1.0, 2.0]).expand_as(got)
    try:
        processes._compare_weights(Case((), want, "as given", got=got))
        said = ""
    except Wrong as error:
        said = str(error)
    assert words in said and said.endswith(" (as given)") == bool(words)
