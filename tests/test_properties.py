"""Every check with any seed and sizes: its worked answer passes, so that no draw of numbers makes a right answer wrong.

What a check compares with, and how closely, must suit tensors of one row, of one column, square ones and long ones; the fixed
cases of a check are a choice among these.
"""
import contextlib
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_exercises import RIGHT, TASKS, outcome, solved  # noqa: F401  a fixture

SIDE, SCALE = st.integers(1, 12), st.sampled_from([1.0, 10.0, 1000.0])
RATE = st.sampled_from([0.01, 0.1, 0.5])
LAYER = st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(0, 3))
LOSSES = st.lists(st.floats(-5, 50, width=16), min_size=1, max_size=12)


def at_most(first, second):
    """Pairs of numbers of which the second is not larger."""
    return st.tuples(first, second).map(lambda pair: (max(pair), min(pair)))


UNDRAWN = ("parameter_count", "early_stopping", "output_size", "share", "speedup")  # whose cases are all there is
CASES = {  # task: a strategy of one case of its check
    "differences": st.tuples(SIDE, SIDE),
    "scores": st.tuples(SIDE, SIDE, SIDE),
    "gradients": st.tuples(st.floats(-5, 5, width=16)),
    "moving_mean": at_most(st.integers(1, 60), st.integers(1, 60)),
    "shares": st.tuples(SIDE, SIDE, st.sampled_from([1e-6, 1.0, 1e6])),
    "pick": st.tuples(SIDE, SIDE),
    "least_squares": st.tuples(st.integers(30, 100), st.integers(1, 5), st.sampled_from([0.0, 0.1, 5.0])),
    "mse_gradient": st.tuples(SIDE, SIDE),
    "minibatch_sgd": st.tuples(SIDE, SIDE, st.integers(1, 4), RATE),
    "huber": st.tuples(SIDE, st.sampled_from([0.1, 0.5, 1.0, 10.0])),
    "step_on_sum": st.tuples(st.integers(1, 300), RATE),
    "largest_rate": st.tuples(st.integers(12, 40), st.integers(1, 6), st.sampled_from([0.1, 1.0, 20.0])),
    "log_sigmoid": st.tuples(SIDE, SCALE),
    "bce_with_logits": st.tuples(SIDE, SCALE),
    "predict": st.tuples(SIDE, SIDE, SCALE),
    "train": st.tuples(SIDE, st.integers(1, 4), RATE, st.integers(0, 20)),
    "fixed_loss": st.tuples(SIDE),
    "stable_softmax": st.tuples(SIDE, SIDE, SCALE, st.sampled_from([0.1, 1, 2.5, 100.0])),
    "cross_entropy": st.tuples(SIDE, SIDE, SCALE),
    "cross_entropy_gradient": st.tuples(SIDE, st.integers(2, 12), SCALE),
    "smooth_labels": st.tuples(SIDE, SIDE, st.sampled_from([0.0, 0.1, 0.9])),
    "accuracy": st.tuples(st.integers(1, 40), SIDE, st.integers(2, 12)),
    "three_ways": st.tuples(SIDE, SIDE, SCALE),
    "mean_gradient": st.tuples(SIDE, SIDE, st.integers(2, 12)),
    "read_products": st.integers(1, 30),
    "train_products": st.tuples(st.integers(1, 60), RATE, st.integers(0, 6)),
    "class_weights": st.tuples(st.lists(st.integers(1, 40), min_size=1, max_size=9).map(tuple)),
    "parameter_count": st.lists(st.integers(1, 500), min_size=2, max_size=6).map(tuple),
    "MLP": st.lists(st.integers(2, 6), min_size=2, max_size=4, unique=True).map(tuple),
    "early_stopping": st.tuples(LOSSES, st.integers(1, 5)),
    "dropout": st.tuples(SIDE, SIDE, st.sampled_from([0.0, 0.1, 0.5, 0.9])),
    "normalize": st.tuples(st.integers(2, 12), SIDE, SIDE, SIDE, st.sampled_from([0.001, 1.0, 100.0])),
    "epoch_loss": st.tuples(SIDE, SIDE, SIDE),
    "output_size": st.tuples(st.integers(40, 400), st.lists(LAYER, max_size=3).map(tuple)),
    "corr2d": st.tuples(st.integers(3, 9), st.integers(3, 9), st.integers(1, 3), st.integers(1, 3), st.integers(0, 2), st.integers(1, 3)),
    "max_pool2d": st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(3, 9), st.integers(3, 9), st.integers(1, 3)),
    "resume": st.tuples(st.integers(1, 6), st.integers(1, 4)),
    "SignalNet": st.tuples(st.integers(16, 90), st.integers(1, 7)),
    "share": st.tuples(st.integers(1, 60), st.integers(1, 12)),
    "whole_gradient": st.tuples(st.lists(st.integers(0, 50), min_size=1, max_size=6).map(lambda counts: (1, *counts)), SIDE),
    "train_step": st.tuples(st.integers(1, 5), st.integers(1, 6), st.sampled_from(["cross-entropy", "squared error"]), st.sampled_from(["SGD", "SGD with momentum"]), st.booleans()),
    "accuracy_of_all": st.tuples(st.integers(1, 60), st.integers(1, 12)),
    "speedup": st.tuples(st.floats(0.001, 5), st.integers(1, 10**9), st.integers(1, 64), st.sampled_from([1e8, 1.25e9, 2.5e10]), st.sampled_from([0.0, 1e-5, 1e-2])),
}


def test_every_task_has_its_cases():
    assert list(CASES) == [task for _, task in TASKS]


@pytest.mark.long("draws many cases for each worked answer")
@pytest.mark.parametrize("lesson, task", TASKS, ids=[f"{lesson[:2]}-{task}" for lesson, task in TASKS])
def test_the_worked_answer_passes_with_any_numbers(solved, lesson, task):  # noqa: F811  the fixture
    names, _ = solved(lesson)

    @settings(max_examples=12, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(case=CASES[task], seed=st.integers(0, 10**6))
    def passes(case, seed):
        seeded = {} if task in UNDRAWN else {"seed": seed}
        with contextlib.redirect_stdout(io.StringIO()):
            getattr(names["check"], task)(names[task], cases=(case,), **seeded)

    passes()


@pytest.mark.exhaustive("each right answer three times more")
@pytest.mark.parametrize("lesson, task", TASKS, ids=[f"{lesson[:2]}-{task}" for lesson, task in TASKS])
def test_right_answers_pass_with_other_numbers(solved, lesson, task):  # noqa: F811
    """A seed is no part of a verdict."""
    if task in UNDRAWN:
        pytest.skip("nothing is drawn")
    refused = []
    for seed in (100, 2000, 30000):
        for other, what, code in RIGHT[lesson]:
            if other == task:
                names = dict(solved(lesson)[0])
                with contextlib.redirect_stdout(io.StringIO()):
                    exec(compile(code, "<answer>", "exec"), names)
                if (said := outcome(f"check.{task}({task}, seed={seed})", names)) != "right":
                    refused.append((seed, what, str(said)))
    assert not refused
