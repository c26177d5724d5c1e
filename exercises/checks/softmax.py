"""Checks of the exercises to lesson 04, softmax regression from scratch."""
import torch
from torch.nn import functional as F

from exercises.checks import Case, examine, randint, randn, some, task
from exercises.checks.judging import alike, same


@task
def stable_softmax(answer, cases=((4, 4, 1.0, 2.0), (3, 5, 1.0, 0.5), (6, 2, 10.0, 1), (4, 4, 1e4, 1.0), (3, 4, 1.0, 0.001),
        (3, 4, 1000.0, 100.0), (1, 4, 10.0, 3.0),
                                  (2, 1, 1.0, 1.0)), seed=1):
    """Against torch.softmax, for (rows, columns, scale of the logits, temperature); then for rows far apart."""
    def case(O, T, given):
        Z = O / T
        e = ((O - O.max(1, keepdim=True).values) / T).exp()
        P, square = torch.softmax(Z, 1), len(O) == O.shape[1]
        far = (Z - Z.max()).exp()
        return Case((O, T), P, given, {
            "its columns sum to 1, not its rows. Which axis did you sum over?": torch.softmax(Z, 0),
            "divided by the sum of each column. Sum each row: `sum(1, keepdim=True)`.": e / e.sum(0),
            "all entries together sum to 1. Sum each row: `sum(1, keepdim=True)`.": e / e.sum(),
            "exp overflows on large logits. Subtract each row's maximum first; the result stays the same.":
                Z.exp() / Z.exp().sum(1, keepdim=True),
            "one maximum was subtracted from the whole matrix, and rows far below it become 0 / 0: subtract each row's own.":
                far / far.sum(1, keepdim=True),
            "these are log-probabilities: return the probabilities.": torch.log_softmax(Z, 1),
            "not divided by the sum of the row.": e,
            "the temperature makes no difference here: divide the logits by T before exp is taken.": torch.softmax(O, 1),
            "multiplied by the temperature: divide the logits by T.": torch.softmax(O * T, 1),
            "without keepdim the sums have shape (n,) and broadcast along the wrong axis, silently for a square matrix.":
                e / e.sum(1) if square else None,
            "the probabilities were divided by T, too: the rows must sum to 1.": P / T,
            "the probabilities were divided by T, not the logits: the rows must sum to 1.": torch.softmax(O, 1) / T,
        })

    drawn = [case(scale * randn(seed + n, n, q), T, f"logits of shape {(n, q)}, scale {scale:g}, T = {T:g}") for n, q, scale, T in cases]
    far = randn(seed, 3, 4) + torch.tensor([[0.0], [1000.0], [-1000.0]])
    near = torch.tensor([[1.0, 1.0, 0.0], [0.0, -0.001, -0.002]])
    extreme = [case(far, T, f"rows near 0, 1000 and -1000, T = {T:g}") for T in (1.0, 2.0)] + [case(near, 0.001, f"O = {near.tolist()}, T = 0.001")]
    examine("stable_softmax(O, T)", answer, drawn + extreme,
            without=("softmax", "_softmax", "log_softmax", "_log_softmax", "logsumexp", "logcumsumexp", "_sparse_softmax",
                     "scaled_dot_product_attention"))


def _logits(seed, n, q, scale):
    """Logits (n, q) and labels (n,), at least one of them at its row's smallest logit where there are two rows or more.

    Large logits are 20 and more apart: of a small loss between them float32 would leave few digits.
    """
    O, y = scale * randn(seed + n, n, q), randint(seed + q, q, n)
    if scale > 80:
        O = 100 * (O / 100).round() + 20 * torch.arange(q)
    if n > 1:
        y[0], y[1] = O[0].argmin(), O[1].argmax()
    return O, y


@task
def cross_entropy(answer, cases=((5, 5, 1.0), (4, 3, 1.0), (3, 4, 1000.0), (1, 10, 1.0), (2, 1, 1.0), (1, 1, 1.0)), seed=11):
    """Against torch's cross_entropy without reduction, for (rows, classes, scale of the logits)."""
    def drawn(n, q, scale):
        return *_logits(seed, n, q, scale), f"logits of shape {(n, q)}, scale {scale:g}"

    def case(O, y, given):
        (n, q), scale = O.shape, float(O.abs().max())
        loss, P = F.cross_entropy(O, y, reduction="none"), torch.softmax(O, 1)
        return Case((O, y), loss, given, {
            "the sign is wrong: a loss is the negative of the log-likelihood.": -loss,
            "this is the mean: return one loss per example.": loss.mean(),
            "this is the sum: return one loss per example.": loss.sum(),
            "a logarithm to base 10; use the natural one.": loss / torch.log(torch.tensor(10.0)),
            "a logarithm to base 2; use the natural one.": loss / torch.log(torch.tensor(2.0)),
            "one column for each label and every row: pair rows with labels, `O[range(len(O)), y]`.":
                -torch.log_softmax(O, 1)[:, y],
            "`O[:, y]` has shape (n, n), every row with every label: pair them, `O[range(len(O)), y]`.": torch.logsumexp(O, 1) - O[:, y],
            "log of a probability that underflowed to 0. Take the logarithm of the sum of exponentials instead.":
                -torch.log(P[range(n), y]),
            "exp overflows on large logits: subtract each row's maximum first, or use torch.logsumexp.":
                O.exp().sum(1).log() - O[range(n), y],
            "the log of the normaliser is missing: add logsumexp of the row.": -O[range(n), y],
            "these are log-probabilities of every class: take the one at the label, with a minus.": torch.log_softmax(O, 1),
            "the probability itself was taken, not its logarithm.": -P[range(n), y],
            "the loss was given probabilities, so softmax was taken twice: it takes logits.": F.cross_entropy(P, y, reduction="none"),
            "the row's maximum was subtracted in the logarithm of the sum, and not added again.": torch.logsumexp(O, 1) - O.amax(1) - O[range(n), y],
            "the softmax was taken over the batch: over the classes of each row.": F.nll_loss(F.log_softmax(O, 0), y, reduction="none"),
            "(n, 1) minus (n,) has broadcast to (n, n): take the sum of the exponentials without keepdim, or keep it for both.":
                torch.logsumexp(O, 1, keepdim=True) - O[range(n), y],
            "the sum runs over the columns of all rows: sum along axis 1.":
                torch.logsumexp(O, 0) - O[range(n), y] if n == q else None,
            "no loss exceeds a certain number: something small was added before the logarithm was taken, or a clamp cuts it off. Take the "
            "logarithm of the sum of exponentials, of the logits as they are.":
                lambda got: alike(got, loss) and (got.max() < loss.max() / 2 if scale > 80 else same(got, loss, 1e-2) and None),
        })

    far = torch.tensor([[0.0, 1000.0], [1000.0, 0.0], [0.0, -1000.0]])  # where float64 underflows as well
    examine("cross_entropy(O, y)", answer, [case(*drawn(*sizes)) for sizes in cases] + [case(far, torch.zeros(3).long(), f"O = {far.tolist()}, labels 0")], shape="one loss per example, shape (n,)")


@task
def cross_entropy_gradient(answer, cases=((5, 5, 1.0), (4, 3, 1.0), (7, 2, 1.0), (1, 10, 1.0), (3, 4, 1000.0), (1, 2, 1.0)), seed=21):
    """Against autograd, for (rows, classes, scale of the logits)."""
    def case(n, q, scale=1.0):
        O, y = _logits(seed, n, q, scale)
        O.requires_grad_()
        F.cross_entropy(O, y).backward()
        grad, O = O.grad, O.detach()
        P, Y = torch.softmax(O, 1), F.one_hot(y, q).float()
        return Case((O, y), grad, f"logits of shape {(n, q)}, scale {scale:g}", {
            "this is the gradient of the summed loss; the loss is the mean over the batch.": grad * n,
            "the sign is turned: softmax minus one-hot, not the other way.": -grad,
            "divided by all entries; the mean is over the examples only.": grad / q,
            "divided by the number of classes: the mean is over the examples.": grad * n / q,
            "the one-hot labels were not subtracted.": P / n,
            "subtract each example's own one-hot label.": (P - Y.mean(0)) / n,
            "1 was subtracted in every column of every label: pair rows with labels.": (P - Y.amax(0)) / n,
            "subtract the labels from the probabilities, not from the logits.": torch.softmax(O - Y, 1) / n,
            "the softmax is missing: subtract the labels from the probabilities.": (O - Y) / n,
            "the softmax was taken over the batch: over the classes of each row.": (torch.softmax(O, 0) - Y) / n,
            "exp overflows on large logits: subtract each row's maximum first, or use torch.softmax.":
                (O.exp() / O.exp().sum(1, keepdim=True) - Y) / n,
        })

    examine("cross_entropy_gradient(O, y)", answer, [case(*sizes) for sizes in cases], autograd=0)


@task
def smooth_labels(answer, cases=((4, 10, 0.1), (3, 2, 0.3), (5, 5, 0.2), (1, 5, 0.0), (1, 3, 0.5), (2, 4, 0.9)), seed=31):
    """(1 - eps) one-hot + eps / classes, for (rows, classes, eps); the last class is absent once."""
    def case(y, q, eps, given):
        Y = F.one_hot(y, q).float()
        return Case((y, q, eps), (1 - eps) * Y + eps / q, given, {
            "rows sum to 1 - eps / num_classes, not 1. The true class gets its share of eps too: 1 - eps + eps / num_classes.":
                (1 - eps) * Y + eps / q * (1 - Y),
            "here eps is shared among the other classes only; the uniform distribution has all of them.":
                (1 - eps) * Y + eps / max(q - 1, 1) * (1 - Y),
            "eps and 1 - eps changed places.": eps * Y + (1 - eps) / q,
            "these are plain one-hot labels: eps was not used.": Y,
            "eps was added to every class, not its share eps / num_classes.": (1 - eps) * Y + eps,
            "the one-hot part keeps its whole weight: multiply it by 1 - eps.": Y + eps / q,
            "the uniform part is missing: add eps / num_classes.": (1 - eps) * Y,
        })

    drawn = [case(randint(seed + n + q, q, n), q, eps, f"{some(n, 'label')}, {q} classes, eps {eps}") for n, q, eps in cases]
    examine("smooth_labels(y, num_classes, eps)", answer, drawn + [case(torch.tensor([1, 0, 1]), 6, 0.3, "y = [1, 0, 1], 6 classes, eps 0.3"),
                                                                     case(torch.tensor([0, 0]), 1, 0.2, "y = [0, 0], 1 class, eps 0.2")])


@task
def accuracy(answer, cases=((23, 5, 4), (256, 100, 10), (5, 5, 2), (9, 4, 3), (1, 1, 3)), seed=41):
    """Correct over all, for (examples, batch size, classes); the last batch is short, once the first."""
    def case(n, size, q, scale=1.0, turned=False):
        O, y = scale * randn(seed + n, n, q), randint(seed + size, q, n)
        if scale > 1000:  # close together far from 0
            O = 2000 + O.argsort(1) / 8
        y[::2] = O[::2].argmax(1)  # half of them right, so that a share differs from chance
        batches = list(zip(O.split(size), y.split(size)))[::-1 if turned else 1]
        hits = [(part.argmax(1) == labels).float() for part, labels in batches]
        right, share = torch.cat(hits).sum(), float(torch.cat(hits).mean())
        means = torch.stack([part.mean() for part in hits])
        return Case((batches,), share, f"{some(n, 'example')} in batches of {size}" + ", the short one first" * turned + f", logits of scale {scale:g}" * (scale != 1), {
            "this is the mean of the batches' accuracies, in which a short batch counts too much. Add up counts and divide once.":
                means.mean(),
            "this is the number of hits: divide it by the number of examples.": right,
            "divided by batches times the first one's size, but a batch may be short: count the examples.":
                right / (len(batches) * len(hits[0])),
            "divided by batches times the last one's size, but a batch may be short: count the examples.":
                right / (len(batches) * len(hits[-1])),
            "the batches' accuracies were added up: count hits and examples instead.": means.sum(),
            "this is the accuracy of the last batch alone.": means[-1],
            "this is the accuracy of the first batch alone.": means[0],
            "only the last batch's hits were counted: add up over the batches.": hits[-1].sum() / n,
            "this is the share of errors: count the hits.": 1 - share,
            "this is in per cent: return a share between 0 and 1.": 100 * share,
            "divided by the number of batches: divide by the number of examples.": right / len(batches),
        })

    n, size, q = cases[0]
    examine("accuracy(batches)", answer, [case(*sizes) for sizes in cases] + [case(n, size, q, turned=True), case(n, size, q, scale=1000.0),
                                                                               case(n, size, q, scale=2000.0)],
            close=1e-6, shape="return one number")
