"""Checks of the exercises to lesson 03, logistic regression."""
import torch
from torch.nn import functional as F

from exercises.checks import Case, examine, randint, randn, some, task
from exercises.checks.judging import alike, same

EXTREMES = (0.0, 1000.0, -1000.0, 50.0, -50.0, 104.0, -104.0, -11.0, 11.0, 3000.0, -3000.0)  # where exp overflows, underflows, or is just seen
FAR = {sign: [EXTREMES.index(sign * size) for size in (1000, 3000)] for sign in (1, -1)}


def _stays(got, want, sign):
    """Whether results for EXTREMES are those wanted, but on one side stay where they are, short of what is wanted."""
    if not alike(got, want):
        return False
    first, last = FAR[sign]
    largest = float(got.abs().max())
    return float(got[first].abs()) == float(got[last].abs()) == largest < float(want[last].abs()) and \
        same(got[[0, *FAR[-sign]]], want[[0, *FAR[-sign]]], 1e-2)


@task
def log_sigmoid(answer, cases=((5, 1.0), (8, 20.0), (6, 1000.0), (1, 1.0)), seed=1):
    """Against torch's logsigmoid, for (entries, scale of the logits); then for logits at which exp fails."""
    def case(o, given, extreme=False):
        s, right, small = torch.sigmoid(o), F.logsigmoid(o), torch.log1p(torch.exp(-o.abs()))
        return Case((o,), right, given, {
            "the sign of the exponent is turned: large logits should give logarithms near 0.": F.logsigmoid(-o),
            "the sign is turned: the logarithm of a probability is never above 0.": -F.logsigmoid(o),
            "this is the softplus, log(1 + exp(o)): log(sigma(o)) is minus that of -o.": F.softplus(o),
            "this is the sigmoid itself: return its logarithm.": s,
            "minus infinity for logits far below 0: a sigmoid has become exactly 0 before its logarithm was taken, or exp(-o) has "
            "overflowed. Take the logarithm in the formula, and exp of -|o| only.": s.log(),
            "exp overflows for large positive logits: use exp(-|o|), which never does.": o - torch.log(1 + o.exp()),
            "a logarithm to base 10; use the natural one.": F.logsigmoid(o) / torch.tensor(10.0).log(),
            "a logarithm to base 2; use the natural one.": F.logsigmoid(o) / torch.tensor(2.0).log(),
            "the logarithm of 1 + exp(-|o|) is to base 2; use the natural one.": o.clamp(max=0) - torch.log2(1 + torch.exp(-o.abs())),
            "min(o, 0) is missing: -log(1 + exp(-|o|)) is right for positive logits only.": -small,
            "the larger of o and 0 was taken, and it should be the smaller.": o.clamp(min=0) - small,
            "log(1 + exp(-|o|)) is to be subtracted.": o.clamp(max=0) + small,
            "exp(-o) stands where exp(-|o|) should.": o.clamp(max=0) - torch.log1p(torch.exp(-o)),
            "exp(|o|) stands where exp(-|o|) should.": o.clamp(max=0) - torch.log1p(torch.exp(o.abs())),
            "for logits far below 0 it stays at one number, and should go on falling: something small was added before the logarithm was taken, or a "
            "clamp cuts it off. Take the logarithm in the formula, and exp of -|o| only.":
                lambda got: _stays(got, right, -1) if extreme else alike(got, right) and None,
        })

    drawn = [case(scale * randn(seed + n, n), f"{some(n, 'logit')} of scale {scale:g}") for n, scale in cases]
    examine("log_sigmoid(o)", answer, drawn + [case(torch.tensor(EXTREMES), f"o = {list(EXTREMES)}", True)],
            without=("logsigmoid", "log_sigmoid_forward", "softplus", "logaddexp", "logsumexp", "logcumsumexp", "softmax", "_softmax", "log_softmax", "_log_softmax",
                     "binary_cross_entropy_with_logits", "soft_margin_loss"))


@task
def bce_with_logits(answer, cases=((6, 1.0), (9, 300.0), (12, 10.0), (1, 3.0)), seed=11):
    """Against torch's loss without reduction, for (examples, scale of the logits); then for logits at which exp fails."""
    def case(o, y, given, sign=0):
        p = torch.sigmoid(o)
        loss = F.binary_cross_entropy_with_logits(o, y, reduction="none")
        return Case((o, y), loss, given, {
            "the sign is wrong: a loss is the negative of the log-likelihood.": -loss,
            "this is the mean: return one loss per example.": loss.mean(),
            "this is the sum: return one loss per example.": loss.sum(),
            "labels 0 and 1 are swapped.": F.binary_cross_entropy_with_logits(o, 1 - y, reduction="none"),
            "the term of the examples with label 0 is missing.": -y * F.logsigmoid(o),
            "the term of the examples with label 1 is missing.": -(1 - y) * F.logsigmoid(-o),
            "the sigmoid was taken twice: its argument is a logit.": F.binary_cross_entropy_with_logits(p, y, reduction="none"),
            "the sigmoid has become exactly 0 or 1, and its logarithm infinite. Work on the logits: max(o, 0) - o y + "
            "log(1 + exp(-|o|)).": -(y * p.log() + (1 - y) * (1 - p).log()),
            "exp overflows for large logits: max(o, 0) + log(1 + exp(-|o|)) is the same and never does.":
                torch.log(1 + o.exp()) - o * y,
            "the logarithm of the sigmoid stops at -100, as PyTorch's binary_cross_entropy has it: work on the logits.":
                F.binary_cross_entropy(p, y, reduction="none"),
            "for logits far on the wrong side the loss stays at one number, and should go on growing: something small was added before the logarithm "
            "was taken, or a clamp cuts it off. Work on the logits.":
                lambda got: _stays(got, loss, sign) if sign else alike(got, loss) and None,
            "o y is to be subtracted.": loss + 2 * o * y,
            "o y is missing: it is to be subtracted.": loss + o * y,
            "exp(-o) stands where exp(-|o|) should.": o.clamp(min=0) - o * y + torch.log1p(torch.exp(-o)),
            "the two have changed places: first the logits, then the labels.": F.binary_cross_entropy_with_logits(y, o, reduction="none"),
            "the term of the examples with label 0 has the wrong sign: the minus belongs to both.": -y * F.logsigmoid(o) + (1 - y) * F.logsigmoid(-o),
            "the term of the examples with label 0 takes 1 - log(sigmoid(o)): the 1 - belongs under the logarithm.":
                -y * F.logsigmoid(o) - (1 - y) * (1 - F.logsigmoid(o)),
        })

    def drawn(n, scale):
        o, y = scale * randn(seed + n, n), randint(seed + n, 2, n).float()
        y[0] = o[0] < 0  # one loss at least is large: where all are tiny, float32 leaves few of their digits
        return case(o, y, f"{some(n, 'logit')} of scale {scale:g}")

    o = torch.tensor(EXTREMES)
    examine("bce_with_logits(o, y)", answer, [drawn(*sizes) for sizes in cases] + [case(o, torch.full_like(o, y), f"o = {list(EXTREMES)}, all labels {y}", sign) for y, sign in ((0, 1), (1, -1))])


@task
def predict(answer, cases=((6, 2, 1.0), (20, 1, 1.0), (3, 3, 1.0), (1, 3, 1.0), (1, 1, 1.0), (8, 2, 1000.0)), seed=21):
    """The probability of class 1 under sigma(X w + b), for (examples, features, scale of the features)."""
    def case(n, d, scale=1.0):
        X, w, b = scale * randn(seed + n, n, d), randn(seed + d, d), 1.5 + randn(seed + 9).abs()
        p = torch.sigmoid(X @ w + b)
        return Case((X, w, b), p, f"X of shape {(n, d)}" + f", features of scale {scale:g}" * (scale != 1), {
            "the bias has the wrong sign. (As in `1 / (1 + exp(-1 * X @ w + b))`, where the minus belongs to `X @ w` alone: put X @ w + b in "
            "brackets.)": torch.sigmoid(X @ w - b),
            "this is the probability of class 0.": 1 - p,
            "the sign of X @ w is turned.": torch.sigmoid(-X @ w + b),
            "these are logits: apply the sigmoid.": X @ w + b,
            "these are classes: return the probabilities.": (p > 0.5).float(),
            "the bias is missing.": torch.sigmoid(X @ w),
            "exp overflows for large logits: use exp(-z), or torch.sigmoid.": (X @ w + b).exp() / (1 + (X @ w + b).exp()),
            "this is exp of the logit, the odds: divide by 1 plus it.": (X @ w + b).exp(),
        })

    examine("predict(X, w, b)", answer, [case(*sizes) for sizes in cases],
            shape="with labels of shape (n,) another shape would broadcast. Return (n,)")


def _fit(X, y, lr, epochs, how="right"):
    w, b = torch.zeros(X.shape[1]), torch.zeros(())
    grad_w, grad_b = 0, 0
    for _ in range(epochs + {"one more": 1, "one less": -1}.get(how, 0)):
        o = X @ w + {"bias": -b, "no bias": 0}.get(how, b)
        r = (o if how == "linear" else torch.sigmoid(o)) - (y.mean() if how == "column" else y)
        m = {"sum": 1, "twice": len(y) ** 2, "up": -len(y)}.get(how, len(y))
        kept = how == "adds up"
        grad_w = X.T @ r / m + kept * grad_w
        w = w - lr * grad_w
        r = torch.sigmoid(X @ w + b) - y if how == "old" else r
        grad_b = r.sum() / m + kept * grad_b
        b = b - (0 if how == "w alone" else lr * grad_b)
    return w, b


@task
def train(answer, cases=((20, 2, 0.1, 20), (9, 3, 1.0, 5), (50, 1, 0.5, 10), (5, 2, 0.1, 0), (1, 2, 0.5, 3), (6, 2, 0.2, 1),
        (20, 2, 0.5, 120)), seed=31):
    """Full-batch descent from zeros, for (examples, features, rate, epochs)."""
    def case(n, d, lr, epochs):
        y = (randint(seed + n, 2, n)).float()
        X = randn(seed + n + 1, n, d) + 2 * (y[:, None] - 0.3)
        after = {how: _fit(X, y, lr, epochs, how) for how in ("right", "sum", "twice", "up", "bias", "one more", "one less", "adds up", "linear", "old", "w alone",
                                                              "no bias", "column")}
        one = _fit(X, y, lr, 1)
        w, b = right = after["right"]
        return Case((X, y, lr, epochs), (w, b), f"X of shape {(n, d)}, rate {lr}, {some(epochs, 'epoch')}", {
            "divided by the number of examples twice: the loss is a mean already, so the step needs no further division.":
                after["twice"],
            "these are steps on the summed loss: take the mean over the examples.": after["sum"],
            "the steps go uphill: subtract the rate times the gradient.": after["up"],
            "only one update was made.": one if epochs else None,
            "one update was made, whatever `epochs` is: also for 0.": one,
            "one epoch too many.": after["one more"],
            "one update is made where `epochs` is 0, too.": right if epochs else one,
            "the bias has the wrong sign in the model: it is X @ w + b.": after["bias"],
            "nothing has moved: return the parameters after the updates.": (torch.zeros(d), torch.zeros(())),
            "the two are swapped: first w.": (b, w),
            "gradients add up from epoch to epoch: each step takes its own alone. (backward() adds to .grad: set it to None, or call zero_grad(), "
            "before each.)": after["adds up"],
            "one epoch too few.": after["one less"],
            "b has not moved: it has a gradient, too.": after["w alone"],
            "the bias is missing in the model: it is X @ w + b.": after["no bias"],
            "the sigmoid is missing in the model.": after["linear"],
            "every example was held to the labels of all: where predictions of shape (n, 1) meet labels of shape (n,), the two broadcast to (n, n).":
                lambda got: None if epochs > 100 else same(got, after["column"], 1e-4),  # then all of w is rounding
            "the gradient of b was taken after w had moved: compute both gradients, then take both steps.": after["old"],
            "after 0 epochs w and b should be zeros: with these every call begins. (A layer such as nn.Linear draws other numbers: set them to 0.)":
                lambda got: alike(got, right) and (None if epochs else True),
        })

    examine("train(X, y, lr, epochs)", answer, [case(*sizes) for sizes in cases], close=1e-4, shape="w has shape (d,), b shape ()")


@task
def fixed_loss(answer, cases=((5,), (2,), (40,), (3,), (1,)), seed=41):
    """The mean loss of (n, 1) and of (n,) probabilities, for numbers of examples; some probabilities are tiny."""
    def case(p, y, flat=False, given=""):
        n, q = len(y), p[:, None]
        each = F.binary_cross_entropy(p, y, reduction="none")
        loss, tiny = each.mean(), float(each.max()) > 10
        broadcast = -(y * q.log() + (1 - y) * (1 - q).log())
        return Case((p if flat else q, y), loss, given or f"p of shape {(n,) if flat else (n, 1)}, y of shape {(n,)}", {
            "(n, 1) against (n,) has broadcast to (n, n): each prediction was compared with every label. Give both the same shape.":
                loss if flat else broadcast.mean(),
            "labels of shape (n, 1) against predictions of (n,) have broadcast to (n, n): reshape the predictions, not the labels.":
                broadcast.mean() if flat else loss,
            "(n, 1) against (n,) has broadcast to (n, n): each prediction was compared with every label, and the mean was taken over "
            "one axis.": None if flat else broadcast.mean(1),
            "this is the sum: take the mean.": loss * n,
            "one loss per example: return the mean.": each,
            "the sign is wrong: a loss is positive.": -loss,
            "labels 0 and 1 are swapped.": F.binary_cross_entropy(p, 1 - y),
            "the term of the examples with label 0 is missing.": -(y * p.log()).mean(),
            "the term of the examples with label 1 is missing.": -((1 - y) * (1 - p).log()).mean(),
            "something small was added before the logarithm was taken, or a clamp cuts it off: for label 1 the loss of 1e-10 is 23, "
            "and for label 0 that of 0.999999 is 13.8.":
                lambda got: alike(got, loss) and (loss / 3 < got < 0.99 * loss if given else (tiny or same(got, loss, 1e-2)) and None),
        })

    def drawn(n, scale=2.0):
        p = torch.sigmoid(scale * randn(seed + n, n)).clamp(max=1 - 1e-6)  # float32 rounds what is nearer to 1 up to it
        return p, randint(seed + n, 2, n).float()

    rows, y = [[1e-10], [0.3], [0.999999], [1e-5], [0.9]], [1.0, 0.0, 0.0, 1.0, 1.0]
    sure = case(torch.tensor(rows)[:, 0], torch.tensor(y), given=f"p = {rows}, y = {y}")
    sizes = [n for n, in cases]
    examine("fixed_loss(p, y)", answer, [case(*drawn(n), flat) for n in sizes for flat in (False, True)] + [case(*drawn(sizes[0] + 6, 12.0)), sure],
            shape="return one number")
